"""``baraza status`` and ``baraza deliveries``: what waits, what went out, and what a person must settle."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import aiohttp
import typer

from bridge.cli import rooms
from bridge.cli.common import (
    ConfigOption,
    Exit,
    JsonOption,
    age,
    cell,
    complain,
    console,
    now,
    open_config,
    print_json,
    say,
    table,
)
from bridge.config import Config
from bridge.core.errors import OPERATOR_WORDS
from bridge.core.ids import Address, AddressError
from bridge.core.reports import DeliveryFilter, DeliveryLine, StatusReport
from bridge.core.states import ArrivalState, DeliveryState, DeliveryStep

_COLOURS = {
    DeliveryState.DELIVERED: "green",
    DeliveryState.REFUSED: "red",
    DeliveryState.UNCERTAIN: "yellow",
    DeliveryState.IN_DOUBT: "yellow",
    DeliveryState.CANCELLED: "dim",
}


# --- status ---------------------------------------------------------------------------------------------------------


def status(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show what waits for moderators, what is on its way, and how the accounts are."""
    loaded = open_config(context, config)
    report, running = asyncio.run(_status(loaded))
    if as_json:
        print_json({"report": asdict(report), "running": running})
        return
    at = now()
    names = {community.id: community.name for community in loaded.communities()}
    queue = table("Waiting for moderators", "community", "held", "oldest", "the oldest items")
    for row in report.queues:
        items = ", ".join(f"{item.kind} {item.id} ({age(item.since, at)})" for item in row.items[:5])
        oldest = age(row.items[0].since, at) if row.items else ""
        queue.add_row(cell(names.get(row.community, row.community)), cell(row.held), cell(oldest), cell(items))
    ledger = table("Deliveries", "state", "number")
    for state in DeliveryState:
        if report.deliveries.get(state):
            ledger.add_row(cell(state.value, _COLOURS.get(state, "")), cell(report.deliveries[state]))
    out = console()
    out.print(queue if report.queues else "Nothing waits for moderators.")
    out.print(ledger if any(report.deliveries.values()) else "Nothing was sent yet.")
    _print_rest(report, at)
    _print_running(running)


def _print_rest(report: StatusReport, at: datetime) -> None:
    if report.oldest_undelivered is not None:
        say(f"The oldest message still on its way has waited {age(report.oldest_undelivered, at)}.")
    if report.inbox_waiting:
        say(
            f"{report.inbox_waiting} events are received but not yet read, "
            f"the oldest {age(report.inbox_oldest, at)} ago."
        )
    if report.inbox_parked:
        say(f"{report.inbox_parked} events could not be read and are set aside: look for `parked` in the log.")
    if report.deliveries.get(DeliveryState.UNCERTAIN):
        say("For uncertain deliveries look into the group, then use `baraza deliveries settle`.")
    if report.deliveries.get(DeliveryState.REFUSED):
        say("`baraza deliveries --state refused` says why; once mended, use `baraza deliveries retry`.")


def _print_running(running: dict[str, Any] | None) -> None:
    if running is None:
        say("The bridge is not running here (nothing answers at the address in [web] listen).")
        return
    accounts = table("Accounts", "account", "connected", "detail")
    listed = running.get("accounts")
    for name, health in (listed if isinstance(listed, dict) else {}).items():
        good = isinstance(health, dict) and health.get("connected") is True
        detail = health.get("detail", "") if isinstance(health, dict) else ""
        accounts.add_row(cell(name), cell("yes" if good else "no", "green" if good else "red"), cell(detail))
    console().print(accounts)


async def _status(config: Config) -> tuple[StatusReport, dict[str, Any] | None]:
    app = rooms.app()
    async with app.open_storage(config, migrate=False):
        report = await app.status(now())
    return report, await readiness(config)


