"""Rows that are asked for without the mapper are the rows that the mapper finds."""

from typing import Any

import pytest
from tortoise import Model

from bridge.core.events import ChatMoved
from bridge.core.ids import Address, ChatId
from bridge.core.states import DeliveryState, ReviewState
from bridge.storage import handles, inbox, ledger, lookup
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Handle, Identity, Person, Review, Revision, Submission
from tests.unit.storage.stage import KENYA, MODS, NOW, hold


def values(row: Review | Submission | Identity | Delivery) -> dict[str, object]:
    return {name: getattr(row, name) for name in row._meta.fields_db_projection}


async def test_a_row_comes_with_what_it_leads_to(opened: str) -> None:
    await hold("Is zinc safe?", user="amina")
    made = await hold("Is it cheap?", user="joseph", message="m2")
    review = await lookup.first(Review, related=("submission", "identity", "person"), id=made.id)
    known = await Review.get(id=made.id).select_related("submission__identity__person")
    assert review is not None
    assert values(review) == values(known)
    assert values(review.submission) == values(known.submission)
    assert values(review.submission.identity) == values(known.submission.identity)
    assert review.submission.identity.person.created_at == known.submission.identity.person.created_at
    assert review.state is ReviewState.HELD
    assert await Review.filter(id=review.id).exists()


@pytest.mark.parametrize("model", [Delivery, Identity, Review, Submission, Revision, Handle, Person])
async def test_a_row_has_all_that_the_mapper_gives_it(opened: str, model: type[Model]) -> None:
    review = await hold("Is zinc safe?", user="amina")
    await ledger.plan(kind=ledger.CARD, address=MODS, now=NOW, review_id=review.id)
    async with transaction():
        await handles.handle("review", review.id, "approve", NOW)
    known = await model.first()
    assert known is not None
    key = {model._meta.pk_attr: known.pk}
    found, again = await lookup.first(model, **key), await lookup.first(model, **key)
    assert found is not None
    assert again is not None
    assert vars(found) == vars(known)
    assert sorted(map(repr, vars(found).items())) == sorted(map(repr, vars(known).items())), "in the same zone"
    assert {name: type(value) for name, value in vars(found).items()} == {n: type(v) for n, v in vars(known).items()}
    assert again._await_when_save is not found._await_when_save
    await found.save()


async def test_values_lists_nothing_and_order(opened: str) -> None:
    rows = [
        await ledger.plan(kind=kind, address=where, now=NOW, review_id=None)
        for kind, where in ((ledger.CARD, MODS), (ledger.NOTICE, KENYA), (ledger.NOTICE, MODS))
    ]
    first, second, third = (row.id for row in rows)

    async def found(order: str = "id", limit: int = 0, after: int | None = None, **columns: Any) -> list[int]:
        return [row.id for row in await lookup.rows(Delivery, order=order, limit=limit, after=after, **columns)]

    assert await found(kind=ledger.NOTICE) == [second, third]
    assert await found(kind=[ledger.NOTICE, ledger.CARD], order="-id") == [third, second, first]
    assert await found(kind=[ledger.CARD], limit=3) == [first]
    assert await found(state=DeliveryState.PLANNED, limit=2) == [first, second]
    assert await found(state=DeliveryState.DELIVERED) == []
    assert await found(review_id=None, account=KENYA.account, after=first) == [second, third]
    assert await found(review_id=None, post_id=7) == []
    with pytest.raises(ValueError, match="kind"):
        await found(kind=[])


async def test_tokens_that_are_made_together_are_those_that_are_made_one_by_one(opened: str) -> None:
    async with transaction():
        approve = await handles.handle("review", 7, "approve", NOW, revision=2)
        await handles.handle("review", 7, "approve", NOW, revision=1)
        wanted = [("approve", ""), ("reject", "spam"), ("reject", ""), ("reject", "")]
        made = await handles.several("review", 7, wanted, NOW, revision=2)
        assert made["approve", ""] == approve
        assert await handles.several("review", 7, wanted, NOW, revision=2) == made
    assert set(made) == set(wanted)
    assert len(set(made.values())) == 3
    stands_for = await handles.handle_by_token(made["reject", "spam"])
    assert stands_for is not None
    assert (stands_for.action, stands_for.argument, stands_for.revision) == ("reject", "spam", 2)


async def test_where_a_chat_lives_is_known_anew_once_it_moves(opened: str) -> None:
    new = Address(KENYA.account, ChatId("new"))
    async with transaction():
        assert await inbox.resolve(KENYA) == KENYA
        assert await inbox.origin(new) == new
        await inbox.move_chat(ChatMoved(account=KENYA.account, chat=KENYA.chat, key="1", at=NOW, new_chat=new.chat))
        assert await inbox.resolve(KENYA) == new
        assert await inbox.origin(new) == KENYA
