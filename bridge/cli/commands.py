"""The commands, joined."""

import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, NoReturn

import typer

from bridge.cli import (
    auditing,
    backing_up,
    checking,
    databases,
    exporting,
    figures,
    grouping,
    initialising,
    inviting,
    ledger,
    members,
    reporting,
    running,
    scaffold,
    tracing,
)
from bridge.cli.common import ConfigOption, Exit, complain
from bridge.core.errors import BarazaError, ConfigError

# Typer's own tracebacks show local variables, and with them secrets.
app = typer.Typer(
    name="baraza",
    help="A moderated bridge between chat groups.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _version(wanted: bool) -> None:
    if not wanted:
        return
    try:
        number = version("baraza")
    except PackageNotFoundError:
        number = "(not installed)"
    typer.echo(f"baraza {number}")
    raise typer.Exit


@app.callback()
def _global(
    config: ConfigOption = None,
    _shown: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and stop.")
    ] = False,
) -> None:
    """A moderated bridge between chat groups: held, read by a moderator, published everywhere."""


app.command()(initialising.init)
app.command()(checking.check)
app.command()(running.run)
app.command()(backing_up.backup)
app.command()(backing_up.restore)
app.add_typer(databases.db, name="db")
app.command()(ledger.status)
app.command()(tracing.trace)
app.command()(grouping.groups)
app.add_typer(ledger.deliveries, name="deliveries")
app.add_typer(auditing.audit, name="audit")
app.add_typer(exporting.export, name="export")
app.add_typer(members.members, name="members")
app.command()(figures.statistics)
app.add_typer(reporting.report, name="report")
app.command()(inviting.invite)
app.command()(running.demo)
app.command("new-adapter")(scaffold.new_adapter)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit: 0 done, 1 failed, 2 the config file or the command line cannot be used."""
    try:
        app(args=None if arguments is None else list(arguments), prog_name="baraza")
    except ConfigError as error:
        complain(str(error))
        sys.exit(Exit.CONFIG)
    except BarazaError as error:
        complain(str(error))
        sys.exit(Exit.FAILED)
    sys.exit(Exit.OK)
