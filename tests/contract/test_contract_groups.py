"""The contract every adapter keeps, fourth part: what it says of groups."""

import pytest

from bridge.core.ids import ChatId
from bridge.core.ports import CanDescribe
from tests.contract.harness import Fault, Harness, can, needs


@needs(can(CanDescribe))
async def test_a_group_is_described(harness: Harness) -> None:
    assert isinstance(harness.adapter, CanDescribe)
    facts = await harness.adapter.describe(harness.group)
    assert facts is not None
    assert facts.title == harness.group_title
    assert facts.members == 3  # the member, who runs it, and the account
    assert facts.hears is True
    assert facts.writes is True
    assert facts.removes is (harness.adapter.capabilities(harness.group).deletes_others is not None)
    assert facts.encrypted is harness.encrypted


@needs(can(CanDescribe))
async def test_who_runs_a_group_is_told_from_who_does_not(harness: Harness) -> None:
    assert isinstance(harness.adapter, CanDescribe)
    assert await harness.adapter.administers(harness.group, harness.owner_user)
    assert not await harness.adapter.administers(harness.group, harness.member_user)
    assert not await harness.adapter.administers(harness.group, type(harness.owner_user)("@nobody:nowhere.example"))


@needs(can(CanDescribe))
async def test_what_is_gone_is_not_described(harness: Harness) -> None:
    assert isinstance(harness.adapter, CanDescribe)
    async with harness.fault(Fault.CHAT_GONE):
        assert await harness.adapter.describe(harness.group) is None


@needs(can(CanDescribe))
async def test_what_cannot_be_asked_is_not_denied_either(harness: Harness) -> None:
    assert isinstance(harness.adapter, CanDescribe)
    async with harness.fault(Fault.CONNECT_REFUSED):
        with pytest.raises(OSError):  # noqa: PT011 - any of its kinds
            await harness.adapter.describe(ChatId(harness.group))
        with pytest.raises(OSError):  # noqa: PT011 - any of its kinds
            await harness.adapter.administers(harness.group, harness.owner_user)
    assert await harness.adapter.describe(harness.group) is not None
