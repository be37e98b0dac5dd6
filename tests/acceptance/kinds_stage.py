"""One stage for every kind of message: the real program, a simulated Telegram, a real Synapse and a thin phone."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bridge.adapters.loopback.people import People
from bridge.playground.botapi import BotApiSimulator
from bridge.playground.botapi.limits import Limits
from bridge.playground.matrix_timeline import TimelineItem
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Matrix, Program, Telegram, populate, running, write_config
from tests.servers import unique

T = TypeVar("T")

_QUICK = "messages_per_second = 0\ngroup_messages_per_minute = 0\nchat_interval = 0"
_HEAD = re.compile(r"HIFA #(\d+)(?: \(correction\))? · ")
_ARRIVED, _CORRECTED = re.compile("Arrived in 5 of 5 groups"), re.compile("Corrected in [34] of [45] groups")
WAITING = "waiting for a decision"


async def becomes(condition: Callable[[], Awaitable[T | None]], seconds: float = 20.0) -> T:
    """Wait until something is true of what devices show; what it is waiting for is in the traceback."""
    async with asyncio.timeout(seconds):
        while not (found := await condition()):  # noqa: ASYNC110 - three platforms, and no bell of them all
            await asyncio.sleep(0.1)
    return found


@dataclass(kw_only=True)
class Stage:
    """Everybody, and what their devices show. Members of ``kenya`` and ``room`` are held, others' messages stay."""

    telegram: Telegram
    matrix: Matrix
    phones: People
    program: Program
    config: Path
    names: tuple[str, ...] = ("Amina", "Betty", "Charles", "Doris", "Fatima", "Hawa", "Imani", "Juma")
    """As they begin on the phone: four on Telegram, four on Matrix."""
    hall: str
    """A room in which messages stay."""
    kenyans: list[int] = field(default_factory=list)
    roomers: list[MatrixUser] = field(default_factory=list)
    _decided: set[str] = field(default_factory=set)

    # --- what the bot has written

    async def kenya(self) -> list[dict[str, Any]]:
        return await self._of_bot(self.telegram.amina, self.telegram.kenya)

    async def uganda(self) -> list[dict[str, Any]]:
        return await self._of_bot(self.telegram.daniel, self.telegram.uganda)

    async def _of_bot(self, user: int, chat: int) -> list[dict[str, Any]]:
        return [m for m in await self.telegram.messages(user, chat) if m["is_bot"] and not m["service"]]

    def room(self) -> list[TimelineItem]:
        return self._timeline(self.matrix.fatima, self.matrix.room)

    def _timeline(self, user: MatrixUser, room: str) -> list[TimelineItem]:
        return [item for item in user.rooms[room].timeline if item.sender == self.matrix.bot.user_id]

    def sms(self) -> list[str]:
        return [str(m["text"]) for m in self.phones.sent() if m.get("chat") == "phones"]

    def file_of(self, message: dict[str, Any]) -> bytes:
        """The bytes of a message on Telegram."""
        return bytes(self.telegram.simulator.state.blobs[message["media"][0]["file"]])

    # --- moderators

    async def telegram_cards(self) -> list[dict[str, Any]]:
        found = await self._of_bot(self.telegram.grace, self.telegram.mods)
        return [m for m in found if _HEAD.match(m["text"])]

    def matrix_cards(self) -> list[TimelineItem]:
        found = self._timeline(self.matrix.peter, self.matrix.mods)
        return [item for item in found if _HEAD.match(item.body)]

    async def card(self, words: str) -> dict[str, Any]:
        """The newest card on Telegram with these words."""

        async def found() -> dict[str, Any] | None:
            return next((m for m in reversed(await self.telegram_cards()) if words in m["text"]), None)

        return await becomes(found)

    async def approve_on_matrix(self, *words: str, count: int = 1, seconds: float = 40.0) -> None:
        """Peter approves what waits with these words, once there are so many; waits until it has arrived."""

        async def waiting() -> list[TimelineItem]:
            found = [item for item in self.matrix_cards() if self._waits(item.event_id, item.body, words)]
            return found if len(found) >= count else []

        cards = await becomes(waiting, seconds)
        for item in cards:
            self._decided.add(item.event_id)
            await self.matrix.peter.reply(self.matrix.mods, item.event_id, "approve")
        await self._settled([item.body for item in cards], seconds)

    async def approve_on_telegram(self, *words: str, count: int = 1, seconds: float = 40.0) -> None:
        """The same by Grace's buttons."""

        async def waiting() -> list[dict[str, Any]]:
            found = [m for m in await self.telegram_cards() if self._waits(str(m["id"]), m["text"], words)]
            return found if len(found) >= count else []

        cards = await becomes(waiting, seconds)
        for card in cards:
            self._decided.add(str(card["id"]))
            await self.telegram.users.press(self.telegram.grace, self.telegram.mods, card["id"], text="✅ Approve")
        await self._settled([card["text"] for card in cards], seconds)

    def _waits(self, card: str, text: str, words: Sequence[str]) -> bool:
        return WAITING in text and card not in self._decided and all(word in text for word in words)

    async def _settled(self, cards: Sequence[str], seconds: float) -> None:
        """The newest card of each, on both platforms, says that it is everywhere."""
        numbers = {number(card) for card in cards}
        # Nothing need be corrected where the original stands and was edited by its author.
        said = _CORRECTED if any("(correction)" in card for card in cards) else _ARRIVED

        async def told() -> bool:
            sides = [m["text"] for m in await self.telegram_cards()], [item.body for item in self.matrix_cards()]
            newest = [{number(text): text for text in side} for side in sides]
            return all(said.search(side[one]) and WAITING not in side[one] for side in newest for one in numbers)

        await becomes(told, seconds)


