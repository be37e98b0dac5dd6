"""What a Matrix app makes of polls, stickers and places."""

from typing import Any

from bridge.playground.matrix_timeline import POLL, VOTE, Room

SPOILER = "page.codeberg.everypizza.msc4193.spoiler"


def event(identifier: str, kind: str, content: dict[str, Any], sender: str = "@amina:hs") -> dict[str, Any]:
    return {"event_id": identifier, "type": kind, "sender": sender, "content": content, "origin_server_ts": 1}


def vote(identifier: str, sender: str, *answers: str) -> dict[str, Any]:
    relation = {"rel_type": "m.reference", "event_id": "$poll"}
    return event(identifier, VOTE, {"m.relates_to": relation, VOTE: {"answers": list(answers)}}, sender)


def test_the_last_vote_of_each_counts() -> None:
    room = Room("!r")
    text = "org.matrix.msc1767.text"
    start = {"question": {text: "Well or pump?"}, "answers": [{"id": "a", text: "Well"}, {"id": "b", text: "Pump"}]}
    room.apply_timeline([event("$poll", POLL, {POLL: start, text: "Well or pump?\nWell\nPump"})])
    room.apply_timeline(
        [vote("$1", "@a:hs", "a"), vote("$2", "@b:hs", "b"), vote("$3", "@a:hs", "b"), vote("$4", "@c")]
    )
    item = room.item("$poll")
    assert item is not None
    assert item.poll is not None
    assert item.poll.question == "Well or pump?"
    assert {words: item.poll.count(key) for key, words in item.poll.options.items()} == {"Well": 0, "Pump": 2}
    assert room.find("Well or pump?") == item


def test_stickers_and_places() -> None:
    room = Room("!r")
    place = {"msgtype": "m.location", "body": "Clinic", "geo_uri": "geo:1,2"}
    covered = {
        "msgtype": "m.image",
        "body": "x.jpg",
        "url": "mxc://hs/b",
        "page.codeberg.everypizza.msc4193.spoiler": True,
    }
    room.apply_timeline(
        [
            event("$s", "m.sticker", {"body": "wave", "url": "mxc://hs/a", "info": {"mimetype": "image/webp"}}),
            event("$p", "m.room.message", place),
            event("$i", "m.room.message", covered),
        ]
    )
    sticker, shown, picture = room.timeline
    assert (sticker.kind, sticker.media is not None and sticker.media.mxc) == ("m.sticker", "mxc://hs/a")
    assert (shown.place, shown.body) == ("geo:1,2", "Clinic")
    assert picture.media is not None
    assert picture.media.covered


def test_a_voice_message_is_one_and_has_its_length() -> None:
    room = Room("!r")
    said = {"msgtype": "m.audio", "body": "audio.ogg", "url": "mxc://hs/v", "info": {"duration": 42_000}}
    room.apply_timeline([event("$v", "m.room.message", said | {"org.matrix.msc3245.voice": {}})])
    room.apply_timeline([event("$a", "m.room.message", said | {"info": {"duration": "long"}})])
    (voice, song) = [item.media for item in room.timeline]
    assert voice is not None
    assert song is not None
    assert [(file.spoken, file.seconds) for file in (voice, song)] == [(True, 42.0), (False, 0.0)]
