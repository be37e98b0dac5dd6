"""``baraza statistics``: what a community publishes of itself each month, and how it is moderated."""

import asyncio
import re
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated

import typer

from bridge.cli import rooms
from bridge.cli.choosing import CommunityOption, FromOption, ToOption, one_community, since, until
from bridge.cli.common import ConfigOption, JsonOption, cell, console, duration, open_config, print_json, say, table
from bridge.core.roster import Figures

_SHOWN = 15


def _month(text: str) -> tuple[datetime, datetime]:
    """Its first and last day."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if match is None or not 1 <= int(match[2]) <= 12 or not 1970 <= int(match[1]) <= 9998:
        raise typer.BadParameter("write a month like 2026-10", param_hint="--month")
    first = datetime(int(match[1]), int(match[2]), 1)  # noqa: DTZ001 - a day, whose zone is the community's
    following = (first + timedelta(days=32)).replace(day=1)
    return first, following - timedelta(days=1)


def statistics(
    context: typer.Context,
    community: CommunityOption = None,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="Instead of --from and --to.")] = None,
    first: FromOption = None,
    last: ToOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Messages, contributors, countries and top contributors of some days; how many joined; how long posts waited."""
    loaded = open_config(context, config)
    where = one_community(loaded, community)
    if month is not None:
        first, last = _month(month)
    if first is not None and last is not None and last < first:
        raise typer.BadParameter("the last day is before the first", param_hint="--to")

    async def read() -> Figures:
        people = rooms.people()
        async with people.open_storage(loaded, migrate=False):
            return await people.figures(where.id, since=since(first, where), until=until(last, where))

    found = asyncio.run(read())
    if as_json:
        print_json(asdict(found))
        return
    days = " to ".join(day.date().isoformat() for day in (first, last) if day is not None) or "so far"
    say(
        f"{where.name}, {days}: {_many(found.messages, 'message')}, {_many(found.contributors, 'contributor')}, "
        f"{_many(len(found.countries), 'country', 'countries')}."
    )
    shown = table("Figures", "", "")
    waited = "" if found.median_decision is None else duration(timedelta(seconds=found.median_decision))
    for name, value in (
        ("members now", found.members),
        ("joined", found.joined),
        ("left", found.left),
        ("taken back", found.retracted),
        ("not published", found.rejected),
        ("median time to a decision", waited),
    ):
        shown.add_row(cell(name), cell(value))
    console().print(shown)
    for title, pairs in (
        ("Top contributors", [(f"{who.name} ({who.country})".replace(" ()", ""), who.messages) for who in found.top]),
        ("Countries", list(found.countries[:_SHOWN])),
        ("Not published because", list(found.reasons)),
    ):
        if pairs:
            listed = table(title, "", "messages")
            for name, count in pairs:
                listed.add_row(cell(name), cell(count))
            console().print(listed)


def _many(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"
