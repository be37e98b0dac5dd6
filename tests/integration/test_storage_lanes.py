"""The look at a long queue finds what reading all of it would find, and reads little."""

import json
import random
import tracemalloc
from collections.abc import Sequence
from datetime import timedelta

import pytest
from tortoise import Tortoise

from bridge.core.ids import AccountId, Address, ChatId
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.core.turns import Turns
from bridge.storage import codec, ledger, ledger_lanes
from bridge.storage.ledger_lanes import in_turn
from bridge.storage.models import Delivery
from tests.integration.test_query_plans import _read
from tests.unit.storage.stage import NET, NOW, SLOW

LANES = 6
KINDS = (ledger.POST, ledger.POST, ledger.CARD, ledger.NOTICE, ledger.COPY, ledger.REMOVAL)
OPERATIONS = (ledger.SEND, ledger.SEND, ledger.SEND, ledger.EDIT, ledger.DELETE, ledger.PRUNE, ledger.REACT)
VIEWS = ("", "", "", "buttons", "menu", ledger.CAN_WAIT, ledger.WAITS_LESS, "a", "zebra")


def _row(dice: random.Random, accounts: Sequence[str]) -> Delivery:
    return Delivery(
        kind=dice.choice(KINDS),
        operation=dice.choice(OPERATIONS),
        view=dice.choice(VIEWS),
        community=dice.choice(["hifa", "chifa"]),
        account=dice.choice(accounts),
        chat=f"chat{dice.randrange(LANES)}",
        state=dice.choice([DeliveryState.PLANNED] * 6 + list(DeliveryState)),
        due_at=NOW + timedelta(seconds=dice.choice([-1, 0, 0, 0, 1])),
        waits_for=dice.choice([None, None, None, 7]),
        planned_at=NOW,
    )


def _reading_all(rows: Sequence[Delivery], accounts: Sequence[str]) -> list[tuple[int, Address]]:
    """What ``heads`` promises, in the plainest way."""
    due = [row for row in rows if row.state == DeliveryState.PLANNED and row.due_at <= NOW and row.waits_for is None]
    due = [row for row in due if row.account in accounts]
    lanes: dict[Address, list[Delivery]] = {}
    for row in due:
        if row.view not in (ledger.CAN_WAIT, ledger.WAITS_LESS):
            lanes.setdefault(row.address, []).append(row)
    firsts = []
    for lane in lanes.values():
        changing = (ledger.EDIT, ledger.DELETE, ledger.PRUNE)
        kinds = (ledger.POST, ledger.COPY, ledger.REMOVAL)
        changes = [row for row in lane if row.operation in changing and row.kind in kinds]
        first = (changes or lane)[0]
        rank = 0 if changes else 1 if first.kind != ledger.POST else 2
        firsts.append((rank, first.id, first.account, first.chat, first.community))
    found = {Address(AccountId(account), ChatId(chat)): head for head, account, chat in in_turn(firsts, Turns())}
    for view in (ledger.WAITS_LESS, ledger.CAN_WAIT):
        for row in due:
            if row.view == view:
                found.setdefault(row.address, row.id)
    return [(head, lane) for lane, head in found.items()]


@pytest.mark.parametrize("look", [1, 3, ledger_lanes.LOOK])
async def test_a_look_finds_what_reading_all_rows_would_find(
    opened: str, look: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_lanes, "LOOK", look)
    for seed in range(6):
        dice = random.Random(seed)
        await Delivery.all().delete()
        await Delivery.bulk_create([_row(dice, [NET, SLOW, "another"]) for _ in range(seed * 30)])
        rows = await Delivery.all().order_by("id")
        for accounts in ([NET], [NET, SLOW]):
            # Of lanes in which nothing can go, so that it looks at all that can wait, a few at a time.
            found = await ledger.heads(NOW, accounts, is_stuck=lambda _: True)
            assert found == _reading_all(rows, accounts)
    assert await ledger.heads(NOW, []) == []


