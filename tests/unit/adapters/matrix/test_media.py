"""Files, places and polls: read from what apps send, written as apps show them."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.adapters.matrix import geo, media_in, polls
from bridge.adapters.matrix.message_in import Parts, read_message, read_other
from bridge.adapters.matrix.payload import MAX_CONTENT, complete, fits, replacement, to_payload
from bridge.adapters.matrix.profiles import PREVIEWS, PROFILE
from bridge.core.message import (
    Attachment,
    AttachmentKind,
    Author,
    Button,
    Content,
    Place,
    Poll,
    RemoteFile,
    Thumbnail,
    Uncarried,
    UncarriedKind,
)
from bridge.core.text import MarkKind, marked, plain

FILES = {"a" * 64: "mxc://hs/a", "b" * 64: "mxc://hs/b"}


def message(**content: Any) -> Parts:
    parts = read_message({"body": "well.bin", "url": "mxc://hs/a"} | content, "Amina", is_reply=False)
    assert parts is not None
    return parts


def one(**content: Any) -> RemoteFile:
    [file] = message(**content).files
    return file


# --- inwards --------------------------------------------------------------------------------------------------------


def test_all_that_an_app_says_of_a_film() -> None:
    info = {
        "mimetype": "video/mp4",
        "size": 45_000_000,
        "w": 1280,
        "h": 720.0,
        "duration": 61_500,
        "thumbnail_url": "mxc://hs/small",
        "thumbnail_info": {"w": 320, "h": 180},
        "xyz.amorgan.blurhash": "LEHV6nWB2yk8pyo0adR*.7kCMdnj",
    }
    parts = message(msgtype="m.video", body="Look", filename="well.mp4", info=info)
    assert parts.text == plain("Look")
    assert parts.files == (
        RemoteFile(
            ref="mxc://hs/a",
            kind=AttachmentKind.VIDEO,
            name="well.mp4",
            mime="video/mp4",
            size=45_000_000,
            width=1280,
            height=720,
            duration=timedelta(seconds=61.5),
            thumbnail_ref="mxc://hs/small",
        ),
    )


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"msgtype": "m.image"}, AttachmentKind.PHOTO),
        ({"msgtype": "m.image", "info": {"mimetype": "image/gif"}}, AttachmentKind.ANIMATION),
        (
            {"msgtype": "m.image", "info": {"mimetype": "image/gif", "org.matrix.msc4230.is_animated": False}},
            AttachmentKind.PHOTO,
        ),
        (
            {"msgtype": "m.image", "info": {"mimetype": "image/webp", "org.matrix.msc4230.is_animated": True}},
            AttachmentKind.ANIMATION,
        ),
        ({"msgtype": "m.video", "info": {"fi.mau.gif": True}}, AttachmentKind.ANIMATION),
        ({"msgtype": "m.audio"}, AttachmentKind.AUDIO),
        ({"msgtype": "m.audio", "org.matrix.msc3245.voice": {}}, AttachmentKind.VOICE),
        ({"msgtype": "m.file", "info": {"mimetype": "image/jpeg"}}, AttachmentKind.DOCUMENT),
    ],
)
def test_kinds_of_files(content: dict[str, Any], kind: AttachmentKind) -> None:
    assert one(**content).kind is kind


def test_a_voice_message_keeps_its_shape_and_length() -> None:
    audio = {"duration": 4_000, "waveform": [0, 512, 1024, 5_000, -3, "loud", None, 7.9]}
    found = one(msgtype="m.audio", **{"org.matrix.msc3245.voice": {}, "org.matrix.msc1767.audio": audio})
    assert found.waveform == (0, 512, 1024, 1024, 0, 7)
    assert found.duration == timedelta(seconds=4)
    long = {"waveform": list(range(1000))}
    assert len(one(msgtype="m.audio", **{"m.voice": {}, "m.audio": long}).waveform) <= 128
    assert one(msgtype="m.audio", **{"org.matrix.msc1767.audio": audio}).waveform == (), "music has none"


def test_a_picture_may_be_covered_and_described() -> None:
    described = {"org.matrix.msc1767.text": [{"body": "A well with a pump"}]}
    found = one(
        msgtype="m.image",
        **{"page.codeberg.everypizza.msc4193.spoiler": True, "org.matrix.msc1767.alt_text": described},
    )
    assert found.spoiler
    assert found.alt == "A well with a pump"
    bare = one(msgtype="m.image")
    assert (bare.spoiler, bare.alt) == (False, ""), "a file's name describes nothing"


@pytest.mark.parametrize(
    "info",
    [
        5,
        [],
        {"size": -1, "w": 0, "h": -5, "duration": -1},
        {"size": True, "w": "wide", "h": 10**30, "duration": 10**30},
        {"size": "1", "w": None, "h": {}, "duration": float("inf")},
        {"mimetype": 5, "thumbnail_url": "https://evil.example/x", "thumbnail_info": 5},
    ],
)
def test_what_an_app_claims_is_believed_only_where_it_can_be(info: Any) -> None:
    found = one(msgtype="m.video", info=info)
    assert (found.size, found.width, found.height, found.duration) == (None, None, None, None)
    assert (found.mime, found.thumbnail_ref) == ("", "")


def test_a_sticker_is_a_picture_described_by_its_words() -> None:
    parts = read_other("m.sticker", {"body": "waving hand", "url": "mxc://hs/s", "info": {"mimetype": "image/webp"}})
    assert parts is not None
    [file] = parts.files
    assert (file.kind, file.alt, file.mime) == (AttachmentKind.STICKER, "waving hand", "image/webp")


def test_a_gallery_is_one_post_with_many_files() -> None:
    items = [
        {"itemtype": "m.image", "body": "1.jpg", "url": "mxc://hs/1", "info": {"mimetype": "image/jpeg"}},
        {"itemtype": "m.video", "body": "the second", "filename": "2.mp4", "url": "mxc://hs/2"},
        {"itemtype": "m.image", "body": "3.jpg", "file": {"url": "mxc://hs/3"}},
        {"itemtype": "org.new", "body": "4"},
        {"itemtype": "m.file", "body": 5, "url": "mxc://hs/5"},
        "none",
    ]
    for kind in ("m.gallery", "dm.filament.gallery"):
        parts = message(msgtype=kind, body="Our wells", itemtypes=items)
        assert parts.text == plain("Our wells\nthe second")
        assert [(f.ref, f.kind) for f in parts.files] == [
            ("mxc://hs/1", AttachmentKind.PHOTO),
            ("mxc://hs/2", AttachmentKind.VIDEO),
        ]
        assert [lost.kind for lost in parts.uncarried] == [
            UncarriedKind.ENCRYPTED,
            UncarriedKind.UNKNOWN,
            UncarriedKind.UNKNOWN,
        ]
    many = [{"itemtype": "m.image", "body": f"{n}.jpg", "url": f"mxc://hs/{n}"} for n in range(100)]
    assert [f.name for f in message(msgtype="m.gallery", body="", itemtypes=many).files] == [
        f"{n}.jpg" for n in range(100)
    ]


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("geo:-1.28333,36.81667", Place(latitude=-1.28333, longitude=36.81667)),
        ("geo:1,2,300;u=35", Place(latitude=1, longitude=2, accuracy=35)),
        ("GEO:1.5,2;crs=wgs84;u=0.5", Place(latitude=1.5, longitude=2, accuracy=0.5)),
        ("geo:1,2;crs=moon", None),
        ("geo:90.1,0", None),
        ("geo:0,180.1", None),
        ("geo:1e5,2", None),
        ("geo:1", None),
        ("https://maps.example/?q=1,2", None),
        ("", None),
    ],
)
def test_addresses_of_places(uri: str, place: Place | None) -> None:
    assert geo.place_of(uri) == place


def test_a_place_with_and_without_a_name() -> None:
    [named] = message(msgtype="m.location", body="The clinic", geo_uri="geo:1,2").uncarried
    assert (named.kind, named.detail) == (UncarriedKind.LOCATION, "The clinic, 1, 2")
    assert named.place == Place(latitude=1, longitude=2, title="The clinic")
    extended = {"uri": "geo:3,4;u=10", "description": "Market"}
    [new] = message(
        msgtype="m.location", body="Location geo:3,4 at 2026", **{"org.matrix.msc3488.location": extended}
    ).uncarried
    assert new.place == Place(latitude=3, longitude=4, title="Market", accuracy=10)
    [bare] = message(msgtype="m.location", body="User Location geo:1,2 at noon", geo_uri="geo:1,2").uncarried
    assert bare.detail == "1, 2"


def poll_of(**start: Any) -> Uncarried:
    parts = read_other("org.matrix.msc3381.poll.start", {"org.matrix.msc3381.poll.start": start})
    assert parts is not None
    [poll] = parts.uncarried
    return poll


ANSWERS = [{"id": "x", "org.matrix.msc1767.text": "Well"}, {"id": "y", "org.matrix.msc1767.text": "Pump"}]


def test_a_poll() -> None:
    found = poll_of(question={"org.matrix.msc1767.text": "Well or pump?"}, answers=ANSWERS, max_selections=2)
    assert found.detail == "Well or pump? Well / Pump"
    assert found.poll == Poll(question="Well or pump?", options=("Well", "Pump"), multiple=True)
    assert poll_of(question="no", answers=[5, {}]).poll is None
    assert poll_of(question={"body": "Well?"}, answers=ANSWERS, max_selections="many").poll == Poll(
        question="Well?", options=("Well", "Pump")
    )


@pytest.mark.parametrize(
    ("chosen", "options"),
    [
        (["y"], (1,)),
        (["y", "x"], (1,)),  # one vote each: the first counts
        (["z"], ()),  # spoiled
        ([], ()),
        ("y", ()),
        (["one-1"], (1,)),
        (["one-1", "one-0"], (1,)),
        (["many-1", "many-0"], (1, 0)),
    ],
)
def test_votes(chosen: Any, options: tuple[int, ...]) -> None:
    ballot = polls.ballot_of({"org.matrix.msc3381.poll.start": {"answers": ANSWERS, "max_selections": 1}})
    assert polls.read_vote({"org.matrix.msc3381.poll.response": {"answers": chosen}}, ballot) == options
    assert polls.read_vote({"m.selections": chosen}, ballot) == options


def test_a_vote_in_an_unknown_poll_is_not_guessed() -> None:
    assert polls.read_vote({"m.selections": ["y"]}, None) is None


# --- outwards -------------------------------------------------------------------------------------------------------


def attachment(kind: AttachmentKind, mime: str = "image/jpeg", **more: Any) -> Attachment:
    facts: dict[str, Any] = {"sha256": "a" * 64, "kind": kind, "mime": mime, "size": 5, "name": "well.bin"}
    return Attachment(**facts | more)


def sent(content: Content, **more: Any) -> dict[str, Any]:
    arguments: dict[str, Any] = {"key": "k" * 32, "reply_to": None, "files": FILES} | more
    return complete(json.loads(json.dumps(to_payload(content))), **arguments)


SMALL = Thumbnail(sha256="b" * 64, mime="image/jpeg", size=3, width=320, height=180)


def test_a_film_out_with_its_thumbnail() -> None:
    film = attachment(
        AttachmentKind.VIDEO, "video/mp4", width=1280, height=720, duration=timedelta(seconds=61.5), thumbnail=SMALL
    )
    content = sent(Content(text=plain("Look"), attachments=(film,)))
    assert (content["msgtype"], content["body"], content["filename"]) == ("m.video", "Look", "well.bin")
    assert content["info"] == {
        "mimetype": "video/mp4",
        "size": 5,
        "w": 1280,
        "h": 720,
        "duration": 61_500,
        "thumbnail_url": "mxc://hs/b",
        "thumbnail_info": {"mimetype": "image/jpeg", "size": 3, "w": 320, "h": 180},
    }
    without = sent(Content(attachments=(film,)), files={"a" * 64: "mxc://hs/a"})
    assert not {"thumbnail_url", "thumbnail_info"} & set(without["info"]), "it was lost: the film is sent without"


def test_encrypted_files_lie_where_their_keys_are() -> None:
    film = attachment(AttachmentKind.VIDEO, "video/mp4", thumbnail=SMALL)
    secret: dict[str, Any] = {"a" * 64: {"url": "mxc://hs/a", "v": "v2"}, "b" * 64: {"url": "mxc://hs/b", "v": "v2"}}
    content = sent(Content(attachments=(film,)), files=secret)
    assert (content["file"], content["info"]["thumbnail_file"]) == (secret["a" * 64], secret["b" * 64])
    assert "url" not in content
    assert "thumbnail_url" not in content["info"]


def test_a_voice_message_out() -> None:
    voice = attachment(AttachmentKind.VOICE, "audio/ogg", duration=timedelta(seconds=4), waveform=(0, 1024, 2000))
    content = sent(Content(attachments=(voice,)))
    assert content["msgtype"] == "m.audio"
    assert content["org.matrix.msc3245.voice"] == {}
    assert content["org.matrix.msc1767.audio"] == {"duration": 4_000, "waveform": [0, 1024, 1024]}
    assert content["info"]["duration"] == 4_000


@pytest.mark.parametrize(
    ("kind", "mime", "shown", "flag"),
    [
        (AttachmentKind.PHOTO, "image/jpeg", "m.image", ""),
        (AttachmentKind.ANIMATION, "image/gif", "m.image", "org.matrix.msc4230.is_animated"),
        (AttachmentKind.ANIMATION, "video/mp4", "m.video", "fi.mau.gif"),
        (AttachmentKind.STICKER, "video/webm", "m.video", "fi.mau.gif"),
        (AttachmentKind.STICKER, "image/webp", "m.image", ""),
        (AttachmentKind.STICKER, "application/gzip", "m.file", ""),
        (AttachmentKind.VIDEO_NOTE, "video/mp4", "m.video", ""),
        (AttachmentKind.AUDIO, "audio/mpeg", "m.audio", ""),
        (AttachmentKind.DOCUMENT, "image/png", "m.file", ""),
    ],
)
def test_kinds_of_files_out(kind: AttachmentKind, mime: str, shown: str, flag: str) -> None:
    content = sent(Content(text=plain("words"), attachments=(attachment(kind, mime),)))
    assert content["msgtype"] == shown
    assert {key for key, value in content["info"].items() if value is True} >= ({flag} if flag else set())


def test_a_sticker_alone_is_an_event_of_its_own() -> None:
    sticker = attachment(AttachmentKind.STICKER, "image/webp", alt="waving hand")
    payload = to_payload(Content(attachments=(sticker,)))
    assert payload["type"] == "m.sticker"
    content = sent(Content(attachments=(sticker,)))
    assert (content["body"], content["url"], "msgtype" in content) == ("waving hand", "mxc://hs/a", False)


def test_music_is_called_by_its_title() -> None:
    song = attachment(AttachmentKind.AUDIO, "audio/mpeg", name="x81.mp3", title="Malaika", performer="Fadhili")
    assert sent(Content(attachments=(song,)))["filename"] == "Fadhili - Malaika.mp3"


def test_a_cover_and_a_description_out_and_in_again() -> None:
    picture = attachment(AttachmentKind.PHOTO, spoiler=True, alt="A well", width=3, height=4)
    content = sent(Content(text=plain("Ours"), attachments=(picture,)))
    parts = read_message(content, "Amina", is_reply=False)
    assert parts is not None
    [file] = parts.files
    assert (file.spoiler, file.alt, file.width, file.height) == (True, "A well", 3, 4)


@given(st.floats(-90, 90), st.floats(-180, 180), st.none() | st.floats(0, 1e6))
@settings(max_examples=50)
def test_a_place_out_and_in_again(latitude: float, longitude: float, accuracy: float | None) -> None:
    place = Place(latitude=latitude, longitude=longitude, title="Clinic", address="Main St 1", accuracy=accuracy)
    content = sent(Content(place=place))
    assert content["geo_uri"] == content["org.matrix.msc3488.location"]["uri"]
    parts = read_message(content, "Amina", is_reply=False)
    assert parts is not None
    [found] = parts.uncarried
    assert found.place is not None
    assert (round(found.place.latitude - latitude, 5), round(found.place.longitude - longitude, 5)) == (0, 0)
    assert found.place.title == "Clinic, Main St 1"


@pytest.mark.parametrize("multiple", [False, True])
def test_a_poll_out_and_in_again(*, multiple: bool) -> None:
    poll = Poll(question="Well or pump?", options=("Well", "Pump", "Both"), multiple=multiple)
    payload = to_payload(Content(poll=poll))
    assert payload["type"] == polls.START
    content = sent(Content(poll=poll))
    assert content["org.matrix.msc1767.text"] == "Well or pump?\n1. Well\n2. Pump\n3. Both"
    parts = read_other(polls.START, content)
    assert parts is not None
    assert parts.uncarried[0].poll == poll
    ids = [answer["id"] for answer in content[polls.START]["answers"]]
    vote = {"org.matrix.msc3381.poll.response": {"answers": [ids[2], ids[0]]}}
    assert polls.read_vote(vote, None) == ((2, 0) if multiple else (2,)), "our own polls explain themselves"


def test_what_fits_alone_and_what_together() -> None:
    place, poll = Place(latitude=1, longitude=2), Poll(question="?", options=("a",))
    assert fits(Content(place=place))
    assert fits(Content(poll=poll))
    assert not fits(Content(place=place, text=plain("x")))
    assert not fits(Content(poll=poll, place=place))
    assert not fits(Content(poll=poll, buttons=((Button(label="x", emoji="✅"),),)))
    assert not fits(Content(poll=Poll(question="?", options=tuple(map(str, range(21))))))
    assert not fits(Content(poll=Poll(question="?", options=())))
    assert not fits(Content(text=marked("a" * 25_000, MarkKind.BOLD)), MAX_CONTENT // 2)


def test_addresses_bring_no_previews_unless_wanted() -> None:
    for text in (plain("see https://example.org"), marked("here", MarkKind.LINK, "https://example.org")):
        assert sent(Content(text=text))[PREVIEWS] == []
        assert PREVIEWS not in sent(Content(text=text, previews=True))
    assert PREVIEWS not in sent(Content(text=plain("no address")))


def test_whose_words_a_message_carries() -> None:
    content = Content(text=plain("x"), author=Author(id="12", name="Amina\u202e\n@room"))
    assert sent(content)[PROFILE]["id"] == "12"
    assert "\n" not in sent(content)[PROFILE]["displayname"]
    assert replacement(to_payload(content), event_id="$o", files={})["m.new_content"][PROFILE]["id"] == "12"


def test_an_answer_in_a_thread_stays_in_it() -> None:
    content = sent(Content(text=plain("x")), reply_to="$q", thread="$root")
    assert content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": False,
        "m.in_reply_to": {"event_id": "$q"},
    }


def test_an_edit_carries_the_new_file() -> None:
    film = attachment(AttachmentKind.VIDEO, "video/mp4", thumbnail=SMALL)
    content = replacement(to_payload(Content(text=plain("New"), attachments=(film,))), event_id="$o", files=FILES)
    assert content["m.new_content"]["url"] == "mxc://hs/a"
    assert content["m.new_content"]["info"]["thumbnail_url"] == "mxc://hs/b"
    assert content["body"] == "* New"


# --- anything at all ------------------------------------------------------------------------------------------------

NAMES = """
msgtype body filename url file info format formatted_body geo_uri itemtypes itemtype w h size duration mimetype
thumbnail_url waveform question answers id max_selections description uri m.text m.selections org.matrix.msc1767.text
org.matrix.msc1767.audio org.matrix.msc3245.voice org.matrix.msc3488.location org.matrix.msc1767.alt_text
org.matrix.msc3381.poll.start
"""
KEYS = st.sampled_from(NAMES.split())
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["mxc://hs/a", "geo:1,2", "m.image", "image/gif", "org.matrix.custom.html"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
TYPES = st.sampled_from([*media_in.KINDS, *media_in.GALLERIES, "m.location", "m.text", "m.emote", "org.new"])


@given(st.dictionaries(KEYS, VALUES, max_size=10), TYPES, st.text(max_size=5))
@settings(max_examples=60, deadline=None)
def test_whatever_is_sent_is_read_or_named(content: dict[str, Any], kind: str, body: str) -> None:
    parts = read_message(content | {"msgtype": kind, "body": body}, "Amina", is_reply=True)
    assert parts is not None
    assert all(media_in.media_of(file.ref) for file in parts.files)
    for other in (*polls.STARTS, "m.sticker"):
        assert read_other(other, content | {"body": body}) is not None
    polls.read_vote(content, polls.ballot_of(content))
