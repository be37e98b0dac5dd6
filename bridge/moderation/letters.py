"""What an author is asked about an item, in their language and as their phone can show it."""

from datetime import datetime

from bridge.core.community import Communities, Community
from bridge.core.message import Button
from bridge.core.text import MarkKind, RichText, joined, marked, plain
from bridge.delivery.directory import Directory
from bridge.members import answers, contact
from bridge.members.reach import Letter
from bridge.moderation import authors, cards
from bridge.rendering.edits import changed, in_words
from bridge.rendering.words import Words
from bridge.storage import codec, desk, dialogue, ledger, submissions
from bridge.storage.models import Delivery, Identity, Query, Review, Revision


async def put(
    query: Query, review: Review, community: Community, directory: Directory, now: datetime, *, again: bool = False
) -> Delivery | None:
    """Plan the letter that asks it; None where its person cannot be written to. ``again``: as a reminder."""
    w = contact.language_of(review.submission.identity, community)
    if query.kind == dialogue.CONSENT:
        letter = await _consent(query, review, now, w, again=again)
    else:
        letter = await _question(query, review, w, again=again)
    mark = dialogue.mark(query.id)
    return await authors.write(review, letter, community, directory, now, mark=mark, lifetime=ledger.LIFETIME)


async def _question(query: Query, review: Review, w: Words, *, again: bool) -> Letter:
    number, community = review.submission.number, review.community
    if again:
        intro = w._("A moderator still waits for your answer about your post #{number}:", number=number)
    else:
        intro = w._("A moderator asks about your post #{number}:", number=number)
    others = {
        other.review.submission.number
        for other in await dialogue.open_of_person(review.submission.identity.person_id)
        if other.review.community == community and other.review_id != review.id
    }
    how = w._("Answer by replying here. Your post stays with the moderators.")
    typed = ""
    if others:  # where nobody can reply to a message, a number says which question is meant
        typed = w._("Begin your answer with #{number}.", number=number)
    return Letter(
        text=plain(intro) + "\n\n" + marked(query.question, MarkKind.QUOTE) + "\n\n" + how,
        line=plain(f"{intro} {query.question}"),
        typed=typed,
        asks_reply=True,
    )


async def _consent(query: Query, review: Review, now: datetime, w: Words, *, again: bool) -> Letter:
    number = review.submission.number
    before, after = await wordings(query, review)
    if again:
        intro = w._(
            "A moderator still waits: do you agree to the changed wording of your post #{number}?", number=number
        )
    else:
        intro = w._("A moderator changed the wording of your post #{number}.", number=number)
    text = joined(
        (
            plain(intro),
            changed(before, after) or after,
            w._("It is published like this only if you agree. Do you agree?"),
        ),
        "\n\n",
    )
    yes, no = (answers.terms(word)[0].upper() for word in (w._("yes"), w._("no")))
    return Letter(
        text=text,
        line=plain(f"{intro} {in_words(before, after, w) or after.text}"),
        buttons=(
            (
                await _button(query, "agree", "👍", w._("I agree"), now),
                await _button(query, "disagree", "👎", w._("I do not agree"), now),
            ),
        ),
        typed=w._("Do you agree? Write {yes} {number} or {no} {number}.", yes=yes, no=no, number=number),
    )


async def _button(query: Query, action: str, emoji: str, label: str, now: datetime) -> Button:
    return Button(label=label, emoji=emoji, handle=await submissions.handle("query", query.id, action, now))


async def wordings(query: Query, review: Review) -> tuple[RichText, RichText]:
    """What a moderator's wording is compared with, and that wording."""
    before = await agreed(review, query.revision)
    after = await submissions.revision(review.submission_id, query.revision)
    return codec.load(codec.RICH_TEXT, before.text), codec.load(codec.RICH_TEXT, after.text)


async def agreed(review: Review, before: int) -> Revision:
    """The latest wording older than revision ``before`` that is the author's own or that they agreed to."""
    own = await submissions.authors_revision(review.submission_id, before=before)
    given = await dialogue.consented(review.submission_id, before)
    latest = max(1 if own is None else own.number, given or 1)
    return await submissions.revision(review.submission_id, latest)


async def deliver_waiting(identity: Identity, communities: Communities, directory: Directory, now: datetime) -> None:
    """Somebody can be written to at last: ask what they could not be asked before, oldest first."""
    found = await dialogue.open_of_person(identity.person_id)
    waiting = await dialogue.undelivered(found)
    for query in reversed(found):
        community = communities.get(query.review.community)
        if query.id in waiting and community is not None:
            await deliver(query, query.review, community, directory, now)


async def deliver(query: Query, review: Review, community: Community, directory: Directory, now: datetime) -> bool:
    """Ask what could not be asked before; from now on its author is waited for. False where it still cannot be."""
    if await put(query, review, community, directory, now) is None:
        return False
    await dialogue.begin_anew(query)
    await desk.dress(review, lapses_from=now)
    await cards.refresh(review, now)
    return True
