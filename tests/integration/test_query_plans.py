"""The look-ups that are made for every single event find what they seek through an index, however long the tables."""

from pathlib import Path

from tortoise import Tortoise

from bridge.storage import database

_ENTRIES = "SELECT {} FROM archive_entry WHERE {} AND published_at <= '2026-03-01' "
_NEWEST = "ORDER BY published_at DESC, id DESC LIMIT 21"
LOOK_UPS = {
    "SELECT * FROM delivery WHERE target_id = 5 AND state = 'delivered' ORDER BY id DESC": "target_id=?",
    "SELECT * FROM delivery WHERE account = 'a' AND remote_chat = 'b' AND message = 'c'": "message=?",
    "SELECT * FROM delivery_message WHERE account = 'a' AND chat = 'b' AND message = 'c'": "message=?",
    "SELECT * FROM source WHERE submission_id = 5 ORDER BY id": "submission_id=?",
    "SELECT * FROM inbox WHERE account = 'a' AND chat = 'b' ORDER BY id DESC LIMIT 50": "chat=?",
    "SELECT * FROM reaction WHERE post_id = 5": "post_id=?",
    "SELECT * FROM reaction WHERE account = 'a' AND chat = 'b' AND event = 'c'": "event=?",
    _ENTRIES.format("*", "community = 'a' AND everywhere = 1") + _NEWEST: "published_at<?",
    _ENTRIES.format("*", "community = 'a'") + _NEWEST: "published_at<?",
    _ENTRIES.format("COUNT(*)", "community = 'a' AND everywhere = 1"): "published_at<?",
    _ENTRIES.format("*", "theme_id = 5 AND everywhere = 1") + _NEWEST: "theme_id=?",
    "SELECT * FROM archive_entry WHERE thread_id = 5 AND id > 3 ORDER BY id LIMIT 1000": "thread_id=?",
    "SELECT * FROM personal_link WHERE selector = 'a'": "selector=?",
}
"""And what the index must have been asked for. PostgreSQL reads small tables whole, whatever indexes they have."""


async def test_what_is_looked_up_for_every_event_is_found_through_an_index(tmp_path: Path) -> None:
    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    try:
        for query, by in LOOK_UPS.items():
            plan = await Tortoise.get_connection("sqlite").execute_query_dict(f"EXPLAIN QUERY PLAN {query}")
            (step,) = [str(dict(row)["detail"]) for row in plan]  # a second one would sort what was found
            assert step.startswith("SEARCH"), (query, step)
            assert by in step, (query, step)
    finally:
        await database.close_database()
