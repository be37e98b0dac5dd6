"""The composition root: joins the rooms into a running program. Imported by cli and playground only."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import replace
from functools import partial

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bridge.composing import Composer
from bridge.config import Config
from bridge.core.clock import Clock, SystemClock
from bridge.core.community import Communities, Community
from bridge.core.errors import AccountError, ConfigError, StorageUnavailable
from bridge.core.ids import AccountId
from bridge.core.membership import Reading
from bridge.core.message import Attachment, AttachmentKind, RemoteFile
from bridge.core.money import Price
from bridge.core.ports import (
    Adapter,
    AdapterContext,
    CanFetch,
    HasRoutes,
    Health,
    WebReply,
    WebRequest,
)
from bridge.core.sharing import ALL, Role
from bridge.core.tally import Tally
from bridge.delivery.directory import Directory
from bridge.delivery.worker import FINISH, Worker
from bridge.holding import states
from bridge.intake.processor import Processor
from bridge.media.clean import Limits
from bridge.media.ingest import receive
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.small import Busy, Shrinker
from bridge.media.store import MediaStore
from bridge.members import preferences
from bridge.members.feeder import Feeder
from bridge.members.ways import ways
from bridge.moderation import capping, connecting, timers
from bridge.moderation.effects import arrivals
from bridge.partnering import Partner
from bridge.storage import (
    archive,
    database,
    erasure,
    memberships,
    ownership,
    sharing,
    small_pictures,
    upkeep,
)
from bridge.storage.bells import delivery_bell, feed_bell, groups_bell, inbox_bell, upkeep_bell
from bridge.storage.inbox import DurableSink, DurableState
from bridge.storage.sharing import Share
from bridge.web.pages import Pages
from bridge.web.ports import Picture, Ports
from bridge.web.ports import Way as WayShown
from bridge.web.server import WebServer

log = structlog.get_logger()

OWN_FILE = 50_000_000
"""Bytes of a file that we made ourselves."""
_UNUSED_FOR = 600.0
"""Seconds that a file must have lain there before it is removed as used by nobody."""
_BACKUPS_STAY = 30 * 86400.0
"""Seconds that the copy made before an upgrade or a restore is kept."""
_RETRY_ACCOUNT = 60.0
"""Seconds until an account that could not start is tried again."""


def build_adapters(config: Config, clock: Clock | None = None) -> dict[AccountId, Adapter]:
    """Every account's adapter, not started; no I/O."""
    return {account: build_adapter(config, account, clock or SystemClock()) for account in config.accounts}


def build_adapter(config: Config, account: AccountId, clock: Clock) -> Adapter:
    """That of one account."""
    settings = config.accounts[account]
    module = importlib.import_module(f"bridge.adapters.{getattr(settings, 'kind', '')}.adapter")
    context = AdapterContext(
        account=account,
        clock=clock,
        public_url=config.web.public_url,
        permitted_inviters=config.inviters(account),
        chats=config.chats(account),
        inboxes=config.inboxes(account),
    )
    adapter: Adapter = module.build(settings, context)
    return adapter


@asynccontextmanager
async def open_storage(config: Config, *, migrate: bool = True) -> AsyncIterator[None]:
    """The database for the commands. Raises StorageUnavailable, or ConfigError where it is newer than the program."""
    await database.open_database(config.database, migrate=migrate)
    try:
        yield
    finally:
        await database.close_database()


