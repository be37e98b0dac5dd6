"""Joining, preferences and private copies through the whole program, as people with phones and moderators see them."""

import re
from pathlib import Path

import pytest

from bridge.rendering.sms import segments
from bridge.rendering.words import words
from tests.acceptance.world import World, until
from tests.servers import free_port

PHONE = "+254700000001"


def make(directory: Path, options: str = "") -> World:
    return World(directory, free_port(), options=options)


def writes(world: World, text: str, *, user: str = "amina", **more: object) -> str:
    return world.chat.writes(user, text, user=user, name=user.title(), private=True, **more)


def sms(world: World, text: str) -> None:
    world.sms.writes(PHONE, text, user=PHONE, private=True)


def told(world: World, user: str = "amina") -> list[str]:
    return world.texts(user)


async def hears(world: World, words: str, user: str = "amina") -> str:
    await until(lambda: [t for t in told(world, user) if words in t])
    return [t for t in told(world, user) if words in t][-1]


async def phone_hears(world: World, words: str) -> str:
    await until(lambda: [t for t in world.texts(PHONE, world.sms) if words in t])
    return [t for t in world.texts(PHONE, world.sms) if words in t][-1]


def presses(world: World, label: str, *, user: str = "amina", chat: str = "") -> None:
    """The newest button of that label in a chat."""
    found = [
        (message.id, handle)
        for message in world.chat.shown(chat or user)
        if not message.user
        for text, handle in message.buttons
        if label in text
    ]
    message, handle = found[-1]
    world.chat.does(chat=chat or user, user=user, name=user.title(), press=handle, message=message)


async def in_channel(world: World, words: str) -> str:
    await until(lambda: [t for t in world.texts("mods") if words in t])
    return [t for t in world.texts("mods") if words in t][-1]


async def carded(world: World, words: str, number: int = 1) -> None:
    await until(lambda: words in world.card_text(number))


async def test_start_join_and_choose_how_to_read(tmp_path: Path) -> None:
    world = make(tmp_path)
    async with world.bridge():
        writes(world, "/start hifa")
        assert "Welcome to HIFA" in await hears(world, "Welcome to HIFA")
        await hears(world, "Do you want to become a member of HIFA?")
        presses(world, "Not now")
        await hears(world, "Whenever you like")
        writes(world, "/join")
        await hears(world, "you are now a member of HIFA")
        presses(world, "A digest every day")
        await hears(world, "You read HIFA: a digest every day at 07:00.")
        await hears(world, "May I ask you 9 short questions")  # nothing of theirs is being read yet
        writes(world, "/join hifa")
        await hears(world, "You are a member of HIFA. /settings")
        # asked again, the menu says what is set, and changes it by a number
        writes(world, "/settings")
        menu = await hears(world, "What is set for you in HIFA")
        assert "1. Reading: a digest every day at 07:00" in menu
        assert "5. Time zone: UTC" in menu
        presses(world, "Time zone")
        await hears(world, "Which is your time zone?")
        writes(world, "Kampala")
        await hears(world, "Your time zone is Africa/Kampala")
        writes(world, "/away 3 days")
        await hears(world, "Nothing of HIFA is sent to you until")
        writes(world, "/back")
        await hears(world, "Welcome back")
        writes(world, "/leave")
        await hears(world, "Do you want to leave HIFA?")
        writes(world, "1")
        assert "JOIN hifa" in await hears(world, "You have left HIFA")
        writes(world, "/settings")
        await hears(world, "You are not a member of HIFA")
        assert world.card() is None


async def test_the_language_is_changed_in_the_middle_of_it(tmp_path: Path) -> None:
    world = make(tmp_path)
    async with world.bridge():
        writes(world, "/start hifa")
        await hears(world, "Do you want to become a member of HIFA?")
        presses(world, "Lugha")
        await hears(world, "Which language do you want?")
        presses(world, "Kiswahili")
        swahili = words("sw")
        await hears(world, swahili._("Do you want to become a member of {community}?", community="HIFA"))
        presses(world, swahili._("Join"))
        await hears(world, "Unataka kusoma HIFA")


