"""Keeping the database small and forgetful: what is done and no longer needed loses its words after its time.

In slices, each a transaction of its own, so that nobody waits; and some thousand rows are looked through at a time, for
SQLite answers one question after the other. Never touched: what is held, what is on its way or uncertain, and what a
dialogue still waits for.
"""

from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

import structlog
from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from bridge.core.membership import Retention
from bridge.core.ports import UPLOADED
from bridge.core.states import ApplicationState, DeliveryState, InboxState, MembershipState, ReviewState
from bridge.core.text import EMPTY
from bridge.storage import codec, echoes, erasure, handovers, inbox, ledger_doubt, link_codes, people, traces
from bridge.storage.database import transaction
from bridge.storage.ledger_reads import APPLICATION, CARD, DIGEST, EXHIBIT, NOTICE, PROMPT
from bridge.storage.models import (
    AdapterState,
    Conversation,
    Delivery,
    Identity,
    Inbox,
    Meta,
    Person,
    Post,
    Profile,
    Query,
    Review,
    Revision,
    Source,
    Submission,
)
from bridge.storage.models_archive import PersonalLink
from bridge.storage.models_desk import Appointment, Note, Translation
from bridge.storage.models_members import Application, Membership
from bridge.storage.personal import NO_WORDS
from bridge.storage.snapshots import RESTORED

log = structlog.get_logger()

Rows = QuerySet[Any]
_SLICE = 500
_WINDOW = 5_000
"""Rows that are looked through in one go: some milliseconds."""
_WHOLE = timedelta(days=7)
"""So often everything is looked through; in between only what comes behind the first row that has something to lose."""
_PLACE = "looked-through:"
"""Keys of ``Meta``: up to which row of a table there was nothing left, and since when that is believed."""
MOST_UPLOADS = 5_000
"""Addresses of uploaded files that are remembered for one account."""
_REPEATED = timedelta(days=7)
"""No platform repeats an event for so long; what a reaction or a vote has come to stands in a table of its own."""
_UNPUBLISHED = (ReviewState.REJECTED, ReviewState.WITHDRAWN, ReviewState.LAPSED, ReviewState.MERGED)
# Said by what they are not: asked for a state, SQLite would look for all that were ever in it, in every window anew.
_UNSETTLED = tuple(state for state in DeliveryState if state not in traces.SETTLED)
_OTHERWISE = tuple(state for state in ReviewState if state not in _UNPUBLISHED)
_WORDS = (NOTICE, CARD, PROMPT, EXHIBIT, APPLICATION, DIGEST)


async def prune(now: datetime, retention: Retention | None = None) -> None:
    """Everything whose time is over."""
    kept = retention or Retention()
    if kept.raw is not None:
        await _raw(now - kept.raw, now - max(kept.raw, kept.messages or kept.raw), now)
        await _echoes(now - _REPEATED, now)
    if kept.messages is not None:
        await _messages(now - kept.messages, now)
        await _reactions(now - kept.messages)
    if kept.rejected is not None:
        await _unpublished(now - kept.rejected, now)
    if kept.left is not None:
        await _left(now - kept.left)
    await _cuts(now)
    async with transaction():
        await link_codes.prune(now)
        await handovers.prune(now)
    await _uploads()
    await after_erasure()
    await erasure.used_again(now)


async def after_restore() -> None:
    """At a start: was the database put back from a copy? Then the ledger may be behind what really went out."""
    mark = await Meta.get_or_none(key=RESTORED)
    if mark is None:
        return
    async with transaction():
        count = await ledger_doubt.distrust(datetime.fromisoformat(mark.value))
        await Meta.filter(key=RESTORED).delete()
    log.warning("database_was_restored", posts_in_doubt=count)


async def after_erasure() -> None:
    """What was under way when somebody was erased is settled meanwhile."""
    await traces.finish()


async def _in_slices(
    found: Callable[[], Rows],
    work: Callable[[list[int]], Awaitable[None]],
    *,
    place: "_Place | None" = None,
) -> None:
    """Carry out ``work`` on the ids of what is found, a slice at a time, until there is nothing more to find."""
    newest = await found().model.all().order_by("-id").limit(1).values_list("id", flat=True)
    last = int(str(newest[0])) if newest else 0
    at = 0 if place is None else await place.begin()
    while at < last:
        upto = at + _WINDOW
        ids = await _ids(found().filter(id__gt=at, id__lte=upto).limit(_SLICE))
        if ids:
            async with transaction():
                await work(ids)
        if len(ids) == _SLICE:
            upto = ids[-1]
        if place is not None:
            await place.passed(at, upto)
        at = upto
    if place is not None:
        await place.keep(min(at, last))


