"""The ledger among several programs: an account's rows are claimed, recorded and judged by the one that has its lease.

Without ``held`` there is one program, and everything is its own.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from bridge.core.ports import Sent
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.storage.leases import Held
from bridge.storage.models import Delivery

if TYPE_CHECKING:
    from bridge.storage.ledger_record import Outcome

log = structlog.get_logger()


async def sorted_out(
    outcomes: Sequence["Outcome"], held: Held | None
) -> tuple[list["Outcome"], list[tuple["Outcome", DeliveryStep]]]:
    """Outcomes of our accounts' rows; and those that prove what another program attempted or doubts by now.

    Rows of an account that was ours all the time are as we left them. Of any other a row's number of attempts is its
    own fence: it grows at each claim. What a program that lost its lease learned about an attempt says nothing of a
    later one, and is not believed of that one either, except that the message is there.
    """
    if held is None or not outcomes:
        return list(outcomes), []
    accounts = await held.confirm({outcome.row.account for outcome in outcomes})
    present: list[Outcome] = []
    others: list[Outcome] = []
    for outcome in outcomes:
        (present if outcome.row.account in accounts and not outcome.late else others).append(outcome)
    if not others:
        return present, []
    rows = Delivery.filter(id__in=[outcome.row.id for outcome in others]).order_by("id").select_for_update()
    now = {row.id: row for row in await rows.only("id", "attempts", "state")}
    late: list[tuple[Outcome, DeliveryStep]] = []
    for outcome in others:
        row = now.get(outcome.row.id)
        same = row is not None and row.attempts == outcome.row.attempts
        if same and row is not None and isinstance(outcome.answer, Sent) and row.state in _PROVEN:
            late.append((outcome, _PROVEN[row.state]))
        else:
            log.warning("outcome_came_too_late", id=outcome.row.id, account=outcome.row.account)
    return present, late


_PROVEN = {
    DeliveryState.ATTEMPTING: DeliveryStep.SENT,
    DeliveryState.IN_DOUBT: DeliveryStep.FOUND,
    DeliveryState.UNCERTAIN: DeliveryStep.CONFIRM,
}
"""What the knowledge that a message is there does to a row whose lease is another program's by now."""


async def is_ours(row: Delivery, held: Held | None) -> bool:
    """Is a row still as it was read, and ours until the surrounding transaction ends?"""
    if held is None:
        return True
    if row.account not in await held.confirm({row.account}):
        return False
    now = await Delivery.filter(id=row.id).select_for_update().only("id", "attempts").first()
    return now is not None and now.attempts == row.attempts


def proven(outcome: "Outcome", now: datetime) -> dict[str, object]:
    """What a row learns from a proof that came late."""
    answer = outcome.answer
    assert isinstance(answer, Sent)  # noqa: S101 - ``sorted_out`` gives no other
    values: dict[str, object] = {"done_at": now, "detail": ""}
    if answer.refs:
        values |= {"remote_chat": answer.refs[0].chat, "message": answer.refs[0].message}
    return values
