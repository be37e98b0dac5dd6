"""Reports that letters did not arrive: whose address they end, and whose they do not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.events import Arrival, DeliveryReported
from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef, delivery_key
from bridge.core.membership import Reading
from bridge.core.ports import Handed, Sent
from bridge.core.states import ArrivalState
from bridge.intake import arriving, bouncing
from bridge.intake.context import Context
from bridge.moderation.effects import arrivals
from bridge.storage import ledger, people
from bridge.storage.database import transaction
from bridge.storage.handovers import Weighed
from bridge.storage.models import Delivery, Identity, Meta
from bridge.storage.models_handover import Handover
from tests.integration.moderating import notices
from tests.integration.reading_town import Readers
from tests.unit.storage.stage import NET, SLOW, sender

pytestmark = pytest.mark.usefixtures("opened")
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture
def town() -> Readers:
    return Readers(now=datetime(2026, 11, 25, 8, tzinfo=UTC))


async def letter(town: Readers) -> tuple[Delivery, str]:
    """The next copy for Ben, handed over; and the key that stands in its envelope."""
    await town.publishes()
    await town.batches()
    row = (await town.rows("ben"))[-1]

    async def compose(row: Delivery) -> ledger.Frozen | None:
        return ledger.Frozen(payload="{}", content=row.content)

    effects = arrivals(town.communities, lambda: town.now)
    [claimed] = await ledger.claim([row.id], town.now, compose, effects)
    key = delivery_key(row.id, "test")
    ref = RemoteRef(NET, ChatId(row.chat), MessageId(f"x{row.id}"))
    weighed = Weighed(channel="email", key=key, handed=Handed(bytes=2000))
    await ledger.record([ledger.Outcome(row=claimed, answer=Sent(refs=(ref,)), weighed=weighed)], town.now, effects)
    return row, key


async def bounces(town: Readers, key: str, code: str, *, final: bool = True) -> None:
    event = DeliveryReported(
        account=NET,
        chat=ChatId(""),
        key=f"mail:{key}:{code}",
        at=town.now,
        send=key,
        arrival=Arrival.FAILED,
        code=code,
        final=final,
    )
    async with transaction():
        await arriving.reported(
            event, Context(communities=town.communities, directory=town.directory, now=town.now, event_id=1)
        )


async def is_lost(town: Readers) -> bool:
    identity = await town.identity("ben")
    await identity.refresh_from_db()
    return identity.unreachable_at is not None


@pytest.mark.parametrize(("code", "lost"), [("5.1.1", True), ("5.1.10", True), ("5.2.2", False), ("5.7.1", False)])
async def test_an_address_that_does_not_exist_is_written_to_no_more(town: Readers, code: str, lost: bool) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    row, key = await letter(town)
    await bounces(town, key, code)
    assert (await Handover.get(delivery_id=row.id)).arrival == ArrivalState.FAILED
    assert await is_lost(town) is lost
    await town.publishes()
    await town.batches()
    assert len(await town.rows("ben")) == (1 if lost else 2)


async def fails(town: Readers, *codes: str, hours: float = 24) -> None:
    """A letter, and what comes back of it, again and again."""
    for code in codes:
        _, key = await letter(town)
        await bounces(town, key, code)
        town.later(hours=hours)


async def warnings(town: Readers, name: str = "ben", account: AccountId = NET) -> list[str]:
    return [text for text in await notices(Address(account, ChatId(name))) if "come back" in text]


async def test_full_for_days_is_warned_before_it_ends_and_taken_for_spam_says_nothing(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    await fails(town, "5.7.1", "5.6.0", "5.7.26", "5.7.1", "4.7.0")
    assert await warnings(town) == []
    await fails(town, "5.2.2", "5.2.2", hours=3)
    await fails(town, "5.2.2", "4.2.2", hours=3)
    assert await warnings(town) == [], "it is still the same day"
    town.later(hours=24)
    await fails(town, "5.2.2", "5.2.2")
    [warning] = await warnings(town)
    assert "answer it with any word" in warning
    assert not await is_lost(town)
    assert await people.failing_members("hifa", town.now - timedelta(days=2)) == (1, 0)
    await fails(town, "5.2.2")
    assert await is_lost(town), "what was sent after the warning came back, too"
    assert await people.failing_members("hifa", town.now - timedelta(days=2)) == (0, 1)


async def test_whoever_writes_is_written_to_again_and_what_was_is_forgotten(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    await fails(town, "5.2.2", "5.2.2", "5.2.2")
    assert len(await warnings(town)) == 1
    await people.meet(sender("ben"), town.now, privately=True)
    town.later(hours=1)
    await fails(town, "5.2.2")
    assert (len(await warnings(town)), await is_lost(town)) == (1, False), "the warning and what came before are over"
    await fails(town, "5.2.2", "5.2.2")
    assert (len(await warnings(town)), await is_lost(town)) == (2, False)
    await fails(town, "5.2.2")
    assert await is_lost(town)
    await people.meet(sender("ben"), town.now, privately=True)
    assert not await is_lost(town)


async def test_a_letter_of_before_the_warning_that_comes_back_late_does_not_end_it(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    _, late = await letter(town)
    town.later(hours=1)
    await fails(town, "5.2.2", "5.2.2", "5.2.2")
    assert len(await warnings(town)) == 1
    await bounces(town, late, "5.2.2")
    assert (len(await warnings(town)), await is_lost(town)) == (1, False)
    town.later(days=15)
    await fails(town, "4.2.2")
    assert not await is_lost(town), "an old warning counts no more"


async def test_another_account_of_the_same_person_is_told(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    _, key = await letter(town)
    mailbox = await town.identity("ben")
    chat = await people.meet(sender("benny", account=SLOW), town.now, privately=True)
    await Identity.filter(id=chat.id).update(person_id=mailbox.person_id)
    await bounces(town, key, "5.1.1")
    assert await is_lost(town)
    [said] = await warnings(town, "benny", SLOW)
    assert "Letters from HIFA to ben come back, so I send none there any more." in said


async def test_who_reads_once_a_week_is_warned_too(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    await fails(town, "5.2.1", "5.2.1", "5.2.1", hours=7 * 24)
    assert len(await warnings(town)) == 1


async def test_a_forged_letter_takes_no_warning_back(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    await fails(town, "5.2.2", "5.2.2", "5.2.2")
    await people.meet(replace(sender("ben"), proof="claimed"), town.now, privately=True)
    await fails(town, "5.2.2")
    assert await is_lost(town)


@given(
    failures=st.lists(
        st.tuples(st.integers(0, 27 * 24), st.sampled_from(["5.2.2", "4.2.2", ""])).map(
            lambda drawn: (NOON - timedelta(hours=drawn[0]), drawn[1])
        ),
        max_size=60,
    )
)
def test_points(failures: list[tuple[datetime, str]]) -> None:
    points = bouncing.score(failures, NOON)
    assert 0 <= points <= len({at.date() for at, _ in failures})
    assert bouncing.score(failures[:-1], NOON) <= points, "a failure more is never less"
    assert bouncing.score(failures, NOON + timedelta(days=14)) == pytest.approx(points / 2), "and they fade"
    assert bouncing.score([*failures, *failures], NOON) == points, "the same day counts once"


async def test_a_delay_and_an_invented_report_say_nothing(town: Readers) -> None:
    await town.reads("ben", Reading.IMMEDIATE)
    await Meta.get_or_create(key="installation", defaults={"value": "test"})
    row, key = await letter(town)
    await bounces(town, key, "5.1.1", final=False)
    town.later(seconds=30)
    await bounces(town, "0" * 32, "5.1.1")
    assert (await Handover.get(delivery_id=row.id)).arrival == ArrivalState.HANDED
    assert not await is_lost(town)
