"""What the methods accept, answer and refuse; every exchange is held against aiogram's schema."""

from typing import Any

import pytest

from bridge.playground.botapi.files import grey_png
from bridge.playground.botapi.registry import METHODS
from bridge.playground.botapi.server import METHOD_MODULES
from bridge.playground.botapi.world import UPDATE_KINDS
from tests.unit.playground import schema
from tests.unit.playground.conftest import Client, Town

PHOTO = grey_png(320, 200)


def buttons(*rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"inline_keyboard": list(rows)}


BUTTON = {"text": "Approve", "callback_data": "a:1"}


def test_every_method_and_parameter_is_telegrams() -> None:
    assert METHOD_MODULES
    for method in METHODS.values():
        fields = set(schema.method_classes()[method.name].model_fields)
        assert method.parameters | method.unsupported <= fields, method.name
        required = {n for n, f in schema.method_classes()[method.name].model_fields.items() if f.is_required()}
        assert required <= method.parameters, method.name


def test_update_kinds_are_telegrams() -> None:
    from aiogram.types import Update

    assert set(Update.model_fields) - {"update_id"} >= set(UPDATE_KINDS)


async def test_a_sent_message_comes_back_and_shows_on_phones(town: Town) -> None:
    sent = await town.bot("sendMessage", chat_id=town.group, text=" <b>Hi</b> all ", parse_mode="HTML")
    assert sent["text"] == "Hi all"
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 2}]
    assert sent["from"]["is_bot"] is True
    shown = (await town.users.view(town.brian, town.group))["messages"][-1]
    assert (shown["id"], shown["text"], shown["sender"]) == (sent["message_id"], "Hi all", "baraza_bot")


async def test_the_same_send_twice_is_two_messages(town: Town) -> None:
    first = await town.bot("sendMessage", chat_id=town.group, text="x")
    second = await town.bot("sendMessage", chat_id=town.group, text="x")
    assert second["message_id"] == first["message_id"] + 1


