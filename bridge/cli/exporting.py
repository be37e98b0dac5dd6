"""``baraza export``: discussions, quotations and posts, with their authors' cards, for a report or an archive."""

import asyncio
import os
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bridge.cli import decision_figures, rooms
from bridge.cli import export_formats as formats
from bridge.cli.choosing import CommunityOption, FromOption, ToOption, one_community, since, until
from bridge.cli.common import ConfigOption, Exit, complain, now, open_config, say
from bridge.cli.export_formats import Separator, Span
from bridge.config import Config
from bridge.core.community import Community
from bridge.core.exports import Decisions, DiscussionLine, ExportedDiscussion, LeftOut, Posts, Quotations
from bridge.core.ids import CommunityId

export = typer.Typer(help="Take posts, quotations and discussions out, with who said it.", no_args_is_help=True)


@export.callback()
def _export() -> None:
    """Take posts, quotations and discussions out, with who said it."""


class Format(StrEnum):
    MARKDOWN = "markdown"
    CSV = "csv"
    JSON = "json"


_Format = Annotated[Format, typer.Option("--format", help="For people, spreadsheets or programs.")]
_Out = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="Write it there, for you alone to read, instead of printing it."),
]
_Separator = Annotated[
    Separator,
    typer.Option("--separator", help="Of CSV; where spreadsheets show everything in one column: semicolon."),
]

# --- the commands ---


@export.command()
def posts(
    context: typer.Context,
    community: CommunityOption = None,
    first: FromOption = None,
    last: ToOption = None,
    format: _Format = Format.CSV,  # noqa: A002 - the option is called so
    separator: _Separator = Separator.COMMA,
    out: _Out = None,
    config: ConfigOption = None,
) -> None:
    """Every published post of some days, in order. What was taken back is left out and counted."""
    loaded = open_config(context, config)
    where = one_community(loaded, community)
    span = _span(first, last)

    async def read() -> Posts:
        app = rooms.app()
        async with app.open_storage(loaded, migrate=False):
            found = await app.export_posts(where.id, since=since(first, where), until=until(last, where))
            return replace(found, posts=app.addressed(loaded, found.posts))

    found = asyncio.run(read())
    text = {
        Format.CSV: lambda: formats.posts_csv(found.posts, where, separator),
        Format.JSON: lambda: formats.posts_json(found.posts, found.left_out, where, span),
        Format.MARKDOWN: lambda: formats.posts_markdown(found.posts, found.left_out, where, span),
    }[format]()
    _deliver(text, format, out, found.left_out)


@export.command()
def quotations(
    context: typer.Context,
    community: CommunityOption = None,
    first: FromOption = None,
    last: ToOption = None,
    format: _Format = Format.CSV,  # noqa: A002 - the option is called so
    separator: _Separator = Separator.COMMA,
    out: _Out = None,
    config: ConfigOption = None,
) -> None:
    """Passages that moderators marked in the posts of some days, with their authors and who selected them."""
    loaded = open_config(context, config)
    where = one_community(loaded, community)
    span = _span(first, last)

    async def read() -> Quotations:
        app = rooms.app()
        async with app.open_storage(loaded, migrate=False):
            found = await app.export_quotations(where.id, since=since(first, where), until=until(last, where))
            posts = app.addressed(loaded, [quotation.post for quotation in found.quotations])
            pairs = zip(found.quotations, posts, strict=True)
            return replace(found, quotations=[replace(quotation, post=post) for quotation, post in pairs])

    found = asyncio.run(read())
    text = {
        Format.CSV: lambda: formats.quotations_csv(found.quotations, where, separator),
        Format.JSON: lambda: formats.quotations_json(found.quotations, found.left_out, where, span),
        Format.MARKDOWN: lambda: formats.quotations_markdown(found.quotations, found.left_out, where, span),
    }[format]()
    _deliver(text, format, out, found.left_out)


