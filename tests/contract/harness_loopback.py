"""The loopback network as a far side: the folder itself, and everybody on it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from bridge.adapters.loopback.adapter import build
from bridge.adapters.loopback.people import Message, People
from bridge.adapters.loopback.settings import Settings
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import AttachmentKind, Place, Poll, UncarriedKind
from bridge.core.ports import Adapter
from bridge.core.text import MarkKind, RichText
from tests.contract.harness import PERSONAL, Fault, Harness
from tests.contract.seen import Shown, Upload

USER = "amina"
TROUBLE = {
    Fault.CONNECT_REFUSED: "refused",
    Fault.RATE_LIMITED: "busy",
    Fault.SERVER_ERROR: "broken",
    Fault.CUT_AFTER_REQUEST: "cut",
    Fault.FORBIDDEN: "forbidden",
    Fault.CHAT_GONE: "no_such_chat",
}
GARBAGE = (
    b"no json at all\n",
    b"[1, 2, 3]\n",
    b"{}\n",
    b"\xff\xfe\x00\n",
    b'{"id": 7, "chat": "village", "user": "amina", "text": "a number for an id"}\n',
    b'{"id": "x1", "chat": "village", "user": "amina", "text": {"not": "text"}}\n',
    b'{"id": "x2", "chat": "village", "user": "amina", "text": "lone \\ud83d surrogate"}\n',
    b'{"id": "x3", "chat": "village", "user": "amina", "marks": [[-5, 99999999999999999999, "bold", ""]]}\n',
    b'{"id": "x4", "chat": "village", "user": "amina", "file": "../../../etc/passwd"}\n',
    b'{"id": "x5", "chat": "village", "user": "amina", "unheard_of": true}\n',
    b'{"id": "x6", "chat": "village", "user": "amina", "text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    b'{"id": "x7", "chat": "village", "user": "amina", "text": "' + b"a" * 3_000_000 + b'"}\n',
)


class ThinHarness(Harness):
    """As over SMS."""

    thin = True
    uncarried = frozenset(UncarriedKind)
    unknown_message = "p0000000000000000"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.group, self.private = ChatId("village"), ChatId(USER)
        self._name = PERSONAL

    @property
    def people(self) -> People:
        return People(self.directory / "network")

    @property
    def secrets(self) -> Sequence[str]:
        return ()

    async def open_far_side(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.people.describes(self.group, self.group_title, members=["bot", USER, "owner"], admins=["owner"])

    async def close_far_side(self) -> None:
        self.people.calm()

    def build_adapter(self) -> Adapter:
        settings = Settings(directory=self.directory / "network", thin=self.thin, poll_interval=0.01)
        return build(settings, self.context())

    @property
    def owner_user(self) -> UserId:
        return UserId("owner")

    async def member_writes(
        self, chat: ChatId, text: RichText, *, reply_to: RemoteRef | None = None, file: Upload | None = None
    ) -> RemoteRef:
        more: dict[str, object] = {"private": chat == self.private}
        if text.marks:
            more["marks"] = [[m.start, m.end, m.kind, m.value] for m in text.marks]
        if reply_to:
            more["reply_to"] = reply_to.message
        if file:
            more |= self._shared(file)
        message = self.people.does(chat=chat, user=USER, name=self._name, text=text.text, **more)
        return RemoteRef(self.account, chat, MessageId(message))

    async def member_edits(self, ref: RemoteRef, text: RichText) -> None:
        self.people.does(chat=ref.chat, user=USER, name=self._name, edit=ref.message, text=text.text)

    async def member_deletes(self, ref: RemoteRef) -> None:
        if self.thin:
            return  # an SMS is deleted from one telephone, and nobody is told
        self.people.does(chat=ref.chat, user=USER, delete=ref.message)

    async def member_presses(self, ref: RemoteRef, button: int) -> None:
        message = next(m for m in self.people.shown(ref.chat) if m.id == ref.message)
        self.people.does(chat=ref.chat, user=USER, message=ref.message, press=message.buttons[button][1])

    async def member_renames(self, name: str) -> None:
        self._name = name

    def _shared(self, file: Upload) -> dict[str, object]:
        told = {"seconds": file.seconds, "alt": file.alt, "spoiler": file.spoiler, "size": len(file.data)}
        return {
            "file": self.people.shares(file.name, file.data),
            "kind": file.kind.value,
            **{name: value for name, value in told.items() if value},
        }

    def _does(self, chat: ChatId, **fields: object) -> RemoteRef:
        message = self.people.does(chat=chat, user=USER, name=self._name, private=chat == self.private, **fields)
        return RemoteRef(self.account, chat, MessageId(message))

    async def member_sends(self, chat: ChatId, kind: UncarriedKind) -> RemoteRef:
        return self._does(chat, other=kind.value, words=f"{PERSONAL}'s {kind.value}")

    async def member_shares(self, chat: ChatId, what: Place | Poll) -> RemoteRef:
        if isinstance(what, Poll):
            return self._does(chat, poll=[what.question, *what.options])
        return self._does(chat, place=[what.latitude, what.longitude], words=what.title)

    async def member_sends_album(self, chat: ChatId, files: Sequence[Upload]) -> list[RemoteRef]:
        return [self._does(chat, album="holiday", **self._shared(file)) for file in files]

    async def member_changes_file(self, ref: RemoteRef, file: Upload, text: RichText) -> None:
        self._does(ref.chat, edit=ref.message, text=text.text, **self._shared(file))

    async def member_votes(self, ref: RemoteRef, option: int) -> None:
        self._does(ref.chat, message=ref.message, vote=[option])

    async def garbage(self) -> int:
        for line in GARBAGE:
            self.people.appends(line)
        return len(GARBAGE)

    async def shown(self, chat: ChatId) -> list[Shown]:
        return [self._shown(message) for message in self.people.shown(chat)]

    def _shown(self, message: Message) -> Shown:
        chat = ChatId(message.chat)
        files = [self.people.directory / "files" / name for name in message.files]
        data = files[0].read_bytes() if files else None
        told = message.facts[0] if message.facts else {}
        facts: dict[str, Any] = {}
        if told:
            facts = {
                "kind": AttachmentKind(told["kind"]),
                "file_name": " ".join(filter(None, (told["name"], told.get("title"), told.get("performer")))),
                "duration": timedelta(seconds=told["seconds"]) if "seconds" in told else None,
                "thumbnail_sha256": told.get("thumbnail"),
                "spoiler": told.get("spoiler", False),
                "alt": told.get("alt", ""),
            }
        place, poll = message.place, message.poll
        return Shown(
            ref=RemoteRef(self.account, chat, MessageId(message.id)),
            text=message.text,
            marks=frozenset(map(MarkKind, message.marks)),
            reply_to=RemoteRef(self.account, chat, MessageId(message.reply_to)) if message.reply_to else None,
            buttons=tuple(label for label, _ in message.buttons),
            file_sha256=sha256(data).hexdigest() if data is not None else None,
            file_size=len(data) if data is not None else None,
            place=Place(latitude=place[0], longitude=place[1], title=message.place_name) if place else None,
            poll=Poll(question=poll[0], options=poll[1:], multiple=message.multiple) if poll else None,
            author=message.author,
            preview=message.previews,
            **facts,
            edited=message.edited,
            ours=not message.user,
        )

    @asynccontextmanager
    async def fault(self, kind: Fault) -> AsyncIterator[None]:
        await asyncio.to_thread(self.people.trouble, TROUBLE[kind], chat=self.group, seconds=self.rate_limit_seconds)
        try:
            yield
        finally:
            self.people.calm()


class RichHarness(ThinHarness):
    """As in a chat app."""

    thin = False