class Bridge:
    """One running program: adapters, intake, delivery and the web server over one database.

    ``roles``: what it does where it shares a PostgreSQL database with others; None: it has the database for itself.
    """

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        standby: bool = False,
        roles: Collection[Role] | None = None,
    ) -> None:
        self._config = config
        self._roles = roles
        self._partner: Partner | None = None
        self._standby = standby
        self._clock = clock or SystemClock()
        self._communities = Communities(config.communities())
        self._adapters = build_adapters(config, self._clock)
        self._directory = Directory(self._adapters)
        self._directory.desks = {community.id: community.moderators for community in self._communities.all}
        for account in self._adapters:
            self._directory.starting(account)
        self._media = MediaStore(config.media)
        self._limits = Limits(max_bytes=config.max_megabytes * 1_000_000)
        self._shrinker = Shrinker(self._media)
        self._troubles: dict[AccountId, str] = {}
        self._counts = Tally()

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Run until cancelled; then finish what is under way and close everything."""
        async with AsyncExitStack() as stack:
            share, lost = await self._own(stack)
            alone = share is None or share.alone
            url = self._config.database
            installation = await database.open_database(url, shared=share is not None, alone=alone)
            stack.push_async_callback(database.close_database)
            await upkeep.after_restore()
            await connecting.reload(self._communities, self._directory)
            partner = self._partner = None if share is None else await self._join(share)
            if partner is None or Role.WEB in partner.roles:
                server = self._web_server()
                await server.start()
                stack.push_async_callback(server.stop)
            composer = self._compose
            worker = Worker(
                self._directory,
                installation=installation,
                compose=composer,
                prepare=composer.prepare,
                effects=arrivals(self._communities, self._clock.now),
                file_path=self._media.path,
                clock=self._clock,
                alarm=self._alarm,
                counts=self._counts,
                held=None if partner is None else partner.held,
            )
            processor = Processor(
                self._communities,
                self._directory,
                self._fetch,
                self._clock,
                self._keep,
                installation,
                mine=None if partner is None else partner.mine,
            )
            self._schedule(stack, worker)
            tasks = [
                asyncio.create_task(worker.run(), name="delivery"),
                asyncio.create_task(processor.run(), name="intake"),
                asyncio.create_task(self._announce(ready), name="ready"),
                asyncio.create_task(_until_lost(lost), name="ownership"),
            ]
            if partner is not None:
                partner.work_with(worker, processor)
                tasks.append(asyncio.create_task(partner.holding.run(), name="holding"))
                tasks.append(asyncio.create_task(self._follow_groups(), name="groups"))
            else:
                tasks.append(asyncio.create_task(self._chores(), name="chores"))
                tasks += [asyncio.create_task(self._account(a)) for a in self._adapters.values()]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
                for task in done:
                    task.result()
            finally:
                await self._stop(worker, processor, tasks)

    async def _own(self, stack: AsyncExitStack) -> tuple[Share | None, asyncio.Event]:
        """Have the database, for ourselves or with others; and what is set once we may not go on."""
        if self._roles is not None and self._config.sqlite_path is None:
            share = await stack.enter_async_context(sharing.joined(self._config.database, self._waits))
            return share, share.lost
        if self._roles is not None and set(self._roles) != set(Role):
            raise ConfigError("--roles: several programs can only share a PostgreSQL database, and this one is SQLite")
        waits = self._waits if self._standby else None
        return None, await stack.enter_async_context(ownership.only_program(self._config.database, waits=waits))

    async def _join(self, share: Share) -> Partner:
        await share.settle()
        partner = Partner(
            share,
            self._roles or ALL,
            self._adapters,
            self._directory,
            self._clock,
            build=lambda account: build_adapter(self._config, account, self._clock),
            start=self._account,
            stop=adapter_stopped,
            chores=self._chores,
        )
        await partner.hear()
        return partner

    async def _chores(self) -> None:
        """What belongs to no account, until cancelled."""
        feeder = Feeder(self._communities, self._directory, self._clock)
        async with asyncio.TaskGroup() as group:
            for work in (feeder.run(), self._forget_files(), self._fill_archive()):
                group.create_task(work)

    async def _follow_groups(self) -> None:
        """Another program has connected a group, or disconnected one."""
        while True:
            await groups_bell.wait(3600.0)
            with suppress(StorageUnavailable, *database.UNAVAILABLE):
                await connecting.reload(self._communities, self._directory)

    @staticmethod
    def _waits() -> None:
        log.info("standby", why="another Baraza works with this database: this one takes over when it ends")

    @property
    def _compose(self) -> Composer:
        """A new one."""
        return Composer(self._communities, self._directory, self._clock)

    def _web_server(self) -> WebServer:
        routes = [
            replace(route, handler=partial(self._routed, account, place))
            for account, adapter in self._adapters.items()
            if isinstance(adapter, HasRoutes)
            for place, route in enumerate(adapter.routes())
        ]
        pages = Pages(
            Ports(
                communities=self._communities,
                clock=self._clock,
                ways=self._ways,
                small=self._small,
                file=self._media.path,
                unsubscribe=self._unsubscribe,
                installation=database.installation,
                trusted_proxies=self._config.web.trusted_proxies,
            )
        )
        web = self._config.web
        return WebServer(
            web.host,
            web.port,
            routes,
            self.health,
            self._clock,
            pages=pages,
            counts=self._counts,
            sharing=self.sharing,
            trusted_proxies=web.trusted_proxies,
        )

    async def _routed(self, account: AccountId, place: int, request: WebRequest) -> WebReply:
        """By the adapter that the account has now."""
        adapter: object = self._adapters[account]
        assert isinstance(adapter, HasRoutes)  # noqa: S101 - as when the routes were mounted
        return await adapter.routes()[place].handler(request)

    def _ways(self, community: Community) -> Sequence[WayShown]:
        """How to take part, as the accounts themselves say it."""
        found = []
        for way in ways(community, self._directory):
            kind = str(getattr(self._adapters.get(way.account), "kind", ""))
            link = "" if way.address else way.link
            if link or way.address:
                found.append(WayShown(kind=kind, link=link, address=way.address, words=way.words))
        return found

    async def _small(self, sha256: str, kind: str) -> Picture | None:
        """A picture made small for a reader, remembered for the next one."""
        try:
            made = await self._shrinker.make(sha256, kind)
        except Busy:
            return None
        await small_pictures.remember(
            sha256, kind, sha256=made.sha256, size=made.size, width=made.width, height=made.height
        )
        return Picture(sha256=made.sha256, size=made.size, width=made.width, height=made.height)

    async def _unsubscribe(self, person_id: int, community_id: str) -> None:
        """A member's reading in one community becomes none, by a link in a mail."""
        community = self._communities.get(community_id)
        async with database.transaction():
            member = await memberships.membership(person_id, community_id)
            if community is not None and member is not None:
                await preferences.set_reading(member, Reading.NONE, community, self._clock.now())

    async def _fill_archive(self) -> None:
        """Posts from before there was an archive, once."""
        with suppress(StorageUnavailable, *database.UNAVAILABLE):
            count = await archive.fill()
            if count:
                log.info("archive_filled", posts=count)

    def health(self) -> Mapping[str, Health]:
        """Every account, with the words of what keeps it from working. What other programs have, they tell of."""
        here = self._adapters if self._partner is None else self._partner.holding.accounts()
        return {
            str(account): Health(connected=False, detail=self._troubles[account])
            if account in self._troubles
            else adapter.health()
            for account, adapter in self._adapters.items()
            if account in here
        }

    def sharing(self) -> Mapping[str, object]:
        """Roles and leases, where several programs share the work."""
        return {} if self._partner is None else states(self._partner.holding, self._partner.roles)

    async def _account(self, adapter: Adapter) -> None:
        """Start an account; where the operator must act, say so and try again each minute: the others go on."""
        held = None if self._partner is None else self._partner.held
        sink, state = DurableSink(adapter.account, self._clock, held), DurableState(adapter.account, held)
        while True:
            try:
                await adapter.start(sink, state)
            except AccountError as error:
                self._troubles[adapter.account] = str(error)
                log.error("account_refused", account=adapter.account, error=str(error))
            except (StorageUnavailable, *database.UNAVAILABLE) as error:
                self._troubles[adapter.account] = "the database cannot be used now"
                log.error("account_waits", account=adapter.account, error=type(error).__name__)
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

    async def _alarm(self, account: AccountId, cap: Price, spent: bool) -> None:
        await capping.alarm(self._communities, account, cap, self._clock.now(), spent=spent)

    async def _announce(self, ready: Callable[[], None] | None) -> None:
        """Log one line when every account is connected."""
        started = self._clock.monotonic()
        holding = None if self._partner is None else self._partner.holding
        while not all(health.connected for health in self.health().values()) or (holding and holding.orphans()):
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
        scheduler.add_job(self._keep_up, "interval", hours=1, coalesce=True, max_instances=1)
        scheduler.start()
        stack.callback(scheduler.shutdown, wait=False)

    async def _tick(self) -> None:
        with suppress(StorageUnavailable, *database.UNAVAILABLE):  # another process may have changed the groups
            await connecting.reload(self._communities, self._directory)
        if self._partner is not None:
            await self._partner.hear()
            if not self._partner.has_chores():
                return
        await timers.tick(self._communities, self._directory, self._clock.now())

    async def _keep_up(self) -> None:
        if self._partner is None or self._partner.has_chores():
            await self._upkeep()

    async def _upkeep(self) -> None:
        with suppress(StorageUnavailable):
            await upkeep.prune(self._clock.now(), self._config.retention)
        with suppress(StorageUnavailable):
            await self._remove_unused()
            if await erasure.is_marked():
                await database.scrub(whole=True)
                await erasure.unmark()
        await asyncio.to_thread(self._media.sweep)
        await asyncio.to_thread(database.forget_backups, self._config.database, _BACKUPS_STAY)
        await asyncio.to_thread(self._media.forget_copies, _BACKUPS_STAY)

    async def _forget_files(self) -> None:
        """Somebody was erased: what the tables no longer hold leaves the disk, too."""
        while True:
            await upkeep_bell.wait(3600.0)
            with suppress(StorageUnavailable):
                await upkeep.after_erasure()
                await self._remove_unused()
                await database.scrub(whole=False)

    async def _remove_unused(self) -> None:
        for _ in range(2):  # when a file is gone, so is the use of what was made smaller of it
            for sha256 in await erasure.unused_files():
                if await asyncio.to_thread(self._media.remove, sha256, unused_for=_UNUSED_FOR):
                    await erasure.file_is_gone(sha256, self._clock.now())

    async def _stop(self, worker: Worker, processor: Processor, tasks: Sequence[asyncio.Task[None]]) -> None:
        """Let what is under way end, and only then close the accounts: a call cut short is a doubtful send."""
        worker.stop()
        processor.stop()
        names: tuple[str, ...] = ("delivery", "intake")
        working = [task for task in tasks if task.get_name() in names and not task.done()]
        if self._partner is not None:  # what is under way is recorded under leases that are still ours
            self._partner.holding.closing = True
            names = (*names, "holding")
            await self._partner.halt()
        for task in tasks:
            if task.get_name() not in names:
                task.cancel()
        if working:
            await asyncio.wait(working, timeout=FINISH + 0.5)  # and half a second to write down what became of them
        await asyncio.gather(*(adapter_stopped(a) for a in self._adapters.values()))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._partner is not None:
            await self._partner.holding.close()

    async def _fetch(self, account: str, file: RemoteFile) -> Attachment:
        adapter: object = self._directory.adapter(account)
        if not isinstance(adapter, CanFetch):
            raise UnfitMedia(MediaReason.UNSUPPORTED)
        limits = self._limits
        return await receive(self._media, lambda wanted: adapter.fetch(wanted, limit=limits.max_bytes), file, limits)

    async def _keep(self, data: bytes, name: str, mime: str) -> Attachment:
        """A file that we made ourselves."""

        async def once() -> AsyncIterator[bytes]:
            yield data

        stored = await self._media.put(once(), OWN_FILE)
        return Attachment(sha256=stored.sha256, kind=AttachmentKind.DOCUMENT, mime=mime, size=stored.size, name=name)


