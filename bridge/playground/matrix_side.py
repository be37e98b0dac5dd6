"""The demo's Matrix: a real Synapse with two people and two rooms, made in the background while the page is open."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import aiohttp

from bridge.core.errors import BarazaError
from bridge.playground.cast import COMMUNITY_NAME
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin, SynapseServer, install

HEALTH, MODERATORS = "health", "moderators"
FATIMA, PETER = "fatima", "peter"
BOT = "baraza"
_NAMES = {BOT: "Baraza", FATIMA: "Fatima Hassan", PETER: "Peter Otieno"}
_ROOMS = {HEALTH: ("Health room", [FATIMA]), MODERATORS: (f"{COMMUNITY_NAME} moderators", [])}
STOP_SECONDS = 4.0


class Phase(StrEnum):
    OFF = "off"
    PREPARING = "preparing"
    READY = "ready"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, kw_only=True)
class MatrixAccount:
    """What the bridge's config needs."""

    homeserver: str
    login: MatrixLogin
    rooms: dict[str, str]
    moderator: str


class MatrixSide:
    """Installs and starts Synapse, makes the people and the rooms, and keeps the people's apps in step."""

    def __init__(self, directory: Path, venv: Path, *, changed: Callable[[], None]) -> None:
        self.phase = Phase.PREPARING
        self.words = "waiting to begin"
        self.users: dict[str, MatrixUser] = {}
        self.rooms: dict[str, str] = {}
        self.bot_id = ""
        self._directory = directory
        self._venv = venv
        self._changed = changed
        self._server: SynapseServer | None = None
        self._watchers: list[asyncio.Task[None]] = []

    def switch_off(self) -> None:
        """Do without Matrix, as the operator wished."""
        self._say("the demo was started without it", Phase.OFF)

    async def prepare(self) -> MatrixAccount | None:
        """Make everything ready; None where it cannot be had, and then ``words`` says why."""
        try:
            return await self._prepare()
        except BarazaError as error:
            reason = str(error)
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            reason = f"{type(error).__name__}: {error}"
        await self._stop_quietly()
        self._say(reason, Phase.UNAVAILABLE)
        return None

    async def _prepare(self) -> MatrixAccount:
        self._say("looking for Synapse, the Matrix server")
        await install(self._venv, on_progress=self._say)
        self._say("starting Synapse")
        self._server = SynapseServer(self._directory / "synapse", venv=self._venv, rate_limits=True)
        await self._server.start()
        self._say("making the people")
        logins = {name: await self._server.register(name, displayname=shown) for name, shown in _NAMES.items()}
        for login in logins.values():
            # What an administrator does for a bridge; the people are freed as well, so that a visitor may type fast.
            await self._server.lift_rate_limit(login.user_id)
        self.bot_id = logins[BOT].user_id
        for name in (FATIMA, PETER):
            user = MatrixUser(self._server.url, logins[name].user_id, logins[name].access_token)
            self.users[name] = user
            await user.start()
        self._say("making the rooms")
        await self._make_rooms()
        for user in self.users.values():
            self._watchers.append(asyncio.create_task(self._watch(user), name=f"watch {user.user_id}"))
        self._say("ready", Phase.READY)
        return MatrixAccount(
            homeserver=self._server.url,
            login=logins[BOT],
            rooms=dict(self.rooms),
            moderator=self.users[PETER].user_id,
        )

    async def stop(self) -> None:
        """End everything, within about ``STOP_SECONDS``; the end of this process ends a Synapse that is slower."""
        await self._stop_quietly()

    async def _stop_quietly(self) -> None:
        for watcher in self._watchers:
            watcher.cancel()
        await asyncio.gather(*self._watchers, return_exceptions=True)
        self._watchers.clear()
        await asyncio.gather(*(user.stop() for user in self.users.values()), return_exceptions=True)
        if self._server is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._server.stop()

    async def _make_rooms(self) -> None:
        notes = self._directory / "matrix-rooms.json"
        if notes.exists():
            self.rooms = json.loads(notes.read_text("utf-8"))
        peter = self.users[PETER]
        for key, (name, guests) in _ROOMS.items():
            if key not in self.rooms:
                invited = [self.users[guest].user_id for guest in guests]
                # Half the powers let the bot remove what it holds. The creator stands above all levels.
                self.rooms[key] = await peter.create_room(
                    name, invite=[*invited, self.bot_id], power_levels={"users": {self.bot_id: 50}}
                )
                new = notes.with_suffix(".new")
                new.write_text(json.dumps(self.rooms, indent=1), "utf-8")
                new.replace(notes)
            for guest in guests:
                await self._let_in(self.users[guest], self.rooms[key])
            await peter.wait_for(_is_in(self.rooms[key]))

    async def _let_in(self, user: MatrixUser, room_id: str) -> None:
        await user.wait_for(lambda someone: someone.rooms.get(room_id))
        if user.rooms[room_id].membership != "join":
            await user.join(room_id)
            await user.wait_for(_is_in(room_id))

    async def _watch(self, user: MatrixUser) -> None:
        seen = user.since
        while user.failure is None:
            with contextlib.suppress(TimeoutError):
                seen = await user.wait_for(lambda someone: someone.since if someone.since != seen else None, 3600)  # noqa: B023 - called within the round
                self._changed()

    def _say(self, words: str, phase: Phase = Phase.PREPARING) -> None:
        self.words, self.phase = words, phase
        self._changed()


def _is_in(room_id: str) -> Callable[[MatrixUser], bool]:
    def joined(user: MatrixUser) -> bool:
        return room_id in user.rooms and user.rooms[room_id].membership == "join"

    return joined
