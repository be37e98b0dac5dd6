"""Files on the strict simulator, which looks into them: every kind as what it is, albums whole and in order."""

import io
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from PIL import Image

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.adapters.telegram.client import Client
from bridge.adapters.telegram.convert import to_payload
from bridge.adapters.telegram.settings import Settings
from bridge.adapters.telegram.uploads import Attempt, Uploads
from bridge.core.errors import Refusal
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Content, Thumbnail
from bridge.core.ports import Later, LocalFile, Outgoing, Refused, Sent, Unknown
from bridge.core.text import plain
from tests import smallest_files as samples
from tests.unit.adapters.telegram.conftest import ACCOUNT, TOKEN, Village
from tests.unit.adapters.telegram.test_adapter import KEY, only, picture

KIND = AttachmentKind


def still(style: str, side: int = 300) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (side, side // 2), "green").save(data, style)
    return data.getvalue()


def made(village: Village, kind: AttachmentKind, data: bytes, mime: str, name: str = "f", **facts: Any) -> Attachment:
    return replace(village.attachment(data, kind, name), mime=mime, **facts)


async def test_every_kind_goes_as_what_it_is_and_is_uploaded_once(village: Village, adapter: TelegramAdapter) -> None:
    seconds = timedelta(seconds=5)
    sides = {"width": 240, "height": 240}
    cases: list[tuple[AttachmentKind, bytes, str, dict[str, Any], str]] = [
        (KIND.VIDEO, samples.MP4, "video/mp4", {**sides, "duration": seconds}, "video"),
        (KIND.VIDEO_NOTE, samples.MP4 + b"n", "video/mp4", {**sides, "duration": seconds}, "video_note"),
        (KIND.ANIMATION, samples.MP4 + b"a", "video/mp4", sides, "animation"),
        (KIND.ANIMATION, samples.GIF, "image/gif", sides, "animation"),
        (KIND.AUDIO, samples.MP3, "audio/mpeg", {"title": "Wimbo", "performer": "Fadhili"}, "audio"),
        (KIND.VOICE, samples.OGG_OPUS, "audio/ogg", {"duration": seconds}, "voice"),
        (KIND.STICKER, still("WEBP"), "image/webp", {"width": 300, "height": 150}, "sticker"),
        (KIND.DOCUMENT, samples.MP4 + b"d", "video/mp4", {}, "document"),
    ]
    for kind, data, mime, facts, shown_as in cases:
        content = Content(attachments=(made(village, kind, data, mime, **facts),))
        for _ in range(2):
            only(await adapter.send(village.outgoing(adapter, content), KEY))
        first, second = ((message["media"][0]) for message in (await village.shown())[-2:])
        assert first["kind"] == shown_as
        assert first["file"] == second["file"], f"{kind} was uploaded twice"
        assert village.simulator.state.blobs[first["file"]] == data


async def test_a_film_comes_with_its_picture(village: Village, adapter: TelegramAdapter) -> None:
    small = village.attachment(still("JPEG"), KIND.PHOTO, "t.jpg")
    thumbnail = Thumbnail(sha256=small.sha256, mime="image/jpeg", size=small.size, width=300, height=150)
    film = made(village, KIND.VIDEO, samples.MP4, "video/mp4", "v.mp4", thumbnail=thumbnail)
    for content in (
        Content(attachments=(film,)),
        Content(attachments=(replace(film, name="other.mp4"), village.attachment(picture(), KIND.PHOTO, "p.png"))),
    ):
        outgoing = village.outgoing(adapter, content)
        files = (*outgoing.files, LocalFile(attachment=small, path=village.directory / small.sha256))
        assert isinstance(await adapter.send(replace(outgoing, files=files), KEY), Sent)
    stored = [file for file in village.simulator.state.files.values() if file.kind == "video"]
    assert [bool(file.thumbnail) for file in stored] == [True, True]
    (village.directory / small.sha256).unlink()
    village.state.values.clear()
    outgoing = village.outgoing(adapter, Content(attachments=(film,)))
    only(await adapter.send(replace(outgoing, files=files), KEY))  # worth sending without it


def photos(village: Village, *colors: str) -> tuple[Attachment, ...]:
    return tuple(village.attachment(picture(color), KIND.PHOTO, f"{color}.png") for color in colors)


async def album(village: Village, adapter: TelegramAdapter, content: Content) -> tuple[RemoteRef, ...]:
    assert adapter.fits(village.outgoing(adapter, content).chat, content)
    outcome = await adapter.send(village.outgoing(adapter, content), KEY)
    assert isinstance(outcome, Sent), outcome
    return outcome.refs


def colors(village: Village, shown: list[dict[str, Any]]) -> list[bytes]:
    return [village.simulator.state.blobs[message["media"][0]["file"]] for message in shown]


async def test_an_album_is_one_message_for_each_in_order(village: Village, adapter: TelegramAdapter) -> None:
    mixed = (*photos(village, "red", "blue"), made(village, KIND.VIDEO, samples.MP4, "video/mp4"))
    refs = await album(village, adapter, Content(text=plain("three"), attachments=mixed))
    shown = await village.shown()
    assert [ref.message for ref in refs] == [str(message["id"]) for message in shown]
    assert len({message["album"] for message in shown} - {None}) == 1
    assert [message["text"] for message in shown] == ["three", "", ""]
    assert colors(village, shown) == [picture("red"), picture("blue"), samples.MP4]
    await album(village, adapter, Content(attachments=mixed[::-1]))
    again = (await village.shown())[3:]
    assert [m["media"][0]["file"] for m in again] == [m["media"][0]["file"] for m in shown][::-1], "uploaded again"
    for ref in refs[1:]:
        assert await adapter.delete(ref, KEY) == Sent()
    assert len(await village.shown()) == 4


async def test_ten_are_the_most_and_others_keep_to_their_kind(village: Village, adapter: TelegramAdapter) -> None:
    documents = tuple(village.attachment(f"page {n}".encode(), KIND.DOCUMENT, f"{n}.txt") for n in range(10))
    refs = await album(village, adapter, Content(text=plain("pages"), attachments=documents))
    assert len(refs) == 10
    assert [m["media"][0]["file_name"] for m in await village.shown()] == [f"{n}.txt" for n in range(10)]
    songs = tuple(made(village, KIND.AUDIO, samples.MP3 + bytes([n]), "audio/mpeg") for n in range(2))
    assert len(await album(village, adapter, Content(attachments=songs))) == 2


async def test_the_first_of_an_album_is_corrected_and_each_part_answered(
    village: Village, adapter: TelegramAdapter
) -> None:
    before, after = photos(village, "red", "blue"), photos(village, "green", "blue")
    refs = await album(village, adapter, Content(text=plain("too"), attachments=before))
    change = village.outgoing(adapter, Content(text=plain("two"), attachments=after))
    assert await adapter.edit(refs[0], change, KEY) == Sent()
    shown = await village.shown()
    assert [message["text"] for message in shown] == ["two", ""]
    assert colors(village, shown) == [picture("green"), picture("blue")]
    other = village.outgoing(adapter, Content(attachments=photos(village, "yellow")))
    assert await adapter.edit(refs[1], other, KEY) == Sent()
    assert colors(village, await village.shown()) == [picture("green"), picture("yellow")]
    answer = Content(text=plain("which?"), reply_to=refs[1])
    only(await adapter.send(village.outgoing(adapter, answer), KEY))
    assert str((await village.shown())[-1]["reply"]["id"]) == refs[1].message


async def test_one_stale_upload_of_an_album_costs_no_item(village: Village, adapter: TelegramAdapter) -> None:
    content = Content(attachments=photos(village, "red", "blue"))
    await village.state.set(f"file:{content.attachments[1].sha256}/photo", "AgACAgQAAxkBAAIB-no-such-file")
    outgoing = village.outgoing(adapter, content)
    assert isinstance(await adapter.send(outgoing, KEY), Later)
    assert await village.shown() == []
    assert isinstance(await adapter.send(outgoing, KEY), Sent)
    assert colors(village, await village.shown()) == [picture("red"), picture("blue")]


async def test_an_album_whose_file_is_gone_is_refused_whole(village: Village, adapter: TelegramAdapter) -> None:
    outgoing = village.outgoing(adapter, Content(attachments=photos(village, "red", "blue")))
    outgoing.files[1].path.unlink()
    for broken in (outgoing, replace(outgoing, files=outgoing.files[:1])):
        outcome = await adapter.send(broken, KEY)
        assert isinstance(outcome, Refused)
        assert outcome.reason is Refusal.BAD_CONTENT
    assert await village.shown() == []


@pytest.mark.parametrize("cut", [lambda answer: answer[:1], lambda answer: answer[0], lambda _: True])
async def test_an_answer_that_does_not_name_every_message_is_unknown(
    village: Village, adapter: TelegramAdapter, monkeypatch: pytest.MonkeyPatch, cut: Callable[[Any], Any]
) -> None:
    post = adapter._client._post

    async def garbled(method: str, data: Any = None, **more: Any) -> Any:
        answer = await post(method, data, **more)
        return cut(answer) if method == "sendMediaGroup" else answer

    monkeypatch.setattr(adapter._client, "_post", garbled)
    outgoing = village.outgoing(adapter, Content(attachments=photos(village, "red", "blue")))
    assert isinstance(await adapter.send(outgoing, KEY), Unknown)


async def test_a_lost_answer_to_an_album_is_unknown(village: Village, adapter: TelegramAdapter) -> None:
    village.simulator.fail_next("sendMediaGroup", "drop_after")
    outgoing = village.outgoing(adapter, Content(attachments=photos(village, "red", "blue")))
    assert isinstance(await adapter.send(outgoing, KEY), Unknown)
    assert len(await village.shown()) == 2


async def test_where_media_are_not_allowed_the_reason_is_said(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    await users.demote(village.group, 700100)
    await users.set_permissions(village.group, ["can_send_messages"])
    for attachments in (photos(village, "red"), photos(village, "red", "blue")):
        outcome = await adapter.send(village.outgoing(adapter, Content(attachments=attachments)), KEY)
        assert isinstance(outcome, Refused)
        assert outcome.reason is Refusal.FORBIDDEN


async def test_a_part_that_is_gone_is_answered_all_the_same(
    village: Village, adapter: TelegramAdapter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused for what it answers, the same files are sent again from their beginning."""
    gone = RemoteRef(adapter.account, village.outgoing(adapter, Content(text=plain("x"))).chat, MessageId("9999"))
    outgoing = village.outgoing(adapter, Content(attachments=photos(village, "red", "blue"), reply_to=gone))
    strict = {**outgoing.payload, "reply_parameters": {"message_id": 9999}}
    frozen = Outgoing(chat=outgoing.chat, payload=strict, files=outgoing.files)
    assert isinstance(await adapter.send(frozen, KEY), Sent)
    assert colors(village, await village.shown()) == [picture("red"), picture("blue")]


async def test_ten_large_files_are_never_in_memory(tmp_path: Path) -> None:
    taken = 0

    async def swallow(request: web.Request) -> web.Response:
        nonlocal taken
        async for piece in request.content.iter_chunked(1 << 16):
            taken += len(piece)
        return web.json_response({"ok": True, "result": [{"message_id": n} for n in range(10)]})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", swallow)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = Client(Settings.model_validate({"kind": "telegram", "token": TOKEN, "api_url": url}))
    await client.open()
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(5_000_000)
    large = Attachment(sha256="ab" * 32, kind=KIND.DOCUMENT, mime="x/y", size=5_000_000, name="large.bin")
    payload = dict(to_payload(ChatId("-1"), Content(attachments=(large,) * 10)))
    tracemalloc.start()
    try:
        files = [LocalFile(attachment=large, path=path)]
        await Uploads(client, ACCOUNT).call(str(payload.pop("method")), payload, files, Attempt())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        await client.close_connections()
        await runner.cleanup()
    assert taken > 50_000_000
    assert peak < 5_000_000
