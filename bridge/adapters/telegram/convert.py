"""Between Telegram's JSON and our events and contents. Pure: plain dictionaries in and out, no network, no clock."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from telegram.constants import UpdateType

from bridge.adapters.telegram.entities import to_rich_text
from bridge.adapters.telegram.files import files
from bridge.adapters.telegram.kinds import is_notice, uncarried, wanders
from bridge.adapters.telegram.payload import body, fits, to_edit, to_payload
from bridge.adapters.telegram.raw import in_ascii, storable
from bridge.core.events import (
    BotMembershipChanged,
    ButtonPressed,
    ChatKind,
    ChatMoved,
    ChatRenamed,
    InboundEvent,
    MessageEdited,
    MessagePosted,
    PollCounted,
    PollVoted,
    ReactionsCounted,
    ReactionsSet,
    Sender,
    Unreadable,
)
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.text import RichText

__all__ = ["Me", "body", "fits", "is_present", "moved", "read_update", "to_edit", "to_event", "to_payload"]

Fields = Mapping[str, Any]

_CHAT_KINDS: Final = {"private": ChatKind.PRIVATE, "channel": ChatKind.CHANNEL}
_PRESENT: Final = ("creator", "administrator", "member")
_POSTED: Final = ("message", "channel_post")
_EDITED: Final = ("edited_message", "edited_channel_post")
_OTHERS: Final = (
    "callback_query",
    "my_chat_member",
    "message_reaction",
    "message_reaction_count",
    "poll",
    "poll_answer",
)
_UNWANTED: Final = frozenset(UpdateType) - {*_POSTED, *_EDITED, *_OTHERS}
"""Kinds we do not ask for; a few may still come that were queued under an older list."""
_OWN_REACTION: Final = "🔹"
_EXCERPT: Final = 200
"""Code points of the answered message that are kept."""


@dataclass(frozen=True)
class Me:
    """Who we are over there."""

    id: int
    username: str = ""


def read_update(account: AccountId, update: object, me: Me, at: datetime) -> InboundEvent | None:
    """As ``to_event``, for whatever comes: what it cannot read becomes ``Unreadable``. Never raises."""
    try:
        return to_event(account, _object(storable(update)), me, at)
    except Exception as error:  # whatever a stranger can put into JSON: it must reach a person, not stop the loop
        raw = in_ascii(update)
        number = update.get("update_id") if isinstance(update, Mapping) else None
        readable = isinstance(number, int) and not isinstance(number, bool)
        key = f"u{number}" if readable else "x" + hashlib.sha256(raw.encode()).hexdigest()[:32]
        reason = f"cannot be read as an update ({type(error).__name__})"
        return Unreadable(account=account, chat=ChatId(""), key=key, at=at, raw=raw, reason=reason)


def to_event(account: AccountId, update: Fields, me: Me, at: datetime) -> InboundEvent | None:
    """What an update tells us; None for what is nobody's message (service notices, our own messages).

    Raises LookupError, TypeError or ValueError for an update that is not as documented.
    """
    reader = _Reader(account, update, me, at)
    for kind in _POSTED:
        if kind in update:
            return reader.posted(_object(update[kind]))
    for kind in _EDITED:
        if kind in update:
            return reader.edited(_object(update[kind]))
    others = (
        reader.pressed,
        reader.membership,
        reader.reacted,
        reader.reactions_counted,
        reader.poll_counted,
        reader.poll_voted,
    )
    for kind, read in zip(_OTHERS, others, strict=True):
        if kind in update:
            return read(_object(update[kind]))
    if not _UNWANTED.isdisjoint(update):
        return None
    raise ValueError("an unknown kind of update")


def message_link(ref: RemoteRef) -> str | None:
    """``https://t.me/c/...``; only messages of supergroups and their topics have one."""
    # https://core.telegram.org/api/links#message-links
    match = re.fullmatch(r"-100(\d+)((?:/\d+)?)", ref.chat)
    return f"https://t.me/c/{match[1]}{match[2]}/{ref.message}" if match and ref.message.isdecimal() else None


def moved(account: AccountId, old: str, new: int, at: datetime, raw: str = "") -> ChatMoved:
    """A group became a supergroup. However we learn of it, it is one event."""
    chat = ChatId(old)
    return ChatMoved(account=account, chat=chat, key=f"moved{old}>{new}", at=at, raw=raw, new_chat=ChatId(str(new)))


