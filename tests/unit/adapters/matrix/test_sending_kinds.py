"""Files, polls, threads and reactions on a real homeserver."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from aiohttp import web

from bridge.adapters.matrix.adapter import MatrixAdapter
from bridge.core.errors import MediaRefused, Refusal
from bridge.core.events import MessageDeleted, PollVoted, Reacted
from bridge.core.ids import ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Button, Content, Place, Poll, RemoteFile, Thumbnail
from bridge.core.ports import CanReact, LocalFile, Outgoing, Refused, Sent
from bridge.core.text import plain
from bridge.playground.matrix_device import MatrixDevice
from bridge.playground.matrix_side import MatrixSide, Phase
from bridge.playground.matrix_user import MatrixUser
from tests.unit.adapters.matrix.conftest import World, outgoing, said


async def village(world: World) -> tuple[MatrixUser, str, MatrixAdapter]:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    return amina, room, await world.started(room)


async def raw(person: MatrixUser, room: str, event: str) -> dict[str, Any]:
    return await person._call("GET", f"/_matrix/client/v3/rooms/{quote(room)}/event/{quote(event)}")


async def placed(adapter: MatrixAdapter, room: str, ref: RemoteRef) -> dict[str, bool]:
    found = await adapter._session.server.reactions_of_ours(room, ref.message)
    return {emoji: reaction.mirrored for emoji, reaction in found.items()}


def only(outcome: object) -> RemoteRef:
    assert isinstance(outcome, Sent), outcome
    [ref] = outcome.refs
    return ref


def stored(folder: Path, data: bytes) -> tuple[str, Path]:
    sha256 = hashlib.sha256(data).hexdigest()
    path = folder / sha256
    path.write_bytes(data)
    return sha256, path


def film(folder: Path, data: bytes = b"a film" * 1000, words: str = "Look") -> tuple[Content, tuple[LocalFile, ...]]:
    (sha256, path), (small, small_path) = stored(folder, data), stored(folder, b"a still")
    thumbnail = Thumbnail(sha256=small, mime="image/jpeg", size=7, width=32, height=18)
    whole = Attachment(
        sha256=sha256,
        kind=AttachmentKind.VIDEO,
        mime="video/mp4",
        size=len(data),
        name="well.mp4",
        thumbnail=thumbnail,
        duration=timedelta(seconds=3),
    )
    still = Attachment(sha256=small, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=7, name="still.jpg")
    files = (LocalFile(attachment=whole, path=path), LocalFile(attachment=still, path=small_path))
    return Content(text=plain(words), attachments=(whole,)), files


def uploads(world: World) -> int:
    return sum("/media/v3/upload" in path for _, path in world.proxy.requests)


async def test_a_film_and_its_thumbnail_are_put_there_once_and_again_when_they_are_gone(
    world: World, tmp_path: Path
) -> None:
    amina, room, adapter = await village(world)
    content, files = film(tmp_path)
    message = Outgoing(chat=ChatId(room), payload=adapter.to_payload(ChatId(room), content), files=files)
    shown = (await raw(amina, room, only(await adapter.send(message, "a" * 32)).message))["content"]
    assert await amina.download(shown["url"]) == b"a film" * 1000
    assert await amina.download(shown["info"]["thumbnail_url"]) == b"a still"
    await adapter.send(message, "b" * 32)
    assert uploads(world) == 2
    old = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    for key in [key for key in world.state.values if key.startswith("mxc:")]:
        world.state.values[key] = world.state.values[key].partition(" ")[0] + f" {old}"
    await adapter.send(message, "c" * 32)
    assert uploads(world) == 2, "they are still there"
    assert old not in "".join(world.state.values.values()), "which is believed for another day"
    for key in [key for key in world.state.values if key.startswith("mxc:")]:  # as earlier versions wrote it
        world.state.values[key] = world.state.values[key].partition(" ")[0]

    async def gone(request: web.Request) -> web.StreamResponse | None:
        if "/media/download/" not in request.path:
            return None
        return web.json_response({"errcode": "M_NOT_FOUND"}, status=404)

    world.proxy.before = gone
    again = (await raw(amina, room, only(await adapter.send(message, "d" * 32)).message))["content"]
    assert uploads(world) == 4
    assert again["url"] != shown["url"]


async def test_an_edit_changes_the_file_but_makes_no_file_of_words(world: World, tmp_path: Path) -> None:
    amina, room, adapter = await village(world)
    content, files = film(tmp_path)
    message = Outgoing(chat=ChatId(room), payload=adapter.to_payload(ChatId(room), content), files=files)
    ref = only(await adapter.send(message, "a" * 32))
    content, files = film(tmp_path, b"another film", "See")
    changed = Outgoing(chat=ChatId(room), payload=adapter.to_payload(ChatId(room), content), files=files)
    assert await adapter.edit(ref, changed, "b" * 32) == Sent()
    bundled = (await raw(amina, room, ref.message))["unsigned"]["m.relations"]["m.replace"]["content"]["m.new_content"]
    assert bundled["body"] == "See"
    assert await amina.download(bundled["url"]) == b"another film"
    words = only(await said(adapter, room, "words", "c" * 32))
    for target, made in ((words, changed), (ref, outgoing(adapter, room, "words"))):
        outcome = await adapter.edit(target, made, "d" * 32)
        assert isinstance(outcome, Refused)
        assert outcome.reason is Refusal.UNSUPPORTED
    assert await adapter.edit(words, outgoing(adapter, room, Content(text=plain("x"), silent=True)), "e" * 32) == Sent()


async def test_votes_in_our_polls_and_in_those_of_members(world: World) -> None:
    amina, room, adapter = await village(world)
    ours = only(
        await adapter.send(
            outgoing(adapter, room, Content(poll=Poll(question="Well or pump?", options=("Well", "Pump")))), "a" * 32
        )
    )
    start = (await raw(amina, room, ours.message))["content"]["org.matrix.msc3381.poll.start"]
    answers = [
        {"id": "uuid-1", "org.matrix.msc1767.text": "Yes"},
        {"id": "uuid-2", "org.matrix.msc1767.text": "No"},
    ]
    asked = {"org.matrix.msc3381.poll.start": {"question": {"org.matrix.msc1767.text": "Now?"}, "answers": answers}}
    theirs = await amina.send(room, "org.matrix.msc3381.poll.start", asked)
    for poll, answer in ((ours.message, start["answers"][1]["id"]), (theirs, "uuid-2"), (theirs, "uuid-1")):
        relation = {"rel_type": "m.reference", "event_id": poll}
        vote = {"m.relates_to": relation, "org.matrix.msc3381.poll.response": {"answers": [answer]}}
        await amina.send(room, "org.matrix.msc3381.poll.response", vote)
    await amina.send_text(room, "end")
    await world.heard("end")
    votes = [(vote.ref.message, vote.options) for vote in world.sink.of(PollVoted)]
    assert votes == [(ours.message, (1,)), (theirs, (1,)), (theirs, (0,))]
    assert sum("/event/" in path for _, path in world.proxy.requests) == 1, "a poll is looked up once"
    outcome = await adapter.edit(ours, outgoing(adapter, room, "no poll"), "b" * 32)
    assert isinstance(outcome, Refused)


def counted(phone: MatrixDevice, count: int, _: MatrixUser) -> bool:
    return phone.screen("village").bubbles[-1].chips[1].count == count


async def test_the_playgrounds_phone_shows_a_poll_and_votes_in_it(world: World) -> None:
    amina = await world.syncing("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    poll = only(
        await adapter.send(
            outgoing(adapter, room, Content(poll=Poll(question="Well or pump?", options=("Well", "Pump")))), "a" * 32
        )
    )
    await amina.wait_for(lambda person: person.rooms[room].item(poll.message))
    side = SimpleNamespace(phase=Phase.READY, users={"amina": amina}, rooms={"village": room}, bot_id=world.bot)
    phone = MatrixDevice(
        cast("MatrixSide", side), key="amina", person="Amina", about="", rooms=[("village", "Village")]
    )
    for count in (1, 0):  # chosen, and taken back
        await phone.react("village", poll.message, "Pump")
        await amina.wait_for(partial(counted, phone, count))
    await world.sink.first(PollVoted, lambda vote: vote.options == ())
    assert [vote.options for vote in world.sink.of(PollVoted)] == [(1,), ()]
    bubble = phone.screen("village").bubbles[-1]
    assert "Well or pump?" in bubble.body
    assert [(chip.key, chip.mine) for chip in bubble.chips] == [("Well", False), ("Pump", False)]


async def test_a_place_is_shown_on_a_map(world: World) -> None:
    amina, room, adapter = await village(world)
    place = Content(place=Place(latitude=-1.28333, longitude=36.81667, title="Clinic"))
    shown = (await raw(amina, room, only(await adapter.send(outgoing(adapter, room, place), "a" * 32)).message))[
        "content"
    ]
    assert (shown["msgtype"], shown["geo_uri"]) == ("m.location", "geo:-1.28333,36.81667")


async def test_an_answer_goes_into_the_thread_of_what_it_answers(world: World) -> None:
    amina, room, adapter = await village(world)
    root = await amina.send_text(room, "root")
    thread = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True, "m.in_reply_to": {"event_id": root}}
    await amina.send(room, "m.room.message", {"msgtype": "m.text", "body": "inside", "m.relates_to": thread})
    inside, outside = await world.heard("inside"), await world.heard("root")
    assert inside.reply_to == outside.ref
    for question, key in ((inside.ref, "a"), (outside.ref, "b")):
        content = Content(text=plain("An answer"), reply_to=question)
        ref = only(await adapter.send(outgoing(adapter, room, content), key * 32))
        relation = (await raw(amina, room, ref.message))["content"]["m.relates_to"]
        assert relation["m.in_reply_to"]["event_id"] == question.message
        assert relation.get("event_id") == (root if question == inside.ref else None)
        assert relation.get("is_falling_back") is (False if question == inside.ref else None)


async def test_reactions_are_exactly_those_wanted(world: World) -> None:
    _, room, adapter = await village(world)
    assert isinstance(adapter, CanReact)
    card = Content(text=plain("Publish?"), buttons=((Button(label="Approve", emoji="✅"),),))
    post, asked = (
        only(await said(adapter, room, "A post", "a" * 32)),
        only(await adapter.send(outgoing(adapter, room, card), "b" * 32)),
    )
    for wanted, key in ((["👍", "🎉", "👍"], "c"), (["👍", "🎉"], "c"), (["👍", "🎉"], "d"), (["❤️", "👍"], "e")):
        assert await adapter.react(post, wanted, key * 32) == Sent()
        assert set(await placed(adapter, room, post)) == set(wanted)
    assert await adapter.edit(post, outgoing(adapter, room, "Corrected"), "f" * 32) == Sent()
    assert await placed(adapter, room, post) == {"❤️": True, "👍": True}, "a correction leaves them"
    assert await placed(adapter, room, asked) == {"✅": False}
    assert await adapter.edit(asked, outgoing(adapter, room, "Approved"), "0" * 32) == Sent()
    assert await placed(adapter, room, asked) == {}, "buttons go with what they were for"
    assert await adapter.react(post, [], "1" * 32) == Sent()
    assert await placed(adapter, room, post) == {}
    outcome = await adapter.react(replace(post, message=MessageId("$never")), ["👍"], "2" * 32)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Refusal.TARGET_GONE


async def test_a_members_reaction_and_its_removal_name_each_other(world: World) -> None:
    amina, room, adapter = await village(world)
    ref = only(await said(adapter, room, "A post", "a" * 32))
    made = await amina.react(room, ref.message, "👍")
    reacted = await world.sink.first(Reacted)  # what comes together with its removal is not told at all
    await amina.redact(room, made)
    removed = await world.sink.first(MessageDeleted)
    assert (reacted.ref, reacted.emoji, reacted.reaction) == (ref, "👍", removed.ref.message)


async def test_what_is_no_file_is_never_taken_for_one(world: World) -> None:
    """A homeserver's error is not the picture, however short; nor is what breaks off."""
    amina, room, adapter = await village(world)
    mxc = await amina.upload(b"picture" * 100, filename="x.jpg", mimetype="image/jpeg")
    await amina.send_text(room, "end")
    file = RemoteFile(ref=mxc, kind=AttachmentKind.PHOTO)

    async def fetched(limit: int = 1000) -> bytes:
        return b"".join([chunk async for chunk in adapter.fetch(file, limit=limit)])

    assert await fetched() == b"picture" * 100
    with pytest.raises(MediaRefused):
        await fetched(limit=699)
    for status, error in ((404, MediaRefused), (502, OSError), (429, OSError)):

        async def answer(request: web.Request, status: int = status) -> web.StreamResponse | None:
            return web.json_response({"errcode": "M_NOT_YET_UPLOADED"}, status=status)

        world.proxy.before = answer
        with pytest.raises(error):
            await fetched()

    async def break_off(request: web.Request) -> web.StreamResponse | None:
        response = web.StreamResponse(headers={"Content-Length": "700"})
        await response.prepare(request)
        await response.write(b"picture")
        assert request.transport is not None
        request.transport.abort()
        return response

    world.proxy.before = break_off
    with pytest.raises(OSError, match="cannot be fetched"):
        await fetched()
    world.proxy.before = None
