"""The audit log is a chain: it shows when a line was changed, taken out, put in or cut off."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.storage import audit, database
from bridge.storage.models import Counter, Decision, Identity, Review, Revision
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


@pytest.mark.usefixtures("opened")
async def test_a_line_written_while_the_log_is_walked_is_no_meddling(monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator verifies beside the running program."""
    await written()
    read, late = Counter.get_or_none, list[int]()

    async def read_after_a_decision(name: str) -> object:
        if not late:
            async with database.transaction():
                late.append((await audit.write(community="hifa", actor="program", action="note", now=NOW)).id)
        return await read(name=name)

    walk = audit.line_hash

    def walked(row: Decision) -> str:
        # From the first line on, whoever looks at the counter looks at it while decisions are made.
        monkeypatch.setattr(Counter, "get_or_none", read_after_a_decision)
        monkeypatch.setattr(audit, "line_hash", walk)
        return walk(row)

    monkeypatch.setattr(audit, "line_hash", walked)
    chain = await audit.verify("hifa")
    assert late
    assert chain.broken_at is None
    assert (await audit.verify("hifa")).lines == LINES + 1


@pytest.mark.usefixtures("opened")
async def test_lines_put_in_at_the_end_are_found() -> None:
    await written()
    last = await audit.head("hifa")
    assert last is not None
    forged = Decision(
        community="hifa",
        seq=LINES + 1,
        at=NOW,
        actor="identity:1",
        action="approve",
        revision=0,
        detail="{}",
        prev=last.hash,
    )
    forged.hash = audit.line_hash(forged)
    await forged.save()
    assert (await audit.verify("hifa", slice_size=3)).broken_at == LINES + 1


@pytest.mark.usefixtures("opened")
async def test_a_log_that_was_deleted_whole_is_missed() -> None:
    await written()
    await Decision.all().delete()
    assert await audit.communities() == ["hifa"]
    assert (await audit.verify("hifa")).broken_at == 1


@pytest.mark.usefixtures("opened")
async def test_two_lines_that_change_places_are_found() -> None:
    await written()
    third, fourth = [await Decision.get(community="hifa", seq=seq) for seq in (3, 4)]
    for row, seq in ((third, -1), (fourth, 3), (third, 4)):
        await Decision.filter(id=row.id).update(seq=seq)
    assert (await audit.verify("hifa", slice_size=3)).broken_at == 3


@pytest.mark.usefixtures("opened")
async def test_words_may_be_erased_and_the_chain_still_verifies() -> None:
    """Nobody's words are chained: not those of the post, not those of a rejection, not a name."""
    await written()
    await Review.all().update(words="", decided_name="", headline="")
    await Revision.all().update(text="{}")
    await Identity.all().update(name="", handle="")
    assert (await audit.verify("hifa")).broken_at is None


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
