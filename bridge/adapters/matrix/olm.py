"""The device's own keys, and the secret line to every other device: https://spec.matrix.org/latest/client-server-api/

(Section "m.olm.v1.curve25519-aes-sha2".) Room keys come and go through these lines. No network here.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vodozemac import Account, AnyOlmMessage, Curve25519PublicKey, Session

from bridge.adapters.matrix.bounds import LINES, Bounds
from bridge.adapters.matrix.keystore import PICKLE_KEY, KeyStore
from bridge.adapters.matrix.signing import is_signed, signature_of

OLM, MEGOLM = "m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"
_MAX_SESSIONS = 5
"""Lines kept with one device: it may open new ones, and old messages may still be on their way."""
_ACCOUNT = "account"
_CLAIM = "org.matrix.msc4147.device_keys"


class Unreadable(Exception):
    """A to-device message that cannot be read. ``wedged``: a new line to its sender would help."""

    def __init__(self, reason: str, *, wedged: bool = False) -> None:
        super().__init__(reason)
        self.wedged = wedged


@dataclass(frozen=True, kw_only=True)
class Device:
    """Another device, as its owner's homeserver shows it and as it has signed itself."""

    user: str
    id: str
    curve: str
    ed: str


@dataclass(frozen=True, kw_only=True)
class Whisper:
    """What a device told us, and nobody else."""

    user: str
    curve: str
    ed: str
    kind: str
    content: Mapping[str, Any]
    claimed: str = ""
    """The device's name, where it sent its own signed keys along."""


