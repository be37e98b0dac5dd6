"""The author's answer to a moderator's question comes back onto the same item, on every card."""

from bridge.core.message import Content
from bridge.core.text import RichText, plain
from bridge.members import contact
from bridge.moderation import cards
from bridge.moderation.channel import Desk
from bridge.storage import submissions
from bridge.storage.models import Query

ANSWER_LIMIT = 1500


async def answer(query: Query, text: RichText, desk: Desk) -> None:
    """Record the answer, show it on the cards, and tell the author that it was passed on."""
    review = await submissions.review_by_id(query.review_id)
    community = None if review is None else desk.communities.get(review.community)
    if review is None or community is None:
        return
    identity = review.submission.identity
    w = contact.language_of(identity, community)
    number = review.submission.number
    if await submissions.answer_query(query, text.shortened(ANSWER_LIMIT).text, desk.now):
        await cards.refresh(review, desk.now)
        note = w._("Thank you. Your answer about #{number} is with the moderators.", number=number)
    else:
        note = w._("#{number} has been decided meanwhile.", number=number)
    await contact.tell(identity, Content(text=plain(note)), community, desk.directory, desk.now)
