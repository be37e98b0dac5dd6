"""What may have been sent and nobody knows: how such rows of the ledger come about, and how they are settled."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bridge.core.errors import TransitionRefused
from bridge.core.ids import RemoteRef
from bridge.core.states import DELIVERY, DeliveryState, DeliveryStep
from bridge.storage.bells import delivery_bell
from bridge.storage.database import transaction
from bridge.storage.leases import Held
from bridge.storage.ledger_fences import is_ours
from bridge.storage.ledger_reads import POST, SEND
from bridge.storage.ledger_steps import (
    LIFETIME,
    advance,
    advance_all,
    cancel_dependants,
    keep_further,
    release,
    restore_dependants,
)
from bridge.storage.many import seen
from bridge.storage.models import Delivery

Effects = Callable[[Sequence[Delivery]], Awaitable[None]]


async def recover(
    *, alive: Sequence[int] = (), before: datetime | None = None, accounts: Sequence[str] | None = None
) -> int:
    """Whatever is being attempted and nobody works on is in doubt: after a start, or when a commit's answer was lost.

    ``alive`` are the rows in this process's hands; ``before`` leaves alone what was attempted later.
    ``accounts``: of these alone, the others are in other programs' hands. Returns how many.
    """
    async with transaction():
        lost = Delivery.filter(state__in=DELIVERY.sources(DeliveryStep.DOUBT)).exclude(id__in=list(alive) or [0])
        if before is not None:
            lost = lost.filter(attempted_at__lt=before)
        if accounts is not None:
            lost = lost.filter(account__in=list(accounts))
        return await lost.update(
            state=DELIVERY.target(DeliveryStep.DOUBT),
            doubted=True,
            detail="the program stopped while it was being sent",
        )


async def give_back(attempts: Mapping[int, datetime]) -> int:
    """Rows that were claimed at a moment (row id: ``attempted_at``) and never sent are planned again; returns how many.

    By that moment it is told whether it was that claim: who claimed one since, whoever it is, has it for themselves.
    """
    async with transaction():
        rows = await Delivery.filter(id__in=list(attempts), state__in=DELIVERY.sources(DeliveryStep.POSTPONE))
        ours = [row for row in rows if row.attempted_at == attempts[row.id]]
        before = seen(ours, ("attempted_at",))
        return len(await advance_all(ours, DeliveryStep.POSTPONE, before=before, detail="the claim had no answer"))


async def distrust(restored_at: datetime) -> int:
    """After a restore: what was still to be sent when the copy was made may have gone out since. Returns how many.

    Posts only: a card or a notice twice is better than none. Their platforms are asked, or a person is.
    """
    async with transaction():
        planned = Delivery.filter(kind=POST, operation=SEND, state__in=DELIVERY.sources(DeliveryStep.ATTEMPT))
        rows = await planned.filter(due_at__lte=restored_at)
        for row in rows:
            # As old as it can be: a platform's memory for repeats counts from its first attempt.
            first = row.first_attempt_at or row.planned_at
            if await advance(row, DeliveryStep.ATTEMPT, first_attempt_at=first, attempted_at=restored_at):
                await advance(row, DeliveryStep.DOUBT, doubted=True, detail="the database was restored from a copy")
        return len(rows)


async def resolve_doubt(
    row: Delivery,
    step: DeliveryStep,
    now: datetime,
    effects: Effects,
    *,
    refs: Sequence[RemoteRef] = (),
    held: Held | None = None,
) -> None:
    """FOUND (it is there), REPLAY (send it again) or PARK (a person must say)."""
    async with transaction():
        if not await is_ours(row, held):
            return
        values: dict[str, Any] = {}
        if step is DeliveryStep.FOUND:
            values = {"done_at": now}
            if refs:
                values |= {"remote_chat": refs[0].chat, "message": refs[0].message}
        elif step is DeliveryStep.REPLAY:
            values = {"due_at": now + timedelta(seconds=min(300, 2 ** min(row.attempts, 10) - 1))}
        if not await advance(row, step, **values):
            return
        if step is DeliveryStep.FOUND:
            await keep_further({row.id: refs})
            await release([row.id])
        if step is not DeliveryStep.REPLAY:
            await effects([row])
        delivery_bell.ring_after_commit()


async def postpone_doubt(row: Delivery, when: datetime, *, held: Held | None = None) -> None:
    """The far side cannot be asked now: ask again at ``when``."""
    async with transaction():
        if await is_ours(row, held):
            await Delivery.filter(id=row.id, state=DeliveryState.IN_DOUBT).update(due_at=when)


async def settle(row_id: int, step: DeliveryStep, now: datetime, effects: Effects, *, by: str) -> Delivery:
    """A person decides: CONFIRM, SEND_AGAIN or GIVE_UP what is uncertain, RETRY what was refused.

    Raises LookupError where there is no such row, TransitionRefused where it is not in that state (any more).
    """
    async with transaction():
        row = await Delivery.get_or_none(id=row_id)
        if row is None:
            raise LookupError(f"there is no delivery {row_id}")
        values: dict[str, Any] = {"detail": f"settled by {by}"}
        if step in (DeliveryStep.SEND_AGAIN, DeliveryStep.RETRY):
            values |= {"due_at": now, "expires_at": now + LIFETIME, "first_attempt_at": None, "reason": ""}
            values |= {"doubted": False}
        else:
            values |= {"done_at": now}
        if not await advance(row, step, **values):
            raise TransitionRefused(f"delivery {row_id} is {row.state.value}: {step.value} is not possible any more")
        if step is DeliveryStep.CONFIRM:
            await release([row.id])
        elif step is DeliveryStep.GIVE_UP:
            await cancel_dependants([row.id])
        elif step is DeliveryStep.RETRY:
            await restore_dependants(row, now)
        await effects([row])
        delivery_bell.ring_after_commit()
        return row
