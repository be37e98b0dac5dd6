"""A whole bridge with an encrypted group and an encrypted moderators' room, on the real Synapse."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from bridge import app, config
from bridge.adapters.matrix import waiting
from bridge.playground.matrix_timeline import TimelineItem
from bridge.playground.matrix_user import MatrixUser
from bridge.playground.synapse import MatrixLogin, SynapseServer
from tests.acceptance.program import Matrix, write_config
from tests.acceptance.world import until
from tests.contract.harness import wait_for
from tests.contract.matrix_proxy import MatrixProxy
from tests.servers import unique
from tests.unit.adapters.matrix.nio_person import NioPerson
from tests.unit.adapters.matrix.test_encryption import Withheld, encrypted_room, raw

if TYPE_CHECKING:
    from bridge.adapters.loopback.people import People

pytestmark = [pytest.mark.synapse, pytest.mark.timeout(240)]


class Village:
    """Amina in an encrypted group, Peter in the encrypted moderators' room, Fatima in a group that is in the clear."""

    def __init__(self, bot: MatrixLogin, proxy: MatrixProxy) -> None:
        self.bot, self.proxy = bot, proxy
        self.amina: NioPerson
        self.peter: NioPerson
        self.fatima: MatrixUser
        self.config: Path
        self.phones: People
        self.group = self.mods = self.clear = ""

    async def card(self, *said: str) -> TimelineItem:
        """Peter's newest message in which all of this stands."""

        def found() -> TimelineItem | None:
            timeline = self.peter.rooms[self.mods].timeline if self.mods in self.peter.rooms else []
            return next((item for item in reversed(timeline) if all(part in item.body for part in said)), None)

        await wait_for(lambda: found() is not None, what=f"a card with {said}", timeout=20)
        item = found()
        assert item is not None
        return item

    async def approves(self, card: TimelineItem) -> None:
        """By a reaction, as soon as one is offered."""

        def offered() -> bool:
            item = self.peter.rooms[self.mods].item(card.event_id)
            return item is not None and "✅" in item.reactions

        await wait_for(offered, what="the card can be pressed")
        await self.peter.plain.react(self.mods, card.event_id, "✅")

    async def answers(self, card: TimelineItem, text: str) -> None:
        """By a typed reply, which is encrypted."""
        await self.peter.say(self.mods, text, **{"m.relates_to": {"m.in_reply_to": {"event_id": card.event_id}}})

    def by_phone(self, text: str) -> bool:
        return any(text in str(m["text"]) for m in self.phones.sent() if m.get("chat") == "phones")

    async def arrived(self, text: str) -> None:
        """Everywhere, and encrypted where it must be."""
        there = await self.amina.sees(self.group, text)
        assert self.amina.events[there.event_id]["decrypted"]
        assert "ciphertext" in await raw(self.amina.plain, self.group, there.event_id)
        await self.fatima.wait_for(lambda u: u.rooms[self.clear].find(text))
        await until(lambda: self.by_phone(text))

    @asynccontextmanager
    async def bridge(self) -> AsyncIterator[None]:
        ready = asyncio.Event()
        task = asyncio.create_task(app.run(config.load(self.config), ready=ready.set))
        ringing = asyncio.create_task(ready.wait())
        # On a busy machine the first start, with all its migrations, takes half a minute. Whoever does not wait for it
        # lets people speak before the bridge is in the room, and it never hears them.
        await asyncio.wait({task, ringing}, return_when=asyncio.FIRST_COMPLETED, timeout=70)
        ringing.cancel()
        try:
            if task.done():
                task.result()
            assert ready.is_set(), "the bridge did not become ready"
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def village(synapse: SynapseServer, tmp_path: Path) -> AsyncIterator[Village]:
    async with AsyncExitStack() as stack:
        proxy = MatrixProxy(synapse.url)
        await proxy.open()
        stack.push_async_callback(proxy.close)
        here = Village(await synapse.register(unique("baraza"), displayname="Baraza"), proxy)

        async def person(name: str) -> NioPerson:
            login = await synapse.register(unique(name.lower()), displayname=name)
            made = NioPerson(synapse.url, login, tmp_path)
            stack.push_async_callback(made.stop)
            await made.start()
            return made

        here.amina, here.peter = await person("Amina"), await person("Peter")
        login = await synapse.register(unique("fatima"), displayname="Fatima")
        here.fatima = await stack.enter_async_context(MatrixUser(synapse.url, login.user_id, login.access_token))
        peter, bot = here.peter.plain, here.bot.user_id
        here.group = await encrypted_room(peter, bot, here.amina.user_id)
        await peter.set_power_levels(here.group, users={bot: 50})
        await here.amina.client.join(here.group)
        here.mods = await encrypted_room(peter, bot)
        here.clear = await peter.create_room("Clinic", invite=[bot, here.fatima.user_id])
        await here.fatima.join(here.clear)
        people = Matrix(url=proxy.url, bot=here.bot, fatima=here.fatima, peter=peter, room=here.group, mods=here.mods)
        here.config, here.phones = write_config(tmp_path, matrix=people)
        more = f'[[communities.groups]]\nchat = "matrix:{here.clear}"\nintake = "copy"\n'
        here.config.write_text(here.config.read_text() + more)
        yield here


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG")
    return out.getvalue()


