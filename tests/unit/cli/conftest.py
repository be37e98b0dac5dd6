"""The commands against an app that keeps what it was asked and answers what it was told."""

import logging
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import structlog

from bridge.cli import main, rooms
from bridge.config import Config
from bridge.core.capabilities import Capabilities
from bridge.core.checks import ChatUse, Finding, Level
from bridge.core.errors import Refusal
from bridge.core.ids import AccountId, Address, ChatId, CommunityId
from bridge.core.message import Content
from bridge.core.ports import Adapter, Health, JsonObject, Outgoing, SendOutcome, Sink, StateStore
from bridge.core.reports import (
    DeliveryFilter,
    DeliveryLine,
    GroupLine,
    HeldItem,
    Queue,
    StatusReport,
    TraceLine,
    TraceReport,
)
from bridge.core.sharing import Ownership
from bridge.core.states import DELIVERY, DeliveryState, DeliveryStep

CONFIG = """\
[bridge]
database = "sqlite://data/baraza.db"
[web]
listen = "127.0.0.1:0"
[accounts.net]
kind = "loopback"
directory = "net"
[[communities]]
id = "hifa"
name = "HIFA"
moderators = ["net:mods"]
moderator_ids = ["net:amina"]
[[communities.groups]]
chat = "net:members"
"""
STARTED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Checkable:
    """An adapter of which only ``check`` is used."""

    kind: ClassVar[str] = "checkable"

    def __init__(self, account: str, answer: Sequence[Finding] | Exception) -> None:
        self.account = AccountId(account)
        self.answer = answer
        self.asked: Sequence[ChatUse] = ()
        self.stopped = False

    async def check(self, uses: Sequence[ChatUse], state: StateStore) -> Sequence[Finding]:
        self.asked = uses
        await state.set("seen", "yes")
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def start(self, sink: Sink, state: StateStore) -> None:
        raise AssertionError("check must not start an account")

    async def stop(self) -> None:
        self.stopped = True

    def capabilities(self, chat: ChatId) -> Capabilities:
        raise NotImplementedError

    def fits(self, chat: ChatId, content: Content) -> bool:
        raise NotImplementedError

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        raise NotImplementedError

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        raise NotImplementedError

    def health(self) -> Health:
        raise NotImplementedError


class Memory:
    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.values.get(key)

    async def set(self, key: str, value: str) -> None:
        self.values[key] = value

    async def delete(self, key: str) -> None:
        self.values.pop(key, None)


def line(number: int, state: DeliveryState, refusal: Refusal | None = None, detail: str = "") -> DeliveryLine:
    return DeliveryLine(
        id=number,
        post=3,
        target=Address.parse("net:members"),
        part=0,
        operation="send",
        state=state,
        attempts=1,
        changed=STARTED,
        due=None,
        refusal=refusal,
        detail=detail,
    )


@dataclass
class FakeApp:
    adapters: dict[AccountId, Adapter] = field(default_factory=dict)
    lines: dict[int, DeliveryLine] = field(default_factory=dict)
    state: Memory = field(default_factory=Memory)
    broken: Exception | None = None
    opened: list[bool] = field(default_factory=list)
    wanted: DeliveryFilter | None = None
    group_lines: list[GroupLine] = field(default_factory=list)
    linked_uses: list[ChatUse] = field(default_factory=list)
    by: str = ""
    running: Callable[[Config], object] | None = None
    held_since: datetime = STARTED
    shared: Ownership | None = None

    async def run(
        self,
        config: Config,
        *,
        ready: Callable[[], None] | None = None,
        standby: bool = False,
        roles: Collection[Any] | None = None,
    ) -> None:
        if self.running is not None:
            self.running(config)

    def build_adapters(self, config: Config) -> dict[AccountId, Adapter]:
        return self.adapters

    @asynccontextmanager
    async def open_storage(self, config: Config, *, migrate: bool = True) -> AsyncIterator[None]:
        if self.broken is not None:
            raise self.broken
        self.opened.append(migrate)
        yield

    def state_store(self, account: AccountId) -> StateStore:
        return self.state

    async def status(self, now: datetime) -> StatusReport:
        counts: Mapping[DeliveryState, int] = {
            state: sum(row.state is state for row in self.lines.values()) for state in DeliveryState
        }
        return StatusReport(
            queues=(
                Queue(
                    community=CommunityId("hifa"),
                    held=2,
                    items=(HeldItem(id=8, kind="post", since=now - timedelta(hours=3, minutes=5)),),
                ),
            ),
            inbox_waiting=4,
            inbox_oldest=now - timedelta(minutes=2),
            inbox_parked=1,
            deliveries=counts,
            oldest_undelivered=now - timedelta(days=2, hours=1),
        )

    async def deliveries(self, wanted: DeliveryFilter) -> Sequence[DeliveryLine]:
        self.wanted = wanted
        return list(self.lines.values())[: wanted.limit]

    async def trace(self, community: str, number: int) -> TraceReport:
        if number != 12:
            raise LookupError
        line = TraceLine(at=STARTED, step="delivery", what="send post", where="net:members", outcome="delivered", id=7)
        return TraceReport(community=community, number=number, ids=("0a1b", "2c3d"), state="live", lines=(line,))

    async def groups(self, config: Config) -> Sequence[GroupLine]:
        return self.group_lines

    async def is_superuser(self) -> bool:
        return False

    async def ownership(self, now: datetime) -> Ownership | None:
        return self.shared

    async def chat_uses(self, config: Config, account: AccountId) -> Sequence[ChatUse]:
        return [*config.chat_uses(account), *self.linked_uses]

    async def settle(self, delivery: int, step: DeliveryStep, *, by: str, now: datetime) -> DeliveryLine:
        row = self.lines[delivery]
        self.by = by
        self.lines[delivery] = replace(row, state=DELIVERY.next(row.state, step), changed=now)
        return self.lines[delivery]


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> FakeApp:
    fake = FakeApp()
    monkeypatch.setattr(rooms, "app", lambda: fake)
    return fake


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "baraza.toml"
    path.write_text(CONFIG)
    return path


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def baraza(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run one command as the shell would."""
    for name in ("BARAZA_CONFIG", "BARAZA_TELEGRAM_TOKEN", "BARAZA_MATRIX_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    root = logging.getLogger()
    before = (list(root.handlers), root.level, structlog.get_config(), sys.excepthook)

    def run(*arguments: object) -> Result:
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Result(int(stopped.value.code or 0), out, err)

    yield run
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    structlog.configure(**before[2])
    sys.excepthook = before[3]
    logging.captureWarnings(False)


def finding(level: Level, message: str, mend: str = "") -> Finding:
    return Finding(level=level, subject="thing", message=message, mend=mend)
