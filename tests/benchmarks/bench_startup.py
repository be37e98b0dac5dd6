"""Start-up: `baraza run` from spawn to the line `ready`, with Telegram (simulator), Matrix (Synapse) and a phone."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge.playground.botapi import BotApiSimulator
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import SynapseServer, SynapseUnavailable
from tests.acceptance.program import ROOT, Matrix, Program, populate, write_config
from tests.benchmarks.common import machine, spread, table
from tests.servers import detached, started_synapse, unique

ROUNDS = int(os.environ.get("BARAZA_BENCH_ROUNDS", "5"))


@asynccontextmanager
async def people_of(synapse: SynapseServer) -> AsyncIterator[Matrix]:
    """A bot, two people, and two rooms that wait for the bot."""
    bot = await synapse.register(unique("baraza"), displayname="Baraza")
    logins = [await synapse.register(unique(name), displayname=name.title()) for name in ("fatima", "peter")]
    async with (
        MatrixUser(synapse.url, logins[0].user_id, logins[0].access_token) as fatima,
        MatrixUser(synapse.url, logins[1].user_id, logins[1].access_token) as peter,
    ):
        room = await peter.create_room("Health room", invite=[bot.user_id, fatima.user_id])
        await fatima.join(room)
        mods = await peter.create_room("Moderators", invite=[bot.user_id])
        yield Matrix(url=synapse.url, bot=bot, fatima=fatima, peter=peter, room=room, mods=mods)


async def _timed(config: Path) -> float:
    program = Program(config)
    began = time.perf_counter()
    await program.start(seconds=60)
    seconds = time.perf_counter() - began
    await program.stop()
    return seconds


async def measure(synapse: SynapseServer | None) -> tuple[float, float]:
    """Seconds with a fresh database (and a first login), and with the one that it left behind."""
    with tempfile.TemporaryDirectory(prefix="baraza-bench-") as name:
        async with BotApiSimulator() as simulator:
            telegram = await populate(simulator)
            if synapse is None:
                config, _ = write_config(Path(name), telegram=telegram)
                return await _timed(config), await _timed(config)
            async with people_of(synapse) as matrix:
                config, _ = write_config(Path(name), telegram=telegram, matrix=matrix)
                return await _timed(config), await _timed(config)


def _command(*arguments: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main() -> None:
    about = machine()
    with tempfile.TemporaryDirectory(prefix="baraza-bench-synapse-") as name:
        # As on a machine that has run it before: with compiled modules, whatever this environment says of them.
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(name) / "compiled")
        try:
            synapse: SynapseServer | None = started_synapse(Path(name))
        except SynapseUnavailable as error:
            synapse = None
            about += f"; without Matrix: {error}"
        try:
            asyncio.run(measure(synapse))
            fresh, existing, imports, python = [], [], [], []
            for _ in range(ROUNDS):
                first, second = asyncio.run(measure(synapse))
                fresh.append(first * 1000)
                existing.append(second * 1000)
                imports.append(_command("-c", "import bridge.app, bridge.cli.running") * 1000)
                python.append(_command("-c", "import asyncio") * 1000)
        finally:
            if synapse is not None:
                detached(synapse.stop)
    table(
        f"Start-up to `ready`, {ROUNDS} rounds, interleaved ({about})",
        ("what", "ms: median (least to most)"),
        [
            ("fresh database, first login", spread(fresh)),
            ("existing database", spread(existing)),
            ("of it: python -c 'import bridge.app'", spread(imports)),
            ("of it: python -c 'import asyncio'", spread(python)),
        ],
    )


if __name__ == "__main__":
    main()
