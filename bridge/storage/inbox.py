"""The inbox: events are committed here, with the adapter's cursor, before the platform hears that we have them."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg.exceptions
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError
from tortoise.functions import Min

from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable
from bridge.core.events import (
    ButtonPressed,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Reacted,
    Sender,
    Unreadable,
)
from bridge.core.ids import AccountId, Address, MessageId, RemoteRef, UserRef
from bridge.core.states import INBOX, InboxState, InboxStep
from bridge.core.text import RichText
from bridge.storage import codec, lookup
from bridge.storage.bells import inbox_bell
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.fitting import fitted, shortened
from bridge.storage.leases import Held
from bridge.storage.models import AdapterState, Inbox
from bridge.storage.moves import bring_stragglers_along, know_as, move_chat, origin, resolve
from bridge.storage.reads import Reads

if TYPE_CHECKING:
    from tortoise.queryset import QuerySet

MAX_ATTEMPTS = 8
_MAX_RAW = 256 * 1024
"""Bytes of a platform's own JSON kept per event."""
_SLICE = 500
AGAIN = "again+"
"""How the keys of events begin that are handled once more."""
ECHO = "echo"
"""Noted of a reaction or a vote that was counted."""
_LATELY = 50
"""Events of a chat that are looked through for a person."""


def _scrubbed(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def _key(event: InboundEvent) -> str:
    return shortened(event.key)


def _row(event: InboundEvent, now: datetime) -> Inbox:
    event = fitted(event)
    try:
        encoded = codec.dump(codec.EVENT, event)
    except (PydanticSerializationError, ValueError) as error:
        event = Unreadable(
            account=event.account,
            chat=event.chat,
            key=event.key,
            at=event.at,
            reason=f"its text cannot be stored ({type(error).__name__})",
            raw=event.raw,
        )
        encoded = codec.dump(codec.EVENT, replace(event, raw=""))
    return Inbox(
        account=event.account,
        chat=event.chat,
        key=_key(event),
        event=codec.dump(codec.EVENT, replace(event, raw="")) if not isinstance(event, Unreadable) else encoded,
        raw_json=_scrubbed(event.raw)[:_MAX_RAW].replace("\x00", "\ufffd"),
        received_at=event.at,
        due_at=now,
    )


class DurableSink:
    """The sink adapters write to: one commit for the events and the cursor that would acknowledge them."""

    def __init__(self, account: AccountId, clock: Clock, held: Held | None = None) -> None:
        self._account = account
        self._clock = clock
        self._held = held

    async def accept(self, events: Sequence[InboundEvent], *, state: Mapping[str, str] | None = None) -> None:
        now = self._clock.now()
        async with transaction():
            await _fenced(self._account, self._held)
            for event in events:
                if await lookup.first(Inbox, account=event.account, key=_key(event)) is None:
                    await _row(event, now).save()
            for key, value in (state or {}).items():
                await _set_state(self._account, key, value)
            if events:
                inbox_bell.ring_after_commit()


async def _fenced(account: AccountId, held: Held | None) -> None:
    """An adapter whose account is another program's by now changes nothing: not its cursor, not its keys."""
    if held is not None and account not in await held.confirm({account}):
        raise StorageUnavailable(f"another program has the account {account}")


async def _set_state(account: AccountId, key: str, value: str) -> None:
    key = shortened(key)
    if not await AdapterState.filter(account=account, key=key).update(value=value):
        await AdapterState.create(account=account, key=key, value=value)


class DurableState:
    """An adapter's own values, in the database. All methods raise StorageUnavailable."""

    def __init__(self, account: AccountId, held: Held | None = None) -> None:
        self._account = account
        self._held = held

    async def get(self, key: str) -> str | None:
        try:
            row = await AdapterState.get_or_none(account=self._account, key=shortened(key))
        # A server that is shutting down or turns connections away says so in many classes.
        except (*UNAVAILABLE, asyncpg.exceptions.PostgresError) as error:
            raise StorageUnavailable(f"the database cannot be read now ({type(error).__name__})") from error
        return None if row is None else row.value

    async def set(self, key: str, value: str) -> None:
        async with transaction():
            await _fenced(self._account, self._held)
            await _set_state(self._account, key, value)

    async def delete(self, key: str) -> None:
        async with transaction():
            await _fenced(self._account, self._held)
            await AdapterState.filter(account=self._account, key=shortened(key)).delete()


def _new(reads: Reads | None) -> "QuerySet[Inbox]":
    rows = Inbox.filter(state=InboxState.NEW)
    return rows if reads is None else reads.of(rows)


async def take(
    now: datetime, *, busy: set[tuple[str, str]], limit: int = 64, reads: Reads | None = None
) -> list[Inbox]:
    """The oldest new event of every chat that is not being worked on: order is kept per chat.

    However many chats wait for their postponed events, they keep nobody behind them waiting.
    """
    heads = (
        await _new(reads)
        .annotate(head=Min("id"))
        .group_by("account", "chat")
        .order_by("head")
        .values_list("head", "account", "chat")
    )
    free = [head for head, account, chat in heads if (account, chat) not in busy]
    ready: list[Inbox] = []
    for start in range(0, len(free), _SLICE):
        ready += (
            await Inbox.filter(id__in=free[start : start + _SLICE], due_at__lte=now)
            .order_by("id")
            .limit(limit - len(ready))
        )
        if len(ready) >= limit:
            break
    return ready


async def following(row: Inbox, now: datetime) -> Inbox | None:
    """The event after one that is settled, in the same chat; None where none is ready to be handled.

    Looked for by its place alone: by their state, all that waits in other chats would be gone through.
    """
    found = await lookup.first(Inbox, account=row.account, chat=row.chat, after=row.id, order="id")
    return found if found is not None and found.state == InboxState.NEW and found.due_at <= now else None


async def next_due(now: datetime, reads: Reads | None = None) -> datetime | None:
    """When the next postponed event wants to be tried."""
    row = await _new(reads).filter(due_at__gt=now).order_by("due_at").first()
    return None if row is None else row.due_at


async def _step(row: Inbox, step: InboxStep, note: str = "") -> bool:
    changed = await Inbox.filter(id=row.id, state__in=INBOX.sources(step)).update(state=INBOX.target(step), note=note)
    return changed == 1


async def finish(row: Inbox, note: str = "") -> bool:
    """Mark an event done; part of the transaction that holds its effects. False where somebody already did."""
    return await _step(row, InboxStep.FINISH, note)


async def postpone(row: Inbox, now: datetime, note: str) -> bool:
    """Try an event again later, with growing pauses; after eight times it is parked for a person (returns False)."""
    async with transaction():
        if row.attempts + 1 >= MAX_ATTEMPTS:
            await _step(row, InboxStep.PARK, note)
            return False
        pause = timedelta(seconds=min(600, 2**row.attempts))
        await Inbox.filter(id=row.id, state=InboxState.NEW).update(
            attempts=row.attempts + 1, due_at=now + pause, note=note
        )
    return True


async def empty(row: Inbox) -> None:
    """Keep no word of an event; its row stays, so that it is recognised when it comes again."""
    await Inbox.filter(id=row.id).update(event="{}", raw_json="")


async def wait(row: Inbox, until: datetime) -> None:
    """Look at an event again a moment later; nothing failed."""
    async with transaction():
        await Inbox.filter(id=row.id, state=InboxState.NEW).update(due_at=until)


async def park(row: Inbox, note: str) -> None:
    """Put an event aside for a person; everything behind it goes on."""
    async with transaction():
        await _step(row, InboxStep.PARK, note)


async def before_edit(event: MessageDeleted) -> MessageEdited | None:
    """What a message says once the edit that ``event`` takes away is gone; None where it was none, or no more counts.

    The edit comes back with the words of before.
    """
    words = json.dumps(event.ref.message, ensure_ascii=False)
    said = await _mentioning(event.ref.address, words)
    edit = next((e for e in said if isinstance(e, MessageEdited) and e.edit == event.ref.message), None)
    if edit is None:
        return None
    history = await _mentioning(event.ref.address, json.dumps(edit.ref.message, ensure_ascii=False))
    for earlier in history:  # newest first
        if isinstance(earlier, MessageEdited) and earlier.ref == edit.ref and earlier.sender.ref == edit.sender.ref:
            if earlier.edit != edit.edit and earlier.edit and not await _taken_away(edit, earlier.edit):
                return replace(edit, text=earlier.text, files=earlier.files, uncarried=earlier.uncarried)
        elif isinstance(earlier, MessagePosted) and earlier.ref == edit.ref:
            return replace(edit, text=earlier.text, files=earlier.files, uncarried=earlier.uncarried)
    return None


async def _taken_away(edit: MessageEdited, message: MessageId) -> bool:
    """By its author."""
    ref, author = replace(edit.ref, message=message), edit.sender.ref
    return any(
        isinstance(event, MessageDeleted)
        and event.ref == ref
        and event.sender is not None
        and event.sender.ref == author
        for event in await _mentioning(ref.address, json.dumps(message, ensure_ascii=False))
    )


async def sender_of(ref: RemoteRef) -> Sender | None:
    """Who wrote a message, where it came by lately: what people write is not kept for ever."""
    for event in await _mentioning(ref.address, json.dumps(ref.message, ensure_ascii=False)):
        if isinstance(event, MessagePosted) and event.ref == ref:
            return event.sender
    return None


async def texts_of(ref: RemoteRef) -> list[RichText]:
    """What a message has said since it was written, newest first, where that came by lately."""
    found = await _mentioning(ref.address, json.dumps(ref.message, ensure_ascii=False))
    return [event.text for event in found if isinstance(event, MessagePosted | MessageEdited) and event.ref == ref]


async def senders_called(address: Address, handle: str) -> list[Sender]:
    """Who lately wrote or pressed something in a chat under a handle, such as @amina."""
    found: dict[UserRef, Sender] = {}
    for event in await _mentioning(address, json.dumps(handle, ensure_ascii=False)):
        if isinstance(event, MessagePosted | ButtonPressed | Reacted):
            sender = event.sender
            if sender.handle.casefold() == handle.casefold():
                found.setdefault(sender.ref, sender)
    return list(found.values())


async def _mentioning(address: Address, words: str) -> list[InboundEvent]:
    """The newest events of a chat whose JSON holds some words; those that this version cannot read are left out."""
    rows = Inbox.filter(account=address.account, chat=address.chat, event__icontains=words)
    found: list[InboundEvent] = []
    for row in await rows.order_by("-id").limit(_LATELY):
        with suppress(ValidationError):
            found.append(codec.load(codec.EVENT, row.event))
    return found


async def event_of(event_id: int) -> InboundEvent | None:
    """What an event that is kept says; None where nothing of it is."""
    row = await Inbox.get_or_none(id=event_id)
    return None if row is None or row.event == "{}" else codec.load(codec.EVENT, row.event)


async def reword(event_id: int, event: InboundEvent) -> None:
    """An event that waits says something else now."""
    await Inbox.filter(id=event_id).update(event=codec.dump(codec.EVENT, event), raw_json=event.raw)


async def forget(event_id: int) -> None:
    """An event that waits is taken back; see ``empty``."""
    await Inbox.filter(id=event_id).update(event="{}", raw_json="")


async def again(event_id: int, now: datetime) -> None:
    """Handle an event once more: its sender has said what was missing."""
    row = await Inbox.get_or_none(id=event_id)
    if row is None or row.event == "{}":
        return
    key = f"{AGAIN}{row.id}"
    if not await Inbox.exists(account=row.account, key=key):
        await Inbox.create(
            account=row.account,
            chat=row.chat,
            key=key,
            event=row.event,
            raw_json=row.raw_json,
            received_at=row.received_at,
            due_at=now,
        )
        inbox_bell.ring_after_commit()


__all__ = [
    "AGAIN",
    "ECHO",
    "MAX_ATTEMPTS",
    "DurableSink",
    "DurableState",
    "again",
    "before_edit",
    "bring_stragglers_along",
    "empty",
    "event_of",
    "finish",
    "following",
    "forget",
    "know_as",
    "move_chat",
    "next_due",
    "origin",
    "park",
    "postpone",
    "resolve",
    "reword",
    "sender_of",
    "senders_called",
    "take",
    "texts_of",
    "wait",
]
