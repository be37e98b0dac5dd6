"""Methods that send what is neither text nor file: places, contacts, polls and dice."""

import math
import secrets
from typing import Any

from bridge.playground.botapi.access import find_chat, find_message
from bridge.playground.botapi.errors import bad_request, not_simulated
from bridge.playground.botapi.methods_send import SEND, UNSUPPORTED, deliver, markup_of
from bridge.playground.botapi.params import Params
from bridge.playground.botapi.polls import poll_content, stop
from bridge.playground.botapi.registry import Call, method
from bridge.playground.botapi.render import render_message, render_poll
from bridge.playground.botapi.state import JsonObject

_MAX_ACCURACY, _MAX_HEADING, _MAX_ALERT = 1500, 360, 100_000
_MIN_LIVE, _MAX_LIVE, _LIVE_FOREVER = 60, 86_400, 0x7FFFFFFF
_MAX_VCARD = 2048
#: The highest value of each dice.
DICE = {"🎲": 6, "🎯": 6, "🎳": 6, "🏀": 5, "⚽": 5, "🎰": 64}


def _number(params: Params, name: str) -> float | None:
    value: Any = params.values.get(name)
    if value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise bad_request(f'[simulator] parameter "{name}" must be a Float') from None
    if isinstance(value, bool):
        raise bad_request(f'[simulator] parameter "{name}" must be a Float')
    return number


def _place(params: Params, what: str) -> JsonObject:
    latitude, longitude = _number(params, "latitude"), _number(params, "longitude")
    for name, value in (("latitude", latitude), ("longitude", longitude)):
        if value is None:
            raise bad_request(f"{name} is empty")
        if not math.isfinite(value) or abs(value) > (90 if name == "latitude" else 180):
            raise bad_request(f"wrong {what} specified")
    return {"latitude": latitude, "longitude": longitude}


async def _send(call: Call, kind: str, content: JsonObject) -> JsonObject:
    markup = markup_of(call.params)
    chat = find_chat(call.world, call.bot, call.params)
    message = deliver(call, chat, content, kind, reply_markup=markup)
    return render_message(call.world.state, call.bot.id, chat, message)


@method(
    "sendLocation",
    f"{SEND} latitude longitude horizontal_accuracy live_period heading proximity_alert_radius",
    UNSUPPORTED,
)
async def send_location(call: Call) -> JsonObject:
    """Send a point on the map; with a `live_period` one that may move."""
    params = call.params
    place = _place(params, "location")
    accuracy = _number(params, "horizontal_accuracy")
    if accuracy is not None and not 0 <= accuracy <= _MAX_ACCURACY:
        raise bad_request("[simulator] horizontal_accuracy is 0-1500 metres")
    period, heading, alert = (params.integer(n) for n in ("live_period", "heading", "proximity_alert_radius"))
    if period and not _MIN_LIVE <= period <= _MAX_LIVE and period != _LIVE_FOREVER:
        raise bad_request("wrong live location period specified")
    if (heading or alert) and not period:
        raise bad_request("[simulator] heading and proximity_alert_radius belong to live locations")
    if heading and not 1 <= heading <= _MAX_HEADING:
        raise bad_request("wrong live location heading specified")
    if alert and not 1 <= alert <= _MAX_ALERT:
        raise bad_request("wrong live location proximity alert radius specified")
    optional = {
        "horizontal_accuracy": accuracy,
        "live_period": period,
        "heading": heading,
        "proximity_alert_radius": alert,
    }
    return await _send(call, "location", {"location": place | {n: v for n, v in optional.items() if v}})


@method(
    "sendVenue",
    f"{SEND} latitude longitude title address foursquare_id foursquare_type google_place_id google_place_type",
    UNSUPPORTED,
)
async def send_venue(call: Call) -> JsonObject:
    """Send a place with a name and an address."""
    params = call.params
    place = _place(params, "venue location")
    venue: JsonObject = {"location": place}
    for name in ("title", "address"):
        if not params.text(name):
            raise bad_request(f'[simulator] parameter "{name}" is required')
        venue[name] = params.text(name)
    for name in ("foursquare_id", "foursquare_type", "google_place_id", "google_place_type"):
        if params.text(name):
            venue[name] = params.text(name)
    return await _send(call, "venue", {"venue": venue, "location": place})


@method("sendContact", f"{SEND} phone_number first_name last_name vcard", UNSUPPORTED)
async def send_contact(call: Call) -> JsonObject:
    """Send somebody's phone number and name."""
    params = call.params
    contact: JsonObject = {}
    for name in ("phone_number", "first_name"):
        if not params.text(name):
            raise bad_request(f'parameter "{name}" is required')
    for name in ("phone_number", "first_name", "last_name", "vcard"):
        if params.text(name):
            contact[name] = params.text(name)
    if not any(char.isdigit() for char in contact["phone_number"]):
        raise bad_request("[simulator] a phone number has digits")
    if len(contact.get("vcard", "").encode()) > _MAX_VCARD:
        raise bad_request("[simulator] a vCard has at most 2048 bytes")
    return await _send(call, "contact", {"contact": contact})


@method(
    "sendDice",
    f"{SEND} emoji",
    UNSUPPORTED.replace(" ephemeral_message_parameters receiver_user_id callback_query_id", ""),
)
async def send_dice(call: Call) -> JsonObject:
    """Throw a dice; Telegram chooses the value."""
    emoji = call.params.text("emoji") or "🎲"
    if emoji not in DICE:
        raise bad_request("[simulator] a dice is one of " + " ".join(DICE))
    return await _send(call, "dice", {"dice": {"emoji": emoji, "value": 1 + secrets.randbelow(DICE[emoji])}})


@method(
    "sendPoll",
    f"{SEND} question options is_anonymous type allows_multiple_answers allows_revoting members_only"
    " correct_option_ids explanation open_period close_date is_closed",
    "business_connection_id message_effect_id question_parse_mode question_entities shuffle_options"
    " allow_adding_options hide_results_until_closes country_codes explanation_parse_mode explanation_entities"
    " explanation_media description description_parse_mode description_entities media correct_option_id",
)
async def send_poll(call: Call) -> JsonObject:
    """Send a poll or a quiz."""
    chat = find_chat(call.world, call.bot, call.params)
    if chat.type == "channel" and call.params.values.get("is_anonymous") in {False, "false"}:
        raise bad_request("non-anonymous polls can't be sent to channel chats")
    return await _send(call, "poll", {"poll": poll_content(call.world, call.params)})


@method("stopPoll", "chat_id message_id reply_markup", "business_connection_id")
async def stop_poll(call: Call) -> JsonObject:
    """Close a poll that this bot sent, and return its last state."""
    markup = markup_of(call.params, inline_only=True)
    chat = find_chat(call.world, call.bot, call.params)
    message = find_message(chat, call.params.integer("message_id"), "message with poll to stop")
    if "poll" not in message.content:
        raise bad_request("message is not a poll")
    if message.sender_id != call.bot.id and message.sender_chat_id != chat.id:
        raise bad_request("poll can't be stopped")
    if "forward_origin" in message.extra:
        raise not_simulated("stopping a forwarded poll")
    call.world.spend(call.bot.id, chat)
    stop(call.world, chat, message)
    message.reply_markup = markup
    return render_poll(message.content["poll"])
