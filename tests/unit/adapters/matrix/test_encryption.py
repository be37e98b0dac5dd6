"""Encrypted rooms on the real Synapse, with members whose clients are not ours."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from vodozemac import GroupSession

from bridge.adapters.matrix import waiting
from bridge.adapters.matrix.client import HomeServer
from bridge.core.checks import ChatUse, Level
from bridge.core.errors import MediaRefused
from bridge.core.events import MessageDeleted, MessageEdited, MessagePosted
from bridge.core.ids import ChatId
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.ports import LocalFile, Sent
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.playground.matrix_user import MatrixUser
from tests.contract.harness import wait_for
from tests.servers import unique
from tests.unit.adapters.matrix.conftest import World, outgoing, said
from tests.unit.adapters.matrix.nio_person import NioPerson

pytestmark = pytest.mark.synapse
WHO = "@stranger:elsewhere.example"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SOUND = GroupSession().encrypt(b"{}").to_base64()

People = Callable[[str], Coroutine[Any, Any, NioPerson]]


@pytest.fixture
async def people(world: World, tmp_path: Path) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:

        async def person(name: str) -> NioPerson:
            login = await world.synapse.register(unique(name.lower()), displayname=name)
            made = NioPerson(world.synapse.url, login, tmp_path)
            stack.push_async_callback(made.stop)
            await made.start()
            return made

        yield person


async def encrypted_room(owner: MatrixUser, *members: str) -> str:
    room = await owner.create_room("Village", invite=list(members))
    path = f"/_matrix/client/v3/rooms/{room}/state/m.room.encryption"
    await owner._call("PUT", path, {"algorithm": "m.megolm.v1.aes-sha2"})
    return room


async def raw(person: MatrixUser, room: str, event: str) -> dict[str, Any]:
    """The content of an event as the homeserver has it."""
    return dict((await person._call("GET", f"/_matrix/client/v3/rooms/{room}/event/{event}"))["content"])


async def test_both_ways_with_two_members_and_over_a_restart(world: World, people: People) -> None:
    owner, amina, juma = await world.person("Owner"), await people("Amina"), await people("Juma")
    room = await encrypted_room(owner, world.bot, amina.user_id, juma.user_id)
    adapter = await world.started(room)
    for person in (amina, juma):
        await person.client.join(room)
    await amina.say(room, "habari")
    event = await world.heard("habari")
    assert event.sender.name == "Amina"
    outcome = await said(adapter, room, "nzuri", "a" * 32)
    assert isinstance(outcome, Sent)
    for person in (amina, juma):
        assert (await person.hears("nzuri"))["decrypted"]
    assert await adapter.look_up(ChatId(room), "a" * 32) == outcome.refs[0]
    assert await said(adapter, room, "nzuri", "a" * 32) == outcome

    await adapter.stop()
    await amina.say(room, "while you slept")
    adapter = await world.started(room)
    await world.heard("while you slept")
    assert isinstance(await said(adapter, room, "good morning", "b" * 32), Sent)
    assert (await juma.hears("good morning"))["decrypted"]
    await juma.say(room, "at last")
    await world.heard("at last")
    assert not amina.unread
    assert not juma.unread
    assert len({event.key for event in world.sink.of(MessagePosted)}) == 3
    findings = await adapter.check([ChatUse(chat=ChatId(room))], world.state)
    said_of = " ".join(finding.message for finding in findings)
    assert "fingerprint" in said_of
    assert "cross-signed" in said_of
    assert all(not finding.mend for finding in findings), findings


class Withheld:
    """Takes what devices tell the bridge out of its sync answers, and may let it come later."""

    def __init__(self) -> None:
        self.kept: list[dict[str, Any]] = []
        self.holding = True

    def __call__(self, answer: dict[str, Any]) -> None:
        events = answer.setdefault("to_device", {}).setdefault("events", [])
        if self.holding:
            self.kept += events
            events.clear()
        else:  # again and again, as a homeserver does that was not heard
            events[:0] = self.kept


@pytest.mark.parametrize("told", [False, True], ids=["before anybody is told", "after"])
async def test_a_key_that_comes_late(
    world: World, people: People, monkeypatch: pytest.MonkeyPatch, *, told: bool
) -> None:
    """And over a restart in between: what waits for its key is kept."""
    monkeypatch.setattr(waiting, "GRACE", timedelta(seconds=0.2 if told else 300))
    owner, amina = await world.person("Owner"), await people("Amina")
    room = await encrypted_room(owner, world.bot, amina.user_id)
    await owner.set_power_levels(room, users={world.bot: 50})
    adapter = await world.started(room)
    await amina.client.join(room)
    world.proxy.meddle = withheld = Withheld()
    event_id = await amina.say(room, "you cannot read this yet")
    if told:
        lost = await world.sink.first(MessagePosted)
        assert [part.kind for part in lost.uncarried] == ["encrypted"]
        assert lost.ref.message == event_id
    await wait_for(lambda: len(adapter._encryption.waiting) == 1, what="it waits")
    await wait_for(lambda: withheld.kept, what="the key is on its way")
    requests = world.proxy.requests
    await wait_for(lambda: any("m.room_key_request" in path for _, path in requests), what="the key is asked for")
    if told:  # as where posts are held
        assert isinstance(await adapter.delete(lost.ref, "d" * 32), Sent)
        await owner.send_text(room, "next")
        await world.heard("next")
    await adapter.stop()
    assert (not told) == (not world.sink.of(MessagePosted))

    withheld.holding = False
    await world.started(room)
    await owner.send(room, "org.example.nothing", {})  # so that the homeserver answers
    if told:
        edit = await world.sink.first(MessageEdited)
        assert (edit.ref, edit.sender) == (lost.ref, lost.sender)
        assert edit.text.text == "you cannot read this yet"
        assert not edit.uncarried
        assert edit.key != lost.key
    else:
        post = await world.heard("you cannot read this yet")
        assert post.sender.name == "Amina"
    await amina.say(room, "and this at once")
    await world.heard("and this at once")
    assert len(world.sink.of(MessagePosted)) == 2 + told
    assert len(world.sink.of(MessageEdited)) == int(told)


async def test_pictures_edits_and_removals_both_ways(world: World, people: People, tmp_path: Path) -> None:
    owner, amina = await world.person("Owner"), await people("Amina")
    room = await encrypted_room(owner, world.bot, amina.user_id)
    adapter = await world.started(room)
    await amina.client.join(room)
    data = b"not really a picture" * 10_000
    path = tmp_path / "picture"
    path.write_bytes(data)

    # outwards
    photo = Attachment(
        sha256=hashlib.sha256(data).hexdigest(),
        kind=AttachmentKind.PHOTO,
        mime="image/jpeg",
        size=len(data),
        name="a.jpg",
    )
    message = outgoing(adapter, room, Content(text=plain("The well"), attachments=(photo,)))
    whole = replace(message, files=(LocalFile(attachment=photo, path=path),))
    for key in ("a", "b"):
        assert isinstance(await adapter.send(whole, key * 32), Sent)
    assert await amina.file_of(await amina.hears("The well")) == data
    assert sum("/media/v3/upload" in path for _, path in world.proxy.requests) == 1

    # inwards
    file = await amina.uploads(data)
    info = {"mimetype": "image/jpeg", "size": len(data)}
    await amina.say(room, "b.jpg", msgtype="m.image", info=info, file=file)
    event = await world.sink.first(MessagePosted, lambda event: bool(event.files))
    assert b"".join([piece async for piece in adapter.fetch(event.files[0], limit=1 << 20)]) == data
    forged = replace(event.files[0], ref=event.files[0].ref[:-2] + "AA")
    with pytest.raises(MediaRefused):
        [piece async for piece in adapter.fetch(forged, limit=1 << 20)]

    # edits and removals
    first = await amina.say(room, "habri")
    await amina.say(
        room,
        "* habari",
        **{"m.new_content": {"msgtype": "m.text", "body": "habari"}},
        **{"m.relates_to": {"rel_type": "m.replace", "event_id": first}},
    )
    edit = await world.sink.first(MessageEdited)
    assert (edit.ref.message, edit.text.text) == (first, "habari")
    await amina.client.room_redact(room, first)
    assert (await world.sink.first(MessageDeleted)).ref.message == first
    sent = await said(adapter, room, "first", "c" * 32)
    assert isinstance(sent, Sent)
    await amina.hears("first")
    assert isinstance(await adapter.edit(sent.refs[0], outgoing(adapter, room, "second"), "d" * 32), Sent)
    assert (await amina.hears("* second"))["content"]["m.new_content"]["body"] == "second"
    assert isinstance(await adapter.delete(sent.refs[0], "e" * 32), Sent)


async def test_who_leaves_cannot_read_on(world: World, people: People) -> None:
    owner, amina, juma = await world.person("Owner"), await people("Amina"), await people("Juma")
    room = await encrypted_room(owner, world.bot, amina.user_id, juma.user_id)
    adapter = await world.started(room)
    for person in (amina, juma):
        await person.client.join(room)
    keys = []
    for text in ("one", "two", "three"):
        assert isinstance(await said(adapter, room, text, text), Sent)
        event = await amina.hears(text)
        keys.append((await raw(owner, room, event["event_id"]))["session_id"])
        if text == "two":
            await juma.hears(text)
            await juma.client.room_leave(room)
            members = adapter._encryption._members
            await wait_for(lambda: room not in members, what="the leave is seen")  # noqa: B023 - called within the round
    assert keys[0] == keys[1] != keys[2]
    kept = await adapter._encryption.store.get(f"out:{room}")
    assert not any(who.startswith(juma.user_id) for who in kept["shared"])


def megolm(index: int, **changes: Any) -> dict[str, Any]:
    content = {
        "algorithm": "m.megolm.v1.aes-sha2",
        "sender_key": "A" * 43,
        "device_id": "D",
        "session_id": f"s{index}",
        "ciphertext": SOUND,
    }
    content = {key: value for key, value in (content | changes).items() if value is not None}
    return {"event_id": f"$bad{index}", "type": "m.room.encrypted", "sender": WHO, "content": content}


async def test_bad_input_is_told_and_stops_nothing(world: World, people: People) -> None:
    owner, amina = await world.person("Owner"), await people("Amina")
    room = await encrypted_room(owner, world.bot, amina.user_id)
    adapter = await world.started(room)
    await amina.client.join(room)
    first = await amina.say(room, "first")
    await world.heard("first")
    source = await raw(owner, room, first)
    bad = [
        megolm(0, ciphertext=None),
        megolm(1, ciphertext=7),
        megolm(2, ciphertext="AAAA"),
        megolm(3, algorithm="m.megolm.v9"),
        megolm(4, session_id=None),
        megolm(5, session_id=["x"]),
        {**megolm(6), "content": source, "sender": amina.user_id},  # the same message in another event
    ]
    stolen = {**megolm(7), "content": source}  # with the key of somebody else: their own may come yet
    strangers = [megolm(index) for index in range(10_000, 20_000)]
    whispers: list[Any] = [
        7,
        {},
        {"type": "m.room.encrypted"},
        {"type": "m.room.encrypted", "sender": WHO, "content": []},
        {"type": "m.room_key", "sender": WHO, "content": {"session_key": "x"}},
        *(
            {
                "type": "m.room.encrypted",
                "sender": WHO,
                "content": {
                    "algorithm": "m.olm.v1.curve25519-aes-sha2",
                    "sender_key": key,
                    "ciphertext": {adapter._encryption.olm.curve: {"type": kind, "body": body}},
                },
            }
            for key in ("x", "A" * 43)
            for kind in (0, 1, 2, -1, "0", None, 1 << 70)
            for body in ("", "!", "AAAA", 5)
        ),
    ]
    done: list[bool] = []

    def meddle(answer: dict[str, Any]) -> None:
        if not done:
            done.append(True)
            answer["device_lists"] = {"changed": 5}
            answer["device_one_time_keys_count"] = {"signed_curve25519": "many"}
            answer.setdefault("to_device", {})["events"] = whispers
            section = answer.setdefault("rooms", {}).setdefault("join", {}).setdefault(room, {})
            section.setdefault("timeline", {}).setdefault("events", []).extend([*bad, stolen, *strangers])

    world.proxy.meddle = meddle
    await amina.say(room, "second")
    await world.heard("second")
    lost = [event for event in world.sink.of(MessagePosted) if event.uncarried]
    assert {f"$bad{index}" for index in range(7)} <= {event.key for event in lost}
    # A thousand wait for their keys, within two megabytes; of the others it is said at once.
    waiting_now = len(adapter._encryption.waiting)
    assert 0 < waiting_now <= 1_000
    assert any(held.id == "$bad7" for held in adapter._encryption.waiting._entries)
    assert len(lost) == 8 + 10_000 - waiting_now
    assert sum("m.room_key_request" in path for _, path in world.proxy.requests) <= 20
    await amina.say(room, "third")
    await world.heard("third")


@pytest.mark.parametrize("then", [None, {}, {"algorithm": "org.example.none"}], ids=["gone", "empty", "other"])
async def test_once_encrypted_a_room_is_never_written_to_in_the_clear(
    world: World, monkeypatch: pytest.MonkeyPatch, then: dict[str, Any] | None
) -> None:
    owner = await world.person("Owner")
    room = await encrypted_room(owner, world.bot)
    adapter = await world.started(room)
    assert isinstance(await said(adapter, room, "one", "a" * 32), Sent)
    ask = HomeServer.state

    async def forged(self: HomeServer, room: str, kind: str, *more: Any, **named: Any) -> dict[str, Any] | None:
        return then if kind == "m.room.encryption" else await ask(self, room, kind, *more, **named)

    monkeypatch.setattr(HomeServer, "state", forged)
    await adapter.stop()
    adapter = await world.started(room)
    outcome = await said(adapter, room, "two", "b" * 32)
    assert isinstance(outcome, Sent)
    assert "ciphertext" in await raw(owner, room, outcome.refs[0].message)


async def test_an_answer_from_before_a_change_is_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room is encrypted while its state is on the way: what follows is not in the clear for ever."""
    adapter = await world.started()
    keys, asked = adapter._encryption, asyncio.Event()
    answer: asyncio.Future[dict[str, Any] | None] = asyncio.get_running_loop().create_future()

    async def slow(*_: Any) -> dict[str, Any] | None:
        asked.set()
        return await answer

    monkeypatch.setattr(keys._session.server, "state", slow)
    looking = asyncio.create_task(keys.is_encrypted("!r"))
    await asked.wait()
    keys.observe("!r", {"type": "m.room.encryption", "state_key": "", "content": {}})
    answer.set_result(None)
    assert not await looking
    answer = asyncio.get_running_loop().create_future()
    answer.set_result({"algorithm": "m.megolm.v1.aes-sha2"})
    assert await keys.is_encrypted("!r")


