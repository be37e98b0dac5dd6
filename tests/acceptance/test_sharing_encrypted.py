"""An encrypted Matrix account moves from a program that was killed to another one: its keys are in the database."""

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.test_encrypted import Village, village
from tests.acceptance.test_sharing import HANDED_OVER, Partner, owner_of
from tests.servers import free_port

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["village"]
pytestmark = [pytest.mark.synapse, pytest.mark.timeout(240)]


async def test_encrypted_rooms_go_on_after_a_kill(
    village: Village,
    postgres: str,
    tmp_path: "Path",
) -> None:
    text = village.config.read_text().replace("sqlite://baraza.db", postgres)
    programs = []
    for number in range(2):
        path = tmp_path / f"program{number}.toml"
        lines = [f'listen = "127.0.0.1:{free_port()}"' if "listen" in line else line for line in text.splitlines()]
        path.write_text("\n".join(lines))
        programs.append(Partner(path))
    try:
        for program in programs:
            await program.start()
        first = await village.amina.say(village.group, "Does ORS help?")
        await village.approves(await village.card("Does ORS help?", "waiting for a decision"))
        await village.arrived("Does ORS help?")
        owner = owner_of(programs, "matrix")
        os.kill(owner.pid, signal.SIGKILL)
        killed = time.monotonic()
        await village.amina.say(village.group, "Said while nobody listened")
        card = await village.card("Said while nobody listened", "waiting for a decision")
        assert time.monotonic() - killed < HANDED_OVER
        await village.approves(card)
        await village.arrived("Said while nobody listened")
        there = [i for i in village.amina.rooms[village.group].timeline if "Does ORS help?" in i.body]
        assert len([item for item in there if item.sender == village.bot.user_id]) == 1
        assert not village.peter.unread
        assert set(village.amina.unread) <= {first}
    except BaseException:
        for program in programs:
            print("-----", *program.output[-40:], sep="\n")
        raise
    finally:
        for program in programs:
            await program.kill()
