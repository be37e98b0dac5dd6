"""Readers by SMS: how much comes, and when; and what gateways report of it."""

from datetime import UTC, datetime, timedelta

import pytest

from bridge.adapters.sms.capabilities import CAPABILITIES
from bridge.core.errors import TooSoon
from bridge.core.events import Arrival, ChatKind, DeliveryReported, MessagePosted, OptedOut, Sender
from bridge.core.gsm import segments
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef, delivery_key
from bridge.core.membership import Reading
from bridge.core.money import Price
from bridge.core.ports import Handed, Sent, Unknown
from bridge.core.states import ArrivalState, DeliveryState
from bridge.core.text import plain
from bridge.delivery.purse import Purse
from bridge.intake import arriving, router, stopping
from bridge.intake.context import Context
from bridge.moderation.effects import arrivals
from bridge.storage import codec, handovers, ledger, memberships
from bridge.storage.database import transaction
from bridge.storage.handovers import Weighed
from bridge.storage.models import Delivery, Identity, Meta, Person, Submission
from bridge.storage.models_handover import Handover
from tests.integration.reading_town import SMS, Readers

MORNING = datetime(2026, 11, 25, 8, tzinfo=UTC)


pytestmark = pytest.mark.usefixtures("opened")


class Telephones(Readers):
    """Everybody is on the telephone."""

    async def identity(self, name: str, account: AccountId = SMS) -> Identity:
        return await super().identity(name, account)


@pytest.fixture
def town() -> Readers:
    found = Telephones(now=MORNING)
    found.accounts[SMS].can = CAPABILITIES
    return found


def context(town: Readers) -> Context:
    return Context(communities=town.communities, directory=town.directory, now=town.now, event_id=1)


def report(row: Delivery, arrival: Arrival, at: datetime, *, send: str = "", final: bool = True) -> DeliveryReported:
    return DeliveryReported(
        account=SMS,
        chat=ChatId(""),
        key=f"dlr:{row.id}:{arrival}:{at.isoformat()}",
        at=at,
        send=send,
        message=None if send else MessageId(f"x{row.id}"),
        arrival=arrival,
        code="30003" if arrival is Arrival.FAILED else "",
        final=final,
    )


async def handed_over(town: Readers, row: Delivery, *, doubtful: bool = False) -> str:
    """Claimed, and sent; returns the key."""

    async def compose(row: Delivery) -> ledger.Frozen | None:
        return ledger.Frozen(payload="{}", content=row.content)

    effects = arrivals(town.communities, lambda: town.now)
    [claimed] = await ledger.claim([row.id], town.now, compose, effects)
    installation, _ = await Meta.get_or_create(key="installation", defaults={"value": "test"})
    key = delivery_key(row.id, installation.value)
    weighed = Weighed(channel="sms", key=key, handed=Handed(bytes=140, segments=1, cost=Price.parse("KES 0.80")))
    ref = RemoteRef(SMS, ChatId(row.chat), MessageId(f"x{row.id}"))
    answer = Unknown(why="the answer never came") if doubtful else Sent(refs=(ref,))
    await ledger.record([ledger.Outcome(row=claimed, answer=answer, weighed=weighed)], town.now, effects)
    return key


async def pushed(town: Readers, name: str) -> Delivery:
    await town.publishes()
    await town.batches()
    return (await town.rows(name))[-1]


async def test_by_sms_a_digest_a_day_is_what_comes(town: Readers) -> None:
    await town.reads("joseph", Reading.GROUPS, account=SMS)
    async with transaction():
        identity = await town.identity("mary", SMS)
        await Identity.filter(id=identity.id).update(direct_chat="mary", direct_open=True)
    row = await town.reads("peter", Reading.DAILY, account=SMS)
    assert row.reading == "daily"
    for _ in range(9):
        await town.publishes()
    town.later(days=1)
    await town.batches()
    [text] = await town.texts("peter", ledger.DIGEST)
    assert segments(text).count == 1
    assert "GET 9" in text


