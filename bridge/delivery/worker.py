"""The worker claims rows, sends them and records what became of them. A slow chat delays nobody else."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from bridge.core import tally
from bridge.core.capabilities import Pace
from bridge.core.clock import Clock
from bridge.core.errors import Refusal, StorageContended, StorageUnavailable
from bridge.core.ids import Address, ChatId, MessageId, RemoteRef, delivery_key
from bridge.core.message import Attachment, AttachmentKind, Thumbnail
from bridge.core.ports import (
    Adapter,
    CanDelete,
    CanDeleteTogether,
    CanEdit,
    CanReact,
    Later,
    LocalFile,
    Outgoing,
    Refused,
    SendOutcome,
    Sent,
    Unknown,
)
from bridge.core.turns import Turns
from bridge.delivery.directory import Directory
from bridge.delivery.doubt import Judge
from bridge.delivery.pacing import WINDOW, Pacer
from bridge.delivery.paying import Alarm, Till, weigh
from bridge.delivery.searching import Search
from bridge.storage import codec, inbox, ledger, ledger_calls, set_back
from bridge.storage.bells import delivery_bell
from bridge.storage.database import UNAVAILABLE
from bridge.storage.handovers import Weighed
from bridge.storage.models import Delivery
from bridge.storage.tracing import Tracer

log = structlog.get_logger()

_AT_ONCE = 128
"""Rows of one account that may be under way; one that hangs takes no other's place."""
_MANY, _GATHERED = 32, 0.04
"""Rows under way from which on outcomes are gathered, and the longest that the first of them waits, in seconds."""
_TROUBLE = 2.0
"""Seconds to wait when the database is not to be had."""
_IDLE = 30.0
"""Seconds between looks at the ledger when nothing rings: rows may come from another process."""
_SLOWEST = 50_000
"""Bytes a second of an upload that is still waited for."""
FINISH = 7.0
"""Seconds that calls under way have at a stop; one that takes longer is in doubt at the next start."""
SEND_TIMEOUT = 120.0
"""Seconds after which a call that never answers is in doubt; adapters give up before."""


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
    ) -> None:
        self._till = Till(clock, alarm)
        self._counts = counts or tally.Tally()
        self._directory = directory
        self._installation = installation
        self._compose = compose
        self._prepare = prepare
        self._effects = effects
        self._file_path = file_path
        self._clock = clock
        self._pacer = Pacer()
        self._turns = Turns()
        search = Search(directory, self._pacer, self._outgoing, clock)
        self._judge = Judge(directory, installation, effects, clock, search)
        self._tracer = Tracer(installation)
        self._in_flight: dict[int, Address] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: list[ledger.Outcome] = []
        self._stopping = False

    async def run(self) -> None:
        """Work until ``stop``; calls under way are finished and recorded."""
        await self._recover()
        while not self._stopping:
            trouble, wait = True, 0.0
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
            elif not self._done:
                await delivery_bell.wait(wait)
            await self._gather()
        await self._drain()

    async def _gather(self) -> None:
        """Where much is under way: several outcomes are written down, and several rows claimed, with one commit."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_GATHERED):
                while _MANY <= len(self._in_flight) > 4 * len(self._done) // 3 and not self._stopping:
                    await delivery_bell.wait(_GATHERED)

    def stop(self) -> None:
        self._stopping = True
        delivery_bell.ring()

    async def sweep(self) -> None:
        """Now and then: rows that are marked as attempted and in nobody's hands are judged anew."""
        try:
            before = self._clock.now() - timedelta(seconds=2 * SEND_TIMEOUT)
            if count := await ledger.recover(alive=list(self._in_flight), before=before):
                log.warning("deliveries_in_doubt", count=count)
            await ledger.release_settled()
            await self._notice_the_clock()
            await inbox.bring_stragglers_along()
        except (StorageUnavailable, *UNAVAILABLE):
            return
        delivery_bell.ring()

    async def _notice_the_clock(self) -> None:
        if moved := await set_back.bring_forward(self._clock.now()):
            log.warning("clock_was_set_back", rows=moved)

    async def _recover(self) -> None:
        while not self._stopping:
            try:
                count = await ledger.recover()
                await self._notice_the_clock()
                now = self._clock.now()
                await ledger_calls.bring_capped_forward(now)
                recent = await ledger.recent_attempts(now - WINDOW, self._directory.configured())
                self._pacer.load((chat, at, self._directory.weight(chat, files)) for chat, at, files in recent)
                for address, until in await ledger.put_off(now):
                    self._pacer.hold(address, until, now=now)
            except (StorageUnavailable, *UNAVAILABLE) as error:
                log.error("ledger_unavailable", error=str(error))
                await self._clock.sleep(2.0)
                continue
            if count:
                log.warning("deliveries_in_doubt_after_restart", count=count)
            return

    async def _round(self) -> float:
        """One look at the ledger; returns how many seconds may pass before the next."""
        await self._record()
        now = self._clock.now()
        await self._judge.look(now)
        accounts = self._directory.accounts()
        held = self._pacer.held(accounts, now)
        wake = list(held.values())
        ready: dict[int, Address] = {}
        busy = Counter(self._in_flight.values())
        under_way = Counter(address.account for address in self._in_flight.values())
        for row_id, address in await ledger.heads(now, accounts, self._turns, list(held)):
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
        if ready:
            try:
                rows = await self._claim(list(ready), now)
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
            return 0.0
        due = await ledger.next_due(now, accounts)
        wake += [due] if due is not None else []
        return min([_IDLE, *((at - now).total_seconds() for at in wake)])

    async def _claim(self, ids: list[int], now: datetime) -> list[Delivery]:
        """Claim a batch; where one row spoils it, each by itself, and the spoilt one is put before a person."""
        try:
            return await ledger.claim(ids, now, self._compose, self._effects, prepare=self._prepare)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception as error:
            log.exception("delivery_not_composed", rows=len(ids))
            if len(ids) == 1:
                await self._spoil(ids[0], now, type(error).__name__)
                return []
        return [row for row_id in ids for row in await self._claim([row_id], now)]

    async def _spoil(self, row_id: int, now: datetime, why: str) -> None:
        try:
            await ledger.spoil(row_id, now, why, self._effects)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception:
            log.exception("delivery_effect_failed", id=row_id)
            await ledger.spoil(row_id, now, why, _no_effects)

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
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, row: Delivery, trace: str = "") -> None:
        if trace:  # in this task alone; the adapter's own lines carry it, too
            structlog.contextvars.bind_contextvars(trace=trace)
        now = self._clock.now()
        weight = self._directory.weight(row.address, ledger.files_of(row))
        if (at := self._pacer.started(row.address, now, self._pace(row.address), weight)) is not None:
            self._end(row, Later(when=at, why="an album waits until all of it may go"))
            return
        weighed = weigh(
            self._directory, row, delivery_key(row.id, self._installation), lambda: self._outgoing(row), _bytes
        )
        if row.expires_at is not None and row.expires_at < now:
            answer: SendOutcome = Refused(reason=Refusal.EXPIRED)
        else:
            answer = await self._till.pay(
                self._directory.weighing(row.account), row.address.account, weighed, lambda: self._call(row)
            )
        if weighed is not None and isinstance(answer, Sent) and answer.handed is not None:
            weighed = replace(weighed, handed=answer.handed)
        self._pacer.answered(row.address, self._clock.now())
        if isinstance(answer, Later):
            self._pacer.hold(
                row.address,
                answer.when,
                now=self._clock.now(),
                whole_account=answer.whole_account,
                limited=answer.limit,
            )
        self._count(row, answer)
        # One line for each of thousands of private copies would be the most of the log, and of the work.
        note = log.debug if row.kind == ledger.COPY and isinstance(answer, Sent) else log.info
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

    async def _call(self, row: Delivery) -> SendOutcome:
        adapter = self._directory.adapter(row.account)
        if adapter is None:
            return Later(when=self._clock.now() + timedelta(minutes=5), why="the account is not configured")
        patience = SEND_TIMEOUT + _bytes(row) / _SLOWEST
        try:
            async with asyncio.timeout(patience):
                return await self._operate(adapter, row)
        except TimeoutError:
            return Unknown(why=f"no answer within {patience:.0f} s")
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # An adapter may not raise; one that does has a defect, and nobody can tell what it did before.
            log.exception("adapter_defect", account=row.account, delivery=row.id)
            return Unknown(why=f"the adapter failed ({type(error).__name__})")

    async def _operate(self, adapter: Adapter, row: Delivery) -> SendOutcome:
        key = delivery_key(row.id, self._installation)
        if row.operation in (ledger.DELETE, ledger.PRUNE):
            return await self._delete(adapter, await self._target(row), key)
        if row.operation == ledger.REACT:
            refs = await self._target(row)
            if not refs:
                return Refused(reason=Refusal.TARGET_GONE)
            emojis = [*map(str, codec.load_object(row.payload).get("emojis", []))]
            return await adapter.react(refs[0], emojis, key) if isinstance(adapter, CanReact) else _unsupported()
        outgoing = self._outgoing(row)
        if row.operation == ledger.EDIT:
            refs = await self._target(row)  # of an album, the words stand at its first item
            if not refs:
                return Refused(reason=Refusal.TARGET_GONE)
            return await adapter.edit(refs[0], outgoing, key) if isinstance(adapter, CanEdit) else _unsupported()
        return await adapter.send(outgoing, key)

    async def _delete(self, adapter: Adapter, refs: Sequence[RemoteRef], key: str) -> SendOutcome:
        """Remove every message of a row. What goes wrong with one is answered; a repeat finds the others gone."""
        if not refs:
            return Refused(reason=Refusal.TARGET_GONE)
        if len(refs) > 1 and isinstance(adapter, CanDeleteTogether):
            return await adapter.delete_together(refs, key)
        if not isinstance(adapter, CanDelete):
            return _unsupported()
        gone, refused = 0, None
        for position, ref in enumerate(refs, 1):
            answer = await adapter.delete(ref, key if position == 1 else delivery_key(f"{key}/{position}", ""))
            match answer:
                case Sent():
                    gone += 1
                case Refused(reason=Refusal.TARGET_GONE):
                    refused = refused or answer
                case Refused():
                    refused = answer if refused is None or refused.reason is Refusal.TARGET_GONE else refused
                case _:
                    return answer
        stays = refused is not None and (not gone or refused.reason is not Refusal.TARGET_GONE)
        return refused if refused is not None and stays else Sent()

    async def _target(self, row: Delivery) -> list[RemoteRef]:
        if row.target_message:  # a member's, or one of several of ours
            return [RemoteRef(row.address.account, ChatId(row.target_chat), MessageId(row.target_message))]
        target = None if row.target_id is None else await Delivery.get_or_none(id=row.target_id)
        return [] if target is None else await ledger.messages_of(target)

    def _outgoing(self, row: Delivery) -> Outgoing:
        attachments = ledger.attachments_of(row)
        pictures = [_as_file(a.thumbnail) for a in attachments if a.thumbnail is not None]
        return Outgoing(
            chat=row.address.chat,
            payload=codec.load_object(row.payload),
            files=tuple(LocalFile(attachment=a, path=self._file_path(a.sha256)) for a in (*attachments, *pictures)),
            item=row.item,
        )

    async def _record(self) -> None:
        batch, self._done = self._done, []
        if not batch:
            return
        try:
            await self._write_down(batch)
        except BaseException:
            # Not recorded is not forgotten: the rows stay "attempting" and these answers are written down later.
            self._done = batch + self._done
            raise
        for outcome in batch:
            self._in_flight.pop(outcome.row.id, None)

    async def _write_down(self, batch: list[ledger.Outcome]) -> None:
        """Record a batch; where its effects fail, the outcomes alone: what was sent must never look unsent."""
        try:
            await ledger.record(batch, self._clock.now(), self._effects)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception:
            log.exception("delivery_effects_failed", rows=len(batch))
            for outcome in batch:
                try:
                    await ledger.record([outcome], self._clock.now(), self._effects)
                except (StorageUnavailable, *UNAVAILABLE):
                    raise
                except Exception:
                    log.exception("delivery_effect_failed", id=outcome.row.id)
                    await ledger.record([outcome], self._clock.now(), _no_effects)

    async def _drain(self) -> None:
        """Let the calls under way end, and write down what became of them."""
        await self._judge.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH)
        for task in list(self._tasks):
            task.cancel()
        with suppress(StorageUnavailable):
            await self._record()


async def _no_effects(_: Sequence[Delivery]) -> None:
    """The outcome alone."""


def _as_file(thumbnail: Thumbnail) -> Attachment:
    return Attachment(
        sha256=thumbnail.sha256,
        kind=AttachmentKind.PHOTO,
        mime=thumbnail.mime,
        size=thumbnail.size,
        name="thumbnail",
        width=thumbnail.width,
        height=thumbnail.height,
    )


def _bytes(row: Delivery) -> int:
    """Of the files that go with a row."""
    files = ledger.attachments_of(row) if row.operation not in (ledger.DELETE, ledger.PRUNE) else ()
    return sum(file.size for file in files[max(row.item - 1, 0) : row.item or None])


def _unsupported() -> SendOutcome:
    return Refused(reason=Refusal.UNSUPPORTED)
