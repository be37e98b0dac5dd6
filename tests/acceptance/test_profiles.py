"""Profiles through the real program: with buttons, on a phone that knows only SMS, and in every group's own form."""

from pathlib import Path

import pytest

from tests.acceptance.test_review_findings import heard, last, presses, rows, says, settled
from tests.acceptance.world import World, until
from tests.servers import free_port

PHONE = "+254700000001"
OWN = """
review_profiles = false
[[communities.profile]]
id = "name"
required = true
[[communities.profile]]
id = "role"
[[communities.profile]]
id = "organisation"
[[communities.profile]]
id = "country"
[[communities.profile]]
id = "email"
[[communities.profile]]
id = "years"
label.en = "Years of practice"
label.fr = "Années d'exercice"
question.en = "For how many years have you practised?"
max_length = 10
[[communities.groups]]
chat = "chat:congo"
intake = "none"
language = "fr"
[[communities.groups]]
chat = "chat:busy"
intake = "none"
card = "two_lines"
"""
ASKING = """
without_profile = "ask"
"""


def make(directory: Path, options: str = "") -> World:
    return World(directory, free_port(), options=options)


def texts(world: World, text: str) -> None:
    """Somebody sends an SMS."""
    world.sms.writes(PHONE, text, user=PHONE, private=True)


async def phone_hears(world: World, words: str, times: int = 1) -> str:
    def found() -> list[str]:
        return [text for text in world.texts(PHONE, world.sms) if words in text]

    await until(lambda: len(found()) >= times)
    return found()[-1]


async def in_chat(world: World, chat: str, words: str) -> str:
    await until(lambda: [t for t in world.texts(chat) if words in t])
    return next(t for t in world.texts(chat) if words in t)


async def test_by_buttons_and_every_group_in_its_form_and_language(tmp_path: Path) -> None:
    world = make(tmp_path, OWN)
    async with world.bridge():
        says(world, "Boil the water")
        offer = await heard(world, "may I ask you 6 short questions")
        presses(world, offer, "Yes, ask")
        await heard(world, "1 of 6")
        says(world, "Amina Okello")
        question = await heard(world, "2 of 6. What is your role?")
        assert [label for label, _ in question.buttons] == ["Skip", "Back", "Not now"]
        says(world, "midwife")
        await heard(world, "3 of 6")
        says(world, "Kisumu Clinic +254 712 345 678")
        await heard(world, "4 of 6")
        says(world, "Kongo")
        await heard(world, "I do not know a country called “Kongo”")
        says(world, "RDC")
        await heard(world, "5 of 6")
        says(world, "Amina@Example.org")
        await heard(world, "6 of 6. For how many years have you practised?")
        says(world, "12")
        card = await heard(world, "May I show it?")
        assert "Years of practice: 12." in card.text
        assert "⚠️ Organisation holds a telephone number (+254 712 345 678)." in card.text
        assert "Example" not in card.text, "an address is shown to nobody who was not told to show it"
        assert "Not shown: E-mail." in card.text
        presses(world, card, "Leave out: Organisation")
        await until(lambda: len([t for t in world.texts("amina") if "May I show it?" in t]) == 2)
        presses(world, last(world, "May I show it?"), "Show: E-mail")
        await heard(world, "Email: Amina AT example.org")
        presses(world, last(world, "May I show it?"), "Show it")
        await heard(world, "It will stand under your posts")
        await until(lambda: "Amina Okello is a midwife in Congo - Kinshasa" in world.card_text())
        # Nobody presses within the moment between the card's edit and our record of it; a test does.
        under_way = "select count(*) from delivery where kind = 'card' and state != 'delivered'"
        await until(lambda: rows(world, under_way) == [(0,)])
        world.press("Approve", by="grace")
        post = await in_chat(world, "kenya", "Boil the water")
        assert post.endswith(
            "HIFA profile: Amina Okello is a midwife in Congo - Kinshasa. Years of practice: 12. "
            "Email: Amina AT example.org"
        )
        french = await in_chat(world, "congo", "Boil the water")
        assert french.replace("\u00a0", " ").endswith(
            "Profil HIFA : Amina Okello, midwife (Congo-Kinshasa). Années d'exercice : 12. "
            "E-mail : Amina AT example.org"
        )
        busy = await in_chat(world, "busy", "Boil the water")
        assert busy.endswith("\n\nAmina Okello, midwife\nCongo - Kinshasa · Amina AT example.org")
        await until(lambda: world.texts("phones", world.sms))
        assert world.texts("phones", world.sms) == ["HIFA #1 Amina Okello, midwife, Congo - Kinshasa: Boil the water"]


async def test_one_field_by_button_and_by_command(tmp_path: Path) -> None:
    world = make(tmp_path, OWN)
    async with world.bridge():
        says(world, "/profile role midwife")
        card = await heard(world, "May I show it?")
        presses(world, card, "Show it")
        await heard(world, "It will stand under your posts")
        says(world, "/profile")
        menu = await heard(world, "Your profile in HIFA:")
        assert "2. Role: midwife" in menu.text
        presses(world, menu, "4. Country")
        await heard(world, "In which country?")
        says(world, "Kenia")
        await until(lambda: len([t for t in world.texts("amina") if "It will stand under your posts" in t]) == 2)
        says(world, "/profile")
        await until(lambda: [t for t in world.texts("amina") if "4. Country: Kenya" in t])
        presses(world, menu, "4. Country")
        await until(lambda: len([t for t in world.texts("amina") if "In which country?" in t]) == 2)
        says(world, "/profile country Ouganda")
        await until(lambda: len([t for t in world.texts("amina") if "It will stand under your posts" in t]) == 3)
        assert rows(world, "select count(*) from review") == [(0,)]
        says(world, "Boil the water")
        await until(lambda: "is a midwife in Uganda" in world.card_text())


