"""Everything a message can be, on its way through a whole bridge: albums, edits of files, places, polls, voices."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.loopback.adapter import RichLoopbackAdapter
from bridge.adapters.loopback.capabilities import RICH
from bridge.adapters.loopback.people import Message
from bridge.core.ids import ChatId
from bridge.core.message import AttachmentKind, Content
from tests.acceptance.world import World, until
from tests.servers import free_port

VOICE = AttachmentKind.VOICE
AMINA = {"user": "amina", "name": "Amina"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port())


def says(world: World, text: str = "", chat: str = "kenya", **more: Any) -> str:
    return world.chat.does(chat=chat, text=text, private=chat == "amina", **AMINA, **more)


def file(world: World, name: str) -> str:
    return world.chat.shares(name, f"This is {name}".encode())


def bots(world: World, chat: str = "uganda") -> list[Message]:
    return [message for message in world.chat.shown(chat) if not message.user]


@asynccontextmanager
async def albums_of_three(world: World) -> AsyncIterator[list[str]]:
    """Amina has sent three documents as one, each with words of its own."""
    async with world.bridge():
        ids = [says(world, f"Caption {n}", file=file(world, f"{n}.txt"), album="a1") for n in (1, 2, 3)]
        await until(lambda: "Caption 3" in world.card_text())
        yield ids


async def approved(world: World, groups: int = 3, *, after: str = "") -> None:
    """``after``: the id of the card that another one takes the place of."""
    await until(lambda: shown(world) != after and any("Approve" in label for label in world.labels()))
    world.press("Approve", by="grace")
    await until(lambda: f"Arrived in {groups} of {groups} groups" in world.card_text())


def shown(world: World) -> str:
    """The id of the newest card."""
    card = world.card()
    return "" if card is None else card.id


async def test_an_album_is_carried_answered_and_taken_back_as_one(world: World) -> None:
    async with albums_of_three(world):
        await approved(world)
        album = bots(world)
        assert [len(message.files) for message in album] == [1, 1, 1]
        assert "Caption 1\nCaption 2\nCaption 3" in album[0].text
        assert "GET" not in world.texts("phones", world.sms)[0]
        says(world, "Thank you", chat="uganda", reply_to=album[2].id)
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=2)
        await until(lambda: len(bots(world, "kenya")) == 4)
        assert bots(world, "kenya")[3].reply_to == bots(world, "kenya")[2].id, "the same item of the album"
        card = world.card()
        assert card is not None
        world.chat.writes("mods", "retract: wrong list", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: len(bots(world, "kenya")) == 1)
        await until(lambda: not [message for message in bots(world) if message.files])


async def test_an_edit_of_an_item_changes_its_own_words(world: World) -> None:
    async with albums_of_three(world) as ids:
        world.chat.does(chat="kenya", edit=ids[1], text="Second", **AMINA)
        await until(lambda: "Caption 1\nSecond\nCaption 3" in world.card_text())
        world.chat.does(chat="kenya", edit=ids[0], text="First", **AMINA)
        await until(lambda: "First\nSecond\nCaption 3" in world.card_text())
        before = shown(world)
        world.chat.does(chat="kenya", delete=ids[0], **AMINA)
        await approved(world, after=before)
        assert "\n\nSecond\nCaption 3\n\n" in bots(world)[0].text
        assert [len(message.files) for message in bots(world)] == [1, 1]
        world.chat.does(chat="kenya", delete=ids[2], **AMINA)
        await until(lambda: "(correction)" in world.card_text())
        world.press("Approve", by="grace")
        await until(lambda: [(len(m.files), "Caption 3" in m.text) for m in bots(world)] == [(1, False)])


async def test_items_of_a_published_album_are_exchanged_and_removed_one_by_one(world: World) -> None:
    async with albums_of_three(world) as ids:
        await approved(world)
        first, second, third = bots(world)

        async def corrected(**change: Any) -> None:
            before = shown(world)
            world.chat.does(chat="kenya", **change, **AMINA)
            await until(lambda: shown(world) != before and "(correction)" in world.card_text())
            world.press("Approve", by="grace")

        await corrected(edit=ids[1], text="Caption 2", file=file(world, "new.txt"))
        await until(lambda: "This is new.txt" in [text for m in bots(world) for text in contents(world, m)])
        assert [m.id for m in bots(world)] == [first.id, second.id, third.id]
        assert [m.edited for m in bots(world)] == [True, True, False], "the first tells that it was corrected"

        await corrected(delete=ids[0])
        await until(lambda: [m.id for m in bots(world)] == [second.id, third.id])
        assert "\n\nCaption 2\nCaption 3\n\n" in bots(world)[0].text
        assert [contents(world, m) for m in bots(world)] == [["This is new.txt"], ["This is 3.txt"]]
        says(world, "Thank you", chat="uganda", reply_to=second.id)
        await until(lambda: world.card(2))

        await corrected(edit=ids[2], text="Caption 3", file=file(world, "last.txt"))
        await until(lambda: [contents(world, m) for m in bots(world)][1:] == [["This is last.txt"]])
        assert [m.id for m in bots(world)] == [second.id, third.id]
        assert not bots(world)[1].text

        await corrected(delete=ids[1])
        await until(lambda: [m.id for m in bots(world)] == [third.id])
        assert "\n\nCaption 3\n\n" in bots(world)[0].text
        card = world.card()
        assert card is not None
        world.chat.writes("mods", "retract: wrong list", user="grace", name="Grace", reply_to=card.id)
        await until(lambda: not bots(world))


async def test_an_item_of_an_original_that_stays_is_answered_and_answers(world: World) -> None:
    async with world.bridge():
        ids = [says(world, f"Caption {n}", chat="uganda", file=file(world, f"{n}.txt"), album="a1") for n in (1, 2, 3)]
        await until(lambda: "Caption 3" in world.card_text())
        await approved(world)
        album = bots(world, "kenya")
        world.chat.does(chat="kenya", text="To the second", reply_to=album[1].id, user="juma", name="Juma")
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=2)
        await until(lambda: any("To the second" in m.text for m in bots(world)))
        assert bots(world)[-1].reply_to == ids[1], "Amina's own second message"
        world.chat.does(chat="uganda", text="To the third", reply_to=ids[2], user="juma", name="Juma")
        await until(lambda: world.card(3))
        world.press("Approve", by="grace", number=3)
        await until(lambda: any("To the third" in m.text for m in bots(world, "kenya")))
        assert bots(world, "kenya")[-1].reply_to == album[2].id


async def test_the_part_of_a_long_text_that_is_answered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = RichLoopbackAdapter.fits

    def fits(self: RichLoopbackAdapter, chat: ChatId, content: Content) -> bool:
        most = {"kenya": 700, "uganda": 400}.get(chat, 4096)
        return len(content.text) <= most and whole(self, chat, content)

    monkeypatch.setattr(RichLoopbackAdapter, "fits", fits)
    async with world.bridge():
        says(world, "\n\n".join(f"Sentence {n} speaks of ward {n * 7}." for n in range(60)), chat="amina")
        await until(lambda: world.card())
        await approved(world)
        here, there = bots(world), bots(world, "kenya")
        assert len(here) > len(there) > 2
        answered = here[3]
        first = answered.text.split(" speaks")[0]  # the words that this part begins with
        holding = next(m for m in there if f"{first} speaks" in m.text)
        assert holding.id != there[0].id
        world.chat.does(chat="uganda", text="Are you sure?", reply_to=answered.id, user="juma", name="Juma")
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=2)
        await until(lambda: any("Are you sure?" in m.text for m in bots(world, "kenya")))
        assert bots(world, "kenya")[-1].reply_to == holding.id


async def test_a_file_is_exchanged_by_an_edit(world: World) -> None:
    async with world.bridge():
        message = says(world, "The list", chat="amina", file=file(world, "old.txt"))
        await until(lambda: world.card())
        newer, before = file(world, "new.txt"), shown(world)
        world.chat.does(chat="amina", private=True, edit=message, text="The list", file=newer, **AMINA)
        await approved(world, after=before)
        (stands,) = bots(world)
        assert contents(world, stands) == ["This is new.txt"]
        newest = file(world, "newest.txt")
        world.chat.does(chat="amina", private=True, edit=message, text="The list", file=newest, **AMINA)
        await until(lambda: "(correction)" in world.card_text())
        world.press("Approve", by="grace")
        await until(lambda: [contents(world, m) for m in bots(world)] == [["This is newest.txt"]])
        assert bots(world)[0].id == stands.id, "edited in place"


def contents(world: World, message: Message) -> list[str]:
    return [(world.directory / "chat" / "files" / name).read_text() for name in message.files]


async def test_places_and_polls_go_as_they_are_or_in_words(world: World) -> None:
    async with world.bridge():
        says(world, "Here", place=[-1.31331, 36.78921], words="Kibera clinic")
        await until(lambda: "Kibera clinic" in world.card_text())
        await approved(world)
        assert [(m.place, "Kibera" in m.text) for m in bots(world)] == [(None, False), ((-1.31331, 36.78921), False)]
        assert world.texts("phones", world.sms) == ["HIFA #1 Amina: Here\n[place: Kibera clinic, -1.31331, 36.78921]"]
        says(world, poll=["Which dose?", "10 mg", "20 mg"])
        await until(lambda: world.card(2))
        world.press("Approve", by="grace", number=2)
        await until(lambda: bots(world)[-1].poll == ("Which dose?", "10 mg", "20 mg"))
        assert bots(world)[-1].author == "Amina"


async def test_pictures_one_after_another_are_one_post_where_there_are_no_albums(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RichLoopbackAdapter, "_can", replace(RICH, album=1))
    async with world.bridge():
        says(world, "Our ward", chat="amina", file=file(world, "1.txt"))
        says(world, chat="amina", file=file(world, "2.txt"))
        says(world, chat="amina", file=file(world, "3.txt"))
        says(world, "Something else", chat="amina")
        says(world, chat="amina", file=file(world, "4.txt"))
        says(world, "Far too long: " + "x" * 20_000, chat="amina")
        says(world, chat="amina", file=file(world, "5.txt"))
        await until(lambda: world.card(1) and world.card(2) and world.card(3) and world.card(4))
        assert world.card(5) is None
        assert [name in world.card_text() for name in ("1.txt", "2.txt", "3.txt", "4.txt")] == [True, True, True, False]
        assert "5.txt" not in world.card_text(3), "words that were refused stood between them"
        assert len([m for m in bots(world, "mods") if m.text.startswith("HIFA #1 ·")]) == 1


async def test_moderators_let_a_link_be_shown_with_a_preview(world: World) -> None:
    async with world.bridge():
        says(world, "Read https://who.int/zinc")
        await until(lambda: world.card())
        world.press("More", by="grace")
        await until(lambda: "🌐 Show link preview" in world.labels())
        world.press("Show link preview", by="grace")
        await until(lambda: "🌐 ☑️ Show link preview" in world.labels())
        assert "🌐 With a preview of its first link" in world.card_text()
        world.press("Back", by="grace")
        await approved(world)
        assert [message.previews for message in bots(world)] == [True]
        says(world, "No link at all")
        await until(lambda: world.card(2))
        world.press("More", by="grace", number=2)
        await until(lambda: any("Back" in label for label in world.labels(2)))
        assert not any("preview of" in label or "link preview" in label for label in world.labels(2))
        world.press("Back", by="grace", number=2)
        await until(lambda: any("Approve" in label for label in world.labels(2)))


async def test_what_some_groups_cannot_be_shown_is_said_before(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    few = {AttachmentKind.DOCUMENT: 10}
    monkeypatch.setattr(RichLoopbackAdapter, "_can", replace(RICH, file_bytes=few, media=RICH.media - {VOICE}))
    async with world.bridge():
        says(world, "The list", chat="amina", file=file(world, "list.txt"))
        await until(lambda: world.card())
        words = "[document list.txt, 16 B]"
        assert f"📎 chat:kenya, chat:uganda: {words} is too large there and becomes words" in world.card_text()
        await until(lambda: world.texts("amina"))
        told = f"{words} is too large for 2 groups, which take at most 10 B: their readers see these words instead."
        assert told in world.texts("amina")[0]


TWO = """
[[communities]]
id = "chifa"
name = "CHIFA"
moderators = ["chat:mods2"]
moderator_ids = ["chat:ruth"]

[[communities.groups]]
chat = "chat:congo"
"""


async def test_what_waits_for_a_choice_can_be_changed_and_taken_back(world: World) -> None:
    world.path.write_text(world.path.read_text() + TWO)
    async with world.bridge():
        first, second = says(world, "Give 200 mg", chat="amina"), says(world, "By mistake", chat="amina")
        await until(lambda: len(world.texts("amina")) == 2)
        world.chat.does(chat="amina", private=True, edit=first, text="Give 20 mg", **AMINA)
        world.chat.does(chat="amina", private=True, delete=second, **AMINA)
        says(world, "HIFA", chat="amina")
        await until(lambda: "Give 20 mg" in world.card_text())
        says(world, "After it", chat="amina")
        await until(lambda: "After it" in world.card_text(2))
