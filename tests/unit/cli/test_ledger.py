"""``status`` and ``deliveries``: what they show, and the two steps only a person may take."""

import asyncio
import errno
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from bridge.cli import running as running_command
from bridge.core.errors import Refusal, StorageUnavailable
from bridge.core.ids import Address
from bridge.core.states import DeliveryState
from tests.unit.cli.conftest import CONFIG, FakeApp, Run, line


@pytest.fixture
def full(app: FakeApp) -> FakeApp:
    app.lines = {
        1: line(1, DeliveryState.DELIVERED),
        2: line(2, DeliveryState.REFUSED, Refusal.FORBIDDEN, "not enough rights"),
        3: line(3, DeliveryState.UNCERTAIN),
    }
    return app


def test_status(full: FakeApp, config: Path, baraza: Run) -> None:
    result = baraza("status", "--config", config)
    assert result.status == 0
    for said in (
        "HIFA",
        "3 h 5 min",
        "post 8",
        "2 d 1 h",
        "1 events could not be read",
        "deliveries settle",
        "is not running",
    ):
        assert said in result.out
    assert full.opened == [False], "looking must not migrate"


def test_status_of_nothing(app: FakeApp, config: Path, baraza: Run) -> None:
    assert "Nothing was sent yet." in baraza("status", "--config", config).out


def test_status_as_json(full: FakeApp, config: Path, baraza: Run) -> None:
    told = json.loads(baraza("status", "--json", "--config", config).out)
    assert told["running"] is None
    assert told["report"]["deliveries"]["refused"] == 1
    assert told["report"]["queues"][0]["items"][0]["id"] == 8


class _Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = {"ready": False, "accounts": {"net": {"connected": False, "detail": "token \x1b[1mrefused"}}}
        self.send_response(503)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        pass


