"""What a card says while a post is on its way."""

import pytest

from bridge.core.states import DeliveryState
from bridge.moderation.arrival import _arrived, _Place
from bridge.rendering.words import Words
from bridge.storage.models import Delivery

THERE = Delivery(state=DeliveryState.DELIVERED, attempts=1)


@pytest.mark.parametrize(
    ("state", "attempts", "said"),
    [
        (DeliveryState.PLANNED, 0, False),
        (DeliveryState.ATTEMPTING, 1, False),
        (DeliveryState.PLANNED, 1, True),
        # A card that is brought up to date at the very moment of the second try: there may be no other for minutes.
        (DeliveryState.ATTEMPTING, 2, True),
    ],
)
def test_a_chat_in_which_it_is_tried_again_is_named(state: DeliveryState, attempts: int, said: bool) -> None:
    row = Delivery(state=state, attempts=attempts)
    places = [
        _Place(name=name, is_thin=False, sends=[each], changes=[]) for name, each in (("Uganda", THERE), ("Kenya", row))
    ]
    told = _arrived(places, Words("en"))
    assert told[0] == "Arrived in 1 of 2 groups"
    assert any("Kenya" in line and "trying again" in line for line in told) is said
