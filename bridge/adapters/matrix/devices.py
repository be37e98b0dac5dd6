"""The devices of the people we write to: asked for once, and again when the homeserver says that they changed."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import structlog

from bridge.adapters.matrix.client import CLIENT, TROUBLE, HomeServer
from bridge.adapters.matrix.keystore import KeyStore
from bridge.adapters.matrix.olm import MEGOLM, Device
from bridge.adapters.matrix.signing import is_signed
from bridge.core.clock import Clock

_log = structlog.get_logger(__name__)
_AT_ONCE = 100
_MAX_DEVICES = 200
_MAX_GONE = 50
_AGAIN_SECONDS = 300.0
"""How long a homeserver that did not answer is left alone: its users get the room's key when it does."""


class Devices:
    """Who has which devices."""

    def __init__(self, store: KeyStore, server: HomeServer, clock: Clock) -> None:
        self._store, self._server, self._clock = store, server, clock
        self._changes: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._counter = itertools.count(1)

    async def changed(self, users: Iterable[str]) -> None:
        """These users' devices are other ones now. Staged: flush before the stream goes on."""
        for user in users:
            known = await self._store.get(_name(user))
            self._changes[user] = next(self._counter)
            self._not_before.pop(user, None)
            if known:
                self._store.stage(_name(user), {**known, "stale": True})

    async def known(self, user: str) -> list[Device]:
        """What was last seen of a user's devices."""
        kept = (await self._store.get(_name(user))).get("devices", {})
        return [Device(user=user, id=name, curve=keys[0], ed=keys[1]) for name, keys in kept.items()]

    async def gone(self, user: str) -> list[list[str]]:
        """The keys of devices that the user had: what they wrote before they went is theirs."""
        return list((await self._store.get(_name(user))).get("gone", []))

    async def is_known(self, user: str) -> bool:
        """Has the user's homeserver answered since something changed?"""
        kept = await self._store.get(_name(user))
        return bool(kept) and not kept.get("stale")

    async def of(self, users: Iterable[str]) -> list[Device]:
        """All devices of these users, asking for those that are not known. Raises what the client raises."""
        wanted = list(dict.fromkeys(users))
        now = self._clock.monotonic()
        asked = []
        for user in wanted:
            kept = await self._store.get(_name(user))
            if (not kept or kept.get("stale")) and self._not_before.get(user, now) <= now:
                asked.append(user)
        for at in range(0, len(asked), _AT_ONCE):
            await self._ask(asked[at : at + _AT_ONCE])
        return [device for user in wanted for device in await self.known(user)]

    async def _ask(self, users: list[str]) -> None:
        before = {user: self._changes.get(user) for user in users}
        body = {"device_keys": {user: [] for user in users}, "timeout": 10_000}
        answer = await self._server.call("POST", f"{CLIENT}/v3/keys/query", body)
        found = answer.get("device_keys")
        for user in users:
            devices = found.get(user) if isinstance(found, dict) else None
            if not isinstance(devices, dict):
                self._not_before[user] = self._clock.monotonic() + _AGAIN_SECONDS
                continue
            kept = await self._store.get(_name(user))
            known = kept.get("devices", {})
            seen = self._sound(user, devices, known)
            gone = [*kept.get("gone", []), *(keys for name, keys in known.items() if name not in seen)]
            stale = self._changes.get(user) != before[user]
            self._store.stage(_name(user), {"devices": seen, "gone": gone[-_MAX_GONE:], "stale": stale})
        await self._store.flush()

    def _sound(self, user: str, devices: Mapping[str, Any], kept: Mapping[str, list[str]]) -> dict[str, list[str]]:
        """Those that are what they say, and are still what they said before."""
        seen: dict[str, list[str]] = {}
        for name, keys in itertools.islice(devices.items(), _MAX_DEVICES):
            try:
                curve, ed = keys["keys"][f"curve25519:{name}"], keys["keys"][f"ed25519:{name}"]
                own = keys["user_id"] == user and keys["device_id"] == name and MEGOLM in keys["algorithms"]
            except (KeyError, TypeError):
                continue
            if not own or not isinstance(curve, str) or not is_signed(keys, user, name, ed):
                _log.warning("device_not_signed", user=user)
            elif name in kept and kept[name][1] != ed:  # the key is what a device is
                _log.warning("device_changed_its_key", user=user)
            else:
                seen[name] = [curve, ed]
        return seen

    async def claim(self, devices: Iterable[Device]) -> dict[tuple[str, str], str]:
        """A one-time key for each of these devices that has one left: (user, device) -> key."""
        wanted: dict[str, dict[str, str]] = {}
        by_name = {(device.user, device.id): device for device in devices}
        for user, name in by_name:
            wanted.setdefault(user, {})[name] = "signed_curve25519"
        if not wanted:
            return {}
        try:
            body = {"one_time_keys": wanted, "timeout": 10_000}
            answer = await self._server.call("POST", f"{CLIENT}/v3/keys/claim", body)
        except TROUBLE as error:
            _log.warning("keys_not_claimed", reason=type(error).__name__)
            return {}
        found: dict[tuple[str, str], str] = {}
        for (user, name), device in by_name.items():
            try:
                key = next(iter(answer["one_time_keys"][user][name].values()))
            except (KeyError, TypeError, AttributeError, StopIteration):
                continue
            if isinstance(key, dict) and isinstance(key.get("key"), str) and is_signed(key, user, name, device.ed):
                found[user, name] = key["key"]
        return found


def _name(user: str) -> str:
    return f"user:{user}"
