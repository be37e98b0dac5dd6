"""The composition root: joins the rooms into a running program. Imported by cli and playground only."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bridge.config import Config
from bridge.core.capabilities import Form
from bridge.core.clock import Clock, SystemClock
from bridge.core.community import Communities, Community
from bridge.core.errors import AccountError, StorageUnavailable
from bridge.core.exports import Decisions, DiscussionLine, ExportedDiscussion, ExportedPost, Posts, Quotations
from bridge.core.ids import AccountId, RemoteRef
from bridge.core.message import Attachment, Content, RemoteFile
from bridge.core.ports import (
    Adapter,
    AdapterContext,
    CanFetch,
    CanIntroduce,
    CanPoint,
    ChatUse,
    HasRoutes,
    Health,
    StateStore,
)
from bridge.core.reports import Chain, DeliveryFilter, DeliveryLine, GroupLine, StatusReport
from bridge.core.roster import Figures, ImportReport, PersonShown, Table
from bridge.core.states import DeliveryStep
from bridge.core.text import plain
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.intake.processor import Processor
from bridge.media.ingest import ingest
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.store import MediaStore
from bridge.members import importing
from bridge.members.feeder import Feeder
from bridge.members.ways import Way, ways
from bridge.moderation import application_cards, cards, connecting, timers
from bridge.moderation.effects import arrivals
from bridge.rendering.sms import to_gsm7
from bridge.storage import (
    audit,
    codec,
    database,
    exports,
    invitations,
    ledger,
    memberships,
    reports,
    roster,
    statistics,
    upkeep,
)
from bridge.storage.bells import delivery_bell, feed_bell, inbox_bell
from bridge.storage.inbox import DurableSink, DurableState
from bridge.storage.models import Delivery
from bridge.web.server import WebServer

log = structlog.get_logger()

MAX_FILE = 20 * 1024 * 1024
"""Bytes: the most that Telegram lets a bot fetch."""
_RETRY_ACCOUNT = 60.0
"""Seconds until an account that could not start is tried again."""


def build_adapters(config: Config, clock: Clock | None = None) -> dict[AccountId, Adapter]:
    """Every account's adapter, not started; no I/O."""
    adapters: dict[AccountId, Adapter] = {}
    for account, settings in config.accounts.items():
        kind = str(getattr(settings, "kind", ""))
        module = importlib.import_module(f"bridge.adapters.{kind}.adapter")
        context = AdapterContext(
            account=account,
            clock=clock or SystemClock(),
            public_url=config.web.public_url,
            permitted_inviters=config.inviters(account),
            chats=config.chats(account),
        )
        adapters[account] = module.build(settings, context)
    return adapters


@asynccontextmanager
async def open_storage(config: Config, *, migrate: bool = True) -> AsyncIterator[None]:
    """The database for the commands. Raises StorageUnavailable, or ConfigError where it is newer than the program."""
    await database.open_database(config.database, migrate=migrate)
    try:
        yield
    finally:
        await database.close_database()


def state_store(account: AccountId) -> StateStore:
    """An adapter's own small values; inside ``open_storage``."""
    return DurableState(account)


async def status(now: datetime) -> StatusReport:
    """How much waits where; inside ``open_storage``."""
    del now
    return await reports.status()


async def deliveries(wanted: DeliveryFilter) -> Sequence[DeliveryLine]:
    """Rows of the ledger; inside ``open_storage``."""
    return await reports.deliveries(wanted)


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


async def ban(person: int, community: str, *, reason: str, lift: bool, now: datetime) -> bool:
    """Shut a person out of a community on every account of theirs, or let them come back; False where they are so."""
    async with database.transaction():
        if lift:
            return await memberships.lift(person, community, by="operator", now=now)
        return await memberships.ban(person, community, by="operator", reason=reason, now=now)


async def figures(community: str, *, since: datetime | None, until: datetime) -> Figures:
    """What a community publishes of itself; inside ``open_storage``."""
    return await statistics.figures(community, since=since, until=until)


