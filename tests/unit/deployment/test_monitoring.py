"""What is watched is there: every figure named in a rule or on the dashboard, and a page for every alert."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from bridge.core import tally
from bridge.core.ids import CommunityId
from bridge.core.ports import Health
from bridge.core.reports import HeldItem, Queue, StatusReport
from bridge.core.states import DeliveryState
from bridge.storage import reports
from bridge.web import metrics

ROOT = Path(__file__).parents[3]
MONITORING = ROOT / "config/monitoring"
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
AGO = NOW - timedelta(minutes=5)
SHARING = {"leases": {"account:sms": 3}, "nobodys": ["account:telegram", "intake"]}


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return list(group["rules"])


@pytest.fixture
async def shown(monkeypatch: pytest.MonkeyPatch) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Every figure with its labels, at a moment when something is wrong of each kind."""

    async def status(now: datetime) -> StatusReport:
        held = HeldItem(id=1, kind="post", since=AGO)
        return StatusReport(
            queues=(Queue(community=CommunityId("hifa"), held=1, items=(held,)),),
            inbox_waiting=1,
            inbox_oldest=AGO,
            inbox_parked=2,
            deliveries={DeliveryState.UNCERTAIN: 3},
            oldest_undelivered=AGO,
            oldest_uncertain=AGO,
            handed={"sms": 200},
            failed={"sms": 20},
            unreachable={"sms": 3},
        )

    monkeypatch.setattr(reports, "status", status)
    counts = tally.Tally()
    counts.count(tally.ANSWERS, "telegram", "later")
    counts.count(tally.POSTPONED, "telegram", "limit")
    counts.count(tally.REFUSALS, "telegram", "forbidden")
    accounts = {"telegram": Health(connected=True, silent=timedelta(seconds=7)), "sms": Health(connected=False)}
    text = (await metrics.collect(accounts, NOW, counts, SHARING)).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


Shown = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def test_the_figures(shown: Shown) -> None:
    def value(name: str, **labels: str) -> float:
        return shown[f"baraza_{name}", tuple(sorted(labels.items()))]

    assert value("held_items", community="hifa") == 1
    assert value("held_oldest_seconds", community="hifa") == 300
    assert value("deliveries", state="uncertain") == 3
    assert value("undelivered_oldest_seconds") == value("uncertain_oldest_seconds") == 300
    assert value("inbox_oldest_seconds") == 300
    assert value("inbox_events", state="parked") == 2
    assert value("account_connected", account="sms") == 0
    assert value("account_silent_seconds", account="telegram") == 7
    assert value("delivery_answers_total", account="telegram", outcome="later") == 1
    assert value("postponed_total", account="telegram", cause="limit") == 1
    assert value("postponed_total", account="sms", cause="limit") == 0
    assert value("bounces_day", account="sms") == 20
    assert value("failing_readers", account="sms", state="unreachable") == 3
    assert value("failing_readers", account="telegram", state="warned") == 0
    assert value("refusals_total", account="telegram", reason="forbidden") == 1
    assert value("lease_held", lease="account:sms") == 3
    assert value("leases_nobodys") == 2


def test_every_figure_that_is_named_exists(shown: Shown) -> None:
    dashboard = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    said = [rule["expr"] for rule in rules()]
    said += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    names = {name for name, _ in shown}
    for expression in said:
        named = set(re.findall(r"\bbaraza_\w+", expression))
        assert named <= names, expression
        assert named or expression.startswith("up{")
        for name, label in re.findall(r"(baraza_\w+)\{(\w+)", expression):
            assert any(known == name and label in dict(labels) for known, labels in shown), expression
    # And nothing is measured that nobody looks at.
    assert names - {name for expression in said for name in re.findall(r"\bbaraza_\w+", expression)} == set()


def test_every_alert_has_its_page_and_links_it() -> None:
    pages = {path.name for path in (ROOT / "docs/runbooks").glob("*.md")} - {"README.md"}
    index = (ROOT / "docs/runbooks/README.md").read_text()
    for rule in rules():
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("page", "ticket")
        page = ROOT / rule["annotations"]["runbook"]
        text = page.read_text()
        assert text.startswith(f"# {rule['alert']}\n")
        assert f"`{rule['expr']}` for {rule['for']} · {rule['labels']['severity']}" in text
        assert all(f"\n## {part}\n" in text for part in ("Look", "Mend", "Afterwards"))
        assert f"[{rule['alert']}]({page.name})" in index
        pages.remove(page.name)
    assert pages == set()


def test_the_runbooks_name_commands_that_exist() -> None:
    from typer.main import get_command

    from bridge.cli.commands import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    for path in [*(ROOT / "docs/runbooks").glob("*.md"), ROOT / "docs/how-to/operating.md"]:
        for name, second in re.findall(r"`baraza ([a-z-]+)(?: ([a-z-]+))?", path.read_text()):
            assert name in commands, f"{path.name}: baraza {name}"
            if second and hasattr(commands[name], "commands") and not second.startswith("-"):
                assert second in commands[name].commands, f"{path.name}: baraza {name} {second}"
