"""``baraza check``: looks at everything that must be right before the first post, and says how to mend what is not."""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
import typer

from bridge.cli import rooms
from bridge.cli.common import (
    ConfigOption,
    Exit,
    JsonOption,
    cell,
    console,
    open_config,
    print_json,
    say,
    table,
)
from bridge.cli.ledger import readiness
from bridge.config import Config, InvalidConfig
from bridge.core.archive import ArchivePolicy
from bridge.core.checks import CanCheck, Finding, Level
from bridge.core.community import Intake
from bridge.core.errors import AccountError, ConfigError, StorageUnavailable
from bridge.core.ports import Adapter
from bridge.core.sharing import Ownership, Role

log = structlog.get_logger(__name__)

MACHINE = "this machine"
_SECONDS_PER_ACCOUNT = 90
_CLOCKS_DIFFER = timedelta(seconds=2)
_FULL = 100 * 1024**2
_NEARLY_FULL = 1024**3
_MARKS = {Level.OK: ("ok", "green"), Level.WARNING: ("warning", "yellow"), Level.ERROR: ("ERROR", "bold red")}

Findings = dict[str, list[Finding]]


def check(context: typer.Context, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Connect to every account and group, and say in plain words what is missing and how to mend it.

    The exit status is 0 when nothing hinders (warnings may remain), 1 on errors, 2 when the config file is wrong.
    """
    try:
        loaded = open_config(context, config)
    except ConfigError as error:
        if not as_json:
            raise
        problems = error.problems if isinstance(error, InvalidConfig) else ()
        listed = [{"key": p.key, "line": p.line, "reason": p.reason, "suggestion": p.suggestion} for p in problems]
        print_json({"ok": False, "error": str(error), "problems": listed})
        raise typer.Exit(Exit.CONFIG) from None
    findings = asyncio.run(look(loaded))
    levels = [finding.level for found in findings.values() for finding in found]
    if as_json:
        print_json({"ok": Level.ERROR not in levels, "findings": _as_json(findings)})
    else:
        _show(findings)
        _conclude(loaded, levels)
    if Level.ERROR in levels:
        raise typer.Exit(Exit.FAILED)


async def look(config: Config) -> Findings:
    """All findings, of the machine first and then of each account."""
    machine = [Finding(level=Level.OK, subject="config file", message=f"{config.path} is in order")]
    machine += [Finding(level=Level.WARNING, subject="config file", message=text) for text in config.warnings]
    machine += [media(config.media), *disk(config), *archives(config)]
    machine.append(await port(config))
    findings: Findings = {MACHINE: machine}
    app = rooms.app()
    async with contextlib.AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(app.open_storage(config))
        except StorageUnavailable as error:
            machine.append(
                Finding(level=Level.ERROR, subject="database", message=str(error), mend=_database_mend(config))
            )
            mend = "mend the database, then run `baraza check` again"
            skipped = Finding(level=Level.WARNING, subject="account", message="was not looked at", mend=mend)
            return {**findings, **{str(name): [skipped] for name in config.accounts}}
        machine.append(Finding(level=Level.OK, subject="database", message="can be read and written"))
        machine += role(is_superuser=await app.is_superuser())
        machine += programs(await app.ownership(datetime.now(UTC)), [*map(str, config.accounts)])
        adapters = app.build_adapters(config)
        found = await asyncio.gather(*(_account(config, app, adapter) for adapter in adapters.values()))
        findings |= dict(zip(map(str, adapters), found, strict=True))
    return findings


async def _account(config: Config, app: rooms.App, adapter: Adapter) -> list[Finding]:
    account = adapter.account
    if not isinstance(adapter, CanCheck):
        return [
            Finding(level=Level.OK, subject="account", message="its settings are in order; nothing else to look at")
        ]
    try:
        async with asyncio.timeout(_SECONDS_PER_ACCOUNT), _stopping(adapter):
            uses = await app.chat_uses(config, account)
            return list(await adapter.check(uses, app.state_store(account)))
    except AccountError as error:
        return [Finding(level=Level.ERROR, subject="account", message=str(error))]
    except TimeoutError:
        return [
            Finding(
                level=Level.ERROR,
                subject="account",
                message=f"no complete answer within {_SECONDS_PER_ACCOUNT} seconds",
                mend="check the address in the config and this machine's connection, then try again",
            )
        ]
    except Exception as error:  # one account's defect must not hide what was found about the others
        log.exception("check_failed", account=account)
        return [
            Finding(
                level=Level.ERROR,
                subject="account",
                message=f"the check itself failed ({type(error).__name__})",
                mend="please report this, with the lines above",
            )
        ]


@contextlib.asynccontextmanager
async def _stopping(adapter: Adapter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        await adapter.stop()


# --- this machine ---------------------------------------------------------------------------------------------------


def media(folder: Path) -> Finding:
    """Can files be kept in the media folder?"""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".check-") as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}"
        mend = "make the folder, and give it to the user that runs Baraza"
        return Finding(level=Level.ERROR, subject="media", message=message, mend=mend)
    return Finding(level=Level.OK, subject="media", message=f"{folder} can be written")


def disk(config: Config) -> list[Finding]:
    """Is there room where the database and the media lie?"""
    findings = []
    seen: set[int] = set()
    for path in filter(None, (config.sqlite_path, config.media)):
        folder = next((parent for parent in (path, *path.parents) if parent.is_dir()), None)
        if folder is None or folder.stat().st_dev in seen:
            continue
        seen.add(folder.stat().st_dev)
        free = shutil.disk_usage(folder).free
        level = Level.ERROR if free < _FULL else Level.WARNING if free < _NEARLY_FULL else Level.OK
        mend = "" if level is Level.OK else "make room: when the disk is full no post can be taken in"
        message = f"{free / 1024**3:.1f} GiB free at {folder}"
        findings.append(Finding(level=level, subject="disk", message=message, mend=mend))
    return findings


def archives(config: Config) -> list[Finding]:
    """Who may read what was published on a web page, and is there an address to give them?"""
    findings = []
    for community in config.communities():
        archive = community.archive
        who = {
            ArchivePolicy.OFF: f"{community.id}: off, nothing can be read",
            ArchivePolicy.MEMBERS: f"{community.id}: for members, by links of their own",
            ArchivePolicy.PUBLIC: f"{community.id}: public, for everybody and for search engines",
        }[archive.policy]
        if archive.policy is ArchivePolicy.OFF:
            findings.append(Finding(level=Level.OK, subject="archive", message=who))
        elif not archive.address:
            mend = "write public_url in [web]: the address at which others reach this program"
            message = f"{who}; but nobody can be told where it is"
            findings.append(Finding(level=Level.WARNING, subject="archive", message=message, mend=mend))
        elif not archive.address.startswith("https:"):
            mend = "let a reverse proxy serve it by https, and write that in [web] public_url"
            message = f"{who}, at {archive.address}, where others on the way can read it"
            findings.append(Finding(level=Level.WARNING, subject="archive", message=message, mend=mend))
        else:
            findings.append(Finding(level=Level.OK, subject="archive", message=f"{who}, at {archive.address}"))
    return findings


async def port(config: Config) -> Finding:
    """Can the web server listen where it should?"""
    host, number = config.web.host, config.web.port
    where = f"{host}:{number}"
    try:
        family, kind, protocol, _, address = (
            await asyncio.get_running_loop().getaddrinfo(host, number, type=socket.SOCK_STREAM)
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if await readiness(config) is not None:
            return Finding(level=Level.OK, subject="web", message=f"the bridge is running at {where}")
        message = f"cannot listen at {where}: {error.strerror}"
        mend = "choose another port in [web] listen, or stop the program that holds it"
        return Finding(level=Level.ERROR, subject="web", message=message, mend=mend)
    if os.environ.get("BARAZA_CONTAINER") and str(address[0]) in ("127.0.0.1", "::1"):  # as our image says
        message = f"nobody outside of this container reaches {where}"
        mend = (
            f'write listen = "0.0.0.0:{number}" under [web]: which addresses of the machine it has is said by compose'
        )
        return Finding(level=Level.WARNING, subject="web", message=message, mend=mend)
    return Finding(level=Level.OK, subject="web", message=f"{where} is free to listen at")


def role(*, is_superuser: bool) -> list[Finding]:
    """Whoever has the password of a superuser can read the files of the database's machine, and run programs there."""
    if not is_superuser:
        return []
    return [
        Finding(
            level=Level.WARNING,
            subject="database",
            message="its user is a superuser of PostgreSQL, who may do more there than Baraza needs",
            mend="make an ordinary one that owns the database: docs/how-to/operating.md; with our compose file run "
            "docker/postgres-former.sql",
        )
    ]


def programs(ownership: Ownership | None, accounts: Sequence[str]) -> list[Finding]:
    """Where several programs share the database: who works what, and what nobody does."""
    if ownership is None:
        return []
    wanted = [*accounts, Role.INTAKE.value]
    works = ", ".join(f"{name}: {ownership.owners[name]}" for name in wanted if name in ownership.owners)
    found = [Finding(level=Level.OK, subject="programs", message=f"share the work; {works or 'nothing is worked'}")]
    if abs(ownership.database_ahead) > _CLOCKS_DIFFER:
        message = f"this machine's clock and the database's differ by {abs(ownership.database_ahead).seconds} s"
        mend = "let the network set the clock (NTP) on both: every machine says by its own what is due"
        found.append(Finding(level=Level.WARNING, subject="clock", message=message, mend=mend))
    for role, mend in _MISSING.items():
        if not ownership.programs.get(role, 0):
            message = f"no program has the role {role.value}"
            found.append(Finding(level=Level.ERROR, subject="programs", message=message, mend=mend))
    if ownership.programs.get(Role.DELIVER, 0):
        found += [
            Finding(
                level=Level.WARNING,
                subject="programs",
                message=f"nobody works the account {name}",
                mend="look again in ten seconds; then at the log of the programs, and whether they have this config",
            )
            for name in accounts
            if name not in ownership.owners
        ]
    return found


_MISSING = {
    Role.DELIVER: "start one with `baraza run --roles deliver`, or without --roles: nothing is received or sent",
    Role.INTAKE: "start one with `baraza run --roles intake`, or without --roles: no reminders, digests and copies",
    Role.WEB: "start one with `baraza run --roles web`, or without --roles: no pages, no webhooks",
}


def _database_mend(config: Config) -> str:
    path = config.sqlite_path
    if path is not None:
        return f"check that {path.parent} exists, has room, and belongs to the user that runs Baraza"
    return "check that the database server runs, and the user, password and name in [bridge] database"


# --- telling it -----------------------------------------------------------------------------------------------------


def _show(findings: Mapping[str, Sequence[Finding]]) -> None:
    out = console()
    for name, found in findings.items():
        shown = table(name if name == MACHINE else f"account {name}", "", "what", "found", "how to mend it")
        for finding in found:
            mark, style = _MARKS[finding.level]
            shown.add_row(cell(mark, style), cell(finding.subject), cell(finding.message), cell(finding.mend))
        out.print(shown)


def _conclude(config: Config, levels: Sequence[Level]) -> None:
    if any(group.intake is Intake.HOLD for community in config.communities() for group in community.groups):
        say(
            'About intake = "hold": a message is removed only after it was posted, so readers may have glimpsed it. '
            "Where nothing may be seen before approval, lock the group and let members write to the bot privately."
        )
    errors, warnings = levels.count(Level.ERROR), levels.count(Level.WARNING)
    if errors:
        say(
            f"{_count(errors, 'error')}, {_count(warnings, 'warning')}: mend the errors, then run `baraza check` again."
        )
    elif warnings:
        say(f"It can run; {_count(warnings, 'warning')} to look at. Start it with `baraza run`.")
    else:
        say("All is well. Start it with `baraza run`.")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _as_json(findings: Mapping[str, Sequence[Finding]]) -> dict[str, list[dict[str, str]]]:
    return {
        name: [{"level": f.level.value, "subject": f.subject, "message": f.message, "mend": f.mend} for f in found]
        for name, found in findings.items()
    }
