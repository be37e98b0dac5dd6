"""What a review found: messages that vanished, answers and consents that went astray, cards that nobody was shown."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest

from bridge.adapters.loopback import adapter as loopback
from bridge.adapters.loopback.capabilities import RICH
from bridge.adapters.loopback.network import read_lines
from bridge.adapters.loopback.people import Message
from bridge.core.clock import SystemClock
from bridge.core.events import ChatKind, ChatMoved, InboundEvent, MessageEdited, MessagePosted, Sender
from bridge.core.ids import AccountId, Address, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import Uncarried, UncarriedKind
from bridge.core.text import RichText
from bridge.storage import database, inbox, ledger, upkeep
from tests.acceptance.world import World, until
from tests.servers import free_port

CHAT = AccountId("chat")
KENYA = ChatId("kenya")
AMINA = Sender(ref=UserRef(CHAT, UserId("amina")), name="Amina", direct=ChatId("amina"))
SECOND = """
[[communities]]
id = "chifa"
name = "CHIFA"
moderators = ["chat:mods2"]
moderator_ids = ["chat:ruth"]
[[communities.groups]]
chat = "chat:congo"
intake = "hold"
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, free_port())


@pytest.fixture
def two(world: World) -> World:
    """Two communities on one account."""
    world.path.write_text(world.path.read_text() + SECOND)
    return world


def rows(world: World, question: str, *values: object) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(world.directory / "baraza.db", timeout=10)) as connection, connection:
        return connection.execute(question, values).fetchall()


async def settled(world: World) -> None:
    """Everything that was done is handled, and whatever followed from it is out."""
    done = sum(1 for people in (world.chat, world.sms) for _ in read_lines(people.directory / "inbox.jsonl"))

    def quiet() -> bool:
        handled = rows(world, "select count(*) from inbox where state != 'new'")[0][0]
        new = rows(world, "select 1 from inbox where state = 'new'")
        active = rows(
            world,
            "select 1 from delivery where state in ('planned', 'attempting', 'in_doubt') "
            "and not (kind = 'notice' and operation = 'delete')",
        )
        return isinstance(handled, int) and handled >= done and not new and not active

    await until(quiet)


def says(world: World, text: str, **more: object) -> str:
    """Amina writes privately."""
    return world.chat.writes("amina", text, user="amina", name="Amina", private=True, **more)


def presses(world: World, message: Message, label: str, *, by: str = "amina", private: bool = True) -> None:
    handle = next(handle for shown, handle in message.buttons if label in shown)
    world.chat.does(chat=message.chat, user=by, name=by.title(), press=handle, message=message.id, private=private)


def last(world: World, words: str, chat: str = "amina") -> Message:
    """The newest message of the bot with these words."""
    return [m for m in world.chat.shown(chat) if not m.user and words in m.text][-1]


async def heard(world: World, words: str, chat: str = "amina") -> Message:
    await until(lambda: [t for t in world.texts(chat) if words in t])
    return last(world, words, chat)


async def carded(world: World, words: str) -> None:
    """The newest card of the first item says so."""
    await until(lambda: words in world.card_text(1))


def instructs(world: World, text: str, number: int = 1) -> None:
    """Grace replies to a card."""
    card = world.card(number)
    assert card is not None
    world.chat.writes("mods", text, user="grace", name="Grace", reply_to=card.id)


async def tell(world: World, events: Sequence[InboundEvent], url: str = "") -> None:
    """Put events that the invented network does not know into the inbox, as another adapter would."""
    await database.open_database(url or f"sqlite://{world.directory}/baraza.db")
    try:
        await inbox.DurableSink(CHAT, SystemClock()).accept(events)
    finally:
        await database.close_database()


def item(number: int, text: str, detail: str = "") -> MessagePosted:
    """One item of an album in the group."""
    return MessagePosted(
        account=CHAT,
        chat=KENYA,
        key=f"item{number}",
        at=SystemClock().now(),
        ref=RemoteRef(CHAT, KENYA, MessageId(f"a{number}")),
        sender=AMINA,
        chat_kind=ChatKind.GROUP,
        album="album",
        text=RichText(text),
        uncarried=(Uncarried(kind=UncarriedKind.VIDEO, detail=detail),),
    )


