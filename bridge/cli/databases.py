"""``baraza db``: what is done with a whole database."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli import rooms
from bridge.cli.common import ConfigOption, open_config, say
from bridge.core.errors import ConfigError

db = typer.Typer(help="What is done with a whole database.", no_args_is_help=True)


@db.command()
def copy(
    context: typer.Context,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET", help="postgres://USER:PASSWORD@HOST/NAME of an empty database, or env:NAME or file:PATH."
        ),
    ],
    config: ConfigOption = None,
) -> None:
    """Copy the SQLite database of the config file into an empty PostgreSQL one, and compare every row.

    The bridge must not be running. The SQLite file stays as it is; files in the media folder stay where they are.
    """
    loaded = open_config(context, config)
    if loaded.sqlite_path is None:
        raise ConfigError("bridge.database is no SQLite file: there is nothing to copy from")
    copied = asyncio.run(rooms.app().copy_database(loaded.sqlite_path, _address(target)))
    say(f"Copied and compared: {sum(copied.values())} rows in {len(copied)} tables.")
    say("Now write the new address as bridge.database in the config file, run `baraza check`, and start `baraza run`.")


def _address(target: str) -> str:
    """Given as it is it could be seen by others on the machine; so it may be named, as in the config file."""
    kind, _, rest = target.partition(":")
    if kind == "env":
        if not os.environ.get(rest):
            raise ConfigError(f"the environment variable {rest} is not set")
        return os.environ[rest]
    if kind == "file":
        try:
            return Path(rest).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ConfigError(f"{rest} cannot be read ({error.strerror})") from None
    return target
