"""Checks reply markup the way the Bot API server and Telegram's servers do between them."""

from typing import Any

from bridge.playground.botapi.entities import checked_url
from bridge.playground.botapi.errors import bad_request, not_simulated
from bridge.playground.botapi.params import check_fields
from bridge.playground.botapi.state import JsonObject

_ACTIONS = ("url", "callback_data", "switch_inline_query", "switch_inline_query_current_chat", "copy_text")
_UNSUPPORTED = ("web_app", "login_url", "switch_inline_query_chosen_chat", "callback_game", "pay", "disabled")
_STYLES = ("danger", "success", "primary")
_MAX_BUTTONS, _MAX_ROW, _MAX_DATA_BYTES, _MAX_COPY = 100, 8, 64, 256


def check_reply_markup(value: object, *, inline_only: bool) -> JsonObject | None:
    """Return the inline keyboard that a message keeps, or None for the other kinds; raise `ApiError` if malformed."""
    if not isinstance(value, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in value:
        check_fields(value, "InlineKeyboardMarkup", ("inline_keyboard",))
        return _inline(value["inline_keyboard"])
    if inline_only and value:
        raise bad_request("inline keyboard expected")
    if "keyboard" in value:
        allowed = ("keyboard", "is_persistent", "resize_keyboard", "one_time_keyboard", "selective")
        check_fields(value, "ReplyKeyboardMarkup", (*allowed, "input_field_placeholder"))
        _reply_keyboard(value["keyboard"])
    elif "remove_keyboard" in value:
        check_fields(value, "ReplyKeyboardRemove", ("remove_keyboard", "selective"))
    elif "force_reply" in value:
        check_fields(value, "ForceReply", ("force_reply", "input_field_placeholder", "selective"))
    elif value:
        check_fields(value, "reply_markup", ())
    for name, field in value.items():
        if name not in {"keyboard", "input_field_placeholder"} and not isinstance(field, bool):
            raise bad_request(f'field "{name}" of the reply markup must be of the type Boolean')
    return None


def _rows(value: object, kind: str, field: str) -> list[list[Any]]:
    if not isinstance(value, list):
        raise bad_request(f'field "{field}" of the {kind} must be an Array')
    if not all(isinstance(row, list) for row in value):
        raise bad_request(f'field "{field}" of the {kind} must be an Array of Arrays')
    rows = [row for row in value if row]
    if sum(map(len, rows)) > _MAX_BUTTONS:
        raise bad_request("reply markup is too long")
    if any(len(row) > _MAX_ROW for row in rows):
        # Telegram moves surplus buttons or hides them, depending on the client; no keyboard should rely on it.
        raise bad_request(f"[simulator] more than {_MAX_ROW} buttons in a row")
    return rows


def _inline(value: object) -> JsonObject | None:
    rows = _rows(value, "InlineKeyboardMarkup", "inline_keyboard")
    checked = [[_button(button) for button in row] for row in rows]
    return {"inline_keyboard": checked} if checked else None


def _button(button: object) -> JsonObject:
    prefix = "can't parse inline keyboard button: "
    if not isinstance(button, dict):
        raise bad_request(prefix + "InlineKeyboardButton must be an Object")
    if any(name in button for name in _UNSUPPORTED):
        raise not_simulated("this kind of inline keyboard button")
    check_fields(button, "InlineKeyboardButton", ("text", "style", "icon_custom_emoji_id", *_ACTIONS))
    for name, field in button.items():
        if name != "copy_text" and not isinstance(field, str):
            raise bad_request(f'{prefix}Field "{name}" must be of type String')
    if "text" not in button:
        raise bad_request(prefix + 'Can\'t find field "text"')
    if not button["text"].strip():
        raise bad_request("BUTTON_TEXT_INVALID")
    if "style" in button and button["style"] not in _STYLES:
        raise bad_request(prefix + "invalid button style specified")
    actions = [name for name in _ACTIONS if name in button and (button[name] or name.startswith("switch"))]
    if not actions:
        raise bad_request(prefix + "Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise bad_request(f"[simulator] a button must have exactly one action, not {', '.join(actions)}")
    if actions == ["callback_data"] and len(button["callback_data"].encode("utf-8", "surrogatepass")) > _MAX_DATA_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if actions == ["copy_text"]:
        text = check_fields(button["copy_text"], "CopyTextButton", ("text",)).get("text")
        if not isinstance(text, str) or not 1 <= len(text) <= _MAX_COPY:
            raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if actions == ["url"]:
        url = checked_url(button["url"])
        if url is None:
            raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
        return {**button, "url": url}
    return dict(button)


def _reply_keyboard(value: object) -> None:
    for row in _rows(value, "ReplyKeyboardMarkup", "keyboard"):
        for button in row:
            if isinstance(button, str):
                continue
            allowed = ("text", "style", "icon_custom_emoji_id", "request_contact", "request_location")
            check_fields(button, "KeyboardButton", allowed)
            if not isinstance(button.get("text"), str):
                raise bad_request("can't parse keyboard button: Can't find field \"text\"")
