"""The author's answer to a moderator's question comes back onto the same item, on every card."""

from collections.abc import Sequence

from bridge.core.message import Attachment, Content, Uncarried
from bridge.core.text import RichText, joined, plain
from bridge.members import contact
from bridge.moderation import cards
from bridge.moderation.acts import Desk
from bridge.rendering.posts import attachment_words, uncarried_words
from bridge.rendering.refusals import refusal_words
from bridge.rendering.words import words
from bridge.storage import submissions
from bridge.storage.models import Query

ANSWER_LIMIT = 1500


async def answer(
    query: Query, text: RichText, attachments: Sequence[Attachment], uncarried: Sequence[Uncarried], desk: Desk
) -> None:
    """Record the answer, show it on the cards with its files beside it, and tell the author that it was passed on.

    What cannot be carried is named in the answer; an answer of nothing is no answer, and its author hears so.
    """
    review = await submissions.review_by_id(query.review_id)
    community = None if review is None else desk.communities.get(review.community)
    if review is None or community is None:
        return
    identity = review.submission.identity
    w = contact.language_of(identity, community)
    number = review.submission.number
    theirs = words(community.language)
    named = [*(attachment_words(a, theirs) for a in attachments), *uncarried_words(uncarried, theirs)]
    whole = joined([part for part in (text, *map(plain, named)) if part], "\n")
    if not whole:
        note = w._("There was nothing in your message that can be passed on.")
    elif await submissions.answer_query(query, whole.shortened(ANSWER_LIMIT).text, desk.now):
        await cards.show_files(review, community, attachments, desk.directory, desk.now)
        await cards.refresh(review, desk.now)
        note = w._("Thank you. Your answer about #{number} is with the moderators.", number=number)
        note = "\n".join((note, *refusal_words(uncarried, w)))
    else:
        note = w._("#{number} has been decided meanwhile.", number=number)
    await contact.tell(identity, Content(text=plain(note)), community, desk.directory, desk.now)
