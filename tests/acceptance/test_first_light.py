"""The whole way of a message: from a phone, through a moderator, to every group."""

from pathlib import Path

import pytest

from tests.acceptance.world import World, until
from tests.servers import free_port


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port())


async def test_a_post_is_held_approved_and_arrives_everywhere(world: World) -> None:
    async with world.bridge():
        original = world.chat.writes("kenya", "Is misoprostol safe at home?", user="amina", name="Amina Okello")
        await until(lambda: world.card())
        card = world.card()
        assert card is not None
        assert "waiting for a decision" in card.text
        assert "Amina Okello" in card.text
        assert "Is misoprostol safe at home?" in card.text
        labels = [label for label, _ in card.buttons]
        assert all(any(word in label for label in labels) for word in ("Approve", "Reject", "Edit", "Ask"))
        # intake hold: the original leaves the group, and nothing is published before the decision
        await until(lambda: all(m.id != original for m in world.chat.shown("kenya")))
        assert not [text for text in world.texts("uganda") if "misoprostol" in text]
        world.press("Approve", by="grace")
        await until(lambda: [t for t in world.texts("kenya") if "Is misoprostol safe at home?" in t])
        await until(lambda: [t for t in world.texts("uganda") if "Is misoprostol safe at home?" in t])
        await until(lambda: world.texts("phones", world.sms))
        post = next(t for t in world.texts("uganda") if "misoprostol" in t)
        assert post.startswith("HIFA #1 · Amina Okello")
        assert "HIFA profile: Amina Okello is a new member of HIFA." in post
        assert world.texts("phones", world.sms) == ["HIFA #1 Amina Okello: Is misoprostol safe at home?"]
        await until(lambda: "Arrived in 3 of 3 groups" in world.card_text())
        done = world.card()
        assert done is not None
        assert "Approved by Grace" in done.text
        assert world.labels() == ["➕ More"]


async def test_the_same_on_postgresql(tmp_path: Path, postgres: str) -> None:
    world = World(tmp_path, free_port(), database=postgres)
    async with world.bridge():
        world.chat.writes("kenya", "Is misoprostol safe at home?", user="amina", name="Amina Okello")
        await until(lambda: world.card())
        world.press("Approve", by="grace")
        world.press("Approve", by="peter")
        await until(lambda: "Arrived in 3 of 3 groups" in world.card_text())
        assert len([t for t in world.texts("uganda") if "misoprostol" in t]) == 1


async def test_two_moderators_press_at_once(world: World) -> None:
    async with world.bridge():
        world.chat.writes("kenya", "Which dose of zinc?", user="amina", name="Amina")
        await until(lambda: world.card())
        world.press("Approve", by="grace")
        world.press("Approve", by="peter")
        await until(lambda: "Arrived in 3 of 3" in world.card_text())
        await until(lambda: len([x for x in world.chat.sent() if x.get("op") == "answer"]) == 2)
        answers = sorted(str(line["text"]) for line in world.chat.sent() if line.get("op") == "answer")
        assert answers[0].startswith("Done.")
        assert answers[1].startswith("Grace has already approved #1.")
        assert len([t for t in world.texts("uganda") if "zinc" in t]) == 1


async def test_a_stranger_presses(world: World) -> None:
    async with world.bridge():
        world.chat.writes("kenya", "Hello", user="amina", name="Amina")
        await until(lambda: world.card())
        world.press("Approve", by="mallory")
        await until(lambda: [x for x in world.chat.sent() if x.get("op") == "answer"])
        answer = next(x for x in world.chat.sent() if x.get("op") == "answer")
        assert "Only this community's moderators may decide" in str(answer["text"])
        card = world.card()
        assert card is not None
        assert "waiting for a decision" in card.text


