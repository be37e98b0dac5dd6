"""Every kind of message, from Telegram and from Matrix, through the real program to all devices; and what follows."""

import asyncio
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
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
LONG = "\n\n".join(f"Paragraph {n}. " + "Zinc is short in Bungoma. " * 19 for n in range(1, 15)).strip()
COLOURS = ("red", "green", "blue", "black", "white")
POLL = ("Which dose?", "10 mg", "20 mg")


def photo(colour: str) -> bytes:
    return samples.saved(Image.new("RGB", (64, 48), colour), "JPEG")


def webp() -> bytes:
    return samples.saved(Image.new("RGBA", (512, 512), "red"), "WEBP")


def colour_of(data: bytes) -> str:
    """Which of the colours a picture is filled with."""
    with Image.open(io.BytesIO(data)) as image:
        shown = image.convert("RGB").getpixel((10, 10))
    assert isinstance(shown, tuple)
    names = {Image.new("RGB", (1, 1), name).getpixel((0, 0)): name for name in (*COLOURS, "yellow")}
    return min(names.items(), key=lambda item: sum(abs(a - b) for a, b in zip(item[0], shown, strict=True)))[1]  # type: ignore[arg-type]


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
        'Title\n\nbold both (spoiler: secret)\n\n- one\n  - two\n\n"quoted"\n\nx = 1\n\nguideline (https://who.int/zinc)',
        WORDS,
        ("m.text",),
        "Title\n\nbold both secret\n\n• one\n  • two\n\nquoted\n\nx = 1\n\nguideline",
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
    await users.write(amina, group, LONG[:4096])
    pictures = [{"kind": "photo", "data": photo(colour)} for colour in COLOURS]
    await users.send_album(amina, group, [{**pictures[0], "caption": "Our ward"}, *pictures[1:]])
    await users.send_file(amina, group, "document", PDF, "guide.pdf", "application/pdf", caption="The guideline")
    sound = {"duration": 7, "title": "Song", "performer": "Wanjiku"}
    await users.send_file(betty, group, "audio", films.mp3(), "song.mp3", "audio/mpeg", attributes=sound)
    await users.send_file(
        betty, group, "voice", films.ogg_opus(), mime_type="audio/ogg", attributes={"duration": 7}
    )
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
    sms = {text.split(": ", 1)[1]: text for text in stage.sms() if text.startswith("HIFA #")}
    for people, rows in (("AminaBettyCharlesDoris", FROM_TELEGRAM), ("FatimaHawaImaniJuma", FROM_MATRIX)):
        heads = [
            text.split()
            for text in stage.sms()
            if text.startswith("HIFA #") and text.split()[2].strip(":") in people
        ]
        posts = {
            text.split(": ", 1)[1]: int(text.split()[1][1:])
            for text in stage.sms()
            if text.startswith("HIFA #") and text.split()[2].strip(":") in people
        }
        assert len(heads) == len(rows) + 1
        for row in rows:
            assert row.sms in posts, row
            there, here = of_post(uganda, posts[row.sms]), of_post(room, posts[row.sms])
            assert (tuple(map(kind, there)), tuple(item.kind for item in here)) == (row.telegram, row.matrix), row
            assert (under_head(there[0]["text"]), under_head(here[0].body.replace("> ", ""))) == (row.text,) * 2 or row is FROM_MATRIX[0], row
    assert sms
