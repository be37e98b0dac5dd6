"""Every kind of message, from Telegram and from Matrix, through the real program to all devices; and what follows."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from bridge.playground.matrix_timeline import TimelineItem
from bridge.playground.synapse import SynapseServer
from tests.acceptance.kinds_stage import Stage, becomes, number, stage_of
from tests.unit.media import films, samples

pytestmark = pytest.mark.asyncio(loop_scope="module")

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF\n"
LONG = "\n\n".join(f"Paragraph {n}. " + "Zinc is short in Bungoma. " * 9 for n in range(1, 17)).strip()
COLOURS = ("red", "green", "blue", "black", "white")
POLL = ("Which dose?", "10 mg", "20 mg")


def photo(colour: str) -> bytes:
    return samples.saved(Image.new("RGB", (64, 48), colour), "JPEG")


def webp() -> bytes:
    return samples.saved(Image.new("RGBA", (512, 512), "red"), "WEBP")


def colour_of(data: bytes) -> str:
    """Which of the colours a picture is filled with."""
    with Image.open(io.BytesIO(data)) as image:
        shown = image.convert("RGB").resize((1, 1)).tobytes()
    names = {Image.new("RGB", (1, 1), name).tobytes(): name for name in (*COLOURS, "yellow")}
    return min(names.items(), key=lambda item: sum(abs(a - b) for a, b in zip(item[0], shown, strict=True)))[1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory, synapse: SynapseServer) -> AsyncIterator[Stage]:
    async with stage_of(tmp_path_factory.mktemp("kinds"), synapse) as everybody:
        yield everybody
    unclosed = [line for line in everybody.program.output if "ResourceWarning" in line or "Traceback" in line]
    assert not unclosed


@dataclass(frozen=True)
class Row:
    """What a post is on each kind of device."""

    sms: str
    """After number and author."""
    telegram: tuple[str, ...]
    """The kinds of its messages, in order."""
    matrix: tuple[str, ...]
    text: str = ""
    """Under number and author, over the author's profile."""
    plain: str = ""
    """The same where the app shows no marks, if it differs."""


WORDS, PIC = ("text",), ("photo",)
GUIDE = Row("The guideline\n[document guide.pdf, 47 B]", ("document",), ("m.file",), "The guideline")
SONG = Row("[audio Wanjiku - Song 0:07, 28 kB]", ("audio",), ("m.audio",))
VOICE = Row("[voice message 0:07, 2 kB]", ("voice",), ("m.audio",))
FILM = Row("How to wash\n[video 0:07, 2 kB]", ("video",), ("m.video",), "How to wash")
ASKED = Row("[poll: Which dose? 10 mg / 20 mg]", ("text", "poll"), ("m.text", "org.matrix.msc3381.poll.start"))
FROM_TELEGRAM = (
    Row("bold both\nx = 1", WORDS, ("m.text",), "bold both\nx = 1"),
    Row("Our ward\n[5 x photo, 3 kB]", ("photo",) * 5, ("m.image",) * 5, "Our ward"),
    GUIDE,
    SONG,
    VOICE,
    FILM,
    Row("[video 0:07, 2 kB]", ("video",), ("m.video",)),
    Row("[sticker: 👍, 556 B]", PIC, ("m.image",)),
    Row("[animation 0:07, 2 kB]", ("animation",), ("m.video",)),
    Row("[place: -1.31331, 36.78921]", ("text", "location"), ("m.text", "m.location")),
    Row("[place: Kibera clinic, -1.31331, 36.78921]", ("text", "venue"), ("m.text", "m.location")),
    Row("[contact: Dr Otieno, +254700111222]", WORDS, ("m.text",), "[contact: Dr Otieno, +254700111222]"),
    ASKED,
    Row("[game: 🎲 4]", WORDS, ("m.text",), "[game: 🎲 4]"),
    Row(
        "[message of a kind that cannot be carried: hologram]",
        WORDS,
        ("m.text",),
        "[message of a kind that cannot be carried: hologram]",
    ),
)
FORMATTED = (
    "<h2>Title</h2><p><b>bold <i>both</i></b> <span data-mx-spoiler>secret</span></p>"
    "<ul><li>one<ul><li>two</li></ul></li></ul><blockquote>quoted</blockquote>"
    '<pre><code class="language-python">x = 1</code></pre><a href="https://who.int/zinc">guideline</a>'
)
FROM_MATRIX = (
    Row(
        'Title\n\nbold both (spoiler: secret)\n\n- one\n  - two\n\n"quoted"\n\nx = 1\n\n'
        "guideline (https://who.int/zinc)",
        WORDS,
        ("m.text",),
        "Title\n\nbold both secret\n\n• one\n  • two\n\nquoted\n\nx = 1\n\nguideline",
        "Title\n\nbold both (spoiler: secret)\n\n• one\n  • two\n\n> quoted\n\nx = 1\n\n"
        "guideline (https://who.int/zinc)",
    ),
    Row("Flooded ward\n[photo, 548 B]", PIC, ("m.image",), "Flooded ward"),
    GUIDE,
    SONG,
    VOICE,
    FILM,
    Row("[sticker: thumbs up, 556 B]", PIC, ("m.image",)),
    Row("[animation, 372 B]", ("animation",), ("m.image",)),
    Row("[place: Kibera clinic, -1.31331, 36.78921]", ("text", "venue"), ("m.text", "m.location")),
    ASKED,
    Row(
        "a hologram\n[message of a kind that cannot be carried: org.example.hologram]",
        WORDS,
        ("m.text",),
        "a hologram\n[message of a kind that cannot be carried: org.example.hologram]",
    ),
)


