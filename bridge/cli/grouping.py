"""``baraza groups``: every group, from the config file or connected from inside a chat, and how it is."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import typer

from bridge.cli import rooms
from bridge.cli.common import ConfigOption, JsonOption, age, cell, console, now, open_config, print_json, say, table
from bridge.config import Config
from bridge.core.reports import GroupLine

_COLOURS = {"linked": "green", "asked": "yellow", "refused": "red", "overruled": "red", "unlinked": "dim"}


def groups(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show every group: where it is, how posts are taken in, who connected it, and whether posts arrive."""
    loaded = open_config(context, config)
    lines = asyncio.run(_groups(loaded))
    if as_json:
        print_json({"groups": [{**asdict(line), "chat": str(line.chat)} for line in lines]})
        return
    at = now()
    shown = table("Groups", "community", "group", "chat", "from", "state", "intake", "language", "by", "health")
    for line in lines:
        name = f"{line.title} ({line.size})" if line.size is not None else line.title
        shown.add_row(
            cell(line.community),
            cell(name),
            cell(str(line.chat)),
            cell(f"chat, {line.code}" if line.code else "config"),
            cell(line.state, _COLOURS.get(line.state, "")),
            cell(line.intake),
            cell(line.language),
            cell(line.by),
            cell(health(line, at), "red" if line.trouble or line.gone_since else ""),
        )
    console().print(shown if lines else "No group is connected yet.")
    if any(line.state == "asked" for line in lines):
        say("A group that asks is decided on in the moderators' channel: /queue shows its card there.")
    if any(line.state == "overruled" for line in lines):
        say("What the config file says of a chat counts more than what was connected in it.")


def health(line: GroupLine, at: datetime) -> str:
    """As far as the ledger tells."""
    parts: list[str] = []
    if line.gone_since is not None:
        parts.append(f"the account was removed {age(line.gone_since, at)} ago")
    if line.trouble:
        parts.append(f"the last post did not arrive: {line.trouble}")
    if line.last_arrived is not None:
        parts.append(f"last post arrived {age(line.last_arrived, at)} ago")
    elif line.state == "linked" and not line.trouble:
        parts.append("no post yet")
    return "; ".join(parts)


async def _groups(config: Config) -> Sequence[GroupLine]:
    app = rooms.app()
    async with app.open_storage(config, migrate=False):
        return await app.groups(config)