@export.command()
def decisions(
    context: typer.Context,
    community: CommunityOption = None,
    first: FromOption = None,
    last: ToOption = None,
    format: _Format = Format.MARKDOWN,  # noqa: A002 - the option is called so
    separator: _Separator = Separator.COMMA,
    out: _Out = None,
    config: ConfigOption = None,
) -> None:
    """How moderators decided in some days, in figures to be published: refusals by reason, appeals, the median time."""
    loaded = open_config(context, config)
    where = one_community(loaded, community)
    span = _span(first, last)

    async def read() -> Decisions:
        app = rooms.app()
        async with app.open_storage(loaded, migrate=False):
            return await app.export_decisions(where.id, since=since(first, where), until=until(last, where))

    found = asyncio.run(read())
    text = {
        Format.CSV: lambda: decision_figures.as_csv(found, separator),
        Format.JSON: lambda: decision_figures.as_json(found, where, span),
        Format.MARKDOWN: lambda: decision_figures.as_markdown(found, where, span),
    }[format]()
    _deliver(text, format, out, LeftOut())


@export.command()
def discussion(
    context: typer.Context,
    which: Annotated[str, typer.Argument(metavar="ID|TITLE", help="Its number from /discussion, or its title.")],
    community: Annotated[str | None, typer.Option("--community", help="Look for it only there.")] = None,
    format: _Format = Format.MARKDOWN,  # noqa: A002 - the option is called so
    separator: _Separator = Separator.COMMA,
    out: _Out = None,
    config: ConfigOption = None,
) -> None:
    """A thematic discussion with all its posts (CSV: the posts alone). What was taken back is left out and counted."""
    loaded = open_config(context, config)
    wanted = None if community is None else one_community(loaded, community).id

    async def read() -> tuple[list[DiscussionLine], ExportedDiscussion | None]:
        app = rooms.app()
        async with app.open_storage(loaded, migrate=False):
            known = list(await app.find_discussions(which, wanted))
            found = await app.export_discussion(known[0].id, until=now()) if len(known) == 1 else None
            if found is not None:
                found = replace(found, posts=app.addressed(loaded, found.posts))
            return known, found

    known, found = asyncio.run(read())
    if found is None:
        if known:
            others = ", ".join(f"{line.id} ({line.community})" for line in known)
            complain(f"There are several such discussions: give the number, one of {others}.")
        else:
            complain("There is no such discussion: /discussion in a moderators' channel lists them.")
        raise typer.Exit(Exit.FAILED)
    where = _community_of(loaded, found.community)
    text = {
        Format.CSV: lambda: formats.posts_csv(found.posts, where, separator),
        Format.JSON: lambda: formats.discussion_json(found, where),
        Format.MARKDOWN: lambda: formats.discussion_markdown(found, where),
    }[format]()
    _deliver(text, format, out, found.left_out)


# --- what is asked for ---


def _community_of(config: Config, community_id: str) -> Community:
    """The community of a discussion; one that is no longer in the config file has only its id left."""
    found = next((c for c in config.communities() if c.id == community_id), None)
    return found or Community(id=CommunityId(community_id), name=community_id, language="en", moderators=())


def _span(first: datetime | None, last: datetime | None) -> Span:
    if first is not None and last is not None and last < first:
        raise typer.BadParameter("the last day is before the first", param_hint="--to")
    return Span(first=_iso(first), last=_iso(last))


def _iso(day: datetime | None) -> str:
    return "" if day is None else day.date().isoformat()


# --- what is given ---


def _deliver(text: str, format_: Format, out: Path | None, left_out: LeftOut) -> None:
    for count, why in (
        (left_out.retracted, "because the posts were taken back"),
        (left_out.reworded, "because the posts were corrected and no longer say so"),
    ):
        if count:
            complain(f"Left out: {count}, {why}.")
    if out is None:
        typer.echo(text.encode(), nl=False)
        return
    try:
        # Spreadsheets take a file for UTF-8 only where it begins with the mark of it.
        _write(out, text.encode("utf-8-sig" if format_ is Format.CSV else "utf-8"))
    except OSError as error:
        complain(f"{out} could not be written: {error.strerror}.")
        raise typer.Exit(Exit.FAILED) from None
    say(f"Written to {out}.")


def _write(path: Path, data: bytes) -> None:
    """In one step, readable only by its owner: people's names and words are in it."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