def under_head(text: str) -> str:
    """What stands under the line with number and author, without the author's profile."""
    return text.split("\n\n", 1)[1].rsplit("HIFA profile:", 1)[0].strip() if "\n\n" in text else ""


def kind(message: dict[str, Any]) -> str:
    kinds = [str(file["kind"]) for file in message["media"]] + list(message["other"])
    return kinds[0] if kinds else "text"


def of_post(messages: Sequence[Any], post: int) -> list[Any]:
    """The messages of a post in a chat: from its head to that of the next."""
    found, inside = [], False
    for message in messages:
        said = number(message.body if isinstance(message, TimelineItem) else message["text"])
        inside = said == post or (inside and not said)
        found += [message] if inside else []
    return found


async def _sends_everything_on_telegram(stage: Stage) -> None:
    users, group = stage.telegram.users, stage.telegram.kenya
    amina, betty, charles, doris = stage.kenyans
    marks = [
        {"type": "bold", "offset": 0, "length": 9},
        {"type": "italic", "offset": 5, "length": 4},
        {"type": "pre", "offset": 10, "length": 5, "language": "python"},
    ]
    place = {"latitude": -1.31331, "longitude": 36.78921}
    await users.write(amina, group, "bold both\nx = 1", entities=marks)
    await users.write(amina, group, LONG)
    pictures = [{"kind": "photo", "data": photo(colour)} for colour in COLOURS]
    await users.send_album(amina, group, [{**pictures[0], "caption": "Our ward"}, *pictures[1:]])
    await users.send_file(amina, group, "document", PDF, "guide.pdf", "application/pdf", caption="The guideline")
    sound = {"duration": 7, "title": "Song", "performer": "Wanjiku"}
    await users.send_file(betty, group, "audio", films.mp3(), "song.mp3", "audio/mpeg", attributes=sound)
    await users.send_file(betty, group, "voice", films.ogg_opus(), mime_type="audio/ogg", attributes={"duration": 7})
    film: dict[str, Any] = {"width": 640, "height": 360, "duration": 7}
    await users.send_file(
        betty, group, "video", films.mp4(), "film.mp4", "video/mp4", "How to wash", attributes=film,
        thumbnail=photo("red"),
    )  # fmt: skip
    round_film = films.mp4(width=240, height=240)
    await users.send_file(betty, group, "video_note", round_film, attributes={"length": 240, "duration": 7})
    await users.send_file(charles, group, "sticker", webp(), attributes={"emoji": "👍"})
    await users.send_file(charles, group, "animation", films.mp4(sound=False), "giphy.mp4", attributes=film)
    await users.send_other(charles, group, "location", place)
    venue = {"location": place, "title": "Kibera clinic", "address": "Ngong Road"}
    await users.send_other(charles, group, "venue", venue)
    who = {"phone_number": "+254700111222", "first_name": "Dr", "last_name": "Otieno"}
    await users.send_other(doris, group, "contact", who)
    await users.send_other(doris, group, "poll", {"question": POLL[0], "options": list(POLL[1:])})
    await users.send_other(doris, group, "dice", {"emoji": "🎲", "value": 4})
    await users.send_raw(doris, group, {"hologram": {"x": 1}})


