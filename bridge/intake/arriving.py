"""What gateways and servers report of our messages later, and whom nobody reaches any more."""

import re
from datetime import timedelta

import structlog

from bridge.core.errors import TooSoon
from bridge.core.events import Arrival, DeliveryReported
from bridge.core.ids import MessageId, RemoteRef
from bridge.core.states import DeliveryState, DeliveryStep
from bridge.intake import bouncing
from bridge.intake.context import Context
from bridge.moderation import cards
from bridge.moderation.effects import arrivals
from bridge.storage import handovers, ledger
from bridge.storage.models import Delivery
from bridge.storage.models_handover import Handover

log = structlog.get_logger()

# RFC 3463: what mail servers say of an address, and of what was written.
_NO_SUCH_ADDRESS = re.compile(r"5\.1\.(?:1|2|3|6|10)\b")
_DOUBTFUL = (DeliveryState.ATTEMPTING, DeliveryState.IN_DOUBT, DeliveryState.UNCERTAIN)
_QUICKEST = timedelta(seconds=10)
"""A report may come before the answer to the send that it is about is written down."""
_LETTERS = "email"
"""The channel whose readers are warned first."""
_GIVES_UP = 3
"""Failures in a row after which somebody counts as unreachable, where"""
_OVER = timedelta(hours=20)
"""so much time lies between the first and the last: a telephone may be switched off for an evening."""


async def reported(event: DeliveryReported, context: Context) -> None:
    """Note what became of a message. Twice, late and in the wrong order is all the same."""
    row = await handovers.reported(event.account, send=event.send, message=event.message or "")
    delivery = None if row is None else await handovers.delivery_of(row)
    if event.send and (delivery is None or delivery.state in _DOUBTFUL):
        await _settle(event, context)
    if row is None:
        if context.now - event.at < _QUICKEST and await handovers.under_way(event.account):
            raise TooSoon
        log.info("report_of_nothing_known", account=event.account, arrival=event.arrival.value)
        return
    if event.arrival is Arrival.FAILED and not event.final:
        return
    if not await handovers.note(row, event.arrival, event.code, context.now):
        return
    if event.arrival is Arrival.FAILED:
        log.info("delivery_failed_later", id=row.delivery_id, account=row.account, code=event.code)
    if delivery is None:
        return
    if event.arrival is Arrival.FAILED:
        await _perhaps_lost(row, delivery, event.code, context)
    if delivery.post is not None and event.arrival is not Arrival.SENT:
        # The card of a post says how many copies arrived, and how many failed.
        await cards.refresh_published([delivery.post.submission_id], context.now, pause=cards.SLOW_PAUSE)


async def _settle(event: DeliveryReported, context: Context) -> None:
    """A send whose answer never came was taken after all: the report has its key."""
    delivery = await handovers.doubted(event.account, event.send)
    if delivery is None:
        return
    if delivery.state == DeliveryState.ATTEMPTING:
        if context.now - event.at < _QUICKEST:
            raise TooSoon
        return
    effects = arrivals(context.communities, lambda: context.now)
    if delivery.state == DeliveryState.UNCERTAIN:
        await ledger.settle(delivery.id, DeliveryStep.CONFIRM, context.now, effects, by="the gateway's report")
        return
    message = event.message or MessageId(event.send)
    ref = RemoteRef(delivery.address.account, delivery.address.chat, message)
    await ledger.resolve_doubt(delivery, DeliveryStep.FOUND, context.now, effects, refs=[ref])


async def _perhaps_lost(row: Handover, delivery: Delivery, code: str, context: Context) -> None:
    if handovers.about_the_letter(code):
        return
    unknown = _NO_SUCH_ADDRESS.match(code) is not None
    if row.channel == _LETTERS:
        await bouncing.came_back(row, delivery, unknown=unknown, context=context)
        return
    address = delivery.address
    if not unknown:
        failures = await handovers.failed_in_a_row(address, _GIVES_UP)
        failures = [each for each in failures if not handovers.about_the_letter(each.code)]
        if len(failures) < _GIVES_UP or failures[0].handed_at - failures[-1].handed_at < _OVER:
            return
    if await handovers.lose(address, context.now):
        log.warning("unreachable_from_now_on", account=address.account)
