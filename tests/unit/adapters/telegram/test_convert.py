"""What an update tells us."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from telegram.constants import MessageType, UpdateType

from bridge.adapters.telegram.client import UPDATES
from bridge.adapters.telegram.convert import Me, message_link, read_update
from bridge.core.events import (
    BotMembershipChanged,
    ButtonPressed,
    ChatKind,
    ChatMoved,
    ChatRenamed,
    InboundEvent,
    MessageEdited,
    MessagePosted,
    Sender,
    Unreadable,
)
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import UncarriedKind
from bridge.core.text import Mark, MarkKind, RichText

ACCOUNT = AccountId("telegram")
ME = Me(700100, "our_bot")
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
GROUP = {"id": -1001234, "type": "supergroup", "title": "Village"}
AMINA = {
    "id": 5,
    "is_bot": False,
    "first_name": "Amina",
    "last_name": "Otieno",
    "username": "amina",
    "language_code": "sw",
}


def read(update: dict[str, Any]) -> InboundEvent | None:
    return read_update(ACCOUNT, {"update_id": 9, **update}, ME, AT)


def message(**fields: Any) -> dict[str, Any]:
    return {"message_id": 77, "date": 1, "chat": GROUP, "from": AMINA, **fields}


def posted(**fields: Any) -> MessagePosted:
    event = read({"message": message(**fields)})
    assert isinstance(event, MessagePosted), event
    return event


def ref(number: int, chat: str = "-1001234") -> RemoteRef:
    return RemoteRef(ACCOUNT, ChatId(chat), MessageId(str(number)))


def test_a_text_in_a_group() -> None:
    update = {"message": message(text="habari", entities=[{"type": "bold", "offset": 0, "length": 2}])}
    event = read(update)
    assert event == MessagePosted(
        account=ACCOUNT,
        chat=ChatId("-1001234"),
        key="u9",
        at=AT,
        raw=json.dumps({"update_id": 9, **update}, separators=(",", ":")),
        ref=ref(77),
        sender=Sender(
            ref=UserRef(ACCOUNT, UserId("5")),
            name="Amina Otieno",
            handle="@amina",
            language="sw",
            direct=ChatId("5"),
        ),
        chat_kind=ChatKind.GROUP,
        chat_title="Village",
        text=RichText("habari", (Mark(0, 2, MarkKind.BOLD),)),
    )


@pytest.mark.parametrize("date", [0, 1, 4_102_444_800, -5, None, "yesterday"])
def test_telegrams_clock_decides_nothing(date: object) -> None:
    """Nor that of the phone behind it: what counts is when we were told."""
    assert posted(text="habari", date=date).at == AT
    edited = read({"edited_message": message(text="habari", date=date, edit_date=date)})
    assert isinstance(edited, MessageEdited)
    assert edited.at == AT


def test_a_private_chat_and_a_channel() -> None:
    private = posted(chat={"id": 5, "type": "private", "first_name": "Amina"}, text="x")
    assert (private.chat_kind, private.chat, private.chat_title) == (ChatKind.PRIVATE, "5", "")
    channel = {"id": -1009, "type": "channel", "title": "News", "username": "news"}
    event = read({"channel_post": {"message_id": 3, "date": 1, "chat": channel, "sender_chat": channel, "text": "x"}})
    assert isinstance(event, MessagePosted)
    assert event.chat_kind is ChatKind.CHANNEL
    assert event.sender == Sender(ref=UserRef(ACCOUNT, UserId("-1009")), name="News", handle="@news", anonymous=True)


def test_a_topic_is_a_chat_of_its_own_and_general_is_the_group() -> None:
    assert posted(text="x", message_thread_id=45, is_topic_message=True).chat == "-1001234/45"
    assert posted(text="x").chat == "-1001234"
    # A reply in a group without topics carries a thread id as well.
    answered = {"message_id": 70, "date": 1, "chat": GROUP, "text": "before"}
    event = posted(text="x", message_thread_id=70, reply_to_message=answered)
    assert (event.chat, event.reply_to) == ("-1001234", ref(70))


def test_an_anonymous_administrator_stands_for_the_group() -> None:
    stand_in = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    event = posted(**{"from": stand_in}, sender_chat=GROUP, author_signature="chair", text="x")
    assert event.sender == Sender(ref=UserRef(ACCOUNT, UserId("-1001234")), name="Village", anonymous=True)
    assert event.sender.direct is None


def test_a_post_copied_from_the_linked_channel_is_no_persons() -> None:
    telegram = {"id": 777000, "is_bot": False, "first_name": "Telegram"}
    channel = {"id": -1009, "type": "channel", "title": "News"}
    event = posted(**{"from": telegram}, sender_chat=channel, is_automatic_forward=True, text="x")
    assert event.sender.bot
    assert event.sender.anonymous
    assert event.sender.ref.user == "-1009"


def test_another_bot_is_known_as_one_and_we_ourselves_are_not_heard() -> None:
    event = posted(**{"from": {"id": 8, "is_bot": True, "first_name": "Other"}}, text="x")
    assert event.sender.bot
    assert event.sender.direct is None
    ours = {"id": ME.id, "is_bot": True, "first_name": "Baraza"}
    assert read({"message": message(**{"from": ours}, text="x")}) is None
    assert read({"edited_message": message(**{"from": ours}, text="x")}) is None


# --- replies --------------------------------------------------------------------------------------------------------


def test_a_reply_names_what_it_answers_and_quotes_it() -> None:
    answered = {"message_id": 70, "date": 1, "chat": GROUP, "text": "the whole question"}
    event = posted(text="x", reply_to_message=answered)
    assert (event.reply_to, event.reply_excerpt) == (ref(70), "the whole question")
    event = posted(text="x", reply_to_message=answered, quote={"text": "question", "position": 10})
    assert (event.reply_to, event.reply_excerpt) == (ref(70), "question")
    event = posted(text="x", reply_to_message={**answered, "text": None, "caption": "of a photo"})
    assert event.reply_excerpt == "of a photo"
    event = posted(text="x", reply_to_message={**answered, "text": "word " * 900})
    assert len(event.reply_excerpt) <= 200


def test_in_a_topic_only_true_replies_are_replies() -> None:
    opening = {"message_id": 45, "date": 1, "chat": GROUP, "message_thread_id": 45, "is_topic_message": True}
    inside = {"message_thread_id": 45, "is_topic_message": True}
    for notice in (opening, {**opening, "forum_topic_created": {"name": "Malaria"}}):
        assert posted(text="x", reply_to_message=notice, **inside).reply_to is None
    true_reply = {**opening, "message_id": 60, "text": "before"}
    assert posted(text="x", reply_to_message=true_reply, **inside).reply_to == ref(60, "-1001234/45")


def test_a_reply_to_another_chat_keeps_its_quote() -> None:
    elsewhere = {"origin": {}, "chat": {"id": -1005, "type": "supergroup"}, "message_id": 4}
    event = posted(text="x", external_reply=elsewhere, quote={"text": "there"})
    assert (event.reply_to, event.reply_excerpt) == (ref(4, "-1005"), "there")
    event = posted(text="x", external_reply={"origin": {}}, quote={"text": "there"})
    assert (event.reply_to, event.reply_excerpt) == (None, "there")


# --- commands -------------------------------------------------------------------------------------------------------


def command(text: str, length: int, *more: dict[str, Any]) -> dict[str, Any]:
    return {"text": text, "entities": [{"type": "bot_command", "offset": 0, "length": length}, *more]}


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (command("/start", 6), "/start"),
        (command("/start abc_-1", 6), "/start abc_-1"),
        (command("/start@our_bot abc", 14), "/start abc"),
        (command("/Start@OUR_Bot", 14), "/Start"),
    ],
)
def test_a_command_to_us(fields: dict[str, Any], text: str) -> None:
    event = posted(**fields)
    assert event.is_command
    assert event.text.text == text


def test_marks_close_up_where_our_name_stood() -> None:
    bold = {"type": "bold", "offset": 16, "length": 3}
    whole = {"type": "italic", "offset": 0, "length": 19}
    event = posted(**command("/reject@our_bot why", 15, bold, whole))
    assert event.text == RichText("/reject why", (Mark(0, 11, MarkKind.ITALIC), Mark(8, 11, MarkKind.BOLD)))


def test_a_command_to_another_bot_is_nothing_to_us() -> None:
    assert read({"message": message(**command("/start@other_bot", 16))}) is None
    assert read({"edited_message": message(**command("/start@other_bot", 16))}) is None


def test_a_command_inside_a_text_is_text() -> None:
    event = posted(text="see /help", entities=[{"type": "bot_command", "offset": 4, "length": 5}])
    assert not event.is_command
    assert event.text.text == "see /help"
    assert not posted(text="/start").is_command, "only Telegram's own mark makes a command"


# --- every kind of message and update ---


FILES = ("animation", "audio", "document", "sticker", "video", "video_note", "voice")
NO_CONTENT = {  # what MessageType names that says something about a message and is not its content
    "business_connection_id",
    "effect_id",
    "reply_to_story",
    "sender_boost_count",
    "sender_business_bot",
    "suggested_post_info",
}


@pytest.mark.parametrize("kind", sorted({kind.value for kind in MessageType} - NO_CONTENT))
def test_every_kind_of_message_is_carried_named_or_a_notice(kind: str) -> None:
    values: dict[str, Any] = {
        "text": "x",
        "photo": [{"file_id": "p", "width": 1, "height": 1}],
        "migrate_to_chat_id": -1009,
        "migrate_from_chat_id": -55,
        "live_photo": {"photo": [{"file_id": "p", "width": 1, "height": 1}]},
        **{name: {"file_id": "d"} for name in FILES},
    }
    event = read({"message": message(**{kind: values.get(kind, {"title": "x"})})})
    if isinstance(event, MessagePosted):
        known = all(item.kind is not UncarriedKind.UNKNOWN for item in event.uncarried)
        assert event.text or event.files or (event.uncarried and known)
    else:
        assert event is None or isinstance(event, ChatMoved | ChatRenamed)


@pytest.mark.parametrize(
    "fields",
    [
        {"new_chat_members": [AMINA]},
        {"left_chat_member": AMINA},
        {"pinned_message": {"message_id": 1}},
        {"forum_topic_created": {"name": "x"}},
        {"video_chat_started": {}},
    ],
)
def test_notices_are_nobodys_message(fields: dict[str, Any]) -> None:
    assert read({"message": message(**fields)}) is None


# --- the other events -----------------------------------------------------------------------------------------------


def test_an_edit_names_the_message_first_posted() -> None:
    event = read({"edited_message": message(text="better", edit_date=2)})
    assert isinstance(event, MessageEdited)
    assert (event.ref, event.text.text, event.sender.name, event.key) == (ref(77), "better", "Amina Otieno", "u9")
    assert isinstance(read({"edited_channel_post": message(text="better")}), MessageEdited)


def test_a_press_says_which_button_of_which_message() -> None:
    query = {"id": "4382", "from": AMINA, "message": message(text="card"), "chat_instance": "1", "data": "handle"}
    event = read({"callback_query": query})
    assert isinstance(event, ButtonPressed)
    assert (event.ref, event.handle, event.press) == (ref(77), "handle", "4382")
    assert event.sender.ref.user == "5"
    inaccessible = {"message_id": 77, "date": 0, "chat": GROUP}
    event = read({"callback_query": {**query, "message": inaccessible}})
    assert isinstance(event, ButtonPressed)
    assert event.ref == ref(77)
    game = {name: value for name, value in query.items() if name != "data"}
    assert read({"callback_query": {**game, "game_short_name": "chess"}}) is None


@pytest.mark.parametrize(
    ("before", "after", "present"),
    [
        ({"status": "left"}, {"status": "member"}, True),
        ({"status": "kicked"}, {"status": "administrator"}, True),
        ({"status": "left"}, {"status": "restricted", "is_member": True}, True),
        ({"status": "member"}, {"status": "kicked"}, False),
        ({"status": "administrator"}, {"status": "left"}, False),
        ({"status": "member"}, {"status": "restricted", "is_member": False}, False),
        ({"status": "member"}, {"status": "administrator"}, None),
    ],
)
def test_our_coming_and_going(before: dict[str, Any], after: dict[str, Any], present: bool | None) -> None:
    change = {"chat": GROUP, "from": AMINA, "date": 1, "old_chat_member": before, "new_chat_member": after}
    event = read({"my_chat_member": change})
    if present is None:
        assert event is None
    else:
        assert isinstance(event, BotMembershipChanged)
        assert (event.present, event.chat, event.chat_title) == (present, "-1001234", "Village")
        assert event.actor is not None
        assert event.actor.ref.user == "5"


def test_a_move_is_one_event_however_it_is_told() -> None:
    event = read({"message": message(chat={"id": -55, "type": "group"}, migrate_to_chat_id=-1009)})
    assert isinstance(event, ChatMoved)
    assert (event.chat, event.new_chat, event.key) == ("-55", "-1009", "moved-55>-1009")
    there = read({"message": message(chat={"id": -1009, "type": "supergroup"}, migrate_from_chat_id=-55)})
    assert isinstance(there, ChatMoved)
    assert (there.chat, there.new_chat, there.key) == (event.chat, event.new_chat, event.key)


def test_a_new_name_is_an_event() -> None:
    event = read({"message": message(new_chat_title="Town")})
    assert isinstance(event, ChatRenamed)
    assert (event.chat, event.title) == ("-1001234", "Town")


def test_who_wrote_it_where_bots_and_channels_have_a_hand_in_it() -> None:
    """A person's message made with an inline bot is the person's; another bot's is a bot's; a channel's copy is one."""
    bot = {"id": 77, "is_bot": True, "first_name": "Other Baraza"}
    for fields, is_bot, user in (
        ({"via_bot": bot}, False, "5"),
        ({"from": bot}, True, "77"),
        (
            {"sender_chat": {"id": -100777, "type": "channel", "title": "News"}, "is_automatic_forward": True},
            True,
            None,
        ),
        ({"sender_chat": GROUP}, False, None),
    ):
        event = read({"message": message(**fields)})
        assert isinstance(event, MessagePosted)
        assert event.sender.bot is is_bot
        assert event.sender.anonymous is ("sender_chat" in fields)
        assert user is None or event.sender.ref.user == user


