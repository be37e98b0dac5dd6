"""`baraza check` for a Matrix account: is it let in, and may it do in every room what the room is used for?"""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.adapters.matrix.client import CLIENT, Answer, NoAnswer, NotSent, quoted
from bridge.adapters.matrix.rooms import Rooms, is_person
from bridge.adapters.matrix.session import Session
from bridge.core.community import Intake
from bridge.core.errors import AccountError
from bridge.core.ports import ChatUse, Finding, Level, StateStore

_ALMIGHTY = 1 << 53
_CREATORS_RULE = frozenset(str(version) for version in range(1, 12))
"""Room versions in which creators have only the power they are given."""


async def check(session: Session, rooms: Rooms, uses: Sequence[ChatUse], state: StateStore) -> list[Finding]:
    """Look at the account and at every chat. Faults become findings."""
    account = session.user
    try:
        await session.server.call("GET", f"{CLIENT}/versions")
    except (NotSent, NoAnswer, Answer) as error:
        mend = "Correct `homeserver`, or start the homeserver, or open the way to it."
        return [_error(account, f"the homeserver does not answer ({error})", mend)]
    try:
        await session.open(state)
        await rooms.resolve()
        joined = set((await session.server.ask(session.server.joined_rooms())).get("joined_rooms", []))
    except AccountError as error:
        return [_error(account, str(error), "Correct the account's section of the configuration.")]
    except (NotSent, NoAnswer, Answer) as error:
        return [_error(account, f"logging in failed ({error})", "Wait a while and check again.")]
    findings = [_ok(account, f"logged in as device {session.server.device_id}")]
    for use in uses:
        try:
            findings += await _Room(session, rooms, use, joined).findings()
        except (NotSent, NoAnswer, Answer) as error:
            findings.append(_error(use.chat, f"could not be looked at ({error})", "Check again."))
    if session.server.throttled:
        findings.append(
            _ok(
                account,
                "the homeserver told us to slow down: posts will wait for it. Its administrator can lift the limit for "
                "this account (Synapse: the admin API's override_ratelimit)",
            )
        )
    return findings


class _Room:
    def __init__(self, session: Session, rooms: Rooms, use: ChatUse, joined: set[str]) -> None:
        self._server, self._user, self._rooms = session.server, session.user, rooms
        self._use, self._joined = use, joined

    async def findings(self) -> list[Finding]:
        chat = self._use.chat
        if is_person(chat):
            return [_ok(chat, "is a person, who is invited to a private chat when there is something to say")]
        room = self._rooms.room_of(chat)
        if room is None:
            return [_error(chat, "this alias leads to no room", "Correct the alias, or give the room's id.")]
        if room not in self._joined and not await self._rooms.join(room):
            return [_error(chat, "the account is not in this room", f"Invite {self._user} there.")]
        found = [_ok(chat, "joined"), *await self._rights(room)]
        if await self._server.state(room, "m.room.encryption") is not None:
            found.append(
                _warning(
                    chat,
                    "the room is encrypted: what members write there cannot be read yet",
                    "Use a room without encryption. Encryption cannot be switched off again, so make a new one.",
                )
            )
        if self._use.moderators:
            found += await self._moderators(room)
        return found

    async def _rights(self, room: str) -> list[Finding]:
        powers = await self._server.state(room, "m.room.power_levels") or {}
        mine = await self._power(room, powers)
        found: list[Finding] = []
        for kind, doing in (("m.room.message", "write"), ("m.reaction", "react, which is how cards are pressed")):
            if kind == "m.reaction" and not self._use.moderators:
                continue
            needed = _level(_mapping(powers.get("events")).get(kind), _level(powers.get("events_default"), 0))
            if mine < needed:
                mend = f"Give {self._user} a power level of {needed} or more in this room."
                found.append(_error(self._use.chat, f"the account may not {doing} (it has {mine})", mend))
        redacting = max(
            _level(powers.get("redact"), 50),
            _level(_mapping(powers.get("events")).get("m.room.redaction"), _level(powers.get("events_default"), 0)),
        )
        if self._use.intake is Intake.HOLD and mine < redacting:
            found.append(
                _error(
                    self._use.chat,
                    f'the account may not remove members\' messages, which intake = "hold" needs (it has {mine})',
                    f'Give {self._user} a power level of {redacting} or more in this room, or use intake = "copy".',
                )
            )
        return found or [_ok(self._use.chat, "has the rights it needs")]

    async def _power(self, room: str, powers: Mapping[str, Any]) -> int:
        # Since version 12 creators may do anything and stand in no list of levels:
        # https://spec.matrix.org/v1.16/rooms/v12/
        answer = await self._server.call(
            "GET", f"{CLIENT}/v3/rooms/{quoted(room)}/state/m.room.create/", query={"format": "event"}
        )
        created = _mapping(answer.get("content"))
        creators = {answer.get("sender"), *(created.get("additional_creators") or ())}
        if str(created.get("room_version", "1")) not in _CREATORS_RULE and self._user in creators:
            return _ALMIGHTY
        return _level(_mapping(powers.get("users")).get(self._user), _level(powers.get("users_default"), 0))

    async def _moderators(self, room: str) -> list[Finding]:
        chat = self._use.chat
        found = []
        rules = (await self._server.state(room, "m.room.join_rules") or {}).get("join_rule", "invite")
        if rules != "invite":
            mend = "Set the room to invited people only."
            found.append(_warning(chat, f'others can come into the moderators\' room (it is "{rules}")', mend))
        members = (await self._server.ask(self._server.joined_members(room))).get("joined", {})
        absent = [user for user in self._use.users if user not in members]
        return found + [
            _warning(chat, f"the moderator {user} is not in the room", f"Invite {user}.") for user in absent
        ]


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _level(value: object, otherwise: int) -> int:
    try:
        return int(str(value))  # old rooms hold levels as text
    except ValueError:
        return otherwise


def _ok(subject: str, message: str) -> Finding:
    return Finding(level=Level.OK, subject=subject, message=message)


def _warning(subject: str, message: str, mend: str) -> Finding:
    return Finding(level=Level.WARNING, subject=subject, message=message, mend=mend)


def _error(subject: str, message: str, mend: str) -> Finding:
    return Finding(level=Level.ERROR, subject=subject, message=message, mend=mend)
