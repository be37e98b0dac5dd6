"""A community's rules, from the phones of its members and moderators."""

import time
from pathlib import Path

from tests.acceptance.world import World, until
from tests.servers import free_port

TRUSTING = """
[[communities.rules]]
if = "trusted"
then = "approve"
[[communities.rules]]
if = "privacy"
then = "hold"
[[communities.rules]]
if = "words"
words = ["insulin"]
then = "second"
"""
FEW = """
[[communities.rules]]
if = "author_quota"
over = 2
hours = 1
then = "refuse"
[[communities.rules]]
if = "all"
then = "hold"
"""
PATIENT = "Mary Atieno has malaria, call her mother on +254 712 345 678"


def a_world(tmp_path: Path, options: str = "") -> World:
    return World(tmp_path, free_port(), options=options)


async def told(world: World, chat: str, *phrases: str) -> str:
    """What the bot says in a chat, once it says all of that."""

    def found() -> list[str]:
        people = world.sms if chat.startswith("+") else world.chat
        return [text for text in world.texts(chat, people) if all(phrase in text for phrase in phrases)]

    await until(found)
    return found()[-1]


async def test_the_author_is_asked_in_private_and_the_moderator_sees_it(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    async with world.bridge():
        world.chat.writes("kenya", PATIENT, user="amina", name="Amina")
        await until(lambda: "🔎 a telephone number: +254 712 345 678" in world.card_text())
        receipt = await told(world, "amina", "Did you mean to share this?")
        assert "a telephone number “+254 712 345 678”" in receipt
        assert "it reaches 3 groups" in receipt
        withdraw = next(m for m in world.chat.shown("amina") if "Did you mean" in m.text)
        world.chat.does(chat="amina", user="amina", name="Amina", press=withdraw.buttons[0][1], message=withdraw.id)
        await until(lambda: "withdrawn" in world.card_text())
        assert not [text for chat in ("kenya", "uganda") for text in world.texts(chat) if "Did you mean" in text]


async def test_who_writes_by_sms_is_told_what_to_write(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    async with world.bridge():
        world.sms.writes("+254700000001", PATIENT, user="+254700000001", private=True)
        await told(world, "+254700000001", "Did you mean to share this?", "write WITHDRAW 1")
        world.sms.writes("+254700000001", "withdraw 1", user="+254700000001", private=True)
        await until(lambda: "withdrawn" in world.card_text())


async def test_trusted_by_one_press_and_published_unread_from_then_on(tmp_path: Path) -> None:
    world = a_world(tmp_path, TRUSTING)
    async with world.bridge():
        world.chat.writes("kenya", "Our clinic is open again", user="amina", name="Amina")
        await until(lambda: "Held because no rule lets it out unread" in world.card_text(1))
        card = world.card(1)
        assert card is not None
        world.chat.writes("mods", "trust", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: "Approved by Grace" in world.card_text(1))
        world.chat.writes("kenya", "And on Sundays, too", user="amina", name="Amina")
        await until(lambda: [text for text in world.texts("uganda") if "And on Sundays, too" in text])
        await until(lambda: "Arrived in 3 of 3" in world.card_text(2))
        assert "Published by the community's rules" in world.card_text(2)
        assert len([text for text in world.texts("kenya") if "Sundays" in text]) == 1
        await told(world, "amina", "Your post #2 was approved")
        world.chat.writes("kenya", PATIENT, user="amina", name="Amina")
        await until(lambda: "Held because it may identify somebody" in world.card_text(3))
        world.chat.writes("kenya", "Where is insulin?", user="amina", name="Amina")
        await until(lambda: "Held because it says “insulin”" in world.card_text(4))
        world.press("Approve", by="grace", number=4)
        await until(lambda: "Approved by 1 of 2: Grace" in world.card_text(4))
        assert not [text for text in world.texts("uganda") if "insulin" in text]
        world.press("Approve", by="peter", number=4)
        await until(lambda: [text for text in world.texts("uganda") if "Where is insulin?" in text])


async def test_hold_everything(tmp_path: Path) -> None:
    world = a_world(tmp_path, 'senior_ids = ["chat:ruth"]\n' + TRUSTING.replace("trusted", "all"))
    async with world.bridge():
        world.chat.writes("mods", "/emergency on", user="ruth", name="Ruth")
        await told(world, "mods", "hold everything")
        world.chat.writes("uganda", "Is the bridge open?", user="amina", name="Amina")
        await until(lambda: "Held because everything is held at present" in world.card_text())
        world.chat.writes("mods", "/emergency off", user="ruth", name="Ruth")
        await told(world, "mods", "is off again")
        world.chat.writes("uganda", "And now?", user="amina", name="Amina")
        await until(lambda: [text for text in world.texts("kenya") if "And now?" in text])
        assert "waiting for a decision" in world.card_text(1)


async def test_an_original_that_stays_is_said_on_its_card(tmp_path: Path) -> None:
    world = a_world(tmp_path)
    async with world.bridge():
        world.chat.trouble("forbidden", chat="kenya")
        original = world.chat.writes("kenya", "Is zinc safe?", user="amina", name="Amina")
        await until(lambda: "its original could not be removed from the group" in world.card_text())
        await told(world, "mods", "I may not remove messages there")
        world.chat.calm()
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 3 of 3" in world.card_text())
        assert [m.id for m in world.chat.shown("kenya") if m.text == "Is zinc safe?"] == [original]
        assert [m for m in world.chat.shown("kenya") if m.reply_to == original and "HIFA #1" in m.text]


async def test_too_much_comes_back_to_its_author(tmp_path: Path) -> None:
    world = a_world(tmp_path, FEW)
    async with world.bridge():
        for text in ("One", "Two", "Three, on zinc"):
            world.chat.writes("kenya", text, user="amina", name="Amina")
        said = await told(world, "amina", "at most 2 from one person within 1 hour")
        assert "Please send it again after" in said
        assert said.endswith("Three, on zinc")
        await until(lambda: not [m for m in world.chat.shown("kenya") if m.user])
        await until(lambda: world.card(2))
        assert world.card(3) is None


async def test_a_flood_holds_up_nobody(tmp_path: Path) -> None:
    """Two hundred messages of one member, as fast as the network takes them, and one of another's among them."""
    world = a_world(tmp_path)
    async with world.bridge():
        for number in range(200):
            world.chat.writes("kenya", f"Buy soap number {number}", user="mallory", name="Mallory")
        sent = time.monotonic()
        world.chat.writes("uganda", "A child has a fever", user="amina", name="Amina")
        await until(lambda: [m for m in world.chat.shown("mods") if "A child has a fever" in m.text])
        took = time.monotonic() - sent
        assert took < 10
        card = next(m for m in world.chat.shown("mods") if "A child has a fever" in m.text)
        approve = next(handle for label, handle in card.buttons if "Approve" in label)
        world.chat.does(chat="mods", user="grace", name="Grace", press=approve, message=card.id)
        await until(lambda: [text for text in world.texts("kenya") if "A child has a fever" in text])
        # Nothing is lost silently: what is held has a receipt, of the rest its author has been told, and all is gone.
        await until(lambda: not [m for m in world.chat.shown("kenya") if m.user], seconds=60)
        held = [text for text in world.texts("mallory") if "with the moderators" in text]
        assert len(held) == 12
        refused = [text for text in world.texts("mallory") if "at most 12 from one person within 1 hour" in text]
        assert len(refused) == 1
        assert "Until then that holds for further messages of yours" in refused[0]
        await until(lambda: len([t for t in world.texts("mallory") if "Here it is" in t and "soap number" in t]) == 188)
        public = [line for line in world.chat.sent() if line.get("chat") == "kenya" and line.get("op") == "send"]
        assert len(public) == 1, "the group is not answered two hundred times"
