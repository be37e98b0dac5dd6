"""A card always ends up showing what is true, in whatever order its edits arrive."""

from datetime import timedelta
from pathlib import Path

import pytest

from bridge.core.ids import AccountId
from bridge.core.ports import Later, SendOutcome, Unknown
from bridge.delivery.directory import Directory
from bridge.delivery.worker import Worker
from bridge.moderation import cards, decisions
from bridge.moderation.effects import arrivals
from bridge.storage import codec, database, ledger
from bridge.storage.ledger import Frozen
from bridge.storage.models import Delivery
from tests.unit.delivery.scripted import Scripted
from tests.unit.storage.stage import COMMUNITIES, COMMUNITY, GRACE, MODS, NET, FakeClock, acting, again, hold

LATER = Later(when=FakeClock().now() + timedelta(seconds=40), why="busy")


class Desk:
    """The worker's rounds, one at a time."""

    def __init__(self, accounts: dict[AccountId, Scripted]) -> None:
        self.clock = FakeClock()
        self.directory = Directory(accounts)
        self.worker = Worker(
            self.directory,
            installation="test",
            compose=self.compose,
            effects=arrivals(COMMUNITIES, self.clock.now),
            file_path=Path,
            clock=self.clock,
        )

    async def compose(self, row: Delivery) -> Frozen | None:
        shows = ""
        if row.kind == ledger.CARD:
            composed = await cards.compose(row, COMMUNITY, self.directory, self.clock.now())
            assert composed is not None
            content, shows, _ = composed
        else:
            content = codec.load(codec.CONTENT, row.content)
        payload = self.directory.payload(row.address, content)
        frozen = codec.dump(codec.CONTENT, content)
        return Frozen(payload=codec.dump_object(payload), content=frozen, shows=shows)

    async def rounds(self, count: int, *, seconds: float = 1) -> None:
        for _ in range(count):
            now = self.clock.now()
            await self.worker._judge.look(now)
            await self.worker._judge.idle()
            heads = await ledger.heads(now, [str(account) for account in self.directory.accounts()])
            for row in await ledger.claim([row_id for row_id, _ in heads], now, self.compose):
                await self.worker._carry(row)
            await self.worker._record()
            self.clock.pass_by(seconds)


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("answer", [LATER, Unknown(why="the line broke")], ids=["later", "unknown"])
async def test_an_edit_that_is_repeated_shows_what_is_true_by_then(
    accounts: dict[AccountId, Scripted], answer: SendOutcome
) -> None:
    desk, review = Desk(accounts), await hold()
    async with database.transaction():
        await cards.plan(review, COMMUNITY, desk.directory, desk.clock.now(), gather=False)
    await desk.rounds(2)
    async with database.transaction():  # somebody looks at the reasons, and that edit is held up
        await cards.refresh(await again(review), desk.clock.now())
    accounts[NET].answers.extend([answer] * 5)
    await desk.rounds(1)
    accounts[NET].answers.clear()
    async with database.transaction():
        verdict = await decisions.approve(
            await acting(await again(review), GRACE, desk.directory, now=desk.clock.now())
        )
    assert verdict is decisions.Verdict.DONE
    await desk.rounds(40, seconds=5)
    (card,) = [text for text in accounts[NET].texts(MODS.chat) if text.startswith("HIFA #1 ·")]
    assert "Approved by Grace" in card
    assert "Arrived in 2 of 2 groups" in card