@pytest.mark.parametrize(
    ("parameters", "description"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "text must be non-empty"),
        ({"text": "a" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        (
            {"text": "<b>x", "parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        ({"text": "x", "parse_mode": "XML"}, "unsupported parse_mode"),
        (
            {"text": "x", "parse_mode": "MarkdownV2"},
            "[simulator] parse_mode MarkdownV2 (use HTML or entities) is not simulated",
        ),
        ({"text": "x", "txet": "y"}, '[simulator] unknown parameter "txet"'),
        ({"text": "x", "message_effect_id": "1"}, '[simulator] the parameter "message_effect_id" is not simulated'),
        ({"text": 5}, '[simulator] parameter "text" must be a String'),
        (
            {"text": "x", "disable_notification": "maybe"},
            '[simulator] parameter "disable_notification" must be a Boolean',
        ),
        ({"text": "x", "reply_parameters": {"message_id": 9999}}, "message to be replied not found"),
        ({"text": "x", "message_thread_id": 77}, "message thread not found"),
        ({"text": "x", "chat_id": -42}, "chat not found"),
        ({"text": "x", "chat_id": "@nobody"}, "chat not found"),
        ({"text": "x", "chat_id": ""}, "chat_id is empty"),
        ({"text": "x", "reply_markup": buttons([{"text": "a", "callback_data": "é" * 33}])}, "BUTTON_DATA_INVALID"),
        (
            {"text": "x", "reply_markup": buttons([{"text": "a"}])},
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        ({"text": "x", "reply_markup": buttons([BUTTON] * 9)}, "[simulator] more than 8 buttons in a row"),
        ({"text": "x", "reply_markup": buttons(*[[BUTTON]] * 101)}, "reply markup is too long"),
        (
            {"text": "x", "reply_markup": buttons([{**BUTTON, "ulr": "x"}])},
            '[simulator] unknown field "ulr" of InlineKeyboardButton',
        ),
        (
            {"text": "x", "reply_markup": buttons([{"text": "a", "url": "nowhere"}])},
            "inline keyboard button URL 'nowhere' is invalid: Wrong HTTP URL",
        ),
        (
            {"text": "x", "entities": [{"type": "bold", "offset": 0, "length": 2}]},
            "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 2",
        ),
        (
            {"text": "x", "entities": [{"type": "bald", "offset": 0, "length": 1}]},
            'can\'t parse MessageEntity: [simulator] unsupported type "bald"',
        ),
    ],
)
async def test_sends_that_telegram_refuses(town: Town, parameters: dict[str, Any], description: str) -> None:
    before = len(town.simulator.state.chats[str(town.group)].messages)
    refusal = await town.bot.refused("sendMessage", **{"chat_id": town.group, **parameters})
    assert (refusal.code, refusal.description) == (400, f"Bad Request: {description}")
    assert len(town.simulator.state.chats[str(town.group)].messages) == before


async def test_lengths_count_after_parsing_and_in_utf16(town: Town) -> None:
    text = "<b>" + "😀" * 2048 + "</b>"
    sent = await town.bot("sendMessage", chat_id=town.group, text=text, parse_mode="HTML")
    assert sent["entities"] == [{"type": "bold", "offset": 0, "length": 4096}]
    caption = "<i>" + "a" * 1024 + "</i>"
    await town.bot("sendPhoto", chat_id=town.group, photo=PHOTO, caption=caption, parse_mode="HTML")
    refusal = await town.bot.refused("sendPhoto", chat_id=town.group, photo=PHOTO, caption="a" * 1025)
    assert refusal.description == "Bad Request: message caption is too long"


async def test_callback_data_of_64_bytes_passes(town: Town) -> None:
    keyboard = buttons([{"text": "a", "callback_data": "é" * 32}])
    sent = await town.bot("sendMessage", chat_id=town.group, text="x", reply_markup=keyboard)
    assert sent["reply_markup"] == keyboard


async def test_wrong_tokens_and_methods(town: Town) -> None:
    stranger = Client(town.session, town.simulator.url, "123:" + "A" * 35)
    assert await stranger.refused("getMe") == (await stranger.refused("getUpdates"))
    assert (await stranger.refused("getMe")).code == 401
    malformed = Client(town.session, town.simulator.url, "nonsense")
    assert (await malformed.refused("getMe")).code == 404
    refusal = await town.bot.refused("sendMesage", chat_id=1)
    assert (refusal.code, refusal.description) == (404, "Not Found")


async def test_forms_and_addresses_carry_parameters_too(town: Town) -> None:
    address = f"{town.simulator.url}/bot{town.bot.token}/sendMessage"
    form = {"chat_id": str(town.group), "text": "form", "reply_markup": '{"inline_keyboard": []}'}
    async with town.session.post(address, data=form) as response:
        assert (await response.json())["result"]["text"] == "form"
    async with town.session.get(address, params={"chat_id": str(town.group), "text": "get"}) as response:
        assert (await response.json())["result"]["text"] == "get"
    async with town.session.post(address, data=b"{", headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400


async def test_photos_and_documents_travel(town: Town) -> None:
    sent = await town.bot("sendPhoto", chat_id=town.group, photo=PHOTO, caption="rash")
    assert [(s["width"], s["height"]) for s in sent["photo"]] == [(90, 56), (320, 200)]
    file = await town.bot("getFile", file_id=sent["photo"][-1]["file_id"])
    async with town.session.get(f"{town.simulator.url}/file/bot{town.bot.token}/{file['file_path']}") as response:
        assert await response.read() == PHOTO
    again = await town.bot("sendPhoto", chat_id=town.amina, photo=sent["photo"][-1]["file_id"])
    assert again["photo"] == sent["photo"]
    document = await town.bot("sendDocument", chat_id=town.group, document="attach://up", up=b"%PDF-1.4")
    assert document["document"]["file_size"] == 8
    refusal = await town.bot.refused("sendDocument", chat_id=town.group, document=sent["photo"][0]["file_id"])
    assert refusal.description == "Bad Request: can't use file of type Photo as Document"


@pytest.mark.parametrize(
    ("photo", "description"),
    [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (grey_png(2100, 100), "PHOTO_INVALID_DIMENSIONS"),
        (b"", "file must be non-empty"),
        (None, "there is no photo in the request"),
        ("attach://nothing", 'file "nothing" not found in the request'),
        ("AgACAgQAAx", "wrong file identifier/HTTP URL specified"),
        ("https://example.org/a.png", "[simulator] sending a file by its address is not simulated"),
    ],
)
async def test_photos_that_telegram_refuses(town: Town, photo: bytes | str | None, description: str) -> None:
    refusal = await town.bot.refused("sendPhoto", chat_id=town.group, photo=photo)
    assert refusal.description == f"Bad Request: {description}"


async def test_another_bots_file_id_is_wrong(town: Town) -> None:
    sent = await town.bot("sendPhoto", chat_id=town.group, photo=PHOTO)
    _, other = await town.new_bot("other_bot")
    refusal = await other.refused("getFile", file_id=sent["photo"][0]["file_id"])
    assert refusal.description == "Bad Request: invalid file_id"


async def test_edits(town: Town) -> None:
    sent = await town.bot("sendMessage", chat_id=town.group, text="one", reply_markup=buttons([BUTTON]))
    target = {"chat_id": town.group, "message_id": sent["message_id"]}
    town.clock.advance(5)
    refusal = await town.bot.refused("editMessageText", **target, text=" one ", reply_markup=buttons([BUTTON]))
    assert refusal.description.startswith("Bad Request: message is not modified: specified new message content and")
    edited = await town.bot("editMessageText", **target, text="two")
    assert (edited["text"], edited["edit_date"] - edited["date"]) == ("two", 5)
    assert "reply_markup" not in edited
    marked = await town.bot("editMessageReplyMarkup", **target, reply_markup=buttons([BUTTON]))
    assert marked["reply_markup"] == buttons([BUTTON])
    shown = (await town.users.view(town.amina, town.group))["messages"][-1]
    assert (shown["text"], shown["edited"], shown["buttons"]) == ("two", True, [[BUTTON]])


async def test_captions_and_media_are_edited(town: Town) -> None:
    sent = await town.bot("sendPhoto", chat_id=town.group, photo=PHOTO, caption="one")
    target = {"chat_id": town.group, "message_id": sent["message_id"]}
    edited = await town.bot("editMessageCaption", **target, caption="two")
    assert edited["caption"] == "two"
    emptied = await town.bot("editMessageCaption", **target)
    assert "caption" not in emptied
    refusal = await town.bot.refused("editMessageText", **target, text="x")
    assert refusal.description == "Bad Request: there is no text in the message to edit"
    media = {"type": "document", "media": "attach://up", "caption": "paper"}
    replaced = await town.bot("editMessageMedia", **target, media=media, up=b"%PDF")
    assert ("photo" not in replaced, replaced["caption"]) == (True, "paper")
    text = await town.bot("sendMessage", chat_id=town.group, text="x")
    target["message_id"] = text["message_id"]
    refusal = await town.bot.refused("editMessageCaption", **target, caption="x")
    assert refusal.description == "Bad Request: there is no caption in the message to edit"


async def test_only_own_messages_are_edited(town: Town) -> None:
    theirs = await town.users.write(town.brian, town.group, "mine")
    refusal = await town.bot.refused("editMessageText", chat_id=town.group, message_id=theirs, text="x")
    assert refusal.description == "Bad Request: message can't be edited"
    refusal = await town.bot.refused("editMessageText", chat_id=town.group, message_id=9999, text="x")
    assert refusal.description == "Bad Request: message to edit not found"


async def test_deletions(town: Town) -> None:
    theirs = await town.users.write(town.brian, town.group, "spam")
    assert await town.bot("deleteMessage", chat_id=town.group, message_id=theirs) is True
    refusal = await town.bot.refused("deleteMessage", chat_id=town.group, message_id=theirs)
    assert refusal.description == "Bad Request: message to delete not found"
    old = await town.users.write(town.brian, town.group, "old")
    town.clock.advance(48 * 3600 + 1)
    refusal = await town.bot.refused("deleteMessage", chat_id=town.group, message_id=old)
    assert refusal.description == "Bad Request: message can't be deleted for everyone"
    fresh = await town.users.write(town.brian, town.group, "fresh")
    assert await town.bot("deleteMessages", chat_id=town.group, message_ids=[old, 9999, fresh]) is True
    assert [m["text"] for m in (await town.users.view(town.amina, town.group))["messages"] if m["text"]] == ["old"]


async def test_deleting_others_messages_needs_the_right(town: Town) -> None:
    await town.users.promote(town.group, town.bot_id, rights=["can_pin_messages"])
    theirs = await town.users.write(town.brian, town.group, "x")
    refusal = await town.bot.refused("deleteMessage", chat_id=town.group, message_id=theirs)
    assert refusal.description == "Bad Request: message can't be deleted"
    own = await town.bot("sendMessage", chat_id=town.group, text="x")
    assert await town.bot("deleteMessage", chat_id=town.group, message_id=own["message_id"]) is True


async def test_replies_and_quotes(town: Town) -> None:
    asked = await town.users.write(town.brian, town.group, "is it 😀 safe?")
    reply = {"message_id": asked, "quote": "safe?"}
    sent = await town.bot("sendMessage", chat_id=town.group, text="yes", reply_parameters=reply)
    assert sent["reply_to_message"]["text"] == "is it 😀 safe?"
    assert sent["quote"]["position"] == 9
    # A plain reply in a supergroup carries a thread id without being a topic's message.
    assert sent["message_thread_id"] == asked
    assert "is_topic_message" not in sent
    lenient = {"message_id": 9999, "allow_sending_without_reply": True}
    sent = await town.bot("sendMessage", chat_id=town.group, text="yes", reply_parameters=lenient)
    assert "reply_to_message" not in sent


async def test_reactions_actions_and_commands(town: Town) -> None:
    theirs = await town.users.write(town.brian, town.group, "x")
    target = {"chat_id": town.group, "message_id": theirs}
    assert await town.bot("setMessageReaction", **target, reaction=[{"type": "emoji", "emoji": "👀"}])
    assert (await town.users.view(town.brian, town.group))["messages"][-1]["reactions"] == [{"emoji": "👀", "count": 1}]
    refusal = await town.bot.refused("setMessageReaction", **target, reaction=[{"type": "emoji", "emoji": "🧪"}])
    assert refusal.description == "Bad Request: REACTION_INVALID"
    assert await town.bot("setMessageReaction", **target)
    assert (await town.users.view(town.brian, town.group))["messages"][-1]["reactions"] == []
    assert await town.bot("sendChatAction", chat_id=town.group, action="typing")
    refusal = await town.bot.refused("sendChatAction", chat_id=town.group, action="dancing")
    assert refusal.description == "Bad Request: wrong parameter action in request"
    commands = [{"command": "help", "description": "What I do"}]
    assert await town.bot("setMyCommands", commands=commands, scope={"type": "all_private_chats"}, language_code="sw")
    assert await town.bot("getMyCommands") == []
    assert await town.bot("getMyCommands", scope={"type": "all_private_chats"}, language_code="sw") == commands
    assert await town.bot("deleteMyCommands", scope={"type": "all_private_chats"}, language_code="sw")
    assert await town.bot("getMyCommands", scope={"type": "all_private_chats"}, language_code="sw") == []
    refusal = await town.bot.refused("setMyCommands", commands=[{"command": "He-lp", "description": "x"}])
    assert refusal.description == "Bad Request: BOT_COMMAND_INVALID"


async def test_forwards_and_copies(town: Town) -> None:
    theirs = await town.users.send_file(town.brian, town.group, "photo", PHOTO, caption="look")
    forwarded = await town.bot("forwardMessage", chat_id=town.amina, from_chat_id=town.group, message_id=theirs)
    assert forwarded["forward_origin"]["sender_user"]["first_name"] == "Brian"
    copied = await town.bot(
        "copyMessage", chat_id=town.amina, from_chat_id=town.group, message_id=theirs, caption="new"
    )
    shown = (await town.users.view(town.amina, town.bot_id))["messages"][-1]
    assert (shown["id"], shown["text"], shown["forwarded"]) == (copied["message_id"], "new", False)
    refusal = await town.bot.refused("copyMessage", chat_id=town.amina, from_chat_id=town.group, message_id=9999)
    assert refusal.description == "Bad Request: message to copy not found"


async def test_what_a_bot_may_forward(town: Town) -> None:
    where = {"chat_id": town.amina, "from_chat_id": town.group}
    own = await town.bot("sendMessage", chat_id=town.group, text="mine")
    forwarded = await town.bot("forwardMessage", **where, message_id=own["message_id"])
    assert forwarded["forward_origin"]["sender_user"]["id"] == town.bot_id
    assert forwarded["forward_origin"]["date"] == own["date"]
    channel = await town.users.create_channel("News", town.brian)
    await town.users.add_member(channel, town.bot_id)
    await town.users.promote(channel, town.bot_id)
    posted = await town.bot("sendMessage", chat_id=channel, text="news")
    from_channel = {"from_chat_id": channel, "message_id": posted["message_id"]}
    origin = (await town.bot("forwardMessage", chat_id=town.amina, **from_channel))["forward_origin"]
    assert (origin["type"], origin["chat"]["id"], origin["message_id"]) == ("channel", channel, posted["message_id"])
    await town.users.protect(town.group)
    assert (await town.bot("getChat", chat_id=town.group))["has_protected_content"] is True
    refusal = await town.bot.refused("forwardMessage", **where, message_id=own["message_id"])
    assert refusal.description == "Bad Request: the message can't be forwarded"
    await town.users.protect(town.group, protected=False)
    kept = await town.bot("sendMessage", chat_id=town.group, text="mine alone", protect_content=True)
    refusal = await town.bot.refused("forwardMessage", **where, message_id=kept["message_id"])
    assert refusal.description == "Bad Request: the message can't be forwarded"


async def test_asking_about_the_bot_and_chats(town: Town) -> None:
    me = await town.bot("getMe")
    assert (me["username"], me["can_read_all_group_messages"]) == ("baraza_bot", True)
    assert (await town.bot("getMyName"))["name"] == "baraza_bot"
    assert (await town.bot("getMyDescription"))["description"] == ""
    chat = await town.bot("getChat", chat_id=town.group)
    assert (chat["title"], chat["type"]) == ("Kisumu", "supergroup")
    assert (await town.bot("getChat", chat_id=town.amina))["username"] == "amina_o"
    owner = await town.bot("getChatMember", chat_id=town.group, user_id=town.amina)
    own = await town.bot("getChatMember", chat_id=town.group, user_id=town.bot_id)
    assert (owner["status"], own["status"], own["can_delete_messages"]) == ("creator", "administrator", True)
    await town.users.restrict(town.group, town.brian, ["can_send_messages"])
    member = await town.bot("getChatMember", chat_id=town.group, user_id=town.brian)
    assert (member["status"], member["can_send_photos"]) == ("restricted", False)
    stranger = await town.users.create_user("Stranger")
    assert (await town.bot("getChatMember", chat_id=town.group, user_id=stranger))["status"] == "left"
    assert len(await town.bot("getChatAdministrators", chat_id=town.group)) == 2
    assert await town.bot("getChatMemberCount", chat_id=town.group) == 3
    refusal = await town.bot.refused("getChatMember", chat_id=town.group, user_id=99)
    assert refusal.description == "Bad Request: PARTICIPANT_ID_INVALID"
