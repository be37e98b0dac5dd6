"""The full-text index of the archive: made and kept by the database itself, of ``archive_entry.words``.

The words were folded by us (``core.searching``): the database only has to find them. On SQLite this is an FTS5 table
that triggers keep in the transaction of every change; on PostgreSQL an index over the words as lexemes.
"""

from collections.abc import Sequence

from tortoise.backends.base.client import BaseDBAsyncClient

# Every letter, digit and mark belongs to a word: the vowel signs of Hindi and Bengali are marks.
_HOW = """content_rowid='id', tokenize="unicode61 remove_diacritics 0 categories 'L* N* M* Co'\""""
_ADD = "INSERT INTO archive_fts (rowid, community, words) VALUES (new.id, new.community, new.words);"
_TAKE = (
    "INSERT INTO archive_fts (archive_fts, rowid, community, words) "
    "VALUES ('delete', old.id, old.community, old.words);"
)
SQLITE = (
    f"CREATE VIRTUAL TABLE archive_fts USING fts5(community, words, content='archive_entry', {_HOW})",
    f"CREATE TRIGGER archive_entry_added AFTER INSERT ON archive_entry BEGIN {_ADD} END",
    f"CREATE TRIGGER archive_entry_gone AFTER DELETE ON archive_entry BEGIN {_TAKE} END",
    f"CREATE TRIGGER archive_entry_changed AFTER UPDATE OF community, words ON archive_entry BEGIN {_TAKE} {_ADD} END",
)
_LEXEMES = "array_to_tsvector(string_to_array(nullif(words, ''), ' '))"
POSTGRES = (f"CREATE INDEX archive_entry_words ON archive_entry USING gin ({_LEXEMES})",)
# SQLite reads from the newest match back and stops when the page is full.
_SQLITE_FIND = """
SELECT e.id AS id FROM archive_fts f JOIN archive_entry e ON e.id = f.rowid
WHERE archive_fts MATCH ? AND e.community = ? AND e.published_at <= ? AND f.rowid < ? AND (e.everywhere OR ?)
ORDER BY f.rowid DESC LIMIT ?
"""
# What has the words is found first, by the index: given the choice, a server that has not yet counted its rows reads
# the words of the whole community.
_POSTGRES_FIND = f"""
WITH found AS MATERIALIZED (
    SELECT id, community, published_at, everywhere FROM archive_entry WHERE {_LEXEMES} @@ $1::text::tsquery
)
SELECT id FROM found WHERE community = $2 AND published_at <= $3 AND id < $4 AND (everywhere OR $5)
ORDER BY id DESC LIMIT $6
"""  # noqa: S608 - a constant of ours
_STEP = 64
"""Pages of the index that are joined in one go."""
_PREFIX = 4
"""Letters from which on the beginning of a word is enough: dose finds doses."""


async def create(connection: BaseDBAsyncClient) -> None:
    """Make the index, beside its table."""
    for statement in SQLITE if _is_sqlite(connection) else POSTGRES:
        await connection.execute_query(statement)


async def find(
    connection: BaseDBAsyncClient,
    words: Sequence[str],
    *,
    community: str,
    until: object,
    before: int,
    chosen: bool,
    limit: int,
) -> list[int]:
    """The posts that have all these (folded) words, the last approved first. ``chosen``: also those of some groups."""
    if not words:
        return []
    if _is_sqlite(connection):
        said = " AND ".join(f'"{word}"{"*" if len(word) >= _PREFIX else ""}' for word in words)
        # A phrase finds the community's words wherever they stand in an id: the join looks at the id itself.
        question = f'community : "{community}" AND words : ({said})'
        values = [question, community, str(until), before, chosen, limit]
        rows = await connection.execute_query_dict(_SQLITE_FIND, values)
    else:
        question = " & ".join(f"'{word}'{':*' if len(word) >= _PREFIX else ''}" for word in words)
        rows = await connection.execute_query_dict(_POSTGRES_FIND, [question, community, until, before, chosen, limit])
    return [int(row["id"]) for row in rows]


async def tidy(connection: BaseDBAsyncClient) -> None:
    """Leave nothing in the index of what was removed from its table: FTS5 keeps it until its parts are joined."""
    if not _is_sqlite(connection):
        return
    # In steps: joined in one go, the words of a million posts keep everybody waiting for seconds
    # (https://www.sqlite.org/fts5.html#the_merge_command: negative to begin with, and until hardly anything changes).
    pages, before = -_STEP, -1
    while (changed := await _changes(connection)) - before >= 2 or before < 0:
        before = changed
        await connection.execute_query(f"INSERT INTO archive_fts (archive_fts, rank) VALUES ('merge', {pages})")  # noqa: S608 - a number of ours
        pages = _STEP


async def _changes(connection: BaseDBAsyncClient) -> int:
    return int((await connection.execute_query_dict("SELECT total_changes() AS n"))[0]["n"])


def _is_sqlite(connection: BaseDBAsyncClient) -> bool:
    return connection.capabilities.dialect == "sqlite"


__all__ = ["create", "find", "tidy"]