class _Reader:
    """One update being read."""

    def __init__(self, account: AccountId, update: Fields, me: Me, at: datetime) -> None:
        self.account, self.me, self.at = account, me, at
        self.raw = json.dumps(update, ensure_ascii=False, separators=(",", ":"))
        self.key = f"u{_integer(update['update_id'])}"

    def common(self, chat: ChatId) -> dict[str, Any]:
        return {"account": self.account, "chat": chat, "key": self.key, "at": self.at, "raw": self.raw}

    def posted(self, message: Fields) -> InboundEvent | None:
        if "migrate_to_chat_id" in message:
            old = str(_integer(_object(message["chat"])["id"]))
            return moved(self.account, old, _integer(message["migrate_to_chat_id"]), self.at, self.raw)
        if "migrate_from_chat_id" in message:
            new = _integer(_object(message["chat"])["id"])
            return moved(self.account, str(_integer(message["migrate_from_chat_id"])), new, self.at, self.raw)
        if "new_chat_title" in message:
            here = ChatId(str(_integer(_object(message["chat"])["id"])))
            return ChatRenamed(**self.common(here), title=str(message["new_chat_title"]))
        if self._ours(message) or is_notice(message):
            return None
        text, is_command = self._text(message)
        if text is None:
            return None
        ref = self._ref(message)
        chat = _object(message["chat"])
        answered, excerpt = self._answered(message)
        shown = files(message)
        return MessagePosted(
            **self.common(ref.chat),
            ref=ref,
            sender=self._sender(message),
            chat_kind=_CHAT_KINDS.get(str(chat["type"]), ChatKind.GROUP),
            chat_title=str(chat.get("title") or ""),
            text=text,
            files=shown,
            uncarried=uncarried(message, self.account, has_file=bool(shown)),
            album=str(message.get("media_group_id") or ""),
            reply_to=answered,
            reply_excerpt=excerpt,
            is_command=is_command,
        )

    def edited(self, message: Fields) -> InboundEvent | None:
        if self._ours(message) or is_notice(message) or wanders(message):
            return None
        text, _ = self._text(message)
        if text is None:
            return None
        ref = self._ref(message)
        shown = files(message)
        return MessageEdited(
            **self.common(ref.chat),
            ref=ref,
            sender=self._sender(message),
            chat_kind=_CHAT_KINDS.get(str(_object(message["chat"])["type"]), ChatKind.GROUP),
            text=text,
            files=shown,
            uncarried=uncarried(message, self.account, has_file=bool(shown)),
        )

    def pressed(self, query: Fields) -> InboundEvent | None:
        if "data" not in query:
            return None  # a game's button: none of ours
        message = query.get("message")
        # A message too old to be shown has only its chat and id.
        ref = self._ref(message) if isinstance(message, Mapping) else None
        return ButtonPressed(
            **self.common(ref.chat if ref else ChatId("")),
            ref=ref,
            sender=self._person(_object(query["from"])),
            handle=str(query["data"]),
            press=str(query["id"]),
        )

    def membership(self, change: Fields) -> InboundEvent | None:
        chat = _object(change["chat"])
        before, after = (is_present(_object(change[name])) for name in ("old_chat_member", "new_chat_member"))
        if before == after:
            return None  # only rights changed
        return BotMembershipChanged(
            **self.common(ChatId(str(_integer(chat["id"])))),
            present=after,
            chat_title=str(chat.get("title") or ""),
            actor=self._person(_object(change["from"])) if "from" in change else None,
        )

    def reacted(self, change: Fields) -> InboundEvent | None:
        # Neither this nor the count names the topic: ids are one series for all topics of a group.
        ref = self._ref(change)
        someone = change.get("user")
        sender = self._person(_object(someone)) if someone is not None else self._chat_as_sender(change["actor_chat"])
        if sender.ref.user == str(self.me.id):
            return None
        emojis = tuple(dict.fromkeys(_emoji(_object(each)) for each in _list(change["new_reaction"])))
        return ReactionsSet(**self.common(ref.chat), ref=ref, sender=sender, emojis=emojis)

    def reactions_counted(self, change: Fields) -> InboundEvent:
        ref = self._ref(change)
        counts: dict[str, int] = {}
        for each in map(_object, _list(change["reactions"])):
            emoji = _emoji(_object(each["type"]))
            counts[emoji] = counts.get(emoji, 0) + _integer(each["total_count"])
        return ReactionsCounted(**self.common(ref.chat), ref=ref, counts=tuple(counts.items()))

    def poll_counted(self, poll: Fields) -> InboundEvent:
        counts = tuple(_integer(_object(option)["voter_count"]) for option in _list(poll["options"]))
        ref = self._poll_ref(poll["id"])
        return PollCounted(**self.common(ref.chat), ref=ref, counts=counts, closed=poll.get("is_closed") is True)

    def poll_voted(self, vote: Fields) -> InboundEvent:
        someone = vote.get("user")
        sender = self._person(_object(someone)) if someone is not None else self._chat_as_sender(vote["voter_chat"])
        options = tuple(map(_integer, _list(vote["option_ids"])))
        ref = self._poll_ref(vote["poll_id"])
        return PollVoted(**self.common(ref.chat), ref=ref, sender=sender, options=options)

    def _poll_ref(self, poll: object) -> RemoteRef:
        """Telegram names only the poll: ``polls.py`` knows which message it is."""
        if not isinstance(poll, str):
            raise TypeError("a poll's id is a string")
        return RemoteRef(self.account, ChatId(""), MessageId(poll))

    def _ours(self, message: Fields) -> bool:
        sender = message.get("from")
        return isinstance(sender, Mapping) and sender.get("id") == self.me.id

    def _ref(self, message: Fields) -> RemoteRef:
        chat = str(_integer(_object(message["chat"])["id"]))
        # A reply in an ordinary supergroup carries a thread id too, and the General topic is written to without one.
        if message.get("is_topic_message") is True and "message_thread_id" in message:
            chat += f"/{_integer(message['message_thread_id'])}"
        return RemoteRef(self.account, ChatId(chat), MessageId(str(_integer(message["message_id"]))))

    def _sender(self, message: Fields) -> Sender:
        chat = message.get("sender_chat")
        if not isinstance(chat, Mapping) and "from" in message:
            return self._person(_object(message["from"]))
        # The `from` beside a sender_chat is one of Telegram's stand-ins, the same for every anonymous sender.
        sender = self._chat_as_sender(chat if isinstance(chat, Mapping) else message["chat"])
        # A channel's post, copied into its discussion group by Telegram: it may be one of ours coming back.
        return replace(sender, bot=message.get("is_automatic_forward") is True)

    def _chat_as_sender(self, chat: object) -> Sender:
        chat = _object(chat)
        return Sender(
            ref=UserRef(self.account, UserId(str(_integer(chat["id"])))),
            name=str(chat.get("title") or chat.get("first_name") or ""),
            handle=_handle(chat),
            anonymous=True,
        )

    def _person(self, user: Fields) -> Sender:
        number, bot = str(_integer(user["id"])), user.get("is_bot") is True
        return Sender(
            ref=UserRef(self.account, UserId(number)),
            name=" ".join(filter(None, (str(user.get("first_name") or ""), str(user.get("last_name") or "")))),
            handle=_handle(user),
            language=str(user.get("language_code") or ""),
            bot=bot,
            direct=None if bot else ChatId(number),
        )

    def _text(self, message: Fields) -> tuple[RichText | None, bool]:
        """The words and whether they are a command to us; None where they are one to another bot."""
        text, entities = message.get("text", message.get("caption", "")), message.get("entities")
        if "text" not in message:
            entities = message.get("caption_entities")
        if not isinstance(text, str):
            raise TypeError("text is a string")
        rich = to_rich_text(text, entities)
        length = _command_length(entities)
        name, at, addressee = text[:length].partition("@")
        if not length:
            return rich, False
        if at and addressee.lower() != self.me.username.lower():
            return None, False
        return _without(rich, len(name), length), True

    def _answered(self, message: Fields) -> tuple[RemoteRef | None, str]:
        quote = message.get("quote")
        words = str(quote.get("text") or "") if isinstance(quote, Mapping) else ""
        answered = message.get("reply_to_message")
        if isinstance(answered, Mapping):
            ref = self._ref(answered)
            topic = message.get("is_topic_message") is True and str(message.get("message_thread_id")) == ref.message
            if topic or "forum_topic_created" in answered:
                return None, ""  # every message in a topic answers the notice that opened it
            words = words or str(answered.get("text") or answered.get("caption") or "")
            return ref, _excerpt(words)
        elsewhere = message.get("external_reply")  # in another chat or topic
        if isinstance(elsewhere, Mapping) and "message_id" in elsewhere and "chat" in elsewhere:
            return self._ref(elsewhere), _excerpt(words)
        return None, _excerpt(words)


