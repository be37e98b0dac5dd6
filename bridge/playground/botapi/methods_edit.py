"""Methods that change, remove and answer: edits, deletions, reactions and pressed buttons."""

from bridge.playground.botapi.access import check_may_delete, check_may_send, find_chat, find_message
from bridge.playground.botapi.errors import ApiError, bad_request
from bridge.playground.botapi.methods_media import INPUT_MEDIA, full_content, input_media, kind_in
from bridge.playground.botapi.methods_send import caption_content, markup_of, text_content
from bridge.playground.botapi.reactions import check_reactions, react
from bridge.playground.botapi.registry import Call, method
from bridge.playground.botapi.render import MEDIA_FIELDS, render_message
from bridge.playground.botapi.state import Chat, JsonObject, Message

_TARGET = "chat_id message_id reply_markup"
_UNSUPPORTED = "business_connection_id inline_message_id"
_MAX_DELETE = 100
_MAX_ANSWER = 200
_CAPTION_FIELDS = ("caption", "caption_entities", "show_caption_above_media")
_NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content"
    " and reply markup of the message"
)


def _own_message(call: Call) -> tuple[Chat, Message]:
    if not call.params.integer("message_id"):
        raise bad_request("message identifier is not specified")
    chat = find_chat(call.world, call.bot, call.params)
    message = find_message(chat, call.params.integer("message_id"), "message to edit")
    if message.sender_id != call.bot.id and not (chat.type == "channel" and message.sender_chat_id == chat.id):
        raise bad_request("message can't be edited")
    if message.is_service or "forward_origin" in message.extra:
        raise bad_request("message can't be edited")
    return chat, message


def _change(call: Call, chat: Chat, message: Message, content: JsonObject, markup: JsonObject | None) -> JsonObject:
    check_may_send(call.world, call.bot, chat, "can_send_messages", "text messages")
    call.world.spend(call.bot.id, chat)
    if content == message.content and markup == message.reply_markup:
        raise bad_request(_NOT_MODIFIED)
    if content != message.content:
        message.edit_date = call.world.now()
    message.content, message.reply_markup = content, markup
    call.world.touch()
    return render_message(call.world.state, call.bot.id, chat, message)


@method(
    "editMessageText",
    f"{_TARGET} text parse_mode entities link_preview_options disable_web_page_preview",
    f"{_UNSUPPORTED} rich_message",
)
async def edit_message_text(call: Call) -> JsonObject:
    """Replace a text message; a call without a keyboard removes the old one."""
    content = text_content(call.world, call.params)
    markup = markup_of(call.params, inline_only=True)
    chat, message = _own_message(call)
    if "text" not in message.content:
        raise bad_request("there is no text in the message to edit")
    return _change(call, chat, message, content, markup)


@method("editMessageCaption", f"{_TARGET} caption parse_mode caption_entities show_caption_above_media", _UNSUPPORTED)
async def edit_message_caption(call: Call) -> JsonObject:
    """Replace a caption; a call without a keyboard removes the old one."""
    caption = caption_content(call.world, call.params)
    markup = markup_of(call.params, inline_only=True)
    chat, message = _own_message(call)
    if not any(name in message.content for name in MEDIA_FIELDS if name not in {"sticker", "video_note"}):
        raise bad_request("there is no caption in the message to edit")
    kept = {name: value for name, value in message.content.items() if name not in _CAPTION_FIELDS}
    return _change(call, chat, message, {**kept, **caption}, markup)


@method("editMessageReplyMarkup", _TARGET, _UNSUPPORTED)
async def edit_message_reply_markup(call: Call) -> JsonObject:
    """Replace or remove a message's buttons."""
    markup = markup_of(call.params, inline_only=True)
    chat, message = _own_message(call)
    return _change(call, chat, message, message.content, markup)