@pytest.fixture
def running() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Ready)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_status_asks_the_running_program(full: FakeApp, config: Path, baraza: Run, running: int) -> None:
    config.write_text(CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{running}"))
    result = baraza("status", "--config", config)
    assert "refused" in result.out
    assert "\x1b" not in result.out
    assert "is not running" not in result.out


def test_check_knows_its_own_program(app: FakeApp, config: Path, baraza: Run, running: int) -> None:
    config.write_text(CONFIG.replace("127.0.0.1:0", f"127.0.0.1:{running}"))
    result = baraza("check", "--config", config)
    assert result.status == 0
    assert "the bridge is running at" in result.out


def test_deliveries(full: FakeApp, config: Path, baraza: Run) -> None:
    result = baraza("deliveries", "--config", config)
    assert result.status == 0
    assert "the bot may not do that there" in result.out
    assert "(not enough rights)" in result.out
    assert "it may have been sent" in result.out
    assert "2026-01-02 03:04:05" in result.out


def test_deliveries_are_chosen(full: FakeApp, config: Path, baraza: Run) -> None:
    args = [
        "--post",
        "3",
        "--state",
        "refused",
        "--chat",
        "net:members:x",
        "--limit",
        "2",
        "--config",
        config,
        "--json",
    ]
    result = baraza("deliveries", *args)
    assert full.wanted is not None
    assert (full.wanted.post, full.wanted.state, full.wanted.limit) == (3, DeliveryState.REFUSED, 2)
    assert full.wanted.chat == Address.parse("net:members:x")
    told = json.loads(result.out)
    assert [row["id"] for row in told] == [1, 2]
    assert told[1]["target"] == "net:members"
    assert told[1]["reason"].startswith("the bot may not")


@pytest.mark.parametrize("args", [["--chat", "nowhere"], ["--state", "lost"], ["--limit", "0"], ["--post", "x"]])
def test_deliveries_of_no_such_kind(full: FakeApp, config: Path, baraza: Run, args: list[str]) -> None:
    assert baraza("deliveries", "--config", config, *args).status == 2


@pytest.mark.parametrize(
    ("choice", "after"),
    [
        ("--sent", DeliveryState.DELIVERED),
        ("--again", DeliveryState.PLANNED),
        ("--give-up", DeliveryState.CANCELLED),
    ],
)
def test_settle(full: FakeApp, config: Path, baraza: Run, choice: str, after: DeliveryState) -> None:
    result = baraza("deliveries", "settle", "3", choice, "--config", config)
    assert result.status == 0
    assert full.lines[3].state is after
    assert full.by == "operator"
    assert after.value in result.out


def test_settle_wants_one_answer(full: FakeApp, config: Path, baraza: Run) -> None:
    assert baraza("deliveries", "settle", "3", "--config", config).status == 2
    assert baraza("deliveries", "settle", "3", "--sent", "--again", "--config", config).status == 2
    assert full.lines[3].state is DeliveryState.UNCERTAIN


def test_what_is_not_uncertain_cannot_be_settled(full: FakeApp, config: Path, baraza: Run) -> None:
    result = baraza("deliveries", "settle", "1", "--again", "--config", config)
    assert result.status == 1
    assert "not possible when delivered" in result.err
    result = baraza("deliveries", "settle", "77", "--sent", "--config", config)
    assert result.status == 1
    assert "no delivery 77" in result.err


def test_retry(full: FakeApp, config: Path, baraza: Run) -> None:
    assert baraza("deliveries", "--config", config, "retry", "2").status == 0
    assert full.lines[2].state is DeliveryState.PLANNED


def test_a_database_that_is_not_there(app: FakeApp, config: Path, baraza: Run) -> None:
    app.broken = StorageUnavailable("there is no database yet: start `baraza run` once")
    for command in (["status"], ["deliveries"], ["deliveries", "retry", "1"]):
        result = baraza(*command, "--config", config)
        assert result.status == 1
        assert result.err.strip() == "there is no database yet: start `baraza run` once"


def test_run_hands_over_the_config(app: FakeApp, config: Path, baraza: Run) -> None:
    seen: list[str] = []
    app.running = lambda loaded: seen.append(loaded.language)
    assert baraza("--config", config, "run").status == 0
    assert seen == ["en"]


def test_run_with_its_port_taken(app: FakeApp, config: Path, baraza: Run) -> None:
    def taken(_: object) -> None:
        raise OSError(errno.EADDRINUSE, "address already in use")

    app.running = taken
    result = baraza("run", "--config", config)
    assert result.status == 2
    assert "choose another port" in result.err


def test_an_error_that_quotes_a_secret(
    app: FakeApp, config: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB", "postgres://u:open-sesame-open@h/n")
    config.write_text(CONFIG.replace("sqlite://data/baraza.db", "env:DB"))
    app.broken = StorageUnavailable("cannot log in with open-sesame-open\x1b[2J")
    result = baraza("status", "--config", config)
    assert result.err.strip() == r"cannot log in with [secret]\x1b[2J"


def test_run_stops_when_told(app: FakeApp, config: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    import os
    import signal

    stopped: list[str] = []

    async def run(_: object, *, ready: object = None, standby: bool = False, roles: object = None) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            stopped.append("cleanly")

    monkeypatch.setattr(app, "run", run)
    assert baraza("run", "--config", config).status == 0
    assert stopped == ["cleanly"]


class Collector:
    """What the garbage collector is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.frozen = asyncio.Event()

    def collect(self) -> None:
        self.told.append("collect")

    def set_threshold(self, *_: int) -> None:
        self.told.append("rounds")

    def freeze(self) -> None:
        self.told.append("freeze")
        self.frozen.set()

    def get_freeze_count(self) -> int:
        return int(self.frozen.is_set())


@pytest.mark.parametrize("connected", [True, False])
def test_what_is_there_is_searched_for_garbage_no_more(
    app: FakeApp, config: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch, connected: bool
) -> None:
    """Once, when all accounts are connected, or after a while where one is not."""
    collector = Collector()
    monkeypatch.setattr(running_command, "gc", collector)
    if not connected:
        monkeypatch.setattr(running_command, "_STARTS", 0.01)

    async def run(_: object, *, ready: Callable[[], None], standby: bool = False, roles: object = None) -> None:
        if connected:
            ready()
        await collector.frozen.wait()
        ready()

    monkeypatch.setattr(app, "run", run)
    assert baraza("run", "--config", config).status == 0
    assert collector.told == ["rounds", "collect", "freeze"]


def test_the_environment_names_the_config(
    full: FakeApp, config: Path, baraza: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BARAZA_CONFIG", str(config))
    assert baraza("deliveries").status == 0
    assert baraza("deliveries", "--config", config.with_name("none.toml")).status == 2


def test_version_and_help(baraza: Run) -> None:
    assert baraza("--version").out.startswith("baraza ")
    for command in ("init", "check", "run", "status", "deliveries", "demo", "new-adapter"):
        assert command in baraza("--help").out
        assert baraza(command, "--help").status == 0
