"""Matrix events to the domain's events. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bridge.adapters.matrix import polls
from bridge.adapters.matrix.addresses import message_id
from bridge.adapters.matrix.message_in import Malformed, Parts, read_message, read_other
from bridge.adapters.matrix.payload import DELIVERY
from bridge.core.events import (
    BotMembershipChanged,
    ChatKind,
    ChatMoved,
    ChatRenamed,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    PollVoted,
    Reacted,
    Sender,
    Unreadable,
)
from bridge.core.hygiene import clean_line
from bridge.core.ids import AccountId, ChatId, RemoteRef, UserId, UserRef
from bridge.core.message import Uncarried, UncarriedKind

_COMMAND = re.compile(r"[/!][a-z]+(\s|$)")
_BEACONS = frozenset({"m.beacon_info", "org.matrix.msc3672.beacon_info"})
"""Somebody shares where they are, for a while: https://github.com/matrix-org/matrix-spec-proposals/pull/3672"""

Event = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class RoomView:
    """What must be known of a room to read its events."""

    account: AccountId
    us: str
    """Our own user id."""
    chat: ChatId
    kind: ChatKind = ChatKind.GROUP
    title: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    """Display names by user id."""
    private_room: str = ""
    """The room's own id where ``chat`` is a person: the private chat with them outlives the rooms it takes place in."""
    ballots: Mapping[str, polls.Ballot] = field(default_factory=dict)
    """What is known of polls by the id of their event: votes name answers by ids that only the poll explains."""


def to_event(event: object, room: RoomView, at: datetime) -> InboundEvent | None:
    """What a raw event of a room means; None where it means nothing to people. Never raises: see ``Unreadable``."""
    try:
        raw, event = json.dumps(event), _sound(event)
    except RecursionError:
        found = event.get("event_id") if isinstance(event, dict) else None
        raw = json.dumps({"event_id": found if isinstance(found, str) else "", "content": "nested too deeply"})
        event = None
    identifier = event.get("event_id") if isinstance(event, dict) else None
    key = identifier if isinstance(identifier, str) else ""
    key = key or "bad:" + hashlib.sha256(raw.encode()).hexdigest()
    try:
        if isinstance(event, dict) and identifier == key:
            return _Reading(event, room, key, at, raw).read()
        reason = "not an event"
    except Malformed as error:
        reason = str(error)
    except Exception as error:  # whatever a stranger sends must neither stop the loop nor vanish
        reason = type(error).__name__
    return Unreadable(account=room.account, chat=room.chat, key=key, at=at, raw=raw, reason=reason)


