"""Methods that put messages into chats: send, forward and copy."""

import json
from typing import Any

from bridge.playground.botapi.access import check_may_send, check_thread, find_chat, find_message, reply_target
from bridge.playground.botapi.entities import Entity, check_entities, format_text, utf16_length
from bridge.playground.botapi.errors import bad_request, not_simulated
from bridge.playground.botapi.keyboards import check_reply_markup
from bridge.playground.botapi.markup import HtmlParser
from bridge.playground.botapi.params import Params, check_fields
from bridge.playground.botapi.posting import add_message, sees
from bridge.playground.botapi.registry import Call, method
from bridge.playground.botapi.render import MEDIA_FIELDS, render_message, render_origin
from bridge.playground.botapi.state import Chat, JsonObject, Message
from bridge.playground.botapi.world import World

MAX_TEXT, MAX_CAPTION = 4096, 1024
SEND = (
    "chat_id message_thread_id disable_notification protect_content allow_paid_broadcast reply_parameters"
    " reply_to_message_id allow_sending_without_reply reply_markup"
)
UNSUPPORTED = (
    "business_connection_id direct_messages_topic_id message_effect_id suggested_post_parameters"
    " ephemeral_message_parameters receiver_user_id callback_query_id"
)
_ACTION_NAMES = (
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document "
    "choose_sticker find_location record_video_note upload_video_note"
)
_NEVER_COPIED = {"giveaway", "giveaway_winners", "paid_media", "invoice", "story"}
_PREVIEW = ("is_disabled", "url", "prefer_small_media", "prefer_large_media", "show_above_text")
CAPTION = "caption parse_mode caption_entities"
_CHAT_ACTIONS = frozenset(_ACTION_NAMES.split())
#: The member's right and the words of the refusal, by the field that holds the content.
_RIGHTS = {
    "text": ("can_send_messages", "text messages"),
    "photo": ("can_send_photos", "photos"),
    "video": ("can_send_videos", "videos"),
    "audio": ("can_send_audios", "music"),
    "voice": ("can_send_voice_notes", "voice notes"),
    "video_note": ("can_send_video_notes", "video notes"),
    "document": ("can_send_documents", "documents"),
    "poll": ("can_send_polls", "polls"),
    "animation": ("can_send_other_messages", "animations"),
    "sticker": ("can_send_other_messages", "stickers"),
    "contact": ("can_send_messages", "contacts"),
    "location": ("can_send_messages", "locations"),
    "venue": ("can_send_messages", "venues"),
    "dice": ("can_send_other_messages", "dice"),
}


def read_text(world: World, params: Params, name: str, entities_name: str) -> tuple[str, list[Entity]]:
    """Return a text parameter and its entities as Telegram would store them."""
    text = params.text(name)
    mode = params.text("parse_mode").lower()
    raw = params.json(entities_name, "entities")
    if mode and raw is not None:
        raise bad_request(f"[simulator] parse_mode and {entities_name} exclude each other: Telegram would ignore one")
    entities: list[Entity] = []
    if mode == "html":
        text, entities = HtmlParser(text).parse()
    elif mode in {"markdown", "markdownv2"}:
        raise not_simulated(f"parse_mode {params.text('parse_mode')} (use HTML or entities)")
    elif mode and mode != "none":
        raise bad_request("unsupported parse_mode")
    elif raw is not None:
        entities = check_entities(raw)
    return format_text(text, _known_mentions(world, entities))


def _known_mentions(world: World, entities: list[Entity]) -> list[Entity]:
    kept = []
    for entity in entities:
        if entity["type"] == "text_mention":
            user_id = entity["user"].get("id")
            if user_id not in world.state.accounts:
                continue  # Telegram drops mentions of people the bot has not met
            entity = {**entity, "user": {"id": user_id}}
        kept.append(entity)
    return kept