# --- the plain parts ------------------------------------------------------------------------------------------------


def _object(value: object) -> Fields:
    if not isinstance(value, Mapping):
        raise TypeError("an object was expected")
    return value


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError("a whole number was expected")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("a list was expected")
    return value


def _emoji(reaction: Fields) -> str:
    """A reaction as one character; of a sticker set's own ones only an id is told."""
    kind = reaction["type"]
    return str(reaction["emoji"]) if kind == "emoji" else "⭐" if kind == "paid" else _OWN_REACTION


def is_present(member: Fields) -> bool:
    """Is somebody in a chat, by what Telegram says of them as its member?"""
    status = member["status"]
    return status in _PRESENT or (status == "restricted" and member.get("is_member") is True)


def _handle(owner: Fields) -> str:
    return f"@{owner['username']}" if owner.get("username") else ""


def _excerpt(words: str) -> str:
    return RichText(words.strip()).shortened(_EXCERPT).text


def _command_length(entities: object) -> int:
    """How long the command is that a text begins with; commands are ASCII, so the units do not matter."""
    first = entities[0] if isinstance(entities, list) and entities else None
    if not isinstance(first, Mapping) or first.get("type") != "bot_command" or first.get("offset") != 0:
        return 0
    return max(0, _integer(first.get("length")))


def _without(text: RichText, start: int, end: int) -> RichText:
    """Leave ``[start, end)`` out; marks close up around it."""

    def moved_to(position: int) -> int:
        return min(position, start) + max(0, position - end)

    marks = (replace(mark, start=moved_to(mark.start), end=moved_to(mark.end)) for mark in text.marks)
    return RichText.clipped(text.text[:start] + text.text[end:], marks)