class _Reading:
    def __init__(self, event: Event, room: RoomView, key: str, at: datetime, raw: str) -> None:
        self.event, self.room, self.key, self.at, self.raw = event, room, key, at, raw
        self.type, self.content = _text_of(event, "type"), _object_of(event, "content")
        self.user = _text_of(event, "sender")
        unsigned = event.get("unsigned")
        self.unsigned: Event = unsigned if isinstance(unsigned, dict) else {}
        relation = self.content.get("m.relates_to")
        self.relation: Event = relation if isinstance(relation, dict) else {}

    def read(self) -> InboundEvent | None:
        if "state_key" in self.event:
            return self._state()
        if self.user == self.room.us:
            return None
        if self.type == "m.room.redaction":
            return self._redaction()
        if "redacted_because" in self.unsigned:
            return None  # the redaction comes as an event of its own
        if self.type == "m.reaction":
            return self._reaction()
        if self.type == "m.room.encrypted":
            return self._message(Parts(uncarried=(Uncarried(kind=UncarriedKind.ENCRYPTED),)))
        if self.type in polls.RESPONSES:
            return self._vote()
        parts = self._parts()
        return self._message(parts) if parts else None

    def _state(self) -> InboundEvent | None:
        if self.type == "m.room.member" and self.event["state_key"] == self.room.us:
            return self._membership()
        replacement = self.content.get("replacement_room")
        if self.type == "m.room.tombstone" and self.event["state_key"] == "" and isinstance(replacement, str):
            return ChatMoved(**self._common(), new_chat=ChatId(replacement))
        name = self.content.get("name")
        if self.type == "m.room.name" and self.room.kind is ChatKind.GROUP and isinstance(name, str) and name.strip():
            return ChatRenamed(**self._common(), title=name)
        if self.type in _BEACONS and self.user != self.room.us and self.content.get("live") is True:
            # Where they are comes as a stream of events, which would be a stream of posts: only its beginning is told.
            described = self.content.get("description")
            detail = clean_line(described) if isinstance(described, str) else ""
            return self._message(Parts(uncarried=(Uncarried(kind=UncarriedKind.LOCATION, detail=detail),)))
        return None

    def _membership(self) -> InboundEvent | None:
        now, before = _text_of(self.content, "membership"), previous_membership(self.event)
        if now == before or now not in ("join", "leave", "ban") or (now != "join" and before in ("invite", "knock")):
            return None
        if self.room.kind is ChatKind.PRIVATE:
            return None  # a person's room is no place that the account belongs to
        inviter = self.unsigned.get("prev_sender") if now == "join" else self.user
        actor = self._sender(inviter) if isinstance(inviter, str) and inviter != self.room.us else None
        return BotMembershipChanged(**self._common(), present=now == "join", chat_title=self.room.title, actor=actor)

    def _redaction(self) -> InboundEvent:
        # Version 11 of rooms moved the target into the content; servers add the old place for old clients. In older
        # rooms only the outer key counts, and anybody may write what they like into the content.
        # https://spec.matrix.org/v1.11/rooms/v11/#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property
        target = self.event.get("redacts")
        if not isinstance(target, str):
            target = _text_of(self.content, "redacts")
        return MessageDeleted(**self._common(), ref=self._ref(target), sender=self._sender(self.user))

    def _reaction(self) -> InboundEvent | None:
        if self.relation.get("rel_type") != "m.annotation":
            return None
        target, emoji = _text_of(self.relation, "event_id"), _text_of(self.relation, "key")
        return Reacted(
            **self._common(),
            ref=self._ref(target),
            sender=self._sender(self.user),
            emoji=emoji,
            reaction=self._ref(self.key).message,
        )

    def _vote(self) -> InboundEvent | None:
        target = _text_of(self.relation, "event_id")
        options = polls.read_vote(self.content, self.room.ballots.get(target))
        if options is None:
            return None  # of a poll that nobody here can see
        return PollVoted(**self._common(), ref=self._ref(target), sender=self._sender(self.user), options=options)

    def _parts(self) -> Parts | None:
        content: Event = self.content
        if self.relation.get("rel_type") == "m.replace":
            content = _object_of(self.content, "m.new_content")
        if self.type != "m.room.message":
            return read_other(self.type, content)
        name = self.room.names.get(self.user) or _localpart(self.user)
        return read_message(content, name, is_reply=self._in_reply_to() is not None)

    def _message(self, parts: Parts) -> InboundEvent:
        # Our own never come here: what bears the mark is another program's of our kind, or our former account's.
        new = self.content.get("m.new_content")
        marked = DELIVERY in self.content or (isinstance(new, dict) and DELIVERY in new)
        sender = replace(self._sender(self.user, bot=parts.bot or marked), says_bot=parts.bot and not marked)
        if self.relation.get("rel_type") == "m.replace":
            return MessageEdited(
                **self._common(),
                ref=self._ref(_text_of(self.relation, "event_id")),
                sender=sender,
                chat_kind=self.room.kind,
                text=parts.text,
                files=parts.files,
                uncarried=parts.uncarried,
                edit=message_id(self.key, self.room.private_room),
            )
        answered = self._answered()
        return MessagePosted(
            **self._common(),
            ref=self._ref(self.key),
            sender=sender,
            chat_kind=self.room.kind,
            chat_title=self.room.title,
            text=parts.text,
            files=parts.files,
            uncarried=parts.uncarried,
            reply_to=self._ref(answered) if answered else None,
            reply_excerpt=parts.reply_excerpt if answered and answered == self._in_reply_to() else "",
            is_command=_COMMAND.match(parts.text.text) is not None,
        )

    def _answered(self) -> str | None:
        """The message answered; for what is only said in a thread, the thread's beginning."""
        kind, root = self.relation.get("rel_type"), self.relation.get("event_id")
        meant = self._in_reply_to()
        # What a thread adds for apps that know no threads answers nothing:
        # https://spec.matrix.org/latest/client-server-api/#fallback-for-unthreaded-clients
        if (
            kind == "m.thread" and (meant is None or self.relation.get("is_falling_back") is True)
        ) or self.type in polls.ENDS:
            meant = root if isinstance(root, str) else None
        return meant

    def _in_reply_to(self) -> str | None:
        answered = self.relation.get("m.in_reply_to")
        target = answered.get("event_id") if isinstance(answered, dict) else None
        return target if isinstance(target, str) else None

    def _common(self) -> dict[str, Any]:
        return {
            "account": self.room.account,
            "chat": self.room.chat,
            "key": self.key,
            "at": self.at,
            "raw": self.raw,
        }

    def _ref(self, event_id: str) -> RemoteRef:
        return RemoteRef(self.room.account, self.room.chat, message_id(event_id, self.room.private_room))

    def _sender(self, user: str, *, bot: bool = False) -> Sender:
        return Sender(
            ref=UserRef(self.room.account, UserId(user)),
            name=self.room.names.get(user) or _localpart(user),
            handle=user,
            bot=bot,
            direct=ChatId(user),
        )


def previous_membership(event: Event) -> str | None:
    """The membership that a member event replaced; None where the server does not say."""
    unsigned = event.get("unsigned")
    before = unsigned.get("prev_content") if isinstance(unsigned, dict) else None
    membership = before.get("membership") if isinstance(before, dict) else None
    return membership if isinstance(membership, str) else None


def _localpart(user: str) -> str:
    return user.removeprefix("@").partition(":")[0] or user


def _text_of(holder: Event, key: str) -> str:
    value = holder.get(key)
    if not isinstance(value, str):
        raise Malformed(f"no {key} in the event")
    return value


def _object_of(holder: Event, key: str) -> Event:
    value = holder.get(key)
    if not isinstance(value, dict):
        raise Malformed(f"no {key} in the event")
    return value


def _sound(value: Any) -> Any:
    """The same JSON without what no database can hold: halves of surrogate pairs and NUL."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode().replace("\0", "")
    if isinstance(value, dict):
        return {_sound(key): _sound(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_sound(entry) for entry in value]
    return value