def test_kinds_of_update_we_did_not_ask_for_are_passed_over() -> None:
    for kind in {kind.value for kind in UpdateType} - set(UPDATES):
        assert read({kind: {}}) is None, kind
    for kind in set(UPDATES) - {"callback_query"}:
        assert isinstance(read({kind: {}}), Unreadable), kind


# --- what cannot be read --------------------------------------------------------------------------------------------


def test_what_cannot_be_read_is_kept_whole() -> None:
    event = read({"message": {"text": "no chat"}})
    assert isinstance(event, Unreadable)
    assert event.key == "u9"
    assert json.loads(event.raw) == {"update_id": 9, "message": {"text": "no chat"}}
    assert "no chat" not in event.reason
    assert isinstance(read({"of_tomorrow": {}}), Unreadable)


def test_without_a_number_the_key_is_its_content() -> None:
    first, again = (read_update(ACCOUNT, {"message": {}}, ME, AT) for _ in range(2))
    other = read_update(ACCOUNT, {"message": 1}, ME, AT)
    assert isinstance(first, Unreadable)
    assert isinstance(again, Unreadable)
    assert isinstance(other, Unreadable)
    assert first.key == again.key != other.key


def test_what_no_database_takes_is_replaced() -> None:
    event = posted(text="a\ud83db\x00c", **{"from": {**AMINA, "first_name": "A\udc00"}})
    assert event.text.text == "a\ufffdb\ufffdc"
    assert event.sender.name == "A\ufffd Otieno"
    event.raw.encode()
    assert "\\u0000" not in event.raw


