"""Whose device gave us a key: compared with the devices that its user has, as their homeserver shows them.

https://spec.matrix.org/latest/client-server-api/#molmv1curve25519-aes-sha2
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.adapters.matrix.client import TROUBLE
from bridge.adapters.matrix.devices import Devices
from bridge.core.clock import Clock

_PATIENCE = 5.0
"""Every room waits with the one whose event needs to know."""
_SILENT_SECONDS = 60.0
"""How long nobody waits for a homeserver that did not answer."""
_AGAIN_SECONDS = 300.0
"""How often at most a user's devices are asked for because one of them is not among them."""
_MOST_ASKED = 1_000


class Unsure(Exception):
    """Nobody can say now: ask later."""


@dataclass(frozen=True)
class Maker:
    """The device that a key says it comes from."""

    user: str
    curve: str
    ed: str
    claimed: str = ""
    """The device's name, where it sent its own signed keys along (MSC4147)."""

    @classmethod
    def loaded(cls, user: str, kept: Mapping[str, Any]) -> "Maker":
        return cls(user, str(kept.get("curve")), str(kept.get("ed")), str(kept.get("claimed", "")))


class Owners:
    """Compares."""

    def __init__(self, devices: Devices, clock: Clock) -> None:
        self._devices, self._clock = devices, clock
        self._looked: dict[str, float] = {}
        self._silent: dict[str, float] = {}

    async def has(self, maker: Maker) -> bool:
        """Is or was that one of the user's devices? Raises Unsure where their homeserver does not say."""
        now = self._clock.monotonic()
        if self._silent.get(maker.user, now) > now:
            raise Unsure
        self._silent.pop(maker.user, None)
        known = await self._devices.is_known(maker.user)
        try:
            async with asyncio.timeout(_PATIENCE):
                if await self._found(maker):
                    return True
                if known and self._may_look_again(maker.user):
                    # A new device's first message may be here before the news of the device.
                    await self._devices.changed([maker.user])
                    return await self._found(maker)
        except TROUBLE:
            if len(self._silent) < _MOST_ASKED:
                self._silent[maker.user] = now + _SILENT_SECONDS
            raise Unsure from None
        if not await self._devices.is_known(maker.user):
            raise Unsure
        return False

    def answered(self, user: str) -> None:
        """Their homeserver did answer, to somebody with more patience."""
        self._silent.pop(user, None)

    async def _found(self, maker: Maker) -> bool:
        keys, listed = [maker.curve, maker.ed], False
        for device in await self._devices.of([maker.user]):
            if [device.curve, device.ed] == keys:
                return True
            listed = listed or device.id == maker.claimed
        if keys in await self._devices.gone(maker.user):
            return True
        # Logged out before we could ask: its own word has to do. Another device of that name refutes it.
        return bool(maker.claimed) and not listed and await self._devices.is_known(maker.user)

    def _may_look_again(self, user: str) -> bool:
        now = self._clock.monotonic()
        for known in [known for known, at in self._looked.items() if at + _AGAIN_SECONDS <= now]:
            del self._looked[known]
        if user in self._looked or len(self._looked) >= _MOST_ASKED:
            return False
        self._looked[user] = now
        return True