def text_content(world: World, params: Params) -> JsonObject:
    """Return the content of a text message, within Telegram's limits."""
    if not params.text("text"):
        raise bad_request("message text is empty")
    text, entities = read_text(world, params, "text", "entities")
    if not text:
        raise bad_request("text must be non-empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad_request("message is too long")
    content: JsonObject = {"text": text}
    if entities:
        content["entities"] = entities
    options = link_preview(params)
    if options:
        content["link_preview_options"] = options
    return content


def link_preview(params: Params) -> JsonObject:
    """Return how the first link is shown: only what differs from Telegram's default, which is to show it."""
    raw = params.json("link_preview_options", "link preview options")
    if raw is None:
        return {"is_disabled": True} if params.boolean("disable_web_page_preview") else {}
    options = check_fields(raw, "LinkPreviewOptions", _PREVIEW)
    for name, value in options.items():
        if not isinstance(value, str if name == "url" else bool):
            raise bad_request(f'can\'t parse link preview options: Field "{name}" must be of another type')
    if options.get("prefer_small_media") and options.get("prefer_large_media"):
        raise bad_request("[simulator] prefer_small_media and prefer_large_media exclude each other")
    return {name: value for name, value in options.items() if value}


def caption_content(world: World, params: Params) -> JsonObject:
    """Return the caption fields of a message with media, within Telegram's limits."""
    text, entities = read_text(world, params, "caption", "caption_entities")
    if utf16_length(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    content: JsonObject = {"caption": text} if text else {}
    if entities:
        content["caption_entities"] = entities
    if params.boolean("show_caption_above_media"):
        content["show_caption_above_media"] = True
    return content


def markup_of(params: Params, *, inline_only: bool = False) -> JsonObject | None:
    """Return the inline keyboard of the call."""
    raw = params.json("reply_markup", "reply keyboard markup")
    return None if raw is None else check_reply_markup(raw, inline_only=inline_only)


def deliver(call: Call, chat: Chat, content: JsonObject, kind: str, **fields: Any) -> Message:
    """Check rights, topic, reply and limits, then add the message."""
    return deliver_all(call, chat, [(kind, content)], **fields)[0]


def deliver_all(call: Call, chat: Chat, items: list[tuple[str, JsonObject]], **fields: Any) -> list[Message]:
    """Check everything for all items of an album, then add a message for each; each counts against the limits."""
    world, bot, params = call.world, call.bot, call.params
    for kind, _ in items:
        check_may_send(world, bot, chat, *_RIGHTS.get(kind, ("can_send_other_messages", "other messages")))
    thread_id = check_thread(chat, bot, params)
    reply_to, quote = reply_target(chat, params)
    if chat.is_forum and reply_to is not None:
        target = chat.messages[reply_to]
        if target.is_topic and thread_id is None:
            thread_id = target.thread_id
        elif target.is_topic and target.thread_id != thread_id:
            # A reply into another topic is no reply there.
            reply_to, quote = None, {}
    extra = {**quote, **fields.pop("extra", {})}
    if params.boolean("protect_content"):
        extra["has_protected_content"] = True
    params.boolean("disable_notification")
    params.boolean("allow_paid_broadcast")
    world.spend(bot.id, chat, len(items))
    signed: JsonObject = {"sender_id": bot.id}
    if chat.type == "channel":
        signed = {"sender_id": None, "sender_chat_id": chat.id}
    place: JsonObject = {"thread_id": thread_id, "reply_to": reply_to}
    return [add_message(world, chat, content, extra=dict(extra), **place, **signed, **fields) for _, content in items]


@method("sendMessage", f"{SEND} text parse_mode entities link_preview_options disable_web_page_preview", UNSUPPORTED)
async def send_message(call: Call) -> JsonObject:
    """Send a text message."""
    content = text_content(call.world, call.params)
    markup = markup_of(call.params)
    chat = find_chat(call.world, call.bot, call.params)
    message = deliver(call, chat, content, "text", reply_markup=markup)
    return render_message(call.world.state, call.bot.id, chat, message)


@method("sendChatAction", "chat_id message_thread_id action", "business_connection_id")
async def send_chat_action(call: Call) -> bool:
    """Show "typing..." in a chat."""
    chat = find_chat(call.world, call.bot, call.params)
    check_may_send(call.world, call.bot, chat, "can_send_messages", "text messages")
    if call.params.text("action") not in _CHAT_ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


def _source(call: Call, purpose: str) -> tuple[Chat, Message]:
    source = find_chat(call.world, call.bot, call.params, "from_chat_id")
    message = find_message(source, call.params.integer("message_id"), purpose)
    if message.sender_id != call.bot.id and not sees(call.world, source, call.bot, message):
        # A bot in privacy mode can do nothing with what it was not shown.
        raise bad_request(f"{purpose} not found")
    if message.is_service or source.is_protected or message.extra.get("has_protected_content"):
        # https://github.com/tdlib/telegram-bot-api/issues/897: the reason is not told
        raise bad_request(f"the message can't be {'copied' if 'copy' in purpose else 'forwarded'}")
    return source, message


def _kind_of(content: JsonObject) -> str:
    # An animation has a document beside it and a venue a location, so the order of these matters.
    names = ("text", *MEDIA_FIELDS, "venue", "location", "contact", "poll", "dice")
    return next((name for name in names if name in content), "other")


@method(
    "forwardMessage",
    "chat_id from_chat_id message_id message_thread_id disable_notification protect_content",
    "direct_messages_topic_id message_effect_id suggested_post_parameters video_start_timestamp",
)
async def forward_message(call: Call) -> JsonObject:
    """Forward a message with its author's name."""
    state = call.world.state
    source, original = _source(call, "message to forward")
    chat = find_chat(call.world, call.bot, call.params)
    origin = render_origin(state, source, original)
    content = json.loads(json.dumps(original.content))
    message = deliver(call, chat, content, _kind_of(content), extra={"forward_origin": origin})
    return render_message(state, call.bot.id, chat, message)


@method(
    "copyMessage",
    f"{SEND} {CAPTION} from_chat_id message_id show_caption_above_media",
    "direct_messages_topic_id message_effect_id suggested_post_parameters video_start_timestamp",
)
async def copy_message(call: Call) -> JsonObject:
    """Send a copy of a message, without its author's name."""
    _source_chat, original = _source(call, "message to copy")
    if original.content.keys() & _NEVER_COPIED:
        raise bad_request("message can't be copied")
    if original.media_group_id is not None or "poll" in original.content:
        raise not_simulated("copying a poll or one item of an album")
    chat = find_chat(call.world, call.bot, call.params)
    content = json.loads(json.dumps(original.content))
    if "caption" in call.params.values and "text" not in content:
        content = {n: v for n, v in content.items() if n not in {"caption", "caption_entities"}}
        content |= caption_content(call.world, call.params)
    message = deliver(call, chat, content, _kind_of(content), reply_markup=markup_of(call.params))
    return {"message_id": message.message_id}
