"""One item on which a loop breaks: it ends before a person, the loop goes on, and the program stays."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from bridge.core.capabilities import Capabilities, Guarantee
from bridge.core.clock import SystemClock
from bridge.core.community import Communities, Community
from bridge.core.ids import AccountId, Address, ChatId, CommunityId, MessageId, RemoteRef
from bridge.core.states import DeliveryState
from bridge.delivery.directory import Directory
from bridge.delivery.doubt import Judge
from bridge.members import copies
from bridge.storage import archive, database, ledger, upkeep
from bridge.storage.bells import upkeep_bell
from bridge.storage.models import Delivery
from tests.acceptance.world import World, until
from tests.integration.test_storage_ledger import claimed, effects, planned
from tests.servers import free_port
from tests.unit.delivery.scripted import RICH, Scripted
from tests.unit.storage.stage import KENYA, NOW

ASKED = replace(RICH, guarantee=Guarantee.AT_MOST_ONCE)


async def doubtful(address: Address = KENYA) -> Delivery:
    async with database.transaction():
        row = await planned(address)
    await claimed(row)
    await ledger.recover()
    return await Delivery.get(id=row.id)


async def broken(_: Sequence[Delivery]) -> None:
    raise LookupError("the card has gone")


@pytest.mark.usefixtures("opened")
async def test_a_doubt_whose_card_cannot_be_changed_is_settled_all_the_same() -> None:
    row = await doubtful()
    judge = Judge(Directory({KENYA.account: Scripted(KENYA.account, ASKED)}), "here", broken, SystemClock())
    await judge.look(SystemClock().now())
    await judge.idle()
    assert (await Delivery.get(id=row.id)).state is DeliveryState.UNCERTAIN


class FarOff(Scripted):
    """It is there, under an id that no column holds."""

    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | None:
        return RemoteRef(self.account, chat, MessageId(f"{key} {'x' * 255}"))


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("effect", [effects, broken])
async def test_what_is_found_where_no_column_can_say_is_there_all_the_same(effect: ledger.Effects) -> None:
    row = await doubtful()
    judge = Judge(Directory({KENYA.account: FarOff(KENYA.account, ASKED)}), "here", effect, SystemClock())
    await judge.look(SystemClock().now())
    await judge.idle()
    row = await Delivery.get(id=row.id)
    assert (row.state, row.message) == (DeliveryState.DELIVERED, "")


class Defective(Scripted):
    """Nobody can say what it can do."""

    def capabilities(self, chat: ChatId) -> Capabilities:
        raise ValueError(f"{chat} has a name that was not thought of")


@pytest.mark.usefixtures("opened")
async def test_a_doubt_that_cannot_be_judged_ends_before_a_person() -> None:
    row = await doubtful()
    judge = Judge(Directory({KENYA.account: Defective(KENYA.account, ASKED)}), "here", effects, SystemClock())
    await judge.look(SystemClock().now())
    await judge.idle()
    assert (await Delivery.get(id=row.id)).state is DeliveryState.UNCERTAIN


class Silent(Scripted):
    """Whoever asks it waits for ever."""

    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | None:
        await asyncio.Event().wait()
        return None


@pytest.mark.usefixtures("opened")
async def test_doubts_that_nobody_answers_keep_no_other_accounts_waiting() -> None:
    for _ in range(12):
        await doubtful()
    other = Address(AccountId("other"), ChatId("x"))
    row = await doubtful(other)
    accounts = {KENYA.account: Silent(KENYA.account, ASKED), other.account: Scripted(other.account, ASKED)}
    judge = Judge(Directory(accounts), "here", effects, SystemClock())
    try:
        async with asyncio.timeout(10):
            while (await Delivery.get(id=row.id)).state is DeliveryState.IN_DOUBT:
                await judge.look(SystemClock().now())
                await asyncio.sleep(0)
    finally:
        await judge.stop()
    assert await Delivery.filter(state=DeliveryState.IN_DOUBT).count() == 12


async def test_copies_of_one_community_that_fail_hold_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []

    async def batch(community: Community, _: Directory, __: datetime) -> bool:
        if community.id == "first":
            raise ValueError("a post that cannot be read")
        served.append(community.id)
        return False

    monkeypatch.setattr(copies, "batch", batch)
    communities = Communities(
        [
            Community(id=name, name=name, language="en", moderators=())
            for name in (CommunityId("first"), CommunityId("second"))
        ]
    )
    with pytest.raises(ValueError, match="cannot be read"):
        await copies.work_off(communities, Directory({}), NOW)
    assert served == ["second"]


async def test_the_archive_and_the_tidying_end_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tidied = asyncio.Event()

    async def unreadable() -> int:
        raise ValueError("an old post that cannot be read")

    async def read_only() -> None:
        tidied.set()
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(archive, "fill", unreadable)
    monkeypatch.setattr(upkeep, "after_erasure", read_only)
    world = World(tmp_path, free_port())
    async with world.bridge():
        upkeep_bell.ring()
        await asyncio.wait_for(tidied.wait(), 5)
        world.chat.writes("amina", "Is zinc safe?", user="amina", name="Amina", private=True)
        await until(world.card)
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 3 of 3" in world.card_text())
