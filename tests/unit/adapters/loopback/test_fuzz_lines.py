"""Lines of the invented network, changed anywhere: an event, or kept for a person."""

import json
from typing import Any

import pytest

from bridge.adapters.loopback.convert import to_event
from bridge.core.events import Unreadable
from bridge.core.ids import AccountId
from bridge.storage import codec
from tests.fuzzing import FUZZ, NO_TIMEOUT, mangled, mutated, names_in, rng_of
from tests.unit.storage.stage import NOW

SAID = {"id": "m1", "chat": "kenya", "user": "amina", "name": "Amina"}
LINES: tuple[dict[str, Any], ...] = (
    {**SAID, "text": "Hello", "private": True, "marks": [[0, 2, "bold"]]},
    {**SAID, "text": "again", "edit": "m0", "reply_to": "m0"},
    {**SAID, "delete": "m0"},
    {**SAID, "press": "handle", "message": "b1"},
    {**SAID, "vote": [0, 2], "message": "b1"},
    {**SAID, "file": "a.jpg", "kind": "photo", "alt": "x", "spoiler": True, "album": "9"},
    {**SAID, "place": [1.5, 36.8]},
    {**SAID, "poll": ["Which day?", "Monday", "Tuesday"]},
    {**SAID, "other": "contact", "words": "Dr"},
)
NAMES = sorted(names_in(list(LINES)))
PIECES = (
    b'"',
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"\xff",
    b"\\u0000",
    b"\\ud83d",
    b"NaN",
    b"9" * 5000,
    b"[" * 500,
)


@pytest.mark.timeout(NO_TIMEOUT)
def test_whatever_stands_in_a_line_it_is_read_or_kept() -> None:
    rng, read = rng_of("lines"), 0
    for number in range(FUZZ or 1500):
        line = mutated(rng, rng.choice(LINES), NAMES, ("kenya", "photo", "bold"), times=rng.choice((0, 1, 2, 5)))
        raw = json.dumps(line).encode()
        event = to_event(
            mangled(rng, raw, PIECES) if rng.random() < 0.3 else raw,
            account=AccountId("net"),
            at=NOW,
            position=number,
        )
        read += not isinstance(event, Unreadable)
        assert codec.load(codec.EVENT, codec.dump(codec.EVENT, event)).key == event.key
        assert not isinstance(event, Unreadable) or event.reason
    assert read
