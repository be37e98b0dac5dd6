"""Ids that fit in no column: strangers and their servers choose some of them.

What bears one is set aside before it is handled, where it would fail again and again and keep its chat waiting.
"""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256

from bridge.core.events import InboundEvent, MessagePosted, Sender, Unreadable
from bridge.core.ids import ChatId, RemoteRef
from bridge.storage.columns import ID

_IDS = ("chat", "new_chat", "album", "edit", "reaction", "message")


def shortened(name: str) -> str:
    """An id, still one of its own where only its being the same counts."""
    if len(name) <= ID:
        return name
    return f"{name[: ID - 65]}#{sha256(name.encode('utf-8', 'replace')).hexdigest()}"


def fitted(event: InboundEvent) -> InboundEvent:
    """The event where all of its ids can be stored, else what a person is told in its place."""
    if isinstance(event, MessagePosted) and event.reply_to is not None and not _fits(event.reply_to):
        event = replace(event, reply_to=None)  # nothing that is known bears such an id
    if all(len(name) <= ID for name in _ids(event)):
        return event
    return Unreadable(
        account=event.account,
        chat=ChatId(shortened(event.chat)),
        key=event.key,
        at=event.at,
        raw=event.raw,
        reason="an id in it is too long",
    )


def _fits(ref: RemoteRef) -> bool:
    return all(len(name) <= ID for name in (ref.chat, ref.message, ref.part))


def _ids(event: InboundEvent) -> Iterator[str]:
    for name in _IDS:
        if isinstance(value := getattr(event, name, None), str):
            yield value
    if isinstance(ref := getattr(event, "ref", None), RemoteRef):
        yield from (ref.chat, ref.message, ref.part)
    for who in (getattr(event, "sender", None), getattr(event, "actor", None)):
        if isinstance(who, Sender):
            yield from (who.ref.user, who.direct or "")
