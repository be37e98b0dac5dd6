"""The worker claims rows, sends them and records what became of them. A slow chat delays nobody else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bridge.core import tally
from bridge.core.capabilities import Guarantee, Pace
from bridge.core.clock import Clock
from bridge.core.errors import Refusal, StorageContended, StorageUnavailable
from bridge.core.ids import AccountId, Address, delivery_key
from bridge.core.ports import Later, Refused, SendOutcome, Sent, Unknown
from bridge.core.turns import Turns
from bridge.delivery.booking import Books
from bridge.delivery.calling import SEND_TIMEOUT, Caller, bytes_of
from bridge.delivery.directory import Directory
from bridge.delivery.doubt import Judge
from bridge.delivery.gathering import MANY, gather
from bridge.delivery.pacing import WINDOW, Pacer
from bridge.delivery.paying import Alarm, Till, weigh
from bridge.delivery.searching import Search
from bridge.storage import inbox, ledger, ledger_calls, set_back
from bridge.storage.bells import delivery_bell
from bridge.storage.database import UNAVAILABLE, transaction
from bridge.storage.handovers import Weighed
from bridge.storage.leases import Held
from bridge.storage.models import Delivery
from bridge.storage.tracing import Tracer

log = structlog.get_logger()

_AT_ONCE = 128
"""Rows of one account that may be under way; one that hangs takes no other's place."""
_TROUBLE = 2.0
"""Seconds to wait when the database is not to be had."""
_MEANWHILE = 0.25
"""Seconds until the next look where all that could go is under way: what ends rings, and what becomes due is this late
at most.
"""
_JUDGED_EVERY = timedelta(seconds=0.25)
"""While rows go: doubts wait for minutes anyway."""
_IDLE = 30.0
"""Seconds between looks at the ledger when nothing rings: rows may come from another process."""
FINISH = 7.0
"""Seconds that calls under way have at a stop; one that takes longer is in doubt at the next start."""


