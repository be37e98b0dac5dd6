"""Runs the simulator as a program of its own: `python -m bridge.playground.botapi`."""

import argparse
import asyncio
import signal
from pathlib import Path

from bridge.playground.botapi.limits import Limits
from bridge.playground.botapi.simulator import BotApiSimulator


async def _run(host: str, port: int, state_file: Path | None, limits: Limits) -> None:
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    simulator = BotApiSimulator(limits=limits, state_file=state_file)
    address = await simulator.start(host, port)
    print(address, flush=True)  # noqa: T201  # the address is this program's output
    try:
        await stopped.wait()
    finally:
        await simulator.stop()


def main() -> None:
    """Read the command line and serve until a signal."""
    parser = argparse.ArgumentParser(prog="python -m bridge.playground.botapi", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="port 0 takes a free one")
    parser.add_argument("--state", type=Path, metavar="FILE", help="keep chats, updates and ids in this file")
    parser.add_argument("--unlimited", action="store_true", help="never answer 429")
    options = parser.parse_args()
    host, separator, port = options.listen.rpartition(":")
    if not separator or not port.isdigit():
        parser.error(f"--listen wants HOST:PORT, not {options.listen!r}")
    limits = Limits.unlimited() if options.unlimited else Limits()
    asyncio.run(_run(host, int(port), options.state, limits))


if __name__ == "__main__":
    main()
