"""What goes out to a real homeserver: once, to the right room, and told apart from what did not."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from aiohttp import web

from bridge.core.checks import ChatUse, Finding, Level
from bridge.core.community import Intake
from bridge.core.errors import Refusal
from bridge.core.ids import ChatId
from bridge.core.message import Attachment, AttachmentKind, Button, Content
from bridge.core.ports import Later, LocalFile, Outgoing, Refused, Sent
from bridge.core.text import MarkKind, marked, plain
from bridge.playground.matrix_timeline import TimelineItem
from tests.unit.adapters.matrix.conftest import World, outgoing, said

CARD = ((Button(label="Approve", emoji="✅"), Button(label="Reject", emoji="❌")),)


async def rooms_made(world: World) -> int:
    return sum(path.endswith("/createRoom") for _, path in world.proxy.requests)


async def test_a_private_chat_is_opened_once(world: World) -> None:
    amina = await world.syncing("Amina")
    adapter = await world.started()
    outcomes = await asyncio.gather(*(said(adapter, amina.user_id, f"hello {n}", f"{n}" * 32) for n in range(3)))
    refs = [outcome.refs[0] for outcome in outcomes if isinstance(outcome, Sent)]
    assert len(refs) == 3
    assert {ref.chat for ref in refs} == {amina.user_id}
    assert await rooms_made(world) == 1
    await adapter.stop()
    again = await world.started()
    assert isinstance(await said(again, amina.user_id, "hello again", "a" * 32), Sent)
    assert await rooms_made(world) == 1
    [room] = [room for room, seen in amina.rooms.items() if seen.membership == "invite"]
    await amina.join(room)
    await amina.wait_for(lambda person: person.rooms[room].find("hello 0"))
    answered = refs[0].message.rpartition(" ")[2]
    await amina.reply(room, answered, "thank you")
    event = await world.heard("thank you")
    assert event.reply_to == refs[0]
    assert event.sender.direct == amina.user_id


async def test_a_private_room_whose_making_was_cut_short_is_found_again(world: World) -> None:
    amina = await world.person("Amina")
    adapter = await world.started()
    world.proxy.cut_after = lambda request: request.path.endswith("/createRoom")
    assert isinstance(await said(adapter, amina.user_id, "hello", "a" * 32), Later)
    world.proxy.cut_after = lambda _: False
    await adapter.stop()
    again = await world.started()
    assert isinstance(await said(again, amina.user_id, "hello", "a" * 32), Sent)
    assert await rooms_made(world) == 1


async def test_whoever_left_the_private_chat_is_invited_again(world: World) -> None:
    amina = await world.syncing("Amina")
    adapter = await world.started()
    assert isinstance(await said(adapter, amina.user_id, "one", "a" * 32), Sent)
    room = await amina.wait_for(lambda person: next(iter(person.rooms), None))
    await amina.join(room)
    await amina.leave(room)
    await adapter.stop()
    again = await world.started()
    assert isinstance(await said(again, amina.user_id, "two", "b" * 32), Sent)
    assert await rooms_made(world) == 1
    await amina.wait_for(lambda person: person.rooms[room].membership == "invite")


async def test_the_same_key_is_one_message_also_after_a_restart(world: World) -> None:
    amina = await world.syncing("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    card = outgoing(adapter, room, Content(text=plain("Publish?"), buttons=CARD))
    first = await adapter.send(card, "c" * 32)
    await adapter.stop()
    again = await world.started(room)
    assert await again.send(card, "c" * 32) == first
    assert isinstance(first, Sent)
    event = first.refs[0].message
    await amina.wait_for(lambda person: person.rooms[room].item(event))
    await asyncio.gather(amina.send_text(room, "end"), amina.wait_for(lambda person: person.rooms[room].find("end")))
    items = [item for item in amina.rooms[room].timeline if item.sender == world.bot]
    assert [item.body for item in items] == ["Publish?\n\n✅ Approve · ❌ Reject"]
    assert items[0].reactions == {"✅": 1, "❌": 1}


async def test_an_edit_changes_the_reactions_with_the_buttons(world: World) -> None:
    amina = await world.syncing("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    sent = await adapter.send(outgoing(adapter, room, Content(text=plain("Publish?"), buttons=CARD)), "a" * 32)
    assert isinstance(sent, Sent)
    event = sent.refs[0].message
    changed = Content(text=marked("Approved", MarkKind.BOLD), buttons=((Button(label="Undo", emoji="↩️"),),))
    for _ in range(2):  # a repeat changes nothing
        assert await adapter.edit(sent.refs[0], outgoing(adapter, room, changed), "b" * 32) == Sent()
    item = await amina.wait_for(lambda person: edited(person.rooms[room].item(event)))
    await amina.wait_for(lambda person: (i := person.rooms[room].item(event)) and set(i.reactions) == {"↩️"})
    assert item.body == "Approved\n\n↩️ Undo"
    assert "<strong>Approved</strong>" in (item.html or "")


def edited(item: TimelineItem | None) -> TimelineItem | None:
    return item if item is not None and item.edited else None


async def test_reactions_that_fail_for_now_are_placed_by_the_repeat(world: World) -> None:
    amina = await world.syncing("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)

    async def slow_down(request: web.Request) -> web.StreamResponse | None:
        if "/send/m.reaction/" not in request.path:
            return None
        return web.json_response({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1500}, status=429)

    card = outgoing(adapter, room, Content(text=plain("Publish?"), buttons=CARD))
    world.proxy.before = slow_down
    assert isinstance(await adapter.send(card, "a" * 32), Later)
    world.proxy.before = None
    sent = await adapter.send(card, "a" * 32)
    assert isinstance(sent, Sent)
    event = sent.refs[0].message
    await amina.wait_for(lambda person: (i := person.rooms[room].item(event)) and len(i.reactions) == 2)
    assert len([item for item in amina.rooms[room].timeline if item.sender == world.bot]) == 1


async def test_reactions_that_are_forbidden_do_not_stop_a_message(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot], power_levels={"events": {"m.reaction": 50}})
    adapter = await world.started(room)
    card = outgoing(adapter, room, Content(text=plain("Publish?"), buttons=CARD))
    assert isinstance(await adapter.send(card, "a" * 32), Sent)


async def test_a_file_is_uploaded_once(world: World, tmp_path: Path) -> None:
    amina = await world.syncing("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    data = b"not really a picture" * 1000
    path = tmp_path / "blob"
    path.write_bytes(data)
    sha = hashlib.sha256(data).hexdigest()
    photo = Attachment(sha256=sha, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=len(data), name="well.jpg")
    content = Content(text=plain("The new well"), attachments=(photo,))
    for key in ("a", "b"):
        message = outgoing(adapter, room, content)
        whole = Outgoing(chat=message.chat, payload=message.payload, files=(LocalFile(attachment=photo, path=path),))
        assert isinstance(await adapter.send(whole, key * 32), Sent)
    assert sum("/media/v3/upload" in path for _, path in world.proxy.requests) == 1
    item = await amina.wait_for(lambda person: person.rooms[room].find("The new well"))
    assert item.kind == "m.image"
    assert item.media is not None
    assert item.media.filename == "well.jpg"
    assert await amina.download(item.media.mxc) == data
    path.unlink()
    world.state.values.pop(f"mxc:{sha}")
    lost = await adapter.send(whole, "c" * 32)
    assert isinstance(lost, Refused)
    assert lost.reason is Refusal.BAD_CONTENT


async def test_a_removed_account_is_told_apart_from_an_unknown_room(world: World) -> None:
    amina = await world.person("Amina")
    room = await amina.create_room("Village", invite=[world.bot])
    adapter = await world.started(room)
    assert isinstance(await said(adapter, room, "one", "a" * 32), Sent)
    await amina.kick(room, world.bot)
    for chat, reason in ((room, Refusal.FORBIDDEN), ("!none:x", Refusal.CHAT_GONE), ("#no:x", Refusal.CHAT_GONE)):
        outcome = await said(adapter, chat, "two", "b" * 32)
        assert isinstance(outcome, Refused)
        assert outcome.reason is reason


async def test_nobody_there_to_write_to(world: World) -> None:
    adapter = await world.started()
    outcome = await said(adapter, "@nobody:nowhere.invalid", "hello", "a" * 32)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Refusal.UNREACHABLE


# --- check ----------------------------------------------------------------------------------------------------------


def of(findings: list[Finding], subject: str) -> dict[Level, str]:
    return {f.level: f.message for f in findings if f.subject == subject and f.level is not Level.OK}


async def test_check_says_what_is_missing_and_how_to_mend_it(world: World) -> None:
    amina, guest = await world.person("Amina"), await world.person("Guest")
    good = await amina.create_room("Good", invite=[world.bot])
    await amina.set_power_levels(good, users={world.bot: 50})
    weak = await amina.create_room("Weak", invite=[world.bot])
    closed = await amina.create_room("Closed")
    secret = await amina.create_room("Secret", invite=[world.bot])
    path = f"/_matrix/client/v3/rooms/{secret}/state/m.room.encryption"
    await amina._call("PUT", path, {"algorithm": "m.megolm.v1.aes-sha2"})
    mods = await amina.create_room("Mods", invite=[world.bot])
    await amina._call("PUT", f"/_matrix/client/v3/rooms/{mods}/state/m.room.join_rules", {"join_rule": "public"})
    adapter = world.build()
    users = (amina.user_id, guest.user_id)
    findings = list(
        await adapter.check(
            [
                ChatUse(chat=ChatId(good), intake=Intake.HOLD),
                ChatUse(chat=ChatId(weak), intake=Intake.HOLD),
                ChatUse(chat=ChatId(closed), intake=Intake.NONE),
                ChatUse(chat=ChatId(secret), intake=Intake.NONE),
                ChatUse(chat=ChatId(mods), moderators=True, users=users),
            ],
            world.state,
        )
    )
    assert not of(findings, good)
    assert "remove" in of(findings, weak)[Level.ERROR]
    assert "not in this room" in of(findings, closed)[Level.ERROR]
    assert not of(findings, secret)
    assert any("encrypted" in finding.message for finding in findings if finding.subject == secret)
    warnings = [f.message for f in findings if f.subject == mods and f.level is Level.WARNING]
    assert len(warnings) == 2
    assert "public" in warnings[0]
    assert guest.user_id in warnings[1]
    assert all(finding.mend for finding in findings if finding.level is not Level.OK)


async def test_check_knows_that_creators_may_do_anything(world: World) -> None:
    """Rooms of version 12 and of before, made by the account itself."""
    adapter = await world.started()
    server = adapter._session.server
    rooms = [
        (await server.ask(server.room_create(room_version=version, name="Ours")))["room_id"] for version in ("10", "12")
    ]
    findings = await adapter.check([ChatUse(chat=ChatId(r), intake=Intake.HOLD) for r in rooms], world.state)
    assert {finding.level for finding in findings} == {Level.OK}


@pytest.mark.parametrize("trouble", ["address", "password"])
async def test_check_says_why_the_account_is_not_let_in(world: World, trouble: str) -> None:
    settings = {"homeserver": "http://127.0.0.1:9"} if trouble == "address" else {"password": "wrong"}
    adapter = world.build(**settings)
    [finding] = await adapter.check([], world.state)
    assert finding.level is Level.ERROR
    assert trouble in finding.message or "homeserver" in finding.mend


async def test_the_upload_limit_is_the_homeservers(world: World) -> None:
    adapter = await world.started()
    assert adapter.capabilities(ChatId("!any")).max_file_bytes == 50 << 20
