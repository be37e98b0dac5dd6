"""The single way in which a row of the ledger changes its state, and what that means for the rows waiting for it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bridge.core.errors import Refusal
from bridge.core.ids import RemoteRef
from bridge.core.states import DELIVERY, DeliveryStep
from bridge.storage.bells import delivery_bell
from bridge.storage.ledger_reads import APPLICATION, CARD
from bridge.storage.many import Seen, lock_each, save_each, which_stand
from bridge.storage.models import Delivery
from bridge.storage.models_messages import DeliveryMessage

LIFETIME = timedelta(days=7)
"""After this long undelivered rows end as refused, with the reason, in front of a person."""

SLICE = 500
"""Rows that are named in one statement: SQLite takes no more than some thousand values."""


async def advance(row: Delivery, step: DeliveryStep, **values: Any) -> bool:
    """One step, guarded by ``core.states.DELIVERY`` in the WHERE clause; False where the row is in another state."""
    after = DELIVERY.target(step)
    changed = await Delivery.filter(id=row.id, state__in=DELIVERY.sources(step)).update(state=after, **values)
    if changed == 1:
        row.update_from_dict({**{k: v for k, v in values.items() if not hasattr(v, "resolve")}, "state": after})
    return changed == 1


async def advance_all(
    rows: Sequence[Delivery],
    step: DeliveryStep,
    *,
    own: Callable[[Delivery], None] | None = None,
    columns: Sequence[str] = (),
    before: Seen | None = None,
    **values: Any,
) -> list[Delivery]:
    """One step and the same values for many rows, in two statements; returns the rows that took it.

    ``own`` gives a row that takes the step its own values of ``columns``, in memory. ``before``: as they were read;
    what somebody has changed since does not take it.
    """
    if not rows:
        return []
    ours = await lock_each(Delivery, [row.id for row in rows], "state", DELIVERY.sources(step), before)
    taken = [row for row in rows if row.id in ours]
    values["state"] = DELIVERY.target(step)
    for row in taken:
        vars(row).update(values)  # past the mapper, which looks at each whether it is a relation
        if own is not None:
            own(row)
    if columns:
        await save_each(taken, columns, same=values)
    elif taken:
        await Delivery.filter(id__in=list(ours)).update(**values)
    return taken


async def release(ids: Sequence[int]) -> None:
    """Let go what waited for these rows."""
    # Mostly nothing did, which is told more quickly than a change of nothing is put into words.
    if awaited := await which_stand(Delivery, "waits_for", ids):
        await Delivery.filter(waits_for__in=list(awaited)).update(waits_for=None)
        delivery_bell.ring_after_commit()


async def keep_further(refs: Mapping[int, Sequence[RemoteRef]]) -> None:
    """Where the platform made several messages of a row: keep all but the first, which stands in the row itself."""
    further = [
        DeliveryMessage(delivery_id=row, position=position, account=ref.account, chat=ref.chat, message=ref.message)
        for row, found in refs.items()
        for position, ref in enumerate(found[1:], 2)
    ]
    if further:
        await DeliveryMessage.bulk_create(further)


async def keep_pruned(rows: Sequence[Delivery]) -> None:
    """A message of several was removed: its row stands for the others from now on."""
    for row in rows:
        target = None if row.target_id is None else await Delivery.get_or_none(id=row.target_id)
        if target is None:
            continue
        further = DeliveryMessage.filter(delivery_id=target.id).order_by("position")
        if target.message != row.target_message:
            await further.filter(chat=row.target_chat, message=row.target_message).delete()
        elif first := await further.first():
            await Delivery.filter(id=target.id).update(remote_chat=first.chat, message=first.message)
            await DeliveryMessage.filter(id=first.id).delete()


async def cancel_dependants(ids: Sequence[int], reason: Refusal | None = None) -> list[Delivery]:
    """What waits for something that will never be there is called off, all the way down."""
    cancelled: list[Delivery] = []
    wave = list(ids)
    while wave:
        some, wave = wave[:SLICE], wave[SLICE:]
        rows = await Delivery.filter(waits_for__in=some, state__in=DELIVERY.sources(DeliveryStep.CANCEL))
        for row in rows:
            await advance(row, DeliveryStep.CANCEL, reason="" if reason is None else reason.value)
        cancelled += rows
        wave += [row.id for row in rows]
    return cancelled


async def restore_dependants(row: Delivery, now: datetime) -> None:
    """What was called off because of a row comes back with it, all the way down; cards are composed anew."""
    if row.kind in (CARD, APPLICATION):
        await Delivery.filter(id=row.id).update(payload="")
    wave = [row.id]
    while wave:
        rows = await Delivery.filter(waits_for__in=wave, state__in=DELIVERY.sources(DeliveryStep.RESTORE))
        for waiting in rows:
            await advance(waiting, DeliveryStep.RESTORE, due_at=now, expires_at=now + LIFETIME, reason="")
        wave = [waiting.id for waiting in rows]
