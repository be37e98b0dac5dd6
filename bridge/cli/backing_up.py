"""``baraza backup`` and ``baraza restore``."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli import rooms
from bridge.cli.common import ConfigOption, complain, now, open_config, say

_MEGA = 1_000_000


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it, such as backups/monday.tar.gz.")],
    config: ConfigOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Write over a FILE that is there.")] = False,
) -> None:
    """Copy database and media into one file, whether or not the bridge is running.

    The config file and its secrets are not in it. What the database holds is, and that includes the platforms' sessions
    and the keys of encrypted rooms: keep it as you keep the database.
    """
    loaded = open_config(context, config)
    made = asyncio.run(rooms.backups().backup(loaded.database, loaded.media, file, now(), replace=replace))
    size = file.stat().st_size / _MEGA
    say(f"{file}: {made.rows} rows in {len(made.tables)} tables and {len(made.media)} files, {size:.1f} MB.")
    if made.damaged:
        complain(f"{len(made.damaged)} files in the media folder are damaged and were left out: look at the disk.")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `baraza backup` wrote.")],
    config: ConfigOption = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="In the place of a database that is there; it is kept beside.")
    ] = False,
    moved: Annotated[
        bool,
        typer.Option(
            "--moved", help="Nothing ran since the backup was made: what it has to send was certainly not sent."
        ),
    ] = False,
) -> None:
    """Put a backup in the place of database and media. The bridge must not be running."""
    loaded = open_config(context, config)
    done = asyncio.run(
        rooms.backups().restore(loaded.database, loaded.media, file, now(), replace=replace, moved=moved)
    )
    made = done.manifest
    say(f"Restored as of {made.made_at}: {made.rows} rows in {len(made.tables)} tables and {len(made.media)} files.")
    for path in done.kept:
        say(f"The former state is kept for 30 days: {path}")
    if not moved:
        say("Posts that were on their way then may have gone out since: the next start asks the platforms, or you.")