class Olm:
    """Our device among others."""

    def __init__(self, store: KeyStore, user: str, bounds: Bounds) -> None:
        self._store, self.user, self._bounds = store, user, bounds
        self.device = ""
        self.curve = ""
        self.ed = ""

    async def open(self, device: str) -> None:
        """Come back with the keys of last time, or make some."""
        self.device = device
        kept = await self._store.get(_ACCOUNT)
        account = Account.from_pickle(kept["p"], PICKLE_KEY) if kept else Account()
        self.curve, self.ed = account.curve25519_key.to_base64(), account.ed25519_key.to_base64()
        if not kept:
            self._store.stage(_ACCOUNT, {"p": account.pickle(PICKLE_KEY), "user": self.user, "ed": self.ed})
            await self._store.flush()

    # --- what others must know of us ---

    async def device_keys(self) -> dict[str, Any]:
        account = await self._account()
        keys: dict[str, Any] = {
            "algorithms": [OLM, MEGOLM],
            "device_id": self.device,
            "user_id": self.user,
            "keys": {f"curve25519:{self.device}": self.curve, f"ed25519:{self.device}": self.ed},
        }
        return self._signed(account, keys)

    def _signed(self, account: Account, value: dict[str, Any]) -> dict[str, Any]:
        return {**value, "signatures": {self.user: {f"ed25519:{self.device}": signature_of(account, value)}}}

    async def sign(self, value: Mapping[str, Any]) -> str:
        return signature_of(await self._account(), value)

    async def one_time_keys(self, count: int) -> dict[str, Any]:
        """Keys to publish so that the homeserver has half of what fits; those not known to be published come again."""
        account = await self._account()
        wanted = account.max_number_of_one_time_keys // 2 - count - len(account.one_time_keys)
        if wanted > 0:
            account.generate_one_time_keys(wanted)
            self._stage(account)
            await self._store.flush()
        keys: dict[str, Any] = {}
        for name, key in account.one_time_keys.items():
            keys[f"signed_curve25519:{name}"] = self._signed(account, {"key": key.to_base64()})
        return keys

    async def fallback_key(self) -> dict[str, Any]:
        """A new key to publish for those who find no one-time key left."""
        account = await self._account()
        has_fallback: Any = account  # the library's own stubs do not know of it
        if not has_fallback.fallback_key:  # else one was made and never published
            has_fallback.generate_fallback_key()
            self._stage(account)
            await self._store.flush()
        return {
            f"signed_curve25519:{name}": self._signed(account, {"key": key.to_base64(), "fallback": True})
            for name, key in has_fallback.fallback_key.items()
        }

    async def published(self) -> None:
        account = await self._account()
        account.mark_keys_as_published()
        self._stage(account)
        await self._store.flush()

    # --- lines ---

    async def has_line(self, curve: str) -> bool:
        return bool((await self._store.get(_line(curve))).get("sessions"))

    async def open_line(self, device: Device, one_time_key: str) -> None:
        """Raises ValueError where the key is none."""
        account = await self._account()
        kept = await self._store.get(_line(device.curve))
        session = account.create_outbound_session(
            Curve25519PublicKey.from_base64(device.curve), Curve25519PublicKey.from_base64(one_time_key)
        )
        self._keep_line(device.curve, [session.pickle(PICKLE_KEY), *kept.get("sessions", [])])
        await self._count(device.user, device.curve)

    async def whisper(self, device: Device, kind: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """The content of a to-device event for one device; None without a line. Flush before it is sent."""
        own = await self.device_keys()
        sessions = (await self._store.get(_line(device.curve))).get("sessions", [])
        if not sessions:
            return None
        payload = {
            "sender": self.user,
            "sender_device": self.device,
            "keys": {"ed25519": self.ed},
            "recipient": device.user,
            "recipient_keys": {"ed25519": device.ed},
            "type": kind,
            "content": content,
            # Who reads this may do so when our device is gone: https://github.com/matrix-org/matrix-spec-proposals/pull/4147
            "sender_device_keys": own,
        }
        session = Session.from_pickle(sessions[0], PICKLE_KEY)
        number, body = session.encrypt(json.dumps(payload).encode()).to_parts()
        self._keep_line(device.curve, [session.pickle(PICKLE_KEY), *sessions[1:]])
        await self._count(device.user, device.curve)
        ciphertext = {device.curve: {"type": number, "body": base64.b64encode(body).decode().rstrip("=")}}
        return {"algorithm": OLM, "sender_key": self.curve, "ciphertext": ciphertext}

    async def heard(self, event: Mapping[str, Any]) -> Whisper:
        """Read an ``m.room.encrypted`` to-device event. Raises Unreadable."""
        try:
            content = event["content"]
            if content["algorithm"] != OLM:
                raise Unreadable("an algorithm that is not ours")
            curve, message = content["sender_key"], content["ciphertext"][self.curve]
            sealed = AnyOlmMessage.from_parts(message["type"], _unpadded(message["body"]))
            curve = Curve25519PublicKey.from_base64(curve).to_base64()
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise Unreadable(type(error).__name__) from None
        payload = await self._opened(curve, sealed, str(event.get("sender")))
        try:
            said = json.loads(payload)
            if said["sender"] != event.get("sender") or said["recipient"] != self.user:
                raise Unreadable("it names another sender or recipient")
            if said["recipient_keys"]["ed25519"] != self.ed:
                raise Unreadable("it was meant for another device")
            if not isinstance(said["content"], dict):
                raise Unreadable("not as it should be")
            user, ed = str(said["sender"]), str(said["keys"]["ed25519"])
            claimed = _claimed(said.get("sender_device_keys", said.get(_CLAIM)), user, curve, ed)
            whisper = Whisper(
                user=user, curve=curve, ed=ed, kind=str(said["type"]), content=said["content"], claimed=claimed
            )
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise Unreadable(type(error).__name__) from None
        return whisper

    async def _opened(self, curve: str, sealed: AnyOlmMessage, user: str) -> bytes:
        opening = sealed.to_pre_key()
        kept = await self._account_and_line(curve)
        account, sessions = kept
        for pickle in sessions:
            session = Session.from_pickle(pickle, PICKLE_KEY)
            if opening is not None and not session.session_matches(opening):
                continue
            try:
                payload = session.decrypt(sealed)
            except ValueError:
                continue
            self._keep_line(curve, [session.pickle(PICKLE_KEY), *(other for other in sessions if other is not pickle)])
            await self._count(user, curve)
            return payload
        if opening is None:
            raise Unreadable("no line to its sender fits", wedged=True)
        try:
            session, payload = account.create_inbound_session(Curve25519PublicKey.from_base64(curve), opening)
        except ValueError:
            raise Unreadable("it opens a line with a key we no longer have", wedged=True) from None
        self._stage(account)
        self._keep_line(curve, [session.pickle(PICKLE_KEY), *sessions])
        await self._count(user, curve)
        return payload

    async def _account_and_line(self, curve: str) -> tuple[Account, list[str]]:
        await self._store.get(_line(curve))  # so that nothing is waited for between the two
        account = await self._account()
        return account, (await self._store.get(_line(curve))).get("sessions", [])

    def _keep_line(self, curve: str, sessions: list[str]) -> None:
        self._store.stage(_line(curve), {"sessions": sessions[:_MAX_SESSIONS]})

    async def _count(self, user: str, curve: str) -> None:
        sessions = (await self._store.get(_line(curve))).get("sessions", [])
        await self._bounds.used(LINES, user, _line(curve), sum(map(len, sessions)))

    async def _account(self) -> Account:
        return Account.from_pickle((await self._store.get(_ACCOUNT))["p"], PICKLE_KEY)

    def _stage(self, account: Account) -> None:
        self._store.stage(_ACCOUNT, {"p": account.pickle(PICKLE_KEY), "user": self.user, "ed": self.ed})


def _claimed(keys: object, user: str, curve: str, ed: str) -> str:
    """The name in the keys that a device sent along, "" where it sent none.

    Raises Unreadable where they are not its own.
    """
    if keys is None:
        return ""
    if isinstance(keys, dict) and isinstance(name := keys.get("device_id"), str) and name:
        shown = {f"curve25519:{name}": curve, f"ed25519:{name}": ed}
        held = keys.get("keys")
        same = isinstance(held, dict) and shown.items() <= held.items() and keys.get("user_id") == user
        if same and is_signed(keys, user, name, ed):
            return name
    raise Unreadable("the keys that it sent along are not its own")


def fingerprint(key: str) -> str:
    """A device's key as clients show it: in groups of four."""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def _line(curve: str) -> str:
    return f"line:{curve}"


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
