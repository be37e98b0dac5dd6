"""Cross-signing: the account vouches for its own device, without which other clients warn of it or refuse it.

https://spec.matrix.org/latest/client-server-api/#cross-signing
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import structlog
from vodozemac import Account

from bridge.adapters.matrix.client import CLIENT, Answer
from bridge.adapters.matrix.keystore import PICKLE_KEY, KeyStore
from bridge.adapters.matrix.olm import Olm
from bridge.adapters.matrix.session import Session
from bridge.adapters.matrix.signing import is_signed, signature_of
from bridge.core.ports import StateStore

_log = structlog.get_logger(__name__)
_KEYS = "identity"
_ROLES = ("master", "self_signing", "user_signing")


class Standing(StrEnum):
    """How the device stands before others."""

    UNKNOWN = "unknown"
    SIGNED = "signed"
    NOT_PUBLISHED = "not published"
    UNSIGNED = "unsigned"
    """The account has cross-signing keys of another session, and they do not vouch for our device."""
    OTHER_KEYS = "other keys"
    """The homeserver shows other keys for our device than those we have."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What the homeserver shows of our own account."""

    master: str | None
    self_signing: str | None
    device: Mapping[str, Any]


class Identity:
    """The account's own signatures. The keys are Ed25519 keys; vodozemac has those of an account only."""

    def __init__(self, session: Session, olm: Olm) -> None:
        self._session, self._olm = session, olm

    async def open(self, state: StateStore) -> None:
        """See that our device is signed, where that is ours to do. Raises what the homeserver's client raises."""
        seen = await self.seen()
        keys = await self._keys(state, make=seen.master is None)
        if keys is None or (seen.master is not None and seen.master != _public(keys["master"])):
            if self.standing_of(seen) is not Standing.SIGNED:
                _log.warning("device_not_cross_signed", reason="the account has keys of another session")
            return
        if seen.master is None and not await self._publish(keys):
            return
        device = dict(seen.device) or await self._olm.device_keys()
        if self.standing_of(seen) is not Standing.SIGNED:
            await self._sign(keys, device)

    async def standing(self) -> Standing:
        """Raises what the homeserver's client raises."""
        return self.standing_of(await self.seen())

    def standing_of(self, seen: Seen) -> Standing:
        shown = seen.device.get("keys")
        if not isinstance(shown, Mapping):
            return Standing.UNKNOWN
        if shown.get(f"ed25519:{self._olm.device}") != self._olm.ed:
            return Standing.OTHER_KEYS
        if seen.master is None or seen.self_signing is None:
            return Standing.NOT_PUBLISHED
        signed = is_signed(seen.device, self._session.user, seen.self_signing, seen.self_signing)
        return Standing.SIGNED if signed else Standing.UNSIGNED

    async def seen(self) -> Seen:
        user = self._session.user
        answer = await self._session.server.call(
            "POST", f"{CLIENT}/v3/keys/query", {"device_keys": {user: []}, "timeout": 10_000}
        )
        device = _within(answer, "device_keys", user, self._olm.device)
        return Seen(
            master=_key_in(_within(answer, "master_keys", user)),
            self_signing=_key_in(_within(answer, "self_signing_keys", user)),
            device=device,
        )

    async def _keys(self, state: StateStore, *, make: bool) -> dict[str, Account] | None:
        """The account's keys where they are ours. They outlive the device, so they are kept beside it."""
        store = KeyStore()
        store.open(state, self._session.user)
        kept = await store.get(_KEYS)
        if not kept and not make:
            return None
        if not kept:
            kept = {role: Account().pickle(PICKLE_KEY) for role in _ROLES}
            store.stage(_KEYS, kept)
            await store.flush()
        return {role: Account.from_pickle(kept[role], PICKLE_KEY) for role in _ROLES}

    async def _publish(self, keys: Mapping[str, Account]) -> bool:
        user = self._session.user
        body: dict[str, Any] = {}
        for role in _ROLES:
            public = _public(keys[role])
            shown: dict[str, Any] = {"user_id": user, "usage": [role], "keys": {f"ed25519:{public}": public}}
            signer = keys["master"]
            if role == "master":  # by the device, so that it is seen where the keys come from
                signature = {f"ed25519:{self._olm.device}": await self._olm.sign(shown)}
            else:
                signature = {f"ed25519:{_public(signer)}": signature_of(signer, shown)}
            body[f"{role}_key"] = {**shown, "signatures": {user: signature}}
        try:
            await self._session.confirmed("POST", f"{CLIENT}/v3/keys/device_signing/upload", body)
        except Answer as refusal:
            if refusal.status >= 500 or refusal.status == 429:
                raise
            _log.warning("cross_signing_refused", answer=str(refusal))
            return False
        _log.info("cross_signing_published")
        return True

    async def _sign(self, keys: Mapping[str, Account], device: dict[str, Any]) -> None:
        user, signer = self._session.user, keys["self_signing"]
        if not is_signed(device, user, self._olm.device, self._olm.ed):
            device = await self._olm.device_keys()
        bare = {key: entry for key, entry in device.items() if key not in ("signatures", "unsigned")}
        signature = {f"ed25519:{_public(signer)}": signature_of(signer, bare)}
        body = {user: {self._olm.device: {**bare, "signatures": {user: signature}}}}
        answer = await self._session.server.call("POST", f"{CLIENT}/v3/keys/signatures/upload", body)
        if answer.get("failures"):
            _log.warning("device_signature_refused")
        else:
            _log.info("device_cross_signed")


def _public(account: Account) -> str:
    return account.ed25519_key.to_base64()


def _within(value: Any, *path: str) -> Mapping[str, Any]:
    for part in path:
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _key_in(shown: Mapping[str, Any]) -> str | None:
    key = next(iter(_within(shown, "keys").values()), None)
    return key if isinstance(key, str) else None
