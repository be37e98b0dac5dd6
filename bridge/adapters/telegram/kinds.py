"""The kinds of message that are not carried as themselves, in the words they hold."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from bridge.core.message import Uncarried, UncarriedKind

Fields = Mapping[str, Any]


def _names(lines: str) -> frozenset[str]:
    return frozenset(lines.split())


def _words(*names: str) -> Callable[[Fields], str]:
    """The values of these fields, those that are there."""
    return lambda item: " – ".join(text for name in names if (text := str(item.get(name) or "").strip()))


def _duration(item: Fields) -> str:
    seconds = item.get("duration")
    if isinstance(seconds, bool) or not isinstance(seconds, int) or seconds < 0:
        return ""
    return f"{seconds // 60}:{seconds % 60:02d}"


def _titled(*names: str) -> Callable[[Fields], str]:
    words = _words(*names)
    return lambda item: ", ".join(filter(None, (words(item), _duration(item))))


def _coordinates(item: Fields) -> str:
    latitude, longitude = item.get("latitude"), item.get("longitude")
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        return ""
    return f"{latitude:.5f}, {longitude:.5f}"


def _venue(item: Fields) -> str:
    place = item.get("location")
    where = _coordinates(place) if isinstance(place, Mapping) else ""
    return ", ".join(filter(None, (str(item.get("title") or ""), str(item.get("address") or ""), where)))


def _contact(item: Fields) -> str:
    """The name alone: the number is a third person's, and nobody asked them."""
    return " ".join(filter(None, (str(item.get("first_name") or ""), str(item.get("last_name") or ""))))


def _dice(item: Fields) -> str:
    return f"{item.get('emoji', '')} {item.get('value', '')}".strip()


def _named(name: str) -> Callable[[Fields], str]:
    return lambda _: name


# In this order: a venue comes with its location, an animation with a document of the same file.
_KINDS: Final[tuple[tuple[str, UncarriedKind, Callable[[Fields], str]], ...]] = (
    ("venue", UncarriedKind.VENUE, _venue),
    ("location", UncarriedKind.LOCATION, _coordinates),
    ("animation", UncarriedKind.ANIMATION, _titled("file_name")),
    ("sticker", UncarriedKind.STICKER, _words("emoji")),
    ("audio", UncarriedKind.AUDIO, _titled("performer", "title")),
    ("voice", UncarriedKind.VOICE, _duration),
    ("video", UncarriedKind.VIDEO, _titled("file_name")),
    ("video_note", UncarriedKind.VIDEO_NOTE, _duration),
    ("live_photo", UncarriedKind.VIDEO, _duration),
    ("contact", UncarriedKind.CONTACT, _contact),
    ("poll", UncarriedKind.POLL, _words("question")),
    ("dice", UncarriedKind.DICE, _dice),
    ("game", UncarriedKind.GAME, _words("title")),
    ("checklist", UncarriedKind.CHECKLIST, _words("title")),
    ("story", UncarriedKind.STORY, _words()),
    ("giveaway", UncarriedKind.GIVEAWAY, _words("prize_description")),
    ("giveaway_winners", UncarriedKind.GIVEAWAY, _words("prize_description")),
    ("invoice", UncarriedKind.UNKNOWN, _words("title", "description")),
    ("paid_media", UncarriedKind.UNKNOWN, _named("paid media")),
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


def uncarried(message: Fields) -> tuple[Uncarried, ...]:
    """What of a message is neither text, photo nor document. Never empty for a message that has none of these."""
    for name, kind, detail in _KINDS:
        item = message.get(name)
        if isinstance(item, Mapping):
            if name == "live_photo" and _carried(message):
                return ()
            return (Uncarried(kind=kind, detail=detail(item)),)
    if _carried(message):
        return ()
    foreign = sorted(name for name in message if name not in _ENVELOPE)
    return (Uncarried(kind=UncarriedKind.UNKNOWN, detail=", ".join(foreign)[:200].replace("_", " ")),)


def _carried(message: Fields) -> bool:
    return any(message.get(name) for name in ("text", "photo", "document"))
