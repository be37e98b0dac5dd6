"""After publication, as people meet it: taken back, corrected by a moderator or by the author, asked back, moved."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from bridge.core.clock import SystemClock
from bridge.core.events import ChatMoved
from bridge.core.ids import AccountId, ChatId
from bridge.playground.botapi import BotApiSimulator
from bridge.storage import database, inbox
from tests.acceptance.program import Telegram, populate, running, write_config
from tests.acceptance.world import World, until
from tests.servers import free_port

CHAT = AccountId("chat")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port())


async def published(world: World, text: str = "Give 200 mg of zinc.") -> None:
    """Amina writes privately, Grace approves, and it is everywhere."""
    world.chat.writes("amina", text, user="amina", name="Amina", private=True)
    await until(lambda: world.card())
    world.press("Approve", by="grace")
    await until(lambda: "Arrived in 3 of 3 groups" in world.card_text())


async def prompted(world: World, label: str, words: str, said: str, *, by: str = "grace") -> None:
    """Press a button of the second page, and answer the question that comes."""
    world.press("More", by=by)
    await until(lambda: any(label in shown for shown in world.labels()))
    world.press(label, by=by)
    await until(lambda: [m for m in world.chat.shown("mods") if words in m.text and not m.user])
    prompt = next(m for m in world.chat.shown("mods") if words in m.text and not m.user)
    world.chat.writes("mods", said, user=by, name=by.title(), reply_to=prompt.id)


def zinc(world: World, chat: str) -> list[str]:
    return [text for text in world.texts(chat) if "zinc" in text]


async def test_a_moderator_takes_a_post_back(world: World) -> None:
    async with world.bridge():
        await published(world)
        standing = next(m for m in world.chat.shown("uganda") if "zinc" in m.text)
        await prompted(world, "Take it back", "why is it taken back?", "The dose is wrong.")
        await until(lambda: not zinc(world, "kenya") and not zinc(world, "uganda"))
        await until(lambda: "Taken back in 2 of 3 groups" in world.card_text())
        card = world.card_text()
        assert card.splitlines()[0] == "HIFA #1 · taken back"
        assert "Taken back by Grace" in card
        assert "Reason: The dose is wrong." in card
        assert "sms:phones: cannot be recalled there" in card
        assert world.texts("phones", world.sms) == ["HIFA #1 Amina: Give 200 mg of zinc."]
        await until(lambda: [t for t in world.texts("amina") if "has been taken back" in t])
        letter = next(t for t in world.texts("amina") if "has been taken back" in t)
        assert "The moderators write: The dose is wrong." in letter
        await until(lambda: [t for t in world.texts("mods") if "It cannot be taken back there: sms:phones." in t])

        world.chat.writes("amina", "/get 1", user="amina", name="Amina", private=True)
        await until(lambda: [t for t in world.texts("amina") if "Post #1 was taken back." in t])
        # Somebody had read it, and answers what is no longer there: the thread is found, its words are not repeated.
        world.chat.writes("uganda", "I disagree", user="daniel", name="Daniel", reply_to=standing.id)
        await until(lambda: world.card(2))
        assert "Answers #1" in world.card_text(2)
        world.press("Approve", by="peter", number=2)
        await until(lambda: [t for t in world.texts("kenya") if "I disagree" in t])
        answer = next(t for t in world.texts("kenya") if "I disagree" in t)
        assert "Re #1" in answer
        assert "zinc" not in answer


async def test_a_moderator_corrects_a_post(world: World) -> None:
    async with world.bridge():
        await published(world)
        message = next(m.id for m in world.chat.shown("kenya") if "zinc" in m.text)
        await prompted(world, "Correct", "with the corrected wording", "Give 20 mg of zinc.")
        await until(lambda: "(correction)" in world.card_text())
        assert zinc(world, "kenya")[0].count("200 mg") == 1, "nothing changes before it is approved"
        world.press("Approve", by="peter")
        await until(lambda: "Corrected in 2 of 3 groups" in world.card_text())
        for chat in ("kenya", "uganda"):
            (text,) = zinc(world, chat)
            assert text.startswith("HIFA #1 · Amina\n(corrected)\n\nGive 20 mg of zinc.")
        assert next(m.id for m in world.chat.shown("kenya") if "zinc" in m.text) == message
        assert "sms:phones: cannot be corrected there" in world.card_text()
        await until(lambda: [t for t in world.texts("amina") if "A moderator corrected your post #1" in t])
        assert world.texts("phones", world.sms) == ["HIFA #1 Amina: Give 200 mg of zinc."]


async def test_an_author_corrects_their_post_by_editing_their_message(world: World) -> None:
    async with world.bridge():
        message = world.chat.writes("amina", "Give 200 mg of zinc.", user="amina", name="Amina", private=True)

        def edits(text: str) -> None:
            world.chat.does(chat="amina", user="amina", name="Amina", edit=message, text=text, private=True)

        await until(lambda: world.card())
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 3 of 3 groups" in world.card_text())
        edits("Give 20 mg of zinc.")
        await until(lambda: "(correction)" in world.card_text())
        await until(lambda: [t for t in world.texts("amina") if "Your change to post #1 is with the moderators" in t])
        world.press("Approve", by="grace")
        await until(lambda: [t for t in zinc(world, "kenya") if "Give 20 mg of zinc." in t])
        await until(lambda: [t for t in world.texts("amina") if "Your change to post #1 was approved" in t])

        edits("Give 2 mg of zinc.")
        await until(lambda: "Give 2 mg of zinc." in world.card_text())
        card = world.card()
        assert card is not None
        world.chat.writes("mods", "reject: Please ask a pharmacist.", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: [t for t in world.texts("amina") if "Your change to post #1 was not taken over" in t])
        assert "Give 20 mg of zinc." in zinc(world, "kenya")[0]

        edits("Give 3 mg of zinc.")
        await until(lambda: "Give 3 mg of zinc." in world.card_text())
        world.chat.writes("amina", "/withdraw 1", user="amina", name="Amina", private=True)
        await until(lambda: [t for t in world.texts("amina") if "Your change to post #1 is withdrawn." in t])
        await until(lambda: "withdrawn by the author (correction)" in world.card_text())
        assert "Give 20 mg of zinc." in zinc(world, "uganda")[0]


async def test_an_author_asks_to_have_a_post_taken_back(world: World) -> None:
    async with world.bridge():
        world.sms.writes("+254700000001", "Give zinc.", user="+254700000001", private=True)
        await until(lambda: world.card())
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 3 of 3 groups" in world.card_text())
        world.sms.writes("+254700000001", "withdraw 1", user="+254700000001", private=True)

        def told(words: str) -> bool:
            return any(words in text for text in world.texts("+254700000001", world.sms))

        await until(lambda: told("To have it taken back, write: RETRACT 1"))
        world.sms.writes("+254700000001", "RETRACT 1", user="+254700000001", private=True)
        await until(lambda: told("The moderators know that you want #1 to be taken back."))
        await until(lambda: "The author asks to take it back" in world.card_text())
        request = next(m for m in world.chat.shown("mods") if "HIFA #1: the author asks to take it back." in m.text)
        ((_, handle),) = request.buttons
        world.chat.does(chat="mods", user="peter", name="Peter", press=handle, message=request.id)
        await until(lambda: [t for t in world.texts("mods") if "why is it taken back?" in t])
        # A reply to the request does as well as one to the card.
        world.chat.writes("mods", "retract: Its author asked.", user="peter", name="Peter", reply_to=request.id)
        await until(lambda: "Taken back by Peter" in world.card_text())
        await until(lambda: not zinc(world, "kenya"))
        await until(lambda: told("The moderators write: Its author asked."))


async def test_an_author_deletes_the_original_of_a_published_post(world: World) -> None:
    """It stood in its group beside the answer that approved it; the other groups have it still."""
    async with world.bridge():
        world.chat.writes("amina", "/start", user="amina", name="Amina", private=True)
        original = world.chat.writes("uganda", "Give zinc.", user="amina", name="Amina")
        await until(lambda: world.card())
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 3 of 3 groups" in world.card_text())
        world.chat.does(chat="uganda", user="amina", name="Amina", delete=original)
        await until(lambda: "The author asks to take it back" in world.card_text())
        await until(lambda: [t for t in world.texts("amina") if "The moderators know that you want #1" in t])
        assert zinc(world, "kenya")


async def test_a_refused_group_is_tried_again_from_the_card(world: World) -> None:
    async with world.bridge():
        world.chat.trouble("forbidden", chat="kenya")
        world.chat.writes("amina", "Give zinc.", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
        world.press("Approve", by="grace")
        await until(lambda: "chat:kenya: no permission to post there" in world.card_text())
        world.chat.calm()
        world.press("More", by="grace")
        await until(lambda: any("Try again" in label for label in world.labels()))
        world.press("Try again", by="grace")
        await until(lambda: zinc(world, "kenya"))
        await until(lambda: "Arrived in 3 of 3 groups" in world.card_text())


async def test_what_waits_is_shown_again_where_the_moderators_group_has_moved(world: World) -> None:
    async with world.bridge():
        world.chat.writes("amina", "Give zinc.", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
    moved = ChatMoved(account=CHAT, chat=ChatId("mods"), key="moved", at=SystemClock().now(), new_chat=ChatId("mods-2"))
    await database.open_database(f"sqlite://{world.directory}/baraza.db")
    try:
        await inbox.DurableSink(CHAT, SystemClock()).accept([moved])
    finally:
        await database.close_database()
    async with world.bridge():
        await until(lambda: world.card(chat="mods-2"))
        card = world.card(chat="mods-2")
        assert card is not None
        approve = next(handle for label, handle in card.buttons if "Approve" in label)
        world.chat.does(chat="mods-2", user="grace", name="Grace", press=approve, message=card.id)
        await until(lambda: zinc(world, "kenya"))
        assert len([m for m in world.chat.shown("mods-2") if m.text.startswith("HIFA #1 ·")]) == 1


# --- on Telegram ---


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with BotApiSimulator() as simulator:
        yield await populate(simulator)


async def prompted_there(telegram: Telegram, label: str, words: str, said: str) -> None:
    """Press a button on the second page of the newest card that tells of arrivals, and answer the question."""
    while True:
        version = await telegram.users.version()
        card = await telegram.find(telegram.grace, telegram.mods, "Arrived in")
        shown = [button["text"] for line in card["buttons"] for button in line]
        wanted = next((text for text in shown if label in text), None)
        if wanted is not None or any("More" in text for text in shown):
            await telegram.users.press(telegram.grace, telegram.mods, card["id"], text=wanted or "➕ More")
        if wanted is not None:
            break
        await telegram.users.wait(version, 5.0)
    prompt = await telegram.find(telegram.grace, telegram.mods, words)
    await telegram.users.write(telegram.grace, telegram.mods, said, reply_to=prompt["id"])


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, "JPEG")
    return out.getvalue()


async def test_a_photo_on_telegram_is_corrected_under_itself_and_taken_back(tmp_path: Path, telegram: Telegram) -> None:
    config, phone = write_config(tmp_path, telegram=telegram)

    async def there() -> list[dict[str, Any]]:
        shown = await telegram.messages(telegram.amina, telegram.kenya)
        return [message for message in shown if not message["service"]]

    async with running(config):
        await telegram.users.send_file(telegram.amina, telegram.kenya, "photo", picture(), caption="Give 200 mg.")
        await telegram.press(telegram.grace, telegram.mods, "waiting for a decision", "Approve")
        await telegram.find(telegram.grace, telegram.mods, "Arrived in 3 of 3 groups")
        (before,) = await there()
        longer = "Give 20 mg, and read this. " * 60
        await prompted_there(telegram, "Correct", "with the corrected wording", longer)
        await telegram.press(telegram.grace, telegram.mods, "Correction of what is published", "Approve")
        await telegram.find(telegram.grace, telegram.mods, "Corrected in 2 of 3 groups")
        photo, text = await there()
        assert (photo["id"], len(photo["media"]), photo["edited"]) == (before["id"], 1, True)
        assert photo["text"] == "HIFA #1 · Amina Okello", "its caption has no room for the new wording"
        assert text["reply"]["id"] == photo["id"]
        assert "(corrected)" in text["text"]
        assert "Give 20 mg" in text["text"]
        await prompted_there(telegram, "Take it back", "why is it taken back?", "It is wrong all the same.")
        await telegram.find(telegram.grace, telegram.mods, "Taken back in 2 of 3 groups")
        assert await there() == []
        assert len(phone.shown("phones")) == 1


async def test_cards_follow_a_telegram_group_that_becomes_a_supergroup(tmp_path: Path, telegram: Telegram) -> None:
    users = telegram.users
    telegram.mods = await users.create_group(
        "Small moderators", telegram.grace, supergroup=False, members=[telegram.bot]
    )
    config, _ = write_config(tmp_path, telegram=telegram)
    async with running(config):
        await users.write(telegram.amina, telegram.bot, "Give zinc.")
        await telegram.find(telegram.grace, telegram.mods, "waiting for a decision")
        telegram.mods = await users.migrate(telegram.mods)
        answer = await telegram.press(telegram.grace, telegram.mods, "waiting for a decision", "Approve")
        assert answer["text"] == "Done."
        await telegram.find(telegram.grace, telegram.mods, "Arrived in 3 of 3 groups")
