"""The conversation with an author about an item: questions, requests for consent, and what the author said.

A row of ``Query`` is one thing that was asked. Whether its person was shown it is read from the deliveries that carried
it, which bear its mark.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from bridge.core.states import DeliveryState, ReviewState
from bridge.core.text import RichText
from bridge.storage import codec
from bridge.storage.beside import copy_notes
from bridge.storage.ledger_reads import NOTICE, SEND
from bridge.storage.models import Delivery, Query, Review

QUESTION = "question"
CONSENT = "consent"
"""To a moderator's wording (``revision``). ``answer`` is ``given`` or ``refused``, ``wording`` the author's words."""
SAFETY = "safety"
"""A prepared reply of safeguarding. It asks nothing, so nothing waits for it; what its reader writes next is about it.
"""
APPEAL = "appeal"
"""Not asked by anybody: what the author says in an appeal."""
ASKED, GIVEN, REFUSED = "asked", "given", "refused"

_ASKING = (QUESTION, CONSENT)
_LOST = (DeliveryState.REFUSED, DeliveryState.CANCELLED)
_UNSEEN = (DeliveryState.PLANNED, *_LOST)
_MARK = re.compile(r"query:(\d{1,18})")


def mark(query_id: int) -> str:
    """What the deliveries that carry a question bear as their ``view``."""
    return f"query:{query_id}"


def marked(row: Delivery) -> int | None:
    """The question that a notice carries."""
    match = _MARK.fullmatch(row.view) if row.kind == NOTICE else None
    return None if match is None else int(match[1])


async def query_by_id(query_id: int) -> Query | None:
    return await Query.get_or_none(id=query_id).select_related("review__submission__identity__person")


async def open_of_person(person_id: int) -> list[Query]:
    """Everything that this person's next words may be about, newest first."""
    return (
        await Query.filter(
            review__submission__identity__person_id=person_id,
            review__state=ReviewState.HELD,
            kind__in=(*_ASKING, SAFETY),
            answered_at__isnull=True,
            closed=False,
        )
        .order_by("-id")
        .select_related("review__submission__identity__person")
    )


async def open_of_review(review_id: int) -> list[Query]:
    """What its author was asked and has not answered, newest first."""
    return await Query.filter(review_id=review_id, kind__in=_ASKING, answered_at__isnull=True, closed=False).order_by(
        "-id"
    )


async def waiting_reviews(community: str) -> list[int]:
    """The held reviews with a question that is open, oldest first."""
    rows = Query.filter(
        review__community=community,
        review__state=ReviewState.HELD,
        kind__in=_ASKING,
        answered_at__isnull=True,
        closed=False,
    )
    return sorted({query.review_id for query in await rows.only("id", "review_id")})


async def about(person_id: int, review_id: int) -> Query | None:
    """The latest question to this person about one review, unanswered ones first; None where nothing was asked."""
    asked = Query.filter(review_id=review_id, review__submission__identity__person_id=person_id).order_by("-id")
    asked = asked.select_related("review__submission__identity__person")
    return await asked.filter(answered_at__isnull=True).first() or await asked.first()


async def answered_by(person_id: int) -> list[Query]:
    """Questions about what is still held that this person has answered in words, latest answer first."""
    return (
        await Query.filter(
            review__submission__identity__person_id=person_id,
            review__state=ReviewState.HELD,
            kind=QUESTION,
            answered_at__isnull=False,
        )
        .exclude(wording="")
        .order_by("-answered_at", "-id")
        .select_related("review__submission__identity__person")
    )


async def consented(submission_id: int, before: int) -> int | None:
    """The latest wording older than revision ``before`` that the author agreed to."""
    agreed = Query.filter(review__submission_id=submission_id, kind=CONSENT, answer=GIVEN, revision__lt=before)
    latest = await agreed.order_by("-revision").first()
    return None if latest is None else latest.revision


# --- what was shown ---


async def carriers(query: Query) -> list[Delivery]:
    """The messages that carried it (and its reminders) to its author, oldest first."""
    return await Delivery.filter(review_id=query.review_id, kind=NOTICE, operation=SEND, view=mark(query.id)).order_by(
        "id"
    )


async def undelivered(queries: Sequence[Query]) -> set[int]:
    """Of open questions, those that no message carries or has carried."""
    asking = [q for q in queries if q.answered_at is None and not q.closed and q.kind in _ASKING]
    return {query.id for query in asking if all(row.state in _LOST for row in await carriers(query))}


async def shown_at(query: Query) -> datetime | None:
    """When its author was last shown it; None where they cannot have seen it yet."""
    seen = [row for row in await carriers(query) if row.state not in _UNSEEN]
    return max((row.done_at or row.attempted_at or row.planned_at for row in seen), default=None)


# --- changes ---


async def answer(query: Query, words: str, wording: RichText, now: datetime, *, limit: int) -> bool:
    """The author's answer, or more of it, ``limit`` characters shown; False where the item was decided meanwhile."""
    if not await Review.filter(id=query.review_id, state=ReviewState.HELD).exists():
        return False
    await keep(query, words, wording, now, limit=limit)
    return True


async def keep(query: Query, words: str, wording: RichText, now: datetime, *, limit: int) -> None:
    """Add to what the author said about it, whether or not it is still asked."""
    before = codec.load(codec.RICH_TEXT, query.wording) if query.wording else None
    whole = wording if before is None else before + "\n" + wording if wording else before
    shown = f"{query.answer}\n{words}" if query.answer else words
    values = {
        "answer": RichText(shown).shortened(limit).text,
        "wording": codec.dump(codec.RICH_TEXT, whole) if whole else "",
        "answered_at": now,
    }
    await Query.filter(id=query.id).update(**values)
    query.update_from_dict(values)


