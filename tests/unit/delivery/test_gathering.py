"""What ends shortly after another is written down with it; what takes its time is not waited for."""

import asyncio

from bridge.core.ids import AccountId, Address, ChatId
from bridge.core.ports import Sent
from bridge.delivery.gathering import gather
from bridge.storage.bells import delivery_bell
from bridge.storage.ledger import Outcome
from bridge.storage.models import Delivery


async def batch(calls: int, ending: int) -> int:
    """So many are under way, of which some end one by one, each in a turn of the loop; how many are taken."""
    in_flight = {number: Address(AccountId("net"), ChatId(f"c{number}")) for number in range(calls)}
    done: list[Outcome] = []

    def end(number: int) -> None:
        done.append(Outcome(row=Delivery(id=number, account="net", chat=f"c{number}"), answer=Sent(refs=())))
        delivery_bell.ring()

    async def rest() -> None:
        for number in range(1, ending):
            await asyncio.sleep(0)
            end(number)

    end(0)
    task = asyncio.create_task(rest())
    async with asyncio.timeout(10):
        await gather(in_flight, lambda: done, begun=True, stopping=lambda: False)
    found = len(done)
    await task
    return found


async def test_those_that_end_together() -> None:
    assert await batch(10, 10) == 10
    assert await batch(10, 4) == 4, "six take long, and hold up nobody"
    assert await batch(1, 1) == 1


async def test_of_many_most() -> None:
    assert 30 <= await batch(40, 40) <= 40
