"""An author's answer becomes the new text of their post, once they say so. The old wording stays on record."""

import hashlib
from datetime import datetime

from bridge.core.community import Community
from bridge.core.message import Button
from bridge.core.states import ReviewState
from bridge.core.text import EMPTY, MarkKind, RichText, emphasised, plain
from bridge.members.reach import Letter
from bridge.moderation import cards, rules
from bridge.moderation.acts import Desk, Reply
from bridge.rendering.words import Words
from bridge.storage import audit, codec, dialogue, submissions
from bridge.storage.models import Handle, Identity, Query, Review

ACTIONS = frozenset({"newtext", "newtext_yes", "newtext_no"})
_SHOWN = 60
"""Characters of a new text by which its author knows it again."""


def opening_quote(text: RichText) -> RichText:
    """The line we put before the author's words: what they answered, where that is none of ours."""
    end = next((m.end for m in text.marks if m.start == 0 and m.kind is MarkKind.QUOTE), 0)
    ours = text.text.startswith("«") and text.text[:end].endswith("»") and text.text[end : end + 1] == "\n"
    return text[: end + 1] if ours else EMPTY


async def _proposed(query: Query, review: Review) -> RichText:
    """The answer as the whole new text."""
    if not query.wording:
        return EMPTY
    own = await submissions.authors_revision(review.submission_id)
    before = EMPTY if own is None else codec.load(codec.RICH_TEXT, own.text)
    quote = opening_quote(before) if review.submission.reply_post_id is None else EMPTY
    return quote + codec.load(codec.RICH_TEXT, query.wording)


async def possible(query: Query, review: Review, community: Community) -> bool:
    """Can this answer be the text of the post? Not where it is one already, or is too long."""
    text = await _proposed(query, review)
    wording = await submissions.revision_of(review)
    return (
        query.kind == dialogue.QUESTION
        and review.state == ReviewState.HELD
        and bool(text)
        and len(text) <= community.max_length
        and text != codec.load(codec.RICH_TEXT, wording.text)
    )


def _state(query: Query, review: Review) -> str:
    """The same as long as the answer and the wording under review are the same."""
    return hashlib.sha256(f"{review.revision}:{query.wording}".encode()).hexdigest()[:16]


async def _button(query: Query, review: Review, action: str, emoji: str, label: str, now: datetime) -> Button:
    token = await submissions.handle(
        "query", query.id, action, now, revision=review.revision, argument=_state(query, review)
    )
    return Button(label=label, emoji=emoji, handle=token)


async def offer(note: RichText, query: Query, review: Review, now: datetime, w: Words) -> Letter:
    """Thanks for an answer, with what else it can become."""
    label = w._("Make it the new text of my post")
    return Letter(
        text=note,
        buttons=((await _button(query, review, "newtext", "📝", label, now),),),
        typed=w._("To make it the new text of your post, write NEWTEXT {number}", number=review.submission.number),
    )


async def press(
    query: Query, review: Review, community: Community, handle: Handle, desk: Desk, w: Words
) -> Reply | Letter:
    """A button: first what the text would be, then yes or no."""
    number = review.submission.number
    if handle.action == "newtext_no":
        return Letter(text=plain(w._("All right. The text of #{number} stays as it is.", number=number)))
    if review.state != ReviewState.HELD:
        return Reply(text=w._("#{number} has been decided meanwhile.", number=number), alert=True)
    if not await possible(query, review, community):
        return Reply(text=w._("This is the text of #{number} already.", number=number), alert=True)
    if handle.action == "newtext_yes":
        if handle.argument == _state(query, review):
            return await _reworded(query, review, community, desk, w)
        text = w._("The wording of #{number} has been changed since. Please look at the newest message.", number=number)
        return Reply(text=text, alert=True)
    return Letter(
        text=plain(w._("This would be the new text of your post #{number}:", number=number))
        + "\n\n"
        + emphasised(await _proposed(query, review), MarkKind.QUOTE)
        + "\n\n"
        + w._("The moderators still see the old one. Is this what you want?"),
        buttons=(
            (
                await _button(query, review, "newtext_yes", "✅", w._("Yes, this is the text"), desk.now),
                await _button(query, review, "newtext_no", "↩️", w._("No, leave it"), desk.now),
            ),
        ),
        typed=w._("To make it the new text of your post, write NEWTEXT {number}", number=number),
    )


async def typed(identity: Identity, number: int | None, desk: Desk, w: Words) -> Letter:
    """``NEWTEXT 12``: the latest answer about post 12 (or about any, where no number is given)."""
    for found in await dialogue.answered_by(identity.person_id):
        community = desk.communities.get(found.review.community)
        if community is None or number not in (None, found.review.submission.number):
            continue
        review = await submissions.locked_review(found.review_id)
        if review is not None and await possible(found, review, community):
            return await _reworded(found, review, community, desk, w)
    return Letter(
        text=plain(
            w._(
                "There is no answer of yours that could become the text of a post. To change a post that waits, send "
                "the new text as an answer to the moderators' question, or edit your message."
            )
        )
    )


async def _reworded(query: Query, review: Review, community: Community, desk: Desk, w: Words) -> Letter:
    """A new wording of the author's own: older buttons of moderators and of the author stop counting."""
    wording, before = await submissions.revision_of(review), review.revision
    text = await _proposed(query, review)
    attachments = codec.load(codec.ATTACHMENTS, wording.attachments)
    uncarried = codec.load(codec.UNCARRIED, wording.uncarried)
    number = review.submission.number
    findings = await rules.judge_again(review, text, attachments, community, desk.now, uncarried)
    if not await submissions.revise(review, text, attachments, uncarried, desk.now, findings=findings):
        return Letter(text=plain(w._("#{number} has been decided meanwhile.", number=number)))
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(review.submission.identity),
        action="reword",
        now=desk.now,
        review_id=review.id,
        revision=review.revision,
        detail={"from": before},
    )
    await cards.plan(review, community, desk.directory, desk.now, gather=False)
    return Letter(
        text=plain(w._("Your new wording of #{number} is with the moderators.", number=number)),
        line=plain(
            w._(
                "The text of #{number} is now: {text}",
                number=number,
                text=RichText(" ".join(text.text.split())).shortened(_SHOWN).text,
            )
        ),
    )
