"""``groups``: those of the file and those connected in chats stand in one table."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.cli import grouping
from bridge.cli.common import now
from bridge.core.ids import Address
from bridge.core.reports import GroupLine
from tests.unit.cli.conftest import FakeApp, Run

CONFIGURED = GroupLine(
    community="hifa",
    chat=Address.parse("net:members"),
    title="Members",
    source="config",
    state="linked",
    intake="hold",
    language="en",
)
CLINIC = GroupLine(
    community="hifa",
    chat=Address.parse("net:clinic"),
    title="Clinic [red]1[/red]",
    source="chat",
    state="asked",
    intake="copy",
    language="sw",
    size=42,
    code="G3",
    by="Grace",
)


@pytest.fixture
def full(app: FakeApp) -> FakeApp:
    app.group_lines = [replace(CONFIGURED, last_arrived=now() - timedelta(hours=3, minutes=5)), CLINIC]
    return app


def test_one_table(full: FakeApp, config: Path, baraza: Run) -> None:
    result = baraza("groups", "--config", config)
    assert result.status == 0
    for said in ("Members", "config", "Clinic [red]1[/red] (42)", "chat, G3", "asked", "Grace", "3 h 5 min", "/queue"):
        assert said in result.out
    assert full.opened == [False], "looking must not migrate"


def test_as_json(full: FakeApp, config: Path, baraza: Run) -> None:
    told = json.loads(baraza("groups", "--json", "--config", config).out)["groups"]
    assert [(line["chat"], line["source"], line["size"]) for line in told] == [
        ("net:members", "config", None),
        ("net:clinic", "chat", 42),
    ]


def test_health_says_what_is_wrong_first() -> None:
    at = now()
    line = GroupLine(
        **{
            **{name: getattr(CONFIGURED, name) for name in CONFIGURED.__dataclass_fields__},
            "trouble": "forbidden",
            "gone_since": at - timedelta(hours=2),
            "last_arrived": at - timedelta(hours=5),
        }
    )
    said = grouping.health(line, at)
    assert said.startswith("the account was removed 2 h")
    assert "did not arrive: forbidden" in said
    assert grouping.health(CLINIC, at) == ""
