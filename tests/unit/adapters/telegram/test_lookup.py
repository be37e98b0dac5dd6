"""A message that may have been sent is found by forwarding what may be it; what cannot be told stays open."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram.error import BadRequest

from bridge.adapters.telegram import lookup
from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.core.ids import ChatId, MessageId
from bridge.core.message import Content
from bridge.core.ports import Doubt, Limited, Outgoing, Sent
from bridge.core.text import plain
from tests.unit.adapters.telegram.conftest import ACCOUNT, BOT, Village

WORDS = "Kangaroo care saves lives."
SECOND = timedelta(seconds=1)


@dataclass
class Scene:
    village: Village
    adapter: TelegramAdapter
    desk: int
    turns: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def turn(self, chat: ChatId) -> AsyncIterator[None]:
        self.turns.append(chat)
        yield

    def outgoing(self, text: str = WORDS, chat: int | str | None = None) -> Outgoing:
        return self.village.outgoing(self.adapter, Content(text=plain(text)), chat)

    async def send(self, text: str = WORDS, chat: int | str | None = None) -> int:
        """By the bot; the number of the message."""
        sent = await self.adapter.send(self.outgoing(text, chat), "")
        assert isinstance(sent, Sent)
        return int(sent.refs[0].message)

    def doubt(self, earlier: int, later: int | None = None, *known: int, chat: int | str | None = None) -> Doubt:
        now = datetime.now(UTC)
        ids = [earlier, *known] if later is None else [earlier, later, *known]
        return Doubt(
            outgoing=self.outgoing(chat=chat),
            since=now - SECOND,
            until=now,
            desk=ChatId(str(self.desk)),
            earlier=frozenset({MessageId(str(earlier))}),
            later=frozenset() if later is None else frozenset({MessageId(str(later))}),
            known=frozenset(MessageId(str(number)) for number in ids),
        )

    async def search(self, doubt: Doubt) -> int | None:
        found = await self.adapter.search(doubt, self.turn)
        return None if found is None else int(found.message)

    async def on_desk(self) -> list[dict[str, Any]]:
        view = await self.village.simulator.users.view(self.village.owner, self.desk)
        return [message for message in view["messages"] if not message["service"]]


@pytest.fixture
async def scene(village: Village) -> AsyncIterator[Scene]:
    users = village.simulator.users
    desk = await users.create_group("Moderators", village.owner, supergroup=True, members=[BOT])
    adapter = village.adapter(look_up_doubt=True)
    await adapter.start(village.sink, village.state)
    yield Scene(village, adapter, desk)
    await adapter.stop()


async def test_what_is_there_is_found_and_nothing_remains_of_the_search(scene: Scene) -> None:
    before = await scene.send("before")
    it = await scene.send()
    assert await scene.search(scene.doubt(before)) == it, "also when nothing is known that came later"
    after = await scene.send("after")
    assert await scene.search(scene.doubt(before, after)) == it
    assert await scene.on_desk() == []
    assert set(scene.turns) == {str(scene.desk)}, "every call is paced"
    assert len([message for message in await scene.village.shown() if message["text"] == WORDS]) == 1


async def test_a_members_message_is_not_it(scene: Scene) -> None:
    before = await scene.send("before")
    users = scene.village.simulator.users
    await users.write(scene.village.amina, scene.village.group, WORDS)
    it = await scene.send()
    await users.write(scene.village.amina, scene.village.group, "and so on")
    after = await scene.send("after")
    assert await scene.search(scene.doubt(before, after)) == it
    assert await scene.on_desk() == []


async def test_what_is_not_there_is_told_only_when_something_came_later(scene: Scene) -> None:
    before = await scene.send("before")
    theirs = await scene.village.simulator.users.write(scene.village.amina, scene.village.group, WORDS)
    with pytest.raises(OSError, match="later"):
        await scene.search(scene.doubt(before))
    after = await scene.send("after")
    assert await scene.search(scene.doubt(before, after)) is None
    assert await scene.search(scene.doubt(before, after, theirs)) is None
    assert await scene.on_desk() == []


async def test_nothing_between_two_known_ones_needs_no_forward(scene: Scene) -> None:
    before, after = await scene.send("before"), await scene.send("after")
    assert await scene.search(scene.doubt(before, after)) is None
    assert scene.turns == []


async def test_nothing_is_found_in_a_group_whose_content_is_protected(scene: Scene) -> None:
    before, _, after = await scene.send("before"), await scene.send(), await scene.send("after")
    await scene.village.simulator.users.protect(scene.village.group)
    with pytest.raises(LookupError):
        await scene.search(scene.doubt(before, after))
    assert scene.turns == []


async def test_a_message_that_cannot_be_seen_may_be_it(scene: Scene) -> None:
    """Removed meanwhile, a service message, or never there: Telegram does not say which."""
    before, it = await scene.send("before"), await scene.send()
    users = scene.village.simulator.users
    await users.delete(scene.village.owner, scene.village.group, it)
    await scene.send("after")
    last = await scene.send("and later")
    with pytest.raises(LookupError):
        await scene.search(scene.doubt(before, last, last - 1))


async def test_two_that_say_the_same_are_not_told_apart(scene: Scene) -> None:
    before, _, _, after = [await scene.send(text) for text in ("before", WORDS, WORDS, "after")]
    with pytest.raises(LookupError):
        await scene.search(scene.doubt(before, after))
    assert await scene.on_desk() == []


async def test_of_two_that_say_the_same_the_known_one_is_not_it(scene: Scene) -> None:
    before, known, it, after = [await scene.send(text) for text in ("before", WORDS, WORDS, "after")]
    assert await scene.search(scene.doubt(before, after, known)) == it


async def test_another_message_of_ours_that_nobody_knows_leaves_it_open(scene: Scene) -> None:
    before, _, after = [await scene.send(text) for text in ("before", "what is this?", "after")]
    with pytest.raises(OSError, match="not known"):
        await scene.search(scene.doubt(before, after))


async def test_what_was_sent_at_another_time_leaves_it_open(scene: Scene) -> None:
    before, _, after = await scene.send("before"), await scene.send(), await scene.send("after")
    doubt = scene.doubt(before, after)
    with pytest.raises(OSError, match="not known"):
        await scene.search(replace(doubt, since=doubt.since + timedelta(hours=1), until=doubt.until + SECOND * 3600))


async def test_a_channel_a_topic_and_a_file(scene: Scene) -> None:
    users = scene.village.simulator.users
    channel = await users.create_channel("News", scene.village.owner)
    await users.add_member(channel, BOT)
    await users.promote(channel, BOT)
    before, it, after = [await scene.send(text, channel) for text in ("before", WORDS, "after")]
    assert await scene.search(scene.doubt(before, after, chat=channel)) == it
    forum = await users.create_group("Forum", scene.village.owner, forum=True, members=[BOT])
    topic = f"{forum}/{await users.create_topic(forum, scene.village.owner, 'Births')}"
    before = await scene.send("before", topic)
    it, after = await scene.send(WORDS, topic), await scene.send("after", forum)
    assert await scene.search(scene.doubt(before, after, chat=topic)) == it
    assert scene.adapter.numbered_with(ChatId(topic)) == (ChatId(topic), ChatId(str(forum)))


@pytest.mark.parametrize("chat", ["12345", "-4567", "@name"])
async def test_where_ids_are_not_the_chats_own_nothing_is_searched(scene: Scene, chat: str) -> None:
    assert scene.adapter.numbered_with(ChatId(chat)) == ()


async def test_it_is_off_unless_asked_for(village: Village) -> None:
    assert village.adapter().numbered_with(ChatId(str(village.group))) == ()
    assert not village.settings().look_up_doubt


@pytest.mark.parametrize(
    "body",
    [
        {"method": "sendPhoto", "photo": "x"},
        {"method": "sendMediaGroup", "media": []},
        {"method": "sendPoll", "question": WORDS},
        {"method": "sendLocation"},
    ],
)
async def test_what_is_not_known_by_its_words_stays_open(scene: Scene, body: dict[str, Any]) -> None:
    doubt = scene.doubt(1, 3)
    with pytest.raises(LookupError):
        await scene.search(replace(doubt, outgoing=replace(doubt.outgoing, payload=body)))


async def test_a_clock_that_was_set_back_proves_nothing(scene: Scene) -> None:
    with pytest.raises(LookupError, match="clock"):
        await scene.search(scene.doubt(9, 5))


async def test_too_many_candidates_are_not_looked_at(scene: Scene) -> None:
    with pytest.raises(LookupError):
        await scene.search(scene.doubt(1, 3 + lookup.MOST))
    assert scene.turns == []


@pytest.mark.parametrize("fault", [502, 429, "drop_before", "drop_after"])
async def test_trouble_on_the_way_means_later(scene: Scene, fault: int | str) -> None:
    before, it, after = await scene.send("before"), await scene.send(), await scene.send("after")
    scene.village.simulator.fail_next("forwardMessage", fault)
    with pytest.raises(ConnectionError) as failed:
        await scene.search(scene.doubt(before, after))
    assert "unit-test-token" not in repr(failed.value)
    assert await scene.search(scene.doubt(before, after)) == it


async def test_a_desk_that_may_not_be_written_to_leaves_it_open(scene: Scene) -> None:
    before, _, after = await scene.send("before"), await scene.send(), await scene.send("after")
    users = scene.village.simulator.users
    await users.remove_member(scene.desk, BOT, by=scene.village.owner)
    with pytest.raises(LookupError):
        await scene.search(scene.doubt(before, after))


@pytest.mark.parametrize("fault", [502, "drop_before", "drop_after", 400])
async def test_forwards_that_could_not_be_removed_are_removed_at_the_next_search(
    scene: Scene, fault: int | str
) -> None:
    before, it, after = await scene.send("before"), await scene.send(), await scene.send("after")
    scene.village.simulator.fail_next("deleteMessages", fault)
    assert await scene.search(scene.doubt(before, after)) == it, "what was found is not lost by it"
    again = scene.village.adapter(look_up_doubt=True)  # after a restart: the state remembers
    again._lookup.state = scene.village.state
    await again._client.open()
    await again.search(scene.doubt(before, after), scene.turn)
    await again._client.close_connections()
    assert len(await scene.on_desk()) == (1 if fault == 400 else 0), "a refusal is final"


async def test_a_search_that_is_stopped_in_its_middle_is_cleaned_up_after(scene: Scene) -> None:
    before, it, after = await scene.send("before"), await scene.send(), await scene.send("after")

    class Killed(BaseException):
        """As SIGKILL: nothing runs after it."""

    @asynccontextmanager
    async def dying(chat: ChatId) -> AsyncIterator[None]:
        yield
        raise Killed

    with pytest.raises(Killed):
        await scene.adapter.search(scene.doubt(before, after), dying)
    assert [message["forwarded"] for message in await scene.on_desk()] == [True]
    assert await scene.search(scene.doubt(before, after)) == it
    assert await scene.on_desk() == []


async def test_what_a_stopped_search_left_is_removed_at_the_next_start_even_when_nothing_is_searched_any_more(
    scene: Scene,
) -> None:
    before = await scene.send("before")
    await scene.send()
    after = await scene.send("after")
    doubt = scene.doubt(before, after)
    scene.village.simulator.fail_next("deleteMessages", 502)
    await scene.search(doubt)
    assert len(await scene.on_desk()) == 1
    again = scene.village.adapter()
    await again.start(scene.village.sink, scene.village.state)
    assert again._cleaning is not None
    await again._cleaning
    await again.stop()
    assert await scene.on_desk() == []


async def test_a_search_that_settles_nothing_removes_what_the_last_left(scene: Scene) -> None:
    before = await scene.send("before")
    await scene.send()
    after = await scene.send("after")
    scene.village.simulator.fail_next("deleteMessages", 502)
    await scene.search(scene.doubt(before, after))
    with pytest.raises(LookupError):
        await scene.search(scene.doubt(1, 3 + lookup.MOST))
    assert await scene.on_desk() == []


async def test_a_limit_that_is_met_is_told_to_the_one_who_gives_the_turns(scene: Scene) -> None:
    before, _, after = await scene.send("before"), await scene.send(), await scene.send("after")
    met: list[timedelta] = []

    @asynccontextmanager
    async def turn(chat: ChatId) -> AsyncIterator[None]:
        try:
            yield
        except Limited as error:
            met.append(error.wait)
            raise

    scene.village.simulator.fail_next("forwardMessage", 429)
    with pytest.raises(Limited):
        await scene.adapter.search(scene.doubt(before, after), turn)
    assert len(met) == 1
    assert met[0] > timedelta(0)


@dataclass
class FakeTelegram:
    """A supergroup whose messages stand in a list; the first has the number 1. Forwards take no time."""

    chat: list[str]
    """``ours WORDS``, ``theirs WORDS``, ``gone`` or ``service``."""
    now: datetime

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        if method != "forwardMessage":
            return {} if method == "getChat" else True
        number = params["message_id"]
        who, _, text = (self.chat[number - 1] if number <= len(self.chat) else "gone").partition(" ")
        if who not in ("ours", "theirs"):
            raise BadRequest("message to forward not found")
        origin = {"type": "user", "date": self.now.timestamp(), "sender_user": {"id": BOT if who == "ours" else 5}}
        return {"message_id": 1, "text": text, "forward_origin": origin}


MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(["ours other", f"ours {WORDS}", "theirs other", f"theirs {WORDS}", "gone", "service"]),
        st.booleans(),
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=int(os.environ.get("BARAZA_LOOKUP_EXAMPLES", "150")))
@given(MESSAGES, MESSAGES, st.sampled_from(["sent", "not sent", "sent and removed"]), st.booleans())
async def test_whatever_else_happens_it_is_never_sent_twice_nor_another_taken_for_it(
    ahead: list[tuple[str, bool]], behind: list[tuple[str, bool]], what: str, settled: bool
) -> None:
    """Our own other messages are known, those of others sometimes: as the ledger and the inbox know them."""
    now = datetime.now(UTC)
    it = {"sent": [(f"ours {WORDS}", False)], "sent and removed": [("gone", False)], "not sent": []}[what]
    chat = [("ours before", True), *ahead, *it, *behind, ("ours after", True)]
    place = 2 + len(ahead)
    numbers = [MessageId(str(number)) for number in range(1, len(chat) + 1)]
    known = {
        number
        for number, (message, heard) in zip(numbers, chat, strict=True)
        if (message.startswith("ours") and not (what == "sent" and number == str(place)))
        or (heard and message.startswith("theirs"))
    }
    client: Any = FakeTelegram([message for message, _ in chat], now)
    doubt = Doubt(
        outgoing=Outgoing(chat=ChatId("-1001"), payload={"method": "sendMessage", "chat_id": -1001, "text": WORDS}),
        since=now,
        until=now,
        desk=ChatId("-1002"),
        earlier=frozenset(numbers[:1]),
        later=frozenset(numbers[-1:] if settled else ()),
        known=frozenset(known),
    )

    @asynccontextmanager
    async def turn(_: ChatId) -> AsyncIterator[None]:
        yield

    try:
        found = await lookup.LookUp(client, ACCOUNT, BOT).search(doubt, turn)
    except (LookupError, OSError):
        return  # it stays with a moderator
    if what == "sent":
        assert found is not None
        assert found.message == str(place)
    else:
        assert found is None
        assert what == "not sent", "what was removed by somebody is not sent again"
        assert settled
