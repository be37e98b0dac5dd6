"""The kinds of message that are neither text nor file, in all the words they hold."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bridge.core.ids import AccountId, UserId, UserRef
from bridge.core.message import Place, Poll, Uncarried, UncarriedKind

Fields = Mapping[str, Any]


def _names(lines: str) -> frozenset[str]:
    return frozenset(lines.split())


def _text(item: Fields, name: str) -> str:
    value = item.get(name)
    return value.strip() if isinstance(value, str) else ""


def _object(item: Fields, name: str) -> Fields:
    value = item.get(name)
    return value if isinstance(value, Mapping) else {}


def _items(item: Fields, name: str) -> list[Fields]:
    value = item.get(name)
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _count(item: Fields, name: str) -> int:
    value = item.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _words(*names: str) -> Callable[[Fields], str]:
    """The values of these fields, those that are there."""
    return lambda item: " – ".join(text for name in names if (text := _text(item, name)))


# --- places ---------------------------------------------------------------------------------------------------------


def _degrees(item: Fields, name: str, most: int) -> float | None:
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        return None
    return float(value)


def _place(item: Fields, title: str = "", address: str = "") -> Place | None:
    latitude, longitude = _degrees(item, "latitude", 90), _degrees(item, "longitude", 180)
    if latitude is None or longitude is None:
        return None
    accuracy = _degrees(item, "horizontal_accuracy", 1500)
    return Place(latitude=latitude, longitude=longitude, title=title, address=address, accuracy=accuracy)


def _coordinates(place: Place | None) -> str:
    return f"{place.latitude:.5f}, {place.longitude:.5f}" if place else ""


def _location(item: Fields) -> Uncarried:
    place = _place(item)
    kind = UncarriedKind.LIVE_LOCATION if "live_period" in item else UncarriedKind.LOCATION
    return Uncarried(kind=kind, detail=_coordinates(place), place=place)


def _venue(item: Fields) -> Uncarried:
    title, address = _text(item, "title"), _text(item, "address")
    place = _place(_object(item, "location"), title, address)
    words = ", ".join(filter(None, (title, address, _coordinates(place))))
    return Uncarried(kind=UncarriedKind.VENUE, detail=words, place=place)


# --- what people choose and tick ------------------------------------------------------------------------------------


def _poll(item: Fields) -> Uncarried:
    question, options = _text(item, "question"), _items(item, "options")
    answers = tuple(text for option in options if (text := _text(option, "text")))
    voted = [(text, _count(option, "voter_count")) for option in options if (text := _text(option, "text"))]
    lines = (f"{n}. {text}" + (f" ({votes})" if votes else "") for n, (text, votes) in enumerate(voted, 1))
    poll = Poll(question=question, options=answers, multiple=item.get("allows_multiple_answers") is True)
    detail = "\n".join(filter(None, (question, *lines)))
    return Uncarried(kind=UncarriedKind.POLL, detail=detail, poll=poll if question and answers else None)


def _checklist(item: Fields) -> str:
    ticks = (("☑" if _count(task, "completion_date") else "☐", task) for task in _items(item, "tasks"))
    tasks = (f"{tick} {_text(task, 'text')}" for tick, task in ticks)
    return "\n".join(filter(None, (_text(item, "title"), *tasks)))


# --- the rest -------------------------------------------------------------------------------------------------------


def _full_name(item: Fields) -> str:
    return " ".join(filter(None, (_text(item, "first_name"), _text(item, "last_name"))))


def _contact(item: Fields) -> str:
    """With the number: moderators must see all that would go out."""
    return ", ".join(filter(None, (_full_name(item), _text(item, "phone_number"))))


def _dice(item: Fields) -> str:
    return f"{item.get('emoji', '')} {item.get('value', '')}".strip()


def _chat(item: Fields) -> str:
    return _text(item, "title") or _full_name(item) or _text(item, "username")


def _story(item: Fields) -> str:
    return _chat(_object(item, "chat"))


def _giveaway(item: Fields) -> str:
    """What is to be had, how many times, and who gives it or has won it."""
    months, stars = _count(item, "premium_subscription_month_count"), _count(item, "prize_star_count")
    paid = (f"Telegram Premium ({months})" if months else "", f"⭐ {stars}" if stars else "")
    what = " + ".join(filter(None, (_text(item, "prize_description"), *paid)))
    winners = _count(item, "winner_count")
    people = [_full_name(user) for user in _items(item, "winners")] or [_chat(chat) for chat in _items(item, "chats")]
    if winners and what:
        what += f" × {winners}"
    return " – ".join(filter(None, (what, ", ".join(filter(None, people)))))


_NO_CENTS: Final = _names("CLP ISK JPY KRW PYG UGX VND XTR")
"""https://core.telegram.org/bots/payments/currencies.json"""


def _invoice(item: Fields) -> str:
    currency, amount = _text(item, "currency"), _count(item, "total_amount")
    price = f"{amount} {currency}" if currency in _NO_CENTS else f"{amount / 100:.2f} {currency}"
    return " – ".join(filter(None, (_words("title", "description")(item), price if currency else "")))