def number(text: str) -> int:
    """Of the item that a card or the first message of a post is about; 0 where it has no head."""
    found = _HEAD.match(text)
    return 0 if found is None else int(found[1])


@asynccontextmanager
async def stage_of(directory: Path, synapse: SynapseServer) -> AsyncIterator[Stage]:
    """Everybody is there and the program runs."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(BotApiSimulator(limits=Limits.unlimited()))
        telegram = await populate(simulator)
        # Cards of who writes much let those of others go first: so nobody here writes more than five times.
        kenyans = [telegram.amina]
        for name in ("Betty", "Charles", "Doris"):
            kenyans.append(await telegram.users.create_user(name, "Otieno"))
            await telegram.users.add_member(telegram.kenya, kenyans[-1])
        bot = await synapse.register(unique("baraza"), displayname="Baraza")

        async def person(name: str) -> MatrixUser:
            login = await synapse.register(unique(name.lower()), displayname=name)
            return await stack.enter_async_context(MatrixUser(synapse.url, login.user_id, login.access_token))

        peter = await person("Peter")
        roomers = [await person(name) for name in ("Fatima", "Hawa", "Imani", "Juma")]
        invited = [bot.user_id, *(each.user_id for each in roomers)]
        power = {"users": {bot.user_id: 50}}
        room = await peter.create_room("Health room", invite=invited, power_levels=power)
        hall = await peter.create_room("Health hall", invite=invited, power_levels=power)
        mods = await peter.create_room("Moderators", invite=[bot.user_id])
        for each in roomers:
            await each.join(room)
            await each.join(hall)
        matrix = Matrix(url=synapse.url, bot=bot, fatima=roomers[0], peter=peter, room=room, mods=mods)
        config, phones = write_config(directory, telegram=telegram, matrix=matrix, telegram_options=_QUICK)
        with config.open("a") as file:
            file.write(f'[[communities.groups]]\nchat = "matrix:{hall}"\nintake = "copy"\n')
        program = await stack.enter_async_context(running(config))
        yield Stage(
            telegram=telegram,
            matrix=matrix,
            phones=phones,
            program=program,
            config=config,
            hall=hall,
            kenyans=kenyans,
            roomers=roomers,
        )
