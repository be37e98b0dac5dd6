"""Albums and every kind of file a bot sends: what comes back, and what is refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bridge.playground.botapi import Limits
from bridge.playground.botapi.files import grey_png
from tests import smallest_files as samples
from tests.unit.playground.conftest import Town, built_town

pytestmark = pytest.mark.asyncio(loop_scope="module")
PHOTO = grey_png(320, 200)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def square() -> AsyncIterator[Town]:
    async with built_town() as town:
        yield town


def item(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, "media": f"attach://{name}", **fields}


SENT: list[tuple[str, str, bytes, dict[str, Any], str]] = [
    ("sendVideo", "video", samples.MP4, {"width": 640, "height": 360, "duration": 5}, "video"),
    ("sendVideo", "video", samples.WEBM, {}, "document"),
    ("sendAnimation", "animation", samples.GIF, {"width": 4, "height": 3, "duration": 1}, "animation"),
    ("sendAnimation", "animation", samples.MP4, {}, "animation"),
    ("sendAnimation", "animation", b"no film", {}, "document"),
    ("sendAudio", "audio", samples.MP3, {"duration": 60, "title": "Mwongozo", "performer": "Amina"}, "audio"),
    ("sendAudio", "audio", samples.M4A, {"duration": 60}, "audio"),
    ("sendAudio", "audio", b"no music", {}, "document"),
    ("sendVoice", "voice", samples.OGG_OPUS, {"duration": 7}, "voice"),
    ("sendVoice", "voice", samples.MP3, {}, "voice"),
    ("sendVoice", "voice", samples.OGG_VORBIS, {}, "audio"),
    ("sendVoice", "voice", b"RIFF....WAVE", {}, "document"),
    ("sendVideoNote", "video_note", samples.MP4, {"duration": 5, "length": 240}, "video_note"),
    ("sendVideoNote", "video_note", samples.MP4, {"duration": 61, "length": 240}, "video"),
    ("sendSticker", "sticker", samples.WEBP, {}, "sticker"),
    ("sendSticker", "sticker", samples.TGS, {"emoji": "👍"}, "sticker"),
    ("sendSticker", "sticker", samples.WEBM, {}, "sticker"),
    ("sendDocument", "document", b"%PDF-1.4", {}, "document"),
    ("sendDocument", "document", samples.GIF, {}, "animation"),
    ("sendDocument", "document", samples.MP4, {}, "video"),
    ("sendDocument", "document", samples.MP4, {"disable_content_type_detection": True}, "document"),
]


@pytest.mark.parametrize(("method", "kind", "data", "facts", "becomes"), SENT)
async def test_every_kind_comes_back_as_what_it_is(
    square: Town, method: str, kind: str, data: bytes, facts: dict[str, Any], becomes: str
) -> None:
    sent = await square.bot(method, chat_id=square.group, **{kind: data}, **facts)
    media = sent[becomes]
    assert media["file_size"] == len(data)
    if becomes == kind:
        assert {name: media[name] for name in facts if name in media} == {
            name: value for name, value in facts.items() if name != "disable_content_type_detection"
        }
    again = await square.bot(method, chat_id=square.group, **{kind: media["file_id"]})
    assert again[becomes] == media
    file = await square.bot("getFile", file_id=media["file_id"])
    assert file["file_size"] == len(data)


async def test_captions_spoilers_and_thumbnails_stay_with_a_video(square: Town) -> None:
    sent = await square.bot(
        "sendVideo",
        chat_id=square.group,
        video=samples.MP4,
        thumbnail=samples.jpeg(320, 180),
        caption="<b>clinic</b>",
        parse_mode="HTML",
        has_spoiler=True,
        show_caption_above_media=True,
        supports_streaming=True,
    )
    assert (sent["video"]["thumbnail"]["width"], sent["video"]["thumbnail"]["height"]) == (320, 180)
    assert (sent["caption"], sent["has_media_spoiler"], sent["show_caption_above_media"]) == ("clinic", True, True)


@pytest.mark.parametrize(
    ("method", "parameters", "description"),
    [
        ("sendVideo", {}, "there is no video in the request"),
        ("sendVideo", {"video": b""}, "file must be non-empty"),
        ("sendVideo", {"video": samples.MP4, "caption": "a" * 1025}, "message caption is too long"),
        ("sendVideo", {"video": samples.MP4, "cover": "x"}, '[simulator] the parameter "cover" is not simulated'),
        ("sendVideoNote", {"video_note": samples.MP4, "caption": "x"}, '[simulator] unknown parameter "caption"'),
        ("sendSticker", {"sticker": PHOTO}, "[simulator] a sticker must be a WEBP, TGS or WEBM file"),
        (
            "sendVideo",
            {"video": samples.MP4, "thumbnail": PHOTO},
            "[simulator] a thumbnail must be a JPEG picture: Telegram would ignore this one",
        ),
        (
            "sendVideo",
            {"video": samples.MP4, "thumbnail": samples.jpeg(321, 200)},
            "[simulator] a thumbnail has at most 200 kB and 320 pixels: Telegram would ignore this one",
        ),
        (
            "sendAudio",
            {"audio": samples.MP3, "thumbnail": samples.jpeg(9, 9, 200_000)},
            "[simulator] a thumbnail has at most 200 kB and 320 pixels: Telegram would ignore this one",
        ),
    ],
)
async def test_files_that_are_refused(square: Town, method: str, parameters: dict[str, Any], description: str) -> None:
    files = len(square.simulator.state.chats[str(square.group)].messages)
    refusal = await square.bot.refused(method, chat_id=square.group, **parameters)
    assert (refusal.code, refusal.description) == (400, f"Bad Request: {description}")
    assert len(square.simulator.state.chats[str(square.group)].messages) == files


async def test_a_photos_id_is_good_for_photos_only(square: Town) -> None:
    photo = (await square.bot("sendPhoto", chat_id=square.group, photo=PHOTO))["photo"][-1]["file_id"]
    voice = (await square.bot("sendVoice", chat_id=square.group, voice=samples.OGG_OPUS))["voice"]["file_id"]
    refusal = await square.bot.refused("sendVideo", chat_id=square.group, video=photo)
    assert refusal.description == "Bad Request: can't use file of type Photo as Video"
    refusal = await square.bot.refused("sendPhoto", chat_id=square.group, photo=voice)
    assert refusal.description == "Bad Request: can't use file of type VoiceNote as Photo"
    # Among the others an id keeps its own kind, whatever method sends it.
    assert "voice" in await square.bot("sendDocument", chat_id=square.group, document=voice)


async def test_links_to_files_live_for_an_hour(square: Town) -> None:
    sent = await square.bot("sendDocument", chat_id=square.group, document=b"%PDF-1.4")
    path = (await square.bot("getFile", file_id=sent["document"]["file_id"]))["file_path"]
    address = f"{square.simulator.url}/file/bot{square.bot.token}/{path}"
    async with square.session.get(address) as response:
        assert await response.read() == b"%PDF-1.4"
    square.clock.advance(3601)
    async with square.session.get(address) as response:
        assert response.status == 404


ALBUMS: list[tuple[list[dict[str, Any]], str]] = [
    ([item("photo", "a"), item("video", "v"), item("photo", "b")], ""),
    ([item("document", "a"), item("document", "v")], ""),
    ([item("audio", "m"), item("audio", "m", title="x")], ""),
    ([item("photo", "a")] * 10, ""),
    ([], "there are no messages to send"),
    ([item("photo", "a")], "[simulator] an album has 2-10 items"),
    ([item("photo", "a")] * 11, "too many messages to send as an album"),
    ([item("photo", "a"), item("document", "b")], "document can't be mixed with other media types"),
    ([item("audio", "m"), item("photo", "b")], "audio can't be mixed with other media types"),
    (
        [item("photo", "a"), item("animation", "g")],
        "can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup",
    ),
    ([item("photo", "a"), item("voice", "o")], 'can\'t parse InputMedia: type "voice" is unsupported'),
    ([item("photo", "a"), {"type": "photo"}], "can't parse InputMedia: media not found"),
    ([item("photo", "a"), item("photo", "nowhere")], 'file "nowhere" not found in the request'),
    ([item("photo", "a"), item("photo", "v")], "IMAGE_PROCESS_FAILED"),
    ([item("photo", "a"), item("photo", "b", caption="a" * 1025)], "message caption is too long"),
    ([item("photo", "a"), item("photo", "b", duration=3)], "duration"),
    (
        [item("photo", "a"), item("video", "b")],
        "[simulator] this upload is no video: Telegram would refuse it or break the album",
    ),
]


@pytest.mark.parametrize(("media", "description"), ALBUMS)
async def test_albums(square: Town, media: list[dict[str, Any]], description: str) -> None:
    files = {"a": PHOTO, "b": grey_png(200, 100), "v": samples.MP4, "m": samples.MP3, "g": samples.GIF, "o": b"OggS"}
    used = {name: data for name, data in files.items() if f"attach://{name}" in {i.get("media") for i in media}}
    before = len(square.simulator.state.chats[str(square.group)].messages)
    if description:
        refusal = await square.bot.refused("sendMediaGroup", chat_id=square.group, media=media, **used)
        assert description in refusal.description
        assert len(square.simulator.state.chats[str(square.group)].messages) == before
        return
    sent = await square.bot("sendMediaGroup", chat_id=square.group, media=media, **used)
    assert [next(k for k in ("photo", "video", "document", "audio") if k in m) for m in sent] == [
        i["type"] for i in media
    ]
    assert len({m["media_group_id"] for m in sent}) == 1
    assert sorted(m["message_id"] for m in sent) == [m["message_id"] for m in sent]


async def test_an_album_has_replies_and_no_buttons_and_is_sent_again_by_its_ids(square: Town) -> None:
    asked = await square.users.write(square.brian, square.group, "photos?")
    media = [item("photo", "a", caption="first", has_spoiler=True), item("photo", "b")]
    sent = await square.bot(
        "sendMediaGroup",
        chat_id=square.group,
        media=media,
        a=PHOTO,
        b=PHOTO,
        reply_parameters={"message_id": asked},
    )
    assert [m["reply_to_message"]["message_id"] for m in sent] == [asked, asked]
    assert (sent[0]["caption"], sent[0]["has_media_spoiler"]) == ("first", True)
    again = [{"type": "photo", "media": m["photo"][-1]["file_id"]} for m in sent]
    repeated = await square.bot("sendMediaGroup", chat_id=square.basic, media=again)
    assert [m["photo"] for m in repeated] == [m["photo"] for m in sent]
    refusal = await square.bot.refused("sendMediaGroup", chat_id=square.group, media=again, reply_markup={})
    assert refusal.description == 'Bad Request: [simulator] unknown parameter "reply_markup"'


async def test_one_item_of_an_album_is_edited_to_what_fits(square: Town) -> None:
    media = [item("photo", "a", caption="one"), item("video", "v")]
    sent = await square.bot("sendMediaGroup", chat_id=square.group, media=media, a=PHOTO, v=samples.MP4)
    target = {"chat_id": square.group, "message_id": sent[1]["message_id"]}
    edited = await square.bot("editMessageCaption", **target, caption="two")
    assert (edited["caption"], edited["media_group_id"]) == ("two", sent[0]["media_group_id"])
    replaced = await square.bot("editMessageMedia", **target, media=item("photo", "a"), a=PHOTO)
    assert ("video" in replaced, replaced["media_group_id"]) == (False, sent[0]["media_group_id"])
    refusal = await square.bot.refused("editMessageMedia", **target, media=item("document", "a"), a=PHOTO)
    assert refusal.description == "Bad Request: [simulator] a photo in an album can't become a document"
    refusal = await square.bot.refused("editMessageText", **target, text="x")
    assert refusal.description == "Bad Request: there is no text in the message to edit"


@pytest.mark.parametrize(
    ("method", "kind", "data"),
    [("sendSticker", "sticker", samples.WEBP), ("sendVideoNote", "video_note", samples.MP4)],
)
async def test_what_has_no_caption_gets_none_by_an_edit(square: Town, method: str, kind: str, data: bytes) -> None:
    sent = await square.bot(method, chat_id=square.group, **{kind: data})
    target = {"chat_id": square.group, "message_id": sent["message_id"]}
    refusal = await square.bot.refused("editMessageCaption", **target, caption="x")
    assert refusal.description == "Bad Request: there is no caption in the message to edit"


async def test_each_item_counts_against_the_limits() -> None:
    async with built_town() as town:
        town.simulator.limits = Limits(chat_interval=None, bot_per_second=None)
        media = [item("photo", "a")] * 10
        for _ in range(2):
            await town.bot("sendMediaGroup", chat_id=town.group, media=media, a=PHOTO)
        refusal = await town.bot.refused("sendMessage", chat_id=town.group, text="one more")
        assert (refusal.code, refusal.parameters) == (429, {"retry_after": 60})
