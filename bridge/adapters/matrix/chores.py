"""What keys need beside the sync: one-time keys, lines that broke, keys that did not come, owners to be ascertained."""

import asyncio
import contextlib
import uuid
from collections.abc import Mapping
from typing import Any

import structlog

from bridge.adapters.matrix.client import CLIENT, TROUBLE, Answer
from bridge.adapters.matrix.devices import Devices
from bridge.adapters.matrix.keystore import KeyStore
from bridge.adapters.matrix.olm import MEGOLM, Olm
from bridge.adapters.matrix.owners import Owners
from bridge.adapters.matrix.session import Session
from bridge.adapters.matrix.verification import Declined
from bridge.core.clock import Clock
from bridge.core.errors import StorageUnavailable

_log = structlog.get_logger(__name__)
_REOPEN_SECONDS = 3600.0
"""How often at most a broken line to a device is opened anew."""
_MAX_CHORES = 20
_MAX_REOPENED = 1_000
_MAX_PROVEN = 1_000
_ALGORITHM = "signed_curve25519"


class Chores:
    """Done in a task of their own, so that nothing waits for them. What fails is tried after the next sync."""

    def __init__(
        self,
        clock: Clock,
        session: Session,
        store: KeyStore,
        olm: Olm,
        devices: Devices,
        owners: Owners,
        declined: Declined,
    ) -> None:
        self._clock, self._session, self._store = clock, session, store
        self._olm, self._devices, self._owners, self._declined = olm, devices, owners, declined
        self._reopened: dict[str, float] = {}
        """When a line may be opened anew once more: key of the device -> time, earliest first."""
        self._broken: dict[str, str] = {}
        """Lines to open anew: key of the device -> its user."""
        self._to_ask: dict[str, tuple[str, str]] = {}
        """Room keys to ask for: session -> room and user."""
        self._asked: dict[str, str] = {}
        self._to_prove: dict[str, str] = {}
        """Room keys whose owner could not be ascertained: session -> user."""
        self.proven: set[str] = set()
        """Of those, the ones whose owner's devices are known by now."""
        self._published: int | None = None
        """One-time keys that the homeserver has, where it said so."""
        self._fallback_used = False
        self._task: asyncio.Task[None] | None = None

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    # --- what there is to do ---

    def told(self, answer: Mapping[str, Any]) -> None:
        """What a sync answer says of our own keys."""
        counts, unused = answer.get("device_one_time_keys_count"), answer.get("device_unused_fallback_key_types")
        if isinstance(counts, Mapping):
            self._published = count_of(counts)
        if isinstance(unused, list):  # others have no such keys
            self._fallback_used = _ALGORITHM not in unused

    def wedged(self, curve: str, user: str) -> None:
        """What a device says can no longer be read."""
        again = self._reopened.get(curve)
        if len(self._broken) < _MAX_CHORES and (again is None or again <= self._clock.monotonic()):
            self._broken[curve] = user

    def ask_for(self, session: str, room: str, user: str) -> None:
        """A key has not come: ask the devices of who wrote with it."""
        if session not in self._asked and len(self._to_ask) < _MAX_CHORES:
            self._to_ask[session] = (room, user)

    def asked_of(self, session: str) -> str | None:
        """Whose devices were asked for this key."""
        return self._asked.get(session)

    def prove(self, session: str, user: str) -> None:
        """Whether this key is its sender's could not be said just now."""
        if len(self._to_prove) < _MAX_PROVEN:
            self._to_prove[session] = user

    def is_proving(self) -> bool:
        """Is it just being asked whose keys are whose?"""
        return bool(self._to_prove) and self._task is not None and not self._task.done()

    def begin(self) -> None:
        """Do what there is to do."""
        low = self._published is not None and self._published < 20
        waits = low or self._fallback_used or self._broken or self._to_ask or self._to_prove or self._declined
        if waits and (self._task is None or self._task.done()):
            self._task = asyncio.create_task(self._work(), name="matrix keys")

    # --- doing it ---

    async def _work(self) -> None:
        for chore in (self._publish, self._ask_all, self._reopen_all, self._prove_all, self._declined.say):
            try:
                await chore()
            except (*TROUBLE, StorageUnavailable) as error:
                _log.warning("keys_not_cared_for", reason=type(error).__name__)

    async def _publish(self) -> None:
        if self._published is not None:
            count, self._published = self._published, None
            await self.top_up(count)
        if self._fallback_used:
            await self.upload({"fallback_keys": await self._olm.fallback_key()})
            self._fallback_used = False
            await self._olm.published()
            _log.info("fallback_key_published")

    async def _ask_all(self) -> None:
        while self._to_ask:
            session = next(iter(self._to_ask))
            await self._ask(session, *self._to_ask[session])
            self._to_ask.pop(session, None)

    async def _reopen_all(self) -> None:
        while self._broken:
            curve, user = next(iter(self._broken.items()))
            del self._broken[curve]
            await self._reopen(curve, user)

    async def _prove_all(self) -> None:
        for user in dict.fromkeys(self._to_prove.values()):
            await self._devices.of([user])
            if await self._devices.is_known(user):
                self._owners.answered(user)
                found = {session for session, of in self._to_prove.items() if of == user}
                self.proven |= found
                for session in found:
                    del self._to_prove[session]

    async def _ask(self, session: str, room: str, user: str) -> None:
        self._asked[session] = user
        while len(self._asked) > 50 * _MAX_CHORES:
            del self._asked[next(iter(self._asked))]
        body = {"algorithm": MEGOLM, "room_id": room, "session_id": session, "sender_key": ""}
        request = {
            "action": "request",
            "requesting_device_id": self._olm.device,
            "request_id": uuid.uuid4().hex,
            "body": body,
        }
        await self._session.to_device("m.room_key_request", {user: {"*": request}})

    async def _reopen(self, curve: str, user: str) -> None:
        device = next((d for d in await self._devices.of([user]) if d.curve == curve), None)
        if device is None:
            return
        self._reopened.pop(curve, None)
        self._reopened[curve] = self._clock.monotonic() + _REOPEN_SECONDS
        while len(self._reopened) > _MAX_REOPENED:
            del self._reopened[next(iter(self._reopened))]
        for name, key in (await self._devices.claim([device])).items():
            with contextlib.suppress(ValueError):
                await self._olm.open_line(device, key)
                content = await self._olm.whisper(device, "m.dummy", {})
                await self._store.flush()
                if content is not None:
                    await self._session.to_device("m.room.encrypted", {name[0]: {name[1]: content}})

    # --- one-time keys ---

    async def upload(self, body: Mapping[str, object]) -> dict[str, Any]:
        return await self._session.server.call("POST", f"{CLIENT}/v3/keys/upload", body)

    async def top_up(self, count: int) -> None:
        """See that the homeserver has one-time keys enough."""
        keys = await self._olm.one_time_keys(count)
        if keys:
            try:
                answer = await self.upload({"one_time_keys": keys})
            except Answer as refusal:
                if refusal.status != 400:
                    raise
                # Others of these names are there already: the database came back from a backup. Go on behind them.
                await self._olm.published()
                _log.warning("one_time_keys_refused", answer=str(refusal))
                self._published = count
                return
            await self._olm.published()
            _log.info("one_time_keys_published", keys=count_of(answer.get("one_time_key_counts")))


def count_of(counts: object) -> int:
    """The one-time keys of which a homeserver tells."""
    number = counts.get(_ALGORITHM) if isinstance(counts, Mapping) else None
    return number if isinstance(number, int) else 0