async def _sends_everything_on_matrix(stage: Stage) -> None:
    """Files without words follow no other file of the same person: they would join it."""
    room = stage.matrix.room
    fatima, hawa, imani, juma = stage.roomers
    await fatima.send_media(room, "m.audio", films.mp3(), filename="song.mp3", mimetype="audio/mpeg")
    said = {"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": {"duration": 7000, "waveform": [0, 512, 1024]}}
    await hawa.send_media(room, "m.audio", films.ogg_opus(), filename="voice.ogg", mimetype="audio/ogg", more=said)
    sticker = await imani.upload(webp(), filename="s.webp", mimetype="image/webp")
    info = {"mimetype": "image/webp", "w": 512, "h": 512}
    await imani.send(room, "m.sticker", {"body": "thumbs up", "url": sticker, "info": info})
    await juma.send_image(room, samples.animation("GIF"), filename="giphy.gif", mimetype="image/gif", size=(80, 40))
    await fatima.send_text(room, "bold both", html=FORMATTED)
    await fatima.send_image(
        room, photo("red"), filename="ward.jpg", mimetype="image/jpeg", caption="Flooded ward", size=(64, 48)
    )
    await hawa.send_file(room, PDF, filename="guide.pdf", mimetype="application/pdf", caption="The guideline")
    await hawa.send_text(room, LONG + LONG)
    await hawa.send_poll(room, POLL[0], POLL[1:])
    place = {"msgtype": "m.location", "body": "Kibera clinic", "geo_uri": "geo:-1.31331,36.78921"}
    await imani.send(room, "m.room.message", place)
    film = {"duration": 7000, "w": 640, "h": 360}
    await imani.send_media(
        room, "m.video", films.mp4(), filename="film.mp4", mimetype="video/mp4", caption="How to wash", info=film
    )
    await juma.send(room, "m.room.message", {"msgtype": "org.example.hologram", "body": "a hologram"})


async def test_every_kind_arrives_once_as_what_it_is(stage: Stage) -> None:
    await asyncio.gather(_sends_everything_on_telegram(stage), _sends_everything_on_matrix(stage))
    await asyncio.gather(
        stage.approve_on_matrix(", by telegram", count=len(FROM_TELEGRAM) + 1),
        stage.approve_on_telegram(", by matrix", count=len(FROM_MATRIX) + 1),
    )
    everything = len(FROM_TELEGRAM) + len(FROM_MATRIX) + 2
    for cards in (
        [number(card["text"]) for card in await stage.telegram_cards()],
        [number(card.body) for card in stage.matrix_cards()],
    ):
        assert sorted(cards) == list(range(1, everything + 1)), "one card of each in each channel"
    uganda, room = await stage.uganda(), stage.room()
    telegrams = _arrived(stage, stage.names[:4], FROM_TELEGRAM, uganda, room)
    matrices = _arrived(stage, stage.names[4:], FROM_MATRIX, uganda, room)

    album, there = telegrams[FROM_TELEGRAM[1]]
    assert [colour_of(stage.file_of(item)) for item in album] == list(COLOURS)
    assert len({item["album"] for item in album}) == 1
    assert [colour_of(await stage.matrix.fatima.download(item.media.mxc)) for item in there] == list(COLOURS)
    for posts in (telegrams, matrices):
        (document,), (file,) = posts[GUIDE]
        assert stage.file_of(document) == await stage.matrix.fatima.download(file.media.mxc) == PDF
        assert (document["media"][0]["file_name"], file.media.filename) == ("guide.pdf", "guide.pdf")
        assert [posts[row][0][0]["media"][0]["duration"] for row in (SONG, VOICE, FILM)] == [7, 7, 7]
        poll, shown = posts[ASKED][0][1], posts[ASKED][1][1]
        assert [option["text"] for option in poll["other"]["poll"]["options"]] == list(POLL[1:])
        assert list(shown.poll.options.values()) == list(POLL[1:])
    assert telegrams[FILM][0][0]["media"][0]["thumbnail"]

    ((_, (plain,)), (formatted, (rich,))) = telegrams[FROM_TELEGRAM[0]], matrices[FROM_MATRIX[0]]
    assert '<strong>bold <em>both</em></strong><pre><code class="language-python">x = 1</code></pre>' in plain.html
    marks = {entity["type"] for entity in formatted[0]["entities"]}
    assert marks == {"bold", "italic", "spoiler", "blockquote", "pre", "text_link"}
    assert "<span data-mx-spoiler>secret</span>" in rich.html
    for number_of_long, whole in ((telegrams[None][0], LONG), (matrices[None][0], LONG + LONG)):
        parts = [under_head(m["text"]) if number(m["text"]) else m["text"] for m in number_of_long]
        said = " ".join("\n".join(parts).rsplit("HIFA profile:", 1)[0].split())
        assert said == " ".join(whole.split())


