"""Writing down what became of rows that were attempted; ``ledger`` offers this, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bridge.core.ports import Later, Refused, SendOutcome, Sent, Unknown
from bridge.core.states import DeliveryStep
from bridge.storage import handovers, ledger_fences
from bridge.storage.bells import delivery_bell
from bridge.storage.database import transaction
from bridge.storage.handovers import Weighed
from bridge.storage.leases import Held
from bridge.storage.ledger_doubt import Effects
from bridge.storage.ledger_reads import COPY, DIGEST, POST, PRUNE, SEND, WHOLE_ACCOUNT
from bridge.storage.ledger_steps import advance, advance_all, cancel_dependants, keep_further, keep_pruned, release
from bridge.storage.models import Delivery


@dataclass(frozen=True, kw_only=True)
class Outcome:
    row: Delivery
    answer: SendOutcome
    weighed: Weighed | None = None
    """What was handed over, or may have been, where the account counts that."""
    keeps_words: bool = True
    """Are its words needed once it is there: can it be changed?"""
    late: bool = False
    """Was its account another program's meanwhile?"""


async def record(outcomes: Sequence[Outcome], now: datetime, effects: Effects, *, held: Held | None = None) -> None:
    """Write down what became of a batch, release or call off what waited for it, and let ``effects`` add rows.

    ``effects`` is also told of posts that wait, now and then: their state is "planned" again, and they are not due.
    """
    async with transaction():
        outcomes, late = await ledger_fences.sorted_out(outcomes, held)
        settled = await _record_sent([o for o in outcomes if isinstance(o.answer, Sent)], now)
        settled += await _record_proofs(late, now)
        delivered = [row.id for row in settled]
        handed = set(delivered)
        for outcome in outcomes:
            row, answer = outcome.row, outcome.answer
            match answer:
                case Refused(reason=reason, detail=detail) if (
                    row.doubted and row.kind == POST and row.operation == SEND
                ):
                    # A refusal proves only its own attempt: a person must look whether an earlier one arrived.
                    await advance(row, DeliveryStep.DOUBT, due_at=now)
                    if await advance(row, DeliveryStep.PARK, reason=reason.value, detail=detail[:500]):
                        settled.append(row)
                case Refused(reason=reason, detail=detail):
                    if await advance(row, DeliveryStep.REFUSE, reason=reason.value, detail=detail[:500], done_at=now):
                        settled += [row, *await cancel_dependants([row.id], reason)]
                case Later(when=when) if row.doubted and row.operation == SEND:
                    await advance(row, DeliveryStep.DOUBT, due_at=when, detail=_why(answer))  # and judged anew by then
                case Later(when=when):
                    if await advance(row, DeliveryStep.POSTPONE, due_at=when, detail=_why(answer)) and _is_news(row):
                        settled.append(row)
                case Unknown(why=why):
                    if await advance(row, DeliveryStep.DOUBT, due_at=now, detail=why[:500], doubted=True):
                        handed.add(row.id)
        # Only with the step: where the answer to a commit was lost, the same is recorded once more, and costs once.
        sent = [outcome for outcome in (*outcomes, *(proof for proof, _ in late)) if outcome.row.id in handed]
        await handovers.keep([row for row in (_handover(outcome, now) for outcome in sent) if row is not None])
        await release(delivered)
        if settled:
            await effects(settled)
    delivery_bell.ring()


def _is_news(row: Delivery) -> bool:
    """Are cards to tell how often it was tried? After 2, 4, 8 times: a chat may be broken for a week."""
    return row.kind == POST and row.operation == SEND and row.attempts > 1 and row.attempts.bit_count() == 1


def _why(answer: Later) -> str:
    """By its beginning a restart knows that the platform's wait is for the whole account."""
    return f"{WHOLE_ACCOUNT if answer.whole_account and answer.limit else ''}{answer.why}"[:500]


async def _record_proofs(late: Sequence[tuple[Outcome, DeliveryStep]], now: datetime) -> list[Delivery]:
    """What another program doubted by now is there."""
    found: list[Delivery] = []
    for outcome, step in late:
        if await advance(outcome.row, step, **ledger_fences.proven(outcome, now)):
            found.append(outcome.row)
            await keep_further({outcome.row.id: outcome.answer.refs if isinstance(outcome.answer, Sent) else ()})
    return found


def _handover(outcome: Outcome, now: datetime) -> dict[str, object] | None:
    if outcome.weighed is None or not isinstance(outcome.answer, Sent | Unknown):
        return None
    refs = outcome.answer.refs if isinstance(outcome.answer, Sent) else ()
    return handovers.row_of(outcome.row, outcome.weighed, refs[0].message if refs else "", now)


async def _record_sent(outcomes: Sequence[Outcome], now: datetime) -> list[Delivery]:
    """Mark rows as delivered and keep where their messages are; returns the rows that were still being attempted."""
    answers = {o.row.id: o.answer.refs for o in outcomes if isinstance(o.answer, Sent)}
    spent = {o.row.id: o.keeps_words for o in outcomes if o.row.kind in (COPY, DIGEST)}

    def placed(row: Delivery) -> None:
        if refs := answers.get(row.id):
            row.remote_chat, row.message = refs[0].chat, refs[0].message
        if row.id in spent:  # what was frozen for one reader of thousands has done its work
            row.payload = "{}"
            row.content = row.content if spent[row.id] else ""  # the words stay where they may be corrected

    sent: dict[str, Any] = {"done_at": now, "reason": "", "detail": ""}
    rows: list[Delivery] = []
    for private, columns in ((False, ()), (True, ("payload", "content"))):
        some = [o.row for o in outcomes if (o.row.id in spent) is private]
        columns = ("remote_chat", "message", *columns)
        rows += await advance_all(some, DeliveryStep.SENT, own=placed, columns=columns, **sent)
    await keep_further({row.id: answers.get(row.id, ()) for row in rows})
    await keep_pruned([row for row in rows if row.operation == PRUNE])
    return rows