async def _ids(rows: Rows) -> list[int]:
    return [int(str(number)) for number in await rows.order_by("id").values_list("id", flat=True)]


class _Place:
    """Where in a table to begin: behind the rows that have nothing left to lose, however many they are.

    A row may get words again (it is sent once more, after years), so that now and then everything is looked through.
    """

    def __init__(self, name: str, left: Callable[[], Rows], now: datetime) -> None:
        self._key, self._left, self._now = f"{_PLACE}{name}", left, now
        self._since, self._first = now, 0

    async def begin(self) -> int:
        row = await Meta.get_or_none(key=self._key)
        since, _, at = ("", "", "") if row is None else row.value.partition(" ")
        if not at or not timedelta(0) <= self._now - datetime.fromisoformat(since) < _WHOLE:
            return 0
        self._since = datetime.fromisoformat(since)
        return int(at)

    async def passed(self, after: int, upto: int) -> None:
        """Everything up to a row was looked through: is something left in it?"""
        if not self._first:
            self._first = next(iter(await _ids(self._left().filter(id__gt=after, id__lte=upto).limit(1))), 0)

    async def keep(self, last: int) -> None:
        value = f"{self._since.isoformat()} {self._first - 1 if self._first else last}"
        async with transaction():
            if not await Meta.filter(key=self._key).update(value=value):
                await Meta.create(key=self._key, value=value)


async def _uploads() -> None:
    """Where files were put, of the latest only. A file that is gone takes its addresses along sooner."""
    known = reduce(or_, (Q(key__startswith=beginning) for beginning in UPLOADED))
    for account in await AdapterState.all().distinct().values_list("account", flat=True):
        remembered = AdapterState.filter(known, account=account)
        beyond = await remembered.order_by("-id").offset(MOST_UPLOADS).first()
        if beyond is not None:
            async with transaction():
                await remembered.filter(id__lte=beyond.id).delete()


async def _raw(before: datetime, parked_before: datetime, now: datetime) -> None:
    """What platforms delivered; the rows stay, so that a repeated event is still recognised.

    Messages that wait for their sender's choice of a community stay whole, and what a person must look at stays longer.
    """
    waiting = await people.waiting_events() or [0]

    def whole() -> QuerySet[Inbox]:
        return Inbox.filter(~Q(raw_json="") | ~Q(event="{}"))

    def old() -> QuerySet[Inbox]:
        done = ~Q(state__in=[InboxState.NEW, InboxState.PARKED]) & Q(received_at__lt=before)
        parked = ~Q(state__in=[InboxState.NEW, InboxState.DONE]) & Q(received_at__lt=parked_before)
        return whole().filter(done | parked).exclude(id__in=waiting)

    async def empty(ids: list[int]) -> None:
        await Inbox.filter(id__in=ids).update(raw_json="", event="{}")

    await _in_slices(old, empty, place=_Place("inbox", whole, now))


async def _echoes(before: datetime, now: datetime) -> None:
    """Who reacts, takes it back and reacts again makes an event each time, and groups are full of reactions."""

    def recent() -> QuerySet[Inbox]:
        return Inbox.filter(Q(note=inbox.ECHO) | Q(received_at__gte=before))

    def old() -> QuerySet[Inbox]:
        waiting = (InboxState.NEW, InboxState.PARKED)
        return Inbox.filter(note=inbox.ECHO, received_at__lt=before).exclude(state__in=waiting)

    async def remove(ids: list[int]) -> None:
        await Inbox.filter(id__in=ids).delete()

    await _in_slices(old, remove, place=_Place("echoes", recent, now))


async def _reactions(before: datetime) -> None:
    """Who reacted and voted. How many they were is kept: it stands on the post's card."""
    while await echoes.put_together(before, _SLICE):
        pass


async def _messages(before: datetime, now: datetime) -> None:
    """The words of notices, cards and questions. What could be pressed under them is kept: people press late."""
    open_ = Application.filter(state=ApplicationState.OPEN)
    waiting = [int(str(number)) for number in await open_.values_list("id", flat=True)] or [0]

    def worded() -> QuerySet[Delivery]:
        return Delivery.filter(kind__in=_WORDS).exclude(content="").exclude(payload="{}")

    def left() -> QuerySet[Delivery]:
        words = ~Q(content="") & ~Q(payload="{}")
        return Delivery.filter(words | Q(state__in=_UNSETTLED), kind__in=_WORDS)

    def old() -> QuerySet[Delivery]:
        rows = worded().filter(planned_at__lt=before).exclude(state__in=_UNSETTLED)
        rows = rows.filter(Q(review_id__isnull=True) | ~Q(review__state=ReviewState.HELD))
        return rows.filter(Q(application_id__isnull=True) | ~Q(application_id__in=waiting))

    async def empty(ids: list[int]) -> None:
        for row in await Delivery.filter(id__in=ids):
            whole = codec.load(codec.CONTENT, row.content)
            await erasure.doom(codec.sha256s(whole.attachments), before)
            bare = codec.dump(codec.CONTENT, type(whole)(text=EMPTY, buttons=whole.buttons))
            await Delivery.filter(id=row.id).update(content=bare if whole.buttons else "", payload="{}")

    await _in_slices(old, empty, place=_Place("messages", left, now))


