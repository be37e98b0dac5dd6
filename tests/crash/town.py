"""Everybody who lives through a round of kills: the authors, the moderators and a stranger, and what they want."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from bridge.adapters.loopback.people import People
from bridge.playground.botapi.errors import ApiError
from bridge.playground.botapi.state import Message
from bridge.playground.matrix_user import MatrixUser, MatrixUserError, Room
from tests.acceptance.program import Matrix, Telegram
from tests.crash.mail import READERS, Mail, writer_of

TOKEN = re.compile(r"\bcase-(\d{4})\b")
_PATIENCE = 4.0
"""Seconds until a moderator who got no answer presses again."""

APPROVE, REJECT, LEAVE = "approve", "reject", "leave"


def token(index: int) -> str:
    return f"case-{index:04d}"


def wish(index: int) -> str:
    """What the moderators want to happen to a post; a few are never decided by anybody permitted."""
    return {7: REJECT, 13: LEAVE}.get(index % 25, APPROVE)


@dataclass
class Written:
    """One post as its author left it."""

    index: int
    where: str
    original: str


@dataclass(kw_only=True)
class Town:
    """The people of one round around one bridge."""

    telegram: Telegram
    phone: People
    matrix: Matrix | None
    mail: Mail | None
    mallory: int
    esther: int | None
    """Writes in the open group and never opened a private chat with the bot."""
    on_press: Callable[[], None] = lambda: None
    on_mail: Callable[[], None] = lambda: None
    """Called when Postfix has taken an author's mail."""
    written: dict[int, Written] = field(default_factory=dict)
    pressed: set[int] = field(default_factory=set)
    """Posts for which a permitted moderator has pressed Approve at least once."""
    decided: set[int] = field(default_factory=set)
    pressed_again: int = 0
    strangers_presses: int = 0
    _asked: dict[int, float] = field(default_factory=dict)
    _reactions: dict[int, str] = field(default_factory=dict)

    # --- authors

    async def write(self, index: int) -> None:
        """The author whose turn it is writes a post."""
        t, text = self.telegram, f"Question {token(index)}: is zinc safe for a child of two?"
        where = ("kenya", "private", "uganda", "room" if self.matrix is not None else "kenya")[index % 4]
        if self.mail is not None and index % 5 == 4:
            where = "mail"
        if where == "kenya":
            original = str(await t.users.write(t.amina, t.kenya, text))
        elif where == "private":
            original = str(await t.users.write(t.amina, t.bot, text))
        elif where == "uganda":
            author = self.esther if self.esther is not None and index % 20 == 10 else t.daniel
            original = str(await t.users.write(author, t.uganda, text))
        elif where == "mail":
            assert self.mail is not None
            original = await self.mail.write(writer_of(index), "hifa", text, token(index))
            self.on_mail()
        else:
            assert self.matrix is not None
            original = await self.matrix.fatima.send_text(self.matrix.room, text)
        self.written[index] = Written(index, where, original)

    async def readers_write(self, to: str) -> None:
        """Each of the readers by mail sends one order: an address is all that they need."""
        for reader in READERS if self.mail is not None else ():
            assert self.mail is not None
            await self.mail.write(reader, to, "", f"{to}-{reader.partition('@')[0]}".replace("+", "-"))

    # --- moderators

    async def moderate(self) -> None:
        """Decide whatever waits, again and again where no answer comes; until cancelled."""
        tasks: set[asyncio.Task[None]] = set()
        try:
            while True:
                for work in (*self._telegram_work(), *self._matrix_work()):
                    task = asyncio.ensure_future(work)
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                await asyncio.sleep(0.1)  # a person looks again
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _turn(self, index: int) -> bool:
        """May this one be pressed now: not decided yet, and not a moment ago?"""
        now = time.monotonic()
        if index in self.decided or now - self._asked.get(index, -_PATIENCE) < _PATIENCE:
            return False
        self.pressed_again += index in self._asked
        self._asked[index] = now
        return True

    def _telegram_work(self) -> Iterator[Awaitable[None]]:
        waiting: dict[int, list[Message]] = {}
        for message in self.in_mods():
            found = TOKEN.search(text_of(message))
            if found is None:
                continue
            if "· waiting for a decision" in text_of(message):
                waiting.setdefault(int(found[1]), []).append(message)
            else:
                self.decided.add(int(found[1]))  # the answer to the press may never have come; the card tells
        for index, cards in waiting.items():
            if wish(index) != LEAVE and not self._is_graces(index):
                continue
            who, wanted = self.telegram.grace, "Approve" if wish(index) != REJECT else "Advertising"
            if wish(index) == LEAVE:
                who = self.mallory
            # Of two cards of one post (the second was sent after a doubt) the reasons appear on one only.
            card = next((card for card in cards if any(wanted in label for label in labels_of(card))), cards[-1])
            if labels_of(card) and self._turn(index):
                yield self._press(who, card, wanted, index)

    def _is_graces(self, index: int) -> bool:
        return wish(index) != LEAVE and (self.matrix is None or index // 4 % 2 == 0)

    async def _press(self, who: int, message: Message, label: str, index: int) -> None:
        shown = next((text for text in labels_of(message) if label in text), None)
        if shown is None:
            shown = next((text for text in labels_of(message) if "Reject" in text), None)
        if shown is None:
            return
        if who == self.mallory:
            self.strangers_presses += 1
        elif "Approve" in shown:
            self.pressed.add(index)
        self.on_press()
        with suppress(ApiError):  # the card has changed under the finger
            answer = await self.telegram.users.press(
                who, self.telegram.mods, message.message_id, text=shown, timeout=_PATIENCE
            )
            said = str(answer.get("text", ""))
            if said == "Why?":
                self._asked.pop(index, None)  # the reasons come up next
            if said == "Done." or "has already" in said or (who == self.mallory and "Only this" in said):
                self.decided.add(index)

    def _matrix_work(self) -> Iterator[Awaitable[None]]:
        if self.matrix is None or self.matrix.mods not in self.matrix.peter.rooms:
            return
        for event_id, sender, body in bodies(self.matrix.peter.rooms[self.matrix.mods]):
            found = TOKEN.search(body)
            if found is None or sender != self.matrix.bot.user_id:
                continue
            index = int(found[1])
            if self._is_graces(index) or wish(index) == LEAVE:
                continue
            if "waiting for a decision" not in body:
                self.decided.add(index)
            elif self._turn(index):
                yield self._react(self.matrix.peter, self.matrix.mods, event_id, index)

    async def _react(self, peter: MatrixUser, mods: str, event_id: str, index: int) -> None:
        with suppress(MatrixUserError):
            if wish(index) == REJECT:
                await peter.reply(mods, event_id, "reject advertising")
                return
            if (earlier := self._reactions.pop(index, None)) is not None:
                await peter.redact(mods, earlier)
            self.pressed.add(index)
            self.on_press()
            self._reactions[index] = await peter.react(mods, event_id, "✅")

    # --- what stands where

    def in_mods(self) -> list[Message]:
        """The bot's messages in the moderators' group, oldest first."""
        return self.of_bot(self.telegram.mods)

    def of_bot(self, chat: int) -> list[Message]:
        messages = self.telegram.simulator.state.chats[str(chat)].messages.values()
        return [message for message in messages if message.sender_id == self.telegram.bot]


def text_of(message: Message) -> str:
    return str(message.content.get("text", message.content.get("caption", "")))


def labels_of(message: Message) -> list[str]:
    rows = (message.reply_markup or {}).get("inline_keyboard", [])
    return [str(button["text"]) for row in rows for button in row]


def bodies(room: Room) -> list[tuple[str, str, str]]:
    """(event, sender, body as it stands now) of every message; in one pass, where ``Room.timeline`` takes n squared."""
    latest = {edit.target: edit.content for edit in room._edits.values()}
    found = []
    for event_id, event in room._messages.items():
        if event_id not in room._redacted:
            content = latest.get(event_id) or event.get("content") or {}
            found.append((event_id, str(event.get("sender")), str(content.get("body", ""))))
    return found