def _paid_media(item: Fields) -> str:
    stars = _count(item, "star_count")
    return f"⭐ {stars}" if stars else ""


# In this order: a venue comes with its location.
_OTHERS: Final[tuple[tuple[str, UncarriedKind, Callable[[Fields], str]], ...]] = (
    ("contact", UncarriedKind.CONTACT, _contact),
    ("dice", UncarriedKind.DICE, _dice),
    ("game", UncarriedKind.GAME, _words("title", "description", "text")),
    ("checklist", UncarriedKind.CHECKLIST, _checklist),
    ("story", UncarriedKind.STORY, _story),
    ("giveaway", UncarriedKind.GIVEAWAY, _giveaway),
    ("giveaway_winners", UncarriedKind.GIVEAWAY, _giveaway),
    ("invoice", UncarriedKind.PAID, _invoice),
    ("paid_media", UncarriedKind.PAID, _paid_media),
)

_NO_MESSAGE: Final = _names(
    """
    boost_added channel_chat_created chat_background_set chat_owner_changed chat_owner_left chat_shared
    checklist_tasks_added checklist_tasks_done connected_website delete_chat_photo direct_message_price_changed
    forum_topic_closed forum_topic_created forum_topic_edited forum_topic_reopened general_forum_topic_hidden
    general_forum_topic_unhidden gift gift_upgrade_sent giveaway_completed giveaway_created group_chat_created
    left_chat_member managed_bot_created message_auto_delete_timer_changed migrate_from_chat_id new_chat_members
    new_chat_photo new_chat_title paid_message_price_changed passport_data pinned_message poll_option_added
    poll_option_deleted proximity_alert_triggered refunded_payment successful_payment suggested_post_approval_failed
    suggested_post_approved suggested_post_declined suggested_post_paid suggested_post_refunded supergroup_chat_created
    unique_gift users_shared video_chat_ended video_chat_participants_invited video_chat_scheduled video_chat_started
    web_app_data write_access_allowed
    """
)
"""Telegram's own notices, which nobody wrote."""

_ENVELOPE: Final = _names(
    """
    author_signature business_connection_id caption caption_entities chat date direct_messages_topic edit_date
    effect_id entities external_reply forward_date forward_from forward_from_chat forward_from_message_id
    forward_origin forward_sender_name forward_signature from guest_bot_caller_chat guest_bot_caller_user
    guest_query_id has_media_spoiler has_protected_content is_automatic_forward is_from_offline is_paid_post
    is_topic_message link_preview_options media_group_id message_id message_thread_id paid_star_count quote
    reply_markup reply_to_checklist_task_id reply_to_message reply_to_poll_option_id reply_to_story
    sender_boost_count sender_business_bot sender_chat sender_tag show_caption_above_media suggested_post_info via_bot
    """
)
"""What says something about a message without being its content."""


def is_notice(message: Fields) -> bool:
    """Is this Telegram's notice of something that happened, and nobody's message?"""
    return not _NO_MESSAGE.isdisjoint(message)


def wanders(message: Fields) -> bool:
    """Is this the place of somebody or something, which Telegram edits whenever it moves?"""
    return isinstance(message.get("location"), Mapping) and "venue" not in message


def uncarried(message: Fields, account: AccountId, *, has_file: bool) -> tuple[Uncarried, ...]:
    """What of a message is neither text nor file. Never empty for a message that has neither."""
    origin = message.get("forward_origin")
    whose = (_forwarded(origin, account),) if isinstance(origin, Mapping) else ()
    return (*whose, *_content(message, has_file))


def _forwarded(origin: Fields, account: AccountId) -> Uncarried:
    sender = _object(origin, "sender_user")
    chat = _object(origin, "sender_chat") or _object(origin, "chat")
    name = _full_name(sender) or _text(origin, "sender_user_name") or _chat(chat)
    signature = _text(origin, "author_signature")
    number = sender.get("id")
    return Uncarried(
        kind=UncarriedKind.FORWARDED,
        detail=", ".join(filter(None, (name, signature))),
        whose=str(UserRef(account, UserId(str(number)))) if isinstance(number, int) else "",
    )


def _content(message: Fields, has_file: bool) -> tuple[Uncarried, ...]:
    for name, read in (("venue", _venue), ("location", _location), ("poll", _poll)):
        item = message.get(name)
        if isinstance(item, Mapping):
            return (read(item),)
    for name, kind, words in _OTHERS:
        item = message.get(name)
        if isinstance(item, Mapping):
            return (Uncarried(kind=kind, detail=words(item)),)
    if has_file or message.get("text"):
        return ()
    foreign = sorted(name for name in message if name not in _ENVELOPE)
    return (Uncarried(kind=UncarriedKind.UNKNOWN, detail=", ".join(foreign)[:200].replace("_", " ")),)
