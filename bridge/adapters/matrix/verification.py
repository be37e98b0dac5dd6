"""Members who want to compare emoji with the bridge's device: nobody is there to compare, so they are told at once.

An app that is not answered shows its owner a waiting wheel for ten minutes. A device that confirmed by itself would
say that somebody compared, which nobody did: people compare the fingerprint that `baraza check` shows.

https://spec.matrix.org/latest/client-server-api/#key-verification-framework
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import structlog

from bridge.adapters.matrix.client import Answer
from bridge.adapters.matrix.session import Session
from bridge.core.clock import Clock

_log = structlog.get_logger(__name__)
_BEGINNING = "m.key.verification."
_CANCEL = "m.key.verification.cancel"
_CODES = {"m.key.verification.request": "m.user", "m.key.verification.start": "m.unknown_method"}
"""What is answered, and with which of the specification's words."""
_REASON = "A program answers here: there is nobody to compare emoji with. Compare the device's fingerprint."
_FRESH_SECONDS = 600.0
"""Older ones have ended by themselves."""
_MOST, _MOST_OF_ONE = 20, 5
_MOST_REMEMBERED = 500
_ID = 255

Seal = Callable[[str, str, Mapping[str, Any]], Awaitable[tuple[str, dict[str, Any]]]]


@dataclass(frozen=True)
class _Request:
    user: str
    transaction: str
    """Between devices an id of the app's choice; in a room, the event that began it."""
    code: str
    device: str = ""
    room: str = ""


class Declined:
    """Requests to be declined."""

    def __init__(self, clock: Clock, session: Session, seal: Seal) -> None:
        self._clock, self._session, self._seal = clock, session, seal
        self._waiting: list[_Request] = []
        self._seen: dict[tuple[str, str], float] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def between_devices(self, user: object, kind: object, content: object) -> None:
        """A to-device event, in the clear or not."""
        if not isinstance(kind, str) or not kind.startswith(_BEGINNING) or not isinstance(content, Mapping):
            return
        code, transaction, device = _CODES.get(kind), content.get("transaction_id"), content.get("from_device")
        if code is not None and _is_id(user) and _is_id(transaction) and _is_id(device):
            self._take(_Request(user, transaction, code, device=device), content.get("timestamp"))

    def in_room(self, room: str, event: Mapping[str, Any]) -> None:
        """An event of a room, decrypted: apps ask other people there."""
        content, user, identifier = event.get("content"), event.get("sender"), event.get("event_id")
        if event.get("type") != "m.room.message" or not isinstance(content, Mapping):
            return
        kind = content.get("msgtype")
        if not isinstance(kind, str) or kind not in _CODES or content.get("to") != self._session.user:
            return
        if _is_id(user) and user != self._session.user and _is_id(identifier):
            self._take(_Request(user, identifier, _CODES[kind], room=room), event.get("origin_server_ts"))

    def _take(self, request: _Request, sent: object) -> None:
        now = self._clock.monotonic()
        while self._seen and next(iter(self._seen.values())) + _FRESH_SECONDS <= now:
            del self._seen[next(iter(self._seen))]
        key = (request.user, request.transaction)
        age = self._clock.now().timestamp() - sent / 1000 if isinstance(sent, int | float) else 0.0
        if key in self._seen or age > _FRESH_SECONDS or len(self._seen) >= _MOST_REMEMBERED:
            return
        if len(self._waiting) < _MOST and sum(user == request.user for user, _ in self._seen) < _MOST_OF_ONE:
            self._seen[key] = now
            self._waiting.append(request)

    async def say(self) -> None:
        """Raises what the homeserver's client raises, and keeps what was not said."""
        while self._waiting:
            try:
                await self._decline(self._waiting[0])
            except Answer as refusal:
                if refusal.status >= 500 or refusal.status == 429:
                    raise
                _log.warning("verification_not_declined", answer=str(refusal))
            del self._waiting[0]

    async def _decline(self, request: _Request) -> None:
        said: dict[str, Any] = {"code": request.code, "reason": _REASON}
        if not request.room:
            said["transaction_id"] = request.transaction
            await self._session.to_device(_CANCEL, {request.user: {request.device: said}})
        else:
            said["m.relates_to"] = {"rel_type": "m.reference", "event_id": request.transaction}
            kind, content = await self._seal(request.room, _CANCEL, said)
            await self._session.server.put(request.room, kind, content, f"declined {request.transaction}")
        _log.info("verification_declined")


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _ID
