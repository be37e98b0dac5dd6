"""Whole events of rooms, made up and changed anywhere: each is read, means nothing to people, or is kept."""

import random
from datetime import UTC, datetime
from typing import Any

import pytest

from bridge.adapters.matrix import media_in, polls
from bridge.adapters.matrix.convert import RoomView, to_event
from bridge.core.events import InboundEvent, MessageEdited, MessagePosted, Unreadable
from bridge.core.ids import AccountId, ChatId
from bridge.storage import codec
from tests.fuzzing import FUZZ, NO_TIMEOUT, mutated, names_in, rng_of, some_json

ROOM = RoomView(
    account=AccountId("matrix"),
    us="@us:hs",
    chat=ChatId("!room"),
    ballots={"$poll": polls.Ballot(answers=("a", "b"))},
)
AT = datetime(2026, 11, 25, tzinfo=UTC)
HTML = "org.matrix.custom.html"
SEALED = {
    "url": "mxc://hs/sealed",
    "v": "v2",
    "iv": "AAAAAAAAAAAAAAAAAAAAAA",
    "key": {"kty": "oct", "alg": "A256CTR", "ext": True, "key_ops": ["decrypt"], "k": "A" * 43},
    "hashes": {"sha256": "A" * 43},
}
INFO = {
    "mimetype": "video/mp4",
    "size": 45_000_000,
    "w": 1280,
    "h": 720.0,
    "duration": 61_500,
    "thumbnail_url": "mxc://hs/small",
    "thumbnail_file": SEALED,
    "fi.mau.gif": True,
}
ANSWERS = [{"id": "a", "org.matrix.msc1767.text": "Well"}, {"id": "b", "m.text": [{"body": "Pump"}]}]
QUESTION = {"question": {"org.matrix.msc1767.text": "Well or pump?"}, "answers": ANSWERS, "max_selections": 2}
REPLY = {"m.relates_to": {"m.in_reply_to": {"event_id": "$q"}}}
THREAD = {"m.relates_to": {"rel_type": "m.thread", "event_id": "$root", "is_falling_back": True}}
MESSAGES: tuple[dict[str, Any], ...] = (
    {
        "msgtype": "m.text",
        "body": "> <@b:hs> q\n\n*habari*",
        "format": HTML,
        "formatted_body": "<b>habari</b>",
        **REPLY,
    },
    {"msgtype": "m.notice", "body": "x", **THREAD},
    {"msgtype": "m.emote", "body": "waves", "m.mentions": {"user_ids": ["@us:hs"], "room": True}},
    {"msgtype": "m.image", "body": "look", "filename": "a.jpg", "url": "mxc://hs/a", "info": INFO},
    {"msgtype": "m.video", "body": "v.mp4", "file": SEALED, "info": INFO},
    {
        "msgtype": "m.audio",
        "body": "voice",
        "url": "mxc://hs/a",
        "org.matrix.msc3245.voice": {},
        "org.matrix.msc1767.audio": {"duration": 4_000, "waveform": [0, 512, 1024]},
    },
    {"msgtype": "m.file", "body": "guide.pdf", "url": "mxc://hs/f", "org.matrix.msc1767.alt_text": {"body": "A guide"}},
    {
        "msgtype": "dm.filament.gallery",
        "body": "two",
        "itemtypes": [{"itemtype": "m.image", "body": "1", "url": "mxc://hs/1"}, {"itemtype": "m.file", "body": "2"}],
    },
    {
        "msgtype": "m.location",
        "body": "Clinic",
        "geo_uri": "geo:1,2;u=35",
        "org.matrix.msc3488.location": {"uri": "geo:1,2", "description": "Clinic"},
    },
    {"msgtype": "m.key.verification.request", "body": "x", "to": "@us:hs"},
    {
        "msgtype": "m.text",
        "body": "* better",
        "m.new_content": {"msgtype": "m.text", "body": "better"},
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$o"},
    },
)
REFERENCE = {"m.relates_to": {"rel_type": "m.reference", "event_id": "$poll"}}
OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("m.sticker", {"body": "waving", "url": "mxc://hs/s", "info": {"mimetype": "image/webp"}}),
    ("m.reaction", {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$o", "key": "👍"}}),
    ("m.room.redaction", {"redacts": "$o", "reason": "mistake"}),
    ("m.room.encrypted", {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x", "session_id": "s"}),
    *((kind, {kind: QUESTION, "body": "?"}) for kind in sorted(polls.STARTS)),
    *((kind, {kind: {"answers": ["a"]}, **REFERENCE}) for kind in sorted(polls.RESPONSES)),
    *((kind, {kind: {}, "m.text": "Most chose: Well", **REFERENCE}) for kind in sorted(polls.ENDS)),
    ("org.new", {"body": "of tomorrow"}),
)
STATES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("m.room.member", {"membership": "join", "displayname": "Amina"}),
    ("m.room.tombstone", {"body": "moved", "replacement_room": "!new"}),
    ("m.room.name", {"name": "Village"}),
    ("m.beacon_info", {"live": True, "description": "On the way"}),
)


def event(kind: str, content: dict[str, Any], **more: Any) -> dict[str, Any]:
    common = {"event_id": "$e", "type": kind, "sender": "@amina:hs", "origin_server_ts": 1_795_600_000_000}
    return {**common, "content": content, "unsigned": {"age": 5}, **more}


EVENTS: tuple[dict[str, Any], ...] = (
    *(event("m.room.message", content) for content in MESSAGES),
    *(event(kind, content) for kind, content in OTHERS),
    *(event(kind, content, state_key=key) for kind, content in STATES for key in ("", "@us:hs")),
    event("m.room.message", {}, unsigned={"redacted_because": {"type": "m.room.redaction"}}),
    event(
        "m.room.member", {"membership": "join"}, state_key="@us:hs", unsigned={"prev_content": {"membership": "leave"}}
    ),
)
NAMES = sorted(names_in(list(EVENTS)))
WORDS = (
    *(
        "mxc://hs/a",
        "geo:1,2",
        "image/gif",
        HTML,
        "@us:hs",
        "$poll",
        "m.replace",
        "m.thread",
        "join",
        "one-1",
        "many-7",
    ),
    *(SEALED, INFO, QUESTION, ANSWERS, *media_in.KINDS, *media_in.GALLERIES),
)
TYPES = sorted({each["type"] for each in EVENTS})


def made_up(rng: random.Random) -> dict[str, Any]:
    """An event as no app would write it: fields of all kinds together."""
    content = {rng.choice(NAMES): some_json(rng, NAMES, WORDS) for _ in range(rng.randrange(10))}
    more: dict[str, Any] = {"state_key": rng.choice(("", "@us:hs", 5))} if rng.random() < 0.2 else {}
    if rng.random() < 0.8:
        content["msgtype"] = rng.choice((*media_in.KINDS, *media_in.GALLERIES, "m.location", "m.text", "m.emote", "x"))
    if rng.random() < 0.7:
        content["body"] = rng.choice(("", "x", "> <@b:hs> q\n\na", "geo:1,2"))
    return event(rng.choice(TYPES), content, **more)


def judged(raw: Any) -> InboundEvent | None:
    """The entry for fuzzing: an event that can be stored; nothing only where it means nothing to people."""
    found = to_event(raw, ROOM, AT)
    if found is None:
        machines = str(raw["content"].get("msgtype")).startswith(("m.key.", "m.call."))
        unsigned = raw.get("unsigned")
        redacted = isinstance(unsigned, dict) and "redacted_because" in unsigned
        a_message = raw["type"] == "m.room.message" and "state_key" not in raw and raw["sender"] != ROOM.us
        new = raw["content"].get("m.new_content")
        machines = machines or (isinstance(new, dict) and str(new.get("msgtype")).startswith(("m.key.", "m.call.")))
        assert not a_message or machines or redacted, raw
        return None
    assert found.key
    stored = codec.dump(codec.EVENT, found)
    stored.encode()
    assert codec.load(codec.EVENT, stored).key == found.key
    if isinstance(found, Unreadable):
        assert found.raw
        assert found.reason.startswith(("no ", "a message without", "not an event")), found.reason
    elif "\\u0000" in stored:
        assert "\x00" not in str(codec.load(codec.EVENT, stored)), "no column holds it"
    if isinstance(found, MessagePosted | MessageEdited):
        assert all(media_in.media_of(file.ref) for file in found.files)
    return found


def test_every_sample_is_read_as_it_is() -> None:
    found = [judged(each) for each in EVENTS]
    assert not any(isinstance(each, Unreadable) for each in found)
    assert sum(each is not None for each in found) > 22


@pytest.mark.timeout(NO_TIMEOUT)
def test_whatever_is_changed_in_an_event_it_is_read_or_kept() -> None:
    rng = rng_of("events")
    for number in range(FUZZ or 1500):
        whole = made_up(rng) if number % 2 else rng.choice(EVENTS)
        judged(
            mutated(
                rng, whole, NAMES, WORDS, times=rng.choice((0, 1, 2, 3, 6)) if number % 2 else rng.choice((1, 1, 2, 4))
            )
        )
