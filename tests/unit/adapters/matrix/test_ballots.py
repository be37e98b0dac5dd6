"""Polls that votes are looked up in."""

from types import SimpleNamespace
from typing import Any, cast

import structlog

from bridge.adapters.matrix.ballots import Ballots
from bridge.adapters.matrix.client import NoAnswer


async def no_answer(room: str, event: str) -> Any:
    raise NoAnswer("cut")


async def test_what_a_voter_calls_a_poll_is_not_logged() -> None:
    session = SimpleNamespace(server=SimpleNamespace(event=no_answer))
    ballots = Ballots(cast("Any", session), cast("Any", None))
    said = "Amina Okello has HIV"
    vote = {"m.relates_to": {"rel_type": "m.reference", "event_id": said}}
    content = vote | {"org.matrix.msc3381.poll.response": {"answers": ["uuid-1"]}}
    with structlog.testing.capture_logs() as lines:
        assert await ballots.needed("!room", {"type": "org.matrix.msc3381.poll.response", "content": content}) == {}
    assert [line["event"] for line in lines] == ["poll_not_read"]
    assert said not in str(lines)