async def _unpublished(before: datetime, now: datetime) -> None:
    """The texts of posts that were never published and that nobody waits for any more."""

    def old() -> QuerySet[Submission]:
        decided = Submission.filter(reviews__decided_at__lt=before).exclude(reviews__state__in=_OTHERWISE)
        return decided.filter(revisions__text__not=NO_WORDS).distinct()

    async def empty(ids: list[int]) -> None:
        open_ = await _submissions_of(Review.filter(submission_id__in=ids, state=ReviewState.HELD))
        recent = await _submissions_of(Review.filter(submission_id__in=ids, decided_at__gte=before))
        published = await _submissions_of(Post.filter(submission_id__in=ids))
        done = [number for number in ids if number not in {*open_, *recent, *published}]
        if not done:
            return
        for row in await Revision.filter(submission_id__in=done):
            files = codec.load(codec.ATTACHMENTS, row.attachments)
            await erasure.doom(codec.sha256s(files), now)
        emptied = {"text": NO_WORDS, "attachments": "[]", "uncarried": "[]", "findings": "{}"}
        await Revision.filter(submission_id__in=done).update(**emptied)
        await Source.filter(submission_id__in=done).update(text="", attachments="[]", uncarried="[]")
        await Translation.filter(submission_id__in=done).delete()
        await Submission.filter(id__in=done).update(reply_excerpt="", cut="")
        reviews = [int(str(n)) for n in await Review.filter(submission_id__in=done).values_list("id", flat=True)]
        await Review.filter(id__in=reviews).update(headline="", short="", words="")
        await Query.filter(review_id__in=reviews or [0]).update(question="", answer="", wording="")
        await Note.filter(review_id__in=reviews or [0]).delete()

    await _in_slices(old, empty)


async def _cuts(now: datetime) -> None:
    """What was taken off a mail: mostly other people's words, and of no use once it was decided."""

    def old() -> QuerySet[Submission]:
        return Submission.filter(cut__not="")

    async def empty(ids: list[int]) -> None:
        open_ = await _submissions_of(Review.filter(submission_id__in=ids, state=ReviewState.HELD))
        await Submission.filter(id__in=[number for number in ids if number not in open_]).update(cut="")

    await _in_slices(old, empty, place=_Place("cuts", old, now))


async def _submissions_of(rows: Rows) -> Collection[int]:
    return {int(str(number)) for number in await rows.values_list("submission_id", flat=True)}


async def _left(before: datetime) -> None:
    """Profiles, dialogues and preferences of people who left every community; a ban is remembered."""
    gone = (MembershipState.LEFT, MembershipState.REFUSED)

    def old() -> QuerySet[Person]:
        found = Person.filter(memberships__state__in=gone, memberships__ended_at__lt=before, erased_at__isnull=True)
        return found.distinct()

    async def empty(ids: list[int]) -> None:
        staying = Q(state__in=[state for state in MembershipState if state not in gone]) | Q(ended_at__gte=before)
        busy = {
            int(str(n)) for n in await Membership.filter(staying, person_id__in=ids).values_list("person_id", flat=True)
        }
        held = Review.filter(submission__identity__person_id__in=ids, state=ReviewState.HELD)
        busy |= {int(str(n)) for n in await held.values_list("submission__identity__person_id", flat=True)}
        busy |= await _moderators(ids)
        done = [number for number in ids if number not in busy]
        if not done:
            return
        await Profile.filter(person_id__in=done).delete()
        await PersonalLink.filter(person_id__in=done).delete()
        accounts = [int(str(n)) for n in await Identity.filter(person_id__in=done).values_list("id", flat=True)]
        await Conversation.filter(identity_id__in=accounts or [0]).delete()
        await Membership.filter(person_id__in=done).update(
            title="", note="", language="", reading="", zone="", quiet="", away_until=None
        )
        await Person.filter(id__in=done).update(language="")

    await _in_slices(old, empty)


async def _moderators(person_ids: list[int]) -> set[int]:
    """Those of them who were appointed from the chat."""
    appointed = {(row.account, row.user) for row in await Appointment.exclude(role="")}
    accounts = await Identity.filter(person_id__in=person_ids)
    return {row.person_id for row in accounts if (row.account, row.user) in appointed}
