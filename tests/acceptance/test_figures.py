"""The figures of a community, counted from posts that went the whole way."""

from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bridge import app, config, office
from tests.acceptance.world import World, until
from tests.servers import free_port


async def test_contributors_are_people_and_what_was_taken_back_does_not_count(tmp_path: Path) -> None:
    world = World(tmp_path, free_port(), options='senior_ids = ["chat:grace"]')
    loaded = config.load(world.path)
    since, later = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    async with world.bridge():
        for number, (user, text) in enumerate(
            (
                ("amina", "Is zinc safe?"),
                ("amina", "How long is it given?"),
                ("joseph", "Ten days"),
                ("joseph", "Oops"),
            ),
            1,
        ):
            world.chat.writes(user, text, user=user, name=user.title(), private=True)
            await until(partial(world.card, number))
            world.chat.writes("mods", "approve", user="grace", name="Grace", reply_to=_card(world, number))
            await until(partial(_says, world, number, "Arrived in 3 of 3 groups"))
        world.chat.writes("mods", "retract: a slip", user="grace", name="Grace", reply_to=_card(world, 4))
        await until(lambda: "taken back" in world.card_text(4))
        world.chat.writes("peter", "Buy my cream", user="peter", name="Peter", private=True)
        await until(lambda: world.card(5))
        world.chat.writes("mods", "reject: advertising", user="grace", name="Grace", reply_to=_card(world, 5))
        await until(lambda: "rejected" in world.card_text(5))
    async with app.open_storage(loaded):
        found = await office.figures("hifa", since=since, until=later)
        assert (found.messages, found.contributors, found.retracted, found.rejected) == (3, 2, 1, 1)
        assert [(who.name, who.messages) for who in found.top] == [("Amina", 2), ("Joseph", 1)]
        assert found.reasons == [("advertising", 1)]
        assert found.median_decision is not None
        assert 0 <= found.median_decision < 60
        earlier = await office.figures("hifa", since=None, until=since)
        assert (earlier.messages, earlier.contributors, earlier.median_decision) == (0, 0, None)


def _says(world: World, number: int, words: str) -> bool:
    return words in world.card_text(number)


def _card(world: World, number: int) -> str:
    card = world.card(number)
    assert card is not None
    return card.id
