"""SQLite finds little among much, however much there is: it is told what to expect behind each index.

No rows are needed: a plan is made of what was told. The questions are the program's own, which read whole tables, or
everything that was ever delivered, in a database of many years.
"""

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise

from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef
from bridge.storage import (
    audit,
    database,
    feed,
    intake_reads,
    ledger,
    ledger_reads,
    memberships,
    persons,
    planner,
    sqlite_immediate,
    submissions,
    upkeep,
)
from bridge.storage.around import around
from bridge.storage.models import Delivery, Identity, Inbox, Person, Review, Submission
from tests.unit.storage.stage import NOW

CHAT = Address(AccountId("a7"), ChatId("c7"))
REF = RemoteRef(CHAT.account, CHAT.chat, MessageId("m7"))
SINCE = NOW - timedelta(days=1)
QUESTIONS: dict[str, tuple[Callable[[Submission], Awaitable[object]], str]] = {
    "what there is around an item": (
        lambda s: around(Review(id=s.id, submission=s, community="hifa"), 7),
        "review_id=?",
    ),
    "namesakes": (lambda s: persons.namesakes_until(7, "Amina", "hifa"), "called=?"),
    "the newest card": (lambda s: ledger_reads.newest_card(7, 1, CHAT), "review_id=?"),
    "the removal of an original": (lambda s: ledger_reads.removal_of(REF), "target_message=?"),
    "what is not delivered yet": (lambda s: ledger.oldest_undelivered(), "state=?"),
    "what is next": (lambda s: ledger.next_due(NOW, ["a7"]), "delivery_by_hour (account=? AND due_at>?)"),
    "reviews of somebody": (lambda s: submissions.reviews_by(s.identity), "submission_id=?"),
    "reviews of a submission": (lambda s: submissions.reviews_of_submission(7), "submission_id=?"),
    "posts of somebody": (
        lambda s: submissions.posts_before(s),
        "SEARCH post USING COVERING INDEX sqlite_autoindex_post_1 (submission_id=?)",
    ),
    "has somebody published": (lambda s: memberships.has_published(7, "hifa"), "identity_id=?"),
    "has somebody written": (lambda s: intake_reads.has_written(7, "hifa"), "identity_id=?"),
    "how much somebody wrote lately": (lambda s: intake_reads.sent_by(7, "hifa", SINCE, limit=5), "identity_id=?"),
    "how much a group wrote lately": (lambda s: intake_reads.sent_in(CHAT, "hifa", SINCE, limit=5), "created_at>?"),
    "what was said lately": (lambda s: intake_reads.recent_texts("hifa", SINCE), "created_at>?"),
    "what was decided": (lambda s: submissions.decided_since("hifa", SINCE), "decided_at>?"),
    "the history of an item": (lambda s: audit.of_review(7), "review_id=?"),
    "what goes out next": (lambda s: feed.next_release(NOW), "publish_at>?"),
    "what was corrected": (lambda s: feed.changed_since("hifa", 7, SINCE), "corrected_at>?"),
}
"""And what an index must have been asked for."""


@pytest.fixture
async def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[tuple[str, list[Any]]]]:
    """Every question that is put to an empty database from now on, with its values."""
    heard: list[tuple[str, list[Any]]] = []

    def listening(real: Any) -> Any:
        async def listen(client: Any, query: str, values: list[Any] | None = None) -> Any:
            heard.append((query, list(values or ())))
            return await real(client, query, values)

        return listen

    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    for name in ("execute_query", "execute_query_dict"):
        client = sqlite_immediate.ImmediateSqliteClient
        monkeypatch.setattr(client, name, listening(getattr(client, name)))
    yield heard
    await database.close_database()


async def _plan(query: str, values: list[Any]) -> list[str]:
    found = await Tortoise.get_connection("sqlite").execute_query_dict(f"EXPLAIN QUERY PLAN {query}", values)
    return [str(dict(row)["detail"]) for row in found]


async def _item() -> Submission:
    person = await Person.create(created_at=NOW)
    amina = await Identity.create(person=person, account="a7", user="u7", name="Amina", created_at=NOW)
    return await Submission.create(
        community="hifa",
        number=1,
        account="a7",
        chat="c7",
        message="m7",
        private=False,
        intake="hold",
        identity=amina,
        created_at=NOW,
    )


async def test_what_is_asked_all_the_time_is_found_by_what_is_rare(asked: list[tuple[str, list[Any]]]) -> None:
    slow, item = {}, await _item()
    for what, (question, by) in QUESTIONS.items():
        asked.clear()
        await question(item)
        plans = [await _plan(query, values) for query, values in list(asked) if query.startswith("SELECT")]
        steps = [step for plan in plans for step in plan if step != "SCAN CONSTANT ROW"]
        if any(step.startswith("SCAN") for step in steps) or not any(by in step for step in steps):
            slow[what] = steps
    assert not slow


async def test_upkeep_looks_at_a_window_of_rows_by_their_numbers(asked: list[tuple[str, list[Any]]]) -> None:
    """And not at all that were ever settled, for each window anew."""
    await _item()
    await Inbox.create(account="a7", chat="c7", key="k7", event="{}", raw_json="", received_at=NOW, due_at=NOW)
    await Delivery.create(kind="notice", community="hifa", account="a7", chat="c7", due_at=NOW, planned_at=NOW)
    asked.clear()
    await upkeep.prune(NOW)
    windows = [each for each in list(asked) if each[0].startswith("SELECT") and '"id"<=?' in each[0].replace(" ", "")]
    assert len(windows) >= 4
    for query, values in windows:
        first = (await _plan(query, values))[0]
        assert "(rowid>? AND rowid<?)" in first or "(person_id>? AND person_id<?)" in first, (query, first)


async def test_every_figure_is_of_an_index_that_there_is(tmp_path: Path) -> None:
    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    await database.close_database()
    with closing(sqlite3.connect(tmp_path / "baraza.db")) as connection:
        for table, figures in planner.ROWS.items():
            there = planner.indexes(connection, table)
            assert set(figures) <= set(there), table
            for columns, told in figures.items():
                assert len(told.split()) == len(columns) + 1, (table, columns)
        told = connection.execute("SELECT count(*) FROM sqlite_stat1").fetchone()
    assert told == (sum(map(len, planner.ROWS.values())),)


async def test_a_start_that_changes_nothing_reads_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking for rows without parents takes many seconds where there are many rows: only after an upgrade."""
    heard: list[str] = []
    real = sqlite_immediate.ImmediateSqliteClient.execute_query_dict

    async def listening(client: Any, query: str, values: list[Any] | None = None) -> Any:
        heard.append(query)
        return await real(client, query, values)

    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    await database.close_database()
    monkeypatch.setattr(sqlite_immediate.ImmediateSqliteClient, "execute_query_dict", listening)
    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    await database.close_database()
    assert not [query for query in heard if "foreign_key_check" in query]