async def groups(config: Config) -> Sequence[GroupLine]:
    """Every group, those of the file and those connected in chats; inside ``open_storage``."""
    return await connecting.report(config.communities())


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


class Bridge:
    """One running program: adapters, intake, delivery and the web server over one database."""

    def __init__(self, config: Config, *, clock: Clock | None = None) -> None:
        self._config = config
        self._clock = clock or SystemClock()
        self._communities = Communities(config.communities())
        self._adapters = build_adapters(config, self._clock)
        self._directory = Directory(self._adapters)
        for account in self._adapters:
            self._directory.starting(account)
        self._media = MediaStore(config.media)
        self._troubles: dict[AccountId, str] = {}

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Run until cancelled; then finish what is under way and close everything."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(database.only_program(self._config.database))
            installation = await database.open_database(self._config.database)
            stack.push_async_callback(database.close_database)
            await connecting.reload(self._communities, self._directory)
            server = self._web_server()
            await server.start()
            stack.push_async_callback(server.stop)
            worker = Worker(
                self._directory,
                installation=installation,
                compose=self._compose,
                effects=arrivals(self._communities, self._clock.now),
                file_path=self._media.path,
                clock=self._clock,
            )
            processor = Processor(self._communities, self._directory, self._fetch, self._clock)
            self._schedule(stack, worker)
            feeder = Feeder(self._communities, self._directory, self._clock)
            tasks = [
                asyncio.create_task(worker.run(), name="delivery"),
                asyncio.create_task(feeder.run(), name="copies"),
                asyncio.create_task(processor.run(), name="intake"),
                asyncio.create_task(self._announce(ready), name="ready"),
                *(asyncio.create_task(self._account(a), name=f"account-{a.account}") for a in self._adapters.values()),
            ]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
                for task in done:
                    task.result()
            finally:
                await self._stop(worker, processor, tasks)

    def _web_server(self) -> WebServer:
        routes = [route for a in self._adapters.values() if isinstance(a, HasRoutes) for route in a.routes()]
        return WebServer(self._config.web.host, self._config.web.port, routes, self.health, self._clock)

    def health(self) -> Mapping[str, Health]:
        """Every account, with the words of what keeps it from working."""
        return {
            str(account): Health(connected=False, detail=self._troubles[account])
            if account in self._troubles
            else adapter.health()
            for account, adapter in self._adapters.items()
        }

    async def _account(self, adapter: Adapter) -> None:
        """Start an account; where the operator must act, say so and try again each minute: the others go on."""
        sink, state = DurableSink(adapter.account, self._clock), DurableState(adapter.account)
        while True:
            try:
                await adapter.start(sink, state)
            except AccountError as error:
                self._troubles[adapter.account] = str(error)
                log.error("account_refused", account=adapter.account, error=str(error))  # noqa: TRY400 - in words
            except (StorageUnavailable, *database.UNAVAILABLE) as error:
                self._troubles[adapter.account] = "the database cannot be used now"
                log.error("account_waits", account=adapter.account, error=type(error).__name__)  # noqa: TRY400
            except Exception as error:
                # An adapter may not raise anything else; the other accounts go on all the same.
                self._troubles[adapter.account] = f"it could not start ({type(error).__name__}): see the log"
                log.exception("account_failed", account=adapter.account)
            else:
                self._troubles.pop(adapter.account, None)
                self._directory.started(adapter.account)
                delivery_bell.ring()
                return
            await self._clock.sleep(_RETRY_ACCOUNT)

    async def _announce(self, ready: Callable[[], None] | None) -> None:
        """Log one line when every account is connected."""
        started = self._clock.monotonic()
        while not all(health.connected for health in self.health().values()):
            await self._clock.sleep(0.05)
        seconds = round(self._clock.monotonic() - started, 2)
        log.info("ready", accounts=len(self._adapters), communities=len(self._communities.all), seconds=seconds)
        if ready is not None:
            ready()

    def _schedule(self, stack: AsyncExitStack, worker: Worker) -> None:
        """Ticks only poke: what is due is written in the tables."""
        scheduler = AsyncIOScheduler(timezone="UTC")
        scheduler.add_job(worker.sweep, "interval", seconds=60, coalesce=True, max_instances=1)
        scheduler.add_job(self._tick, "interval", seconds=60, coalesce=True, max_instances=1)
        scheduler.add_job(self._upkeep, "interval", hours=1, coalesce=True, max_instances=1)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=False)

    async def _tick(self) -> None:
        with suppress(StorageUnavailable, *database.UNAVAILABLE):  # another process may have changed the groups
            await connecting.reload(self._communities, self._directory)
        await timers.tick(self._communities, self._directory, self._clock.now())

    async def _upkeep(self) -> None:
        with suppress(StorageUnavailable):
            await upkeep.prune(self._clock.now())
        await asyncio.to_thread(self._media.sweep)

    async def _stop(self, worker: Worker, processor: Processor, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Let what is under way end, and only then close the accounts: a call cut short is a doubtful send."""
        worker.stop()
        processor.stop()
        names = ("delivery", "intake")
        working = [task for task in tasks if task.get_name() in names and not task.done()]
        for task in tasks:
            if task.get_name() not in names:
                task.cancel()
        if working:
            await asyncio.wait(working, timeout=5.0)
        await asyncio.gather(*(adapter_stopped(a) for a in self._adapters.values()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, account: str, file: RemoteFile) -> Attachment:
        adapter: object = self._directory.adapter(account)
        if not isinstance(adapter, CanFetch):
            raise UnfitMedia(MediaReason.UNSUPPORTED)
        return await ingest(self._media, adapter.fetch(file, limit=MAX_FILE), file)

    async def _compose(self, row: Delivery) -> ledger.Frozen | None:
        """Freeze what a row sends. Cards show what is true at this moment; all else was written when it was planned."""
        content: Content
        shows = ""
        if row.operation == ledger.DELETE:
            return ledger.Frozen(payload="{}", content="")
        if row.kind == ledger.CARD:
            community = self._communities.get(row.community)
            if community is None:
                return None
            composed = await cards.compose(row, community, self._directory, self._clock.now())
            if composed is None:
                return None
            content, shows = composed
        elif row.kind == ledger.APPLICATION:
            community = self._communities.get(row.community)
            shown = None
            if community is not None:
                shown = await application_cards.compose(row, community, self._directory, self._clock.now())
            if shown is None:
                return None
            content = shown
        else:
            content = await ledger.threaded(row, codec.load(codec.CONTENT, row.content))
            capabilities = self._directory.capabilities(row.address)
            if row.kind == ledger.NOTICE and capabilities is not None and capabilities.form is Form.LINE:
                # One sign that GSM 03.38 lacks makes an SMS hold less than half.
                content = replace(content, text=plain(to_gsm7(content.text.text)))
        payload = self._directory.payload(row.address, content)
        return ledger.Frozen(
            payload=codec.dump_object(payload), content=codec.dump(codec.CONTENT, content), shows=shows
        )


async def adapter_stopped(adapter: Adapter) -> None:
    """Stop an adapter, whatever state it is in."""
    try:
        async with asyncio.timeout(4.0):
            await adapter.stop()
    except Exception as error:  # the others must still be stopped
        log.warning("account_stop_failed", account=adapter.account, error=type(error).__name__)


async def run(config: Config, *, ready: Callable[[], None] | None = None) -> None:
    """Run the bridge until cancelled. Raises ConfigError and StorageUnavailable where it cannot begin."""
    # Bells belong to one run: a second one in the same process (the demo) must not wake for the first.
    inbox_bell.ring()
    delivery_bell.ring()
    feed_bell.ring()
    await Bridge(config).run(ready)


__all__ = [
    "Bridge",
    "addressed",
    "audit_chains",
    "audit_line",
    "ban",
    "build_adapters",
    "chat_uses",
    "deliveries",
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
    "open_storage",
    "people_of",
    "read_members",
    "run",
    "settle",
    "state_store",
    "status",
    "ways_in",
]
