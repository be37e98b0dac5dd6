"""One approved post to many people who read privately: planning, claims and records, with sends that cost nothing.

What is left when the platform answers at once is the ledger's own work. ``python -m tests.benchmarks.bench_readers``
"""

import asyncio
import os
import resource
import time
from dataclasses import replace

from bridge.adapters.loopback.adapter import LoopbackAdapter
from bridge.adapters.loopback.capabilities import RICH
from bridge.core.capabilities import Capabilities, Form
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.membership import Reading
from bridge.core.ports import Outgoing, SendOutcome, Sent
from bridge.core.states import DeliveryState, MembershipState
from bridge.delivery.worker import Worker
from bridge.members.feeder import Feeder
from bridge.moderation.effects import arrivals
from bridge.storage import ledger
from bridge.storage.bells import delivery_bell, feed_bell
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Identity, Person
from bridge.storage.models_members import Membership
from tests.benchmarks.bench_ledger import toml
from tests.benchmarks.common import Backlog, backlog, machine, profiled, profiling, run, table

READERS = int(os.environ.get("BARAZA_BENCH_READERS", "18000"))
_ACCOUNT = AccountId("people")
_PLAIN = replace(RICH, form=Form.PLAIN, text_limit=100_000)


class Instant(LoopbackAdapter):
    """Takes everything at once and keeps nothing."""

    sent = 0

    def capabilities(self, chat: ChatId) -> Capabilities:
        return _PLAIN

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        self.sent += 1
        return Sent(refs=(RemoteRef(self.account, outgoing.chat, MessageId(f"m{self.sent}")),))


async def readers(count: int, work: Backlog, *, account: AccountId = _ACCOUNT, address: str = "reader{}") -> None:
    """That many members of the community, each with one account that can be written to."""
    now = work.bridge._clock.now()
    for first in range(0, count, 3000):
        some = range(first, min(count, first + 3000))
        async with transaction():
            await Person.bulk_create([Person(created_at=now) for _ in some])
            people = await Person.all().order_by("-id").limit(len(some))
            await Identity.bulk_create(
                [
                    Identity(
                        person_id=person.id,
                        account=account,
                        user=address.format(number),
                        name=f"Reader {number}",
                        direct_chat=address.format(number),
                        direct_open=True,
                        created_at=now,
                    )
                    for number, person in zip(some, people, strict=True)
                ]
            )
            await Membership.bulk_create(
                [
                    Membership(
                        person_id=person.id,
                        community="hifa",
                        state=MembershipState.MEMBER,
                        reading=Reading.IMMEDIATE.value,
                        created_at=now,
                        joined_at=now,
                    )
                    for person in people
                ]
            )


async def measure() -> tuple[float, float, float]:
    """Seconds until the last copy is recorded as delivered, CPU seconds, and MiB of memory above those before."""
    async with backlog(toml(1), posts=0) as work:
        bridge = work.bridge
        await readers(READERS, work)
        adapter = bridge._adapters[_ACCOUNT]
        adapter.__class__ = Instant
        await work.approve(1)
        worker = Worker(
            bridge._directory,
            installation="bench",
            compose=bridge._compose,
            effects=arrivals(bridge._communities, bridge._clock.now),
            file_path=bridge._media.path,
            clock=bridge._clock,
        )
        feeder = Feeder(bridge._communities, bridge._directory, bridge._clock)
        delivery_bell.ring()
        feed_bell.ring()
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        began, cpu = time.perf_counter(), time.process_time()
        tasks = [asyncio.create_task(worker.run()), asyncio.create_task(feeder.run())]
        while await Delivery.filter(kind=ledger.COPY, state=DeliveryState.DELIVERED).count() < READERS:  # noqa: ASYNC110 - the ledger rings for its own worker alone
            await asyncio.sleep(0.5)
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        worker.stop()
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return seconds, cpu, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024


def main() -> None:
    if profiling():
        profiled(lambda: run(measure()))
        return
    about = machine()
    seconds, cpu, memory = run(measure())
    table(
        f"One post to {READERS} private readers, SQLite, sends that cost nothing ({about})",
        ("what", "figure"),
        [
            ("seconds to the last recorded delivery", f"{seconds:.1f}"),
            ("CPU seconds", f"{cpu:.1f}"),
            ("copies per CPU second", f"{READERS / cpu:.0f}"),
            ("MiB above those before", f"{memory:.0f}"),
        ],
    )


if __name__ == "__main__":
    main()
