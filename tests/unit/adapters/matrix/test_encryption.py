"""Encrypted rooms on the real Synapse, with members whose clients are not ours."""

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from bridge.core.events import MessagePosted
from bridge.core.ids import ChatId
from bridge.core.ports import ChatUse, Sent
from bridge.playground.matrix_user import MatrixUser
from tests.servers import unique
from tests.unit.adapters.matrix.conftest import World, said
from tests.unit.adapters.matrix.nio_person import NioPerson

pytestmark = pytest.mark.synapse

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
