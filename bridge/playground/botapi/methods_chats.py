"""Methods that ask about the bot, chats, members, commands and files."""

import re
from typing import Any

from bridge.playground.botapi.access import find_chat
from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.files import MAX_DOWNLOAD_BYTES, file_path, find_file
from bridge.playground.botapi.params import Params, check_fields
from bridge.playground.botapi.posting import add_service_message, change_member
from bridge.playground.botapi.registry import Call, method
from bridge.playground.botapi.render import render_chat, render_member, render_user
from bridge.playground.botapi.state import JsonObject, Member

_SCOPES: dict[str, tuple[str, ...]] = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
_MAX_COMMANDS, _MAX_DESCRIPTION = 100, 256


@method("getMe")
async def get_me(call: Call) -> JsonObject:
    """Return the bot itself; `can_read_all_group_messages` is true when privacy mode is off."""
    return {
        **render_user(call.bot),
        "can_join_groups": True,
        "can_read_all_group_messages": not call.bot.privacy,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@method("getMyName", "language_code")
async def get_my_name(call: Call) -> JsonObject:
    """Return the bot's name."""
    return {"name": call.bot.first_name}


@method("getMyDescription", "language_code")
async def get_my_description(call: Call) -> JsonObject:
    """Return the text shown in an empty chat with the bot."""
    return {"description": call.bot.description}


@method("getChat", "chat_id")
async def get_chat(call: Call) -> JsonObject:
    """Return everything about a chat."""
    chat = find_chat(call.world, call.bot, call.params)
    full = {
        **render_chat(call.world.state, chat),
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
        ),
    }
    if chat.username:
        full["active_usernames"] = [chat.username]
    if chat.type in {"group", "supergroup"}:
        full["permissions"] = dict(chat.permissions)
    if chat.available_reactions is not None:
        full["available_reactions"] = [{"type": "emoji", "emoji": emoji} for emoji in chat.available_reactions]
    if chat.is_protected:
        full["has_protected_content"] = True
    if chat.linked_chat_id is not None:
        full["linked_chat_id"] = chat.linked_chat_id
    return full


@method("getChatMember", "chat_id user_id")
async def get_chat_member(call: Call) -> JsonObject:
    """Return a member's standing; people who never were in the chat have left it."""
    chat = find_chat(call.world, call.bot, call.params)
    user_id = call.params.integer("user_id")
    if user_id <= 0:
        raise bad_request("invalid user_id specified")
    if user_id not in call.world.state.accounts:
        raise bad_request("PARTICIPANT_ID_INVALID")
    if chat.type == "private":
        inside = user_id in {chat.id, call.bot.id}
        return render_member(call.world.state, user_id, Member("member" if inside else "left"))
    return render_member(call.world.state, user_id, chat.members.get(user_id, Member("left")))


@method("getChatAdministrators", "chat_id return_bots")
async def get_chat_administrators(call: Call) -> list[JsonObject]:
    """Return the owner and the administrators, without other bots unless asked for."""
    chat = find_chat(call.world, call.bot, call.params)
    if chat.type == "private":
        raise bad_request("there are no administrators in the private chat")
    every = call.params.boolean("return_bots")
    state = call.world.state
    return [
        render_member(state, user_id, member)
        for user_id, member in chat.members.items()
        if member.is_admin and (every or user_id == call.bot.id or not state.accounts[user_id].is_bot)
    ]


@method("getChatMemberCount", "chat_id")
async def get_chat_member_count(call: Call) -> int:
    """Return how many accounts are in the chat."""
    chat = find_chat(call.world, call.bot, call.params)
    return 2 if chat.type == "private" else len(chat.present())


@method("leaveChat", "chat_id")
async def leave_chat(call: Call) -> bool:
    """Leave a group or channel."""
    chat = find_chat(call.world, call.bot, call.params)
    if chat.type == "private":
        raise bad_request("chat member status can't be changed in private chats")
    change_member(call.world, chat, call.bot.id, Member("left"), call.bot.id)
    add_service_message(call.world, chat, {"left_chat_member": call.bot.id}, call.bot.id)
    return True


@method("getFile", "file_id")
async def get_file(call: Call) -> JsonObject:
    """Return a path below `/file/bot<TOKEN>/`."""
    identifier = call.params.text("file_id")
    if not identifier:
        raise bad_request("file_id not specified")
    stored = find_file(call.world.state, call.bot.id, identifier)
    if stored is None:
        raise bad_request("invalid file_id")
    if stored.size > MAX_DOWNLOAD_BYTES:
        raise bad_request("file is too big")
    stored.linked_at = call.world.clock()
    return {
        "file_id": identifier,
        "file_unique_id": stored.unique_id,
        "file_size": stored.size,
        "file_path": file_path(stored),
    }


def _scope_key(params: Params) -> str:
    scope: Any = params.json("scope", "BotCommandScope") or {"type": "default"}
    kind = scope.get("type") if isinstance(scope, dict) else None
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: Unsupported type specified")
    check_fields(scope, "BotCommandScope", ("type", *_SCOPES[kind]))
    for name in _SCOPES[kind]:
        if name not in scope:
            raise bad_request(f"can't parse BotCommandScope: Can't find field \"{name}\"")
    language = params.text("language_code")
    if language and not re.fullmatch(r"[a-z]{2}", language):
        raise bad_request("invalid language code specified")
    return ":".join([kind, *(str(scope[name]) for name in _SCOPES[kind]), language])


@method("setMyCommands", "commands scope language_code")
async def set_my_commands(call: Call) -> bool:
    """Replace the list of commands for a scope and language."""
    commands = call.params.json("commands", "commands")
    if not isinstance(commands, list):
        raise bad_request("can't parse commands JSON object: expected an Array of BotCommand")
    if len(commands) > _MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for item in commands:
        check_fields(item, "BotCommand", ("command", "description"))
        name, description = item.get("command"), item.get("description")
        if not isinstance(name, str) or not re.fullmatch(r"/?[a-z0-9_]{1,32}", name):
            raise bad_request("BOT_COMMAND_INVALID")
        if not isinstance(description, str) or not 1 <= len(description.strip()) <= _MAX_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    call.bot.commands[_scope_key(call.params)] = [
        {"command": item["command"].removeprefix("/"), "description": item["description"].strip()} for item in commands
    ]
    call.world.touch()
    return True


@method("getMyCommands", "scope language_code")
async def get_my_commands(call: Call) -> list[JsonObject]:
    """Return the commands of exactly this scope and language."""
    return call.bot.commands.get(_scope_key(call.params), [])


@method("deleteMyCommands", "scope language_code")
async def delete_my_commands(call: Call) -> bool:
    """Forget the commands of this scope and language."""
    call.bot.commands.pop(_scope_key(call.params), None)
    call.world.touch()
    return True
