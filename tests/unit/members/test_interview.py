"""What a written answer stands for in the profile dialogue."""

import pytest

from bridge.members.interview import CONSENT, OFFER, meaning
from bridge.rendering.words import Words

W = Words("en")


@pytest.mark.parametrize("said", ["yes", "Yes", "YES!", " yes. ", "y", "ok", "Ok."])
def test_yes_means_yes_where_it_was_asked(said: str) -> None:
    assert meaning(said, OFFER, W) == "yes"
    assert meaning(said, CONSENT, W) == "yes"
    assert meaning(said, "country", W) is None


@pytest.mark.parametrize("said", ["no", "No.", "n", "NO!"])
def test_no_is_not_now_when_offered_and_no_when_asked_to_show(said: str) -> None:
    assert meaning(said, OFFER, W) == "later"
    assert meaning(said, CONSENT, W) == "no"
    assert meaning(said, "name", W) is None  # somebody may be called No


@pytest.mark.parametrize("said", ["later", "not now", "Not now", "Later!"])
@pytest.mark.parametrize("step", [OFFER, CONSENT, "name", "role", "organisation", "country", "interests"])
def test_later_is_possible_always(said: str, step: str) -> None:
    assert meaning(said, step, W) == "later"


@pytest.mark.parametrize("said", ["skip", "Skip", "-"])
def test_skip_is_possible_where_there_is_a_question(said: str) -> None:
    assert meaning(said, "role", W) == "skip"
    assert meaning(said, OFFER, W) is None
    assert meaning(said, CONSENT, W) is None


@pytest.mark.parametrize(
    "said", ["yes please, and here is my question", "Yesenia", "no idea", "", " ", "👍", "skipping", "later today"]
)
@pytest.mark.parametrize("step", [OFFER, CONSENT, "name"])
def test_anything_else_is_an_answer_or_a_post(said: str, step: str) -> None:
    assert meaning(said, step, W) is None
