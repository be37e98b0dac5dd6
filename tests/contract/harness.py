"""What the contract suite needs from every adapter: a far side it can drive, and faults it can cause.

An adapter joins the suite by deriving its own class from ``Harness`` in ``tests/contract/harness_<kind>.py`` and naming
it in ``HARNESSES`` of ``tests/contract/conftest.py``. The suite then finds out by itself what the adapter can do (the
optional protocols of ``bridge.core.ports`` and its ``Capabilities``) and generates only the tests that apply.
"""

import asyncio
import inspect
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, TypeVar, cast, overload

import pytest

from bridge.core.capabilities import Capabilities
from bridge.core.clock import Clock, SystemClock
from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.events import InboundEvent
from bridge.core.ids import AccountId, ChatId, RemoteRef, UserId
from bridge.core.message import Attachment, AttachmentKind, Content, Place, Poll, RemoteFile, UncarriedKind
from bridge.core.ports import Adapter, AdapterContext, CanDelete, CanEdit, LocalFile, Outgoing, SendOutcome
from bridge.core.text import RichText
from tests.contract.seen import Shown, Upload, thumbnail_file

T = TypeVar("T")
E = TypeVar("E", bound=InboundEvent)
F = TypeVar("F", bound=Callable[..., object])

PERSONAL = "Zawadi"
"""Stands in every text and name of the suite: found in a log line, the adapter logs personal text."""


@dataclass(frozen=True)
class Ability:
    """What the adapter of one harness can do, found out without starting it."""

    adapter: Adapter
    capabilities: Capabilities
    harness: "type[Harness]"


def needs(*conditions: Callable[[Ability], bool]) -> Callable[[F], F]:
    """The test is generated only for harnesses whose abilities meet all conditions."""

    def mark(function: F) -> F:
        function.__dict__["contract_needs"] = conditions
        return function

    return mark


def can(protocol: type) -> Callable[[Ability], bool]:
    """The adapter has this optional protocol of ``bridge.core.ports``."""
    return lambda ability: isinstance(ability.adapter, protocol)


@overload
async def wait_for(condition: Callable[[], Awaitable[T]], timeout: float = ..., what: str = ...) -> T: ...
@overload
async def wait_for(condition: Callable[[], T], timeout: float = ..., what: str = ...) -> T: ...
async def wait_for(condition: Callable[[], T | Awaitable[T]], timeout: float = 10.0, what: str = "") -> T:
    """Ask until the answer is truthy and return it; TimeoutError after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        value = cast("T", await answer if inspect.isawaitable(answer) else answer)
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s: {what or inspect.getsource(condition).strip()}")
        await asyncio.sleep(0.01)


class Fault(StrEnum):
    """What a far side can do to a send. Closed: every adapter must give the right answer to each."""

    CONNECT_REFUSED = "connect_refused"
    """Nobody listens: certainly not sent."""
    RATE_LIMITED = "rate_limited"
    """Refused for now; the far side names ``Harness.rate_limit_seconds`` where it can name a time."""
    SERVER_ERROR = "server_error"
    """Something broke over there; nobody says whether before or after the message was taken."""
    CUT_AFTER_REQUEST = "cut_after_request"
    """The far side takes the message and the connection breaks before the answer."""
    FORBIDDEN = "forbidden"
    """Our account may not write in ``Harness.group``."""
    CHAT_GONE = "chat_gone"
    """The far side no longer knows ``Harness.group``."""


class MemoryState:
    """A StateStore that outlives the adapter."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.values.get(key)

    async def set(self, key: str, value: str) -> None:
        self.values[key] = value

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)


class RecordingSink:
    """Commits to memory; can be told to fail before the commit, or to lose the answer after it."""

    def __init__(self, state: MemoryState) -> None:
        self._state = state
        self.events: list[InboundEvent] = []
        """Every committed event, repeats included."""
        self.refused = 0
        """How often ``accept`` raised."""
        self._fail = 0
        self._half = 0

    def fail(self, times: int) -> None:
        """The next ``times`` calls raise StorageUnavailable and commit nothing."""
        self._fail = times

    def commit_but_raise(self, times: int) -> None:
        """The next ``times`` calls keep the events, not the cursor, and raise: so the far side delivers them again."""
        self._half = times

    async def accept(self, events: Sequence[InboundEvent], *, state: Mapping[str, str] | None = None) -> None:
        await asyncio.sleep(0)  # a real sink gives the loop away
        if self._fail > 0:
            self._fail -= 1
            self.refused += 1
            raise StorageUnavailable
        self.events.extend(events)
        if self._half > 0 and events:
            self._half -= 1
            self.refused += 1
            raise StorageUnavailable
        self._state.values.update(state or {})

    def of(self, kind: type[E], matching: Callable[[E], bool] = lambda _: True) -> list[E]:
        return [event for event in self.events if isinstance(event, kind) and matching(event)]

    async def first(self, kind: type[E], matching: Callable[[E], bool] = lambda _: True, timeout: float = 10.0) -> E:
        """Wait for an event of that class; TimeoutError names what came instead."""
        try:
            found = await wait_for(lambda: self.of(kind, matching), timeout)
        except TimeoutError:
            came = [f"{event.type}({event.key})" for event in self.events]
            raise TimeoutError(f"no such {kind.__name__} within {timeout} s; what came: {came}") from None
        return found[0]


