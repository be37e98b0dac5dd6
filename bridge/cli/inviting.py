"""``baraza invite``: the links and QR codes by which people join a community."""

import asyncio
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Annotated

import segno
import typer

from bridge.cli import rooms
from bridge.cli.common import ConfigOption, Exit, JsonOption, complain, now, open_config, print_json, say
from bridge.config import Config
from bridge.core.community import Community
from bridge.core.ids import AccountId
from bridge.core.membership import Joining

_MOST, _DAYS = 100, 30


def invite(
    context: typer.Context,
    community: Annotated[str | None, typer.Argument(help="Its id; needed where there are several.")] = None,
    uses: Annotated[
        int | None, typer.Option("--uses", min=0, help="Make a code that so many people may use (0: any number).")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=0, help="... for so many days (0: until it is ended).")
    ] = None,
    png: Annotated[
        Path | None, typer.Option("--png", metavar="FILE", help="Write the QR code as a picture, for a poster.")
    ] = None,
    account: Annotated[
        str | None, typer.Option("--account", help="Only this account: the one whose QR code you want.")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Print the links, words and QR codes by which people join a community.

    Where people join by invitation, a code is made for it; moderators make and end such codes with /invite, too.
    """
    loaded = open_config(context, config)
    where = _one_community(loaded, community)
    ways, code, troubles = asyncio.run(_ways(loaded, where, uses, days))
    ways = [way for way in ways if account in (None, way.account)]
    if not ways:
        complain(f"{where.name} has no account of that name.")
        raise typer.Exit(Exit.FAILED)
    linked = [way for way in ways if way.link]
    if as_json:
        print_json(
            {
                "community": where.id,
                "code": code,
                "ways": [
                    {"account": way.account, "link": way.link, "address": way.address, "words": way.words}
                    for way in ways
                ],
            }
        )
    else:
        _print(where, ways, code, with_codes=png is None)
    for name, trouble in troubles.items():
        complain(f"{name}: its link is not known, {trouble}")
    if png is not None:
        _picture(linked, png)
    if troubles:
        raise typer.Exit(Exit.FAILED)


def _one_community(config: Config, wanted: str | None) -> Community:
    known = config.communities()
    if wanted is None and len(known) == 1:
        return known[0]
    for each in known:
        if each.id == wanted:
            return each
    names = ", ".join(each.id for each in known)
    raise typer.BadParameter(f"give one of: {names}", param_hint="COMMUNITY")


async def _ways(
    config: Config, community: Community, uses: int | None, days: int | None
) -> tuple[Sequence[rooms.Way], str, dict[AccountId, str]]:
    app = rooms.app()
    code = ""
    if uses is not None or days is not None or community.members.joining is Joining.INVITATION:
        most = _MOST if uses is None else uses
        lasts = _DAYS if days is None else days
        async with app.open_storage(config):
            code = await app.invite(community, by="operator", now=now(), most=most, days=lasts)
    adapters = app.build_adapters(config)
    chats = (*community.moderators, *(group.chat for group in community.groups), *community.inboxes)
    theirs = {chat.account for chat in chats}
    troubles = await app.introduce({name: each for name, each in adapters.items() if name in theirs})
    return app.ways_in(community, adapters, code), code, troubles


def _print(community: Community, ways: Sequence[rooms.Way], code: str, *, with_codes: bool) -> None:
    say(f"{community.name}: how people join")
    if code:
        say(f"Invitation code: {code[:4]}-{code[4:]}")
    for way in ways:
        say()
        say(f"{way.account}")
        if way.address:
            say(f"  write to {way.address}: {way.words}")
        elif way.link:
            say(f"  {way.link}")
        if way.words and not way.address:
            say(f"  {'then ' if way.link else ''}write: {way.words}")
        if way.link and with_codes:
            say(_terminal(way.link))


def _terminal(link: str) -> str:
    """A QR code of half blocks, which any terminal with a fixed-width font shows and a phone can read."""
    drawn = StringIO()
    segno.make(link, error="m", micro=False).terminal(out=drawn, compact=True)
    return drawn.getvalue().rstrip("\n")


def _picture(linked: Sequence[rooms.Way], png: Path) -> None:
    if len(linked) != 1:
        names = ", ".join(str(way.account) for way in linked) or "none has a link"
        complain(f"A picture is of one link: choose with --account, one of: {names}")
        raise typer.Exit(Exit.FAILED)
    try:
        segno.make(linked[0].link, error="m", micro=False).save(str(png), kind="png", scale=10, border=4)
    except OSError as error:
        complain(f"{png} cannot be written: {error.strerror}")
        raise typer.Exit(Exit.FAILED) from None
    say(f"The QR code is in {png}")
