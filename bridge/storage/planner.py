"""What SQLite is told of its tables: how many rows it should expect behind each column of an index.

Told nothing, it takes any index for as good as any other, and finds the one card of a post by reading all that was ever
delivered, because ``state`` is indexed, too. Told once by ANALYZE, it knows the tables of that day, and of an empty
database that nothing is worth an index. So it is told the same everywhere: figures of a community of some years, by
which it chooses the same way on the first day and after a million posts
(https://www.sqlite.org/optoverview.html#fixed_results_from_analyze). PostgreSQL counts for itself.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

ROWS: dict[str, dict[tuple[str, ...], str]] = {
    "archive_entry": {
        ("community", "published_at", "id"): "200000 50000 2 1",
        ("community", "everywhere", "published_at", "id"): "200000 50000 45000 2 1",
        ("theme_id", "published_at", "id"): "200000 2000 2 1",
        ("thread_id", "id"): "200000 4 1",
    },
    "adapter_state": {("account", "key"): "20000 4000 1"},
    "decision": {("community", "seq"): "300000 80000 1", ("review_id",): "300000 2"},
    "delivery": {
        # What is asked for by its state alone is what is unfinished or went wrong, and that is little.
        ("state", "account", "chat", "id"): "10000000 300 200 100 1",
        ("state", "view", "id"): "10000000 300 150 1",
        ("waits_for",): "10000000 1000",
        ("post_id", "account", "chat"): "10000000 8 3 1",
        ("review_id", "account", "chat"): "10000000 4 2 1",
        ("account", "remote_chat", "message"): "10000000 250000 250 1",
        ("account", "attempted_at"): "10000000 250000 2",
        # Of the few that may go (``waiting``).
        ("account", "chat", "id", "due_at"): "300 100 5 1 1",
        ("account", "chat", "id"): "30 10 2 1",
        ("account", "view", "id"): "300 100 50 1",
        ("account", "due_at"): "300 100 1",
        ("account", "target_message"): "10000000 250000 3",
        ("application_id",): "10000000 20",
        ("person_id",): "10000000 50",
        ("target_id",): "10000000 4",
    },
    "delivery_message": {
        ("delivery_id", "position"): "200000 3 1",
        ("account", "chat", "message"): "200000 50000 1000 1",
    },
    "handle": {("subject", "subject_id", "revision", "action", "argument"): "1000000 300000 8 6 2 1"},
    "handover": {
        ("account", "handed_at"): "500000 100000 2",
        ("account", "key"): "500000 100000 1",
        ("account", "message"): "500000 100000 1",
        ("delivery_id",): "500000 1",
        ("post_id", "arrival"): "500000 50 20",
        ("arrival", "reported_at"): "500000 100000 2",
    },
    "identity": {
        ("account", "user"): "20000 5000 1",
        ("account", "direct_chat"): "20000 5000 1",
        ("person_id",): "20000 2",
        ("called",): "20000 2",
    },
    "inbox": {
        ("account", "key"): "5000000 100000 1",
        ("state", "id"): "5000000 100 1",
        ("account", "chat", "id"): "5000000 100000 2000 1",
    },
    "membership": {
        ("person_id", "community"): "20000 2 1",
        ("community", "state"): "20000 7000 1500",
        ("reading", "id"): "20000 4000 1",
        ("community", "reading", "next_at"): "20000 7000 1500 10",
    },
    "poll_vote": {
        ("account", "chat", "message", "user"): "50000 20000 2000 20 1",
        ("post_id",): "50000 20",
        ("account", "user"): "50000 20000 20",
    },
    "post": {
        ("community", "number"): "200000 50000 1",
        ("submission_id",): "200000 1",
        ("community", "feed_number"): "200000 50000 1",
        ("community", "corrected_at"): "200000 50000 50",
        ("community", "retracted_at"): "200000 50000 50",
        ("publish_at",): "200000 1",
    },
    "profile": {("person_id", "version"): "20000 2 1", ("called",): "20000 2"},
    "quotation": {("post_id",): "2000 2"},
    "reaction": {
        ("account", "chat", "message", "user", "emoji"): "100000 50000 5000 5 2 1",
        ("post_id",): "100000 10",
        ("account", "chat", "event"): "100000 50000 5000 1",
        ("account", "user"): "100000 50000 20",
    },
    "review": {
        ("state", "community", "id"): "2000000 20000 5000 1",
        ("community", "decided_at"): "2000000 5000 1",
        ("submission_id",): "2000000 1",
        ("merged_into",): "2000000 5",
    },
    "revision": {("submission_id", "number"): "200000 2 1"},
    "source": {("account", "chat", "message"): "200000 50000 1000 1", ("submission_id",): "200000 1"},
    "submission": {
        ("community", "number"): "2000000 500000 1",
        ("account", "chat", "album"): "2000000 500000 20000 500",
        ("identity_id", "id"): "2000000 30 1",
        ("community", "created_at"): "2000000 5000 1",
    },
}
"""By table and the columns of an index: rows in all, and how many have the same first column, first two columns ..."""


def indexes(connection: sqlite3.Connection, table: str) -> dict[tuple[str, ...], str]:
    """The names of a table's indexes, by their columns."""
    names = [str(row[1]) for row in connection.execute(f'PRAGMA index_list("{table}")')]
    return {tuple(str(row[2]) for row in connection.execute(f'PRAGMA index_info("{name}")')): name for name in names}


def tell(path: Path) -> None:
    """Write them into a database that does not have them yet. Connections that are opened afterwards go by them."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        wanted = {
            (table, name, ROWS[table][columns])
            for table in ROWS
            for columns, name in indexes(connection, table).items()
            if columns in ROWS[table]
        }
        if _known(connection) == wanted:
            return
        connection.execute("ANALYZE sqlite_schema")  # makes the table where there is none, and counts nothing
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM sqlite_stat1")
        connection.executemany("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", sorted(wanted))
        connection.execute("COMMIT")


def _known(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    try:
        return {tuple(row) for row in connection.execute("SELECT tbl, idx, stat FROM sqlite_stat1")}
    except sqlite3.OperationalError:  # nothing was ever told
        return set()


__all__ = ["ROWS", "indexes", "tell"]