async def test_what_fits_fits_encrypted(world: World) -> None:
    owner = await world.person("Owner")
    room = await encrypted_room(owner, world.bot)
    adapter = await world.started(room)

    def content(size: int) -> Content:
        return Content(text=RichText("é" * size, (Mark(0, size, MarkKind.BOLD),)))

    longest = max(size for size in range(1_000, 15_000, 100) if adapter.fits(ChatId(room), content(size)))
    assert longest > 10_000
    assert isinstance(await adapter.send(outgoing(adapter, room, content(longest)), "a" * 32), Sent)


async def test_keys_of_another_session_are_left_alone(world: World) -> None:
    await (await world.started()).stop()
    world.state.values.clear()  # another installation with the same account
    adapter = await world.started()
    before = await adapter._encryption.identity.seen()
    warnings = [f for f in await adapter.check([], world.state) if f.level is Level.WARNING]
    assert "cross-signing keys of another login" in warnings[0].message
    assert await adapter._encryption.identity.seen() == before


async def test_after_a_backup_came_back_there_are_one_time_keys_again(world: World) -> None:
    owner = await world.person("Owner")
    adapter = await world.started()
    device, backup = adapter._encryption.olm.device, dict(world.state.values)
    room = await owner.create_room("Village", invite=[world.bot])

    async def used(times: int) -> None:
        body = {"one_time_keys": {world.bot: {device: "signed_curve25519"}}}
        for _ in range(times):
            answer = await owner._call("POST", "/_matrix/client/v3/keys/claim", body)
            assert answer["one_time_keys"]

    await used(10)
    await adapter.stop()
    await (await world.started()).stop()
    await used(10)
    world.state.values.clear()
    world.state.values.update(backup)
    adapter = await world.started(room)
    await owner.send_text(room, "habari")
    await world.heard("habari")

    async def count() -> int:
        return int((await adapter._encryption.chores.upload({}))["one_time_key_counts"]["signed_curve25519"])

    async def enough() -> bool:
        return await count() >= 20

    await wait_for(enough, what="there are keys again")
