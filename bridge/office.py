"""What the commands ask of the database and of accounts that are not running. Imported by cli alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from bridge.app import adapter_stopped, build_adapters, open_storage, run
from bridge.config import Config
from bridge.core.bandwidth import Bandwidth
from bridge.core.checks import ChatUse
from bridge.core.community import Communities, Community
from bridge.core.errors import AccountError
from bridge.core.exports import Decisions, DiscussionLine, ExportedDiscussion, ExportedPost, Posts, Quotations
from bridge.core.ids import AccountId, RemoteRef
from bridge.core.ports import Adapter, CanIntroduce, CanPoint, StateStore
from bridge.core.reports import Chain, DeliveryFilter, DeliveryLine, GroupLine, StatusReport, TraceReport
from bridge.core.roster import Figures, ImportReport, PersonShown, Table
from bridge.core.sharing import Ownership
from bridge.core.states import DeliveryStep
from bridge.delivery.directory import Directory
from bridge.members import importing
from bridge.members.ways import Way, ways
from bridge.moderation import banning, connecting, forgetting, uniting
from bridge.moderation.acts import Desk
from bridge.moderation.effects import arrivals
from bridge.rendering import countries
from bridge.rendering.words import SOURCE_LANGUAGE, words
from bridge.storage import (
    audit,
    database,
    database_role,
    exports,
    handovers,
    invitations,
    leases,
    ledger,
    people,
    reports,
    roster,
    statistics,
    tracing,
    transfer,
)
from bridge.storage.inbox import DurableState


def state_store(account: AccountId) -> StateStore:
    """An adapter's own small values; inside ``open_storage``."""
    return DurableState(account)


async def copy_database(path: Path, url: str) -> dict[str, int]:
    """Every row, compared; rows by table."""
    return (await transfer.to_postgres(path, url)).tables


async def status(now: datetime) -> StatusReport:
    """How much waits where; inside ``open_storage``."""
    return await reports.status(now)


async def bandwidth(*, sizes: datetime, money: datetime) -> Bandwidth:
    """What was handed over; inside ``open_storage``."""
    spreads, months = await handovers.spreads(sizes), await handovers.months(money)
    return Bandwidth(months=tuple(months), spreads=tuple(spreads))


async def deliveries(wanted: DeliveryFilter) -> Sequence[DeliveryLine]:
    """Rows of the ledger; inside ``open_storage``."""
    return await reports.deliveries(wanted)


async def trace(community: str, number: int) -> TraceReport:
    """The way of one item; inside ``open_storage``. Raises LookupError."""
    return await tracing.trace(community, number)


async def audit_chains(community: str | None = None) -> Sequence[Chain]:
    """The audit logs, walked from their first lines; inside ``open_storage``."""
    wanted = await audit.communities() if community is None else [community]
    return [await audit.verify(each) for each in wanted]


async def audit_line(community: str, start_of_hash: str) -> int | None:
    """The number of the line whose hash begins like this; inside ``open_storage``."""
    line = await audit.line_with(community, start_of_hash)
    return None if line is None else line.seq


async def export_posts(community: str, *, since: datetime | None, until: datetime) -> Posts:
    """What went out in that time; inside ``open_storage``, like the other exports."""
    return await exports.posts(community, since=since, until=until)


async def export_decisions(community: str, *, since: datetime | None, until: datetime) -> Decisions:
    """What was decided in that time, in figures."""
    return await exports.decisions(community, since=since, until=until)


def addressed(config: Config, found: Sequence[ExportedPost]) -> Sequence[ExportedPost]:
    """With the platforms' own links; of an account that is configured no more, there are none."""
    adapters = build_adapters(config)

    def link(ref: RemoteRef) -> str | None:
        adapter: object = adapters.get(ref.account)
        return adapter.message_link(ref) if isinstance(adapter, CanPoint) else None

    return [replace(post, addresses=tuple(filter(None, map(link, post.places)))) for post in found]


async def export_quotations(community: str, *, since: datetime | None, until: datetime) -> Quotations:
    """What was marked in the posts of that time."""
    return await exports.quotations(community, since=since, until=until)


async def find_discussions(said: str, community: str | None) -> Sequence[DiscussionLine]:
    """Themes and discussions by title, else by number."""
    return await exports.discussions(said, community)


async def export_discussion(discussion: int, *, until: datetime) -> ExportedDiscussion:
    """One with all its posts. Raises LookupError."""
    return await exports.discussion(discussion, until=until)


def read_members(file: Path) -> Table:
    """Open a file of members and read its columns. Raises UnreadableFile."""
    return importing.opened(file)


async def import_members(
    config: Config, table: Table, community: str, *, region: str, shown: bool, dry: bool, now: datetime
) -> AsyncIterator[ImportReport]:
    """Take members in from an open file, inside ``open_storage``; reports after every batch. Raises UnreadableFile."""
    (where,) = (each for each in config.communities() if each.id == community)
    kinds = {str(account): str(getattr(settings, "kind", "")) for account, settings in config.accounts.items()}
    rules = importing.Rules(community=where, kinds=kinds, region=region, shown=shown)
    async for report in importing.run(table, rules, now=now, dry=dry):
        yield report


async def find_people(config: Config, said: str) -> Sequence[PersonShown]:
    """Whom somebody may mean by a number, an address, a handle or a name; inside ``open_storage``."""
    return await roster.shown(await roster.find(said, map(str, config.accounts)))


