"""``baraza members``: people brought over from elsewhere, looked up, merged, shut out, erased."""

import asyncio
import csv
import io
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bridge.cli import rooms
from bridge.cli.choosing import CommunityOption, one_community
from bridge.cli.common import (
    ConfigOption,
    Exit,
    JsonOption,
    cell,
    complain,
    console,
    now,
    open_config,
    print_json,
    say,
    table,
)
from bridge.cli.export_formats import csv_cell
from bridge.config import Config
from bridge.core.roster import ImportReport, PersonShown, Table, UnreadableFile

members = typer.Typer(help="Bring members in, look them up, merge, ban or erase them.", no_args_is_help=True)

_Who = Annotated[
    str, typer.Argument(metavar="WHO", help="Their number, ACCOUNT:USER, @handle or (a part of) their name.")
]
_Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@members.callback()
def _members() -> None:
    """Bring members in, look them up, merge, ban or erase them."""


# --- in and out ---


@members.command("import")
def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="MEMBERS.CSV",
            help="A first line with names of columns: accounts of the config file (telegram, matrix ...), name, "
            "language, reading, title, joined, show_profile, and fields of the profile.",
        ),
    ],
    community: CommunityOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every line; change nothing.")] = False,
    shown: Annotated[
        bool, typer.Option("--profiles-shown", help="They have agreed that their profiles stand under their posts.")
    ] = False,
    region: Annotated[
        str, typer.Option("--region", metavar="KE", help="The country of telephone numbers written without one.")
    ] = "",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Where lines that were refused are written.")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Make members of the people in a file. Nobody is written to. The same file again goes on from where it stopped."""
    loaded = open_config(context, config)
    where = one_community(loaded, community)
    refused = report or file.with_suffix(".refused.csv")
    try:
        found = rooms.people().read_members(file)
        done = asyncio.run(_import(loaded, found, file, where.id, region=region.upper(), shown=shown, dry=dry_run))
    except UnreadableFile as error:
        complain(f"{error}.")
        raise typer.Exit(Exit.FAILED) from None
    if done.ignored:
        complain(f"Columns that mean nothing here: {', '.join(done.ignored)}.")
    new = "would be new" if dry_run else "are new"
    say(
        f"{done.lines} lines: {done.created} people {new}, {done.joined} were known and joined {where.name}, "
        f"{done.known} are members already, {len(done.refused)} were refused."
    )
    if done.refused:
        _write_refused(refused, done)
        say(f"Why, line by line: {refused}")
        raise typer.Exit(Exit.FAILED)


async def _import(
    config: Config, found: Table, file: Path, community: str, *, region: str, shown: bool, dry: bool
) -> ImportReport:
    people = rooms.people()
    total = _count_lines(file)
    done = ImportReport()
    shape = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    async with people.open_storage(config):
        with Progress(*shape, console=console(stderr=True), transient=True) as progress:
            task = progress.add_task("Checking" if dry else "Taking in", total=total)
            reports = people.import_members(config, found, community, region=region, shown=shown, dry=dry, now=now())
            async for done in reports:
                progress.update(task, completed=done.lines)
    return done


def _count_lines(file: Path) -> int:
    """About how many there are, for the bar."""
    with file.open("rb") as lines:
        return max(0, sum(1 for _ in lines) - 1)