# --- which community ------------------------------------------------------------------------------------------------


async def test_all_messages_wait_for_the_choice_of_a_community(two: World) -> None:
    async with two.bridge():
        says(two, "ONE: cholera in Kisumu")
        says(two, "TWO: please send ORS")
        await until(lambda: len(two.texts("amina")) == 2)
    await database.open_database(f"sqlite://{two.directory}/baraza.db")
    await upkeep.prune(SystemClock().now() + timedelta(days=30) + timedelta(days=1))
    await database.close_database()
    async with two.bridge():
        presses(two, last(two, "Which community"), "HIFA")
        await until(lambda: two.card(2))
        assert "ONE" in two.card_text(1)
        assert "TWO" in two.card_text(2)


async def test_the_community_is_asked_for_once(two: World) -> None:
    async with two.bridge():
        says(two, "/community")
        presses(two, await heard(two, "Which community"), "HIFA")
        await heard(two, "Your messages go to HIFA")
        says(two, "A post")
        await until(lambda: two.card(1))
        assert len([t for t in two.texts("amina") if "Which community" in t]) == 1
        assert two.card(2) is None


# --- questions to the author ----------------------------------------------------------------------------------------


async def test_an_answer_goes_to_the_question_it_replies_to(two: World) -> None:
    async with two.bridge():
        two.chat.writes("kenya", "H post", user="amina", name="Amina")
        await until(lambda: two.card(1))
        two.chat.writes("congo", "C post", user="amina", name="Amina")
        theirs = await heard(two, "CHIFA #1", "mods2")
        instructs(two, "ask: From the first?")
        question = await heard(two, "From the first?")
        two.chat.writes("mods2", "ask: From the second?", user="ruth", name="Ruth", reply_to=theirs.id)
        await heard(two, "From the second?")
        says(two, "For the first alone", reply_to=question.id)
        await until(lambda: "For the first alone" in two.card_text(1))
        await settled(two)
        assert not [t for t in two.texts("mods2") if "alone" in t]
        says(two, "For the latest")
        await until(lambda: [t for t in two.texts("mods2") if "For the latest" in t])
        assert "latest" not in two.card_text(1)


async def test_an_answer_without_words(world: World) -> None:
    async with world.bridge():
        says(world, "The drug helps")
        await until(lambda: world.card(1))
        instructs(world, "ask: Which drug?")
        question = await heard(world, "Which drug?")
        says(world, " ", reply_to=question.id)
        await heard(world, "nothing in your message that can be passed on")
        assert "The author answered" not in world.card_text(1)
        world.chat.does(chat="amina", user="amina", name="Amina", private=True, other="voice", reply_to=question.id)
        await until(lambda: "The author answered: [voice message" in world.card_text(1))
        world.chat.shares("leaflet.pdf", b"%PDF-1.4\n" + b"x" * 1000 + b"\n%%EOF\n")
        world.chat.does(
            chat="amina", user="amina", name="Amina", private=True, file="leaflet.pdf", reply_to=question.id
        )
        await until(lambda: "leaflet.pdf" in world.card_text(1))
        await until(lambda: [m for m in world.chat.shown("mods") if m.files])
        assert world.card(2) is None


# --- cards ----------------------------------------------------------------------------------------------------------


async def test_a_card_that_was_refused_comes_with_the_queue(world: World) -> None:
    world.path.write_text(world.path.read_text().replace('["chat:mods"]', '["chat:mods", "chat:others"]'))
    async with world.bridge():
        world.chat.trouble("forbidden", chat="mods")
        says(world, "An urgent post")
        await heard(world, "I cannot show posts to the moderators there (no permission to post there)", "others")
        world.chat.calm()
        world.chat.writes("mods", "/queue", user="grace", name="Grace")
        await until(lambda: world.card(1))
        world.chat.writes("mods", "/queue", user="grace", name="Grace")
        await settled(world)
        cards = [t for t in world.texts("mods") if t.startswith("HIFA #1 ·")]
        assert len(cards) == 1
        world.press("Approve", by="grace")
        await heard(world, "An urgent post", "uganda")


