"""The inbox and transactions on both databases; on PostgreSQL two connections really meet."""

import asyncio
import socket
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from tortoise import Tortoise
from tortoise.exceptions import OperationalError

from bridge.core.errors import StorageConflict, StorageUnavailable
from bridge.core.events import ChatMoved, MessagePosted, Unreadable
from bridge.core.ids import Address, ChatId
from bridge.core.message import Content
from bridge.core.states import InboxState
from bridge.core.text import plain
from bridge.storage import codec, database, inbox, ledger, upkeep
from bridge.storage.inbox import DurableSink, DurableState
from bridge.storage.models import AdapterState, Chat, Delivery, Inbox, Person
from tests.unit.storage.stage import (
    KENYA,
    NET,
    NOW,
    SLOW,
    FakeClock,
    posted,
)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sink(clock: FakeClock) -> DurableSink:
    return DurableSink(NET, clock)


def on_postgres(url: str) -> bool:
    return url.startswith("postgres")


# --- an adapter's own values ---


async def test_a_state_under_a_very_long_name_is_kept(opened: str, sink: DurableSink) -> None:
    """A Matrix room's id alone may have 255 characters, and comes with a prefix."""
    long, other = f"last:!{'x' * 254}", f"last:!{'x' * 253}y"
    state, value = DurableState(NET), "v" * 100_000
    await sink.accept([], state={long: "1"})
    await state.set(other, value)
    assert (await state.get(long), await state.get(other)) == ("1", value)
    await sink.accept([], state={long: "2"})
    await state.delete(other)
    assert (await state.get(long), await state.get(other)) == ("2", None)


