"""Sends, edits and removals on the strict simulator: every refusal its right name."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from PIL import Image

from bridge.adapters.telegram import convert
from bridge.adapters.telegram.adapter import TelegramAdapter
from bridge.core.errors import Refusal, StorageConflict, StorageUnavailable
from bridge.core.events import ChatMoved
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId
from bridge.core.message import AttachmentKind, Button, Content
from bridge.core.ports import Later, Outgoing, Refused, Sent, Unknown
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.playground.botapi import Limits
from tests.contract.harness import MemoryState
from tests.unit.adapters.telegram.conftest import ACCOUNT, BOT, Village

KEY = "a" * 32
HELLO = Content(text=plain("hello"))


def picture(color: str = "red") -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (60, 40), color).save(data, "PNG")
    return data.getvalue()


def only(outcome: object) -> RemoteRef:
    assert isinstance(outcome, Sent), outcome
    assert len(outcome.refs) == 1
    return outcome.refs[0]


async def refusal(adapter: TelegramAdapter, outgoing: Outgoing) -> Refusal:
    outcome = await adapter.send(outgoing, KEY)
    assert isinstance(outcome, Refused), outcome
    return outcome.reason


async def test_a_topic_receives_its_own(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    forum = await users.create_group("Forum", village.owner, forum=True, members=[village.amina, BOT])
    topic = await users.create_topic(forum, village.owner, "Malaria")
    ref = only(await adapter.send(village.outgoing(adapter, HELLO, f"{forum}/{topic}"), KEY))
    assert ref.chat == f"{forum}/{topic}"
    assert (await village.shown(forum))[-1]["thread_id"] == topic
    assert await adapter.edit(ref, village.outgoing(adapter, Content(text=plain("better")), ref.chat), KEY) == Sent()
    assert await adapter.delete(ref, KEY) == Sent()
    assert await village.shown(forum) == []
    assert await refusal(adapter, village.outgoing(adapter, HELLO, f"{forum}/9999")) is Refusal.CHAT_GONE
    await users.close_topic(forum, village.owner, topic)
    assert await refusal(adapter, village.outgoing(adapter, HELLO, f"{forum}/{topic}")) is Refusal.FORBIDDEN


async def test_what_was_made_for_one_chat_does_not_show_in_the_next(village: Village, adapter: TelegramAdapter) -> None:
    """A post is one content for all its groups, of which some are topics and one has the message that it answers."""
    photos = tuple(village.attachment(picture(color), AttachmentKind.PHOTO, "p.png") for color in ("red", "blue"))
    said = Content(
        text=RichText("see @all now", (Mark(9, 12, MarkKind.BOLD),)), buttons=((Button(label="Yes", handle="y"),),)
    )
    contents = [said, replace(said, attachments=photos[:1]), replace(said, attachments=photos, buttons=())]
    answers = [None, *(RemoteRef(ACCOUNT, ChatId(chat), MessageId("5")) for chat in ("-1001", "-1002/7"))]
    chats = [ChatId(chat) for chat in ("-1001", "-1002/7", "-1003", "-1001")]
    for content in [replace(content, reply_to=answered) for content in contents for answered in answers]:
        first = adapter.to_payload(chats[0], content)
        before = json.dumps(first)
        made = [adapter.to_payload(chat, content) for chat in chats]
        assert made == [convert.to_payload(chat, content, ACCOUNT) for chat in chats]
        assert json.dumps(first) == before
    assert adapter.to_payload(chats[0], HELLO) == convert.to_payload(chats[0], HELLO, ACCOUNT)


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "data"),
    [
        (AttachmentKind.PHOTO, "p.png", picture()),
        (AttachmentKind.DOCUMENT, "muongozo – شرح.txt", b"six teaspoons of sugar\n"),
    ],
)
async def test_a_file_is_uploaded_once(
    village: Village, adapter: TelegramAdapter, kind: AttachmentKind, name: str, data: bytes
) -> None:
    content = Content(text=plain("look"), attachments=(village.attachment(data, kind, name),))
    for _ in range(3):
        only(await adapter.send(village.outgoing(adapter, content), KEY))
    shown = await village.shown()
    assert [message["text"] for message in shown] == ["look"] * 3
    assert len({message["media"][0]["file"] for message in shown}) == 1, "each send uploaded it again"
    media = shown[0]["media"][0]
    assert media["kind"] == kind.value
    if kind is AttachmentKind.DOCUMENT:
        assert media["file_name"] == name
        assert village.simulator.state.blobs[media["file"]] == data


async def test_a_remembered_upload_that_is_gone_is_uploaded_again(village: Village, adapter: TelegramAdapter) -> None:
    attachment = village.attachment(picture(), AttachmentKind.PHOTO, "p.png")
    outgoing = village.outgoing(adapter, Content(attachments=(attachment,)))
    await village.state.set(f"file:{attachment.sha256}/photo", "AgACAgQAAxkBAAIB-no-such-file")
    assert await adapter.send(outgoing, KEY) == Later(
        when=village.clock.now(), why="a remembered upload is no longer there"
    )
    assert await village.shown() == []
    only(await adapter.send(outgoing, KEY))
    only(await adapter.send(outgoing, KEY))
    assert len(await village.shown()) == 2


async def test_the_same_bytes_as_photo_and_as_document_are_two_uploads(
    village: Village, adapter: TelegramAdapter
) -> None:
    for kind in (AttachmentKind.PHOTO, AttachmentKind.DOCUMENT):
        attachment = village.attachment(picture(), kind, "p.png")
        only(await adapter.send(village.outgoing(adapter, Content(attachments=(attachment,))), KEY))
    assert [message["media"][0]["kind"] for message in await village.shown()] == ["photo", "document"]


async def test_storage_that_fails_does_not_stop_an_upload(village: Village, monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object) -> None:
        raise StorageUnavailable

    adapter = village.adapter()
    await adapter.start(village.sink, village.state)
    for name in ("get", "set", "delete"):
        monkeypatch.setattr(village.state, name, down)
    attachment = village.attachment(picture(), AttachmentKind.PHOTO, "p.png")
    only(await adapter.send(village.outgoing(adapter, Content(attachments=(attachment,))), KEY))
    await adapter.stop()


async def test_a_file_without_its_bytes_is_refused(village: Village, adapter: TelegramAdapter) -> None:
    attachment = village.attachment(b"x", AttachmentKind.DOCUMENT, "x.txt")
    outgoing = village.outgoing(adapter, Content(attachments=(attachment,)))
    without = Outgoing(chat=outgoing.chat, payload=outgoing.payload)
    assert await refusal(adapter, without) is Refusal.BAD_CONTENT
    outgoing.files[0].path.unlink()
    assert await refusal(adapter, outgoing) is Refusal.BAD_CONTENT


async def test_the_text_beside_a_file_can_be_edited(village: Village, adapter: TelegramAdapter) -> None:
    attachment = village.attachment(picture(), AttachmentKind.PHOTO, "p.png")
    keys = ((Button(label="Approve", handle="h" * 32),),)
    before = Content(text=plain("before"), attachments=(attachment,), buttons=keys)
    ref = only(await adapter.send(village.outgoing(adapter, before), KEY))
    after = village.outgoing(adapter, Content(text=plain("after"), attachments=(attachment,)))
    assert await adapter.edit(ref, after, KEY) == Sent()
    shown = (await village.shown())[0]
    assert (shown["text"], shown["buttons"]) == ("after", [])
    assert await adapter.edit(ref, after, KEY) == Sent(), "already as asked"


# --- refusals -------------------------------------------------------------------------------------------------------


async def test_people_who_cannot_be_written_to(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    stranger = await users.create_user("Stranger")
    assert await refusal(adapter, village.outgoing(adapter, HELLO, stranger)) is Refusal.UNREACHABLE
    assert await refusal(adapter, village.outgoing(adapter, HELLO, 123456789)) is Refusal.UNREACHABLE
    await users.block(village.amina, BOT)
    assert await refusal(adapter, village.outgoing(adapter, HELLO, village.amina)) is Refusal.UNREACHABLE


async def test_groups_that_cannot_be_written_to(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    assert await refusal(adapter, village.outgoing(adapter, HELLO, -100999)) is Refusal.CHAT_GONE
    await users.demote(village.group, BOT)
    await users.set_permissions(village.group, [])
    assert await refusal(adapter, village.outgoing(adapter, HELLO)) is Refusal.FORBIDDEN
    await users.remove_member(village.group, BOT, by=village.owner)
    assert await refusal(adapter, village.outgoing(adapter, HELLO)) is Refusal.FORBIDDEN


async def test_a_wrong_token_is_told_in_health(village: Village, adapter: TelegramAdapter) -> None:
    village.simulator.fail_next("sendMessage", 401)
    village.simulator.fail_next("getUpdates", 401, times=50)  # or the next poll would say that all is well
    assert await refusal(adapter, village.outgoing(adapter, HELLO)) is Refusal.BAD_CREDENTIALS
    assert not adapter.health().connected
    assert "token" in adapter.health().detail


async def test_what_is_too_long_or_malformed_is_refused(village: Village, adapter: TelegramAdapter) -> None:
    assert await refusal(adapter, village.outgoing(adapter, Content(text=plain("a" * 4097)))) is Refusal.TOO_BIG, (
        "fits() is asked first; this is what happens otherwise"
    )
    keys = Content(text=plain("x"), buttons=((Button(label="Y", handle="h" * 65),),))
    assert await refusal(adapter, village.outgoing(adapter, keys)) is Refusal.BAD_CONTENT


async def test_a_429_is_for_this_chat_alone(village: Village, adapter: TelegramAdapter) -> None:
    village.simulator.limits = Limits()
    only(await adapter.send(village.outgoing(adapter, HELLO), KEY))
    outcome = await adapter.send(village.outgoing(adapter, HELLO), KEY)
    assert isinstance(outcome, Later)
    assert outcome.when == village.clock.now() + timedelta(seconds=1)
    assert not outcome.whole_account


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", 500, 502])
async def test_what_was_written_and_not_answered_is_unknown(
    village: Village, adapter: TelegramAdapter, fault: str | int
) -> None:
    for method in ("sendMessage", "editMessageText", "deleteMessage"):
        village.simulator.fail_next(method, fault)
    ref = RemoteRef(ACCOUNT, ChatId(str(village.group)), MessageId("5"))
    outgoing = village.outgoing(adapter, HELLO)
    assert isinstance(await adapter.send(outgoing, KEY), Unknown)
    assert isinstance(await adapter.edit(ref, outgoing, KEY), Unknown)
    assert isinstance(await adapter.delete(ref, KEY), Unknown)


async def test_a_payload_of_another_making_is_no_crash(village: Village, adapter: TelegramAdapter) -> None:
    outcome = await adapter.send(Outgoing(chat=ChatId("-5"), payload={}), KEY)
    assert isinstance(outcome, Refused)
    assert outcome.reason is Refusal.BAD_CONTENT


# --- replies and moves ----------------------------------------------------------------------------------------------


async def test_a_reply_whose_target_telegram_refuses_is_still_sent(village: Village, adapter: TelegramAdapter) -> None:
    """Telegram honours allow_sending_without_reply; a server that did not would refuse the whole message."""
    content = Content(text=plain("x"), reply_to=RemoteRef(ACCOUNT, ChatId(str(village.group)), MessageId("99999")))
    outgoing = village.outgoing(adapter, content)
    payload = {**outgoing.payload, "reply_parameters": {"message_id": 99999}}
    only(await adapter.send(Outgoing(chat=outgoing.chat, payload=payload), KEY))
    assert (await village.shown())[-1]["reply"] is None


async def test_a_group_that_became_a_supergroup(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    old = await users.create_group("Basic", village.owner, members=[village.amina, BOT])
    first = only(await adapter.send(village.outgoing(adapter, HELLO, old), KEY))
    frozen = village.outgoing(adapter, Content(text=plain("x"), reply_to=first), old)
    village.simulator.fail_next("getUpdates", 502, times=1000)  # so that only the send can learn of it
    new = await users.migrate(old)
    outcome = await adapter.send(frozen, KEY)
    assert isinstance(outcome, Later)
    assert outcome.when == village.clock.now()
    moved = village.sink.of(ChatMoved)
    assert [(event.chat, event.new_chat, event.key) for event in moved] == [(str(old), str(new), f"moved{old}>{new}")]
    # The ledger points the row at the new chat; the frozen payload still answers a message of the old one.
    for _ in range(2):
        await users.write(village.amina, new, "fills the ids that the old chat had")
    ref = only(await adapter.send(Outgoing(chat=ChatId(str(new)), payload=frozen.payload), KEY))
    assert ref.chat == str(new)
    assert (await village.shown(new))[-1]["reply"] is None


async def test_a_move_that_cannot_be_stored_is_later_all_the_same(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    old = await users.create_group("Basic", village.owner, members=[village.amina, BOT])
    village.simulator.fail_next("getUpdates", 502, times=1000)
    outgoing = village.outgoing(adapter, HELLO, old)
    await users.migrate(old)
    village.sink.fail(1)
    assert isinstance(await adapter.send(outgoing, KEY), Later)


class Unwilling(MemoryState):
    """A database that raises at one kind of request."""

    def __init__(self, error: Exception, *, reading: bool) -> None:
        super().__init__()
        self.error, self.reading = error, reading

    async def get(self, key: str) -> str | None:
        if self.reading:
            raise self.error
        return await super().get(key)

    async def set(self, key: str, value: str) -> None:
        raise self.error


@pytest.mark.parametrize("error", [StorageUnavailable(), OSError("a driver's own"), ValueError("a defect")])
async def test_a_photo_is_no_doubt_where_the_database_fails_before_it_was_sent(
    village: Village, adapter: TelegramAdapter, error: Exception
) -> None:
    adapter._sender.use(Unwilling(error, reading=True))
    photo = village.attachment(picture(), AttachmentKind.PHOTO, "p.png")
    before = len(await village.shown())
    outcome = await adapter.send(village.outgoing(adapter, Content(attachments=(photo,))), KEY)
    shown = len(await village.shown()) - before
    assert (type(outcome), shown) == ((Sent, 1) if isinstance(error, StorageUnavailable) else (Later, 0))


@pytest.mark.parametrize("error", [StorageUnavailable(), StorageConflict()])
async def test_a_photo_that_was_sent_is_sent_though_its_upload_cannot_be_remembered(
    village: Village, adapter: TelegramAdapter, error: Exception
) -> None:
    adapter._sender.use(Unwilling(error, reading=False))
    photo = village.attachment(picture(), AttachmentKind.PHOTO, "p.png")
    only(await adapter.send(village.outgoing(adapter, Content(attachments=(photo,))), KEY))


@pytest.mark.parametrize("change", ["edit", "delete"])
async def test_a_message_of_a_group_that_moved_cannot_be_changed(
    village: Village, adapter: TelegramAdapter, change: str
) -> None:
    """Later would keep everything behind it in the chat waiting for ever."""
    users = village.simulator.users
    old = await users.create_group("Basic", village.owner, members=[village.amina, BOT])
    ref = only(await adapter.send(village.outgoing(adapter, HELLO, old), KEY))
    village.simulator.fail_next("getUpdates", 502, times=1000)  # so that only the change can learn of it
    new = await users.migrate(old)
    outcome = await (
        adapter.edit(ref, village.outgoing(adapter, HELLO, old), KEY) if change == "edit" else adapter.delete(ref, KEY)
    )
    assert isinstance(outcome, Refused)
    assert outcome.reason is Refusal.TARGET_GONE
    assert [(event.chat, event.new_chat) for event in village.sink.of(ChatMoved)] == [(str(old), str(new))]


# --- removals -------------------------------------------------------------------------------------------------------


async def test_removals_that_telegram_refuses(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    number = await users.write(village.amina, village.group, "mine")
    ref = RemoteRef(ACCOUNT, ChatId(str(village.group)), MessageId(str(number)))
    village.simulator.state.chats[str(village.group)].messages[number].date -= 49 * 3600
    outcome = await adapter.delete(ref, KEY)
    assert isinstance(outcome, Refused)
    assert outcome.reason in (Refusal.TOO_LATE, Refusal.FORBIDDEN)
    fresh = await users.write(village.amina, village.group, "mine")
    await users.demote(village.group, BOT)
    outcome = await adapter.delete(RemoteRef(ACCOUNT, ref.chat, MessageId(str(fresh))), KEY)
    assert isinstance(outcome, Refused)
    assert outcome.reason in (Refusal.TOO_LATE, Refusal.FORBIDDEN)


async def test_an_edit_of_another_persons_message_is_refused(village: Village, adapter: TelegramAdapter) -> None:
    number = await village.simulator.users.write(village.amina, village.group, "mine")
    ref = RemoteRef(ACCOUNT, ChatId(str(village.group)), MessageId(str(number)))
    outcome = await adapter.edit(ref, village.outgoing(adapter, HELLO), KEY)
    assert isinstance(outcome, Refused)


# --- the rest -------------------------------------------------------------------------------------------------------


async def test_a_link_that_starts_a_private_chat(village: Village) -> None:
    adapter = village.adapter()
    assert adapter.start_link("abc") is None, "the bot's name is not known yet"
    await adapter.start(village.sink, village.state)
    assert adapter.start_link("abc_-9") == "https://t.me/our_bot?start=abc_-9"
    assert adapter.start_link("not allowed") is None
    assert adapter.start_link("a" * 65) is None
    await adapter.stop()


def test_pace_comes_from_the_settings(village: Village) -> None:
    adapter = village.adapter(messages_per_second=7, group_messages_per_minute=0, chat_interval=0)
    pace = adapter.capabilities(ChatId("-1001")).pace
    assert (pace.account_per_second, pace.chat_per_minute, pace.chat_interval) == (7, 0, 0)
    assert village.adapter().capabilities(ChatId("-1001/5")).pace.chat_per_minute == 20
    assert village.adapter().capabilities(ChatId("5")).pace.chat_per_minute == 0


def test_the_account_of_a_reply_counts(village: Village) -> None:
    other = RemoteRef(AccountId("second"), ChatId(str(village.group)), MessageId("5"))
    payload = village.adapter().to_payload(ChatId(str(village.group)), Content(text=plain("x"), reply_to=other))
    assert "reply_parameters" not in payload


# --- groups ---


async def test_an_anonymous_administrator_writes_as_the_group_itself(
    village: Village, adapter: TelegramAdapter
) -> None:
    users = village.simulator.users
    group = await users.create_group("Clinic", village.owner, supergroup=True, members=[village.amina, BOT])
    assert await adapter.administers(ChatId(str(group)), UserId(str(group)))
    assert await adapter.administers(ChatId(f"{group}/45"), UserId(str(village.owner)))
    assert not await adapter.administers(ChatId(str(group)), UserId(str(village.amina)))
    assert not await adapter.administers(ChatId(str(group)), UserId("-100999"))


async def test_what_a_bot_may_do_in_a_group_changes_with_its_rights(village: Village, adapter: TelegramAdapter) -> None:
    users = village.simulator.users
    group = await users.create_group("Clinic", village.owner, supergroup=True, members=[BOT])
    facts = await adapter.describe(ChatId(str(group)))
    assert facts is not None
    assert (facts.removes, facts.writes) == (False, True)
    await users.promote(group, BOT)
    facts = await adapter.describe(ChatId(str(group)))
    assert facts is not None
    assert (facts.hears, facts.removes) == (True, True)
    await users.remove_member(group, BOT, by=village.owner)
    assert await adapter.describe(ChatId(str(group))) is None
    assert await adapter.describe(ChatId(str(village.amina))) is None
