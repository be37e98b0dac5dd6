"""What random histories of moderation found, each as the shortest history that shows it."""

from pathlib import Path

import pytest

from bridge.core.policy import Check, Consequence, Rule
from bridge.storage import codec, ledger
from bridge.storage.models import Delivery, Submission
from tests.integration.desk_world import World, here
from tests.unit.storage.stage import KENYA


@pytest.mark.usefixtures("opened")
async def test_every_refused_message_that_is_taken_out_of_its_group_comes_back_to_its_author(tmp_path: Path) -> None:
    quota = (
        Rule(check=Check.AUTHOR_QUOTA, then=Consequence.REFUSE, over=1),
        Rule(check=Check.ALL, then=Consequence.HOLD),
    )
    world = World(tmp_path, here(rules=quota))
    await world.happens(world.posted("amina", world.private("amina"), "/start"))
    for number in range(1, 4):
        await world.happens(world.posted("amina", KENYA, f"wording-{number} Is zinc safe?"))
    assert await Submission.all().count() == 1
    removed = await Delivery.filter(kind=ledger.REMOVAL).count()
    notices = await Delivery.filter(kind=ledger.NOTICE, chat="amina").order_by("id")
    told = [codec.load(codec.CONTENT, row.content).text.text for row in notices]
    assert removed == 3
    for number in (2, 3):
        assert len([text for text in told if f"wording-{number} Is zinc safe?" in text]) == 1
