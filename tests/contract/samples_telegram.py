"""Updates as no app writes them, and what Telegram has besides text and files."""

from collections.abc import Mapping
from typing import Any

from bridge.core.message import UncarriedKind
from tests.contract.harness import PERSONAL

DEEP: Any = {}
for _ in range(200):
    DEEP = {"reply_to_message": DEEP}
GARBAGE: tuple[dict[str, Any], ...] = (
    {"message": {}},
    {"message": "no object"},
    {"message": {"message_id": "7", "chat": {"id": -1, "type": "group"}, "date": 1, "text": "an id in words"}},
    {"message": {"message_id": 7, "chat": {"id": "x", "type": "group"}, "date": 1, "text": "hello"}},
    {"message": {"message_id": 8, "chat": {"id": -1, "type": "group"}, "from": {"id": None}, "text": "nobody"}},
    {"message": {"message_id": 9, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": {"not": "text"}}},
    {"message": {"message_id": 10, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": "half \ud83d"}},
    {
        "message": {
            "message_id": 11,
            "chat": {"id": -1, "type": "group"},
            "from": {"id": 5},
            "text": "short",
            "entities": [{"type": "bold", "offset": -5, "length": 10**18}, 7, {"type": []}],
        }
    },
    {"message": {"message_id": 12, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "photo": ["x"]}},
    {"message": {"message_id": 13, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "unheard_of": True}},
    {"message": {"message_id": 14, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": "a" * 3_000_000}},
    {"message": {"message_id": 15, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "text": "x", **DEEP}},
    {"an_update_of_tomorrow": {"id": 1}},
    {"callback_query": {"id": 1, "data": []}},
    {"my_chat_member": {"chat": {"id": -1}, "new_chat_member": {}}},
    {"message": {"message_id": 16, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "video": {"file_id": []}}},
    {"message": {"message_id": 17, "chat": {"id": -1, "type": "group"}, "from": {"id": 5}, "poll": {"options": 7}}},
    {"message_reaction": {"chat": {"id": -1}, "message_id": 7, "new_reaction": "x"}},
    {"message_reaction_count": {"chat": {"id": -1}, "message_id": 7, "reactions": [{"total_count": "many"}]}},
    {"poll": {"id": 5, "options": []}},
    {"poll_answer": {"poll_id": "5"}},
    {},
)


POINT = {"latitude": -1.28333, "longitude": 36.81667}
OTHERS: Mapping[UncarriedKind, tuple[str, dict[str, Any]]] = {
    UncarriedKind.LOCATION: ("location", POINT),
    UncarriedKind.LIVE_LOCATION: ("location", {**POINT, "live_period": 900}),
    UncarriedKind.VENUE: ("venue", {"location": POINT, "title": f"{PERSONAL}'s clinic", "address": "Main road"}),
    UncarriedKind.CONTACT: ("contact", {"phone_number": "+254700000001", "first_name": PERSONAL}),
    UncarriedKind.POLL: ("poll", {"question": f"Does {PERSONAL} come?", "options": ["Yes", "No"]}),
    UncarriedKind.DICE: ("dice", {"emoji": "🎲", "value": 3}),
    UncarriedKind.GAME: ("game", {"title": f"{PERSONAL}'s game", "description": "Jump", "photo": []}),
    UncarriedKind.CHECKLIST: ("checklist", {"title": f"{PERSONAL} packs", "tasks": [{"id": 1, "text": "Gloves"}]}),
    UncarriedKind.STORY: ("story", {"chat": {"id": -1009, "type": "channel", "title": PERSONAL}, "id": 1}),
    UncarriedKind.GIVEAWAY: (
        "giveaway",
        {
            "chats": [{"id": -1009, "type": "channel", "title": PERSONAL}],
            "winners_selection_date": 1_900_000_000,
            "winner_count": 3,
            "prize_description": "Soap",
        },
    ),
    UncarriedKind.PAID: (
        "invoice",
        {
            "title": f"{PERSONAL}'s bill",
            "description": "",
            "start_parameter": "",
            "currency": "KES",
            "total_amount": 100,
        },
    ),
}
"""Field and value of what is neither text nor a file."""
