"""A reaction on a card must say which chat it means."""

from types import SimpleNamespace
from typing import cast

from bridge.core.states import DeliveryState, ReviewState
from bridge.moderation import menu, panel
from bridge.moderation.facts import CardFacts
from bridge.rendering.words import words
from bridge.storage.models import Delivery


def facts(*chats: tuple[int, str, str, str]) -> CardFacts:
    """An approved item with one uncertain row for every (id, account, chat, title)."""
    deliveries = [
        (Delivery(id=number, account=account, chat=chat, state=DeliveryState.UNCERTAIN), title)
        for number, account, chat, title in chats
    ]
    review = SimpleNamespace(revision=1, state=ReviewState.APPROVED)
    return cast(CardFacts, SimpleNamespace(revision=1, review=review, deliveries=deliveries, undoable=False, post=None))


def test_every_uncertain_chat_has_reactions_of_its_own() -> None:
    shown = facts(*((n, "hs", f"!room{n}", "HIFA") for n in range(1, 12)))
    handles = {key: "/".join(key) for key in panel.actions_of(shown, menu.MAIN, words("en"))}
    shown_rows = panel.buttons_of(shown, menu.MAIN, handles, words("en"))
    buttons = [button for row in shown_rows[:-1] for button in row]  # the last row leads to more
    assert len({button.emoji for button in buttons}) == len(buttons) == 18
    assert [button.handle for button in buttons[:4]] == ["confirm/1", "send_again/1", "confirm/2", "send_again/2"]
    assert buttons[2].label.endswith("It is there: HIFA (hs:!room2)")


def test_one_uncertain_chat_has_the_usual_reactions() -> None:
    shown = facts((7, "hs", "!room", "Kenya"))
    handles = {key: "/".join(key) for key in panel.actions_of(shown, menu.MAIN, words("en"))}
    shown_rows = panel.buttons_of(shown, menu.MAIN, handles, words("en"))
    buttons = [button for row in shown_rows[:-1] for button in row]  # the last row leads to more
    assert [(button.emoji, button.label) for button in buttons] == [
        ("👀", "👀 It is there: Kenya"),
        ("🔁", "🔁 Send again: Kenya"),
    ]
