"""What cards offer about claims and safeguarding: a button each, told apart where a reaction stands for it."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

import pytest

from bridge.core.community import Group
from bridge.core.ids import AccountId, Address, ChatId
from bridge.core.policy import Policy, Template
from bridge.core.states import ReviewState
from bridge.moderation import menu
from bridge.moderation.deeds import DEEDS
from bridge.moderation.facts import CardFacts
from bridge.moderation.menu import Choice
from bridge.rendering.words import words

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def choices(
    view: str, *, claimed: str = "", escalated: datetime | None = None, replies: int = 0, banned: bool = False
) -> list[Choice]:
    templates = tuple(Template(id=f"t{n}", label=f"Reply {n}", texts={"en": "Hello"}) for n in range(replies))
    community = SimpleNamespace(policy=Policy(safeguarding_replies=templates))
    review = SimpleNamespace(
        kind="post", revision=1, state=ReviewState.HELD, claimed_by=claimed, escalated_at=escalated, previews=True
    )
    facts = cast(CardFacts, SimpleNamespace(revision=1, review=review, community=community, banned=banned))
    return [choice for row in menu.rows(facts, view, words("en")) for choice in row]


@pytest.mark.parametrize("view", [menu.MORE, menu.FURTHER, menu.SAFETY])
@pytest.mark.parametrize("claimed", ["", "net:grace"])
@pytest.mark.parametrize("escalated", [None, NOW])
@pytest.mark.parametrize("replies", [0, 1, 12])
@pytest.mark.parametrize("banned", [False, True])
def test_at_most_ten_and_all_different(
    view: str, claimed: str, escalated: datetime | None, replies: int, banned: bool
) -> None:
    found = choices(view, claimed=claimed, escalated=escalated, replies=replies, banned=banned)
    assert len(found) <= 10
    assert len({choice.emoji for choice in found}) == len(found)


@pytest.mark.parametrize(("count", "buttons", "more"), [(1, 1, False), (7, 7, False), (8, 7, True), (40, 7, True)])
def test_no_group_is_out_of_reach(count: int, buttons: int, more: bool) -> None:
    groups = tuple(Group(chat=Address(AccountId("net"), ChatId(f"g{n}"))) for n in range(count))
    review = SimpleNamespace(kind="post", revision=1, state=ReviewState.HELD)
    titles = {group.chat: str(group.chat) for group in groups}
    facts = cast(
        CardFacts,
        SimpleNamespace(
            revision=1, review=review, community=SimpleNamespace(groups=groups), titles=titles, targets=frozenset()
        ),
    )
    found = [choice for row in menu.rows(facts, menu.GROUPS, words("en")) for choice in row]
    assert len(found) <= 10
    assert len({choice.emoji for choice in found}) == len(found)
    assert [choice.action for choice in found].count("group") == buttons
    assert ("groups_words" in {choice.action for choice in found}) is more
    assert all(menu.rows(facts, menu.GROUPS, words("en")))


def test_what_is_claimed_can_be_taken_over_and_released() -> None:
    assert "release" not in {choice.action for choice in choices(menu.FURTHER)}
    assert {"claim", "release"} <= {choice.action for choice in choices(menu.FURTHER, claimed="net:grace")}


def test_what_is_escalated_is_not_escalated_again() -> None:
    assert [c.action for c in choices(menu.SAFETY, replies=1)] == ["safety_reply", "escalate", "view"]
    assert [c.action for c in choices(menu.SAFETY, replies=1, escalated=NOW)] == ["safety_reply", "deescalate", "view"]


@pytest.mark.parametrize(
    "name",
    ["trust", "always_hold", "standing", "claim", "release", "unapprove", "escalate", "deescalate", "safety_reply"],
)
def test_everything_can_be_typed(name: str) -> None:
    assert DEEDS[name].word is not None