async def test_by_words_on_a_plain_phone(tmp_path: Path) -> None:
    world = make(tmp_path)
    async with world.bridge():
        sms(world, "daily")
        await phone_hears(world, "You are not a member of HIFA. Write JOIN")
        sms(world, "JOIN")
        welcome = await phone_hears(world, "You are now a member of HIFA")
        assert segments(welcome).count <= 2
        sms(world, "Weekly")
        await phone_hears(world, "You read HIFA: a digest every Monday at 07:00.")
        sms(world, "pausa")
        await phone_hears(world, "Nothing of HIFA is sent to you until")
        sms(world, "BACK")
        await phone_hears(world, "Welcome back")
        sms(world, "HELP")
        await phone_hears(world, "Write me a message to post it to HIFA")
        await phone_hears(world, "FORGET")
        sms(world, "SETTINGS")
        await phone_hears(world, "4. Hour of digests: 07:00")
        sms(world, "4")
        assert "choose. 06:00, 07:00" in await phone_hears(world, "At what hour")
        sms(world, "8")
        await phone_hears(world, "Digests come at 08:00")
        sms(world, "Join us on Friday in Kisumu")  # a message
        await until(lambda: world.card())
        assert "Join us on Friday" in world.card_text()
        sms(world, "Stop")
        await phone_hears(world, "I write to you no more")
        count = len(world.texts(PHONE, world.sms))
        sms(world, "STOP")
        sms(world, "JOIN")
        await phone_hears(world, "You are a member of HIFA")
        assert len(world.texts(PHONE, world.sms)) == count + 1


async def test_a_moderator_lets_people_in(tmp_path: Path) -> None:
    world = make(tmp_path, 'joining = "approval"')
    async with world.bridge():
        writes(world, "/join")
        await hears(world, "A moderator lets new members into HIFA")
        writes(world, "I am a nurse in Kitui and want to learn.")
        await hears(world, "The moderators of HIFA decide soon")
        card = await in_channel(world, "wants to join")
        assert "I am a nurse in Kitui" in card
        presses(world, "Approve", user="grace", chat="mods")
        await hears(world, "you are now a member of HIFA")
        writes(world, "Is zinc safe?")
        await carded(world, "member since")


async def test_the_first_post_is_the_interview(tmp_path: Path) -> None:
    world = make(tmp_path, 'joining = "approval"\n[[communities.rules]]\nif = "all"\nthen = "approve"\n')
    async with world.bridge():
        writes(world, "Is zinc safe for children?")
        assert "You are not a member of HIFA yet" in await hears(world, "Your post #1")
        await carded(world, "not a member yet")
        assert "its author is not a member yet: approving it lets them in" in world.card_text()
        world.press("Approve", by="grace")
        await hears(world, "you are now a member of HIFA")
        await carded(world, "member since")
        # a member's post goes by the rules alone
        writes(world, "And for babies?")
        await until(lambda: [t for t in world.texts("kenya") if "And for babies?" in t])


async def test_by_invitation_alone(tmp_path: Path) -> None:
    world = make(tmp_path, 'joining = "invitation"')
    async with world.bridge():
        writes(world, "Is zinc safe for children?")
        assert "JOIN and the code" in await hears(world, "by invitation")
        world.chat.writes("mods", "/invite 1 7", user="grace", name="Grace")
        said = await in_channel(world, "lets 1 person into HIFA")
        code = re.findall(r"\b\w{4}-\w{4}\b", said)[0]
        assert f"JOIN {code}" in said
        writes(world, "/join")
        await hears(world, "Please write your invitation code")
        writes(world, code.lower())
        await hears(world, "you are now a member of HIFA")
        writes(world, "Is zinc safe for children?")
        await carded(world, "Is zinc safe for children?")
        writes(world, f"JOIN {code}", user="joseph")
        await hears(world, "That invitation lets nobody in any more", "joseph")
        world.chat.writes("mods", "/invite list", user="grace", name="Grace")
        await in_channel(world, "No invitation lets anybody in now")
        world.chat.writes("mods", "/invite 5", user="mallory", name="Mallory")
        await until(lambda: len(world.texts("mods")) >= 4)
        assert not [t for t in world.texts("mods") if "lets 5 people" in t]


