"""Prometheus figures, read from the database when asked for: they are right after a restart, too."""

from collections.abc import Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from bridge.core.errors import StorageUnavailable
from bridge.core.ports import Health
from bridge.core.states import DeliveryState
from bridge.storage import reports
from bridge.storage.database import UNAVAILABLE


async def collect(accounts: Mapping[str, Health], now: datetime) -> bytes:
    """The text format. Raises StorageUnavailable."""
    try:
        report = await reports.status()
    except UNAVAILABLE as error:
        raise StorageUnavailable from error
    registry = CollectorRegistry()

    def gauge(name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"baraza_{name}", text, labels, registry=registry)

    held = gauge("held_items", "Items waiting for a moderator", ("community",))
    age = gauge("held_oldest_seconds", "Age of the item that waits longest", ("community",))
    for queue in report.queues:
        held.labels(queue.community).set(queue.held)
        age.labels(queue.community).set((now - queue.items[0].since).total_seconds() if queue.items else 0)
    rows = gauge("deliveries", "Rows of the delivery ledger", ("state",))
    for state in DeliveryState:
        rows.labels(state.value).set(report.deliveries.get(state, 0))
    oldest = gauge("undelivered_oldest_seconds", "How long the oldest unfinished delivery has been due")
    oldest.set(max(0.0, (now - report.oldest_undelivered).total_seconds()) if report.oldest_undelivered else 0)
    inbox = gauge("inbox_events", "Events not yet handled", ("state",))
    inbox.labels("new").set(report.inbox_waiting)
    inbox.labels("parked").set(report.inbox_parked)
    connected = gauge("account_connected", "1 when the account is connected", ("account",))
    for name, health in accounts.items():
        connected.labels(name).set(1 if health.connected else 0)
    return generate_latest(registry)