async def readiness(config: Config) -> dict[str, Any] | None:
    """What the running program says of itself; None where none answers as Baraza does."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.web.host, config.web.host)  # noqa: S104 (not bound here)
    address = f"http://{f'[{host}]' if ':' in host else host}:{config.web.port}/readyz"
    timeout = aiohttp.ClientTimeout(total=3)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(address) as answer:
            found = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return None
    return found if isinstance(found, dict) and "ready" in found else None


# --- deliveries -----------------------------------------------------------------------------------------------------

deliveries = typer.Typer(
    help="Show what was sent where, and settle what only a person can.", invoke_without_command=True
)


@deliveries.callback()
def show(
    context: typer.Context,
    config: ConfigOption = None,
    post: Annotated[int | None, typer.Option(help="Only this post's.")] = None,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those in this state.")] = None,
    chat: Annotated[str | None, typer.Option(metavar="ACCOUNT:CHAT", help="Only those for this chat.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="At most so many, the newest first.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show the ledger: one line for every message that went out, or should have."""
    if context.invoked_subcommand is not None:
        return
    try:
        address = Address.parse(chat) if chat else None
    except AddressError as error:
        raise typer.BadParameter(str(error), param_hint="--chat") from None
    wanted = DeliveryFilter(post=post, state=state, chat=address, limit=limit)
    lines = asyncio.run(_deliveries(open_config(context, config), wanted))
    if as_json:
        print_json([{**asdict(line), "target": str(line.target), "reason": reason(line)} for line in lines])
        return
    if not lines:
        say("No such deliveries.")
        return
    shown = table("Deliveries", "id", "post", "to", "part", "what", "state", "tries", "when (UTC)", "why")
    for line in lines:
        shown.add_row(
            cell(line.id),
            cell(line.post),
            cell(line.target),
            cell(line.part),
            cell(line.operation),
            cell(line.state.value.replace("_", " "), _COLOURS.get(line.state, "")),
            cell(line.attempts),
            cell(f"{line.changed:%Y-%m-%d %H:%M:%S}"),
            cell(reason(line)),
        )
    console().print(shown)
    if len(lines) == limit:
        say(f"There may be more than these {limit}: see --limit, --post, --state and --chat.")


async def _deliveries(config: Config, wanted: DeliveryFilter) -> list[DeliveryLine]:
    app = rooms.app()
    async with app.open_storage(config, migrate=False):
        return list(await app.deliveries(wanted))


_LATER = {
    ArrivalState.SENT: "the network has it",
    ArrivalState.DELIVERED: "it has arrived",
    ArrivalState.FAILED: "the gateway had it, and it did not arrive",
}


def reason(line: DeliveryLine) -> str:
    """Why a row is as it is, in words."""
    if line.refusal is not None:
        words = OPERATOR_WORDS[line.refusal]
    elif line.state is DeliveryState.UNCERTAIN:
        words = "it may have been sent: look into the chat, then settle it"
    elif line.state is DeliveryState.IN_DOUBT:
        words = "the answer never came: it is being looked into"
    elif line.state is DeliveryState.PLANNED and line.due is not None and line.due > now():
        words = f"waits until {line.due:%Y-%m-%d %H:%M:%S} UTC"
    elif line.arrival in _LATER:
        words = _LATER[line.arrival] + (f": {line.code}" if line.code else "")
    else:
        words = ""
    return f"{words} ({line.detail})" if words and line.detail else words or line.detail


@deliveries.command()
def settle(
    context: typer.Context,
    delivery: Annotated[int, typer.Argument(metavar="ID", help="The id of an uncertain delivery.")],
    sent: Annotated[bool, typer.Option("--sent", help="I saw it there.")] = False,
    again: Annotated[bool, typer.Option("--again", help="It is not there: send it again.")] = False,
    give_up: Annotated[bool, typer.Option("--give-up", help="It is not there, and need not be.")] = False,
    config: ConfigOption = None,
) -> None:
    """Say what became of an uncertain delivery, after looking into the chat."""
    chosen = [
        step
        for step, wanted in (
            (DeliveryStep.CONFIRM, sent),
            (DeliveryStep.SEND_AGAIN, again),
            (DeliveryStep.GIVE_UP, give_up),
        )
        if wanted
    ]
    if len(chosen) != 1:
        raise typer.BadParameter("give exactly one of --sent, --again and --give-up")
    _step(open_config(context, config), delivery, chosen[0])


@deliveries.command()
def retry(
    context: typer.Context,
    delivery: Annotated[int, typer.Argument(metavar="ID", help="The id of a refused delivery.")],
    config: ConfigOption = None,
) -> None:
    """Send a refused delivery once more, after mending the reason."""
    _step(open_config(context, config), delivery, DeliveryStep.RETRY)


def _step(config: Config, delivery: int, step: DeliveryStep) -> None:
    try:
        line = asyncio.run(_settle(config, delivery, step))
    except LookupError:
        complain(f"There is no delivery {delivery}: `baraza deliveries` lists them.")
        raise typer.Exit(Exit.FAILED) from None
    say(f"Delivery {line.id} to {line.target} is now {line.state.value.replace('_', ' ')}.")


async def _settle(config: Config, delivery: int, step: DeliveryStep) -> DeliveryLine:
    app = rooms.app()
    async with app.open_storage(config, migrate=False):
        return await app.settle(delivery, step, by="operator", now=now())
