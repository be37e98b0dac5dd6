"""What authors ask for with a word and a number: a second look, a lapsed text back, an answer as the new text."""

import re

from bridge.core.community import Community
from bridge.core.hygiene import clean_text
from bridge.core.states import ReviewState
from bridge.core.text import RichText, plain
from bridge.intake.context import Context
from bridge.members import contact, reach
from bridge.members.reach import Letter
from bridge.moderation import appeals, restoring, rewording
from bridge.rendering.words import Words
from bridge.storage import submissions
from bridge.storage.models import Identity, Review

NAMES = frozenset({"appeal", "restore", "newtext"})
_NUMBERED = re.compile(r"#?(?P<number>\d{1,9})?(?:\s*[:,.]\s*|\s+|$)(?P<rest>.*)", re.DOTALL)
_RECENT = 50


async def run(name: str, argument: str, identity: Identity, community: Community, context: Context) -> None:
    """Carry out ``appeal 12``, ``appeal 12: because ...``, ``restore 12`` or ``newtext 12``, and answer.

    Without a number, what only one post of this person can be meant by.
    """
    match = _NUMBERED.fullmatch(argument.strip())
    number = int(match["number"]) if match is not None and match["number"] else None
    rest = argument if match is None else match["rest"]
    w = contact.language_of(identity, community)
    about: int | None = None
    if name == "newtext":
        letter = await rewording.typed(identity, number, context.desk, w)
    else:
        found = await _meant(name, number, identity)
        if isinstance(found, Review):
            there = context.communities.get(found.community) or community
            letter = await _done(name, found, clean_text(plain(rest)), there, identity, context, w)
            latest = await submissions.review_of_submission(found.submission_id)
            about = None if latest is None else latest.id
        else:
            letter = Letter(text=plain(_which(name, found, w)))
    await reach.write(identity, letter, community, context.directory, context.now, review_id=about)


async def _done(
    name: str, review: Review, said: RichText, community: Community, identity: Identity, context: Context, w: Words
) -> Letter:
    if name == "appeal":
        return await appeals.appeal(review, said, community, identity, context.desk, w)
    return Letter(text=plain(await restoring.restore(review, community, identity, context.desk, w)))


async def _meant(name: str, number: int | None, identity: Identity) -> Review | list[int]:
    """The latest review of the post that is meant, else the numbers of those that can be."""
    latest: dict[int, Review] = {}
    for review in await submissions.reviews_by(identity, _RECENT):
        if review.kind in ("post", appeals.KIND):
            latest.setdefault(review.submission_id, review)  # newest first
    if number is not None:
        return next((review for review in latest.values() if review.submission.number == number), [])
    wanted = ReviewState.REJECTED if name == "appeal" else ReviewState.LAPSED
    possible = [review for review in latest.values() if review.state == wanted and review.kind == "post"]
    return possible[0] if len(possible) == 1 else [review.submission.number for review in possible]


def _which(name: str, numbers: list[int], w: Words) -> str:
    if not numbers:
        return w._("There is no post of yours that this can be done with. /status shows your latest posts.")
    listed = ", ".join(f"#{number}" for number in numbers)
    if name == "appeal":
        return w._("Which one? Write APPEAL and its number: {numbers}", numbers=listed)
    return w._("Which one? Write RESTORE and its number: {numbers}", numbers=listed)
