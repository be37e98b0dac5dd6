"""Every kind of message, from Telegram and from Matrix, through the real program to all devices; and what follows."""

from collections.abc import AsyncIterator
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
    with Image.open(__import__("io").BytesIO(data)) as image:
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


def after_head(text: str) -> str:
    """What stands under the line with number and author, without the author's profile."""
    return text.split("\n\n", 1)[1].rsplit("HIFA profile:", 1)[0].strip() if "\n\n" in text else ""


def kinds(message: dict[str, Any]) -> list[str]:
    return [str(file["kind"]) for file in message["media"]] + list(message["other"])


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


FROM_TELEGRAM = 16


async def test_everything_from_telegram(stage: Stage) -> None:
    await _sends_everything_on_telegram(stage)
    await stage.approve_on_matrix(count=FROM_TELEGRAM)
    await _is_shown_once(stage, FROM_TELEGRAM)
    shown = await stage.uganda()
    dump(shown, stage.room(), stage.sms())


async def _is_shown_once(stage: Stage, count: int) -> None:
    """One card for each post in each moderators' channel, and the same posts in every group."""
    for numbers in (
        [number(card["text"]) for card in await stage.telegram_cards()],
        [number(card.body) for card in stage.matrix_cards()],
    ):
        assert len(numbers) == len(set(numbers)) == count

def dump(tg, mx, sms):
    for m in tg: print("TG", m["id"], m["reply"] and m["reply"]["id"], repr(m["text"][:200]), kinds(m), m["album"] and 1, m["edited"], m["reactions"])
    for i in mx: print("MX", i.kind, i.event_id[:5], i.reply_to and i.reply_to[:5], repr(i.body[:200]), i.media and i.media.filename, i.edited, i.reactions)
    for t in sms: print("SMS", repr(t[:300]))

async def test_telegram_album_afterwards(stage: Stage) -> None:
    users, group, daniel = stage.telegram.users, stage.telegram.uganda, stage.telegram.daniel
    pictures = [{"kind": "photo", "data": photo(colour)} for colour in COLOURS[:3]]
    ids = await users.send_album(daniel, group, [{**pictures[0], "caption": "Three wards"}, *pictures[1:]])
    await stage.approve_on_matrix("Three wards")
    n0, r0 = len(await stage.kenya()), len(stage.room())
    dump((await stage.kenya())[-4:], stage.room()[-4:], stage.sms()[-2:])
    second = stage.room()[-2]
    await stage.matrix.fatima.reply(stage.matrix.room, second.event_id, "The second looks empty")
    await users.write(daniel, group, "The third one is mine", reply_to=ids[2])
    await stage.approve_on_telegram("The second looks empty")
    await stage.approve_on_telegram("The third one is mine")
    print("after reply"); dump((await stage.kenya())[-6:], stage.room()[-6:], stage.sms()[-3:]); dump((await stage.uganda())[-3:],[],[])
    await users.edit(daniel, group, ids[0], "Three new wards")
    await stage.approve_on_matrix("Three new wards", "correction")
    print("after caption"); dump((await stage.kenya())[-6:], stage.room()[-6:], stage.sms()[-3:])
    await users.edit_media(daniel, group, ids[1], "photo", photo("yellow"))
    await stage.approve_on_matrix("Three new wards", "correction")
    print("after media"); dump((await stage.kenya())[-6:], stage.room()[-6:], stage.sms()[-3:])
    print([colour_of(stage.file_of(m)) for m in (await stage.kenya())[-6:] if m["media"]])
    for c in await stage.telegram_cards():
        if "Three" in c["text"]: print("CARD", c["id"], c["text"])
    card = await stage.card("Three wards")
    await users.write(stage.telegram.grace, stage.telegram.mods, "retract: wrong ward", reply_to=card["id"])
    await stage.card("Taken back in")
    print("after retract"); dump((await stage.kenya())[-6:], stage.room()[-6:], stage.sms()[-3:])
    dump((await stage.telegram.messages(stage.telegram.grace, stage.telegram.mods))[-6:],[],[])
