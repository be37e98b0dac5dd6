"""``baraza report bandwidth``: bytes, SMS and money, from the ledger of what was really handed over."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer

from bridge.cli import rooms
from bridge.cli.common import ConfigOption, JsonOption, cell, console, now, open_config, print_json, say, table
from bridge.core.bandwidth import Bandwidth
from bridge.core.money import Price

report = typer.Typer(help="Figures of what was sent.", no_args_is_help=True)


@report.callback()
def _report() -> None:
    """Figures of what was sent."""


@report.command()
def bandwidth(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=1, max=800, help="How far back sizes are looked at.")] = 30,
    months: Annotated[int, typer.Option(min=1, max=24, help="How many calendar months are added up.")] = 12,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """How large messages are on each channel, and what each account cost in each month (UTC)."""
    loaded = open_config(context, config)
    at = now()
    first = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    for _ in range(months - 1):
        first = (first - timedelta(days=1)).replace(day=1)

    async def read() -> Bandwidth:
        app = rooms.app()
        async with app.open_storage(loaded, migrate=False):
            return await app.bandwidth(sizes=at - timedelta(days=days), money=first)

    found = asyncio.run(read())
    if as_json:
        print_json(asdict(found))
        return
    if not found.spreads and not found.months:
        say("Nothing was sent yet.")
        return
    sizes = table(f"Sizes, {days} days", "channel", "what", "messages", "bytes p50", "bytes p95", "SMS p50", "SMS p95")
    for row in found.spreads:
        sms = (row.segments_p50, row.segments_p95) if row.segments_p95 else ("", "")
        values = (row.channel, row.kind, row.messages, row.bytes_p50, row.bytes_p95, *sms)
        sizes.add_row(*map(cell, values))
    console().print(sizes)
    money = table("Months", "month", "account", "channel", "messages", "SMS", "bytes", "cost")
    for line in found.months:
        values = (line.month, line.account, line.channel, line.messages, line.segments or "", line.bytes)
        money.add_row(*map(cell, values), cell(_money(line.cost)))
    console().print(money)


def _money(price: Price | None) -> str:
    return "" if price is None else f"{price.currency} {price.amount:.2f}"
