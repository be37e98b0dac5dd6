"""The composition root: joins the rooms into a running program. Imported by cli and playground only."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bridge.composing import Composer
from bridge.config import Config
from bridge.core.clock import Clock, SystemClock
from bridge.core.community import Communities
from bridge.core.errors import AccountError, ConfigError, StorageUnavailable
from bridge.core.ids import AccountId
from bridge.core.message import Attachment, AttachmentKind, RemoteFile
from bridge.core.money import Price
from bridge.core.ports import Adapter, AdapterContext, CanFetch, Health
from bridge.core.sharing import ALL, Role
from bridge.core.tally import Tally
from bridge.delivery.directory import Directory
from bridge.delivery.worker import FINISH, Worker
from bridge.holding import states
from bridge.housekeeping import Housekeeper
from bridge.intake.processor import Processor
from bridge.media.clean import Limits
from bridge.media.ingest import receive
from bridge.media.refusal import MediaReason, UnfitMedia
from bridge.media.store import MediaStore
from bridge.members.feeder import Feeder
from bridge.moderation import capping, connecting, timers
from bridge.moderation.effects import arrivals
from bridge.partnering import Partner
from bridge.serving import Front
from bridge.storage import (
    database,
    fencing,
    folders,
    ownership,
    sharing,
    upkeep,
)
from bridge.storage.bells import delivery_bell, feed_bell, groups_bell, inbox_bell
from bridge.storage.inbox import DurableSink, DurableState
from bridge.storage.sharing import Share

log = structlog.get_logger()

OWN_FILE = 50_000_000
"""Bytes of a file that we made ourselves."""
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
        self._housekeeper = Housekeeper(config.database, config.retention, self._media, self._clock)
        self._front = Front(self._adapters, self._communities, self._directory, self._media, self._clock)
        self._troubles: dict[AccountId, str] = {}
        self._counts = Tally()

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Run until cancelled; then finish what is under way and close everything."""
        async with AsyncExitStack() as stack:
            share, lost = await self._own(stack)
            alone, name = (True, ownership.NAME) if share is None else (share.alone, share.leases.holder)
            url = self._config.database
            installation = await database.open_database(url, program=name, alone=alone)
            stack.push_async_callback(database.close_database)
            await upkeep.after_restore()
            await connecting.reload(self._communities, self._directory)
            partner = self._partner = None if share is None else await self._join(share)
            await self._open_doors(stack, public=partner is None or Role.WEB in partner.roles)
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
                fence=None if partner is None else partner.fence,
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

    async def _open_doors(self, stack: AsyncExitStack, *, public: bool) -> None:
        web = self._config.web
        server = self._front.server(
            web.host, web.port, web.trusted_proxies, self.health, self._counts, self.sharing, public=public
        )
        stack.push_async_callback(server.stop)
        try:
            await server.start()
        except ConfigError as error:
            if public:
                raise
            log.warning("not_watched", why=str(error))  # beside one that serves pages there: it works all the same

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
        await folders.made_sure(self._config.media, alone=share.alone)
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
            for work in (feeder.run(), self._housekeeper.forget_files(), self._housekeeper.fill_archive()):
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
        with fencing.behind(self._chores_fence):
            await timers.tick(self._communities, self._directory, self._clock.now())

    @property
    def _chores_fence(self) -> fencing.Fence | None:
        return None if self._partner is None else self._partner.chores_fence

    async def _keep_up(self) -> None:
        if self._partner is None or self._partner.has_chores():
            with fencing.behind(self._chores_fence):
                await self._housekeeper.keep_up()

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
