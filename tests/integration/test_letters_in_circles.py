"""A mailbox that answers whatever it gets, and does not say that it does."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.intake.router import NotUnderstoodError
from tests.integration.talking import Talk
from tests.unit.delivery.scripted import RICH

pytestmark = pytest.mark.usefixtures("opened")


async def answers(talk: Talk, most: int) -> int:
    for count in range(most):
        talk.now += timedelta(seconds=10)
        try:
            await talk.hears("status")
        except NotUnderstoodError:
            return count
    return most


async def test_a_circle_of_letters_ends_and_begins_anew_an_hour_later() -> None:
    talk = Talk(can=replace(RICH, letters=True))
    assert await answers(talk, 50) == 30
    talk.now += timedelta(hours=1)
    assert await answers(talk, 5) == 5


async def test_in_a_chat_app_people_may_ask_as_often_as_they_like() -> None:
    assert await answers(Talk(), 40) == 40
