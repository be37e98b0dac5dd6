"""Adds messages to chats and tells the bots that may see them."""

import re
from typing import Any

from bridge.playground.botapi.entities import utf16_slice
from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.render import render_chat, render_member, render_message, render_user_id
from bridge.playground.botapi.state import GROUP_ANONYMOUS_BOT, Account, Chat, JsonObject, Member, Message
from bridge.playground.botapi.world import World


def add_message(
    world: World,
    chat: Chat,
    content: JsonObject,
    *,
    sender_id: int | None,
    thread_id: int | None = None,
    reply_to: int | None = None,
    **fields: Any,
) -> Message:
    """Store a message in `chat`, give it the next id and queue it for every bot that sees it."""
    is_topic = thread_id is not None
    if thread_id is None and chat.type == "supergroup" and not chat.is_forum and reply_to in chat.messages:
        # Every reply in a supergroup carries the id of its thread, topics or not.
        thread_id = chat.messages[reply_to].thread_id or reply_to
    message = Message(
        message_id=world.state.allocate_message_id(chat),
        date=world.now(),
        content=content,
        sender_id=sender_id,
        thread_id=thread_id,
        is_topic=is_topic,
        reply_to=reply_to,
        **fields,
    )
    chat.messages[message.message_id] = message
    sender = world.state.accounts.get(sender_id) if sender_id is not None else None
    if sender is not None and sender.is_bot:
        chat.last_bot_to_send = sender.id
    tell_bots(world, chat, message, edited=False)
    world.touch()
    return message


def tell_bots(world: World, chat: Chat, message: Message, *, edited: bool) -> None:
    """Queue a new or edited message for the bots in the chat; of bots' messages they hear in bot-to-bot mode only."""
    author = world.state.accounts.get(message.sender_id or 0)
    from_bot = author if author is not None and author.is_bot and not message.is_service else None
    kind = "channel_post" if chat.type == "channel" else "message"
    for bot in bots_in(world, chat):
        deaf = from_bot is not None and not (from_bot.bot_to_bot or bot.bot_to_bot)
        if bot.id != message.sender_id and not deaf and sees(world, chat, bot, message):
            payload = render_message(world.state, bot.id, chat, message)
            world.push(bot.id, f"edited_{kind}" if edited else kind, payload)


def bots_in(world: World, chat: Chat) -> list[Account]:
    """Return the bots that are in the chat now."""
    accounts = world.state.accounts
    if chat.bot_id is not None:
        return [accounts[chat.bot_id]]
    return [accounts[user_id] for user_id in chat.present() if accounts[user_id].is_bot]


def sees(world: World, chat: Chat, bot: Account, message: Message) -> bool:
    """Whether privacy mode lets the bot see this message (https://core.telegram.org/bots/features#privacy-mode)."""
    if chat.type in {"private", "channel"} or message.is_service:
        return True
    member = chat.members[bot.id]
    if not member.privacy or member.is_admin:
        return True
    replied = chat.messages.get(message.reply_to) if message.reply_to is not None else None
    if replied is not None and replied.sender_id == bot.id:
        return True
    text = message.content.get("text") or message.content.get("caption") or ""
    entities = message.content.get("entities") or message.content.get("caption_entities") or []
    only_bot = bots_in(world, chat) == [bot]
    for entity in entities:
        if entity["type"] != "bot_command":
            continue
        command = utf16_slice(text, entity["offset"], entity["length"])
        addressee = re.sub(r"^/\w+@?", "", command).lower()
        if addressee == (bot.username or "").lower():
            return True
        if not addressee and (only_bot or chat.last_bot_to_send == bot.id):
            return True
    return False


def add_service_message(world: World, chat: Chat, content: JsonObject, sender_id: int, **fields: Any) -> Message:
    """Store a service message ("... joined the group")."""
    return add_message(world, chat, content, sender_id=sender_id, is_service=True, **fields)


def change_member(world: World, chat: Chat, user_id: int, new: Member, actor_id: int) -> None:
    """Give an account a new standing in the chat, and tell the bots concerned."""
    state = world.state
    old = chat.members.get(user_id, Member("left"))
    account = state.accounts[user_id]
    if account.is_bot and not old.is_present:
        new.privacy = account.privacy
    elif account.is_bot:
        new.privacy = old.privacy
    watching = {bot.id for bot in bots_in(world, chat)}
    chat.members[user_id] = new
    update = {
        "chat": render_chat(state, chat),
        "from": render_user_id(state, actor_id),
        "date": world.now(),
        "old_chat_member": render_member(state, user_id, old),
        "new_chat_member": render_member(state, user_id, new),
    }
    if account.is_bot:
        world.push(user_id, "my_chat_member", update)
    for bot_id in watching - {user_id}:
        if chat.members[bot_id].is_admin:
            world.push(bot_id, "chat_member", update)
    world.touch()


def migrate(world: World, chat: Chat, actor_id: int) -> Chat:
    """Turn a basic group into a supergroup with a new id, leaving both service messages."""
    state = world.state
    if chat.type != "group" or chat.migrated_to is not None:
        raise bad_request("only a basic group that was not upgraded yet can become a supergroup")
    new = Chat(
        id=-state.next_supergroup_id,
        type="supergroup",
        title=chat.title,
        permissions=dict(chat.permissions),
        members={user_id: Member(**vars(member)) for user_id, member in chat.members.items()},
        migrated_from=chat.id,
    )
    state.next_supergroup_id += 1
    state.chats[new.key] = new
    add_service_message(world, chat, {"migrate_to_chat_id": new.id}, actor_id)
    chat.migrated_to = new.id
    add_service_message(world, new, {"migrate_from_chat_id": chat.id}, GROUP_ANONYMOUS_BOT, sender_chat_id=new.id)
    return new