async def test_a_card_with_a_long_dialogue(world: World) -> None:
    async with world.bridge():
        message = says(world, "Give 200 mg")
        await until(lambda: world.card(1))
        for number in range(4):
            instructs(world, f"ask: Q{number} " + "why " * 120)
            question = await heard(world, f"Q{number} ")
            says(world, f"A{number} " + "because " * 180, reply_to=question.id)
            await carded(world, f"A{number} ")
        world.chat.does(chat="amina", user="amina", name="Amina", edit=message, text="Give 20 mg", private=True)
        await until(lambda: "Give 20 mg" in world.card_text(1))
        assert any("Approve" in label for label in world.labels(1))
        assert "A3 because" in world.card_text(1)


async def test_two_groups_of_one_name_are_two_groups(world: World) -> None:
    async with world.bridge():
        pass
    for account, chat in (("chat", "uganda"), ("chat", "kenya"), ("sms", "phones")):
        rows(world, "insert into chat(account, chat, title) values (?, ?, 'HIFA')", account, chat)
    async with world.bridge():
        world.chat.trouble("forbidden", chat="uganda")
        says(world, "A post")
        await until(lambda: world.card(1))
        world.press("Approve", by="grace")
        await until(lambda: "Arrived in 2 of 3 groups" in world.card_text(1))
        assert "⚠️ HIFA (chat:uganda): no permission to post there" in world.card_text(1)


# --- what is a post, and what a command -----------------------------------------------------------------------------


async def test_only_our_commands_are_commands_in_a_group(world: World) -> None:
    async with world.bridge():
        world.chat.writes("kenya", "/Amoxicillin 250 mg is out of stock in Kisumu", user="amina", name="Amina")
        await until(lambda: "/Amoxicillin 250 mg" in world.card_text(1))
        world.chat.writes("kenya", "/help this child, please", user="amina", name="Amina")
        await until(lambda: "/help this child" in world.card_text(2))
        world.chat.writes("kenya", "/status", user="amina", name="Amina")
        await heard(world, "I answer that privately", "kenya")
        assert world.card(3) is None


