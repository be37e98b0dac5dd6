"""What the worker writes into the ledger. Where one row spoils a batch, each is written by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from bridge.core.errors import StorageUnavailable
from bridge.core.ids import Address
from bridge.core.ports import Sent
from bridge.storage import ledger
from bridge.storage.database import UNAVAILABLE
from bridge.storage.leases import Held
from bridge.storage.models import Delivery

log = structlog.get_logger()

_LOOKED_FOR: Final = timedelta(minutes=2)


class Books:
    """``compose`` freezes a row's payload, ``effects`` adds rows to a recorded outcome."""

    def __init__(
        self, compose: ledger.Compose, effects: ledger.Effects, prepare: ledger.Prepare | None, held: Held | None
    ) -> None:
        self.compose = compose
        self.effects = effects
        self._prepare = prepare
        self._held = held
        self._unanswered: dict[int, datetime] = {}
        """Rows whose claim broke off, with the moment that it would have noted."""

    async def claim(self, ready: Mapping[int, Address], now: datetime) -> list[Delivery]:
        """Claim a batch; where one row spoils it, each by itself, and the spoilt one is put before a person."""
        try:
            claimed = await self._claim(ready, now)
        except BaseException:
            self._unanswered.update(dict.fromkeys(ready, now))
            raise
        for row in claimed:  # which goes out now, whatever became of an earlier claim at the same moment
            self._unanswered.pop(row.id, None)
        return claimed

    async def give_back(self, now: datetime) -> None:
        """What was claimed by a commit whose answer was lost, and so was never sent, may be claimed anew.

        Such a commit may still come through when the line is there again: it is looked for a while.
        """
        if not self._unanswered:
            return
        if count := await ledger.give_back(self._unanswered):
            log.warning("claims_given_back", count=count)
        young = {row_id: at for row_id, at in self._unanswered.items() if timedelta(0) <= now - at < _LOOKED_FOR}
        self._unanswered = young

    async def _claim(self, ready: Mapping[int, Address], now: datetime) -> list[Delivery]:
        try:
            return await ledger.claim(
                list(ready),
                now,
                self.compose,
                self.effects,
                prepare=self._prepare,
                held=self._held,
                accounts=() if self._held is None else {address.account for address in ready.values()},
            )
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception as error:
            log.exception("delivery_not_composed", rows=len(ready))
            if len(ready) == 1:
                await self._spoil(next(iter(ready)), now, type(error).__name__)
                return []
        return [row for row_id, address in ready.items() for row in await self._claim({row_id: address}, now)]

    async def _spoil(self, row_id: int, now: datetime, why: str) -> None:
        try:
            await ledger.spoil(row_id, now, why, self.effects, held=self._held)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception:
            log.exception("delivery_effect_failed", id=row_id)
            await ledger.spoil(row_id, now, why, _no_effects, held=self._held)

    async def record(self, outcomes: Sequence[ledger.Outcome], now: datetime) -> None:
        """Record a batch, or raise."""
        await ledger.record(outcomes, now, self.effects, held=self._held)

    async def write_down(self, outcomes: Sequence[ledger.Outcome], now: datetime) -> None:
        """Record a batch; where its effects fail, the outcomes alone: what was sent must never look unsent.

        Raises only where the database is not to be had: what raised for one row's sake would be tried again for ever,
        and nothing else would ever be written down.
        """
        try:
            await self.record(outcomes, now)
        except (StorageUnavailable, *UNAVAILABLE):
            raise
        except Exception:
            log.exception("delivery_effects_failed", rows=len(outcomes))
            for outcome in outcomes:
                await self._write_one(outcome, now)

    async def _write_one(self, outcome: ledger.Outcome, now: datetime) -> None:
        """As much of it as can be written. What cannot be at all stays as it is until the sweep finds it in doubt."""
        tries = ((True, self.effects), (True, _no_effects), (False, self.effects), (False, _no_effects))
        for placed, effects in tries:
            try:
                one = outcome if placed else _without_place(outcome)
                await ledger.record([one], now, effects, held=self._held)
            except (StorageUnavailable, *UNAVAILABLE):
                raise
            except Exception:
                log.exception("delivery_effect_failed", id=outcome.row.id)
            else:
                return
        log.error("delivery_not_recorded", id=outcome.row.id, account=outcome.row.account)


def _without_place(outcome: ledger.Outcome) -> ledger.Outcome:
    """It is there, wherever: an address that no column can hold is worth less than that."""
    if not isinstance(outcome.answer, Sent) or not outcome.answer.refs:
        return outcome
    outcome.row.remote_chat = outcome.row.message = ""  # as it was before the attempts at writing it
    return replace(outcome, answer=replace(outcome.answer, refs=()))


async def _no_effects(_: Sequence[Delivery]) -> None:
    """The outcome alone."""