class Worker:
    """Carries planned rows out. ``compose`` freezes a row's payload, ``effects`` adds rows to a recorded outcome."""

    def __init__(
        self,
        directory: Directory,
        *,
        installation: str,
        compose: ledger.Compose,
        effects: ledger.Effects,
        file_path: Callable[[str], Path],
        clock: Clock,
        prepare: ledger.Prepare | None = None,
        alarm: Alarm | None = None,
        counts: tally.Tally | None = None,
        held: Held | None = None,
    ) -> None:
        self._log = log.bind()  # once: to find out who writes a line takes as long as to write it
        self._held = held
        self._till = Till(clock, alarm, held)
        self._counts = counts or tally.Tally()
        self._directory = directory
        self._installation = installation
        self._books = Books(compose, effects, prepare, held)
        self._clock = clock
        self._pacer = Pacer()
        self._turns = Turns()
        self._caller = Caller(directory, installation, file_path, clock)
        search = Search(directory, self._pacer, self._caller.outgoing, clock)
        self._judge = Judge(directory, installation, effects, clock, search, held)
        self._judged_at = clock.now() - _JUDGED_EVERY
        self._tracer = Tracer(installation)
        self._in_flight: dict[int, Address] = {}
        self._tasks: dict[asyncio.Task[None], AccountId] = {}
        self._done: list[ledger.Outcome] = []
        self._writing: list[ledger.Outcome] = []
        """Those that are being written down."""
        self._overdue = False
        """Could the last ones not be written down? Then nothing more of their lanes goes before they are."""
        self._begun = False
        """Did the last round send something?"""
        self._stopping = False

    async def run(self) -> None:
        """Work until ``stop``; calls under way are finished and recorded."""
        if self._held is None:  # else account after account, as they become ours
            await self.take_over()
        while not self._stopping:
            trouble, wait = True, 0.0
            self._begun = False
            try:
                wait = await self._round()
                trouble = False
            except StorageContended:
                log.info("ledger_gave_way")
                trouble = False
            except (StorageUnavailable, *UNAVAILABLE) as error:
                log.error("ledger_unavailable", error=str(error))
            except Exception:  # nothing may end the worker: every lane hangs on it
                log.exception("delivery_round_failed")
            if trouble:  # outcomes that cannot be written down now wait too, and do not fill the log
                await self._clock.sleep(_TROUBLE)
            elif not self._done and not self._stopping:
                await delivery_bell.wait(wait)
            await gather(
                self._in_flight, lambda: self._done, begun=self._begun and wait == 0, stopping=lambda: self._stopping
            )
        await self._drain()

    def stop(self) -> None:
        self._stopping = True
        delivery_bell.ring()

    async def sweep(self) -> None:
        """Now and then: rows that are marked as attempted and in nobody's hands are judged anew."""
        try:
            before = self._clock.now() - timedelta(seconds=2 * SEND_TIMEOUT)
            async with self._surely(self._directory.accounts()) as accounts:
                if count := await ledger.recover(alive=list(self._in_flight), before=before, accounts=accounts):
                    log.warning("deliveries_in_doubt", count=count)
                await self._notice_the_clock(accounts)
            await ledger.release_settled()
            await inbox.bring_stragglers_along()
        except (StorageUnavailable, *UNAVAILABLE):
            return
        delivery_bell.ring()

    @asynccontextmanager
    async def _surely(self, accounts: Sequence[AccountId] | None) -> AsyncIterator[Sequence[str] | None]:
        """Those that are ours until the end of the block, where there are other programs; else None, which is all."""
        if self._held is None:
            yield None
            return
        async with transaction():
            yield sorted(await self._held.confirm(accounts or ()))

    async def _notice_the_clock(self, accounts: Sequence[str] | None) -> None:
        if moved := await set_back.bring_forward(self._clock.now(), accounts):
            log.warning("clock_was_set_back", rows=moved)

    async def take_over(self, account: AccountId | None = None) -> None:
        """From now on an account is ours (None: all are): what another process left under way is judged."""
        accounts = None if account is None else [account]
        while not self._stopping:
            try:
                async with self._surely(accounts) as ours:
                    count = await ledger.recover(accounts=ours)
                    await self._notice_the_clock(ours)
                    now = self._clock.now()
                    await ledger_calls.bring_capped_forward(now, ours)
                if account is not None:
                    self._pacer.forget(account)
                    self._till.forget(account)
                recent = await ledger.recent_attempts(now - WINDOW, accounts or self._directory.configured())
                self._pacer.load((chat, at, self._directory.weight(chat, files)) for chat, at, files in recent)
                for address, until, whole_account in await ledger.put_off(now, accounts):
                    self._pacer.hold(address, until, now=now, whole_account=whole_account)
            except (StorageUnavailable, *UNAVAILABLE) as error:
                log.error("ledger_unavailable", error=str(error))
                await self._clock.sleep(2.0)
                continue
            if count:
                log.warning("deliveries_in_doubt_after_restart", count=count)
            return

    def is_idle(self, account: AccountId) -> bool:
        """Is nothing of it under way, and everything written down?"""
        return all(address.account != account for address in self._in_flight.values())

    def drop(self, account: AccountId) -> None:
        """An account is no longer ours: calls under way are cut off, and are in doubt for whoever has it now."""
        for task in [task for task, whose in self._tasks.items() if whose == account]:
            task.cancel()
        # What is known is told, and may come too late.
        self._done, self._writing = (
            [replace(o, late=True) if o.row.account == account else o for o in outcomes]
            for outcomes in (self._done, self._writing)
        )
        answered = {outcome.row.id for outcome in (*self._done, *self._writing)}
        for row_id, address in list(self._in_flight.items()):
            if address.account == account and row_id not in answered:
                del self._in_flight[row_id]
        delivery_bell.ring()

    async def _round(self) -> float:
        """What has ended is written down and what may go begins; returns how many seconds may pass before the next."""
        settled = sum(map(self._is_settled, self._done))
        if len(self._in_flight) < MANY or 2 * settled < len(self._done) or self._overdue:
            await self._record()  # what waited for those that have ended may go at once
            return await self._begin()
        try:
            return await self._begin()
        finally:  # while those are on their way
            await self._record()

    async def _begin(self) -> float:
        """One look at the ledger; returns how many seconds may pass before the next."""
        await delivery_bell.wait(0)  # what rang until now is seen by this look
        now = self._clock.now()
        if judged := self._judge.ended or not timedelta(0) <= now - self._judged_at < _JUDGED_EVERY:
            await self._judge_doubts(now)
        await self._books.give_back(now)
        accounts = self._directory.accounts()
        held = self._pacer.held(accounts, now)
        wake = list(held.values())
        ready: dict[int, Address] = {}
        there = {outcome.row.id for outcome in self._done if self._is_settled(outcome)}
        there -= await ledger.waited_for(there)  # which are next, as soon as that is written down
        busy = Counter(address for row_id, address in self._in_flight.items() if row_id not in there)
        under_way = Counter[str]()
        for address, count in busy.items():
            under_way[address.account] += count

        def is_stuck(address: Address) -> bool:
            return busy[address] >= self._room(address) or self._pacer.is_put_off(address, self._pace(address), now)

        free = [account for account in accounts if account not in held and under_way[account] < _AT_ONCE]
        for row_id, address in await ledger.heads(now, free, self._turns, is_stuck):
            if row_id in self._in_flight or busy[address] >= self._room(address):
                continue
            at = self._pacer.ready_at(address, self._pace(address), now)
            if at > now:
                wake.append(at)
            elif under_way[address.account] < _AT_ONCE:
                ready[row_id] = address
                under_way[address.account] += 1
                # Counted before the claim, so that one round cannot take more than the account's rate.
                self._pacer.attempted(address, now)
        if not ready:
            if not judged:
                await self._judge_doubts(now)
            due = await ledger.next_due(now, accounts)
            wake += [due] if due is not None else []
            return min([_IDLE, *((at - now).total_seconds() for at in wake)])
        try:
            rows = await self._books.claim(ready, now)
        except BaseException:
            for address in ready.values():
                self._pacer.dropped(address)
            raise
        for row_id in ready.keys() - {row.id for row in rows}:
            self._pacer.dropped(ready[row_id])
        traces = await self._traces(rows)
        for row in rows:
            if row.view not in (ledger.CAN_WAIT, ledger.WAITS_LESS):
                self._turns.taken(row.community, at=row.account)
            self._launch(row, traces.get(row.id, ""))
        self._begun = True
        full = Counter(ready.values()) + busy
        if (
            len(rows) < len(ready)
            or any(full[address] < self._room(address) for address in ready.values())
            or any(row.view in (ledger.CAN_WAIT, ledger.WAITS_LESS) for row in rows)  # not all of those were looked at
        ):
            return 0.0  # there may be more
        return min([_MEANWHILE, *((at - now).total_seconds() for at in wake)])

    async def _judge_doubts(self, now: datetime) -> None:
        self._judged_at = now
        await self._judge.look(now)

    def _is_settled(self, outcome: ledger.Outcome) -> bool:
        """May the next of its lane go before this is written down? Should a crash leave two, neither is doubtful.

        Not so where what is there decides what the next one is.
        """
        capabilities = self._directory.capabilities(outcome.row.address)
        once = capabilities is not None and capabilities.guarantee is Guarantee.ONCE_BY_KEY
        return once and isinstance(outcome.answer, Sent) and outcome.row.operation != ledger.REACT

    def _room(self, address: Address) -> int:
        capabilities = self._directory.capabilities(address)
        return 0 if capabilities is None else capabilities.in_flight

    def _pace(self, address: Address) -> Pace:
        capabilities = self._directory.capabilities(address)
        return Pace() if capabilities is None else capabilities.pace

    async def _traces(self, rows: Sequence[Delivery]) -> dict[int, str]:
        """What the log calls the items of rows that are claimed by now: they must go out, whatever this meets."""
        try:
            return await self._tracer.of_rows(rows)
        except Exception as error:
            log.warning("trace_unknown", error=type(error).__name__)
            return {}

    def _launch(self, row: Delivery, trace: str) -> None:
        self._in_flight[row.id] = row.address
        task = asyncio.create_task(self._carry(row, trace), name=f"delivery-{row.id}")
        self._tasks[task] = row.address.account
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _carry(self, row: Delivery, trace: str = "") -> None:
        """One call; whatever breaks it, the row has an outcome, and so its lane goes on."""
        try:
            await self._call(row, trace)
        except Exception as error:  # not its words: they may quote somebody
            log.error("delivery_call_failed", id=row.id, account=row.account, error=type(error).__name__)
            self._end(row, Unknown(why=type(error).__name__))

    async def _call(self, row: Delivery, trace: str) -> None:
        if trace:  # in this task alone; the adapter's own lines carry it, too
            structlog.contextvars.bind_contextvars(trace=trace)
        now, address = self._clock.now(), row.address
        weight = self._directory.weight(address, ledger.files_of(row))
        if (at := self._pacer.started(address, now, self._pace(address), weight)) is not None:
            self._end(row, Later(when=at, why="an album waits until all of it may go"))
            return
        weighed = weigh(
            self._directory, row, delivery_key(row.id, self._installation), lambda: self._caller.outgoing(row), bytes_of
        )
        if self._held is not None and not self._held.holds(row.account):
            # Paused or cut off since the claim: nothing is said with an account that may be another program's by now.
            soon = now + timedelta(seconds=1)
            answer: SendOutcome = Later(when=soon, why="the account was not ours at that moment")
        elif row.expires_at is not None and row.expires_at < now:
            answer = Refused(reason=Refusal.EXPIRED)
        else:
            answer = await self._till.pay(
                self._directory.weighing(row.account), address.account, weighed, lambda: self._caller.call(row)
            )
        if weighed is not None and isinstance(answer, Sent) and answer.handed is not None:
            weighed = replace(weighed, handed=answer.handed)
        now = self._clock.now()
        self._pacer.answered(address, now)
        answer = self._pacer.heard(address, answer, self._pace(address), now)
        self._count(row, answer)
        # One line for each of thousands of private copies would be the most of the log, and of the work.
        note = self._log.debug if row.kind == ledger.COPY and isinstance(answer, Sent) else self._log.info
        note(
            "delivery",
            id=row.id,
            kind=row.kind,
            operation=row.operation,
            account=row.account,
            outcome=type(answer).__name__.lower(),
            reason=answer.reason.value if isinstance(answer, Refused) else None,
        )
        self._end(row, answer, weighed)

    def _end(self, row: Delivery, answer: SendOutcome, weighed: Weighed | None = None) -> None:
        capabilities = self._directory.capabilities(row.address)
        lasting = row.kind != ledger.COPY or capabilities is None or not capabilities.letters
        self._done.append(ledger.Outcome(row=row, answer=answer, weighed=weighed, keeps_words=lasting))
        delivery_bell.ring()

    def _count(self, row: Delivery, answer: SendOutcome) -> None:
        self._counts.count(tally.ANSWERS, row.account, type(answer).__name__.lower())
        if isinstance(answer, Refused):
            self._counts.count(tally.REFUSALS, row.account, answer.reason.value)
        elif isinstance(answer, Later):
            self._counts.count(tally.POSTPONED, row.account, "limit" if answer.limit else "trouble")

    async def _record(self) -> None:
        if not self._done:
            return
        batch = self._writing = self._done
        self._done = []
        self._overdue = True
        try:
            await self._books.write_down(batch, self._clock.now())
        except BaseException:
            # Not recorded is not forgotten: the rows stay "attempting" and these answers are written down later.
            self._done, self._writing = self._writing + self._done, []
            raise
        self._writing, self._overdue = [], False
        for outcome in batch:
            self._in_flight.pop(outcome.row.id, None)

    async def _drain(self) -> None:
        """Let the calls under way end, and write down what became of them."""
        await self._judge.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH)
        for task in list(self._tasks):
            task.cancel()
        with suppress(StorageUnavailable):
            await self._record()
