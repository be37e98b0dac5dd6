"""The look-ups that are made for every single event find what they seek through an index, however long the tables.

As the program asks them: each is made once, and what it asked is explained. PostgreSQL reads short tables whole,
whatever indexes they have, so that its tables are filled: many chats, few rows for each message.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from tortoise import Tortoise

from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.storage import (
    chats,
    echoes,
    inbox,
    ledger,
    ledger_reads,
    pieces,
    postgres_pooled,
    sources,
    sqlite_immediate,
    submissions,
)
from bridge.storage.models import Delivery, Identity, Inbox
from tests.servers import as_superuser
from tests.unit.storage.stage import NOW

ROWS = 20_000
REF = RemoteRef(AccountId("a7"), ChatId("c77"), MessageId("m4077"))
SENT = Delivery(id=4077, account="a7", message="m4077", remote_chat="c77")
LOOK_UPS: dict[str, Callable[[], Awaitable[object]]] = {
    "a message of ours": lambda: ledger.find_by_ref(REF),
    "its newest wording": lambda: ledger_reads.versions(SENT),
    "its further messages": lambda: ledger_reads.messages_of(SENT),
    "a reaction of ours that waits": lambda: ledger_reads.reaction_waits(SENT),
    "the last reaction of ours": lambda: ledger_reads.last_reaction(SENT),
    "a message in a topic": lambda: echoes.in_topic(REF, [ChatId("c77"), ChatId("c78"), ChatId("c79")]),
    "a reaction": lambda: echoes.add(4077, REF, "u4077", "👍", NOW),
    "all reactions of a person to a message": lambda: echoes.replace(4077, REF, "u4077", [], NOW),
    "a reaction taken back": lambda: echoes.remove(REF),
    "reactions to a post": lambda: echoes.tally(4077),
    "reactions to a post in other chats": lambda: echoes.elsewhere(4077, REF.address),
    "a vote": lambda: echoes.vote(4077, REF, "u4077", (1,), NOW),
    "votes in a poll": lambda: echoes.votes(4077, 2),
    "a message of somebody": lambda: sources.submission_by_source(REF),
    "messages of a submission": lambda: sources.sources(4077),
    "an album": lambda: sources.submission_by_album("a7", "c77", "album4077"),
    "what somebody sent last": lambda: sources.followed(Identity(id=4077), REF.address, NOW),
    "a post": lambda: submissions.post_by_id(4077),
    "a repeated event": lambda: Inbox.exists(account="a7", key="k4077"),
    "what was said lately in a chat": lambda: inbox.texts_of(REF),
    "pieces of a message": lambda: pieces.around(Inbox(id=4077, account="a7", chat="c77"), NOW),
    "where a chat lives now": lambda: inbox.resolve(REF.address),
    "a chat's name": lambda: chats.title(REF.address),
}
FILLED = (
    "delivery",
    "delivery_message",
    "reaction",
    "poll_vote",
    "source",
    "submission",
    "revision",
    "post",
    "inbox",
    "identity",
    "person",
    "chat",
    "chat_alias",
)


SHORT = 50
"""Rows that a look-up may find, and as many that it may throw away on its way."""
OF_A_CHAT = ("what was said lately in a chat", "pieces of a message")
"""Looked for among all events of the chat: where something was edited or taken back, not where something is said."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, list[Any]]]:
    """Every query that the program makes from now on, with its values."""
    heard: list[tuple[str, list[Any]]] = []
    for client in (postgres_pooled.PooledPostgresClient, sqlite_immediate.ImmediateSqliteClient):
        for name in ("execute_query", "execute_query_dict"):
            monkeypatch.setattr(client, name, _listening(getattr(client, name), heard))
    return heard


def _listening(real: Any, heard: list[tuple[str, list[Any]]]) -> Any:
    async def listening(client: Any, query: str, values: list[Any] | None = None) -> Any:
        if query.startswith("SELECT"):
            heard.append((query, list(values or ())))
        return await real(client, query, values)

    return listening