def test_nesting_without_end_is_survived() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"reply_to_message": deep}
    assert isinstance(read({"message": message(text="x", **deep)}), Unreadable)


KINDS = ("location", "venue", "contact", "checklist", "giveaway", "invoice", "video", "sticker", "forward_origin")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*message(), "text", "id", "type", "photo", "entities", "offset", "user", "location"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(st.sampled_from([*UPDATES, "x"]), JSON, JSON)
def test_no_json_stops_the_reader(kind: str, whole: Any, part: Any) -> None:
    read_update(ACCOUNT, whole, ME, AT)
    read({kind: whole})
    for field in (
        "chat",
        "from",
        "text",
        "entities",
        "photo",
        "reply_to_message",
        "sender_chat",
        "poll",
        "quote",
        *KINDS,
    ):
        event = read({kind: message(**{"text": "x", field: part})})
        assert event is None or event.key


@pytest.mark.parametrize(
    ("chat", "link"),
    [
        ("-1001234567890", "https://t.me/c/1234567890/55"),
        ("-1001234567890/45", "https://t.me/c/1234567890/45/55"),
        ("-4321", None),  # a basic group has no links
        ("4321", None),  # nor has a private chat
    ],
)
def test_the_link_of_a_message(chat: str, link: str | None) -> None:
    assert message_link(RemoteRef(ACCOUNT, ChatId(chat), MessageId("55"))) == link
