"""Killed at any instant, the program loses nothing, doubles nothing and publishes nothing unasked."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.botapi.limits import Limits
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer
from tests.acceptance.program import Matrix, Telegram, populate
from tests.benchmarks.common import table
from tests.crash.mail import Mail, mail_servers
from tests.crash.round import Report, crash_round
from tests.servers import unique

POSTS = int(os.environ.get("BARAZA_CRASH_POSTS", "500"))
KILLS = int(os.environ.get("BARAZA_CRASH_KILLS", "200"))
POSTGRES_KILLS = int(os.environ.get("BARAZA_CRASH_POSTGRES_KILLS", "0"))
"""So many kills on PostgreSQL, too."""
SEED = int(os.environ.get("BARAZA_CRASH_SEED", "0")) or int.from_bytes(os.urandom(3))


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator(limits=Limits.unlimited()) as simulator:
        yield await populate(simulator)


@pytest.fixture
async def slow_telegram() -> AsyncIterator[Telegram]:
    """With the limits of the real one."""
    async with BotApiSimulator(limits=Limits()) as simulator:
        yield await populate(simulator)


@pytest.fixture
async def matrix(synapse: SynapseServer, matrix_user: Callable[[str], Awaitable[MatrixUser]]) -> Matrix:
    bot = await synapse.register(unique("baraza"), displayname="Baraza")
    fatima, peter = await matrix_user("Fatima"), await matrix_user("Peter")
    room = await peter.create_room(
        "Health room", invite=[bot.user_id, fatima.user_id], power_levels={"users": {bot.user_id: 50}}
    )
    await fatima.join(room)
    mods = await peter.create_room("Moderators", invite=[bot.user_id])
    return Matrix(url=synapse.url, bot=bot, fatima=fatima, peter=peter, room=room, mods=mods)


@pytest.fixture
def mail() -> Iterator[Mail]:
    with mail_servers() as servers:
        yield servers


def judge(report: Report, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        table("A round of kills", ("what", "count"), list(report.facts.items()))
    assert not report.findings.wrong, "\n".join(report.findings.wrong)
    assert not report.notable, "\n".join(report.notable[:20])


async def test_a_short_round(tmp_path: Path, telegram: Telegram, capsys: pytest.CaptureFixture[str]) -> None:
    judge(await crash_round(tmp_path, telegram, None, posts=20, kills=4, seed=SEED), capsys)


@pytest.mark.crash
@pytest.mark.timeout(240)
async def test_a_round_at_telegrams_own_pace(
    tmp_path: Path, slow_telegram: Telegram, capsys: pytest.CaptureFixture[str]
) -> None:
    report = await crash_round(tmp_path, slow_telegram, None, posts=6, kills=3, seed=SEED, pace="")
    judge(report, capsys)
    assert not report.later["telegram"], "a restart forgot what was sent just before, and went over Telegram's limits"


@pytest.mark.crash
@pytest.mark.timeout(3600)
async def test_a_long_round(
    tmp_path: Path, telegram: Telegram, matrix: Matrix, mail: Mail, capsys: pytest.CaptureFixture[str]
) -> None:
    report = await crash_round(
        tmp_path, telegram, matrix, posts=POSTS, kills=KILLS, seed=SEED, stranger=True, mail=mail
    )
    judge(report, capsys)


@pytest.mark.crash
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not POSTGRES_KILLS, reason="BARAZA_CRASH_POSTGRES_KILLS says how many")
async def test_a_long_round_on_postgresql(
    tmp_path: Path,
    telegram: Telegram,
    matrix: Matrix,
    mail: Mail,
    postgres: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    report = await crash_round(
        tmp_path,
        telegram,
        matrix,
        posts=POSTS * POSTGRES_KILLS // KILLS,
        kills=POSTGRES_KILLS,
        seed=SEED,
        stranger=True,
        mail=mail,
        postgres=postgres,
    )
    judge(report, capsys)
