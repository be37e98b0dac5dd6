"""Who may write where, and what a bot gets to see: privacy, anonymity, topics, migration, buttons."""

import asyncio
from typing import Any

import pytest

from bridge.playground.botapi import ApiError
from bridge.playground.botapi.files import grey_png
from tests.unit.playground.conftest import Town


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates if "text" in update.get("message", {})]


async def test_people_who_never_started_the_bot(town: Town) -> None:
    refusal = await town.bot.refused("sendMessage", chat_id=town.brian, text="x")
    assert (refusal.code, refusal.description) == (403, "Forbidden: bot can't initiate conversation with a user")
    unmet = await town.users.create_user("Stranger")
    refusal = await town.bot.refused("sendMessage", chat_id=unmet, text="x")
    assert (refusal.code, refusal.description) == (400, "Bad Request: chat not found")
    await town.users.start(town.brian, town.bot_id, payload="profile")
    assert texts(await town.bot.updates()) == ["/start profile"]
    await town.bot("sendMessage", chat_id=town.brian, text="welcome")


async def test_blocking(town: Town) -> None:
    await town.users.block(town.amina, town.bot_id)
    refusal = await town.bot.refused("sendMessage", chat_id=town.amina, text="x")
    assert (refusal.code, refusal.description) == (403, "Forbidden: bot was blocked by the user")
    await town.users.unblock(town.amina, town.bot_id)
    changes = [u["my_chat_member"]["new_chat_member"]["status"] for u in await town.bot.updates()]
    assert changes == ["kicked", "member"]
    await town.bot("sendMessage", chat_id=town.amina, text="x")


async def test_bots_do_not_write_to_bots(town: Town) -> None:
    other, _ = await town.new_bot("other_bot")
    await town.users.add_member(town.group, other)
    refusal = await town.bot.refused("sendMessage", chat_id=other, text="x")
    assert (refusal.code, refusal.description) == (403, "Forbidden: bot can't send messages to bots")


@pytest.mark.parametrize(("which", "kind"), [("group", "supergroup"), ("basic", "group")])
async def test_a_removed_bot(town: Town, which: str, kind: str) -> None:
    chat_id = getattr(town, which)
    await town.users.remove_member(chat_id, town.bot_id, by=town.amina)
    refusal = await town.bot.refused("sendMessage", chat_id=chat_id, text="x")
    assert (refusal.code, refusal.description) == (403, f"Forbidden: bot was kicked from the {kind} chat")
    await town.users.write(town.brian, chat_id, "unseen")
    [update] = await town.bot.updates()
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    await town.users.add_member(chat_id, town.bot_id, by=town.amina)
    await town.bot("sendMessage", chat_id=chat_id, text="x")
    assert await town.bot("leaveChat", chat_id=chat_id) is True
    refusal = await town.bot.refused("sendMessage", chat_id=chat_id, text="x")
    assert refusal.description == f"Forbidden: bot is not a member of the {kind} chat"


async def test_missing_rights(town: Town) -> None:
    await town.users.demote(town.group, town.bot_id)
    await town.users.set_permissions(town.group, ["can_send_messages"])
    await town.bot("sendMessage", chat_id=town.group, text="x")
    refusal = await town.bot.refused("sendPhoto", chat_id=town.group, photo=grey_png(50, 50))
    assert refusal.description == "Bad Request: not enough rights to send photos to the chat"
    await town.users.restrict(town.group, town.bot_id, [])
    refusal = await town.bot.refused("sendMessage", chat_id=town.group, text="x")
    assert refusal.description == "Bad Request: not enough rights to send text messages to the chat"


async def test_privacy_mode_shows_commands_replies_and_service_messages_only(town: Town) -> None:
    shy_id, shy = await town.new_bot("shy_bot", privacy=True)
    await town.users.add_member(town.group, shy_id)
    own = await shy("sendMessage", chat_id=town.group, text="hello")
    await shy.updates()
    await town.bot("sendMessage", chat_id=town.group, text="another bot speaks last")
    for text in ("plain", "/help", "/help@baraza_bot", "/help@Shy_Bot me"):
        await town.users.write(town.brian, town.group, text)
    await town.users.write(town.brian, town.group, "a reply", reply_to=own["message_id"])
    assert texts(await shy.updates()) == ["/help@Shy_Bot me", "a reply"]
    await town.users.add_member(town.group, await town.users.create_user("Cara"))
    assert "new_chat_members" in (await shy.updates())[0]["message"]
    assert (await shy("getMe"))["can_read_all_group_messages"] is False


async def test_leaving_privacy_mode_counts_after_joining_again(town: Town) -> None:
    shy_id, shy = await town.new_bot("shy_bot", privacy=True)
    await town.users.add_member(town.group, shy_id)
    await town.users.set_privacy(shy_id, enabled=False)
    await town.users.write(town.brian, town.group, "unseen")
    assert texts(await shy.updates()) == []
    await town.users.remove_member(town.group, shy_id, by=town.amina)
    await town.users.add_member(town.group, shy_id)
    await town.users.write(town.brian, town.group, "seen")
    assert texts(await shy.updates()) == ["seen"]