@method("editMessageMedia", f"{_TARGET} media", _UNSUPPORTED)
async def edit_message_media(call: Call) -> JsonObject:
    """Replace a message's media or text by media with its caption; in an album only by what fits there."""
    raw = call.params.json("media", "input media")
    if raw is None:
        raise bad_request('parameter "media" is required')
    kind, inner = input_media(call, raw, in_album=False)
    markup = markup_of(call.params, inline_only=True)
    chat, message = _own_message(call)
    if message.media_group_id is not None:
        _check_album_edit(kind, kind_in(message.content))
    elif not ("text" in message.content or kind_in(message.content) in INPUT_MEDIA):
        raise bad_request("there is no media in the message to edit")
    in_album = message.media_group_id is not None
    return _change(call, chat, message, full_content(call, inner, kind, in_album=in_album), markup)


def _check_album_edit(new: str, old: str) -> None:
    allowed = {old} if old in {"audio", "document"} else {"photo", "video"}
    if new not in allowed:
        raise bad_request(f"[simulator] a {old} in an album can't become a {new}")


@method("deleteMessage", "chat_id message_id")
async def delete_message(call: Call) -> bool:
    """Remove one message for everybody."""
    chat = find_chat(call.world, call.bot, call.params)
    message = find_message(chat, call.params.integer("message_id"), "message to delete")
    check_may_delete(call.world, call.bot, chat, message)
    call.world.limiter.spend_call(call.bot.id, call.world.clock())
    del chat.messages[message.message_id]
    call.world.touch()
    return True


@method("deleteMessages", "chat_id message_ids")
async def delete_messages(call: Call) -> bool:
    """Remove up to 100 messages; those that cannot be found or removed are passed over."""
    ids = call.params.integers("message_ids")
    if not ids:
        raise bad_request("message identifiers are not specified")
    if len(ids) > _MAX_DELETE:
        raise bad_request("too many message identifiers specified")
    chat = find_chat(call.world, call.bot, call.params)
    call.world.limiter.spend_call(call.bot.id, call.world.clock())
    for message_id in ids:
        message = chat.messages.get(message_id)
        if message is not None and _may_delete(call, chat, message):
            del chat.messages[message_id]
    call.world.touch()
    return True


def _may_delete(call: Call, chat: Chat, message: Message) -> bool:
    try:
        check_may_delete(call.world, call.bot, chat, message)
    except ApiError:
        return False
    return True


@method("setMessageReaction", "chat_id message_id reaction is_big")
async def set_message_reaction(call: Call) -> bool:
    """Replace the bot's reaction on a message; an empty list removes it."""
    call.params.boolean("is_big")
    raw = call.params.json("reaction", "reaction")
    chat = find_chat(call.world, call.bot, call.params)
    message = find_message(chat, call.params.integer("message_id"), "message to react")
    reactions = check_reactions(raw, chat, is_bot=True)
    if message.is_service:
        raise bad_request("REACTION_INVALID")
    call.world.limiter.spend_call(call.bot.id, call.world.clock())
    react(call.world, chat, message, call.bot, reactions)
    return True


@method("answerCallbackQuery", "callback_query_id text show_alert url cache_time")
async def answer_callback_query(call: Call) -> bool:
    """Tell the person who pressed a button what happened; works once and for a short time."""
    params, world = call.params, call.world
    text, alert, url = params.text("text"), params.boolean("show_alert"), params.text("url")
    params.integer("cache_time")
    query = world.state.callbacks.get(params.text("callback_query_id"))
    expired = query is None or query.bot_id != call.bot.id or query.answer is not None
    if query is None or expired or world.clock() - query.created_at > world.callback_lifetime:
        raise bad_request("query is too old and response timeout expired or query ID is invalid")
    if len(text) > _MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    if url and not url.startswith((f"https://t.me/{call.bot.username}?", f"t.me/{call.bot.username}?")):
        raise bad_request("URL_INVALID")
    query.answer = {"text": text, "show_alert": alert, "url": url}
    world.touch()
    return True
