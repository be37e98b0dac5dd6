"""What an author says about their item comes back onto that item, on every card: answers, consent, words of an appeal.

Who replies to a message of ours answers that one. Else the next private message answers what was asked last, of what
they have been shown.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from bridge.core.community import Community
from bridge.core.message import Attachment, Uncarried
from bridge.core.states import ReviewState
from bridge.core.text import RichText, joined, plain
from bridge.members import answers, contact, reach
from bridge.members.reach import Letter
from bridge.moderation import cards, consent, restoring, rewording
from bridge.moderation.acts import Desk, Reply
from bridge.rendering.posts import attachment_words, uncarried_words
from bridge.rendering.refusals import refusal_words
from bridge.rendering.words import Words, words
from bridge.storage import audit, dialogue, submissions
from bridge.storage import desk as store
from bridge.storage.models import Delivery, Handle, Identity, Query, Review

ANSWER_LIMIT = 1500
_ADDRESSED = re.compile(r"\s*#(\d{1,9})\b[\s:.,–-]*")


async def replied_to(row: Delivery, identity: Identity) -> Query | None:
    """What somebody answers who replies to this message of ours; None where it asked nothing of them."""
    query_id = dialogue.marked(row)
    if query_id is not None:
        found = await dialogue.query_by_id(query_id)
        if found is not None and found.review.submission.identity.person_id == identity.person_id:
            return found
    return None if row.review_id is None else await dialogue.about(identity.person_id, row.review_id)


async def awaited(identity: Identity, text: RichText, desk: Desk) -> tuple[Query, RichText, datetime] | None:
    """What a message that replies to nothing answers, with the answer and when it was asked; None where nothing.

    ``#12 ...`` is about post 12. A request for consent is answered by yes or no alone.
    """
    found = await dialogue.open_of_person(identity.person_id)
    match = _ADDRESSED.match(text.text)
    meant = None if match is None else int(match[1])
    if match is not None and meant in {query.review.submission.number for query in found}:
        found = [query for query in found if query.review.submission.number == meant]
        text = text[match.end() :]
    for query in found:
        shown = await dialogue.shown_at(query)
        if shown is None:
            continue
        if query.kind != dialogue.CONSENT:
            return query, text, shown
        w = contact.language_of(identity, desk.communities.get(query.review.community))
        decided = answers.decision(text, w)
        if decided is not None and decided.number in (None, query.review.submission.number):
            return query, text, shown
    return None


async def hear(
    query: Query,
    identity: Identity,
    text: RichText,
    attachments: Sequence[Attachment],
    uncarried: Sequence[Uncarried],
    desk: Desk,
) -> None:
    """Take what an author says about a question: record it, show it on the cards, and tell them what became of it.

    What cannot be carried is named in the answer; an answer of nothing is no answer, and its author hears so.
    """
    review = await submissions.locked_review(query.review_id)
    community = None if review is None else desk.communities.get(review.community)
    fresh = await dialogue.query_by_id(query.id)
    if review is None or community is None or fresh is None:
        return
    w = contact.language_of(identity, community)
    theirs, shown = words(community.language), True
    named = [*(attachment_words(a, theirs) for a in attachments), *uncarried_words(uncarried, theirs)]
    whole = joined([part for part in (text, *map(plain, named)) if part], "\n")
    if not whole:
        letter = Letter(text=plain(w._("There was nothing in your message that can be passed on.")))
    elif review.state != ReviewState.HELD:
        letter = await _too_late(fresh, review, whole, text, desk, w)
    elif fresh.kind == dialogue.CONSENT:
        letter = await consent.hear(fresh, review, whole, desk, w)
        await cards.write_anew(review, community, desk.directory, desk.now)
        shown = await cards.show_files(review, community, attachments, desk.directory, desk.now)
    else:
        letter = await _answered(fresh, review, community, whole, text, desk, w)
        shown = await cards.show_files(review, community, attachments, desk.directory, desk.now)
    refused = refusal_words(uncarried, w)
    if not shown:
        refused.append(w._("You have sent so many files already that the moderators are not shown this one."))
    if refused:
        more = "\n" + "\n".join(refused)
        letter = Letter(
            text=letter.text + more,
            line=None if letter.line is None else letter.line + more,
            buttons=letter.buttons,
            typed=letter.typed,
        )
    await reach.write(identity, letter, community, desk.directory, desk.now, review_id=review.id)


async def _answered(
    query: Query, review: Review, community: Community, whole: RichText, text: RichText, desk: Desk, w: Words
) -> Letter:
    await dialogue.answer(query, whole.text, text, desk.now, limit=ANSWER_LIMIT)
    await audit.write(
        community=review.community,
        actor=submissions.audit_actor(review.submission.identity),
        action="answer",
        now=desk.now,
        review_id=review.id,
        revision=review.revision,
        detail={"query": query.id},
    )
    await rest(review)
    await cards.refresh(review, desk.now)
    await cards.write_anew(review, community, desk.directory, desk.now)
    number = review.submission.number
    if query.kind == dialogue.APPEAL:
        return Letter(text=plain(w._("Thank you. Your words about #{number} are with the moderators.", number=number)))
    note = plain(w._("Thank you. Your answer about #{number} is with the moderators.", number=number))
    if not await rewording.possible(query, review, community):
        return Letter(text=note)
    return await rewording.offer(note, query, review, desk.now, w)


async def amended(identity: Identity, old: RichText, new: RichText, desk: Desk) -> bool:
    """An author has edited a message that was taken as an answer; False where it is part of none that still counts."""
    for query in await dialogue.answered_by(identity.person_id) if old and new and old.text != new.text else ():
        review = await submissions.locked_review(query.review_id)
        community = None if review is None else desk.communities.get(review.community)
        if review is None or community is None or review.state != ReviewState.HELD:
            continue
        shown = words(community.language)._("{new} (before: {old})", new=new.text, old=old.text)
        if not await dialogue.amend(query, old, new, shown, limit=ANSWER_LIMIT):
            continue
        await audit.write(
            community=review.community,
            actor=submissions.audit_actor(review.submission.identity),
            action="answer",
            now=desk.now,
            review_id=review.id,
            revision=review.revision,
            detail={"query": query.id},
        )
        await cards.refresh(review, desk.now)
        await cards.write_anew(review, community, desk.directory, desk.now)
        w = contact.language_of(identity, community)
        said = w._("Thank you. Your answer about #{number} is with the moderators.", number=review.submission.number)
        letter = Letter(text=plain(said))
        if await rewording.possible(query, review, community):
            letter = await rewording.offer(plain(said), query, review, desk.now, w)
        await reach.write(identity, letter, community, desk.directory, desk.now, review_id=review.id)
        return True
    return False


async def rest(review: Review) -> None:
    """Once nothing is asked any more, nothing can lapse."""
    if not await dialogue.open_of_review(review.id):
        await store.dress(review, lapses_from=None)


async def _too_late(query: Query, review: Review, whole: RichText, text: RichText, desk: Desk, w: Words) -> Letter:
    """Who answers after the end hears how it ended, and what can be done now."""
    number = review.submission.number
    match review.state:
        case ReviewState.APPROVED:
            said = w._(
                "Your post #{number} has been published meanwhile, so your answer was not passed on. To correct or add "
                "something, reply to the post.",
                number=number,
            )
        case ReviewState.REJECTED:
            said = w._(
                "The moderators have decided meanwhile not to publish #{number}, so your answer was not passed on. You "
                "can change your text and send it again.",
                number=number,
            )
        case ReviewState.WITHDRAWN:
            said = w._("You have withdrawn #{number}, so your answer was not passed on.", number=number)
        case ReviewState.LAPSED if query.kind == dialogue.QUESTION:
            await dialogue.keep(query, whole.text, text, desk.now, limit=ANSWER_LIMIT)
            said = w._(
                "The question about #{number} had been open for too long and was closed. Your text and your answer are "
                "kept, but no moderator sees them yet.",
                number=number,
            )
            return await restoring.offer(said, review, desk.now, w)
        case ReviewState.LAPSED:
            said = w._("#{number} had waited for too long and was closed. Your text is kept.", number=number)
            return await restoring.offer(said, review, desk.now, w)
        case _:
            said = w._("#{number} has been decided meanwhile.", number=number)
    return Letter(text=plain(said))


async def press(handle: Handle, identity: Identity, desk: Desk) -> Reply:
    """A button of the author's own: consent, or the answer as the new text."""
    query = await dialogue.query_by_id(handle.subject_id)
    review = None if query is None else await submissions.locked_review(query.review_id)
    community = None if review is None else desk.communities.get(review.community)
    w = contact.language_of(identity, community)
    nothing = Reply(text=w._("This button no longer does anything."), alert=True)
    if query is None or review is None or community is None:
        return nothing
    if review.submission.identity.person_id != identity.person_id:
        return Reply(text=w._("Only the author can do that."), alert=True)
    if handle.action in consent.ACTIONS:
        answered = await consent.press(query, review, handle.action, desk, w)
    elif handle.action in rewording.ACTIONS:
        answered = await rewording.press(query, review, community, handle, desk, w)
    else:
        return nothing
    if isinstance(answered, Reply):
        return answered
    await reach.write(identity, answered, community, desk.directory, desk.now, review_id=review.id)
    return Reply(text="")
