"""One id from intake to arrival: what `baraza trace` shows and what `grep` finds in the log is the same way."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.playground.botapi import BotApiSimulator
from tests.acceptance.program import Telegram, command, populate, running, write_config

WORDS = "Is misoprostol safe at home?"


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator() as simulator:
        yield await populate(simulator)


async def test_a_post_is_followed_from_intake_to_arrival(tmp_path: Path, telegram: Telegram) -> None:
    config, phone = write_config(tmp_path, telegram=telegram)
    async with running(config) as program:
        await telegram.users.write(telegram.amina, telegram.kenya, "Another one, which stays held")
        await telegram.find(telegram.grace, telegram.mods, "Another one")
        written = await telegram.users.write(telegram.amina, telegram.bot, "The first wording")
        await telegram.find(telegram.grace, telegram.mods, "The first wording")
        await telegram.users.edit(telegram.amina, telegram.bot, written, WORDS)
        await telegram.press(telegram.grace, telegram.mods, WORDS, "Approve")
        await telegram.find(telegram.grace, telegram.mods, "Arrived in 3 of 3 groups")
        assert phone.sent()
        status, shown = await command(config, "trace", "hifa#2")
        assert status == 0, shown
        assert await program.stop() == 0
    # once nothing more is sent, for the log is compared with it below: the card may be edited after "Arrived"
    status, printed = await command(config, "trace", "2", "--json")
    report = json.loads(printed)
    # nobody's words and no name
    for text in (shown, printed):
        assert "misoprostol" not in text
        assert "Amina" not in text
    steps = {line["step"] for line in report["lines"]}
    assert steps == {"inbox", "submission", "revision", "review", "decision", "post", "delivery"}
    times = [line["at"] for line in report["lines"]]
    assert times == sorted(times)
    received = [line for line in report["lines"] if line["step"] == "inbox"]
    posts = [line for line in report["lines"] if line["what"] == "send post"]
    assert {line["where"].split(":")[0] for line in posts} == {"telegram", "sms"}
    assert all(line["outcome"] == "delivered" and line["reference"] and line["attempts"] == 1 for line in posts)
    # the log says the same of the same rows
    (identifier,) = report["ids"]
    assert re.search(rf"grep -E '{identifier}'", shown)
    lines = [json.loads(line) for line in program.output if identifier in line]
    assert all(line["trace"] == identifier for line in lines)
    events = [line for line in lines if line["event"] == "inbox_event_done"]
    assert [line["id"] for line in events[:2]] == [line["id"] for line in received]
    assert [line["type"] for line in events] == ["posted", "edited", "pressed"]
    sent = {line["id"]: line["outcome"] for line in lines if line["event"] == "delivery"}
    of_the_post = {line["id"] for line in report["lines"] if line["step"] == "delivery" and line["attempts"]}
    assert of_the_post == sent.keys()
    assert set(sent.values()) == {"sent"}
