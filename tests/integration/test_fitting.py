"""Ids that strangers choose, and that fit in no column: they are told of, and stop nobody."""

from dataclasses import replace

import pytest

from bridge.core.events import MessagePosted, Unreadable
from bridge.core.ids import Address, ChatId, MessageId
from bridge.storage import codec
from bridge.storage.inbox import DurableSink
from bridge.storage.models import Inbox
from tests.unit.storage.stage import NET, FakeClock, posted


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("where", ["message", "chat", "user", "answered"])
async def test_an_id_that_no_column_holds_is_set_aside(where: str) -> None:
    long = "x" * 300
    event = posted("one", key="1")
    match where:
        case "message":
            event = replace(event, ref=replace(event.ref, message=MessageId(long)))
        case "chat":
            event = posted("one", key="1", chat=Address(NET, ChatId(long)))
        case "user":
            event = posted("one", key="1", user=long)
        case _:
            event = replace(event, reply_to=replace(event.ref, message=MessageId(long)))
    await DurableSink(NET, FakeClock()).accept([event, posted("two", key="2")], state={"offset": "3"})
    first, second = [codec.load(codec.EVENT, row.event) for row in await Inbox.all().order_by("id")]
    assert isinstance(second, MessagePosted)
    if where == "answered":  # nothing that is known bears such an id
        assert isinstance(first, MessagePosted)
        assert first.reply_to is None
    else:
        assert isinstance(first, Unreadable)
        assert "too long" in first.reason
