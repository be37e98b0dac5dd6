"""A ban is of the person: on every account, with a reason that they are told, and it can be lifted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.core.states import ReviewState
from bridge.intake import router
from bridge.intake.context import Context
from bridge.storage import memberships, people, persons
from bridge.storage.database import transaction
from bridge.storage.models import Decision, Delivery, Review
from tests.integration.moderating import GRACE, NAOMI, RUTH, again, private
from tests.integration.talking import Talk, told
from tests.unit.storage.stage import KENYA, NOW, SLOW, UGANDA, hold, posted, sender

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def talk() -> Talk:
    return Talk()


async def writes(talk: Talk, text: str, *, user: str = "amina", key: str = "9", chat: object = KENYA) -> None:
    event = posted(text, key=key, user=user, chat=chat)  # type: ignore[arg-type]  # an address of the stage
    context = Context(communities=talk.communities, directory=talk.directory, now=talk.now, event_id=1)
    async with transaction():
        await router.handle(replace(event, at=talk.now), context)


async def both_accounts() -> int:
    async with transaction():
        second = await people.meet(sender("amina2", "Amina", SLOW), NOW, privately=True)
        first = await people.meet(sender("amina"), NOW, privately=True)
        await persons.merge(first.person_id, second.person_id, NOW)
        return first.person_id


async def test_a_ban_holds_on_every_account_and_is_told_on_each(talk: Talk) -> None:
    review = await hold()
    person_id = await both_accounts()
    said = await talk.types(review, "ban: adverts again and again", RUTH)
    assert "Amina is banned, on every account" in said[-1]
    for address in (private("amina"), private("amina2", SLOW)):
        assert await told(address, "They write: adverts again and again.")
    assert await memberships.is_banned(person_id, "hifa")
    assert (await again(review)).state == ReviewState.HELD, "what waits is still to be decided"
    assert "banned" in await talk.card(review)
    await writes(talk, "Buy now", user="amina2", chat=UGANDA)
    assert await Review.all().count() == 1
    assert await told(private("amina2", SLOW), "so this one is not passed on")
    line = await Decision.get(action="ban")
    assert line.review_id == review.id
    assert "adverts" not in line.detail


async def test_what_a_banned_person_writes_leaves_a_group_that_holds_and_is_answered_once(talk: Talk) -> None:
    await talk.types(await hold(), "ban: adverts", RUTH)
    for key in ("7", "8"):
        await writes(talk, "Buy now", key=key)
    assert await Delivery.filter(kind="removal", target_message__in=["m7", "m8"]).count() == 2
    assert len(await told(private("amina"), "so this one is not passed on")) == 1
    talk.now += timedelta(days=8)
    await writes(talk, "Buy now", key="10")
    assert len(await told(private("amina"), "so this one is not passed on")) == 1, "once for every ban"


async def test_it_is_lifted_and_they_are_welcome(talk: Talk) -> None:
    review = await hold()
    await talk.types(review, "ban: adverts", RUTH)
    said = await talk.press(review, "unban", RUTH)
    assert said.text == "Amina is no longer banned."
    assert await told(private("amina"), "You can post to HIFA again")
    await writes(talk, "Is zinc safe for newborns?")
    assert await Review.all().count() == 2
    assert (await talk.press(review, "unban", RUTH)).text == "Amina is not banned. Nothing was done."


async def test_by_command_with_its_reason(talk: Talk) -> None:
    review = await hold()
    assert "is banned" in await talk.orders(f"/ban #{review.submission.number} adverts", RUTH)
    assert "banned already" in await talk.orders("/ban @amina adverts", RUTH)
    assert "no longer banned" in await talk.orders("/unban net:amina", RUTH)


@pytest.mark.parametrize("order", ["/ban", "/ban #1", "/ban @amina", "/unban"])
async def test_nobody_is_banned_without_a_reason_or_a_name(talk: Talk, order: str) -> None:
    await hold()
    assert "Please write: /ban #12" in await talk.orders(order, RUTH)
    assert not await Decision.filter(action="ban").exists()


async def test_a_senior_moderator_is_needed_and_no_moderator_can_be_banned(talk: Talk) -> None:
    review = await hold()
    assert "senior moderator" in (await talk.types(review, "ban: adverts", GRACE))[-1]
    assert "senior moderator" in await talk.orders("/ban #1 adverts", GRACE)
    by_grace = await hold(user="grace", message="m2")
    assert "is a moderator here" in (await talk.types(by_grace, "ban: adverts", NAOMI))[-1]
    by_ruth = await hold(user="ruth", message="m3")
    assert "Nobody bans themselves" in (await talk.types(by_ruth, "ban: adverts", RUTH))[-1]


async def test_two_people_of_one_name_and_how_they_are_known_stand_on_the_card(talk: Talk) -> None:
    first = await hold()
    async with transaction():
        await people.meet(sender("amina3", "Amina"), NOW, privately=True)
    second = await hold(user="amina3", message="m2")
    await people.meet(sender("amina3", "Amina"), NOW)
    assert "From Amina (@amina)" in await talk.card(first)
    card = await talk.card(second)
    assert "From Amina (2) (@amina3)" in card
    assert "Account net:amina3 · known by its id on the platform" in card
    async with transaction():
        await people.meet(replace(sender("amina3", "Amina"), proof="claimed"), NOW)
    assert "only claimed: nothing proves who writes there" in await talk.card(second)