async def people_of(community: str) -> AsyncIterator[Sequence[PersonShown]]:
    """All who are or were members, some hundreds at a time; inside ``open_storage``."""
    last = 0
    while numbers := await roster.of_community(community, after=last):
        yield await roster.shown(numbers)
        last = numbers[-1]


async def ban(config: Config, person: int, community: str, *, reason: str, lift: bool, now: datetime) -> str:
    """Shut a person out of a community on every account of theirs, or let them come back; inside ``open_storage``.

    A running program tells them. Returns why that cannot be, empty where it is done.
    """
    desk = await _desk(config, now)
    where = desk.communities.get(community)
    accounts = await people.identities(person)
    if where is None or not accounts:
        raise LookupError(f"nobody can be banned there: person {person}, community {community}")
    async with database.transaction():
        if lift:
            return await banning.lift(accounts[0], where, desk, by=None) or ""
        return await banning.ban(accounts[0], where, reason, desk, by=None) or ""


async def _desk(config: Config, now: datetime) -> Desk:
    """What acting needs, without a running program."""
    directory = Directory(build_adapters(config))
    communities = Communities(config.communities())
    await connecting.reload(communities, directory)
    return Desk(communities=communities, directory=directory, now=now)


async def figures(community: str, *, since: datetime | None, until: datetime) -> Figures:
    """What a community publishes of itself; inside ``open_storage``. Countries bear their English names."""
    found = await statistics.figures(community, since=since, until=until)
    counted: Counter[str] = Counter()
    for country, messages in found.countries:
        counted[_called(country)] += messages
    return replace(
        found,
        countries=sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])),
        top=[replace(who, country=_called(who.country)) for who in found.top],
    )


def _called(country: str) -> str:
    """Older cards hold a country as it was written, newer ones its code."""
    return countries.country_name(countries.code_of(country) or country, words(SOURCE_LANGUAGE)) if country else ""


async def groups(config: Config) -> Sequence[GroupLine]:
    """Every group, those of the file and those connected in chats; inside ``open_storage``."""
    return await connecting.report(config.communities())


async def ownership(now: datetime) -> Ownership | None:
    """Which programs share the database now, and who does what; None where none does."""
    return await leases.ownership(now)


async def is_superuser() -> bool:
    """May the role in PostgreSQL do anything there? Inside ``open_storage``."""
    return await database_role.is_superuser()


async def chat_uses(config: Config, account: AccountId) -> Sequence[ChatUse]:
    """Every chat of an account, and what for: those of the file and those connected in chats."""
    named = config.chat_uses(account)
    known = {use.chat for use in named}
    return [*named, *(use for use in await connecting.uses(account) if use.chat not in known)]


async def introduce(adapters: Mapping[AccountId, Adapter]) -> dict[AccountId, str]:
    """Let accounts that are not started learn what their links need; returns, in words, what hindered which."""
    troubles: dict[AccountId, str] = {}
    for account, adapter in adapters.items():
        unseen: object = adapter
        if not isinstance(unseen, CanIntroduce):
            continue
        try:
            async with asyncio.timeout(30):
                await unseen.introduce()
        except (AccountError, OSError, TimeoutError) as error:
            troubles[account] = str(error) or type(error).__name__
        finally:
            await adapter_stopped(adapter)
    return troubles


async def invite(community: Community, *, by: str, now: datetime, most: int, days: int) -> str:
    """Make an invitation code; inside ``open_storage``."""
    async with database.transaction():
        row = await invitations.create(
            community=community.id, by=by, now=now, most=most, lasts=timedelta(days=days) if days else None
        )
        detail = {"invitation": row.id, "most": most, "days": days}
        await audit.write(community=community.id, actor=by, action="invite", now=now, detail=detail)
    return str(row.code)


def ways_in(community: Community, adapters: Mapping[AccountId, Adapter], code: str = "") -> Sequence[Way]:
    """The links and words by which somebody joins."""
    return ways(community, Directory(adapters), code)


async def settle(delivery: int, step: DeliveryStep, *, by: str, now: datetime) -> DeliveryLine:
    """A person decides about a row. Raises TransitionRefused, LookupError."""
    # A running program in another process finds the card edits this plans at its next look at the ledger.
    await ledger.settle(delivery, step, now, arrivals(Communities(()), lambda: now), by=by)
    return await reports.delivery(delivery)


async def merge_people(keep: int, gone: int, *, now: datetime) -> None:
    """Make one person of two; inside ``open_storage``. Raises NotJoined."""
    await uniting.unite(keep, gone, now)


async def erase_person(config: Config, person: int, *, now: datetime) -> Sequence[str]:
    """Erase a person as they could themselves with /forget; inside ``open_storage``, with or without a running program.

    Nothing is sent here: a running program (or the next one) carries out what is planned. Returns the chats where
    something of theirs cannot be removed. Raises NotErasable.
    """
    desk = await _desk(config, now)
    done = await forgetting.forget(person, desk, farewell=await people.identities(person))
    return [str(address) for address in done.stays]


__all__ = [
    "addressed",
    "audit_chains",
    "audit_line",
    "ban",
    "bandwidth",
    "build_adapters",
    "chat_uses",
    "copy_database",
    "deliveries",
    "erase_person",
    "export_decisions",
    "export_discussion",
    "export_posts",
    "export_quotations",
    "figures",
    "find_discussions",
    "find_people",
    "groups",
    "import_members",
    "introduce",
    "invite",
    "is_superuser",
    "merge_people",
    "open_storage",
    "ownership",
    "people_of",
    "read_members",
    "run",
    "settle",
    "state_store",
    "status",
    "trace",
    "ways_in",
]
