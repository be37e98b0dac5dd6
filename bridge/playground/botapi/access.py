"""Finds the chat or message a call names, or refuses in Telegram's words."""

from typing import Any

from bridge.playground.botapi.errors import ApiError, bad_request, forbidden, not_simulated
from bridge.playground.botapi.params import Params, check_fields
from bridge.playground.botapi.state import Account, Chat, JsonObject, Member, Message
from bridge.playground.botapi.world import World

_VOICE = ("can_send_voice_notes", "can_send_video_notes")
DELETE_AGE = 48 * 3600
_REPLY_FIELDS = ("message_id", "chat_id", "allow_sending_without_reply", "quote", "quote_position")


def find_chat(world: World, bot: Account, params: Params, name: str = "chat_id") -> Chat:
    """Return the chat that the call names and that the bot can reach; raise `ApiError` otherwise."""
    raw = params.values.get(name)
    if raw is None:
        raise bad_request(f"{name} is empty")
    if isinstance(raw, str) and raw.startswith("@"):
        chat = next((c for c in world.state.chats.values() if (c.username or "").lower() == raw[1:].lower()), None)
        if chat is None:
            raise bad_request("chat not found")
    else:
        chat_id = params.integer(name)
        if chat_id > 0:
            return _private(world, bot, chat_id)
        chat = world.state.group(chat_id)
    if chat is None or bot.id not in chat.members:
        raise bad_request("chat not found")
    if chat.migrated_to is not None:
        raise bad_request("group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.migrated_to)
    kind = "group" if chat.type == "group" else chat.type
    if chat.members[bot.id].status == "kicked":
        raise forbidden(f"bot was kicked from the {kind} chat")
    if not chat.members[bot.id].is_present:
        raise forbidden(f"bot is not a member of the {kind} chat")
    return chat


def _private(world: World, bot: Account, user_id: int) -> Chat:
    chat = world.state.private(bot.id, user_id)
    if chat is not None and chat.started:
        return chat
    met = any(user_id in c.members and bot.id in c.members for c in world.state.chats.values())
    account = world.state.accounts.get(user_id)
    if account is None or not met:
        raise bad_request("chat not found")
    return Chat(id=user_id, type="private", bot_id=bot.id)


def check_may_send(world: World, bot: Account, chat: Chat, right: str, what: str) -> None:
    """Refuse when the bot may not put this kind of message into the chat."""
    if chat.type == "private":
        if world.state.accounts[chat.id].is_bot:
            raise forbidden("bot can't send messages to bots")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if right in _VOICE and world.state.accounts[chat.id].forbids_voice:
            raise bad_request("VOICE_MESSAGES_FORBIDDEN")
        return
    member = chat.members[bot.id]
    if chat.type == "channel":
        if not member.may("can_post_messages"):
            raise bad_request("need administrator rights in the channel chat")
        return
    if member.is_admin:
        return
    rights = member.rights if member.status == "restricted" else chat.permissions
    if not (rights.get(right, True) and chat.permissions.get(right, True)):
        raise bad_request(f"not enough rights to send {what} to the chat")


def own_member(bot: Account, chat: Chat) -> Member:
    """Return the bot's standing in the chat; in a private chat it is a plain member."""
    return chat.members.get(bot.id, Member("member"))


def find_message(chat: Chat, message_id: int, purpose: str) -> Message:
    """Return a message of the chat, or raise "... not found" ("message to edit", "message to delete")."""
    if message_id <= 0:
        raise bad_request("message identifier is not specified")
    message = chat.messages.get(message_id)
    if message is None:
        raise bad_request(f"{purpose} not found")
    return message


def check_thread(chat: Chat, bot: Account, params: Params) -> int | None:
    """Return the topic that the call names, or None for the chat itself (and a forum's General topic)."""
    thread_id = params.integer("message_thread_id")
    if not thread_id:
        return None
    topic = chat.topics.get(thread_id)
    # The General topic is addressed without an id: sending to thread 1 fails.
    if topic is None:
        raise bad_request("message thread not found")
    if topic.get("is_closed") and not own_member(bot, chat).may("can_manage_topics"):
        raise bad_request("TOPIC_CLOSED")
    return thread_id


def reply_target(chat: Chat, params: Params) -> tuple[int | None, JsonObject]:
    """Return the message replied to, and the quote as message fields."""
    raw: Any = params.json("reply_parameters", "reply parameters")
    if raw is None:
        message_id = params.integer("reply_to_message_id")
        lenient = params.boolean("allow_sending_without_reply")
        raw = {"message_id": message_id} if message_id else None
    else:
        check_fields(raw, "ReplyParameters", (*_REPLY_FIELDS, "quote_parse_mode", "quote_entities"))
        if "quote_parse_mode" in raw or "quote_entities" in raw:
            raise not_simulated("a formatted quote in reply_parameters")
        lenient = raw.get("allow_sending_without_reply", False)
        message_id = raw.get("message_id")
        if isinstance(message_id, bool) or not isinstance(message_id, int) or not isinstance(lenient, bool):
            raise bad_request("can't parse reply parameters: wrong type of a field")
        if raw.get("chat_id") not in {None, chat.id, str(chat.id)}:
            raise not_simulated("a reply to a message of another chat")
    if raw is None:
        return None, {}
    target = chat.messages.get(message_id)
    if target is None:
        if lenient:
            return None, {}
        raise bad_request("message to be replied not found")
    quote = raw.get("quote")
    if not quote:
        return message_id, {}
    text = target.content.get("text") or target.content.get("caption") or ""
    if not isinstance(quote, str) or quote not in text:
        raise bad_request("QUOTE_TEXT_INVALID")
    position = len(text[: text.index(quote)].encode("utf-16-le")) // 2
    return message_id, {"quote": {"text": quote, "position": position, "is_manual": True}}


def check_may_delete(world: World, bot: Account, chat: Chat, message: Message) -> None:
    """Refuse what a bot cannot delete (https://core.telegram.org/bots/api#deletemessage)."""
    own = message.sender_id == bot.id
    service = message.content.keys() & {"supergroup_chat_created", "group_chat_created", "migrate_from_chat_id"}
    if service or (message.is_service and chat.topics.get(message.message_id) is not None):
        raise bad_request("message can't be deleted")
    if not own and chat.type != "private" and not own_member(bot, chat).may("can_delete_messages"):
        raise bad_request("message can't be deleted")
    if message.date < world.clock() - DELETE_AGE:
        raise bad_request("message can't be deleted for everyone")


def unauthorized() -> ApiError:
    """Return the answer to a token that belongs to no bot."""
    return ApiError(401, "Unauthorized")
