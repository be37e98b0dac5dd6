"""``baraza trace``: how a post is named, and what it says of one that is not there."""

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import CONFIG, FakeApp, Run


@pytest.mark.parametrize("said", [["hifa#12"], ["HIFA #12"], ["12"], ["#12"], ["12", "--community", "HIFA"]])
def test_ways_to_name_a_post(said: list[str], app: FakeApp, config: Path, baraza: Run) -> None:
    result = baraza("trace", *said, "--config", config)
    assert result.status == 0, result.err
    assert "hifa#12: live" in result.out
    assert "grep -E '0a1b|2c3d'" in result.out
    shown = json.loads(baraza("trace", *said, "--json", "--config", config).out)
    assert shown["lines"][0]["id"] == 7


def test_one_that_is_not_there(app: FakeApp, config: Path, baraza: Run) -> None:
    result = baraza("trace", "13", "--config", config)
    assert (result.status, result.out) == (1, "")
    assert "There is no post hifa#13" in result.err


@pytest.mark.parametrize("said", [["nowhere#12"], ["twelve"], ["hifa#"], ["hifa#12", "--community", "chifa"]])
def test_what_names_none(said: list[str], app: FakeApp, config: Path, baraza: Run) -> None:
    assert baraza("trace", *said, "--config", config).status == 2


def test_of_several_communities_one_must_be_said(app: FakeApp, config: Path, baraza: Run) -> None:
    second = CONFIG[CONFIG.index("[[communities]]") :].replace("hifa", "chifa").replace("HIFA", "CHIFA")
    config.write_text(CONFIG + second.replace("net:m", "net:n"))
    result = baraza("trace", "12", "--config", config)
    assert result.status == 2
    assert "chifa, hifa" in result.err
    assert baraza("trace", "chifa#12", "--config", config).status == 0
