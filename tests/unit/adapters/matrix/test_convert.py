"""Events read from plain dictionaries, and contents written into them."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import pytest

from bridge.adapters.matrix.addresses import message_id, message_link, split_message_id
from bridge.adapters.matrix.convert import RoomView, to_event
from bridge.adapters.matrix.payload import DELIVERY, complete, fits, replacement, to_payload
from bridge.adapters.matrix.polls import Ballot
from bridge.core.events import (
    BotMembershipChanged,
    ChatKind,
    ChatMoved,
    ChatRenamed,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    PollVoted,
    Reacted,
    Unreadable,
)
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.message import Attachment, AttachmentKind, Button, Content, Poll, Uncarried, UncarriedKind
from bridge.core.text import Mark, MarkKind, RichText, marked, plain

AT = datetime(2026, 11, 23, tzinfo=UTC)
US, AMINA = "@baraza:hs", "@amina:hs"
ROOM = RoomView(
    account=AccountId("matrix"), us=US, chat=ChatId("!room"), title="Village", names={AMINA: "Amina Diallo"}
)
E = TypeVar("E", bound=InboundEvent)


def event(content: Any, kind: str = "m.room.message", sender: str = AMINA, **more: Any) -> dict[str, Any]:
    return {"event_id": "$e", "type": kind, "sender": sender, "content": content, **more}


def read(kind: type[E], content: Any, room: RoomView = ROOM, **more: Any) -> E:
    found = to_event(event(content, **more), room, AT)
    assert isinstance(found, kind), found
    return found


def ref(message: str) -> RemoteRef:
    return RemoteRef(AccountId("matrix"), ChatId("!room"), MessageId(message))


def text(body: str, **more: Any) -> dict[str, Any]:
    return {"msgtype": "m.text", "body": body, **more}


def test_a_text() -> None:
    found = read(MessagePosted, text("hello"))
    assert found.text == plain("hello")
    assert found.ref == ref("$e")
    assert found.key == "$e"
    assert found.at == AT
    assert json.loads(found.raw)["content"]["body"] == "hello"
    assert (found.sender.name, found.sender.handle, found.sender.direct) == ("Amina Diallo", AMINA, AMINA)
    assert not found.sender.bot
    assert (found.chat_kind, found.chat_title) == (ChatKind.GROUP, "Village")


@pytest.mark.parametrize("stamp", [0, 1, 4_102_444_800_000, -5, None, "yesterday"])
def test_a_homeservers_clock_decides_nothing(stamp: object) -> None:
    """Any homeserver of the federation sets it: what counts is when we were told."""
    assert read(MessagePosted, text("hello"), origin_server_ts=stamp).at == AT
    edit = {"m.new_content": text("hello"), "m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}
    assert read(MessageEdited, text("* hello") | edit, origin_server_ts=stamp).at == AT


def test_formatted_text() -> None:
    content = text("**b**", format="org.matrix.custom.html", formatted_body="<b>b</b>")
    assert read(MessagePosted, content).text == marked("b", MarkKind.BOLD)
    assert read(MessagePosted, content | {"formatted_body": "<p> </p>"}).text == plain("**b**")
    assert read(MessagePosted, content | {"format": "other"}).text == plain("**b**")


def test_a_name_unknown_is_the_ids_first_part() -> None:
    assert read(MessagePosted, text("x"), sender="@otieno:hs").sender.name == "otieno"


def test_private_messages_name_their_room() -> None:
    room = RoomView(
        account=AccountId("matrix"), us=US, chat=ChatId(AMINA), kind=ChatKind.PRIVATE, private_room="!direct"
    )
    found = read(MessagePosted, text("x", **{"m.relates_to": {"m.in_reply_to": {"event_id": "$q"}}}), room)
    assert found.chat == AMINA
    assert found.ref.message == "!direct $e"
    assert found.reply_to is not None
    assert found.reply_to.message == "!direct $q"
    assert split_message_id(found.ref.message) == ("!direct", "$e")
    assert split_message_id(message_id("$e")) == ("", "$e")


@pytest.mark.parametrize("kind", ["m.notice", "m.server_notice"])
def test_notices_come_from_bots(kind: str) -> None:
    sender = read(MessagePosted, {"msgtype": kind, "body": "beep"}).sender
    assert (sender.bot, sender.says_bot) == (True, True)
    marked = read(MessagePosted, {"msgtype": kind, "body": "beep", DELIVERY: "a" * 32}).sender
    assert (marked.bot, marked.says_bot) == (True, False), "that it is a bridge's is no claim"


@pytest.mark.parametrize("place", ["content", "m.new_content"])
def test_what_another_bridge_of_our_kind_sends_comes_from_a_bot(place: str) -> None:
    if place == "content":
        assert read(MessagePosted, text("hello") | {DELIVERY: "a" * 32}).sender.bot
    else:
        new = {"m.new_content": text("hello") | {DELIVERY: "a" * 32}}
        edit = text("* hello") | new | {"m.relates_to": {"rel_type": "m.replace", "event_id": "$1"}}
        assert read(MessageEdited, edit).sender.bot


def test_an_emote_says_who() -> None:
    assert read(MessagePosted, {"msgtype": "m.emote", "body": "waves"}).text.text == "* Amina Diallo waves"


def test_our_own_are_no_events() -> None:
    assert to_event(event(text("x"), sender=US), ROOM, AT) is None
    assert to_event(event({"m.relates_to": {}}, "m.reaction", US), ROOM, AT) is None


REPLY = {"m.relates_to": {"m.in_reply_to": {"event_id": "$q"}}}


@pytest.mark.parametrize(
    ("body", "said", "excerpt"),
    [
        ("> <@b:hs> the question\n> more\n\nthe answer", "the answer", "the question"),
        ("> * <@b:hs> waves\n\nthe answer", "the answer", "waves"),
        ("the answer", "the answer", ""),
        ("> <@b:hs> q\n\n> quoted\nanswer", "> quoted\nanswer", "q"),
    ],
)
def test_answers_lose_the_quotation(body: str, said: str, excerpt: str) -> None:
    found = read(MessagePosted, text(body, **REPLY))
    assert found.reply_to == ref("$q")
    assert found.text.text == said
    assert found.reply_excerpt == excerpt


def test_a_quotation_of_ones_own_stays() -> None:
    found = read(MessagePosted, text("> not a reply\n\nreally"))
    assert found.text.text == "> not a reply\n\nreally"
    assert found.reply_to is None


def test_what_is_said_in_a_thread_answers_its_beginning_or_what_is_meant() -> None:
    thread = {"rel_type": "m.thread", "event_id": "$root", "m.in_reply_to": {"event_id": "$last"}}
    falling = thread | {"is_falling_back": True}
    found = read(MessagePosted, text("> <@b:hs> the last\n\nx", **{"m.relates_to": falling}))
    assert (found.reply_to, found.text.text, found.reply_excerpt) == (ref("$root"), "x", "")
    assert read(MessagePosted, text("x", **{"m.relates_to": thread})).reply_to == ref("$last")
    bare = {"rel_type": "m.thread", "event_id": "$root"}
    found = read(MessagePosted, text("> mine\n\nx", **{"m.relates_to": bare}))
    assert (found.reply_to, found.text.text) == (ref("$root"), "> mine\n\nx")


def test_edits_are_never_new_messages() -> None:
    relation = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$o"}}
    found = read(MessageEdited, text("* new", **relation, **{"m.new_content": text("new")}))
    assert found.ref == ref("$o")
    assert found.text == plain("new")
    assert found.key == "$e"
    assert isinstance(to_event(event(text("* new", **relation)), ROOM, AT), Unreadable)


def test_an_encrypted_edit_is_no_new_message() -> None:
    relation = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$o"}}
    found = to_event(event(relation, "m.room.encrypted"), ROOM, AT)
    assert isinstance(found, MessageEdited)
    assert found.uncarried == (Uncarried(kind=UncarriedKind.ENCRYPTED),)


def test_an_edit_of_a_file_says_what_it_shows_now() -> None:
    relation = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$o"}}
    new = {"msgtype": "m.image", "body": "Now", "filename": "b.jpg", "url": "mxc://hs/b"}
    found = read(MessageEdited, text("* Now", **relation, **{"m.new_content": new}))
    assert found.text == plain("Now")
    assert [file.ref for file in found.files] == ["mxc://hs/b"]


def test_an_edit_of_a_poll_is_no_new_poll() -> None:
    start = {"question": {"body": "Well?"}, "answers": [{"id": "1", "body": "Yes"}]}
    relation = {"m.relates_to": {"rel_type": "m.replace", "event_id": "$o"}}
    content = relation | {"m.new_content": {"org.matrix.msc3381.poll.start": start}}
    found = to_event(event(content, "org.matrix.msc3381.poll.start"), ROOM, AT)
    assert isinstance(found, MessageEdited)
    assert found.uncarried[0].poll == Poll(question="Well?", options=("Yes",))


def test_a_vote() -> None:
    relation = {"rel_type": "m.reference", "event_id": "$poll"}
    content = {"m.relates_to": relation, "org.matrix.msc3381.poll.response": {"answers": ["b"]}}
    room = replace(ROOM, ballots={"$poll": Ballot(answers=("a", "b"))})
    found = to_event(event(content, "org.matrix.msc3381.poll.response"), room, AT)
    assert isinstance(found, PollVoted)
    assert (found.ref, found.options, found.sender.ref.user) == (ref("$poll"), (1,), AMINA)
    assert to_event(event(content, "org.matrix.msc3381.poll.response"), ROOM, AT) is None, "an unknown poll's"
    assert isinstance(to_event(event({}, "m.poll.response"), ROOM, AT), Unreadable)


def test_the_end_of_a_poll_answers_it() -> None:
    relation = {"rel_type": "m.reference", "event_id": "$poll"}
    content = {"m.relates_to": relation, "org.matrix.msc1767.text": "Most chose: Well", "m.poll.end": {}}
    found = to_event(event(content, "org.matrix.msc3381.poll.end"), ROOM, AT)
    assert isinstance(found, MessagePosted)
    assert (found.text.text, found.reply_to) == ("Most chose: Well", ref("$poll"))


def test_of_a_walk_that_is_shared_only_the_beginning_is_told() -> None:
    content = {"description": "On my way", "live": True, "timeout": 60_000}
    raw = event(content, "org.matrix.msc3672.beacon_info", state_key=AMINA)
    found = to_event(raw, ROOM, AT)
    assert isinstance(found, MessagePosted)
    assert found.uncarried == (Uncarried(kind=UncarriedKind.LOCATION, detail="On my way"),)
    assert to_event(raw | {"content": content | {"live": False}}, ROOM, AT) is None
    assert to_event(raw | {"sender": US}, ROOM, AT) is None


def test_nesting_without_end_stops_nothing() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    found = to_event(event({"msgtype": "m.text", "body": "x", "more": deep}), ROOM, AT)
    assert isinstance(found, Unreadable)
    assert found.key
    assert found.raw


def test_an_event_of_all_the_bytes_there_may_be() -> None:
    found = read(MessagePosted, text("a" * 65_000, format="org.matrix.custom.html", formatted_body="<b>" * 300))
    assert len(found.text.text) == 65_000


def test_a_picture_with_and_without_words() -> None:
    content = {
        "msgtype": "m.image",
        "body": "well.jpg",
        "url": "mxc://hs/AbC-1_2",
        "info": {"mimetype": "image/jpeg", "size": 5, "w": 1},
    }
    for words in (content, content | {"filename": "well.jpg"}):
        found = read(MessagePosted, words)
        assert found.text.text == ""
        assert [(f.ref, f.kind, f.name, f.mime, f.size) for f in found.files] == [
            ("mxc://hs/AbC-1_2", AttachmentKind.PHOTO, "well.jpg", "image/jpeg", 5)
        ]
    found = read(MessagePosted, content | {"filename": "well.jpg", "body": "Our new well"})
    assert found.text == plain("Our new well")
    assert found.files[0].name == "well.jpg"
    document = read(MessagePosted, content | {"msgtype": "m.file"})
    assert document.files[0].kind is AttachmentKind.DOCUMENT


@pytest.mark.parametrize(
    ("content", "kind", "detail"),
    [
        ({"msgtype": "m.image", "body": "a", "file": {"url": "mxc://hs/a"}}, UncarriedKind.ENCRYPTED, "a"),
        ({"msgtype": "m.image", "body": "a", "url": "https://evil"}, UncarriedKind.PHOTO, "a"),
        ({"msgtype": "m.file", "body": "a", "url": "mxc://hs/../x"}, UncarriedKind.DOCUMENT, "a"),
        ({"msgtype": "m.audio", "body": "a"}, UncarriedKind.AUDIO, "a"),
        ({"msgtype": "m.audio", "body": "a", "org.matrix.msc3245.voice": {}}, UncarriedKind.VOICE, "a"),
        ({"msgtype": "m.video", "body": "a", "url": ["mxc://hs/a"]}, UncarriedKind.VIDEO, "a"),
        (
            {"msgtype": "m.location", "body": "Clinic", "geo_uri": "geo:91,2"},
            UncarriedKind.LOCATION,
            "Clinic, geo:91,2",
        ),
        ({"msgtype": "org.new", "body": "words"}, UncarriedKind.UNKNOWN, "org.new"),
    ],
)
def test_what_cannot_be_carried(content: dict[str, Any], kind: UncarriedKind, detail: str) -> None:
    found = read(MessagePosted, content)
    assert found.uncarried == (Uncarried(kind=kind, detail=detail),)
    assert not found.files


def test_the_words_beside_what_cannot_be_carried_travel() -> None:
    content = {"msgtype": "m.video", "body": "Look", "filename": "a.mp4", "url": "http://hs/a"}
    assert read(MessagePosted, content).text == plain("Look")
    assert read(MessagePosted, {"msgtype": "org.new", "body": "words"}).text == plain("words")


@pytest.mark.parametrize(
    ("type_", "content", "kind", "detail"),
    [
        ("m.sticker", {"body": "smile"}, UncarriedKind.STICKER, "smile"),
        (
            "m.poll.start",
            {"m.poll": {"question": {"m.text": [{"body": "Well?"}]}, "answers": []}},
            UncarriedKind.POLL,
            "Well?",
        ),
        ("org.example.new", {"body": "fallback"}, UncarriedKind.UNKNOWN, "fallback"),
        ("m.room.encrypted", {"ciphertext": "x"}, UncarriedKind.ENCRYPTED, ""),
    ],
)
def test_other_events_for_people(type_: str, content: dict[str, Any], kind: UncarriedKind, detail: str) -> None:
    found = to_event(event(content, type_), ROOM, AT)
    assert isinstance(found, MessagePosted)
    assert found.uncarried == (Uncarried(kind=kind, detail=detail),)


@pytest.mark.parametrize(
    ("type_", "content"),
    [
        ("m.call.invite", {"call_id": "1"}),
        ("m.key.verification.start", {"body": "machines"}),
        ("org.matrix.msc3672.beacon", {"m.relates_to": {}}),
        ("m.room.message", {"msgtype": "m.key.verification.request", "body": "verify"}),
    ],
)
def test_machines_talk_is_no_event(type_: str, content: dict[str, Any]) -> None:
    assert to_event(event(content, type_), ROOM, AT) is None


def test_a_reaction() -> None:
    content = {"m.relates_to": {"rel_type": "m.annotation", "event_id": "$o", "key": "✅"}}
    found = to_event(event(content, "m.reaction"), ROOM, AT)
    assert isinstance(found, Reacted)
    assert (found.ref, found.emoji, found.sender.ref.user) == (ref("$o"), "✅", AMINA)
    assert found.reaction == "$e", "which its removal will name"


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ({}, {"redacts": "$o"}),
        ({"redacts": "$o"}, {}),
        ({"redacts": "$forged"}, {"redacts": "$o"}),
    ],
)
def test_a_removal_in_old_and_new_rooms(content: dict[str, Any], more: dict[str, Any]) -> None:
    found = to_event(event(content, "m.room.redaction", **more), ROOM, AT)
    assert isinstance(found, MessageDeleted)
    assert found.ref == ref("$o")


def test_what_was_removed_before_we_saw_it_is_not_a_message() -> None:
    assert to_event(event({}, unsigned={"redacted_because": {}}), ROOM, AT) is None


def member(now: str, before: str | None, sender: str = AMINA, who: str = US) -> InboundEvent | None:
    unsigned = {"prev_content": {"membership": before}, "prev_sender": AMINA} if before else {}
    raw = event({"membership": now}, "m.room.member", sender, state_key=who, unsigned=unsigned)
    return to_event(raw, ROOM, AT)


def test_coming_and_going() -> None:
    came = member("join", "invite", US)
    assert isinstance(came, BotMembershipChanged)
    assert came.present
    assert came.actor is not None
    assert came.actor.ref.user == AMINA
    gone = member("leave", "join")
    assert isinstance(gone, BotMembershipChanged)
    assert not gone.present
    assert isinstance(member("ban", None), BotMembershipChanged)
    assert member("join", "join", US) is None
    assert member("invite", "leave") is None
    assert member("leave", "invite") is None
    assert member("join", None, AMINA, AMINA) is None


def test_a_renamed_room() -> None:
    found = to_event(event({"name": "Town"}, "m.room.name", state_key=""), ROOM, AT)
    assert isinstance(found, ChatRenamed)
    assert found.title == "Town"
    for name in cast("list[object]", ["", " ", None, 5, {}]):
        assert to_event(event({"name": name}, "m.room.name", state_key=""), ROOM, AT) is None


def test_a_moved_room() -> None:
    found = to_event(event({"replacement_room": "!new"}, "m.room.tombstone", state_key=""), ROOM, AT)
    assert isinstance(found, ChatMoved)
    assert found.new_chat == "!new"
    fake = event({"replacement_room": "!new"}, "m.room.tombstone")
    assert to_event(fake, ROOM, AT) is None, "not a state event: anybody can send that"


@pytest.mark.parametrize(
    "bad", [None, 5, "x", [], {}, {"event_id": "$e"}, event(None), event({}), event({"msgtype": "m.text", "body": 1})]
)
def test_the_malformed_is_kept(bad: Any) -> None:
    found = to_event(bad, ROOM, AT)
    assert isinstance(found, Unreadable)
    assert found.key
    assert found.reason.startswith(("not an event", "no ", "a message without"))
    again = to_event(bad, ROOM, AT)
    assert again is not None
    assert again.key == found.key


def test_no_text_that_databases_refuse() -> None:
    found = read(MessagePosted, text("half \ud83d \0 end"))
    assert found.text.text.encode()
    assert "\0" not in found.text.text
    assert found.raw.encode()


@pytest.mark.parametrize(
    ("body", "command"), [("/profile", True), ("!help me", True), ("!Wow", False), ("a /b", False)]
)
def test_commands(body: str, *, command: bool) -> None:
    assert read(MessagePosted, text(body)).is_command is command


# --- outwards -------------------------------------------------------------------------------------------------------


def sent(content: Content, **more: Any) -> dict[str, Any]:
    files = {"a" * 64: "mxc://hs/a", "b" * 64: "mxc://hs/b"}
    arguments: dict[str, Any] = {"key": "k" * 32, "reply_to": None, "files": files} | more
    return complete(json.loads(json.dumps(to_payload(content))), **arguments)


def test_a_message_out() -> None:
    content = sent(Content(text=marked("hello", MarkKind.BOLD)), reply_to="$q")
    assert content == {
        "msgtype": "m.text",
        "body": "hello",
        "format": "org.matrix.custom.html",
        "formatted_body": "<strong>hello</strong>",
        "m.mentions": {},
        "m.relates_to": {"m.in_reply_to": {"event_id": "$q"}},
        DELIVERY: "k" * 32,
    }


def test_a_silent_message_is_a_notice() -> None:
    assert sent(Content(text=plain("psst"), silent=True))["msgtype"] == "m.notice"


def test_buttons_become_words_and_reactions() -> None:
    buttons = (
        (Button(label="Approve", emoji="✅"), Button(label="❌ Reject", emoji="❌")),
        (Button(label="Read", url="https://e.org/1"), Button(label="Bad", url="javascript:x")),
    )
    payload = to_payload(Content(text=plain("Publish?"), buttons=buttons))
    assert payload["reactions"] == ["✅", "❌"]
    content = payload["content"]
    assert isinstance(content, dict)
    assert content["body"] == "Publish?\n\n✅ Approve · ❌ Reject · Read (https://e.org/1) · Bad"


def test_a_menu_is_one_choice_under_another() -> None:
    buttons = tuple((Button(label=label, emoji=emoji),) for label, emoji in (("A", "1️⃣"), ("B", "2️⃣"), ("C", "3️⃣")))
    content = to_payload(Content(text=plain("Which?"), buttons=buttons))["content"]
    assert isinstance(content, dict)
    assert content["body"] == "Which?\n\n1️⃣ A\n2️⃣ B\n3️⃣ C"


def file(kind: AttachmentKind) -> Attachment:
    return Attachment(sha256="a" * 64, kind=kind, mime="image/jpeg", size=5, name="well.jpg", width=3, height=4)


def test_a_file_out() -> None:
    photo = Content(text=plain("Our well"), attachments=(file(AttachmentKind.PHOTO),))
    assert to_payload(photo)["file"] == "a" * 64
    content = sent(photo)
    assert content["msgtype"] == "m.image"
    assert (content["body"], content["filename"], content["url"]) == ("Our well", "well.jpg", "mxc://hs/a")
    assert content["info"] == {"mimetype": "image/jpeg", "size": 5, "w": 3, "h": 4}
    bare = sent(Content(attachments=(file(AttachmentKind.DOCUMENT),)))
    assert (bare["msgtype"], bare["body"], bare["filename"]) == ("m.file", "well.jpg", "well.jpg")


def test_what_goes_out_can_be_read_again() -> None:
    content = Content(text=plain("Look: ") + marked("here", MarkKind.LINK, "https://e.org"))
    assert read(MessagePosted, sent(content)).text == content.text
    photo = read(MessagePosted, sent(Content(text=plain("w"), attachments=(file(AttachmentKind.PHOTO),))))
    assert photo.text == plain("w")
    assert photo.files[0].name == "well.jpg"


def test_an_edit_out_is_small_around_its_new_content() -> None:
    long = "word " * 5_000
    content = replacement(to_payload(Content(text=plain(long))), event_id="$o", files={})
    assert content["m.new_content"]["body"] == long
    assert len(content["body"]) < 300
    assert content["m.relates_to"] == {"rel_type": "m.replace", "event_id": "$o"}
    assert read(MessageEdited, content).text.text == long.strip()


def test_fits_measures_the_event() -> None:
    assert fits(Content(text=plain("a" * 30_000)))
    assert not fits(Content(text=plain("a" * 30_001)))
    assert not fits(Content(text=plain("é" * 15_001)))
    # the text goes twice, as HTML and as plain text, and signs grow there
    assert not fits(Content(text=marked("<" * 20_000, MarkKind.BOLD)))
    marks = tuple(Mark(place, place + 1, MarkKind.BOLD) for place in range(0, 2_000, 4))
    assert fits(Content(text=RichText("a" * 10_000, marks)))
    assert not fits(Content(text=RichText("ሀ" * 10_000, marks))), "in bytes, of which this letter has three"
    assert not fits(Content(attachments=(file(AttachmentKind.PHOTO), file(AttachmentKind.PHOTO))))


@pytest.mark.parametrize(
    ("chat", "message", "link"),
    [
        (
            "!room:example.org:8448",
            "$ev/ent",
            "https://matrix.to/#/!room:example.org:8448/$ev%2Fent?via=example.org:8448",
        ),
        ("!noserver", "$e", "https://matrix.to/#/!noserver/$e"),
        ("@amina:example.org", "!private:example.org $e", None),
    ],
)
def test_the_link_of_a_message(chat: str, message: str, link: str | None) -> None:
    assert message_link(RemoteRef(AccountId("matrix"), ChatId(chat), MessageId(message))) == link