def _write_refused(path: Path, done: ImportReport) -> None:
    """As they stood, with the reasons in front: mended, the file can be imported itself."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["refused_line", "refused_because", *done.columns])
    for refusal in done.refused:
        writer.writerow([refusal.line, refusal.reason, *refusal.cells])
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.getvalue().encode("utf-8-sig"))


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"


@members.command("export")
def export_(
    context: typer.Context,
    community: CommunityOption = None,
    format: Annotated[Format, typer.Option("--format", help="For spreadsheets or programs.")] = Format.CSV,  # noqa: A002 - the option is called so
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="For you alone to read.")] = None,
    config: ConfigOption = None,
) -> None:
    """Everybody who is or was a member, in the columns that import reads."""
    loaded = open_config(context, config)
    where = one_community(loaded, community)

    async def read() -> list[PersonShown]:
        people = rooms.people()
        async with people.open_storage(loaded, migrate=False):
            return [person async for some in people.people_of(where.id) for person in some]

    found = asyncio.run(read())
    fields = [field.id for field in where.members.fields]
    accounts = list(map(str, loaded.accounts))
    text = (
        json.dumps([asdict(person) for person in found], indent=2, ensure_ascii=False, default=str) + "\n"
        if format is Format.JSON
        else _members_csv(found, where.id, accounts, fields)
    )
    if out is None:
        typer.echo(text.encode(), nl=False)
        return
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text.encode("utf-8-sig" if format is Format.CSV else "utf-8"))
    say(f"Written to {out}.")


def _members_csv(found: Sequence[PersonShown], community: str, accounts: Sequence[str], fields: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    more = [field for field in fields if field != "name"]
    writer.writerow(
        ["number", *accounts, "name", "state", "title", "language", "reading", "joined", "show_profile", *more]
    )
    for person in found:
        place = next(row for row in person.memberships if row.community == community)
        by_account = {row.account: row.user for row in reversed(person.accounts)}
        writer.writerow(
            csv_cell(value)
            for value in (
                str(person.number),
                *(by_account.get(account, "") for account in accounts),
                person.name,
                place.state,
                place.title,
                person.language or place.language,
                place.reading,
                "" if place.joined is None else place.joined.date().isoformat(),
                "yes" if person.shown else "no",
                *(person.answers.get(field, "") for field in more),
            )
        )
    return text.getvalue()


# --- one person ---


@members.command()
def show(context: typer.Context, who: _Who, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Whom you mean, with accounts, communities and profile. Several: a list of them."""
    loaded = open_config(context, config)
    found = asyncio.run(_find(loaded, who))
    if as_json:
        print_json([asdict(person) for person in found])
    elif len(found) == 1:
        _print_person(found[0])
    elif found:
        _print_people(found)
    if not found:
        complain("Nobody is known by that. Try a part of the name, or ACCOUNT:USER.")
        raise typer.Exit(Exit.FAILED)


async def _find(config: Config, who: str) -> Sequence[PersonShown]:
    people = rooms.people()
    async with people.open_storage(config, migrate=False):
        return await people.find_people(config, who)


def _print_people(found: Sequence[PersonShown]) -> None:
    shown = table("People", "number", "name", "accounts", "communities")
    for person in found:
        shown.add_row(
            cell(person.number),
            cell(person.name),
            cell(", ".join(f"{row.account}:{row.user}" for row in person.accounts)),
            cell(", ".join(f"{row.community} ({row.state})" for row in person.memberships)),
        )
    console().print(shown)


def _print_person(person: PersonShown) -> None:
    title = f"Person {person.number}" + (" (erased)" if person.erased else "")
    shown = table(title, "", "")
    rows: list[tuple[str, Any]] = [("name", person.name), ("language", person.language), ("since", person.since.date())]
    for account in person.accounts:
        notes = [account.verified, "private chat open" if account.reachable else "no private chat"]
        notes += [account.handle] if account.handle else []
        notes += [f"letters come back: warned {account.warned:%Y-%m-%d}"] if account.warned and not account.lost else []
        notes += [f"unreachable since {account.lost:%Y-%m-%d}"] if account.lost else []
        notes += [f"stopped {account.stopped:%Y-%m-%d}"] if account.stopped else []
        rows.append(("account", f"{account.account}:{account.user} ({', '.join(notes)})"))
    for place in person.memberships:
        about = [place.state, f"{place.posts} posts", f"came by {place.via}"]
        about += [place.standing] if place.standing else []
        about += [place.title] if place.title else []
        about += [f"reads {place.reading}"] if place.reading else []
        rows.append((place.community, ", ".join(about)))
    rows.append(("profile shown", "yes" if person.shown else "no"))
    rows += list(person.answers.items())
    rows += [("biography", person.biography)] if person.biography else []
    for key, value in rows:
        shown.add_row(cell(key, "bold"), cell(value))
    console().print(shown)


