"""The loopback network as a far side: the folder itself, and everybody on it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

from bridge.adapters.loopback.adapter import build
from bridge.adapters.loopback.people import Message, People
from bridge.adapters.loopback.settings import Settings
from bridge.core.ids import ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import UncarriedKind
from bridge.core.ports import Adapter
from bridge.core.text import MarkKind, RichText
from tests.contract.harness import PERSONAL, Fault, Harness, Shown, Upload

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
            more["file"] = self.people.shares(file.name, file.data)
        message = self.people.does(chat=chat, user=USER, name=self._name, text=text.text, **more)
        return RemoteRef(self.account, chat, MessageId(message))

    async def member_edits(self, ref: RemoteRef, text: RichText) -> None:
        self.people.does(chat=ref.chat, user=USER, name=self._name, edit=ref.message, text=text.text)

    async def member_deletes(self, ref: RemoteRef) -> None:
        self.people.does(chat=ref.chat, user=USER, delete=ref.message)

    async def member_presses(self, ref: RemoteRef, button: int) -> None:
        message = next(m for m in self.people.shown(ref.chat) if m.id == ref.message)
        self.people.does(chat=ref.chat, user=USER, message=ref.message, press=message.buttons[button][1])

    async def member_renames(self, name: str) -> None:
        self._name = name

    async def member_shares_uncarried(self, chat: ChatId) -> tuple[RemoteRef, UncarriedKind]:
        message = self.people.does(chat=chat, user=USER, other="location", words="the clinic")
        return RemoteRef(self.account, chat, MessageId(message)), UncarriedKind.LOCATION

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
        return Shown(
            ref=RemoteRef(self.account, chat, MessageId(message.id)),
            text=message.text,
            marks=frozenset(map(MarkKind, message.marks)),
            reply_to=RemoteRef(self.account, chat, MessageId(message.reply_to)) if message.reply_to else None,
            buttons=tuple(label for label, _ in message.buttons),
            file_sha256=sha256(data).hexdigest() if data is not None else None,
            file_size=len(data) if data is not None else None,
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
