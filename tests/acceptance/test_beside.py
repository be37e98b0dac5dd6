"""A note, a short version and a translation: typed on a phone, previewed, approved, and read by every group."""

from functools import partial
from pathlib import Path

import pytest

from bridge.adapters.loopback.people import Message
from tests.acceptance.world import World, until
from tests.servers import free_port

FRENCH_GROUP = """
[[communities.groups]]
chat = "chat:dakar"
intake = "none"
language = "fr"
"""
TEXT = "We work on this vital area – every day. " + "Mothers ask us about misoprostol at home. " * 30


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port(), options=FRENCH_GROUP)


def prompt(world: World, words: str) -> Message | None:
    return next((m for m in reversed(world.chat.shown("mods")) if words in m.text and not m.user), None)


async def answer(world: World, words: str, text: str, *, by: str = "grace") -> None:
    """Reply to the message that a button led to."""
    await until(lambda: prompt(world, words))
    asked = prompt(world, words)
    assert asked is not None
    world.chat.writes("mods", text, user=by, name=by.title(), reply_to=asked.id)


def offers(world: World, label: str) -> bool:
    return any(label in shown for shown in world.labels())


async def open_view(world: World, *labels: str, until_shown: str) -> None:
    for label in labels:
        await until(partial(offers, world, label))
        world.press(label, by="grace")
    await until(partial(offers, world, until_shown))


async def test_everything_beside_the_words_reaches_every_group_as_previewed(world: World) -> None:
    async with world.bridge():
        world.chat.writes("kenya", TEXT, user="amina", name="Amina Okello")
        await until(lambda: world.card())
        await open_view(world, "More", until_shown="Add a note")
        world.press("Add a note", by="grace")
        await answer(world, "with your note", "“on this vital area” - see the WHO guideline.")
        await until(lambda: "📝 Note (G): see the WHO guideline. (beside “on this vital area”)" in world.card_text())
        await open_view(world, "Further", until_shown="Short version")
        world.press("Short version", by="grace")
        await answer(world, "a short version for SMS", "Mothers ask about misoprostol at home – what to say?")
        await until(lambda: prompt(world, "Kept. With its heading it is 2 SMS (GSM-7) for each reader."))
        card = world.card()
        assert card is not None
        said = "translation: fr, by Jean Dupont: Nous travaillons sur ce sujet vital."
        world.chat.writes("mods", said, user="peter", name="Peter", reply_to=card.id)
        await until(lambda: prompt(world, "Kept. 1 group receives it in place of the original: French."))
        await until(lambda: "Translation into French, by Jean Dupont" in world.card_text())
        await open_view(world, "Back", until_shown="Preview")
        world.press("Preview", by="grace")
        await until(lambda: prompt(world, "SMS, in English: 1 group"))
        preview = [m for m in world.chat.shown("mods") if "\n──────\n" in m.text]
        assert len(preview) == 3, "Kenya and Uganda receive the same"
        assert not world.texts("uganda"), "nothing is sent before the decision"
        world.chat.writes("mods", "approve", user="grace", name="Grace", reply_to=preview[-1].id)
        await until(lambda: "Arrived in 4 of 4 groups" in world.card_text())

        note = "[*Note from HIFA moderator (G): see the WHO guideline.]"
        kenya, dakar = world.texts("kenya")[-1], world.texts("dakar")[-1]
        assert kenya.startswith("HIFA #1 · Amina Okello\n\nWe work on this vital area [*see note below] – every day.")
        assert kenya.endswith(note)
        assert world.texts("uganda")[-1] == kenya
        assert dakar.startswith("HIFA #1 · Amina Okello\n")
        assert "Jean Dupont" in dakar
        assert "Nous travaillons sur ce sujet vital." in dakar
        assert "Mothers ask" not in dakar
        assert "see the WHO guideline" in dakar
        phones = world.texts("phones", world.sms)
        assert phones[1:] == []
        assert phones[0].startswith("HIFA #1 Amina Okello: Mothers ask about misoprostol at home - what to say? [short")
        assert phones[0].endswith('GET 1] [Note from moderator G: "on this vital area": see the WHO guideline.]')
        shown = {m.text.split("\n──────\n", 1)[1] for m in preview}
        assert shown == {kenya, dakar, phones[0]}

        world.sms.writes("+254700000001", "GET 1", user="+254700000001", private=True)
        await until(lambda: [t for t in world.texts("+254700000001", world.sms) if "Note from moderator" in t])
        whole = "".join(world.texts("+254700000001", world.sms))
        assert whole.count("Mothers ask us about misoprostol at home.") == 30
        assert "We work on this vital area [*] - every day." in whole
        world.chat.writes("fatou", "get 1", user="fatou", name="Fatou", private=True)
        await until(lambda: [t for t in world.texts("fatou") if TEXT[:12] in t])
        assert not [t for t in world.texts("fatou") if "Nous travaillons" in t], "the original can be read"


async def test_a_passage_that_is_not_there_and_a_note_taken_away(world: World) -> None:
    async with world.bridge():
        world.chat.writes("kenya", "Give 200 mg", user="amina", name="Amina")
        await until(lambda: world.card())
        card = world.card()
        assert card is not None

        def say(text: str) -> None:
            world.chat.writes("mods", text, user="grace", name="Grace", reply_to=card.id)

        say('note: "give 20 mg" - which?')
        await until(lambda: prompt(world, "That passage is not in #1 as it now stands. Nothing was done."))
        say('note: "200 MG" - which?')
        await until(lambda: "📝 Note (G): which? (beside “200 mg”)" in world.card_text())
        say("note: -")
        await until(lambda: "📝" not in world.card_text())
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 4 of 4 groups" in world.card_text())
        assert not [t for t in world.texts("uganda") if "Note" in t or "*" in t]


async def test_a_translation_of_an_older_wording_is_not_sent_silently_or_otherwise(world: World) -> None:
    async with world.bridge():
        message = world.chat.writes("amina", "Give 200 mg", user="amina", name="Amina", private=True)
        await until(lambda: world.card())
        card = world.card()
        assert card is not None
        world.chat.writes("mods", "translation: fr: Donnez 200 mg", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: "Translation into French, by Grace: “Donnez 200 mg”" in world.card_text())
        world.chat.does(chat="amina", user="amina", name="Amina", edit=message, text="Give 20 mg", private=True)
        await until(
            lambda: "The translation into French is of an older wording and will not go out" in world.card_text()
        )
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 4 of 4 groups" in world.card_text())
        assert "Give 20 mg" in world.texts("dakar")[-1]
        assert not [t for t in world.texts("dakar") if "200" in t]
