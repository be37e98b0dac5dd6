"""``baraza run`` and ``baraza demo``."""

import asyncio
import errno
import gc
import signal
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli import rooms
from bridge.cli.common import ConfigOption, LogFormat, LogFormatOption, LogLevel, LogLevelOption, open_config
from bridge.config import Config
from bridge.core.errors import ConfigError
from bridge.core.sharing import ALL, Role

_YOUNG, _MIDDLE, _OLD = 10_000, 10, 20
"""Objects, and rounds, after which the collector looks for garbage; Python's own choice is 700 or 2,000, 10, 10."""
_STARTS = 30.0
"""Seconds after which what is there is taken for what stays, though an account is still not connected."""


def run(
    context: typer.Context,
    config: ConfigOption = None,
    log_format: LogFormatOption = LogFormat.AUTO,
    log_level: LogLevelOption = LogLevel.INFO,
    standby: Annotated[
        bool,
        typer.Option("--standby", help="Where another Baraza has the database: wait, and take over when it ends."),
    ] = False,
    roles: Annotated[
        str | None,
        typer.Option(
            "--roles",
            help="Of the programs that share a PostgreSQL database this one does a part of the work: some of "
            "intake,deliver,web; all by default.",
        ),
    ] = None,
) -> None:
    """Run the bridge until it is told to stop (Ctrl-C, or SIGTERM)."""
    if roles is not None and standby:
        raise typer.BadParameter("a program that shares the work waits for nobody: leave out one of the two")
    settings = open_config(context, config, log_format=log_format, log_level=log_level)
    with asyncio.Runner(loop_factory=quick_loop()) as runner:
        runner.run(_until_stopped(settings, standby=standby, roles=None if standby else _roles(roles)))


def quick_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """An event loop that costs less of the processor for each message, where it is made for the system."""
    try:
        import uvloop
    except ImportError:  # Windows
        return None
    return uvloop.new_event_loop


def settle() -> None:
    """What is there once the bridge works stays to its end: it is no longer searched for garbage. Once is enough.

    A search of all that the libraries bring takes 60 ms, in which nothing else goes on, and came every second under
    load. See https://docs.python.org/3/library/gc.html#gc.freeze
    """
    if gc.get_freeze_count():
        return
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
    gc.collect()
    gc.freeze()


def _roles(given: str | None) -> frozenset[Role]:
    names = ["all"] if given is None else [name.strip() for name in given.split(",")]
    try:
        return ALL if names == ["all"] else frozenset(map(Role, names))
    except ValueError:
        raise typer.BadParameter("write all, or some of intake,deliver,web", param_hint="--roles") from None


async def _until_stopped(config: Config, *, standby: bool, roles: Collection[Role] | None = None) -> None:
    bridge = asyncio.create_task(rooms.app().run(config, ready=settle, standby=standby, roles=roles), name="bridge")
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        bridge.cancel()

    loop = asyncio.get_running_loop()
    late = loop.call_later(_STARTS, settle)
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signal_number, stop)
    try:
        await bridge
    except asyncio.CancelledError:
        if not stopped:
            raise
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise ConfigError(
            f"cannot listen at {config.web.host}:{config.web.port}, another program does: stop it, or choose another "
            "port in [web] listen"
        ) from None
    finally:
        late.cancel()
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(signal_number)


def demo(
    data: Annotated[Path, typer.Option(help="The folder that keeps the demo from one run to the next.")] = Path(
        "data/demo"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where the page is; 0: any free port.")] = 8600,
    synapse: Annotated[bool, typer.Option(help="With a Matrix homeserver, or without.")] = True,
    synapse_venv: Annotated[Path | None, typer.Option(help="Where Synapse is installed.", show_default=False)] = None,
) -> None:
    """Try everything on this machine: invented phones, a real bridge, nothing to sign up for."""
    from bridge.playground.demo import main

    main(data, port, synapse, synapse_venv)
