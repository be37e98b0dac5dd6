"""``baraza audit``: does the audit log still say what was written into it?"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from bridge.cli import rooms
from bridge.cli.common import (
    ConfigOption,
    Exit,
    JsonOption,
    cell,
    complain,
    console,
    open_config,
    print_json,
    say,
    table,
)
from bridge.config import Config
from bridge.core.reports import Chain

_HEAD = re.compile(r"[0-9a-f]{8,64}")
"""Of less than that the beginning of some line may be found by chance."""

audit = typer.Typer(help="Check the log of everything that moderators decided.", no_args_is_help=True)


@audit.callback()
def _audit() -> None:
    """Check the log of everything that moderators decided."""


@audit.command()
def verify(
    context: typer.Context,
    config: ConfigOption = None,
    community: Annotated[str | None, typer.Option(help="Only this community's log (its id).")] = None,
    head: Annotated[
        str | None, typer.Option(help="A hash that was once posted to a moderators' channel: it must still be there.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Walk the log from its first line: was a line changed, taken out or put in?"""
    loaded = open_config(context, config)
    if head is not None:
        head = head.strip().lower()
        if not _HEAD.fullmatch(head):
            raise typer.BadParameter("give the letters and digits as they were posted, at least 8", param_hint="--head")
    chains, lines = asyncio.run(_verify(loaded, community, head))
    known = sorted({str(each.id) for each in loaded.communities()})
    if community is not None and community not in known and not any(chain.lines or chain.broken_at for chain in chains):
        # A log with nothing in it is as it was written: a slip of the pen must not look like that.
        raise typer.BadParameter(f"there is none of that id; give one of: {', '.join(known)}", param_hint="--community")
    good = all(chain.broken_at is None for chain in chains) and (head is None or bool(lines))
    if as_json:
        print_json({"chains": [asdict(chain) for chain in chains], "head": lines})
    else:
        _print(chains, head, lines)
    if not good:
        raise typer.Exit(Exit.FAILED)


def _print(chains: Sequence[Chain], head: str | None, lines: dict[str, int]) -> None:
    shown = table("Audit log", "community", "lines", "head", "as written")
    for chain in chains:
        broken = "" if chain.broken_at is None else f"no: line {chain.broken_at} was changed or is missing"
        shown.add_row(
            cell(chain.community),
            cell(chain.lines),
            cell(chain.head[:32]),
            cell(broken or "yes", "red" if broken else "green"),
        )
    console().print(shown if chains else "Nothing was decided yet.")
    for chain in chains:
        if chain.older:
            say(f"{chain.community}: {chain.older} older lines are from before the log was a chain.")
    if head is not None:
        for community, number in lines.items():
            say(f"The posted head is line {number} of {community}.")
        if not lines:
            complain(
                "The posted head is in none of the logs: lines were changed or cut off since it was posted. "
                "Compare with a backup from that day."
            )


async def _verify(config: Config, community: str | None, head: str | None) -> tuple[Sequence[Chain], dict[str, int]]:
    app = rooms.app()
    async with app.open_storage(config, migrate=False):
        chains = await app.audit_chains(community)
        lines: dict[str, int] = {}
        for chain in chains if head else ():
            number = await app.audit_line(chain.community, head or "")
            if number is not None:
                lines[chain.community] = number
        return chains, lines