async def test_a_state_that_cannot_be_read_says_so_in_the_domains_words(
    opened: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for error in (OperationalError("locked"), asyncpg.exceptions.ObjectNotInPrerequisiteStateError("no connections")):

        async def fails(*_: object, error: Exception = error, **__: object) -> None:
            raise error

        monkeypatch.setattr(AdapterState, "get_or_none", fails)
        with pytest.raises(StorageUnavailable):
            await DurableState(NET).get("offset")


# --- commit, then acknowledge ---------------------------------------------------------------------------------------


async def test_events_and_cursor_are_committed_together(opened: str, sink: DurableSink) -> None:
    await sink.accept([posted("one", key="1"), posted("two", key="2")], state={"offset": "3", "device": "D"})
    assert [codec.load(codec.EVENT, row.event).key for row in await Inbox.all().order_by("id")] == ["1", "2"]
    assert await DurableState(NET).get("offset") == "3"
    assert await DurableState(SLOW).get("offset") is None


async def test_nothing_is_kept_of_a_batch_whose_cursor_cannot_be_written(
    opened: str, sink: DurableSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sink.accept([], state={"offset": "1"})

    async def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "_set_state", fails)
        with pytest.raises(StorageUnavailable):
            await sink.accept([posted("one", key="1")], state={"offset": "2"})
    assert await Inbox.all().count() == 0
    assert await DurableState(NET).get("offset") == "1"
    await sink.accept([posted("one", key="1")], state={"offset": "2"})  # as the adapter will
    assert await Inbox.all().count() == 1


async def test_the_same_event_twice_is_one_event(opened: str, sink: DurableSink) -> None:
    for _ in range(2):
        await sink.accept([posted("once", key="1"), posted("once", key="1")], state={"offset": "2"})
    assert await Inbox.all().count() == 1
    await DurableSink(SLOW, FakeClock()).accept([posted("other account", key="1", chat=Address(SLOW, KENYA.chat))])
    assert await Inbox.all().count() == 2


async def test_the_same_event_by_two_ways_at_once_is_one_event(opened: str, sink: DurableSink) -> None:
    answers = await asyncio.gather(
        *(sink.accept([posted("once", key="7")], state={"offset": "8"}) for _ in range(4)), return_exceptions=True
    )
    assert await Inbox.all().count() == 1
    # Whoever lost did not acknowledge, and is told so by an error that adapters answer by trying again.
    assert all(answer is None or isinstance(answer, StorageConflict) for answer in answers)


@pytest.mark.parametrize("text", ["lone \ud83d half", "\udcff"], ids=["high", "low"])
async def test_text_that_is_no_unicode_is_kept_as_unreadable(opened: str, sink: DurableSink, text: str) -> None:
    event = posted(text, key="1", raw='{"text": "\ud83d\x00"}')
    await sink.accept([event, posted("after it", key="2")], state={"offset": "3"})
    poison, after = [codec.load(codec.EVENT, row.event) for row in await Inbox.all().order_by("id")]
    assert isinstance(poison, Unreadable)
    assert "cannot be stored" in poison.reason
    assert isinstance(after, MessagePosted)
    row = await Inbox.all().order_by("id").first()
    assert row is not None
    assert row.raw_json == '{"text": "?\ufffd"}'


async def test_nul_and_every_plane_come_back_as_they_went(opened: str, sink: DurableSink) -> None:
    text = "a\x00b\x1f\ufffe\U0001f9d1\u202e'; DROP TABLE inbox; --"
    await sink.accept([posted(text, key="1", name="\x00\x07")])
    (row,) = await Inbox.all()
    event = codec.load(codec.EVENT, row.event)
    assert isinstance(event, MessagePosted)
    assert event.text.text == text
    assert event.sender.name == "\x00\x07"


async def test_a_message_of_100_kb_is_kept_whole(opened: str, sink: DurableSink) -> None:
    text = "ñ" * 100_000
    await sink.accept([posted(text, key="1", raw=text * 4)])
    (row,) = await Inbox.all()
    event = codec.load(codec.EVENT, row.event)
    assert isinstance(event, MessagePosted)
    assert event.text.text == text
    assert len(row.raw_json.encode()) <= 2 * 256 * 1024


async def test_ids_longer_than_their_columns_do_not_stop_an_account(opened: str, sink: DurableSink) -> None:
    long = "edit:$" + "x" * 400
    await sink.accept([posted("one", key=long), posted("two", key=long + "y")])
    await sink.accept([posted("one", key=long)])
    assert await Inbox.all().count() == 2


# --- the inbox as a queue -------------------------------------------------------------------------------------------


async def test_the_inbox_keeps_order_per_chat_and_lets_chats_pass_each_other(opened: str, sink: DurableSink) -> None:
    other = Address(NET, ChatId("other"))
    await sink.accept([posted("a1", key="1"), posted("a2", key="2"), posted("b1", key="3", chat=other)])
    first, second = await inbox.take(NOW, busy=set())
    assert [row.key for row in (first, second)] == ["1", "3"]
    assert await inbox.take(NOW, busy={("net", "kenya"), ("net", "other")}) == []
    assert await inbox.postpone(first, NOW, "not yet")
    # A postponed event holds back its own chat, and nobody else's.
    assert [row.key for row in await inbox.take(NOW, busy=set())] == ["3"]
    assert await inbox.next_due(NOW) == NOW + timedelta(seconds=1)
    await inbox.finish(second)
    assert [row.key for row in await inbox.take(NOW + timedelta(seconds=1), busy=set())] == ["1"]


async def test_a_poison_event_is_parked_and_the_next_one_comes(opened: str, sink: DurableSink) -> None:
    await sink.accept([posted("poison", key="1"), posted("next", key="2")])
    now, tries = NOW, 0
    while True:
        (row,) = await inbox.take(now, busy=set())
        if row.key == "2":
            break
        tries += 1
        await inbox.postpone(row, now, "ValueError")
        now += timedelta(minutes=11)
    assert tries == inbox.MAX_ATTEMPTS
    parked = await Inbox.get(key="1")
    assert (parked.state, parked.note) == (InboxState.PARKED, "ValueError")
    assert not await inbox.finish(parked)


async def test_an_event_is_finished_once(opened: str, sink: DurableSink) -> None:
    await sink.accept([posted("one", key="1")])
    (row,) = await inbox.take(NOW, busy=set())
    assert await inbox.finish(row)
    assert not await inbox.finish(row)
    assert await inbox.take(NOW, busy=set()) == []


async def test_raw_payloads_go_and_the_dedupe_stays(opened: str, sink: DurableSink) -> None:
    await sink.accept([posted("private words", key="1", raw="private words")])
    (row,) = await inbox.take(NOW, busy=set())
    await inbox.finish(row)
    await upkeep.prune(NOW + timedelta(days=30) + timedelta(seconds=1))
    row = await Inbox.get(key="1")
    assert "private" not in row.raw_json + row.event
    await sink.accept([posted("private words", key="1")])
    assert await Inbox.all().count() == 1


# --- chats that move ------------------------------------------------------------------------------------------------


async def test_a_moved_chat_takes_its_planned_messages_along(opened: str) -> None:
    planned = await ledger.plan(kind=ledger.NOTICE, address=KENYA, now=NOW, content=Content(text=plain("hello")))
    await Delivery.filter(id=planned.id).update(payload='{"chat":"kenya"}')
    gone = await ledger.plan(kind=ledger.NOTICE, address=KENYA, now=NOW, content=Content(text=plain("earlier")))
    await Delivery.filter(id=gone.id).update(state="delivered", message="b1")
    moved = ChatMoved(account=NET, chat=KENYA.chat, key="m", at=NOW, new_chat=ChatId("-100"))
    for _ in range(2):  # told twice
        async with database.transaction():
            await inbox.move_chat(moved)
    new = Address(NET, ChatId("-100"))
    assert await inbox.resolve(KENYA) == new
    assert await inbox.origin(new) == KENYA
    rows = {row.id: row for row in await Delivery.all()}
    assert (rows[planned.id].chat, rows[planned.id].payload) == ("-100", "")
    assert rows[gone.id].chat == "kenya"
    again_moved = ChatMoved(account=NET, chat=ChatId("-100"), key="m2", at=NOW, new_chat=ChatId("-200"))
    async with database.transaction():
        await inbox.move_chat(again_moved)
    assert await inbox.resolve(KENYA) == Address(NET, ChatId("-200"))
    assert await inbox.origin(Address(NET, ChatId("-200"))) in (KENYA, new)


# --- transactions ---------------------------------------------------------------------------------------------------


async def test_a_transaction_is_all_or_nothing(opened: str) -> None:
    rung: list[str] = []

    async def fails() -> None:
        async with database.transaction():
            await Person.create(language="sw", created_at=NOW)
            database.after_commit(lambda: rung.append("outer"))
            async with database.transaction():  # joins
                await Person.create(language="fr", created_at=NOW)
                database.after_commit(lambda: rung.append("inner"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await Person.all().count() == 0
    assert rung == []
    async with database.transaction():
        await Person.create(language="sw", created_at=NOW)
        database.after_commit(lambda: rung.append("done"))
        assert rung == []
    assert rung == ["done"]
    database.after_commit(lambda: rung.append("at once"))
    assert rung == ["done", "at once"]


async def test_two_rows_for_one_place_are_a_conflict_and_leave_nothing(opened: str) -> None:
    async def twice() -> None:
        async with database.transaction():
            await Person.create(language="sw", created_at=NOW)
            for _ in range(2):
                await Chat.create(account="net", chat="kenya", title="Kenya")

    with pytest.raises(StorageConflict):
        await twice()
    assert await Person.all().count() == 0
    async with database.transaction():  # and the connection is as good as new
        await Person.create(language="sw", created_at=NOW)


async def test_a_value_that_cannot_be_stored_is_no_outage_and_not_quoted(opened: str) -> None:
    async def stores(value: str) -> None:
        async with database.transaction():
            await Person.create(language="sw", created_at=NOW)
            await AdapterState.create(account="net", key="k", value=value)

    with pytest.raises(ValueError, match=r"cannot|can't") as refused:
        await stores("Amina's private words \ud83d")
    assert "Amina" not in str(refused.value)
    assert await Person.all().count() == 0
    await database.ping()


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_folder_that_vanishes_is_unavailable(opened: str) -> None:
    folder = Path(opened.removeprefix("sqlite://")).parent
    away = folder.rename(folder.with_name("away"))
    try:
        with pytest.raises(StorageUnavailable):
            await database.ping()
    finally:
        away.rename(folder)
    await database.ping()


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"])
async def test_a_server_that_goes_away_is_unavailable_and_comes_back(opened: str, sink: DurableSink) -> None:
    admin = await asyncpg.connect(opened)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await admin.close()
    refused = 0
    while True:
        try:
            await sink.accept([posted("one", key="1")], state={"offset": "2"})
            break
        except StorageUnavailable:  # any other error would not be tried again by the adapters
            refused += 1
            assert refused <= 8, "as many as there are connections in the pool"
    assert await Inbox.all().count() == 1


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"])
async def test_a_machine_that_vanishes_is_noticed(opened: str) -> None:
    """The kernel looks whether it is there, while we wait for an answer and while nothing is said."""
    async with Tortoise.get_connection("postgres").acquire_connection() as connection:
        line = connection._transport.get_extra_info("socket")
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) <= 15
        assert line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 15_000


@pytest.mark.postgres
@pytest.mark.parametrize("kind", ["postgres"])
async def test_more_outages_than_connections_do_not_empty_the_pool(opened: str, sink: DurableSink) -> None:
    admin = await asyncpg.connect(opened)  # type: ignore[no-untyped-call]  # asyncpg left it bare
    for number in range(12):
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        async with asyncio.timeout(10):
            while True:
                try:
                    await sink.accept([posted("one", key=str(number))])
                    break
                except StorageUnavailable:
                    continue
    await admin.close()
    assert await Inbox.all().count() == 12


@pytest.mark.parametrize("kind", ["sqlite"])
async def test_a_locked_database_is_unavailable_and_nothing_is_acknowledged(
    opened: str, sink: DurableSink, tmp_path: Path
) -> None:
    await Tortoise.get_connection("sqlite").execute_query("PRAGMA busy_timeout=100")
    with closing(sqlite3.connect(tmp_path / "baraza.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageUnavailable, match="locked"):
            await sink.accept([posted("one", key="1")], state={"offset": "2"})
        other.execute("ROLLBACK")
        await sink.accept([posted("one", key="1")], state={"offset": "2"})
        assert await Inbox.all().count() == 1
        async with database.transaction():  # the same task: it really begins one, which others have to wait for
            await DurableState(NET).get("offset")
            other.execute("PRAGMA busy_timeout=0")
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("BEGIN IMMEDIATE")


async def test_a_task_that_gives_up_waiting_does_not_end_anothers_transaction(opened: str) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with database.transaction():
            await Person.create(language="sw", created_at=NOW)
            inside.set()
            await leave.wait()
            raise RuntimeError

    async def impatient() -> None:
        async with database.transaction():
            await Person.create(language="fr", created_at=NOW)
            raise RuntimeError

    holder = asyncio.create_task(slow())
    await inside.wait()
    waiting = asyncio.create_task(impatient())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    third = asyncio.create_task(database.ping())
    await asyncio.sleep(0)
    leave.set()
    await asyncio.wait([holder, third])
    assert isinstance(holder.exception(), RuntimeError)
    assert await Person.all().count() == 0
