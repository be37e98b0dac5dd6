"""Reactions: which there are, who may set them, and which bots hear of them."""

from collections import Counter

from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.params import check_fields
from bridge.playground.botapi.posting import bots_in
from bridge.playground.botapi.render import render_chat, render_user_id
from bridge.playground.botapi.state import Account, Chat, JsonObject, Message
from bridge.playground.botapi.world import World

MAX_REACTIONS, MAX_PREMIUM_REACTIONS = 1, 3
_EMOJI = (
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 "
    "❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 "
    "😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ "
    "😡"
)
#: https://core.telegram.org/bots/api#reactiontypeemoji
REACTIONS = frozenset(_EMOJI.split())
_FIELDS = {"emoji": ("type", "emoji"), "custom_emoji": ("type", "custom_emoji_id")}


def check_reactions(raw: object, chat: Chat, *, is_bot: bool) -> list[JsonObject]:
    """Return a list of reactions that this chat allows; a bot sets one emoji, a person with Premium three of any."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise bad_request("can't parse reaction types JSON object")
    if len(raw) > (MAX_REACTIONS if is_bot else MAX_PREMIUM_REACTIONS):
        raise bad_request("REACTIONS_TOO_MANY")
    allowed = REACTIONS if chat.available_reactions is None else REACTIONS.intersection(chat.available_reactions)
    for item in raw:
        kind = item.get("type") if isinstance(item, dict) else None
        check_fields(item, "ReactionType", _FIELDS.get(str(kind), ("type", "emoji", "custom_emoji_id")))
        custom = kind == "custom_emoji" and not is_bot and str(item.get("custom_emoji_id", "")).isdigit()
        if not custom and (kind != "emoji" or item.get("emoji") not in allowed):
            raise bad_request("REACTION_INVALID")
    return raw


def react(world: World, chat: Chat, message: Message, who: Account, new: list[JsonObject]) -> None:
    """Replace somebody's reactions; administrators among the bots hear of it, except of what bots do."""
    old = message.reactions.get(str(who.id), [])
    if new == old:
        return
    if new:
        message.reactions[str(who.id)] = new
    else:
        message.reactions.pop(str(who.id), None)
    world.touch()
    if who.is_bot:
        return
    kind, update = "message_reaction", _change(world, chat, message, who, old, new)
    if chat.type == "channel":  # nobody learns who reacts in a channel
        kind, update = "message_reaction_count", _count(world, chat, message)
    for bot in bots_in(world, chat):
        if chat.type == "private" or chat.members[bot.id].is_admin:
            world.push(bot.id, kind, update)


def _change(
    world: World, chat: Chat, message: Message, who: Account, old: list[JsonObject], new: list[JsonObject]
) -> JsonObject:
    member = chat.members.get(who.id)
    is_anonymous = member is not None and member.is_anonymous
    actor = {"actor_chat": render_chat(world.state, chat)} if is_anonymous else {}
    return {
        "chat": render_chat(world.state, chat),
        "message_id": message.message_id,
        **(actor or {"user": render_user_id(world.state, who.id)}),
        "date": world.now(),
        "old_reaction": old,
        "new_reaction": new,
    }


def _count(world: World, chat: Chat, message: Message) -> JsonObject:
    totals = Counter(tuple(sorted(item.items())) for items in message.reactions.values() for item in items)
    return {
        "chat": render_chat(world.state, chat),
        "message_id": message.message_id,
        "date": world.now(),
        "reactions": [{"type": dict(kind), "total_count": count} for kind, count in totals.most_common()],
    }
