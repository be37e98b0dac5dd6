"""A long queue: one busy chat hides no other, and the work for a batch does not grow with every row of it."""

import logging
from collections.abc import Sequence

import pytest

from bridge.core.ids import Address, ChatId, MessageId, RemoteRef
from bridge.core.message import Content
from bridge.core.ports import Sent
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.storage import inbox, ledger
from bridge.storage.inbox import DurableSink
from bridge.storage.ledger import Frozen, Outcome
from bridge.storage.models import Delivery
from tests.unit.storage.stage import KENYA, NET, NOW, FakeClock, posted

ROWS = 40
_STATEMENTS = "tortoise.db_client"
"""Where the library writes down every statement, at DEBUG."""


async def effects(_: Sequence[Delivery]) -> None:
    """Nothing follows."""


async def frozen(row: Delivery) -> Frozen | None:
    return Frozen(payload=f'{{"row":{row.id}}}', content=row.content)


async def test_a_flood_in_one_chat_hides_no_other_chat(opened: str) -> None:
    sink = DurableSink(NET, FakeClock())
    await sink.accept([posted("again and again", key=f"flood{number}") for number in range(600)])
    await sink.accept([posted("me too", key="quiet", chat=Address(NET, ChatId("quiet")))])
    assert [row.key for row in await inbox.take(NOW, busy=set())] == ["flood0", "quiet"]
    assert [row.key for row in await inbox.take(NOW, busy={(KENYA.account, KENYA.chat)})] == ["quiet"]


async def test_a_batch_takes_no_statement_for_every_row(opened: str, caplog: pytest.LogCaptureFixture) -> None:
    rows = [
        await ledger.plan(
            kind=ledger.NOTICE, address=Address(NET, ChatId(f"room{n}")), now=NOW, content=Content(text=plain("x"))
        )
        for n in range(ROWS)
    ]
    caplog.set_level(logging.DEBUG, logger=_STATEMENTS)
    claimed = await ledger.claim([row.id for row in rows], NOW, frozen)
    assert len(claimed) == ROWS
    assert 0 < len(caplog.records) < ROWS / 2
    caplog.clear()
    sent = [
        Outcome(row=row, answer=Sent(refs=(RemoteRef(NET, ChatId(row.chat), MessageId(f"b{row.id}")),)))
        for row in claimed
    ]
    await ledger.record(sent, NOW, effects)
    assert 0 < len(caplog.records) < ROWS / 2
    for row in await Delivery.all():
        assert (row.state, row.attempts) == (DeliveryState.DELIVERED, 1)
        assert (row.message, row.remote_chat, row.payload) == (f"b{row.id}", row.chat, f'{{"row":{row.id}}}')


async def test_communities_that_share_an_account_take_turns(opened: str) -> None:
    for number in range(5):
        for _ in range(3):
            await ledger.plan(kind=ledger.POST, address=Address(NET, ChatId(f"a{number}")), now=NOW, community="hifa")
    for number in range(2):
        await ledger.plan(kind=ledger.POST, address=Address(NET, ChatId(f"b{number}")), now=NOW, community="chifa")
    await ledger.plan(kind=ledger.NOTICE, address=Address(NET, ChatId("somebody")), now=NOW)
    found = [str(address.chat) for _, address in await ledger.heads(NOW, [NET])]
    assert found == ["somebody", "a0", "b0", "a1", "b1", "a2", "a3", "a4"], "who waits for an answer goes before posts"
