"""``baraza audit verify``: whole logs, logs that somebody meddled with, and heads that were posted."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bridge.cli import rooms
from bridge.core.reports import Chain
from tests.unit.cli.conftest import FakeApp, Run

HEAD = "cd1e6ae77c69d3275152440f551dc7a8"


@dataclass
class Audited(FakeApp):
    chains: Sequence[Chain] = (Chain(community="hifa", lines=11, head=HEAD * 2),)
    asked: list[str | None] = field(default_factory=list)

    async def audit_chains(self, community: str | None = None) -> Sequence[Chain]:
        self.asked.append(community)
        return self.chains

    async def audit_line(self, community: str, start_of_hash: str) -> int | None:
        return 11 if HEAD.startswith(start_of_hash.lower()) else None


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> Audited:
    fake = Audited()
    monkeypatch.setattr(rooms, "app", lambda: fake)
    return fake


def test_a_log_as_it_was_written(baraza: Run, app: Audited, config: Path) -> None:
    done = baraza("--config", config, "audit", "verify", "--head", f" {HEAD} ")
    assert done.status == 0
    assert "yes" in done.out
    assert "The posted head is line 11 of hifa." in done.out
    assert app.opened == [False], "looking must not migrate"


def test_a_log_that_was_meddled_with(baraza: Run, app: Audited, config: Path) -> None:
    app.chains = (Chain(community="hifa", lines=3, head=HEAD, broken_at=4),)
    done = baraza("--config", config, "audit", "verify")
    assert done.status == 1
    assert "line 4 was" in done.out
    told = json.loads(baraza("--config", config, "audit", "verify", "--json").out)
    assert told["chains"][0]["broken_at"] == 4


def test_a_head_that_is_nowhere(baraza: Run, app: Audited, config: Path) -> None:
    done = baraza("--config", config, "audit", "verify", "--head", "0" * 32)
    assert done.status == 1
    assert "in none of the logs" in done.err


@pytest.mark.parametrize("head", ["", "c", "cd1e6ae", "the last line", "cd1e6ae7%"])
def test_what_is_no_head(baraza: Run, app: Audited, config: Path, head: str) -> None:
    """A letter or two are at the beginning of some line in every long log."""
    done = baraza("--config", config, "audit", "verify", "--head", head)
    assert done.status == 2
    assert "--head" in done.err


def test_a_community_that_there_is_not(baraza: Run, app: Audited, config: Path) -> None:
    """An empty log verifies: a slip of the pen must not be taken for that."""
    app.chains = (Chain(community="hfia", lines=0, head=""),)
    done = baraza("--config", config, "audit", "verify", "--community", "hfia")
    assert done.status == 2
    assert "hifa" in done.err
