"""The archive's pages are found through an index, however many posts there are."""

from pathlib import Path

from tortoise import Tortoise

from bridge.storage import database

_ENTRIES = "SELECT {} FROM archive_entry WHERE {} AND published_at <= '2026-03-01' "
_NEWEST = "ORDER BY published_at DESC, id DESC LIMIT 21"
LOOK_UPS = {
    _ENTRIES.format("*", "community = 'a' AND everywhere = 1") + _NEWEST: "published_at<?",
    _ENTRIES.format("*", "community = 'a'") + _NEWEST: "published_at<?",
    _ENTRIES.format("COUNT(*)", "community = 'a' AND everywhere = 1"): "published_at<?",
    _ENTRIES.format("*", "theme_id = 5 AND everywhere = 1") + _NEWEST: "theme_id=?",
    "SELECT * FROM archive_entry WHERE thread_id = 5 AND id > 3 ORDER BY id LIMIT 1000": "thread_id=?",
    "SELECT * FROM personal_link WHERE selector = 'a'": "selector=?",
}
"""And what the index must have been asked for. PostgreSQL reads small tables whole, whatever indexes they have."""


async def test_pages_are_found_through_an_index(tmp_path: Path) -> None:
    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    try:
        for query, by in LOOK_UPS.items():
            plan = await Tortoise.get_connection("sqlite").execute_query_dict(f"EXPLAIN QUERY PLAN {query}")
            (step,) = [str(dict(row)["detail"]) for row in plan]  # a second one would sort what was found
            assert step.startswith("SEARCH"), (query, step)
            assert by in step, (query, step)
    finally:
        await database.close_database()