def _arrived(
    stage: Stage, people: Sequence[str], rows: Sequence[Row], uganda: Sequence[Any], room: Sequence[Any]
) -> dict[Row | None, tuple[list[Any], list[Any]]]:
    """What stands on Telegram and on Matrix of each of these posts, which is what should; None: the long text."""
    heads = [text.split(": ", 1) for text in stage.sms() if text.startswith("HIFA #")]
    numbers = {words: int(head.split()[1][1:]) for head, words in heads if head.split()[2] in people}
    (long,) = (words for words in numbers if words.startswith("Paragraph 1."))
    assert set(numbers) - {long} == {row.sms for row in rows}
    found: dict[Row | None, tuple[list[Any], list[Any]]] = {
        None: (of_post(uganda, numbers[long]), of_post(room, numbers[long]))
    }
    for row in rows:
        there, here = of_post(uganda, numbers[row.sms]), of_post(room, numbers[row.sms])
        assert (tuple(map(kind, there)), tuple(item.kind for item in here)) == (row.telegram, row.matrix), row
        assert under_head(there[0]["text"]) == row.text
        assert under_head(here[0].body) == (row.plain or row.text)
        found[row] = (there, here)
    return found


# --- what follows ---------------------------------------------------------------------------------------------------


async def test_what_follows_reaches_every_device(stage: Stage) -> None:
    async with asyncio.TaskGroup() as group:
        for story in (_an_album_is_answered_changed_and_retracted, _pictures_are_redacted, _readers_react_and_vote):
            group.create_task(story(stage))


async def _post(stage: Stage, words: str) -> tuple[list[dict[str, Any]], list[TimelineItem]]:
    """The messages of the newest post with these words, in Kenya and in the room."""
    kenya, room = await stage.kenya(), stage.room()
    there = next((m for m in reversed(kenya) if words in m["text"]), None)
    here = next((item for item in reversed(room) if words in item.body), None)
    return (
        [] if there is None else of_post(kenya, number(there["text"])),
        [] if here is None else of_post(room, number(here.body)),
    )


async def _colours(stage: Stage, words: str) -> tuple[list[str], list[str]]:
    kenya, room = await _post(stage, words)
    files = [await stage.matrix.fatima.download(item.media.mxc) for item in room if item.media is not None]
    return [colour_of(stage.file_of(m)) for m in kenya if m["media"]], [colour_of(data) for data in files]


async def _are(stage: Stage, words: str, colours: list[str]) -> bool:
    return await _colours(stage, words) == (colours, colours)


async def _an_album_is_answered_changed_and_retracted(stage: Stage) -> None:
    users, group, daniel, fatima = stage.telegram.users, stage.telegram.uganda, stage.telegram.daniel, stage.roomers[0]
    pictures = [{"kind": "photo", "data": photo(colour)} for colour in COLOURS[:3]]
    ids = await users.send_album(daniel, group, [{**pictures[0], "caption": "Three wards"}, *pictures[1:]])
    await stage.approve_on_matrix("Three wards")
    kenya, room = await _post(stage, "Three wards")
    assert (len(kenya), len(room)) == (3, 3)

    await fatima.reply(stage.matrix.room, room[1].event_id, "The second looks empty")
    await users.write(daniel, group, "The third is mine", reply_to=ids[2])
    await stage.approve_on_telegram("The second looks empty")
    await stage.approve_on_telegram("The third is mine")
    for words, item in (("The second looks empty", 1), ("The third is mine", 2)):
        (answer,), (here,) = await _post(stage, words)
        assert (answer["reply"]["id"], here.reply_to) == (kenya[item]["id"], room[item].event_id)
        assert any(words in text and f"Re #{number(room[0].body)} " in text for text in stage.sms())

    await users.edit(daniel, group, ids[0], "Three new wards")
    await stage.approve_on_matrix("Three new wards", "correction")
    changed, there = await _post(stage, "Three new wards")
    assert [m["id"] for m in changed] == [m["id"] for m in kenya], "edited in place"
    assert [item.event_id for item in there] == [item.event_id for item in room]
    assert under_head(changed[0]["text"]) == under_head(there[0].body) == "Three new wards"

    await users.edit_media(daniel, group, ids[1], "photo", photo("yellow"))
    await stage.approve_on_matrix("Three new wards", "correction")
    await becomes(partial(_are, stage, "Three new wards", ["red", "yellow", "blue"]))
    before, there = kenya, room
    kenya, room = await _post(stage, "Three new wards")
    assert [m["id"] for m in kenya] == [m["id"] for m in before], "exchanged in place"
    assert [item.event_id for item in room] == [item.event_id for item in there]
    ids_there = {*(m["id"] for m in kenya), *(item.event_id for item in room)}
    assert len(ids_there) == 6
    card = await stage.card("Three new wards")
    await users.write(stage.telegram.grace, stage.telegram.mods, "retract: wrong ward", reply_to=card["id"])

    async def gone() -> bool:
        standing = {m["id"] for m in await stage.kenya()} | {item.event_id for item in stage.room()}
        return ids_there.isdisjoint(standing)

    await becomes(gone)


