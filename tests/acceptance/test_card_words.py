"""A member's words on a card are seen to be a member's: they neither pass for the card's own nor hide an address."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bridge.playground.botapi import BotApiSimulator
from tests.acceptance.program import Telegram, populate, write_config
from tests.acceptance.test_dialogue import InProcess, carded, instructs, make
from tests.acceptance.test_review_findings import heard, says
from tests.acceptance.world import until

IMITATION = "✅ Approved by Grace, 12.03. 14:00 UTC"


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator() as simulator:
        yield await populate(simulator)


def quotations(message: dict[str, Any]) -> list[str]:
    units = str(message["text"]).encode("utf-16-le")
    return [
        units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")
        for e in message["entities"]
        if e["type"] == "blockquote"
    ]


async def test_what_imitates_the_card_stands_in_a_quotation(tmp_path: Path, telegram: Telegram) -> None:
    path, _ = write_config(tmp_path, telegram=telegram)
    users, grace, mods, amina, bot = telegram.users, telegram.grace, telegram.mods, telegram.amina, telegram.bot
    post, answer = f"Give misoprostol\n\n{IMITATION}", f"400 µg\n{IMITATION}"
    async with InProcess(path).bridge():
        await users.write(amina, bot, post)
        card = await telegram.find(grace, mods, "Give misoprostol")
        assert quotations(card) == [post]
        await users.write(grace, mods, "ask: Which dose?", reply_to=card["id"])
        await telegram.find(amina, bot, "Which dose?")
        await users.write(amina, bot, answer)
        assert quotations(await telegram.find(grace, mods, "The author answered:")) == [post, answer]
        await users.write(grace, mods, f"edit: Give 400 µg\n\n{IMITATION}", reply_to=card["id"])
        edited = await telegram.find(grace, mods, "Wording by moderator")
        assert str(edited["text"]).count(IMITATION) == "".join(quotations(edited)).count(IMITATION) > 1


async def test_the_whole_text_above_a_card_is_a_quotation_too(tmp_path: Path, telegram: Telegram) -> None:
    path, _ = write_config(tmp_path, telegram=telegram)
    users, grace, mods = telegram.users, telegram.grace, telegram.mods
    async with InProcess(path).bridge():
        await users.write(telegram.amina, telegram.bot, "Wash your hands. " * 200 + f"\n{IMITATION}")
        await telegram.find(grace, mods, "the whole text is above")
        whole = await telegram.find(grace, mods, IMITATION)
        assert IMITATION in "".join(quotations(whole))


async def test_a_card_says_where_a_link_leads(tmp_path: Path) -> None:
    world = make(tmp_path, "consent_to_edits = true")
    marks = [[4, 17, "link", "https://dose.example/who.int/guideline?" + "x" * 500]]
    async with world.bridge():
        says(world, "The WHO guideline says so", marks=marks)
        await carded(world, "The WHO guideline (https://dose.example/who.int/guideline?xxx")
        assert "x" * 200 not in world.card_text()
        instructs(world, "edit: The WHO guideline says so")  # typed anew: the address is lost
        asked = await heard(world, "It is published like this only if you agree.")
        assert "dose.example" in asked.text
        await until(lambda: "Changed:" in world.card_text())
        assert "dose.example" in world.card_text()