async def test_reject_with_a_reason_of_the_list(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", "Buy my soap", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
        world.press("Reject", by="grace")
        await until(
            lambda: any("Advertising" in label for label, _ in (world.card() or world.chat.shown("mods")[0]).buttons)
        )
        world.press("Advertising", by="grace")
        await until(lambda: [t for t in world.texts("amina") if "was not published because it advertises" in t])
        await until(lambda: "Rejected by Grace" in world.card_text())
        assert not world.texts("uganda")


async def test_reject_in_own_words_by_reply(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", "The drug helps", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
        card = world.card()
        assert card is not None
        world.chat.writes("mods", "reject: Which drug do you mean?", user="peter", name="Peter", reply_to=card.id)
        await until(lambda: [t for t in world.texts("amina") if "Which drug do you mean?" in t])


async def test_an_edit_while_held_voids_older_buttons(world: World) -> None:
    async with world.bridge():
        message = world.chat.writes("amina", "Give 200 mg", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
        old = world.card()
        assert old is not None
        approve = next(handle for label, handle in old.buttons if "Approve" in label)
        world.chat.does(chat="amina", user="amina", name="Amina", edit=message, text="Give 20 mg", private=True)
        await until(lambda: [m for m in world.chat.shown("mods") if "Give 20 mg" in m.text])
        world.chat.does(chat="mods", user="grace", name="Grace", press=approve, message=old.id)
        await until(lambda: [x for x in world.chat.sent() if x.get("op") == "answer"])
        answer = next(x for x in world.chat.sent() if x.get("op") == "answer")
        assert "has been changed since" in str(answer["text"])
        assert not world.texts("uganda")
        world.press("Approve", by="grace")
        await until(lambda: [t for t in world.texts("uganda") if "Give 20 mg" in t])
        assert not [t for t in world.texts("uganda") if "200" in t]


async def test_withdrawn_before_the_press(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", "Never mind", user="amina", name="Amina", private=True)
        await until(lambda: world.card() and [m for m in world.chat.shown("amina") if m.buttons])
        receipt = next(m for m in world.chat.shown("amina") if m.buttons and "Withdraw" in m.buttons[0][0])
        old = world.card()
        assert old is not None
        approve = next(handle for label, handle in old.buttons if "Approve" in label)
        world.chat.does(chat="amina", user="amina", name="Amina", press=receipt.buttons[0][1], message=receipt.id)
        await until(lambda: "withdrawn by the author" in world.card_text())
        world.chat.does(chat="mods", user="grace", name="Grace", press=approve, message=old.id)
        await until(lambda: [x for x in world.chat.sent() if "withdrawn #1" in str(x.get("text"))])
        assert not world.texts("uganda")


async def test_the_profile_dialogue_and_its_card(world: World) -> None:
    async with world.bridge():

        def say(text: str) -> None:
            world.chat.writes("amina", text, user="amina", name="Amina", private=True)

        async def asked(words: str) -> None:
            await until(lambda: [t for t in world.texts("amina") if words in t])

        say("What helps against fever?")
        await asked("may I ask you 9 short questions")
        say("yes")
        answers = ("Amina Okello", "skip", "community health worker", "Kisumu Clinic", "skip", "kenia", "skip")
        for number, answer in enumerate(answers, 1):
            await asked(f"{number} of 9")
            say(answer)
        await asked("8 of 9")
        say("later")
        await asked("write /profile to go on")
        say("/profile")
        await until(lambda: len([t for t in world.texts("amina") if "8 of 9" in t]) == 2)
        say("back")
        await until(lambda: len([t for t in world.texts("amina") if "7 of 9" in t]) == 2)
        say("skip")
        await until(lambda: len([t for t in world.texts("amina") if "8 of 9" in t]) == 3)
        say("skip")
        await asked("9 of 9")
        say("skip")
        await asked("This would stand under your posts")
        say("yes")
        await asked("It will stand under your posts")
        await until(lambda: "community health worker at Kisumu Clinic" in world.card_text())
        assert "this profile was not seen before" in world.card_text()
        world.press("Approve", by="grace")
        await until(lambda: [t for t in world.texts("kenya") if "fever" in t])
        post = next(t for t in world.texts("kenya") if "fever" in t)
        assert "HIFA profile: Amina Okello is a community health worker at Kisumu Clinic, Kenya." in post
        assert world.texts("phones", world.sms) == [
            "HIFA #1 Amina Okello, health worker, Kenya: What helps against fever?"
        ]


async def test_a_reply_is_threaded_in_every_group(world: World) -> None:
    async with world.bridge():
        world.chat.writes("kenya", "First", user="amina", name="Amina")
        await until(lambda: world.card(1))
        world.press("Approve", by="grace", number=1)
        await until(lambda: "Arrived in 3 of 3" in world.card_text(1))
        parent = {chat: next(m for m in world.chat.shown(chat) if "First" in m.text) for chat in ("kenya", "uganda")}
        world.chat.writes("uganda", "Second", user="daniel", name="Daniel", reply_to=parent["uganda"].id)
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=2)
        await until(lambda: [m for m in world.chat.shown("kenya") if "Second" in m.text])
        answer = next(m for m in world.chat.shown("kenya") if "Second" in m.text)
        assert answer.reply_to == parent["kenya"].id
        assert "Re #1" in answer.text
        # intake copy: the original stays, and number and card are added as a reply to it
        own = [m for m in world.chat.shown("uganda") if m.text == "Second"]
        assert len(own) == 1
        await until(lambda: [m for m in world.chat.shown("uganda") if m.reply_to == own[0].id and "HIFA #2" in m.text])


async def test_ask_the_author_and_edit(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", "The drug helps", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
        world.press("Ask", by="grace")
        await until(lambda: [m for m in world.chat.shown("mods") if "what do you want to ask" in m.text])
        prompt = next(m for m in world.chat.shown("mods") if "what do you want to ask" in m.text)
        world.chat.writes("mods", "Which drug?", user="grace", name="Grace", reply_to=prompt.id)
        await until(lambda: [m for m in world.chat.shown("amina") if "Which drug?" in m.text])
        question = next(m for m in world.chat.shown("amina") if "Which drug?" in m.text)
        world.chat.writes("amina", "Zinc", user="amina", name="Amina", private=True, reply_to=question.id)
        await until(lambda: "The author answered: Zinc" in world.card_text())
        world.press("Edit", by="peter")
        await until(
            lambda: [m for m in world.chat.shown("mods") if "reply to this message with the new wording" in m.text]
        )
        prompt = next(m for m in world.chat.shown("mods") if "with the new wording" in m.text)
        world.chat.writes("mods", "Zinc helps", user="peter", name="Peter", reply_to=prompt.id)
        await until(lambda: "Wording by moderator Peter" in world.card_text())
        world.press("Approve", by="grace")
        await until(lambda: [t for t in world.texts("uganda") if "Zinc helps" in t])
        await until(lambda: [t for t in world.texts("amina") if "A moderator changed the wording" in t])


async def test_state_survives_a_restart(world: World) -> None:
    async with world.bridge():
        world.chat.writes("kenya", "Before the restart", user="amina", name="Amina")
        await until(lambda: world.card())
    world.chat.writes("kenya", "While it was down", user="daniel", name="Daniel")
    async with world.bridge():
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=1)
        await until(lambda: [t for t in world.texts("uganda") if "Before the restart" in t])
        assert len([m for m in world.chat.shown("mods") if m.text.startswith("HIFA #1 ·")]) == 1


async def test_a_telephone_number_is_never_published(world: World) -> None:
    async with world.bridge():
        world.sms.writes("+254700000001", "No name here", user="+254700000001", private=True)
        await until(lambda: world.card())
        assert "+254700000001" in world.card_text(), "moderators see which account it is"
        world.press("Approve", by="grace")
        await until(lambda: [t for t in world.texts("kenya") if "No name here" in t])
        assert not [t for chat in ("kenya", "uganda") for t in world.texts(chat) if "254" in t]
        assert [t for t in world.texts("kenya") if "Member 1" in t]
