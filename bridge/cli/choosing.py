"""Which community, and which days, a command is about."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated

import typer

from bridge.cli.common import now
from bridge.config import Config
from bridge.core.community import Community

CommunityOption = Annotated[str | None, typer.Option("--community", help="Its id; needed where there are several.")]
FromOption = Annotated[
    datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The first day.")
]
ToOption = Annotated[
    datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="The last day, included.")
]


def one_community(config: Config, wanted: str | None) -> Community:
    """The only one, or the one that was named. Raises typer.BadParameter."""
    known = config.communities()
    if wanted is None and len(known) == 1:
        return known[0]
    for community in known:
        if community.id == wanted:
            return community
    names = ", ".join(community.id for community in known)
    raise typer.BadParameter(f"give one of: {names}", param_hint="--community")


def _begins(day: date, community: Community) -> datetime:
    """In UTC. The first days there are have no beginning in some time zones; nothing was posted then."""
    day = max(day, date(1970, 1, 2))
    return datetime.combine(day, time(), community.policy.zone).astimezone(UTC)


def since(first: datetime | None, community: Community) -> datetime | None:
    """When that day begins there, in UTC."""
    return None if first is None else _begins(first.date(), community)


def until(last: datetime | None, community: Community) -> datetime:
    """Up to the end of that day, and never further than now: what is yet to go out is not published."""
    at = now()
    if last is None or last.date() >= at.astimezone(community.policy.zone).date():
        return at
    return _begins(last.date() + timedelta(days=1), community)
