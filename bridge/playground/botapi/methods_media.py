"""Methods that send files: one at a time, or two to ten as an album."""

from functools import partial
from typing import Any

from bridge.playground.botapi.access import find_chat
from bridge.playground.botapi.errors import bad_request
from bridge.playground.botapi.media import NUMBERS, WORDS, media_content
from bridge.playground.botapi.methods_send import (
    CAPTION,
    SEND,
    UNSUPPORTED,
    caption_content,
    deliver,
    deliver_all,
    markup_of,
)
from bridge.playground.botapi.params import Params
from bridge.playground.botapi.registry import Call, method
from bridge.playground.botapi.render import MEDIA_FIELDS, render_message
from bridge.playground.botapi.state import JsonObject

MIN_ALBUM, MAX_ALBUM = 2, 10
_NO_CAPTION = ("sticker", "video_note")
_SHOWN_WITH_SPOILER = ("photo", "video", "animation")
_MEDIA = "type media caption parse_mode caption_entities"
#: The fields of each InputMedia, and those that Telegram knows and this simulator does not.
INPUT_MEDIA: dict[str, str] = {
    "photo": f"{_MEDIA} show_caption_above_media has_spoiler",
    "video": f"{_MEDIA} thumbnail show_caption_above_media width height duration supports_streaming has_spoiler",
    "animation": f"{_MEDIA} thumbnail show_caption_above_media width height duration has_spoiler",
    "audio": f"{_MEDIA} thumbnail duration performer title",
    "document": f"{_MEDIA} thumbnail disable_content_type_detection",
}


def kind_in(content: JsonObject) -> str:
    """Return the kind of media in a message's content, or ""."""
    return next((kind for kind in MEDIA_FIELDS if kind in content), "")


def full_content(call: Call, params: Params, kind: str, *, in_album: bool = False) -> JsonObject:
    """Return media with its caption and the ways to show it; everything is checked before a file is kept."""
    shown: JsonObject = {} if kind in _NO_CAPTION else caption_content(call.world, params)
    for name in NUMBERS.get(kind, ()):
        params.integer(name)
    for name in WORDS.get(kind, ()):
        params.text(name)
    params.boolean("supports_streaming")
    if params.boolean("has_spoiler"):
        shown["has_media_spoiler"] = True
    content = {**media_content(call.world.state, call.bot, params, kind, in_album=in_album), **shown}
    if kind_in(content) not in _SHOWN_WITH_SPOILER:
        content.pop("has_media_spoiler", None)
        content.pop("show_caption_above_media", None)
    return content


def input_media(call: Call, raw: object, *, in_album: bool) -> tuple[str, Params]:
    """Return the kind of an InputMedia and its fields as parameters, or refuse it in Telegram's words."""
    if not isinstance(raw, dict):
        raise bad_request("can't parse InputMedia: expected an Object")
    kind = raw.get("type")
    if not raw.get("media"):
        raise bad_request("can't parse InputMedia: media not found")
    if in_album and kind == "animation":
        raise bad_request("can't parse InputMedia: type \"animation\" can't be used in sendMediaGroup")
    if not isinstance(kind, str) or kind not in INPUT_MEDIA:
        raise bad_request(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    known = INPUT_MEDIA[kind].split()
    for name in raw:
        if name not in known:
            raise bad_request(f'[simulator] unknown field "{name}" of InputMedia of type "{kind}"')
    fields: dict[str, Any] = {name: value for name, value in raw.items() if name not in {"type", "media"}}
    return kind, Params({**fields, kind: raw["media"]}, _not_named(call.params, kind))


def _not_named(params: Params, kind: str) -> dict[str, Any]:
    # An item names its upload with attach://; a part that happens to be called "photo" is not meant by itself.
    return {name: upload for name, upload in params.uploads.items() if name not in {kind, "thumbnail"}} | {
        name: upload for name, upload in params.uploads.items() if f"attach://{name}" in str(params.values)
    }


async def _send(call: Call, kind: str) -> JsonObject:
    markup = markup_of(call.params)
    chat = find_chat(call.world, call.bot, call.params)
    content = full_content(call, call.params, kind)
    message = deliver(call, chat, content, kind, reply_markup=markup)
    return render_message(call.world.state, call.bot.id, chat, message)


_VIDEO = "thumbnail width height duration show_caption_above_media has_spoiler"
#: By kind: the name of its method, its parameters beside those of all, and those that Telegram knows and we do not.
_METHODS: dict[str, tuple[str, str, str]] = {
    "photo": ("sendPhoto", f"{CAPTION} show_caption_above_media has_spoiler", ""),
    # Without `disable_content_type_detection` an uploaded GIF, MP4 or MP3 becomes what it is.
    "document": ("sendDocument", f"{CAPTION} thumbnail disable_content_type_detection", ""),
    "video": ("sendVideo", f"{CAPTION} {_VIDEO} supports_streaming", "cover start_timestamp"),
    "animation": ("sendAnimation", f"{CAPTION} {_VIDEO}", ""),
    "audio": ("sendAudio", f"{CAPTION} thumbnail duration performer title", ""),
    "voice": ("sendVoice", f"{CAPTION} duration", ""),
    "video_note": ("sendVideoNote", "thumbnail duration length", ""),
    "sticker": ("sendSticker", "emoji", ""),
}
for _kind, (_name, _own, _not_simulated) in _METHODS.items():
    method(_name, f"{SEND} {_kind} {_own}", f"{UNSUPPORTED} {_not_simulated}")(partial(_send, kind=_kind))


def check_mixture(kinds: list[str]) -> None:
    """Refuse an album of kinds that cannot stand together."""
    for kind in ("audio", "document"):
        if kind in kinds and set(kinds) != {kind}:
            raise bad_request(f"{kind} can't be mixed with other media types")


@method(
    "sendMediaGroup",
    f"{SEND.replace(' reply_markup', '')} media",
    "business_connection_id direct_messages_topic_id message_effect_id",
)
async def send_media_group(call: Call) -> list[JsonObject]:
    """Send an album; it has no buttons, and the answer lists its messages in order."""
    raw = call.params.json("media", "media")
    if raw is None:
        raise bad_request('parameter "media" is required')
    if not isinstance(raw, list):
        raise bad_request("expected an Array of InputMedia")
    items = [input_media(call, item, in_album=True) for item in raw]
    if not items:
        raise bad_request("there are no messages to send")
    if len(items) > MAX_ALBUM:
        raise bad_request("too many messages to send as an album")
    if len(items) < MIN_ALBUM:
        raise bad_request("[simulator] an album has 2-10 items")
    check_mixture([kind for kind, _ in items])
    chat = find_chat(call.world, call.bot, call.params)
    state = call.world.state
    contents = [(kind, full_content(call, params, kind, in_album=True)) for kind, params in items]
    state.next_media_group += 1
    messages = deliver_all(call, chat, contents, media_group_id=str(state.next_media_group))
    return [render_message(state, call.bot.id, chat, message) for message in messages]
