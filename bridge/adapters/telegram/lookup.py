"""Finds out whether a message was sent by forwarding what may be it. See docs/decisions/0021.

Off unless the operator wants it (``look_up_doubt``): nobody has tried it with Telegram itself yet.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

import structlog
from telegram.error import BadRequest, Forbidden, TelegramError

from bridge.adapters.telegram import faults, payload
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.request import FloodControl
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.ports import Doubt, JsonObject, Limited, StateStore, Turn

log = structlog.get_logger()

MOST: Final = 10
"""Messages that are looked at for one that is in doubt."""
_CLOCKS: Final = timedelta(seconds=30)
"""How far Telegram's clock and ours may be apart."""
_FORWARDS: Final = "forwards"
"""The state in which forwards stand that have not been removed yet."""
_CAPTIONED: Final = ("sendPhoto", "sendVideo", "sendAnimation", "sendAudio", "sendVoice", "sendDocument")


class _Seen(Enum):
    OTHERS = auto()
    """Somebody else's: not what is looked for."""
    IT = auto()
    OURS = auto()
    """Ours, and not as it was to be: another send's, or changed on its way."""
    NOTHING = auto()
    """There is none, or it cannot be forwarded: Telegram does not say which."""


def numbered_with(chat: ChatId, configured: Sequence[ChatId]) -> tuple[ChatId, ...]:
    """A supergroup or a channel counts its messages for itself, all its topics together.

    Basic groups and people share one count of the whole bot: they are not searched.
    """
    base = payload.split_chat(chat)[0]
    if not base.startswith("-100"):
        return ()
    topics = [other for other in configured if payload.split_chat(other)[0] == base]
    return tuple(dict.fromkeys((chat, ChatId(base), *topics)))


def alike(one: JsonObject, other: JsonObject) -> bool:
    """By their words alone: a forward does not say which topic it comes from, nor what it answered."""
    return not other or _words(one) == _words(other)