async def _pictures_are_redacted(stage: Stage) -> None:
    juma, hall = stage.roomers[3], stage.hall
    ids = [
        await juma.send_image(hall, photo(colour), filename="a.jpg", mimetype="image/jpeg", caption=caption)
        for colour, caption in (("red", "The flood"), ("green", ""), ("blue", ""))
    ]
    await stage.approve_on_telegram("The flood")
    assert await _colours(stage, "The flood") == (["red", "green", "blue"],) * 2
    await juma.redact(hall, ids[1])
    await stage.approve_on_telegram("The flood", "correction")
    await becomes(partial(_are, stage, "The flood", ["red", "blue"]))

    said = await juma.send_text(hall, "Sent by mistake")
    await stage.approve_on_telegram("Sent by mistake")
    await juma.redact(hall, said)
    card = await stage.card("Sent by mistake")
    await becomes(lambda: _card_says(stage, "Sent by mistake", "The author asks to take it back"))
    await stage.telegram.users.write(
        stage.telegram.grace, stage.telegram.mods, "retract: as asked", reply_to=card["id"]
    )

    async def gone() -> bool:
        return await _post(stage, "Sent by mistake") == ([], [])

    await becomes(gone)


async def _card_says(stage: Stage, words: str, said: str) -> bool:
    return any(words in card["text"] and said in card["text"] for card in await stage.telegram_cards())


async def _readers_react_and_vote(stage: Stage) -> None:
    telegram, users, fatima = stage.telegram, stage.telegram.users, stage.roomers[0]
    amina = telegram.amina
    await users.write(amina, telegram.bot, "Nobody need read this")
    waiting = await stage.card("Nobody need read this")
    await users.write(amina, telegram.bot, f"/withdraw {number(waiting['text'])}")
    await becomes(lambda: _card_says(stage, "Nobody need read this", "withdrawn"))

    await users.write(amina, telegram.bot, "Wash your hands")
    question = {"question": "When to wash?", "options": ["now", "later"]}
    await users.send_other(amina, telegram.bot, "poll", question)
    await asyncio.gather(stage.approve_on_matrix("Wash your hands"), stage.approve_on_matrix("When to wash?"))
    (post,), (here,) = await _post(stage, "Wash your hands")
    poll = next(m for m in await stage.kenya() if m["other"].get("poll", {}).get("question") == question["question"])
    there = next(item for item in stage.room() if item.poll and item.poll.question == question["question"])
    await users.react(amina, telegram.kenya, post["id"], "👍")
    await fatima.react(stage.matrix.room, here.event_id, "👍")
    await users.vote(amina, telegram.kenya, poll["id"], [1])
    assert there.poll is not None
    await fatima.vote(stage.matrix.room, there.event_id, [list(there.poll.options)[1]])
    # Cards tell of it after a minute, or when anything else changes them.
    for words, said in (("Wash your hands", "Reactions: 👍 2"), ("When to wash?", "2 – later")):
        await becomes(partial(_looks_again, stage, words, said))


async def _looks_again(stage: Stage, words: str, said: str) -> bool:
    """Grace opens the menu of a card, or closes it."""
    card = await stage.card(words)
    (label,) = (b["text"] for row in card["buttons"] for b in row if "More" in b["text"] or "Back" in b["text"])
    await stage.telegram.users.press(stage.telegram.grace, stage.telegram.mods, card["id"], text=label)
    return await _card_says(stage, words, said)