async def test_from_an_encrypted_group_by_encrypted_moderators_to_everybody(
    village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "GRACE", timedelta(seconds=0.2))
    amina, peter, group, mods = village.amina, village.peter, village.group, village.mods
    async with village.bridge():
        # Words, approved by a reaction.
        first = await amina.say(group, "Does ORS help?")
        card = await village.card("Does ORS help?", "waiting for a decision")
        assert peter.events[card.event_id]["decrypted"]
        await village.approves(card)
        await village.arrived("Does ORS help?")
        await village.card("Arrived in 3 of 3 groups")
        await wait_for(lambda: amina.client.invited_rooms, what="the bridge wants to tell her in private")
        for invitation in list(amina.client.invited_rooms):
            await amina.client.join(invitation)
        await wait_for(lambda: amina.rooms[group].item(first) is None, what="what was held is removed")

        # A picture, approved by a typed reply.
        await amina.shares(group, picture(), name="well.jpg", mime="image/jpeg", w=64, h=48)
        card = await village.card("#2 ", "waiting for a decision")
        await village.answers(card, "approve")
        shown = await village.fatima.wait_for(
            lambda u: next((i for i in u.rooms[village.clear].timeline if i.media), None)
        )
        assert shown.media is not None
        clear = await village.fatima.download(shown.media.mxc)
        await wait_for(lambda: _file_in(amina, group, village.bot.user_id), what="the picture is there")
        sealed = _file_in(amina, group, village.bot.user_id)
        assert sealed is not None
        assert await amina.file_of(sealed) == clear
        assert Image.open(io.BytesIO(clear)).size == (64, 48)

    # Nothing is lost between two runs, and both keys go on.
    await amina.say(group, "Said while nobody listened")
    async with village.bridge():
        card = await village.card("Said while nobody listened", "waiting for a decision")
        await village.answers(card, "approve")
        await village.arrived("Said while nobody listened")

        # A correction, and taking it back.
        await village.answers(card, "correct: Said when nobody listened")
        newer = await village.card("Correction of what is published")
        await village.answers(newer, "approve")
        await amina.sees(group, "Said when nobody listened")
        await village.fatima.wait_for(lambda u: u.rooms[village.clear].find("Said when nobody listened"))
        await village.answers(card, "retract: in error")
        await village.card("Taken back in 2 of 3 groups")
        await wait_for(lambda: amina.rooms[group].find("nobody listened") is None, what="it is gone")
        assert village.fatima.rooms[village.clear].find("nobody listened") is None

        # Nobody can read it, and everybody is told.
        village.proxy.meddle = withheld = Withheld()
        amina.client.invalidate_outbound_session(group)
        await amina.say(group, "The well is dry")
        unread = await village.card("could not be read", "waiting for a decision")
        assert "The well is dry" not in unread.body
        await wait_for(lambda: _told(amina, "it could not be read"), what="its author is told")
        # Its key comes after all.
        withheld.holding = False
        await peter.say(mods, "thanks")  # so that the homeserver answers
        card = await village.card("The well is dry", "waiting for a decision")
        assert "could not be read" not in card.body.partition("Changed")[0]
        await village.answers(card, "approve")
        await village.arrived("The well is dry")
    assert not peter.unread
    assert set(amina.unread) <= {first}


def _file_in(person: NioPerson, room: str, sender: str) -> dict[str, object] | None:
    shown = (person.events[item.event_id] for item in person.rooms[room].timeline if item.sender == sender)
    return next((event for event in shown if "file" in event["content"]), None)


def _told(person: NioPerson, text: str) -> bool:
    return any(text in item.body for room in person.rooms.values() for item in room.timeline)