class LookUp:
    """Of one account."""

    def __init__(self, client: Client, account: AccountId, bot: int) -> None:
        self._client, self._account, self._bot = client, account, bot
        self.state: StateStore | None = None
        self._one = asyncio.Lock()
        """Who changes what is noted."""

    async def search(self, doubt: Doubt, turn: Turn) -> RemoteRef | None:
        """See ``core.ports.CanSearch``."""
        try:
            async with self._one:
                return await self._search(doubt, turn)
        except (BadRequest, Forbidden) as error:  # of the chat itself; what one message is answered is seen to below
            raise LookupError("Telegram lets nobody look there") from error
        except TelegramError as error:
            raise ConnectionError(faults.in_words(error)) from None

    async def _search(self, doubt: Doubt, turn: Turn) -> RemoteRef | None:
        await self._remove_forwards(turn)
        wanted = _words(doubt.outgoing.payload)
        if not wanted or doubt.outgoing.payload.get("protect_content"):
            raise LookupError("a message of this kind is not known again by its words")
        chat = payload.address(doubt.outgoing.chat)["chat_id"]
        earlier, later = _numbers(doubt.earlier), _numbers(doubt.later)
        if not earlier:
            raise LookupError("nothing is known of what was there before")
        lowest, highest = max(earlier), min(later, default=None)
        if highest is not None and highest <= lowest:
            raise LookupError("numbers and times are not in the same order: was the clock set?")
        known = _numbers(doubt.known)
        below = lowest + MOST + 1 if highest is None else highest
        candidates = [number for number in range(lowest + 1, below) if number not in known]
        if len(candidates) > MOST:
            raise LookupError("too many messages came there at that time")
        about = await self._client.call("getChat", {"chat_id": chat})
        if isinstance(about, Mapping) and about.get("has_protected_content"):
            raise LookupError("nothing can be forwarded from there")
        try:
            seen = await self._look(candidates, chat, doubt, turn, ends=highest is None)
        except Exception:  # where the program stops, the next search removes them
            await self._remove_forwards(turn)
            raise
        await self._remove_forwards(turn)
        return self._conclude(seen, doubt, settled=highest is not None)

    def _conclude(self, seen: Mapping[int, _Seen], doubt: Doubt, *, settled: bool) -> RemoteRef | None:
        found = [number for number, what in seen.items() if what is _Seen.IT]
        if len(found) > 1:
            raise LookupError("more than one message there may be it")
        if _Seen.OURS in seen.values():  # of a send that is being recorded just now, most likely
            raise BlockingIOError("a message of ours there is not known")
        if found:
            return RemoteRef(self._account, doubt.outgoing.chat, MessageId(str(found[0])))
        if not settled:
            raise BlockingIOError("nothing that came there later is known yet")
        if _Seen.NOTHING in seen.values():
            raise LookupError("not everything that came there can be seen")
        return None

    async def _look(
        self, candidates: Sequence[int], chat: int | str, doubt: Doubt, turn: Turn, *, ends: bool
    ) -> dict[int, _Seen]:
        """``ends``: nothing is known to come after them, and so the first that is not there ends it."""
        seen: dict[int, _Seen] = {}
        for number in candidates:
            params = payload.address(doubt.desk) | {"from_chat_id": chat, "message_id": number}
            try:
                async with turn(doubt.desk):
                    forward = await self._call("forwardMessage", params | {"disable_notification": True})
                    await self._note([*await self._noted(), (doubt.desk, int(forward["message_id"]))])
            except BadRequest:
                seen[number] = _Seen.NOTHING
                if ends:
                    break
                continue
            seen[number] = self._compare(forward, number, chat, doubt)
        return seen

    def _compare(self, forward: Mapping[str, Any], number: int, chat: int | str, doubt: Doubt) -> _Seen:
        origin = forward.get("forward_origin")
        if not isinstance(origin, Mapping):
            return _Seen.OURS
        match origin.get("type"):
            case "user":
                ours = origin.get("sender_user", {}).get("id") == self._bot
            case "channel":
                # Our own post there, or one that somebody forwarded into this chat.
                ours = origin.get("chat", {}).get("id") == chat and origin.get("message_id") == number
            case "chat":
                ours = origin.get("sender_chat", {}).get("id") == chat  # an administrator who remains anonymous
            case _:
                ours = False
        if not ours:
            return _Seen.OTHERS
        at = datetime.fromtimestamp(int(origin.get("date", 0)), UTC)
        in_time = doubt.since - _CLOCKS <= at <= doubt.until + 10 * _CLOCKS
        return _Seen.IT if in_time and _words(doubt.outgoing.payload) == _said(forward) else _Seen.OURS

    # --- leaving nothing behind ---

    async def _noted(self) -> list[tuple[str, int]]:
        try:
            found = json.loads(await self.state.get(_FORWARDS) or "[]") if self.state is not None else []
            return [(str(chat), int(number)) for chat, number in found]
        except (ValueError, TypeError):
            return []

    async def _note(self, forwards: Sequence[tuple[str, int]]) -> None:
        if self.state is None:
            return
        if forwards:
            await self.state.set(_FORWARDS, json.dumps(forwards))
        else:
            await self.state.delete(_FORWARDS)

    async def clean_up(self) -> None:
        """At a start: nobody may ever search again. One call for each desk, before anything else goes out there."""
        try:
            async with self._one:
                await self._remove_forwards(lambda _: nullcontext())
        except Exception as error:
            log.info("telegram.forwards_not_removed", account=self._account, error=type(error).__name__)

    async def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        try:
            return await self._client.call(method, dict(params))
        except FloodControl as error:
            raise Limited(timedelta(seconds=error.seconds)) from None

    async def _remove_forwards(self, turn: Turn) -> None:
        """Those of this time and, after a kill, of the last."""
        left = await self._noted()
        for desk in {chat for chat, _ in left}:
            numbers = [number for chat, number in left if chat == desk]
            where = {"chat_id": payload.address(ChatId(desk))["chat_id"], "message_ids": numbers}
            try:
                async with turn(ChatId(desk)):
                    await self._call("deleteMessages", where)
            except (BadRequest, Forbidden):  # somebody else was quicker, or the chat is gone
                pass
            except (TelegramError, Limited) as error:  # the next search tries again; what was found stays found
                log.info("telegram.forwards_not_removed", account=self._account, error=type(error).__name__)
                continue
            left = [(chat, number) for chat, number in left if chat != desk]
            await self._note(left)


def _numbers(messages: frozenset[MessageId]) -> set[int]:
    return {int(message) for message in messages if message.isdecimal()}


def _words(frozen: JsonObject) -> str:
    """By which a message is known again; empty where it has none, or becomes several."""
    method = str(frozen.get("method"))
    field = "text" if method == "sendMessage" else "caption" if method in _CAPTIONED else ""
    return str(frozen.get(field) or "").strip()


def _said(message: Mapping[str, Any]) -> str:
    return str(message.get("text") or message.get("caption") or "").strip()