async def test_three_a_day_and_what_is_more_in_one(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    for _ in range(5):
        await town.publishes()
        await town.batches()
        town.later(minutes=10)
    texts = await town.texts("joseph")
    assert len(texts) == 3
    assert all(segments(text).count == 1 for text in texts)
    town.later(days=1)
    await town.batches()
    assert len(await town.texts("joseph")) + len(await town.texts("joseph", ledger.DIGEST)) <= 5
    assert any("#5" in text for text in [*await town.texts("joseph"), *await town.texts("joseph", ledger.DIGEST)])


async def test_telephones_are_quiet_at_night_unless_their_owners_say_so(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    await town.reads("mary", Reading.IMMEDIATE, account=SMS, quiet="01:00-02:00")
    town.now = MORNING.replace(hour=21)
    await town.publishes()
    await town.batches()
    assert not await town.texts("joseph")
    assert len(await town.texts("mary")) == 1
    town.now += timedelta(hours=10)
    await town.batches()
    assert len(await town.texts("joseph")) == 1


async def test_reports_may_come_twice_and_in_any_order(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    row = await pushed(town, "joseph")
    await handed_over(town, row)
    order = (Arrival.SENT, Arrival.FAILED, Arrival.DELIVERED, Arrival.FAILED, Arrival.SENT, Arrival.DELIVERED)
    states = []
    for arrival in order:
        await arriving.reported(report(row, arrival, town.now), context(town))
        states.append((await Handover.get(delivery_id=row.id)).arrival.value)
    assert states == ["sent", "failed", "delivered", "delivered", "delivered", "delivered"]
    assert await handovers.of_copies(int(row.post_id or 0)) == (1, 0)


async def test_a_report_with_our_key_settles_what_was_in_doubt(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    for state in (DeliveryState.IN_DOUBT, DeliveryState.UNCERTAIN):
        row = await pushed(town, "joseph")
        key = await handed_over(town, row, doubtful=True)
        if state is DeliveryState.UNCERTAIN:
            await Delivery.filter(id=row.id).update(state=state)
        await arriving.reported(report(row, Arrival.SENT, town.now, send=key), context(town))
        await row.refresh_from_db()
        assert row.state == DeliveryState.DELIVERED
        assert (await Handover.get(delivery_id=row.id)).arrival == ArrivalState.SENT
        town.later(minutes=1)


async def test_a_report_that_is_quicker_than_our_own_commit_waits_for_it(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    row = await pushed(town, "joseph")
    await Delivery.filter(id=row.id).update(state=DeliveryState.ATTEMPTING)
    with pytest.raises(TooSoon):
        await arriving.reported(report(row, Arrival.SENT, town.now), context(town))
    await arriving.reported(report(row, Arrival.SENT, town.now - timedelta(minutes=1)), context(town))


async def test_nobody_is_written_to_for_ever_who_is_not_there(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    for number in range(3):
        row = await pushed(town, "joseph")
        await handed_over(town, row)
        await arriving.reported(report(row, Arrival.FAILED, town.now, final=False), context(town))
        assert (await Handover.get(delivery_id=row.id)).arrival == ArrivalState.HANDED
        await arriving.reported(report(row, Arrival.FAILED, town.now), context(town))
        lost = (await Identity.get(account=SMS, user="joseph")).unreachable_at
        assert (lost is not None) == (number == 2)
        town.later(days=1)
    await town.publishes()
    await town.batches()
    assert len(await town.rows("joseph")) == 3
    async with transaction():  # they write again
        await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    assert (await Identity.get(account=SMS, user="joseph")).unreachable_at is None


async def test_who_told_the_network_stop_is_answered_by_nobody(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    await pushed(town, "joseph")
    who = Sender(ref=UserRef(SMS, UserId("joseph")), name="")
    event = OptedOut(account=SMS, chat=ChatId("joseph"), key="s1", at=town.now, sender=who)
    for _ in range(2):
        async with transaction():
            await stopping.opted_out(event, context(town))
    identity = await Identity.get(account=SMS, user="joseph")
    assert identity.stopped_at is not None
    member = await memberships.membership(identity.person_id, "hifa")
    assert member is not None
    assert member.reading == "none"
    assert not await town.rows("joseph")
    assert not await Delivery.filter(account=SMS, kind=ledger.NOTICE).exists()


async def test_a_months_money_is_counted_from_the_ledger(town: Readers) -> None:
    await town.reads("joseph", Reading.IMMEDIATE, account=SMS)
    await handed_over(town, await pushed(town, "joseph"))
    cap, cost = Price.parse("KES 2.00"), Price.parse("KES 0.80")
    purse = Purse()  # after a restart
    assert await purse.take(SMS, cap, cost, town.now)
    assert purse.is_low(SMS, cap)
    assert not await purse.take(SMS, cap, cost, town.now)
    purse.give_back(SMS, cost)
    assert await purse.take(SMS, cap, cost, town.now)
    assert await purse.take(SMS, cap, cost, town.now + timedelta(days=10))  # December


async def hears(town: Readers, text: str, name: str = "joseph") -> list[str]:
    """Somebody writes; what they are told by that."""
    notices = Delivery.filter(account=SMS, chat=name, kind=ledger.NOTICE).order_by("id")
    known = await notices.count()
    message = MessageId(f"w{town.now.isoformat()}-{text}")
    async with transaction():
        event = MessagePosted(
            account=SMS,
            chat=ChatId(name),
            key=f"mo:{message}",
            at=town.now,
            ref=RemoteRef(SMS, ChatId(name), message),
            sender=Sender(ref=UserRef(SMS, UserId(name)), name="", direct=ChatId(name), proof="claimed"),
            chat_kind=ChatKind.PRIVATE,
            text=plain(text),
        )
        await router.handle(event, context(town))
    town.later(seconds=1)
    return [codec.load(codec.CONTENT, row.content).text.text for row in (await notices)[known:]]


async def test_two_telephones_that_answer_each_other_do_not_use_up_the_money(town: Readers) -> None:
    """A sender can be invented, and a telephone may answer by itself."""
    for _ in range(40):
        assert len(await hears(town, "HELP")) == 1
    [last] = await hears(town, "HELP")
    assert "answers come later" in last
    assert [await hears(town, "HELP") for _ in range(3)] == [[], [], []]
    assert await hears(town, "We have no oxytocin since Monday.") == []
    assert await Submission.all().count() == 1, "what is written there is read all the same"
    assert len(await hears(town, "HELP", "mary")) == 1
    town.later(hours=1)
    assert len(await hears(town, "HELP")) == 1
    for _ in range(45):
        await hears(town, "HELP")
    await hears(town, "STOP")
    assert (await town.identity("joseph", SMS)).stopped_at is not None


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("text", ["1", "OK", "ok.", "yes", "Oui", "12", "skip", "Thanks!", "asante", "👍"])
async def test_an_answer_to_nothing_is_no_post(town: Readers, text: str) -> None:
    [told] = await hears(town, text)
    assert "write a text to post it" in told
    assert await Submission.all().count() == 0


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize("text", ["SWAHILI", "Kiswahili", "français", "FRANCAIS", "Portugues"])
async def test_a_language_alone_is_a_wish(town: Readers, text: str) -> None:
    await hears(town, text)
    person = await Person.get(id=(await town.identity("joseph", SMS)).person_id)
    assert person.language in ("sw", "fr", "pt")
    assert await Submission.all().count() == 0
