"""Devices in encrypted rooms on the real Synapse: keys that ran out, a run that died, second devices, verification."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nio.crypto.attachments import encrypt_attachment
from nio.events.to_device import KeyVerificationCancel

from bridge.adapters.matrix import chores, owners, verification, waiting
from bridge.adapters.matrix.session import SINCE
from bridge.core.events import InboundEvent, MessageEdited, MessagePosted
from bridge.core.message import Attachment, AttachmentKind, Content, Thumbnail
from bridge.core.ports import LocalFile, Sent
from bridge.core.text import plain
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin
from tests.contract.harness import wait_for
from tests.contract.seen import thumbnail_file
from tests.unit.adapters.matrix.conftest import DeadlySink, World, outgoing, said
from tests.unit.adapters.matrix.nio_person import NioPerson
from tests.unit.adapters.matrix.test_encryption import People, Withheld, encrypted_room, people, raw

__all__ = ["people"]
pytestmark = pytest.mark.synapse


# --- keys of ours that ran out ---


async def claimed(person: MatrixUser, user: str, device: str) -> dict[str, Any]:
    body = {"one_time_keys": {user: {device: "signed_curve25519"}}}
    answer = await person._call("POST", "/_matrix/client/v3/keys/claim", body)
    return dict(next(iter(answer["one_time_keys"][user][device].values())))


async def test_whoever_finds_no_one_time_key_left_takes_the_fallback_key(world: World, people: People) -> None:
    owner = await world.person("Owner")
    room = await encrypted_room(owner, world.bot)
    adapter = await world.started(room)
    device = adapter._encryption.olm.device

    async def published() -> bool:
        answer = await owner._call("POST", "/_matrix/client/v3/keys/query", {"device_keys": {world.bot: []}})
        return device in answer["device_keys"][world.bot] and not adapter._encryption.chores._fallback_used

    await owner.send_text(room, "habari")
    await world.heard("habari")
    await wait_for(published, what="the keys are there")
    await adapter.stop()
    used = 0
    while not (await claimed(owner, world.bot, device)).get("fallback"):
        used += 1
    assert used >= 20

    # Two people who never spoke with the bridge before, and both find the same key.
    amina, juma = await people("Amina"), await people("Juma")
    for person in (amina, juma):
        await owner.invite(room, person.user_id)
        await person.client.join(room)
        await person.say(room, f"from {person.user_id}")
    adapter = await world.started(room)
    for person in (amina, juma):
        await world.heard(f"from {person.user_id}")

    async def renewed() -> bool:
        before = await claimed(owner, world.bot, device)
        return not before.get("fallback")

    await wait_for(renewed, what="there are one-time keys again")
    answer = await adapter._encryption.chores.upload({})
    assert answer["one_time_key_counts"]["signed_curve25519"] >= 20
    await wait_for(lambda: not adapter._encryption.chores._fallback_used, what="a new fallback key is there")


# --- a run that dies ---


class DiesBefore(DeadlySink):
    """The process is killed when keys are durable, and events and place in the stream are not."""

    async def accept(self, events: Sequence[InboundEvent], *, state: Mapping[str, str] | None = None) -> None:
        if self.deadly and events:
            self.died.set()
            await asyncio.Event().wait()
        await super().accept(events, state=state)


@pytest.mark.parametrize("late", [False, True], ids=["a message and its key", "a key for what waits"])
async def test_killed_between_the_keys_and_the_place_in_the_stream(
    world: World, people: People, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    monkeypatch.setattr(waiting, "GRACE", timedelta(seconds=300))
    world.sink = DiesBefore(world.state)
    owner, amina = await world.person("Owner"), await people("Amina")
    room = await encrypted_room(owner, world.bot, amina.user_id)
    adapter = await world.started(room)
    await amina.client.join(room)
    world.proxy.meddle = withheld = Withheld()
    withheld.holding = late
    if late:
        await amina.say(room, "only once")
        await wait_for(lambda: len(adapter._encryption.waiting) == 1 and withheld.kept, what="it waits")
    await owner.send_text(room, "before")
    await world.heard("before")
    world.sink.deadly = True
    withheld.holding = False
    if not late:
        await amina.say(room, "only once")
    await owner.send_text(room, "next")
    await asyncio.wait_for(world.sink.died.wait(), 10)
    at_death = dict(world.state.values)
    await adapter.stop()
    assert any(":in:" in key and '"keys"' in value for key, value in at_death.items()), "the key is durable"
    assert "only once" not in world.bodies()

    world.sink.deadly = False
    world.state.values.clear()
    world.state.values.update(at_death)
    await world.started(room)
    await world.heard("only once")
    await world.heard("next")
    await amina.say(room, "and on it goes")
    await world.heard("and on it goes")
    assert world.bodies().count("only once") == 1
    assert SINCE in world.state.values


# --- whose device it is ---


async def test_a_member_whose_devices_nobody_shows_waits_and_is_heard(
    world: World, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their homeserver cannot be asked for a while: nobody else waits for it, and nothing is lost."""
    monkeypatch.setattr(waiting, "GRACE", timedelta(seconds=0.3))
    monkeypatch.setattr(owners, "_PATIENCE", 0.3)
    owner, amina = await world.person("Owner"), await people("Amina")
    room = await encrypted_room(owner, world.bot, amina.user_id)
    adapter = await world.started(room)
    await amina.client.join(room)
    devices, hidden = adapter._encryption.devices, True
    ask = type(devices)._ask

    async def slow(self: Any, users: list[str]) -> None:
        if hidden and amina.user_id in users:
            await asyncio.Event().wait()
        await ask(self, users)

    monkeypatch.setattr(type(devices), "_ask", slow)
    sent = await amina.say(room, "who am I?")
    await owner.send_text(room, "meanwhile")
    await world.heard("meanwhile")
    lost = await world.sink.first(MessagePosted, lambda event: bool(event.uncarried))
    assert lost.ref.message == sent
    hidden = False
    assert adapter._encryption.chores._task is not None
    adapter._encryption.chores._task.cancel()  # what it waits for does not come any more
    await owner.send_text(room, "next")
    edit = await world.sink.first(MessageEdited)
    assert (edit.text.text, edit.ref) == ("who am I?", lost.ref)