async def test_a_bare_command_reaches_the_only_bot_in_spite_of_privacy(town: Town) -> None:
    shy_id, shy = await town.new_bot("shy_bot", privacy=True)
    lonely = await town.users.create_group("Lonely", town.amina, members=[shy_id])
    await shy.updates()
    for text in ("/help", "plain"):
        await town.users.write(town.amina, lonely, text)
    assert texts(await shy.updates()) == ["/help"]


async def test_administrators_see_everything_in_spite_of_privacy(town: Town) -> None:
    shy_id, shy = await town.new_bot("shy_bot", privacy=True)
    await town.users.add_member(town.group, shy_id)
    await town.users.promote(town.group, shy_id, rights=[])
    await town.users.write(town.brian, town.group, "seen")
    assert texts(await shy.updates()) == ["seen"]


async def test_bots_see_neither_their_own_nor_other_bots_messages(town: Town) -> None:
    other_id, other = await town.new_bot("other_bot", privacy=False)
    await town.users.add_member(town.group, other_id)
    await town.bot.updates()
    await other.updates()
    await town.bot("sendMessage", chat_id=town.group, text="x")
    assert await town.bot.updates() == []
    assert await other.updates() == []


async def test_anonymous_administrators_and_channels(town: Town) -> None:
    await town.users.promote(town.group, town.amina, anonymous=True, custom_title="Chair")
    await town.users.write(town.amina, town.group, "as the group")
    channel = await town.users.create_channel("News", town.amina, linked_group_id=town.group)
    await town.users.write(town.amina, town.group, "as a channel", as_channel=channel)
    await town.users.post_in_channel(channel, "published")
    anonymous, posted, forwarded = [u["message"] for u in await town.bot.updates() if "message" in u]
    assert (anonymous["from"]["id"], anonymous["from"]["username"]) == (1087968824, "GroupAnonymousBot")
    assert (anonymous["sender_chat"]["id"], anonymous["author_signature"]) == (town.group, "Chair")
    assert str(town.amina) not in str(anonymous)
    assert (posted["from"]["id"], posted["sender_chat"]["title"]) == (136817688, "News")
    assert (forwarded["from"]["id"], forwarded["is_automatic_forward"]) == (777000, True)


async def test_topics(town: Town) -> None:
    forum = await town.users.create_group("Forum", town.amina, forum=True, members=[town.bot_id, town.brian])
    topic = await town.users.create_topic(forum, town.amina, "Malaria")
    other = await town.users.create_topic(forum, town.amina, "Births")
    await town.bot.updates()
    asked = await town.users.write(town.brian, forum, "in topic", thread_id=topic)
    await town.users.write(town.brian, forum, "in general")
    in_topic, in_general = [u["message"] for u in await town.bot.updates()]
    assert (in_topic["message_thread_id"], in_topic["is_topic_message"]) == (topic, True)
    assert in_topic["reply_to_message"]["forum_topic_created"]["name"] == "Malaria"
    assert "message_thread_id" not in in_general
    sent = await town.bot("sendMessage", chat_id=forum, text="x", reply_parameters={"message_id": asked})
    assert (sent["message_thread_id"], sent["is_topic_message"]) == (topic, True)
    # General is thread 1 in the apps, but cannot be named.
    refusal = await town.bot.refused("sendMessage", chat_id=forum, text="x", message_thread_id=1)
    assert refusal.description == "Bad Request: message thread not found"
    await town.users.close_topic(forum, town.amina, other)
    refusal = await town.bot.refused("sendMessage", chat_id=forum, text="x", message_thread_id=other)
    assert refusal.description == "Bad Request: TOPIC_CLOSED"
    assert [m["text"] for m in (await town.users.view(town.brian, forum, thread_id=topic))["messages"]][1:] == [
        "in topic",
        "x",
    ]


async def test_migration_to_a_supergroup(town: Town) -> None:
    before = await town.bot("sendMessage", chat_id=town.basic, text="before")
    new_id = await town.users.migrate(town.basic)
    messages = [u["message"] for u in await town.bot.updates()]
    assert [(m["chat"]["id"], m.get("migrate_to_chat_id"), m.get("migrate_from_chat_id")) for m in messages] == [
        (town.basic, new_id, None),
        (new_id, None, town.basic),
    ]
    refusal = await town.bot.refused("sendMessage", chat_id=town.basic, text="x")
    assert refusal.description == "Bad Request: group chat was upgraded to a supergroup chat"
    assert refusal.parameters == {"migrate_to_chat_id": new_id}
    after = await town.bot("sendMessage", chat_id=new_id, text="after")
    assert after["message_id"] < before["message_id"]