async def joined(world: World, user: str, label: str) -> None:
    writes(world, "/join", user=user)
    await hears(world, "How do you want to read HIFA?", user)
    presses(world, label, user=user)
    await hears(world, "You read HIFA", user)


async def test_private_copies_follow_their_post(tmp_path: Path) -> None:
    world = make(tmp_path, 'senior_ids = ["chat:grace"]')
    async with world.bridge():
        await joined(world, "amina", "Each message at once")
        await joined(world, "joseph", "Each message at once")
        sms(world, "JOIN")
        await phone_hears(world, "You are now a member")
        sms(world, "IMMEDIATE")
        await phone_hears(world, "each message at once")
        writes(world, "Is zinc safe for children?")
        await carded(world, "Is zinc safe")
        world.press("Approve", by="grace")
        copy = await hears(world, "HIFA #1 · Amina", "joseph")
        assert "Is zinc safe for children?" in copy
        assert "Is zinc safe for children?" in await phone_hears(world, "HIFA #1")
        await carded(world, "Private copies: 2 of 2")
        assert not [t for t in told(world) if "HIFA #1 · Amina" in t]  # not her own
        # who replies to a copy answers the post
        message = next(m for m in world.chat.shown("joseph") if not m.user and "HIFA #1 · Amina" in m.text)
        writes(world, "Yes, from two months on.", user="joseph", reply_to=message.id)
        await carded(world, "Answers #1", 2)
        world.press("Approve", by="grace", number=2)
        assert "Yes, from two months on." in await hears(world, "HIFA #2 · Joseph", "amina")
        # a correction changes it, and follows where nothing can be changed
        card = world.card(1)
        assert card is not None
        world.chat.writes("mods", "correct: Is zinc safe for infants?", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: len([1 for m in world.chat.shown("mods") if "(correction)" in m.text and not m.user]) > 0)
        presses(world, "Approve", user="grace", chat="mods")
        await until(lambda: [t for t in told(world, "joseph") if "Is zinc safe for infants?" in t])
        assert not [t for t in told(world, "joseph") if "HIFA #1" in t and "children" in t]
        await phone_hears(world, "Is zinc safe for infants?")
        # taken back it is gone, and words say so where it cannot go
        card = world.card(1)
        assert card is not None
        world.chat.writes("mods", "retract: It names a patient.", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: not [t for t in told(world, "joseph") if "Is zinc safe for infants?" in t])
        await phone_hears(world, "HIFA #1 was taken back")


@pytest.mark.parametrize("words", ["STOP", "stop.", "Arrêter", "ACHA"])
async def test_stop_is_heard_before_anything_else(tmp_path: Path, words: str) -> None:
    world = make(tmp_path)
    async with world.bridge():
        await joined(world, "joseph", "Each message at once")
        writes(world, "/profile", user="joseph")
        await hears(world, "1 of 9", "joseph")
        writes(world, words, user="joseph")
        await hears(world, "I write to you no more", "joseph")
        count = len(told(world, "joseph"))
        writes(world, "Is zinc safe for children?")
        await carded(world, "Is zinc safe")
        world.press("Approve", by="grace")
        await until(lambda: [t for t in world.texts("kenya") if "Is zinc safe" in t])
        writes(world, "/settings", user="joseph")
        assert "Reading: nothing privately" in await hears(world, "What is set for you", "joseph")
        assert len(told(world, "joseph")) == count + 1