async def second_device(world: World, person: NioPerson, password: str, path: Path) -> NioPerson:
    nobody = MatrixUser(world.synapse.url, "", "")
    identifier = {"type": "m.id.user", "user": person.user_id}
    body = {"type": "m.login.password", "identifier": identifier, "password": password}
    answer = await nobody._call("POST", "/_matrix/client/v3/login", body)
    await nobody.stop()
    login = MatrixLogin(answer["user_id"], answer["access_token"], answer["device_id"], password)
    return NioPerson(world.synapse.url, login, path)


async def test_a_person_with_two_devices(world: World, tmp_path: Path) -> None:
    login = await world.synapse.register("two-devices", displayname="Amina")
    phone = NioPerson(world.synapse.url, login, tmp_path)
    owner = await world.person("Owner")
    room = await encrypted_room(owner, world.bot, phone.user_id)
    adapter = await world.started(room)
    await phone.start()
    await phone.client.join(room)
    await phone.say(room, "from the phone")
    await world.heard("from the phone")
    assert isinstance(await said(adapter, room, "to the phone", "a" * 32), Sent)
    assert (await phone.hears("to the phone"))["decrypted"]

    tablet = await second_device(world, phone, login.password, tmp_path)
    try:
        await tablet.start()
        await tablet.say(room, "from the tablet")
        assert (await world.heard("from the tablet")).sender.ref.user == phone.user_id
        assert isinstance(await said(adapter, room, "to both", "b" * 32), Sent)
        for device in (phone, tablet):
            assert (await device.hears("to both"))["decrypted"]

        # What it wrote before it was lost is still its owner's; what comes after is not for it.
        await adapter.stop()
        await tablet.say(room, "goodbye")
        key = (await raw(owner, room, (await tablet.hears("to both"))["event_id"]))["session_id"]
        await tablet.client.logout()
    finally:
        await tablet.stop()
    adapter = await world.started(room)
    await world.heard("goodbye")
    outcome = await said(adapter, room, "to the phone again", "c" * 32)
    assert isinstance(outcome, Sent)
    assert (await phone.hears("to the phone again"))["decrypted"]
    assert (await raw(owner, room, outcome.refs[0].message))["session_id"] != key
    await phone.stop()


# --- files ---


async def test_the_small_picture_of_an_encrypted_film_is_encrypted_both_ways(
    world: World, people: People, tmp_path: Path
) -> None:
    owner, amina = await world.person("Owner"), await people("Amina")
    room = await encrypted_room(owner, world.bot, amina.user_id)
    adapter = await world.started(room)
    await amina.client.join(room)
    film, small = b"not really a film" * 5_000, b"not really a picture" * 100
    paths = [tmp_path / "film", tmp_path / "small"]
    for path, data in zip(paths, (film, small), strict=True):
        path.write_bytes(data)

    # outwards
    thumbnail = Thumbnail(
        sha256=hashlib.sha256(small).hexdigest(), mime="image/jpeg", size=len(small), width=32, height=18
    )
    video = Attachment(
        sha256=hashlib.sha256(film).hexdigest(),
        kind=AttachmentKind.VIDEO,
        mime="video/mp4",
        size=len(film),
        name="a.mp4",
        thumbnail=thumbnail,
    )
    message = outgoing(adapter, room, Content(text=plain("The well"), attachments=(video,)))
    files = tuple(
        LocalFile(attachment=file, path=path)
        for file, path in zip((video, thumbnail_file(thumbnail)), paths, strict=True)
    )
    assert isinstance(await adapter.send(replace(message, files=files), "a" * 32), Sent)
    event = await amina.hears("The well")
    info = event["content"]["info"]
    assert "thumbnail_url" not in info
    assert await amina.file_of(event) == film
    assert await amina.file_of({"content": {"file": info["thumbnail_file"]}}) == small
    for sealed in (event["content"]["file"], info["thumbnail_file"]):
        assert (await amina.client.download(sealed["url"])).body not in (film, small)

    # inwards
    where = {}
    for name, data in (("film", film), ("small", small)):
        ciphertext, keys = encrypt_attachment(data)
        url = await amina.plain.upload(ciphertext, filename="x", mimetype="application/octet-stream")
        where[name] = {**keys, "url": url}
    info = {"mimetype": "video/mp4", "size": len(film), "thumbnail_file": where["small"]}
    await amina.say(room, "b.mp4", msgtype="m.video", info=info, file=where["film"])
    heard = (await world.sink.first(MessagePosted, lambda event: bool(event.files))).files[0]
    assert b"".join([piece async for piece in adapter.fetch(heard, limit=1 << 20)]) == film
    shown = replace(heard, ref=heard.thumbnail_ref, size=None)
    assert b"".join([piece async for piece in adapter.fetch(shown, limit=1 << 20)]) == small


