"""How the domain points at an event, and how a person does. Pure."""

from urllib.parse import quote

from bridge.core.ids import MessageId, RemoteRef

_LONGEST = 160
"""Of a private room's id: with an event's it must fit where 255 characters do. Other people's servers choose it."""


def may_be_private(room: str) -> bool:
    """Can its messages be pointed at as those of a private chat?"""
    return len(room) <= _LONGEST


def message_id(event_id: str, private_room: str = "") -> MessageId:
    """How the domain points at an event. In a private chat the id names the room as well: see ``RoomView``."""
    return MessageId(f"{private_room} {event_id}" if private_room else event_id)


def split_message_id(message: str) -> tuple[str, str]:
    """The private room (or empty) and the event id of what ``message_id`` made."""
    room, _, event_id = message.rpartition(" ")
    return room, event_id


def message_link(ref: RemoteRef) -> str | None:
    """``https://matrix.to/#/...``, which asks the reader which app to open; none for what is private."""
    # https://spec.matrix.org/latest/appendices/#matrixto-navigation
    if not ref.chat.startswith("!") or not ref.message.startswith("$"):
        return None
    server = ref.chat.partition(":")[2]
    via = f"?via={quote(server, safe=':')}" if server else ""
    return f"https://matrix.to/#/{quote(ref.chat, safe='!:')}/{quote(ref.message, safe='$:')}{via}"
