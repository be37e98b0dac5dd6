"""``baraza trace``: the way of one post from intake to arrival."""

import asyncio
import re
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
from bridge.core.reports import TraceLine, TraceReport

_POST = re.compile(r"(?:(?P<community>[^#]*[^#\s])?\s*#)?\s*(?P<number>[0-9]{1,18})")


def trace(
    context: typer.Context,
    post: Annotated[str, typer.Argument(metavar="POST", help="hifa#12, or its number with --community.")],
    config: ConfigOption = None,
    community: Annotated[str | None, typer.Option(help="Whose post, where there are several communities.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the way of one post: received, held, decided, sent where, and what became of it. Nobody's words."""
    loaded = open_config(context, config)
    chosen, number = _named(loaded, post, community)
    try:
        report = asyncio.run(_trace(loaded, chosen, number))
    except LookupError:
        complain(
            f"There is no post {chosen}#{number}: `baraza status` lists what waits, `baraza deliveries` what went."
        )
        raise typer.Exit(Exit.FAILED) from None
    if as_json:
        print_json(asdict(report))
        return
    shown = table(
        f"{report.community}#{report.number}: {report.state}",
        "when (UTC)",
        "step",
        "id",
        "what",
        "where",
        "outcome",
        "tries",
        "done (UTC)",
        "reference",
        "by",
        "why",
    )
    for line in report.lines:
        shown.add_row(
            cell(f"{line.at:%Y-%m-%d %H:%M:%S}"),
            cell(line.step),
            cell(line.id),
            cell(line.what),
            cell(line.where),
            cell(line.outcome),
            cell(line.attempts or ""),
            cell("" if line.done_at is None else f"{line.done_at:%Y-%m-%d %H:%M:%S}"),
            cell(line.reference),
            cell(line.by),
            cell(_why(line)),
        )
    console().print(shown)
    say(f"In the log: grep -E '{'|'.join(report.ids)}'")


def _why(line: TraceLine) -> str:
    if line.due_at is not None and line.attempts and line.tried_at is not None:
        again = f"last tried {line.tried_at:%H:%M:%S}, due {line.due_at:%Y-%m-%d %H:%M:%S}"
        return f"{line.detail} ({again})" if line.detail else again
    if line.due_at is not None:
        return f"due {line.due_at:%Y-%m-%d %H:%M:%S}"
    return line.detail


def _named(config: Config, post: str, community: str | None) -> tuple[str, int]:
    """The community's id and the number that somebody means."""
    match = _POST.fullmatch(post.strip())
    if match is None:
        raise typer.BadParameter("write it as hifa#12, or as 12", param_hint="POST")
    said = match["community"] or community
    known = {str(each.id): each.name for each in config.communities()}
    if match["community"] and community and match["community"].casefold() != community.casefold():
        raise typer.BadParameter(f"POST says {match['community']}", param_hint="--community")
    if said is None and len(known) == 1:
        return next(iter(known)), int(match["number"])
    for name, title in known.items():
        if said is not None and said.casefold() in (name.casefold(), title.casefold()):
            return name, int(match["number"])
    which = "say which community" if said is None else f"there is no community {said}"
    raise typer.BadParameter(f"{which}: one of {', '.join(sorted(known))}", param_hint="--community")


async def _trace(config: Config, community: str, number: int) -> TraceReport:
    app = rooms.app()
    async with app.open_storage(config, migrate=False):
        return await app.trace(community, number)