async def test_a_look_ends_where_nothing_can_go(opened: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_lanes, "LOOK", 2)
    monkeypatch.setattr(ledger_lanes, "MOST", 20)
    for account in (NET, SLOW):
        row = {"kind": "copy", "account": account, "view": ledger.CAN_WAIT, "due_at": NOW, "planned_at": NOW}
        await Delivery.bulk_create(Delivery(**row, chat=f"c{number}") for number in range(50))
    found = await ledger.heads(NOW, [NET, SLOW], is_stuck=lambda _: True)
    assert [sum(lane.account == account for _, lane in found) for account in (NET, SLOW)] == [20, 20]


async def test_there_may_be_any_number_of_accounts(opened: str) -> None:
    accounts = [f"account{number}" for number in range(1_100)]
    rows = [
        Delivery(kind="post", account=account, chat="c", view=view, due_at=at, planned_at=NOW)
        for account in (accounts[0], accounts[-1])
        for view, at in (("", NOW), (ledger.CAN_WAIT, NOW), ("", NOW + timedelta(hours=1)))
    ]
    await Delivery.bulk_create(rows)
    found = {address.account for _, address in await ledger.heads(NOW, accounts)}
    assert found == {accounts[0], accounts[-1]}
    assert await ledger.next_due(NOW, accounts) == NOW + timedelta(hours=1)


async def test_a_look_reads_as_many_rows_as_there_are_lanes(
    opened: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many wait in each, however many copies there are, and however many were delivered."""
    many = 3000
    client = Tortoise.get_connection(kind)
    for state in ("delivered", "planned"):
        for view, lanes in (("", LANES), (ledger.CAN_WAIT, many)):
            row = {"kind": "post", "account": NET, "view": view, "state": state, "due_at": NOW, "planned_at": NOW}
            await Delivery.bulk_create(Delivery(**row, chat=f"{view}{number % lanes}") for number in range(many))
        if kind == "postgres" and state == "delivered":
            await client.execute_script("ANALYZE delivery")  # when it last counted nothing was planned
    monkeypatch.setattr(ledger_lanes, "LOOK", 10)
    queries: list[tuple[str, list[object] | None]] = []
    real = client.execute_query_dict

    async def listening(query: str, values: list[object] | None = None) -> list[dict[str, object]]:
        queries.append((query, values))
        return await real(query, values)

    monkeypatch.setattr(type(client), "execute_query_dict", lambda _, *asked: listening(*asked))
    assert len(await ledger.heads(NOW, [NET, SLOW])) == LANES + 10
    assert await ledger.next_due(NOW, [NET, SLOW]) is None
    assert len(queries) == 3
    for query, values in queries:
        if kind == "postgres":
            (plan,) = await real(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", values)
            assert _read(json.loads(str(plan["QUERY PLAN"]))[0]["Plan"]) < 20 * LANES
        else:
            steps = [str(step["detail"]) for step in await real(f"EXPLAIN QUERY PLAN {query}", values)]
            searched = [step for step in steps if "delivery_by" in step]
            assert len(searched) >= 2
            assert all("account=?" in step and "SCAN" not in step for step in searched)
            assert not [step for step in steps if "TEMP B-TREE" in step]


async def test_a_restart_reads_the_words_of_no_call_without_files(opened: str) -> None:
    words = codec.dump(codec.CONTENT, Content(text=plain("x" * 200_000)))
    files = tuple(
        Attachment(sha256=f"{number:064}", kind=AttachmentKind.PHOTO, mime="image/png", size=1, name="p.png")
        for number in range(3)
    )
    album = codec.dump(codec.CONTENT, Content(text=plain('not a "sha256"'), attachments=files))
    await Delivery.bulk_create(
        [
            Delivery(kind="post", account=NET, chat="c", content=content, due_at=NOW, planned_at=NOW, attempted_at=NOW)
            for content in [*[words] * 40, album]
        ]
    )
    tracemalloc.start()
    try:
        calls = await ledger.recent_attempts(NOW - timedelta(seconds=60), [NET])
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [weight for _, _, weight in calls] == [0] * 40 + [3]
    assert most < 2_000_000