async def amend(query: Query, old: RichText, new: RichText, shown: str, *, limit: int) -> bool:
    """The author has changed words of their answer; ``shown``: what stands for them. False where they are not in it."""
    wording = codec.load(codec.RICH_TEXT, query.wording) if query.wording else RichText()
    at = wording.text.find(old.text)
    if at < 0 or old.text not in query.answer:
        return False
    values = {
        "answer": RichText(query.answer.replace(old.text, shown, 1)).shortened(limit).text,
        "wording": codec.dump(codec.RICH_TEXT, wording[:at] + new + wording[at + len(old) :]),
    }
    await Query.filter(id=query.id).update(**values)
    query.update_from_dict(values)
    return True


async def settle_consent(query: Query, *, agrees: bool, words: RichText, now: datetime) -> bool:
    """Yes or no to a wording; False where it was said already, or is asked no more."""
    wording = codec.dump(codec.RICH_TEXT, words) if words else query.wording
    still = Query.filter(id=query.id, kind=CONSENT, answered_at__isnull=True, closed=False)
    return await still.update(answer=GIVEN if agrees else REFUSED, wording=wording, answered_at=now) == 1


async def comment(query: Query, words: RichText) -> None:
    """The author's words on a wording, without yes or no."""
    before = codec.load(codec.RICH_TEXT, query.wording) if query.wording else None
    whole = words if before is None else before + "\n" + words
    query.wording = codec.dump(codec.RICH_TEXT, whole)
    await Query.filter(id=query.id).update(wording=query.wording)


async def close_consents(review_id: int) -> None:
    """Nobody waits for a yes to an older wording any more."""
    await Query.filter(review_id=review_id, kind=CONSENT, answered_at__isnull=True).update(closed=True)


async def begin_anew(query: Query) -> None:
    """It was delivered at last: whatever was done about its silence before says nothing."""
    await Query.filter(id=query.id).update(reminded_at=None, escalated_at=None)
    query.update_from_dict({"reminded_at": None, "escalated_at": None})


async def note_reminded(query: Query, now: datetime) -> bool:
    """True once."""
    return await Query.filter(id=query.id, reminded_at__isnull=True).update(reminded_at=now) == 1


async def note_escalated(query: Query, now: datetime) -> bool:
    """True once, while it is open."""
    still = Query.filter(id=query.id, escalated_at__isnull=True, answered_at__isnull=True, closed=False)
    return await still.update(escalated_at=now) == 1


async def prepared(review_id: int, wording: str) -> Query | None:
    """The prepared reply of safeguarding with this wording, where it was sent already."""
    return await Query.filter(review_id=review_id, kind=SAFETY, question=wording).first()


async def prepare(review: Review, wording: str, *, by: str, name: str, now: datetime) -> Query:
    """Record a prepared reply of safeguarding."""
    return await Query.create(
        review_id=review.id,
        question=wording,
        asked_by=by,
        asked_name=name,
        asked_at=now,
        kind=SAFETY,
        revision=review.revision,
    )


async def begin_appeal(
    rejected: Review, said: RichText, *, approvals: int, by: str, name: str, now: datetime
) -> Review:
    """A rejected item held anew, of the same wording, dressed as it was.

    The author's words are kept as a question that nobody asked, so nothing waits for it.
    """
    review = await Review.create(
        kind="appeal",
        community=rejected.community,
        submission_id=rejected.submission_id,
        revision=rejected.revision,
        reasons=rejected.reasons,
        approvals=approvals,
        headline=rejected.headline,
        theme_id=rejected.theme_id,
        short=rejected.short,
        short_revision=rejected.short_revision,
        targets=rejected.targets,
        crossed=rejected.crossed,
        # What was escalated stays with the people named for it.
        escalated_name=rejected.escalated_name,
        escalated_at=rejected.escalated_at,
        about_review=rejected.id,
        created_at=now,
    )
    await copy_notes(rejected, review)
    await Query.create(
        review_id=review.id,
        question="",
        answer=said.text,
        wording=codec.dump(codec.RICH_TEXT, said) if said else "",
        asked_by=by,
        asked_name=name,
        asked_at=now,
        answered_at=now,
        kind=APPEAL,
        revision=review.revision,
    )
    return await Review.get(id=review.id).select_related("submission__identity__person")


async def appealed(rejected: Review) -> bool:
    """Was a second look asked for?"""
    return await Review.filter(submission_id=rejected.submission_id, kind="appeal").exists()


async def deciders(community: str) -> list[str]:
    """Everybody who has approved or rejected there, as ``ACCOUNT:USER``."""
    decided = Review.filter(community=community, state__in=[ReviewState.APPROVED, ReviewState.REJECTED])
    found = await decided.exclude(decided_by="").distinct().values_list("decided_by", flat=True)
    return [str(text) for text in found]


async def copy(before: Review, after: Review) -> None:
    """What was asked and answered about one item, for the moderators of the item that takes its place."""
    for query in await Query.filter(review_id=before.id, kind=QUESTION).order_by("id"):
        await Query.create(
            review_id=after.id,
            question=query.question,
            answer=query.answer,
            wording=query.wording,
            asked_by=query.asked_by,
            asked_name=query.asked_name,
            asked_at=query.asked_at,
            answered_at=query.answered_at,
            closed=True,
            revision=after.revision,
        )


async def succeed(after: Review, before: Review) -> None:
    """An item takes the place of one that has lapsed."""
    await Review.filter(id=after.id).update(about_review=before.id)
    after.about_review = before.id


async def successor(review_id: int) -> Review | None:
    """The item that took the place of a lapsed one."""
    later = Review.filter(about_review=review_id, kind="post").order_by("-id")
    return await later.select_related("submission").first()
