"""The conversation between moderators and an author, as both see it on their phones."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.adapters.loopback import adapter as loopback
from bridge.adapters.loopback.capabilities import RICH
from bridge.playground.botapi import BotApiSimulator
from tests.acceptance.program import Telegram, populate, write_config
from tests.acceptance.test_review_findings import heard, last, presses, says, settled
from tests.acceptance.world import World, until
from tests.servers import free_port

PHONE = "+254700000001"
READY = """
[[communities.questions]]
id = "dose"
label = "Which dose?"
text.en = "Dear {name}, which dose do you mean?"
text.sw = "Mpendwa {name}, unamaanisha dozi gani?"
"""


def make(directory: Path, options: str = "") -> World:
    return World(directory, free_port(), options=options)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make(tmp_path)


def instructs(world: World, text: str, *, by: str = "grace", number: int = 1) -> None:
    """A moderator replies to the newest card."""
    card = world.card(number)
    assert card is not None
    world.chat.writes("mods", text, user=by, name=by.title(), reply_to=card.id)


def texts(world: World, text: str) -> None:
    """Somebody sends an SMS."""
    world.sms.writes(PHONE, text, user=PHONE, private=True)


def received(world: World) -> list[str]:
    """What stands on that phone."""
    return world.texts(PHONE, world.sms)


async def phone_hears(world: World, words: str) -> str:
    await until(lambda: [t for t in received(world) if words in t])
    return [t for t in received(world) if words in t][-1]


async def carded(world: World, words: str, number: int = 1) -> None:
    await until(lambda: words in world.card_text(number))


async def answered_press(world: World, words: str) -> None:
    """A presser was shown that."""
    await until(lambda: [x for x in world.chat.sent() if x.get("op") == "answer" and words in str(x.get("text"))])


def nobody_is_written_to_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback.RichLoopbackAdapter, "_can", replace(RICH, opens_direct=False))


# --- questions ------------------------------------------------------------------------------------------------------


async def test_a_question_of_the_list_by_its_button(tmp_path: Path) -> None:
    world = make(tmp_path, READY)
    async with world.bridge():
        says(world, "Give misoprostol")
        await until(lambda: world.card())
        world.press("Ask the author", by="grace")
        await until(lambda: any("Which dose?" in label for label in world.labels()))
        world.press("Which dose?", by="grace")
        question = await heard(world, "Dear Amina, which dose do you mean?")
        assert question.text.startswith("A moderator asks about your post #1:")
        await carded(world, "❓ Grace asked: Dear Amina, which dose do you mean?")
        await until(lambda: any("Approve" in label for label in world.labels()))
        says(world, "400 micrograms")
        await carded(world, "💬 The author answered: 400 micrograms")
        instructs(world, "ask: which dose?", by="peter")
        await carded(world, "❓ Peter asked: Dear Amina, which dose do you mean?")


async def test_a_question_that_is_too_long_is_not_cut(world: World) -> None:
    async with world.bridge():
        says(world, "Give it")
        await until(lambda: world.card())
        instructs(world, "ask: " + "why " * 160)
        await heard(world, "at most 600 can be asked at once", "mods")
        assert "asked" not in world.card_text()


async def test_an_author_on_a_simple_phone_is_asked_answers_and_rewords(world: World) -> None:
    async with world.bridge():
        texts(world, "Give misoprostol")
        assert "If it is approved, it reaches 3 groups." in await phone_hears(world, "Thank you. Your post #1")
        await until(lambda: world.card())
        instructs(world, "ask: Which dose? Please write the whole text again.")
        question = await phone_hears(world, "A moderator asks")
        assert question == "A moderator asks about your post #1: Which dose? Please write the whole text again."
        texts(world, "Give 400 micrograms of misoprostol")
        thanks = await phone_hears(world, "Thank you. Your answer about #1 is with the moderators.")
        assert thanks.endswith("To make it the new text of your post, write NEWTEXT 1")
        await carded(world, "💬 The author answered: Give 400 micrograms of misoprostol")
        texts(world, "newtext 1")
        assert await phone_hears(world, "The text of #1 is now: Give 400 micrograms of misoprostol")
        await carded(world, "Changed by the author: Give 400 micrograms of misoprostol")
        world.press("Approve", by="peter")
        await until(lambda: [t for t in world.texts("kenya") if "Give 400 micrograms of misoprostol" in t])
        await until(lambda: len(received(world)) >= 5)
        assert len(received(world)) == 5, "the receipt, the question, the thanks, the new text and the approval"
        texts(world, "A second post")
        await until(lambda: world.card(2))


async def test_an_answer_becomes_the_text_by_buttons(world: World) -> None:
    async with world.bridge():
        says(world, "Give misoprostol")
        await until(lambda: world.card())
        first = world.card()
        instructs(world, "ask: Which dose?")
        await heard(world, "Which dose?")
        says(world, "Give 400 micrograms")
        presses(world, await heard(world, "Your answer about #1"), "Make it the new text")
        preview = await heard(world, "This would be the new text of your post #1:")
        assert "Give 400 micrograms" in preview.text
        presses(world, preview, "leave it")
        await heard(world, "The text of #1 stays as it is.")
        presses(world, preview, "Yes, this is the text")
        await heard(world, "Your new wording of #1 is with the moderators.")
        await carded(world, "Changed by the author:")
        presses(world, preview, "Yes, this is the text")
        await answered_press(world, "This is the text of #1 already.")
        assert first is not None
        presses(world, first, "Approve", by="grace", private=False)
        await answered_press(world, "has been changed since")
        world.press("Approve", by="grace")
        await heard(world, "Give 400 micrograms", "uganda")


async def test_a_new_text_loses_to_a_later_edit(world: World) -> None:
    async with world.bridge():
        says(world, "Give misoprostol")
        await until(lambda: world.card())
        instructs(world, "ask: Which dose?")
        await heard(world, "Which dose?")
        says(world, "Give 400 micrograms")
        presses(world, await heard(world, "Your answer about #1"), "Make it the new text")
        preview = await heard(world, "This would be the new text")
        instructs(world, "edit: Give misoprostol, 400 µg")
        await carded(world, "Wording by moderator Grace")
        presses(world, preview, "Yes, this is the text")
        await answered_press(world, "The wording of #1 has been changed since")
        assert "Give misoprostol, 400 µg" in world.card_text()


async def test_two_questions_on_a_simple_phone_are_told_apart(world: World) -> None:
    async with world.bridge():
        texts(world, "The first post")
        await until(lambda: world.card(1))
        texts(world, "The second post")
        await until(lambda: world.card(2))
        instructs(world, "ask: One?", number=1)
        await phone_hears(world, "One?")
        instructs(world, "ask: Two?", number=2)
        assert (await phone_hears(world, "Two?")).endswith("Begin your answer with #2.")
        texts(world, "#1 about the first")
        await carded(world, "The author answered: about the first", 1)
        texts(world, "#77 is no post of mine")
        await carded(world, "The author answered: #77 is no post of mine", 2)


async def test_who_answers_too_late_hears_how_it_ended(world: World) -> None:
    async with world.bridge():
        for number, word in enumerate(("Approve", "reject: No.", "withdraw 3"), 1):
            says(world, f"Post {number}")
            await carded(world, f"Post {number}", number)
            instructs(world, f"ask: Question {number}?", number=number)
            question = await heard(world, f"Question {number}?")
            if word == "Approve":
                world.press(word, by="grace", number=number)
            elif word.startswith("reject"):
                instructs(world, word, number=number)
            else:
                says(world, word)
            await carded(world, ("approved", "rejected", "withdrawn by the author")[number - 1], number)
            says(world, "Too late", reply_to=question.id)
        await heard(world, "Your post #1 has been published meanwhile")
        await heard(world, "decided meanwhile not to publish #2")
        await heard(world, "You have withdrawn #3")
        await settled(world)
        assert not [t for t in world.texts("mods") if "Too late" in t]


# --- who cannot be written to ---------------------------------------------------------------------------------------


async def test_who_never_opened_the_chat_is_invited_and_asked_once_they_do(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_is_written_to_first(monkeypatch)
    async with world.bridge():
        world.chat.writes("kenya", "Give misoprostol", user="amina", name="Amina")
        await until(lambda: world.card())
        world.press("Ask the author", by="grace")
        prompt = await heard(world, "the question waits, and is put as soon as they write to me", "mods")
        world.chat.writes("mods", "Which dose?", user="grace", name="Grace", reply_to=prompt.id)
        await heard(world, "Amina, I have a short question for you. Please write to me privately.", "kenya")
        await heard(world, "I have put a short invitation under their message in the group", "mods")
        await carded(world, "📵 Not delivered yet")
        assert not [t for t in world.texts("kenya") if "dose" in t], "a question never stands in public"
        says(world, "/start")
        await heard(world, "A moderator asks about your post #1")  # the welcome names the question as well, before it
        await until(lambda: "📵" not in world.card_text())
        await carded(world, "⏳ No answer yet")
        says(world, "400 micrograms")
        await carded(world, "The author answered: 400 micrograms")
        await settled(world)
        assert len([t for t in world.texts("amina") if "A moderator asks" in t]) == 1


async def test_the_message_that_opens_the_chat_is_no_answer_to_what_was_never_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_is_written_to_first(monkeypatch)
    async with world.bridge():
        world.chat.writes("kenya", "Give misoprostol", user="amina", name="Amina")
        await until(lambda: world.card())
        instructs(world, "ask: Which dose?")
        await carded(world, "📵 Not delivered yet")
        says(world, "Cholera in Kisumu")
        await until(lambda: world.card(2))
        assert "Cholera in Kisumu" in world.card_text(2)
        await heard(world, "Which dose?")
        says(world, "400 micrograms")
        await carded(world, "The author answered: 400 micrograms")
        assert world.card(3) is None


async def test_a_question_that_is_refused_is_shown_on_the_card(world: World) -> None:
    async with world.bridge():
        says(world, "Give misoprostol")
        await until(lambda: world.card())
        await settled(world)
        world.chat.trouble("forbidden", chat="amina")
        instructs(world, "ask: Which dose?")
        await carded(world, "📵 Not delivered yet")
        world.chat.calm()
        says(world, "Are you there?")
        await heard(world, "Which dose?")
        await carded(world, "⏳ No answer yet")


# --- the same on Telegram, which forbids writing to people first -----------------------------------------------------


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator() as simulator:
        yield await populate(simulator)


class InProcess(World):
    """The same bridge over another config."""

    def __init__(self, path: Path) -> None:
        self.path = path


async def test_a_telegram_author_follows_the_invitation(tmp_path: Path, telegram: Telegram) -> None:
    path, _ = write_config(tmp_path, telegram=telegram)
    users, grace, mods, daniel = telegram.users, telegram.grace, telegram.mods, telegram.daniel
    async with InProcess(path).bridge():
        await users.write(daniel, telegram.uganda, "Give misoprostol")
        card = await telegram.find(grace, mods, "Give misoprostol")
        await users.write(grace, mods, "ask: Which dose?", reply_to=card["id"])
        await telegram.find(grace, mods, "I have put a short invitation under their message")
        invitation = await telegram.find(daniel, telegram.uganda, "I have a short question for you")
        (button,) = [button for row in invitation["buttons"] for button in row]
        assert button["url"].startswith("https://t.me/BarazaTestBot?start=")
        await telegram.find(grace, mods, "📵 Not delivered yet")
        await users.start(daniel, telegram.bot, button["url"].partition("start=")[2])
        await telegram.find(daniel, telegram.bot, "A moderator asks about your post #1")
        await users.write(daniel, telegram.bot, "400 micrograms")
        await telegram.find(grace, mods, "💬 The author answered: 400 micrograms")
        await users.block(daniel, telegram.bot)
        card = await telegram.find(grace, mods, "The author answered")
        await users.write(grace, mods, "ask: By mouth?", reply_to=card["id"])
        await telegram.find(grace, mods, "📵 Not delivered yet")
        assert not [m for m in await telegram.messages(daniel, telegram.uganda) if "?" in m["text"]]


# --- consent --------------------------------------------------------------------------------------------------------


async def test_the_author_agrees_to_a_wording(tmp_path: Path) -> None:
    world = make(tmp_path, "consent_to_edits = true")
    async with world.bridge():
        says(world, "Give 40 mg of the drug")
        await until(lambda: world.card())
        instructs(world, "edit: Give 40 mg of prednisolone")
        await heard(world, "The author is asked to agree to the new wording.", "mods")
        await carded(world, "⏳ The author has been asked to agree to this wording.")
        first = await heard(world, "It is published like this only if you agree.")
        assert "prednisolone" in first.text
        assert "strike" in first.marks
        world.press("Approve", by="peter")
        await answered_press(world, "has not agreed to the changed wording")
        instructs(world, "edit: Give 20 mg of prednisolone", by="peter")
        await until(lambda: last(world, "It is published like this only if you agree").id != first.id)
        presses(world, first, "I agree")
        await answered_press(world, "#1 has been changed or decided since")
        presses(world, last(world, "It is published like this only if you agree"), "I agree")
        await heard(world, "The moderators know that you agree")
        await carded(world, "👍 The author agrees to this wording.")
        instructs(world, "edit: Give 20 mg of Prednisolone.")  # a capital letter and a full stop need no asking
        await carded(world, "Give 20 mg of Prednisolone.")
        await carded(world, "👍 The author agrees to this wording.")
        world.press("Approve", by="grace")
        await heard(world, "Give 20 mg of Prednisolone.", "uganda")
        approved = await heard(world, "was approved")
        assert "changed the wording" not in approved.text, "they agreed to it"


async def test_the_author_does_not_agree_and_says_why_on_a_simple_phone(tmp_path: Path) -> None:
    world = make(tmp_path, "consent_to_edits = true")
    async with world.bridge():
        texts(world, "Give 40 mg")
        await until(lambda: world.card())
        instructs(world, "edit: Give 400 mg")
        asked = await phone_hears(world, "changed the wording of your post #1")
        assert asked == (
            'A moderator changed the wording of your post #1. Changed: "Give 40 mg" to "Give 400 mg". '
            "Do you agree? Write YES 1 or NO 1."
        )
        texts(world, "No water in our clinic today")
        await until(lambda: world.card(2))  # nobody's consent
        texts(world, "No 1: forty is right")
        await carded(world, "🚫 The author does not agree to this wording.")
        await carded(world, "💬 The author on the new wording: forty is right")
        await phone_hears(world, "#1 will not be published with that wording")
        instructs(world, "edit: Give 40 mg.")
        await until(lambda: "Give 40 mg." in world.card_text() and world.labels())
        assert "agree" not in world.card_text(), "a full stop needs no asking"
        world.press("Approve", by="grace")
        await heard(world, "Give 40 mg.", "uganda")


async def test_words_about_a_wording_reach_the_moderators(tmp_path: Path) -> None:
    world = make(tmp_path, "consent_to_edits = true")
    async with world.bridge():
        message = says(world, "Give 40 mg")
        await until(lambda: world.card())
        instructs(world, "edit: Give 400 mg")
        request = await heard(world, "It is published like this only if you agree")
        says(world, "Where do you have that from?", reply_to=request.id)
        await carded(world, "💬 The author on the new wording: Where do you have that from?")
        await heard(world, "Do you agree to the changed wording? Write YES or NO.")
        world.chat.does(chat="amina", user="amina", name="Amina", private=True, edit=message, text="Give 30 mg")
        await carded(world, "Give 30 mg")
        assert "⏳ The author has been asked" not in world.card_text(), "nobody has to agree to their own words"
        presses(world, request, "I agree")
        await answered_press(world, "#1 has been changed or decided since")
        world.press("Approve", by="grace")
        await heard(world, "Give 30 mg", "uganda")


# --- appeals --------------------------------------------------------------------------------------------------------


async def test_an_appeal_is_decided_by_somebody_else(world: World) -> None:
    async with world.bridge():
        says(world, "Buy my soap")
        await until(lambda: world.card())
        instructs(world, "reject: advertising")
        rejection = await heard(world, "was not published because it advertises")
        presses(world, rejection, "Ask for a second look")
        thanks = await heard(world, "The moderators will look at #1 a second time.")
        await carded(world, "⚖️ Appeal: Grace had rejected it (Advertising)")
        says(world, "It is free of charge", reply_to=thanks.id)
        await carded(world, "💬 The author writes: It is free of charge")
        says(world, "/status")
        await heard(world, "#1: with the moderators for a second look")
        world.press("Approve", by="grace")
        await answered_press(world, "You rejected #1 yourself: somebody else must decide on the appeal.")
        presses(world, rejection, "Ask for a second look")
        await heard(world, "A second look at #1 can be asked for once, and you have done so.")
        world.press("Approve", by="peter")
        await heard(world, "Buy my soap", "uganda")
        await heard(world, "Your post #1 was approved.")


async def test_an_appeal_by_a_word_that_stays_rejected(world: World) -> None:
    async with world.bridge():
        texts(world, "Buy my soap")
        await until(lambda: world.card())
        instructs(world, "reject: advertising")
        assert (await phone_hears(world, "was not published")).endswith("For a second look, write APPEAL 1")
        texts(world, "Appeal 1: It is free of charge")
        await carded(world, "💬 The author writes: It is free of charge")
        instructs(world, "reject: relevance", by="peter")
        final = await phone_hears(world, "was looked at a second time and is still not published")
        assert "APPEAL" not in final
        texts(world, "appeal 1")
        await phone_hears(world, "can be asked for once")
        texts(world, "status")
        told = await phone_hears(world, "Your latest posts:")
        assert told.count("#1") == 1
        assert "This decision is final." in told


async def test_the_only_moderator_decides_on_an_appeal(world: World) -> None:
    world.path.write_text(world.path.read_text().replace('"chat:grace", "chat:peter"', '"chat:grace"'))
    async with world.bridge():
        says(world, "Buy my soap")
        await until(lambda: world.card())
        instructs(world, "reject: advertising")
        presses(world, await heard(world, "was not published"), "Ask for a second look")
        await carded(world, "(appeal)")
        world.press("Approve", by="grace")
        await heard(world, "Buy my soap", "uganda")


async def test_the_coordinator_of_the_only_moderator_hears_of_an_appeal(world: World) -> None:
    config = world.path.read_text().replace('"chat:grace", "chat:peter"', '"chat:grace"')
    world.path.write_text(config.replace("undo_seconds", 'coordinator_ids = ["chat:ruth"]\nundo_seconds'))
    async with world.bridge():
        world.chat.writes("ruth", "/help", user="ruth", name="Ruth", private=True)
        await until(lambda: world.texts("ruth"))
        says(world, "Buy my soap")
        await until(lambda: world.card())
        instructs(world, "reject: advertising")
        presses(world, await heard(world, "was not published"), "Ask for a second look")
        await heard(world, "HIFA #1: its author asks for a second look.", "ruth")
        await until(lambda: any("Approve" in label for label in world.labels()))
        world.press("Approve", by="grace")
        await answered_press(world, "somebody else must decide on the appeal")
        world.press("Approve", by="ruth")
        await heard(world, "Buy my soap", "uganda")


# --- said once ------------------------------------------------------------------------------------------------------


async def test_a_withdrawal_is_said_once(world: World) -> None:
    async with world.bridge():
        says(world, "Never mind")
        receipt = await heard(world, "Thank you. Your post #1")
        presses(world, receipt, "Withdraw")
        await carded(world, "withdrawn by the author")
        await settled(world)
        said = [t for t in world.texts("amina") if "withdrawn" in t.lower()]
        assert said == ["Your post #1 is withdrawn. It will not be published."]
        assert [x["text"] for x in world.chat.sent() if x.get("op") == "answer"] == [""]
