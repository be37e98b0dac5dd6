"""Questions that nobody answers: reminded, shown to the moderators, lapsed, brought back; each step once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.errors import Refusal
from bridge.core.policy import Policy, Template
from bridge.core.states import ReviewState
from bridge.moderation import patience, timers
from bridge.storage import people, submissions
from bridge.storage.models import Delivery, Identity, Person, Query, Review
from tests.integration.moderating import (
    GRACE,
    PETER,
    again,
    audited,
    community,
    notices,
    private,
)
from tests.integration.talking import AMINA, DAY, HOUR, Talk, told
from tests.unit.delivery.scripted import LINE, RICH
from tests.unit.storage.stage import DESK, KENYA, MODS, NET, NOW, SLOW, hold, sender

pytestmark = pytest.mark.usefixtures("opened")


@pytest.fixture
def talk() -> Talk:
    return Talk()


# --- the steps ------------------------------------------------------------------------------------------------------


async def test_each_step_is_taken_once(talk: Talk) -> None:
    review = await hold()
    await talk.types(review, "ask: Which dose?", GRACE)
    await talk.arrive()
    await talk.wait(23 * HOUR)
    assert await told(AMINA, "still waits") == []
    await talk.wait(3 * HOUR)
    assert len(await told(AMINA, "A moderator still waits for your answer about your post #1:\n\nWhich dose?")) == 1
    assert await told(MODS, "⏳") == []
    await talk.wait(26 * HOUR)
    for where in (MODS, DESK):
        (line,) = await told(where, "⏳ #1: its author has not answered for 2 days.")
        assert "You can decide without an answer, or ask again." in line
    assert (await again(review)).state == ReviewState.HELD
    await talk.wait(14 * DAY, step=6 * HOUR)
    assert (await again(review)).state == ReviewState.LAPSED
    (goodbye,) = await told(AMINA, "was never answered")
    assert "Your text is kept." in goodbye
    assert "⌛ Lapsed" in await talk.card(review)
    await talk.wait(20 * DAY, step=6 * HOUR)
    assert len(await told(AMINA, "still waits")) == len(await told(MODS, "⏳ #1")) == 1
    assert [len(await audited(action)) for action in ("remind_author", "remind_moderators", "lapse")] == [1, 1, 1]
    assert (await audited("lapse"))[0].actor == "program"


async def test_what_nobody_asked_about_never_lapses(talk: Talk) -> None:
    silent, decided, answered = (
        await hold("One", message="m1"),
        await hold("Two", message="m2"),
        await hold("Three", message="m3"),
    )
    await talk.types(decided, "ask: Which dose?", GRACE)
    await talk.types(answered, "ask: Which dose?", GRACE)
    assert await talk.hears("400 micrograms") != []
    await talk.press(decided, "approve", GRACE)
    await talk.wait(400 * DAY, step=12 * HOUR)
    assert (await again(silent)).state == (await again(answered)).state == ReviewState.HELD
    assert (await again(decided)).state == ReviewState.APPROVED
    assert await told(AMINA, "still waits") == await told(MODS, "⏳") == []


async def test_nobody_is_woken(talk: Talk) -> None:
    review = await hold()
    await talk.types(review, "ask: Which dose?", GRACE)
    talk.now = NOW.replace(hour=3) + 40 * DAY
    await patience.tick(talk.community, talk.directory, talk.now)
    assert await told(AMINA, "still waits") == []
    assert (await again(review)).state == ReviewState.HELD


async def test_after_a_long_silence_of_the_program_no_step_is_left_out(talk: Talk) -> None:
    review = await hold()
    await talk.types(review, "ask: Which dose?", GRACE)
    talk.now += 60 * DAY
    await talk.wait(20 * HOUR)
    assert len(await told(AMINA, "still waits")) == 1
    assert await told(MODS, "⏳") == []
    await talk.wait(DAY)
    assert len(await told(MODS, "⏳")) == 1
    assert (await again(review)).state == ReviewState.HELD
    await talk.wait(DAY)
    assert (await again(review)).state == ReviewState.LAPSED


async def test_a_new_question_begins_anew(talk: Talk) -> None:
    review = await hold()
    await talk.types(review, "ask: Which dose?", GRACE)
    await talk.wait(13 * DAY, step=6 * HOUR)
    await talk.types(review, "ask: Which drug?", PETER)
    await talk.wait(13 * DAY, step=6 * HOUR)
    assert (await again(review)).state == ReviewState.HELD
    assert len(await told(AMINA, "still waits")) == 2
    await talk.wait(2 * DAY, step=6 * HOUR)
    assert (await again(review)).state == ReviewState.LAPSED


async def test_a_request_for_consent_lapses_likewise() -> None:
    talk = Talk(community=community(consent_to_edits=True))
    review = await hold("Give 40 mg")
    assert await talk.types(review, "edit: Give 400 mg", GRACE) == [
        "Saved. The author is asked to agree to the new wording."
    ]
    await talk.wait(26 * HOUR)
    assert len(await told(AMINA, "A moderator still waits: do you agree")) == 1
    await talk.wait(15 * DAY, step=6 * HOUR)
    assert (await again(review)).state == ReviewState.LAPSED


async def test_the_moderators_hear_of_several_in_one_message(talk: Talk) -> None:
    for number in range(1, 4):
        await talk.types(await hold(f"Post {number}", message=f"m{number}"), "ask: Which dose?", GRACE)
    await talk.wait(3 * DAY)
    (line,) = await told(MODS, "⏳")
    assert [f"#{number}:" in line for number in range(1, 4)] == [True] * 3


async def test_one_item_that_cannot_be_looked_at_stops_no_other(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await hold("One", message="m1"), await hold("Two", message="m2")
    for review in (first, second):
        await talk.types(review, "ask: Which dose?", GRACE)
    real = patience._remind

    async def broken(query: Query, review: Review, *more: Any) -> None:
        if review.id == first.id:
            raise ValueError("unreadable")
        await real(query, review, *more)

    monkeypatch.setattr(patience, "_remind", broken)
    await talk.wait(26 * HOUR)
    assert len(await told(AMINA, "still waits")) == 1
    monkeypatch.setattr(patience, "_remind", real)
    await talk.wait(HOUR)
    assert len(await told(AMINA, "still waits")) == 2, "what failed is tried again"


def test_it_is_among_the_timers() -> None:
    assert patience.tick in timers.TICKS


@given(remind=st.timedeltas(HOUR, 30 * DAY), lapse=st.timedeltas(DAY, 365 * DAY))
def test_two_steps_always_come_before_the_lapse(remind: timedelta, lapse: timedelta) -> None:
    step = patience.step_of(Policy(remind_author=remind, lapse=lapse))
    assert timedelta() < step <= remind
    assert 2 * step < lapse


# --- who cannot be written to ---------------------------------------------------------------------------------------


async def test_another_account_of_the_same_person_is_tried(talk: Talk) -> None:
    review = await hold()
    phone = await people.meet(sender("254700", account=SLOW), NOW, privately=True)
    author = review.submission.identity
    await Identity.filter(id=phone.id).update(person_id=author.person_id)
    await Identity.filter(id=author.id).update(direct_open=True)
    talk.accounts[NET].can = replace(RICH, opens_direct=False)
    talk.accounts[SLOW].can = LINE
    await talk.types(review, "ask: Which dose?", GRACE)
    assert await notices(AMINA) != []
    await talk.arrive(Refusal.UNREACHABLE)
    assert "📵 Not delivered yet" in await talk.card(review)
    await talk.wait(HOUR)
    assert await notices(private("254700", SLOW)) == ["A moderator asks about your post #1: Which dose?"]
    await talk.wait(5 * HOUR)
    await talk.arrive()
    assert len(await notices(private("254700", SLOW))) == 1
    assert "📵" not in await talk.card(review)
    assert await talk.hears("400 micrograms", user="254700", account=SLOW) == [
        "Thank you. Your answer about #1 is with the moderators. To make it the new text of your post, write NEWTEXT 1"
    ]
    assert "💬 The author answered: 400 micrograms" in await talk.card(review)


async def test_who_is_asked_at_last_has_all_the_time_there_is(talk: Talk) -> None:
    talk.accounts[NET].can = replace(RICH, opens_direct=False)
    review = await hold()
    await Identity.all().update(direct_open=False)
    (answer,) = await talk.types(review, "ask: Which dose?", GRACE)
    assert "a short invitation under their message in the group" in answer
    await talk.wait(4 * DAY)
    assert len(await told(KENYA, "Amina, I have a short question for you.")) == 2, "one of them as the reminder"
    assert len(await told(MODS, "⏳ #1: its author could not be asked for 2 days.")) == 1
    await talk.wait(9 * DAY, step=6 * HOUR)
    said = await talk.hears("/start")
    assert said[-1].startswith("A moderator asks about your post #1:\n\nWhich dose?")
    await talk.arrive()
    await talk.wait(13 * DAY, step=6 * HOUR)
    assert (await again(review)).state == ReviewState.HELD
    assert len(await told(AMINA, "still waits")) == 1
    await talk.wait(2 * DAY, step=6 * HOUR)
    assert (await again(review)).state == ReviewState.LAPSED


# --- what lapsed comes back -----------------------------------------------------------------------------------------


async def lapsed(talk: Talk, text: str = "Give misoprostol") -> Review:
    review = await hold(text)
    await talk.types(review, "ask: Which dose?", GRACE)
    await talk.arrive()
    await talk.wait(18 * DAY, step=6 * HOUR)
    assert (await again(review)).state == ReviewState.LAPSED
    return await again(review)


async def test_a_lapsed_post_comes_back_with_an_answer_that_came_too_late(talk: Talk) -> None:
    await lapsed(talk)
    await talk.arrive()
    question = await Delivery.filter(view="query:1").order_by("id").first()
    assert question is not None
    (late,) = await talk.hears("400 micrograms", reply_to=question.ref)
    assert "Your text and your answer are kept, but no moderator sees them yet." in late
    assert "write RESTORE 1" in (await talk.hears("/status"))[0]
    assert await talk.hears("restore 1") == ["Your text of #1 is with the moderators again, as #2."]
    back = await submissions.review_by_number("hifa", 2)
    assert back is not None
    shown = await talk.card(back)
    for words_shown in (
        "♻️ Brought back by its author: #1 had lapsed",
        "Give misoprostol",
        "❓ Grace asked: Which dose?",
        "💬 The author answered: 400 micrograms",
    ):
        assert words_shown in shown
    assert await talk.hears("/restore 1") == ["#1 came back already, as #2."]
    assert "came back as #2" in (await talk.hears("/status"))[0]
    await talk.wait(60 * DAY, step=12 * HOUR)
    assert (await again(back)).state == ReviewState.HELD, "nothing is asked about it"
    assert (await talk.press(back, "approve", PETER)).text == "Done."


async def test_only_what_lapsed_comes_back_and_only_to_its_author(talk: Talk) -> None:
    await lapsed(talk)
    await hold("Another", message="m9")
    assert "has not lapsed" in (await talk.hears("/restore 2"))[0]
    for argument in ("", "1", "#1", "99", "x" * 500, "9" * 200):
        (answer,) = await talk.hears(f"/restore {argument}", user="daniel")
        assert answer == "There is no post of yours that this can be done with. /status shows your latest posts."
    assert await talk.hears("/restore") == ["Your text of #1 is with the moderators again, as #3."]


async def test_the_question_of_the_list_comes_in_the_authors_language() -> None:
    ready = Template(id="dose", label="Which dose?", texts={"en": "Which dose, {name}?", "sw": "Dozi gani, {name}?"})
    talk = Talk(community=community(questions=(ready,)))
    review = await hold()
    await Person.filter(id=review.submission.identity.person_id).update(language="sw-KE")
    await Identity.filter(id=review.submission.identity_id).update(name="Amina {0} {name}")
    assert (await talk.press(review, "ask_ready", GRACE, "dose")).text == "Done."
    assert len(await told(AMINA, "Dozi gani, Amina {0} {name}?")) == 1
    (line,) = await audited("ask")
    assert line.reason == "dose"
    gone = await talk.press(review, "ask_ready", GRACE, "no-longer-there")
    assert gone.alert
    assert "no longer on the list" in gone.text


async def test_a_new_text_is_searched_for_what_may_identify_somebody(talk: Talk) -> None:
    review = await hold("Which hospital takes such patients?")
    await talk.types(review, "ask: Where are you?", GRACE)
    await talk.hears("Which hospital takes such patients? Please ring me at +254 712 345 678.")
    assert "🔎" not in await talk.card(review)
    assert await talk.hears("newtext") == ["Your new wording of #1 is with the moderators."]
    assert "🔎" in await talk.card(review)
    assert "There is no answer of yours" in (await talk.hears("newtext 1"))[0], "it is the text already"
    assert [(line.actor, line.revision) for line in await audited("reword")] == [("identity:1", 2)]


async def test_nobody_else_presses_an_authors_buttons(talk: Talk) -> None:
    review = await hold()
    await talk.types(review, "ask: Which dose?", GRACE)
    await talk.hears("400 micrograms")
    await people.meet(sender("mallory"), NOW, privately=True)
    await talk.press(review, "reject", GRACE, "duplicate")
    for subject, number, action in (("query", 1, "newtext"), ("query", 1, "agree"), ("submission", 1, "appeal")):
        told = await talk.presses(subject, number, action, user="mallory")
        assert (told.text, told.alert) == ("Only the author can do that.", True)
    for subject, number, action in (("query", 77, "newtext"), ("query", 1, "fly"), ("submission", 1, "fly")):
        told = await talk.presses(subject, number, action)
        assert told.alert
        assert told.text == "This button no longer does anything."
    assert await Review.all().count() == 1


# --- the profile questions ------------------------------------------------------------------------------------------


async def profile_at(talk: Talk, step: int) -> None:
    said = await talk.hears("/profile", user="daniel")
    for number in range(1, step):
        said = await talk.hears(f"answer {number}", user="daniel")
    assert f"{step} of 9" in said[0]
    await talk.arrive()


@pytest.mark.parametrize("minutes", [0, 29])
async def test_an_answer_in_time_is_an_answer(talk: Talk, minutes: int) -> None:
    await profile_at(talk, 3)
    talk.now += timedelta(minutes=minutes)
    assert "4 of 9" in (await talk.hears("Kisumu clinic", user="daniel"))[0]
    assert await Review.all().count() == 0


async def test_after_half_an_hour_a_text_is_a_post(talk: Talk) -> None:
    await profile_at(talk, 3)
    question = (await Delivery.filter(chat="daniel").order_by("-id"))[0].ref
    talk.now += timedelta(minutes=31)
    said = await talk.hears("Cholera in Kisumu", user="daniel")
    assert said[0].startswith("I take this as a message of its own")
    assert said[1].startswith("Thank you. Your post #1")
    talk.now += timedelta(minutes=1)
    assert "#2" in (await talk.hears("Another post", user="daniel"))[0], "and the questions rest"
    assert "3 of 9" in (await talk.hears("/profile", user="daniel"))[0]
    talk.now += timedelta(hours=2)
    assert "4 of 9" in (await talk.hears("Kisumu clinic", user="daniel", reply_to=question))[0]
    talk.now += timedelta(hours=2)
    assert "5 of 9" in (await talk.hears("skip", user="daniel"))[0], "a plain word is no post, however late"


async def test_a_question_of_the_moderators_does_not_go_to_the_profile(talk: Talk) -> None:
    await talk.hears("A post", user="daniel")  # and the profile questions are offered
    review = await submissions.review_by_number("hifa", 1)
    assert review is not None
    await talk.types(review, "ask: Which dose?", GRACE)
    await talk.hears("Anything", user="daniel", reply_to=None)
    assert "💬 The author answered: Anything" in await talk.card(review)
    assert await Review.all().count() == 1