async def test_message_ids(town: Town) -> None:
    """Supergroups count for themselves, private chats and basic groups share one sequence."""
    first = await town.bot("sendMessage", chat_id=town.basic, text="x")
    second = await town.bot("sendMessage", chat_id=town.amina, text="x")
    await town.bot("sendMessage", chat_id=town.group, text="x")
    third = await town.bot("sendMessage", chat_id=town.basic, text="x")
    assert [second["message_id"], third["message_id"]] == [first["message_id"] + 1, first["message_id"] + 2]


async def pressed(town: Town, message_id: int, **button: Any) -> tuple[asyncio.Task[Any], dict[str, Any]]:
    press = asyncio.create_task(town.users.press(town.brian, town.group, message_id, **button))
    [update] = await town.bot.updates(timeout=5)
    query: dict[str, Any] = update["callback_query"]
    return press, query


async def with_button(town: Town) -> int:
    keyboard = {"inline_keyboard": [[{"text": "Approve", "callback_data": "a:1"}]]}
    sent = await town.bot("sendMessage", chat_id=town.group, text="card", reply_markup=keyboard)
    return int(sent["message_id"])


async def test_a_press_is_answered_once(town: Town) -> None:
    message_id = await with_button(town)
    press, query = await pressed(town, message_id, text="Approve")
    assert (query["data"], query["from"]["id"], query["message"]["message_id"]) == ("a:1", town.brian, message_id)
    await town.bot("answerCallbackQuery", callback_query_id=query["id"], text="Not you", show_alert=True)
    assert await press == {"answered": True, "text": "Not you", "show_alert": True, "url": ""}
    refusal = await town.bot.refused("answerCallbackQuery", callback_query_id=query["id"])
    assert refusal.description == "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def test_a_press_expires(town: Town) -> None:
    press, query = await pressed(town, await with_button(town), data="a:1", timeout=0.05)
    town.clock.advance(61)
    refusal = await town.bot.refused("answerCallbackQuery", callback_query_id=query["id"])
    assert "query is too old" in refusal.description
    assert await press == {"answered": False}
    _, other = await town.new_bot("other_bot")
    press, query = await pressed(town, await with_button(town), data="a:1", timeout=0.05)
    assert "query is too old" in (await other.refused("answerCallbackQuery", callback_query_id=query["id"])).description
    await press


async def test_edits_and_deletions_by_people(town: Town) -> None:
    message_id = await town.users.write(town.brian, town.group, "one")
    await town.users.edit(town.brian, town.group, message_id, "two")
    await town.users.delete(town.brian, town.group, message_id)
    updates = await town.bot.updates()
    assert [list(update)[1] for update in updates] == ["message", "edited_message"]
    assert updates[1]["edited_message"]["text"] == "two"
    with pytest.raises(ApiError):
        await town.users.edit(town.amina, town.group, await town.users.write(town.brian, town.group, "x"), "y")


async def test_every_kind_of_message_fits_the_schema(town: Town) -> None:
    users, brian, group = town.users, town.brian, town.group
    for kind in ("document", "sticker", "voice", "audio", "video", "video_note", "animation"):
        await users.send_file(brian, group, kind, b"x" * 10, file_name=f"a.{kind}", mime_type="a/b")
    album = await users.new_album()
    for caption in ("first", ""):
        await users.send_file(brian, group, "photo", grey_png(200, 100), caption=caption, media_group_id=album)
    place = {"latitude": -0.09, "longitude": 34.76}
    await users.send_other(brian, group, "location", place)
    await users.send_other(brian, group, "venue", {"location": place, "title": "Clinic", "address": "Kisumu"})
    await users.send_other(brian, group, "contact", {"phone_number": "+254700000000", "first_name": "Otieno"})
    await users.send_other(brian, group, "dice", {"emoji": "🎲", "value": 4})
    await users.send_other(brian, group, "poll", {"question": "When?", "options": ["Monday", "Friday"]})
    updates = await town.bot.updates()
    assert len(updates) == 14
    assert len({u["message"].get("media_group_id") for u in updates}) == 2


async def test_reactions_reach_administrators_that_ask(town: Town) -> None:
    message_id = await town.users.write(town.brian, town.group, "x")
    await town.users.react(town.amina, town.group, message_id, "👍")
    assert all("message_reaction" not in u for u in await town.bot.updates())
    await town.bot("getUpdates", allowed_updates=["message_reaction", "chat_member"])
    await town.users.react(town.amina, town.group, message_id, None)
    await town.users.promote(town.group, town.brian, rights=[])
    await town.users.write(town.brian, town.group, "not asked for")
    reaction, promotion = await town.bot.updates()
    assert (reaction["message_reaction"]["old_reaction"], reaction["message_reaction"]["new_reaction"]) == (
        [{"type": "emoji", "emoji": "👍"}],
        [],
    )
    assert promotion["chat_member"]["new_chat_member"]["status"] == "administrator"
