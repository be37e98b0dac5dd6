"""Prometheus figures. What the tables know is read from them when asked for: right after a restart, too.

The counters begin at nought with the program, as Prometheus expects. `docs/how-to/operating.md` lists all figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.core import tally
from bridge.core.errors import StorageUnavailable
from bridge.core.ports import Health
from bridge.core.reports import StatusReport
from bridge.core.states import DeliveryState
from bridge.storage import reports
from bridge.storage.database import UNAVAILABLE

_ANSWERS = ("sent", "refused", "later", "unknown")
_CAUSES = ("limit", "trouble")


class _Figures(Collector):
    """All of them, as they are at one moment."""

    def __init__(
        self,
        report: StatusReport,
        accounts: Mapping[str, Health],
        now: datetime,
        counts: tally.Tally,
        sharing: Mapping[str, object],
    ) -> None:
        self._sharing = sharing
        self._report = report
        self._accounts = accounts
        self._now = now
        self._counts = counts

    def collect(self) -> Iterable[Metric]:
        yield from self._waiting()
        yield from self._readers()
        yield from self._platforms()
        yield from self._leases()

    def _age(self, since: datetime | None) -> float:
        return 0.0 if since is None else max(0.0, (self._now - since).total_seconds())

    def _waiting(self) -> Iterable[Metric]:
        report = self._report
        held = _gauge("held_items", "Items waiting for a moderator", ["community"])
        age = _gauge("held_oldest_seconds", "Age of the item that waits longest", ["community"])
        for queue in report.queues:
            held.add_metric([queue.community], queue.held)
            age.add_metric([queue.community], self._age(queue.items[0].since if queue.items else None))
        rows = _gauge("deliveries", "Rows of the delivery ledger", ["state"])
        for state in DeliveryState:
            rows.add_metric([state.value], report.deliveries.get(state, 0))
        oldest = _gauge("undelivered_oldest_seconds", "How long the oldest unfinished delivery has been due")
        oldest.add_metric([], self._age(report.oldest_undelivered))
        uncertain = _gauge("uncertain_oldest_seconds", "How long the oldest uncertain delivery has waited for a person")
        uncertain.add_metric([], self._age(report.oldest_uncertain))
        inbox = _gauge("inbox_events", "Events not yet handled", ["state"])
        inbox.add_metric(["new"], report.inbox_waiting)
        inbox.add_metric(["parked"], report.inbox_parked)
        inbox_age = _gauge("inbox_oldest_seconds", "Age of the oldest event that is received and not handled")
        inbox_age.add_metric([], self._age(report.inbox_oldest))
        yield from (held, age, rows, oldest, uncertain, inbox, inbox_age)

    def _readers(self) -> Iterable[Metric]:
        """Only what is counted: letters and SMS."""
        report = self._report
        handed = _gauge("handed_day", "Letters and SMS handed over in the last day", ["account"])
        failed = _gauge("bounces_day", "Letters and SMS that came back in the last day", ["account"])
        readers = _gauge("failing_readers", "People whom letters or SMS do not reach", ["account", "state"])
        for name in self._accounts:
            handed.add_metric([name], report.handed.get(name, 0))
            failed.add_metric([name], report.failed.get(name, 0))
            readers.add_metric([name, "warned"], report.warned.get(name, 0))
            readers.add_metric([name, "unreachable"], report.unreachable.get(name, 0))
        yield from (handed, failed, readers)

    def _leases(self) -> Iterable[Metric]:
        """Only where several programs share the work: each tells of what is its own."""
        leases, nobodys = self._sharing.get("leases"), self._sharing.get("nobodys")
        if isinstance(leases, Mapping) and isinstance(nobodys, Sequence):
            held = _gauge("lease_held", "The lease is worked by this program; its fence is the value", ["lease"])
            for name, fence in sorted(leases.items()):
                held.add_metric([name], fence)
            orphans = _gauge("leases_nobodys", "Leases that no program works: an account, or what belongs to none")
            orphans.add_metric([], len(nobodys))
            yield from (held, orphans)

    def _platforms(self) -> Iterable[Metric]:
        connected = _gauge("account_connected", "1 when the account is connected", ["account"])
        silent = _gauge("account_silent_seconds", "How long the platform has not been heard at all", ["account"])
        answers = _counter("delivery_answers", "Answers of platforms to what was sent", ["account", "outcome"])
        postponed = _counter("postponed", "Sends put off: by a limit (429), or by a trouble", ["account", "cause"])
        refusals = _counter("refusals", "Refusals of platforms", ["account", "reason"])
        for name, health in self._accounts.items():
            connected.add_metric([name], 1 if health.connected else 0)
            if health.silent is not None:
                silent.add_metric([name], health.silent.total_seconds())
            # Nought is said, too: a counter that begins at its first event has no increase that anybody sees.
            for outcome in _ANSWERS:
                answers.add_metric([name, outcome], self._counts.of(tally.ANSWERS).get((name, outcome), 0))
            for cause in _CAUSES:
                postponed.add_metric([name, cause], self._counts.of(tally.POSTPONED).get((name, cause), 0))
        for labels, count in sorted(self._counts.of(tally.REFUSALS).items()):
            refusals.add_metric(labels, count)
        info = _gauge("build_info", "The version, as a label", ["version"])
        info.add_metric([_version()], 1)
        yield from (connected, silent, answers, postponed, refusals, info)


def _gauge(name: str, text: str, labels: Iterable[str] = ()) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"baraza_{name}", text, labels=list(labels))


def _counter(name: str, text: str, labels: Iterable[str] = ()) -> CounterMetricFamily:
    return CounterMetricFamily(f"baraza_{name}", text, labels=list(labels))


def _version() -> str:
    try:
        return version("baraza")
    except PackageNotFoundError:
        return ""


async def collect(
    accounts: Mapping[str, Health],
    now: datetime,
    counts: tally.Tally,
    sharing: Mapping[str, object] | None = None,
) -> bytes:
    """The text format. Raises StorageUnavailable."""
    try:
        report = await reports.status(now)
    except UNAVAILABLE as error:
        raise StorageUnavailable from error
    registry = CollectorRegistry()
    registry.register(_Figures(report, accounts, now, counts, sharing or {}))
    return generate_latest(registry)
