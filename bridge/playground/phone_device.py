"""A feature phone that only knows SMS, on the loopback network."""

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from bridge.adapters.loopback.people import Message, People
from bridge.playground import cast
from bridge.playground.formatting import excerpt, telegram_html
from bridge.playground.screen import SHOWN_MESSAGES, Bubble, DeviceRefused, Screen, Tab, Upload, clock_words
from bridge.playground.segments import segments

TAB = "sms"


class PhoneDevice:
    """One SMS phone. The network has no clock: the phone notes for itself when it sent or got what."""

    look: ClassVar[str] = "sms"
    takes_pictures: ClassVar[bool] = False
    takes_replies: ClassVar[bool] = False
    longest: ClassVar[int] = 459
    """Three concatenated SMS."""

    def __init__(
        self,
        directory: Path,
        *,
        key: str,
        person: str,
        about: str,
        number: str,
        full_name: str,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.key = key
        self.person = person
        self.about = about
        self._number = number
        self._full_name = full_name
        self._people = People(directory)
        self._notes = directory / "phone.jsonl"
        self._clock = clock
        self._at: dict[str, float] = self._read_notes()
        self._stamp: tuple[tuple[int, int], ...] = ()
        self._messages: list[Message] = []
        self.look_again()

    def look_again(self) -> bool:
        """Read what the network brought, if it brought anything; whether the screen changed."""
        files = (self._people.directory / name for name in ("inbox.jsonl", "outbox.jsonl"))
        stamp = tuple(_stamp(path) for path in files)
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        shown = self._people.shown(self._number)
        for message in shown:
            if message.id not in self._at:
                self._note(message.id)
        order = {identity: place for place, identity in enumerate(self._at)}
        self._messages = sorted(shown, key=lambda message: order[message.id])
        return True

    def tabs(self) -> tuple[Tab, ...]:
        return (Tab(key=TAB, title=cast.SMS_SENDER),)

    def screen(self, tab: str, start: str = "") -> Screen:
        return Screen(
            tab=TAB,
            tabs=self.tabs(),
            title=cast.SMS_SENDER,
            subtitle=f"from {self._number}",
            bubbles=tuple(self._bubble(message) for message in self._messages[-SHOWN_MESSAGES:]),
        )

    async def write(self, tab: str, text: str, *, reply_to: str = "", upload: Upload | None = None) -> None:
        if upload is not None or not text.strip():
            raise DeviceRefused("This phone sends texts only.")
        if len(text) > self.longest:
            raise DeviceRefused(f"That is too long: this phone sends at most {self.longest} characters.")
        self._people.writes(self._number, text, user=self._number, name=self._full_name, private=True)
        self.look_again()

    def _bubble(self, message: Message) -> Bubble:
        cost = segments(message.text)
        return Bubble(
            id=message.id,
            sender="" if message.user else cast.SMS_SENDER,
            mine=bool(message.user),
            is_bot=not message.user,
            time=clock_words(self._at[message.id]),
            body=telegram_html(message.text, ()),
            excerpt=excerpt(message.text),
            note=f"{cost.count} SMS · {cost.units} {'Unicode units' if cost.is_unicode else 'characters'}",
        )

    def _note(self, identity: str) -> None:
        self._at[identity] = self._clock()
        with open(self._notes, "a", encoding="utf-8", opener=_private) as file:
            file.write(json.dumps({"id": identity, "at": self._at[identity]}) + "\n")

    def _read_notes(self) -> dict[str, float]:
        found: dict[str, float] = {}
        if self._notes.exists():
            for line in self._notes.read_text("utf-8").splitlines():
                try:
                    note = json.loads(line)
                except ValueError:  # the last line of a phone that was switched off while it wrote
                    continue
                if isinstance(note, Mapping):
                    found[str(note["id"])] = float(note["at"])
        return found


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0, 0)
    return (found.st_size, found.st_mtime_ns)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