def _only(found: Sequence[PersonShown], who: str) -> PersonShown:
    if len(found) == 1:
        return found[0]
    if found:
        _print_people(found)
        complain(f"{who} may be several people: give one's number.")
    else:
        complain(f"Nobody is known by {who}.")
    raise typer.Exit(Exit.FAILED)


def _sure(question: str, yes: bool) -> None:
    if not yes and not typer.confirm(question, default=False):
        raise typer.Exit(Exit.FAILED)


@members.command()
def merge(
    context: typer.Context,
    keep: _Who,
    gone: Annotated[str, typer.Argument(metavar="DOUBLE", help="The same person, who becomes a part of the first.")],
    yes: _Yes = False,
    config: ConfigOption = None,
) -> None:
    """Make one person of two: accounts, posts, standing and preferences go over; a ban stays one."""
    loaded = open_config(context, config)

    async def both() -> tuple[Sequence[PersonShown], Sequence[PersonShown]]:
        return await _find(loaded, keep), await _find(loaded, gone)

    first, second = asyncio.run(both())
    one, other = _only(first, keep), _only(second, gone)
    if one.number == other.number:
        complain("They are one person already.")
        raise typer.Exit(Exit.FAILED)
    _print_people([one, other])
    _sure(f"Make person {other.number} a part of person {one.number}? This cannot be undone", yes)

    async def do() -> None:
        people = rooms.people()
        async with people.open_storage(loaded):
            await people.merge_people(one.number, other.number, now=now())

    try:
        asyncio.run(do())
    except ValueError as error:
        complain(f"Nothing was done: {error}.")
        raise typer.Exit(Exit.FAILED) from None
    say(f"Person {other.number} is now a part of person {one.number}.")


@members.command()
def erase(context: typer.Context, who: _Who, yes: _Yes = False, config: ConfigOption = None) -> None:
    """Remove everything held about a person, and plan the removal of their posts where platforms allow it."""
    loaded = open_config(context, config)
    person = _only(asyncio.run(_find(loaded, who)), who)
    _print_person(person)
    _sure(f"Erase person {person.number} for good? This cannot be undone", yes)

    async def do() -> Sequence[str]:
        people = rooms.people()
        async with people.open_storage(loaded):
            return await people.erase_person(loaded, person.number, now=now())

    try:
        lasting = asyncio.run(do())
    except ValueError as error:
        complain(f"Nothing was done: {error}.")
        raise typer.Exit(Exit.FAILED) from None
    say(f"Person {person.number} is erased. A running bridge removes their messages where it can.")
    for words in lasting:
        say(f"Cannot be recalled: {words}")


@members.command()
def ban(
    context: typer.Context,
    who: _Who,
    community: CommunityOption = None,
    reason: Annotated[str, typer.Option("--reason", help="They are told it; needed to ban.")] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Let them come back.")] = False,
    yes: _Yes = False,
    config: ConfigOption = None,
) -> None:
    """Shut a person out of a community, on every account of theirs; or let them come back."""
    loaded = open_config(context, config)
    where = one_community(loaded, community)
    if not lift and not reason.strip():
        raise typer.BadParameter("say why: they are told", param_hint="--reason")
    person = _only(asyncio.run(_find(loaded, who)), who)
    verb = "Let back in" if lift else "Ban"
    _sure(f"{verb} person {person.number} ({person.name}) in {where.name}?", yes)

    async def do() -> str:
        people = rooms.people()
        async with people.open_storage(loaded):
            return await people.ban(loaded, person.number, where.id, reason=reason, lift=lift, now=now())

    refused = asyncio.run(do())
    if refused:
        complain(refused)
        raise typer.Exit(Exit.FAILED)
    say(f"Person {person.number} may come back to {where.name}." if lift else f"Person {person.number} is banned.")