class Harness(ABC):
    """One adapter, its far side, and the people over there.

    A far side may be shared between tests (``prepare``/``release``), but every instance brings a fresh group and a
    fresh private chat. The far side's own pacing must not refuse the few dozen messages of one test.
    """

    marks: ClassVar[tuple[pytest.MarkDecorator, ...]] = ()
    """For instance ``pytest.mark.synapse``."""
    rate_limit_seconds: ClassVar[float] = 7.0
    """What RATE_LIMITED asks for; 0 where the far side names no time."""
    exact_limit: ClassVar[bool] = True
    """Does the far side refuse one unit more than ``fits`` allows? False where the adapter keeps a reserve."""
    shown_as: ClassVar[Mapping[AttachmentKind, AttachmentKind]] = {}
    """Kinds that devices over there show like another one, without loss: a round film as a film."""
    groups: ClassVar[bool] = True
    """Are there chats of several people? Otherwise ``group`` is a private one, too."""
    sends_files: ClassVar[bool] = True
    """Can a member send a file over there at all?"""
    names: ClassVar[bool] = True
    """Do people have names over there?"""
    refusals: ClassVar[Mapping[Fault, Refusal]] = {}
    """What a fault is told as, where the far side cannot say what it is."""
    tells_lengths: ClassVar[bool] = True
    """Does the far side say how long a film or a sound takes?"""
    describes: ClassVar[bool] = True
    """Can a member say over there what a picture shows?"""
    calls: ClassVar[tuple[str, ...]] = ()
    """Words that ring everybody's phone over there."""
    uncarried: ClassVar[frozenset[UncarriedKind]] = frozenset()
    """What ``member_sends`` can send: all that a member can and that is neither text nor a file."""
    unknown_message: ClassVar[str]
    """Well-formed, and no message's id."""
    encrypted: ClassVar[bool] = False
    """Is ``group`` encrypted from end to end?"""
    group_title: ClassVar[str] = "Village"
    """What ``group`` is called over there."""
    far_side_loggers: ClassVar[tuple[str, ...]] = ()
    """Loggers of the simulator running in this process: they may say what they like."""

    account = AccountId("contract")
    group: ChatId
    private: ChatId
    """A member who has already written to the bot."""
    adapter: Adapter

    def __init__(self, directory: Path) -> None:
        """``directory`` is this test's own and may not exist yet. No I/O here."""
        self.directory = directory
        self.clock: Clock = SystemClock()
        self.state = MemoryState()
        self.sink = RecordingSink(self.state)
        self.outcomes: list[SendOutcome] = []
        """Every answer given through ``send``, ``edit`` and ``delete``: searched for secrets after the test."""

    # --- once per run ---

    @classmethod  # noqa: B027 - most far sides are made anew for each test and share nothing
    def prepare(cls, directory: Path) -> None:
        """Start what all tests share (a server process); called once before the first test."""

    @classmethod  # noqa: B027 - see prepare
    def release(cls) -> None:
        """Stop what ``prepare`` started."""

    # --- life ---

    def gone(self, file: RemoteFile) -> RemoteFile:
        """The same file at a place where nothing is any more."""
        return replace(file, ref=f"{file.ref[:-6]}nosuch")

    @abstractmethod
    async def open_far_side(self) -> None:
        """Start or reach the far side; make group, member and private chat; set ``group`` and ``private``."""

    @abstractmethod
    async def close_far_side(self) -> None: ...

    @abstractmethod
    def build_adapter(self) -> Adapter:
        """A new adapter by the package's own ``build``, from settings and ``self.context()``.

        Called before ``open_far_side`` as well (with any address), to find out what the adapter can do.
        """

    def context(self) -> AdapterContext:
        return AdapterContext(account=self.account, clock=self.clock)

    async def start(self) -> None:
        """Far side, then adapter."""
        await self.open_far_side()
        await self.start_adapter()

    async def stop(self) -> None:
        await self.stop_adapter()
        await self.close_far_side()

    async def start_adapter(self) -> None:
        self.adapter = self.build_adapter()
        await self.adapter.start(self.sink, self.state)

    async def stop_adapter(self) -> None:
        await self.adapter.stop()

    async def restart(self) -> None:
        """A new adapter over the same state and the same far side."""
        await self.stop_adapter()
        await self.start_adapter()

    # --- the bridge's side ---

    @property
    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """Tokens and passwords that may appear in no log line, outcome, event or health."""

    def outgoing(self, content: Content, chat: ChatId | None = None) -> Outgoing:
        """Frozen as delivery freezes it."""
        where = chat or self.group
        small = [thumbnail_file(a.thumbnail) for a in content.attachments if a.thumbnail]
        every = (*content.attachments, *small)
        files = tuple(LocalFile(attachment=a, path=self.directory / "media" / a.sha256) for a in every)
        return Outgoing(chat=where, payload=self.adapter.to_payload(where, content), files=files)

    def attachment(self, upload: Upload, thumbnail: Upload | None = None) -> Attachment:
        """Put bytes where ``outgoing`` finds them."""
        folder = self.directory / "media"
        folder.mkdir(parents=True, exist_ok=True)
        for each in filter(None, (upload, thumbnail)):
            (folder / each.sha256).write_bytes(each.data)
        return Attachment(
            sha256=upload.sha256,
            kind=upload.kind,
            mime=upload.mime,
            size=len(upload.data),
            name=upload.name,
            width=upload.width,
            height=upload.height,
            duration=upload.duration,
            title=upload.title,
            performer=upload.performer,
            alt=upload.alt,
            spoiler=upload.spoiler,
            waveform=upload.waveform,
            thumbnail=thumbnail.as_thumbnail() if thumbnail else None,
        )

    async def send(self, content: Content, chat: ChatId | None = None, key: str | None = None) -> SendOutcome:
        outcome = await self.adapter.send(self.outgoing(content, chat), key or uuid.uuid4().hex)
        self.outcomes.append(outcome)
        return outcome

    async def edit(self, ref: RemoteRef, content: Content, key: str | None = None, *, item: int = 0) -> SendOutcome:
        assert isinstance(self.adapter, CanEdit)
        outgoing = replace(self.outgoing(content, ref.chat), item=item)
        outcome = await self.adapter.edit(ref, outgoing, key or uuid.uuid4().hex)
        self.outcomes.append(outcome)
        return outcome

    async def delete(self, ref: RemoteRef, key: str | None = None) -> SendOutcome:
        assert isinstance(self.adapter, CanDelete)
        outcome = await self.adapter.delete(ref, key or uuid.uuid4().hex)
        self.outcomes.append(outcome)
        return outcome

    # --- the people's side ---

    @property
    @abstractmethod
    def owner_user(self) -> UserId:
        """Who runs ``group``."""

    @property
    def member_user(self) -> UserId:
        """The member; on all platforms so far a private chat is called as the person in it."""
        return UserId(self.private)

    @abstractmethod
    async def member_writes(
        self, chat: ChatId, text: RichText, *, reply_to: RemoteRef | None = None, file: Upload | None = None
    ) -> RemoteRef:
        """A member posts, with marks where the platform has them; the same person every time."""

    @abstractmethod
    async def member_edits(self, ref: RemoteRef, text: RichText) -> None: ...

    @abstractmethod
    async def member_deletes(self, ref: RemoteRef) -> None: ...

    @abstractmethod
    async def member_presses(self, ref: RemoteRef, button: int) -> None:
        """Press the button with that index in reading order; with reactions, react with its emoji."""

    @abstractmethod
    async def member_renames(self, name: str) -> None:
        """The member's shown name from now on, as near to ``name`` as the platform allows."""

    # What a platform has not needs no such method: no test asks for it.

    async def member_sends(self, chat: ChatId, kind: UncarriedKind) -> RemoteRef:
        """Something real of a kind in ``uncarried``; in its words stands PERSONAL, where it has words of its own."""
        raise NotImplementedError

    async def member_shares(self, chat: ChatId, what: Place | Poll) -> RemoteRef:
        raise NotImplementedError

    async def member_sends_album(self, chat: ChatId, files: Sequence[Upload]) -> list[RemoteRef]:
        raise NotImplementedError

    async def member_changes_file(self, ref: RemoteRef, file: Upload, text: RichText) -> None:
        """Edit a message so that it shows another file."""
        raise NotImplementedError

    async def member_opens_thread(self, root: RemoteRef, text: RichText) -> RemoteRef:
        """Write into the thread that begins with that message."""
        raise NotImplementedError

    async def member_reacts(self, ref: RemoteRef, emoji: str) -> None:
        raise NotImplementedError

    async def member_unreacts(self, ref: RemoteRef, emoji: str) -> None:
        """Take that reaction back."""
        raise NotImplementedError

    async def member_votes(self, ref: RemoteRef, option: int) -> None:
        """Choose an answer of a poll of ours."""
        raise NotImplementedError

    @abstractmethod
    async def garbage(self) -> int:
        """Malformed events arrive (huge, wrong types, missing fields); returns how many events must come of them."""

    @abstractmethod
    async def shown(self, chat: ChatId) -> list[Shown]:
        """What stands in the chat now, members' messages and ours, oldest first."""

    @abstractmethod
    def fault(self, kind: Fault) -> AbstractAsyncContextManager[None]:
        """While entered, sends to ``group`` meet this fault; afterwards all is well again."""
