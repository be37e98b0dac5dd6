"""`baraza check` for a Matrix account: is it let in, and may it do in every room what the room is used for?"""

from collections.abc import Sequence

from bridge.adapters.matrix.checking_keys import check_keys
from bridge.adapters.matrix.client import CLIENT, Answer, NoAnswer, NotSent
from bridge.adapters.matrix.describing import power_of, redacting, writing
from bridge.adapters.matrix.encryption import Encryption
from bridge.adapters.matrix.rooms import Rooms, is_person
from bridge.adapters.matrix.session import Session
from bridge.core.checks import ChatUse, Finding, Level
from bridge.core.community import Intake
from bridge.core.errors import AccountError
from bridge.core.ports import StateStore


async def check(
    session: Session, rooms: Rooms, encryption: Encryption, uses: Sequence[ChatUse], state: StateStore
) -> list[Finding]:
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
    findings += await check_keys(session, encryption, state)
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
        self._use, self._joined, self._account = use, joined, rooms.account

    async def findings(self) -> list[Finding]:
        chat = self._use.chat
        if is_person(chat):
            return [_ok(chat, "is a person, who is invited to a private chat when there is something to say")]
        room = self._rooms.room_of(chat)
        if room is None:
            return [_error(chat, "this alias leads to no room", "Correct the alias, or give the room's id.")]
        if room not in self._joined and not await self._rooms.join(room):
            return [_error(chat, "the account is not in this room", f"Invite {self._user} there.")]
        closed = (await self._server.state(room, "m.room.tombstone") or {}).get("replacement_room")
        if isinstance(closed, str) and chat.startswith("#") and await self._rooms.resolved(chat) == closed:
            room, closed = closed, None  # the alias went along
        if isinstance(closed, str) and closed:
            return [
                _warning(
                    chat,
                    f"the room was replaced by {closed}",
                    f"Write {self._account}:{closed} in the config, invite {self._user} there, and give the account "
                    "its rights there. What was said in the old room stays known.",
                )
            ]
        found = [_ok(chat, "joined"), *await self._rights(room)]
        if await self._server.state(room, "m.room.encryption") is not None:
            found.append(_ok(chat, "the room is encrypted, and all devices of its members get the keys to our posts"))
        if self._use.moderators:
            found += await self._moderators(room)
        return found

    async def _rights(self, room: str) -> list[Finding]:
        powers = await self._server.state(room, "m.room.power_levels") or {}
        mine = await power_of(self._server, self._user, room, powers)
        found: list[Finding] = []
        for kind, doing in (("m.room.message", "write"), ("m.reaction", "react, which is how cards are pressed")):
            if kind == "m.reaction" and not self._use.moderators:
                continue
            needed = writing(powers, kind)
            if mine < needed:
                mend = f"Give {self._user} a power level of {needed} or more in this room."
                found.append(_error(self._use.chat, f"the account may not {doing} (it has {mine})", mend))
        needed = redacting(powers)
        if self._use.intake is Intake.HOLD and mine < needed:
            found.append(
                _error(
                    self._use.chat,
                    f'the account may not remove members\' messages, which intake = "hold" needs (it has {mine})',
                    f'Give {self._user} a power level of {needed} or more in this room, or use intake = "copy".',
                )
            )
        return found or [_ok(self._use.chat, "has the rights it needs")]

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


def _ok(subject: str, message: str) -> Finding:
    return Finding(level=Level.OK, subject=subject, message=message)


def _warning(subject: str, message: str, mend: str) -> Finding:
    return Finding(level=Level.WARNING, subject=subject, message=message, mend=mend)


def _error(subject: str, message: str, mend: str) -> Finding:
    return Finding(level=Level.ERROR, subject=subject, message=message, mend=mend)
