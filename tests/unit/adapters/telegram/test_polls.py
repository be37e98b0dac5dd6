"""Votes: Telegram names only the poll, and readers of events need the message."""

from typing import Any

import pytest

from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.adapters.telegram.client import UPDATES
from bridge.adapters.telegram.polls import PollSink, poll_id, remember
from bridge.core.errors import StorageUnavailable
from bridge.core.events import MessagePosted, PollCounted, PollVoted, ReactionsSet
from bridge.core.ids import ChatId, MessageId, RemoteRef
from tests.contract.harness import MemoryState, RecordingSink, wait_for
from tests.unit.adapters.telegram.conftest import ACCOUNT, BOT, Village
from tests.unit.adapters.telegram.test_convert import AMINA, message, read

COUNTED = {"poll": {"id": "51", "question": "?", "options": [{"text": "a", "voter_count": 4}], "is_closed": False}}
VOTED = {"poll_answer": {"poll_id": "51", "user": AMINA, "option_ids": [0]}}
OTHERS = {"poll": {**COUNTED["poll"], "id": "99"}}
REF = RemoteRef(ACCOUNT, ChatId("-1001/45"), MessageId("7"))


async def test_votes_in_our_polls_name_their_message_and_others_are_passed_over() -> None:
    state = MemoryState()
    sink = RecordingSink(state)
    await remember(state, "51", REF)
    updates: tuple[dict[str, Any], ...] = (COUNTED, OTHERS, VOTED, {"message": message(text="x")})
    events = [event for update in updates if (event := read(update)) is not None]
    await PollSink(sink, state).accept(events, state={"offset": "10"})
    counted, voted, posted = sink.events
    assert isinstance(counted, PollCounted)
    assert isinstance(voted, PollVoted)
    assert isinstance(posted, MessagePosted)
    assert (counted.chat, counted.ref, voted.ref) == (REF.chat, REF, REF)
    assert state.values["offset"] == "10", "what is passed over is acknowledged all the same"


async def test_votes_wait_where_the_polls_cannot_be_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    state = MemoryState()
    sink = RecordingSink(state)

    async def down(*_: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(state, "get", down)
    event = read(VOTED)
    assert event is not None
    with pytest.raises(StorageUnavailable):
        await PollSink(sink, state).accept([event], state={"offset": "10"})
    assert not sink.events
    assert not state.values


@pytest.mark.parametrize("sent", [None, True, {}, {"poll": "x"}, {"poll": {"id": 5}}, []])
def test_what_is_no_poll_has_no_id(sent: object) -> None:
    assert poll_id(sent) == ""


async def test_telegram_is_asked_for_all_that_is_read(village: Village, adapter: TelegramAdapter) -> None:
    """It remembers the last list it was given, and leaves reactions out of its own."""
    await village.polled()
    assert set(village.simulator.world.queue(BOT).allowed or ()) == set(UPDATES)
    assert {"message_reaction", "message_reaction_count", "poll", "poll_answer", "my_chat_member"} <= set(UPDATES)


async def test_members_reactions_reach_us(village: Village, adapter: TelegramAdapter) -> None:
    await village.polled()  # Telegram does not keep what nobody asked for yet
    number = await village.simulator.users.write(village.amina, village.group, "mine")
    for emoji in ("👍", "🔥", None):
        await village.simulator.users.react(village.amina, village.group, number, emoji)
    reactions = await wait_for(lambda: (found := village.sink.of(ReactionsSet))[2:] and found)
    assert [reaction.emojis for reaction in reactions] == [("👍",), ("🔥",), ()]
    assert {(each.ref.message, each.sender.ref.user) for each in reactions} == {(str(number), str(village.amina))}