async def test_the_same_on_a_phone_that_knows_only_sms(tmp_path: Path) -> None:
    world = make(tmp_path, OWN)
    async with world.bridge():
        texts(world, "PROFILE")
        assert (await phone_hears(world, "1 of 6")).endswith("(Or write: skip, later)")
        texts(world, "Ngugi wa Thiong'o")
        await phone_hears(world, "2 of 6")
        texts(world, "clinical officer")
        await phone_hears(world, "3 of 6")
        texts(world, "back")
        assert "(Now: clinical officer)" in await phone_hears(world, "2 of 6", times=2)
        texts(world, "skip")
        await phone_hears(world, "3 of 6", times=2)
        texts(world, "later")
        await phone_hears(world, "Whenever you like")
        texts(world, "profile")
        await phone_hears(world, "3 of 6", times=3)
        texts(world, "skip")
        await phone_hears(world, "4 of 6")
        texts(world, "Keniya")
        await phone_hears(world, "Do you mean Kenya?")
        texts(world, "yes")
        await phone_hears(world, "5 of 6")
        texts(world, "skip")
        await phone_hears(world, "6 of 6")
        texts(world, "skip")
        card = await phone_hears(world, "May I show it?")
        assert "is a clinical officer in Kenya." in card
        texts(world, "hide role")
        await phone_hears(world, "Not shown: Role.")
        texts(world, "show role")
        await until(lambda: len([t for t in world.texts(PHONE, world.sms) if "May I show it?" in t]) == 3)
        texts(world, "yes")
        await phone_hears(world, "It will stand under your posts")
        texts(world, "profile country Uganda")
        await phone_hears(world, "It will stand under your posts", times=2)
        texts(world, "Profile of our clinic: 12 beds and no ORS")
        await until(lambda: "Profile of our clinic: 12 beds" in world.card_text())
        assert "Ngugi wa Thiong'o is a clinical officer in Uganda." in world.card_text()
        world.press("Approve", by="grace")
        await until(lambda: world.texts("phones", world.sms))
        post = world.texts("phones", world.sms)[0]
        assert post.startswith("HIFA #1 Ngugi wa Thiong'o, clinical officer, UG: Profile")
        for text in world.texts(PHONE, world.sms):
            assert len(text) <= 459


async def test_a_first_profile_is_approved_with_its_post(tmp_path: Path) -> None:
    world = make(tmp_path)
    async with world.bridge():
        says(world, "Boil the water")
        await heard(world, "9 short questions")
        says(world, "/profile role midwife")
        presses(world, await heard(world, "May I show it?"), "Show it")
        await heard(world, "together with the post that waits")
        await until(lambda: "this profile was not seen before" in world.card_text())
        old = world.card()
        assert old is not None
        approve = next(handle for label, handle in old.buttons if "Approve" in label)
        says(world, "/profile role Minister of Health")
        await until(lambda: len([t for t in world.texts("amina") if "together with the post" in t]) == 2)
        await settled(world)
        assert "is a Minister of Health" in world.card_text()
        world.chat.does(chat="mods", user="grace", name="Grace", press=approve, message=old.id)
        await in_chat(world, "kenya", "is a Minister of Health.")
        assert rows(world, "select version, state from profile order by version") == [(1, "replaced"), (2, "approved")]


async def test_a_post_waits_until_its_author_says_who_they_are(tmp_path: Path) -> None:
    world = make(tmp_path, ASKING)
    async with world.bridge():
        texts(world, "Boil the water")
        told = await phone_hears(world, "Still missing: Full name, Role, Country. Write PROFILE to answer.")
        assert told.startswith("Before your post can go out")
        await until(lambda: "Cannot be approved before" in world.card_text())
        world.press("Approve", by="grace")
        await until(lambda: [x for x in world.chat.sent() if "asked again" in str(x.get("text"))])
        assert not world.texts("kenya")
        for text in ("profile name Daniel Mwangi", "yes", "profile role nurse", "profile country Kenya"):
            texts(world, text)
            await settled(world)
        await until(lambda: "Cannot be approved" not in world.card_text())
        world.press("Approve", by="grace")
        await in_chat(world, "kenya", "HIFA profile: Daniel Mwangi is a nurse in Kenya.")


async def test_a_command_in_a_group_is_no_post(tmp_path: Path) -> None:
    world = make(tmp_path, OWN)
    async with world.bridge():
        world.chat.writes("kenya", "/profile country Kenya", user="amina", name="Amina")
        await in_chat(world, "kenya", "I answer that privately")
        assert rows(world, "select count(*) from review") == [(0,)]


@pytest.mark.parametrize(
    "name", ["W" * 300, "\u202eamina\u202c \u0000", "Amina\u0301\u0301\u0301\u0301\u0301\u0301 👩🏾‍⚕️", "<b>{x}</b> *y*"]
)
async def test_odd_answers_break_nothing(tmp_path: Path, name: str) -> None:
    world = make(tmp_path, OWN)
    async with world.bridge():
        says(world, "/profile")
        await heard(world, "1 of 6")
        says(world, name)
        await settled(world)
        assert rows(world, "select count(*) from inbox where state = 'parked'") == [(0,)]
        shown = "".join(world.texts("amina"))
        assert "\u202e" not in shown
        assert "2 of 6" in shown or "at most 64 characters" in shown