async def test_files_are_fetched_only_where_they_can_become_a_post(world: World) -> None:
    async with world.bridge():
        for number, chat in enumerate(("strangers", "mods", "kenya"), 1):
            world.chat.shares(f"{number}.pdf", b"%PDF-1.4\n" + b"x" * 1000 * number + b"\n%%EOF\n")
            world.chat.does(chat=chat, user="mallory", name="Mallory", file=f"{number}.pdf", text="hello")
        world.sms.shares("4.pdf", b"%PDF-1.4\n" + b"x" * 4000 + b"\n%%EOF\n")
        world.sms.does(chat="phones", user="mallory", name="Mallory", file="4.pdf", text="hello")
        await settled(world)
        assert len([path for path in (world.directory / "media").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("words", ["get 99999999999999999999", "/get " + "9" * 5000, "get ٩٩٩٩٩", "GET #7"])
async def test_a_number_that_no_post_has(world: World, words: str) -> None:
    async with world.bridge():
        says(world, words)
        await heard(world, "There is no post with that number")
        says(world, "/withdraw " + words[4:])
        await heard(world, "nothing to withdraw")


async def test_a_post_in_the_digits_of_another_script(world: World) -> None:
    async with world.bridge():
        says(world, "Boil the water")
        await until(lambda: world.card(1))
        world.press("Approve", by="grace")
        await heard(world, "was approved")
        says(world, "get ١")
        await heard(world, "Boil the water")


# --- the profile dialogue -------------------------------------------------------------------------------------------


async def until_consent(world: World) -> None:
    answers = ("Amina Okello", "skip", "Community midwife", "Kisumu clinic", "skip", "Kenya", "malaria", "skip", "skip")
    for number, words in enumerate(answers, 1):
        await heard(world, f"{number} of 9")
        says(world, words)
    await heard(world, "May I show it")


async def test_a_post_instead_of_consent(world: World) -> None:
    async with world.bridge():
        says(world, "/profile")
        await until_consent(world)
        assert "Amina Okello is a Community midwife at Kisumu clinic" in last(world, "May I show it").text
        says(world, "Cholera in Kisumu: 14 cases since Monday")
        await until(lambda: "14 cases since Monday" in world.card_text(1))
        await until(lambda: len([t for t in world.texts("amina") if "May I show it" in t]) == 2)
        says(world, "yes")
        await heard(world, "It will stand under your posts")


async def test_the_button_of_another_question_gives_no_consent(world: World) -> None:
    async with world.bridge():
        says(world, "A post")
        offer = await heard(world, "9 short questions")
        presses(world, offer, "Yes, ask")
        await until_consent(world)
        presses(world, offer, "Yes, ask")
        await until(lambda: [x for x in world.chat.sent() if "answered already" in str(x.get("text"))])
        assert rows(world, "select shown from profile") == []
        presses(world, last(world, "May I show it"), "Show it")
        await heard(world, "It will stand under your posts")


# --- albums, edits, originals ---------------------------------------------------------------------------------------


async def test_every_caption_of_an_album_is_shown(world: World) -> None:
    async with world.bridge():
        pass
    await tell(world, [item(1, "Before treatment"), item(2, "After it: NOT without gloves")])
    async with world.bridge():
        await until(lambda: "Before treatment\nAfter it: NOT without gloves" in world.card_text(1))
        await settled(world)
        assert world.card(2) is None


async def test_an_edit_of_an_item_without_caption_takes_nothing_away(world: World) -> None:
    async with world.bridge():
        pass
    second = item(2, "")
    touched = MessageEdited(
        account=CHAT, chat=KENYA, key="e", at=second.at, ref=second.ref, sender=AMINA, chat_kind=ChatKind.GROUP
    )
    await tell(world, [item(1, "Before treatment"), second, touched])
    async with world.bridge():
        await until(lambda: "Before treatment" in world.card_text(1))
        await settled(world)
        assert "Before treatment" in world.card_text(1)
        assert rows(world, "select max(revision) from review") == [(1,)]


async def test_an_item_that_comes_when_the_card_is_out_is_shown_before_it_counts(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path, free_port(), database=postgres)
    async with world.bridge():
        pass
    real = ledger.call_off

    async def late(review_id: int, revision: int) -> None:
        connection = await asyncpg.connect(postgres)  # type: ignore[no-untyped-call]  # asyncpg left it bare
        async with asyncio.timeout(10):
            out = "select 1 from delivery where kind = 'card' and state = 'delivered'"
            while not await connection.fetchval(out):  # noqa: ASYNC110 - nothing rings in the test's own process
                await asyncio.sleep(0.05)
        await connection.close()
        await real(review_id, revision)

    monkeypatch.setattr(ledger, "call_off", late)
    await tell(world, [item(1, "Our stock", "a shelf"), item(2, "", "a patient")], postgres)
    async with world.bridge():
        first = await heard(world, "a shelf", "mods")
        assert "a patient" not in first.text
        await until(lambda: "a patient" in world.card_text(1))
        presses(world, first, "Approve", by="grace", private=False)
        await until(lambda: [x for x in world.chat.sent() if "has been changed since" in str(x.get("text"))])
        assert not world.texts("uganda")


async def test_a_caption_taken_away(world: World) -> None:
    async with world.bridge():
        message = world.chat.does(
            chat="amina", user="amina", name="Amina", private=True, other="video", text="Jane Doe, ward 3"
        )
        await until(lambda: world.card(1))
        world.chat.does(chat="amina", user="amina", name="Amina", private=True, edit=message, text="")
        await heard(world, "Your new wording of #1")
        await settled(world)
        assert "Jane Doe" not in world.card_text(1)


async def test_an_edit_that_changes_nothing_leaves_the_moderators_wording(world: World) -> None:
    async with world.bridge():
        message = says(world, "give 200 mg")
        await until(lambda: world.card(1))
        instructs(world, "edit: Give 20 mg.")
        await until(lambda: "Give 20 mg." in world.card_text(1))
        world.chat.does(chat="amina", user="amina", name="Amina", private=True, edit=message, text="give 200 mg")
        await settled(world)
        assert "Give 20 mg." in world.card_text(1)
        assert "Wording by moderator Grace" in world.card_text(1)


async def test_an_edit_of_a_rejected_post(world: World) -> None:
    async with world.bridge():
        message = says(world, "Give it")
        await until(lambda: world.card(1))
        instructs(world, "reject: Which drug?")
        await heard(world, "Which drug?")
        world.chat.does(chat="amina", user="amina", name="Amina", private=True, edit=message, text="Give zinc")
        await heard(world, "Please send the new wording as a new message")
        assert world.card(2) is None


async def test_a_message_that_is_too_long_leaves_the_group_like_others(tmp_path: Path) -> None:
    world = World(tmp_path, free_port(), options="max_length = 50")
    async with world.bridge():
        message = world.chat.writes("kenya", "x" * 200, user="amina", name="Amina")
        await heard(world, "HIFA takes at most 50")
        await until(lambda: all(m.id != message for m in world.chat.shown("kenya")))
        assert world.card(1) is None


async def test_a_rejected_author_who_cannot_be_written_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loopback.RichLoopbackAdapter, "_can", replace(RICH, opens_direct=False))
    async with world.bridge():
        world.chat.writes("kenya", "The drug helps", user="amina", name="Amina")
        await until(lambda: world.card(1))
        instructs(world, "reject: Which drug?")
        await heard(world, "Amina, your message was not published. Write to me privately to learn why.", "kenya")
        await heard(world, "The author could not be told privately", "mods")
        assert not [t for t in world.texts("kenya") if "Which drug" in t]


# --- chats that move ------------------------------------------------------------------------------------------------


async def test_moderators_whose_channel_moved(world: World) -> None:
    async with world.bridge():
        pass
    moves = [("mods", "a-room"), ("a-room", "z-room")]
    await tell(
        world,
        [
            ChatMoved(account=CHAT, chat=ChatId(old), key=old, at=SystemClock().now(), new_chat=ChatId(new))
            for old, new in moves
        ],
    )
    async with world.bridge():
        await settled(world)
        says(world, "A post")
        await until(lambda: world.card(1, "z-room"))
        card = world.card(1, "z-room")
        assert card is not None
        presses(world, card, "Edit", by="grace", private=False)
        prompt = await heard(world, "with the new wording", "z-room")
        world.chat.writes("z-room", "A better post", user="grace", name="Grace", reply_to=prompt.id)
        await until(lambda: [t for t in world.texts("z-room") if "A better post" in t])
        assert not world.texts("mods")


@pytest.mark.parametrize("first", ["m-room", "z-first"])
async def test_a_chat_that_moved_twice_is_known_by_its_first_name(tmp_path: Path, first: str) -> None:
    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    try:
        for old, new in ((first, "a-room"), ("a-room", "z-room")):
            async with database.transaction():
                await inbox.move_chat(
                    ChatMoved(account=CHAT, chat=ChatId(old), key=old, at=SystemClock().now(), new_chat=ChatId(new))
                )
        assert await inbox.origin(Address(CHAT, ChatId("z-room"))) == Address(CHAT, ChatId(first))
    finally:
        await database.close_database()


async def test_chats_that_wait_keep_nobody_else_waiting(tmp_path: Path) -> None:
    await database.open_database(f"sqlite://{tmp_path}/baraza.db")
    now = SystemClock().now()
    try:
        posted = [replace(item(n, "hello"), chat=ChatId(f"c{n}")) for n in range(600)]
        await inbox.DurableSink(CHAT, SystemClock()).accept(posted)
        for row in await inbox.take(SystemClock().now(), busy=set(), limit=599):
            await inbox.wait(row, now + timedelta(hours=1))
        assert [row.chat for row in await inbox.take(SystemClock().now(), busy=set(), limit=16)] == ["c599"]
    finally:
        await database.close_database()
