"""What all commands share: where the config is, how things are printed, and what exit statuses mean."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bridge import logs
from bridge.config import Config, default_path, load


class Exit(IntEnum):
    OK = 0
    FAILED = 1
    CONFIG = 2
    """The config file or the command line cannot be used."""


class LogFormat(StrEnum):
    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="PATH",
        help="The config file; else BARAZA_CONFIG names it, else it is config/baraza.toml.",
        show_default=False,
    ),
]
LogFormatOption = Annotated[
    LogFormat, typer.Option("--log-format", help="Readable lines on a terminal, JSON lines elsewhere.")
]
LogLevelOption = Annotated[LogLevel, typer.Option("--log-level", help="How much is logged.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def config_path(context: typer.Context, own: Path | None) -> Path:
    """``--config`` may stand before or after the command; the later one counts."""
    group = context.parent.params.get("config") if context.parent else None
    return own or group or context.find_root().params.get("config") or default_path()


def open_config(
    context: typer.Context,
    own: Path | None,
    *,
    log_format: LogFormat = LogFormat.AUTO,
    log_level: LogLevel = LogLevel.WARNING,
) -> Config:
    """Load the config and set logging up with its secrets; raises ConfigError."""
    logs.configure(format=log_format.value, level=log_level.value)
    config = load(config_path(context, own))
    logs.configure(format=log_format.value, level=log_level.value, secrets=config.secrets)
    return config


def console(*, stderr: bool = False) -> Console:
    """Where people read. Redirected output is not folded: each line of a table stays one line."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else 1000
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False, soft_wrap=not stream.isatty())


def say(text: str = "") -> None:
    console().print(text)


def complain(text: str) -> None:
    console(stderr=True).print(logs.escaped(logs.redact(text), keep="\n"))


def print_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    typer.echo(json.dumps(value, indent=2, ensure_ascii=True, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def table(title: str, *columns: str) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold", header_style="bold", expand=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def cell(value: object, style: str = "") -> Text:
    """Foreign text for a table: never markup, a secret or a control character."""
    return Text(logs.escaped(logs.redact("" if value is None else str(value))), style=style)


def now() -> datetime:
    return datetime.now(UTC)


def age(since: datetime | None, at: datetime) -> str:
    """How long ago, in the one or two units that matter."""
    return "" if since is None else duration(at - since)


def duration(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86400
    if minutes == 0:
        return f"{seconds} s"
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min"
    return f"{days} d {hours % 24} h"