async def adapter_stopped(adapter: Adapter) -> None:
    """Stop an adapter, whatever state it is in."""
    try:
        async with asyncio.timeout(1.5):  # the whole stop takes less than ten seconds
            await adapter.stop()
    except Exception as error:  # the others must still be stopped
        log.warning("account_stop_failed", account=adapter.account, error=type(error).__name__)


async def _until_lost(lost: asyncio.Event) -> None:
    await lost.wait()
    raise StorageUnavailable(
        "another Baraza has taken over this database while the connection to it was broken, so this one ends; started "
        "again with --standby it waits for its turn"
    )


async def run(
    config: Config,
    *,
    ready: Callable[[], None] | None = None,
    standby: bool = False,
    roles: Collection[Role] | None = None,
) -> None:
    """Run the bridge until cancelled. Raises ConfigError and StorageUnavailable where it cannot begin.

    ``standby``: while another program has the database, wait for its end. ``roles``: share it with others.
    """
    # Bells belong to one run: a second one in the same process (the demo) must not wake for the first.
    inbox_bell.ring()
    delivery_bell.ring()
    feed_bell.ring()
    await Bridge(config, standby=standby, roles=roles).run(ready)


__all__ = ["Bridge", "adapter_stopped", "build_adapters", "open_storage", "run"]
