"""The device's own keys, and the secret line to every other device: https://spec.matrix.org/latest/client-server-api/

(Section "m.olm.v1.curve25519-aes-sha2".) Room keys come and go through these lines. No network here.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vodozemac import Account, AnyOlmMessage, Curve25519PublicKey, Session

from bridge.adapters.matrix.keystore import PICKLE_KEY, KeyStore
from bridge.adapters.matrix.signing import signature_of

OLM, MEGOLM = "m.olm.v1.curve25519-aes-sha2", "m.megolm.v1.aes-sha2"
_MAX_SESSIONS = 5
"""Lines kept with one device: it may open new ones, and old messages may still be on their way."""
_ACCOUNT = "account"


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


class Olm:
    """Our device among others."""

    def __init__(self, store: KeyStore, user: str) -> None:
        self._store, self.user = store, user
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
        keys["signatures"] = {self.user: {f"ed25519:{self.device}": signature_of(account, keys)}}
        return keys

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
            signed: dict[str, Any] = {"key": key.to_base64()}
            signed["signatures"] = {self.user: {f"ed25519:{self.device}": signature_of(account, signed)}}
            keys[f"signed_curve25519:{name}"] = signed
        return keys

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

    async def whisper(self, device: Device, kind: str, content: Mapping[str, Any]) -> dict[str, Any] | None:
        """The content of a to-device event for one device; None without a line. Flush before it is sent."""
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
        }
        session = Session.from_pickle(sessions[0], PICKLE_KEY)
        number, body = session.encrypt(json.dumps(payload).encode()).to_parts()
        self._keep_line(device.curve, [session.pickle(PICKLE_KEY), *sessions[1:]])
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
            Curve25519PublicKey.from_base64(curve)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as error:
            raise Unreadable(type(error).__name__) from None
        payload = await self._opened(curve, sealed)
        try:
            said = json.loads(payload)
            if said["sender"] != event.get("sender") or said["recipient"] != self.user:
                raise Unreadable("it names another sender or recipient")
            if said["recipient_keys"]["ed25519"] != self.ed:
                raise Unreadable("it was meant for another device")
            if not isinstance(said["content"], dict):
                raise Unreadable("not as it should be")
            whisper = Whisper(
                user=said["sender"],
                curve=curve,
                ed=str(said["keys"]["ed25519"]),
                kind=str(said["type"]),
                content=said["content"],
            )
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise Unreadable(type(error).__name__) from None
        return whisper

    async def _opened(self, curve: str, sealed: AnyOlmMessage) -> bytes:
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
            return payload
        if opening is None:
            raise Unreadable("no line to its sender fits", wedged=True)
        try:
            session, payload = account.create_inbound_session(Curve25519PublicKey.from_base64(curve), opening)
        except ValueError:
            raise Unreadable("it opens a line with a key we no longer have", wedged=True) from None
        self._stage(account)
        self._keep_line(curve, [session.pickle(PICKLE_KEY), *sessions])
        return payload

    async def _account_and_line(self, curve: str) -> tuple[Account, list[str]]:
        await self._store.get(_line(curve))  # so that nothing is waited for between the two
        account = await self._account()
        return account, (await self._store.get(_line(curve))).get("sessions", [])

    def _keep_line(self, curve: str, sessions: list[str]) -> None:
        self._store.stage(_line(curve), {"sessions": sessions[:_MAX_SESSIONS]})

    async def _account(self) -> Account:
        return Account.from_pickle((await self._store.get(_ACCOUNT))["p"], PICKLE_KEY)

    def _stage(self, account: Account) -> None:
        self._store.stage(_ACCOUNT, {"p": account.pickle(PICKLE_KEY), "user": self.user, "ed": self.ed})


def fingerprint(key: str) -> str:
    """A device's key as clients show it: in groups of four."""
    return " ".join(key[at : at + 4] for at in range(0, len(key), 4))


def _line(curve: str) -> str:
    return f"line:{curve}"


def _unpadded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
