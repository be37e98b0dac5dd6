"""The audit log is a chain: it shows when a line was changed, taken out, put in or cut off."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.storage import audit, database
from bridge.storage.models import Decision
from tests.unit.storage.stage import NOW, hold

LINES = 7


async def written() -> None:
    review = await hold()
    for number in range(LINES):
        async with database.transaction():
            await audit.write(
                community="hifa",
                actor=f"identity:{number}",
                action="note",
                now=NOW + timedelta(seconds=number),
                review_id=review.id,
                revision=1,
                detail={"number": number},
            )


@pytest.mark.usefixtures("opened")
async def test_what_was_written_verifies_and_its_head_is_found() -> None:
    await written()
    chain = await audit.verify("hifa", slice_size=3)
    assert (chain.lines, chain.broken_at) == (LINES, None)
    head = await audit.head("hifa")
    assert head is not None
    assert chain.head == head.hash
    found = await audit.line_with("hifa", head.hash[:32].upper())
    assert found is not None
    assert found.seq == LINES
    assert await audit.communities() == ["hifa"]


async def changed() -> int:
    await Decision.filter(community="hifa", seq=4).update(action="approve")
    return 4


async def dated() -> int:
    await Decision.filter(community="hifa", seq=1).update(at=NOW - timedelta(days=1))
    return 1


async def blamed() -> int:
    await Decision.filter(community="hifa", seq=LINES).update(actor="identity:99")
    return LINES


async def taken_out() -> int:
    await Decision.filter(community="hifa", seq=3).delete()
    return 3


async def cut_off() -> int:
    await Decision.filter(community="hifa", seq__gt=5).delete()
    return 6


async def rewritten() -> int:
    """Somebody changes a line and gives it a hash that fits it: the next one does not fit any more."""
    row = await Decision.get(community="hifa", seq=2)
    row.reason = "privacy"
    await Decision.filter(id=row.id).update(reason="privacy", hash=audit.line_hash(row))
    return 3


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("meddle", [changed, dated, blamed, taken_out, cut_off, rewritten], ids=lambda f: f.__name__)
async def test_meddling_is_found_where_it_begins(meddle: Callable[[], Awaitable[int]]) -> None:
    await written()
    broken_at = await meddle()
    assert (await audit.verify("hifa", slice_size=3)).broken_at == broken_at


@pytest.mark.usefixtures("opened")
async def test_many_at_once_make_one_chain() -> None:
    async def one(number: int) -> None:
        async with database.transaction():
            await audit.write(community="hifa", actor="program", action="note", now=NOW, detail={"n": number})

    await asyncio.gather(*(one(number) for number in range(20)))
    chain = await audit.verify("hifa")
    assert (chain.lines, chain.broken_at) == (20, None)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers() | st.text(max_size=5), max_size=3),
    st.sampled_from(["action", "actor", "reason", "prev", "community"]),
    st.text(max_size=8),
)
def test_every_chained_field_counts(detail: dict[str, object], field: str, other: str) -> None:
    def line(**changes: str) -> Decision:
        values: dict[str, object] = {
            "community": "hifa",
            "seq": 1,
            "at": NOW,
            "actor": "program",
            "action": "note",
            "revision": 1,
            "reason": "",
            "prev": "",
            "detail": json.dumps(detail),
            "review_id": None,
        }
        return Decision(**{**values, **changes})

    assert (audit.line_hash(line()) == audit.line_hash(line(**{field: other}))) == (getattr(line(), field) == other)