def _value(table: str, column: str, kind: str) -> str:
    """What stands in a column, as SQL of a row's number ``g``: ten accounts, a hundred chats, all else its own."""
    here = "'c' || g" if table.startswith("chat") else "'c' || g % 100"
    known = {
        "id": "g",
        "number": "g",
        "version": "g",
        "feed_number": "g",
        "account": "'a' || g % 10",
        "emoji": "'👍'",
        "chat": here,
        "remote_chat": here,
        "old": here,
        "new": here,
        "operation": "'send'",
        "state": {"inbox": "'done'", "post": "'live'"}.get(table, "'delivered'"),
    }
    if column in known:
        return known[column]
    if column in ("message", "user", "key", "album") or (table, column) == ("reaction", "event"):
        return f"'{column[0] if column != 'album' else column}' || g"
    if kind == "bigint":
        return "NULL" if column == "waits_for" else "g"
    return {"boolean": "false", "timestamp with time zone": "now()", "integer": "0", "text": "'{}'"}.get(kind, "''")


async def _fill(url: str) -> None:
    connection = await asyncpg.connect(as_superuser(url))  # type: ignore[no-untyped-call]  # asyncpg left it bare
    try:
        await connection.execute("SET session_replication_role = replica")  # rows need no parents
        for table in FILLED:
            columns = await connection.fetch(
                "SELECT column_name, data_type FROM information_schema.columns"
                " WHERE table_name = $1 AND table_schema = 'public'",
                table,
            )
            names = ", ".join(f'"{row["column_name"]}"' for row in columns)
            values = ", ".join(_value(table, row["column_name"], row["data_type"]) for row in columns)
            await connection.execute(
                f'INSERT INTO "{table}" ({names}) SELECT {values} FROM generate_series(1, {ROWS}) AS g'  # noqa: S608 - our own names
            )
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def _read(plan: dict[str, Any]) -> float:
    """How many rows it read, those thrown away included."""
    own = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    return float(own * plan["Actual Loops"]) + sum(map(_read, plan.get("Plans", ())))


async def test_a_look_up_reads_what_it_seeks_and_little_else(
    opened: str, kind: str, asked: list[tuple[str, list[Any]]]
) -> None:
    if kind == "postgres":
        await _fill(opened)
    slow = []
    for what, look_up in LOOK_UPS.items():
        asked.clear()
        await look_up()
        queries = list(asked)
        assert queries, what
        for query, values in queries:
            if not await _is_short(kind, query, values, SHORT if what not in OF_A_CHAT else ROWS // 100):
                slow.append((what, query))
    assert not slow


async def _is_short(kind: str, query: str, values: list[Any], most: int) -> bool:
    client = Tortoise.get_connection(kind)
    if kind == "sqlite":
        steps = [
            str(dict(row)["detail"]) for row in await client.execute_query_dict(f"EXPLAIN QUERY PLAN {query}", values)
        ]
        return not any(step.startswith("SCAN") for step in steps)
    explained = await client.execute_query_dict(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", values)
    found = json.loads(explained[0]["QUERY PLAN"])[0]["Plan"]
    return _read(found) <= 2 * most and "Seq Scan" not in str(found)


BY = {
    "SELECT * FROM delivery WHERE target_id = 5 AND state = 'delivered' ORDER BY id DESC": "target_id=?",
    "SELECT * FROM delivery WHERE account = 'a' AND remote_chat = 'b' AND message = 'c'": "message=?",
    "SELECT * FROM delivery_message WHERE account = 'a' AND chat = 'b' AND message = 'c'": "message=?",
    "SELECT * FROM source WHERE submission_id = 5 ORDER BY id": "submission_id=?",
    "SELECT * FROM inbox WHERE account = 'a' AND chat = 'b' ORDER BY id DESC LIMIT 50": "chat=?",
    "SELECT * FROM reaction WHERE post_id = 5": "post_id=?",
    "SELECT * FROM reaction WHERE account = 'a' AND chat = 'b' AND event = 'c'": "event=?",
}
"""What the index of SQLite must have been asked for: its tables are empty here, so that nothing is counted."""


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("kind", ["sqlite"])
async def test_sqlite_asks_its_indexes_for_what_is_rare() -> None:
    for query, by in BY.items():
        plan = await Tortoise.get_connection("sqlite").execute_query_dict(f"EXPLAIN QUERY PLAN {query}")
        (step,) = [str(dict(row)["detail"]) for row in plan]  # a second one would sort what was found
        assert step.startswith("SEARCH"), (query, step)
        assert by in step, (query, step)