# --- verification ---


async def test_whoever_wants_to_compare_emoji_is_told_at_once(world: World, people: People) -> None:
    owner, amina = await world.person("Owner"), await people("Amina")
    room = await encrypted_room(owner, world.bot, amina.user_id)
    adapter = await world.started(room)
    await amina.client.join(room)
    await amina.say(room, "habari")
    await world.heard("habari")

    # between devices, as nio does it
    device = amina.client.device_store[world.bot][adapter._encryption.olm.device]
    cancels: list[Any] = []
    amina.client.add_to_device_callback(cancels.append, KeyVerificationCancel)
    await amina.client.start_key_verification(device)
    (sas,) = amina.client.key_verifications.values()
    await wait_for(lambda: sas.canceled, what="the app is told")
    assert [cancel.code for cancel in cancels] == ["m.unknown_method"]

    # in the room, as newer apps do it; once each, and nobody reads of it
    request = {"msgtype": "m.key.verification.request", "to": world.bot, "methods": ["m.sas.v1"], "from_device": "P"}
    event = await amina.say(room, "compare?", **request)
    await amina.say(room, "not with us", **(request | {"to": owner.user_id}))

    def answers() -> list[dict[str, Any]]:
        return [e for e in amina.events.values() if e["type"] == "m.key.verification.cancel"]

    await wait_for(answers, what="the app is told in the room")
    await amina.say(room, "kwaheri")
    await world.heard("kwaheri")
    (answer,) = answers()
    assert answer["decrypted"]
    assert answer["content"]["code"] == "m.user"
    assert answer["content"]["m.relates_to"] == {"rel_type": "m.reference", "event_id": event}
    assert world.bodies() == ["habari", "kwaheri"]


async def test_bad_requests_for_verification_are_not_answered(world: World) -> None:
    adapter = await world.started()
    declined, us = adapter._encryption.declined, world.bot
    good = {"transaction_id": "t", "from_device": "P"}
    kind = "m.key.verification.start"
    old = (adapter._clock.now() - timedelta(hours=1)).timestamp() * 1000
    for user, what, content in (
        (5, kind, good),
        ("@a:x", "m.key.verification.cancel", good),
        ("@a:x", kind, None),
        ("@a:x", kind, good | {"transaction_id": "x" * 1_000}),
        ("@a:x", kind, good | {"from_device": ["P"]}),
        ("@a:x", kind, good | {"timestamp": old}),
    ):
        declined.between_devices(user, what, content)
    request = {"msgtype": "m.key.verification.request", "to": us}
    event = {"type": "m.room.message", "sender": "@a:x", "event_id": "$1", "content": request}
    for wrong in (
        {**event, "sender": us},
        {**event, "event_id": None},
        {**event, "content": request | {"to": "@b:x"}},
        {**event, "content": 7},
        {**event, "origin_server_ts": old},
    ):
        declined.in_room("!r", wrong)
    assert not declined
    for number in range(100):
        declined.between_devices("@a:x", kind, good | {"transaction_id": str(number)})
    assert len(declined) == verification._MOST_OF_ONE
    for number in range(100):
        declined.between_devices(f"@{number}:x", kind, good)
    assert len(declined) == verification._MOST
    declined._waiting.clear()


async def test_who_breaks_any_number_of_lines_makes_us_remember_few(world: World) -> None:
    adapter = await world.started()
    work = adapter._encryption.chores
    for round_ in range(200):
        for number in range(50):
            work.wedged(f"{round_} {number}", "@a:x")
        assert len(work._broken) <= chores._MAX_CHORES
        work._broken.clear()
    assert len(work._reopened) <= chores._MAX_REOPENED
