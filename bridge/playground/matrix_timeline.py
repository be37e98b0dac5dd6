"""What a Matrix app shows of a room: fed with the events of /sync, it gives the timeline as a person sees it. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Event = Mapping[str, Any]
POLL = "org.matrix.msc3381.poll.start"
VOTE = "org.matrix.msc3381.poll.response"
_TEXT = "org.matrix.msc1767.text"


@dataclass(frozen=True, kw_only=True)
class Media:
    """A picture or file of a message; ``size`` in bytes, 0 when unknown."""

    mxc: str
    filename: str
    mimetype: str
    size: int
    covered: bool = False
    """Shown only when asked for."""
    spoken: bool = False
    """A voice message, which is shown under no name."""
    seconds: float = 0.0
    """How long it plays, where that is told."""


@dataclass(frozen=True, kw_only=True)
class ShownPoll:
    """A question; ``options`` are the answers by their ids, ``votes`` the answers of each who voted."""

    question: str
    options: dict[str, str]
    votes: dict[str, tuple[str, ...]]

    def count(self, option: str) -> int:
        return sum(option in chosen for chosen in self.votes.values())


@dataclass(frozen=True, kw_only=True)
class TimelineItem:
    """One message with everything that happened to it. ``reactions`` counts people per key, in order of first use."""

    event_id: str
    sender: str
    sender_name: str
    kind: str
    """The ``msgtype``: ``m.text``, ``m.notice``, ``m.image``, ..."""
    body: str
    html: str | None
    reply_to: str | None
    thread: str | None
    edited: bool
    reactions: dict[str, int]
    media: Media | None
    timestamp_ms: int
    poll: ShownPoll | None = None
    place: str = ""
    """The ``geo:`` address of a place on the map."""


@dataclass
class Member:
    membership: str
    displayname: str


@dataclass(frozen=True)
class _Edit:
    target: str
    sender: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class _Reaction:
    target: str
    sender: str
    key: str


@dataclass(frozen=True)
class _Vote:
    target: str
    sender: str
    answers: tuple[str, ...]


@dataclass
class Room:
    """One room as one user sees it. Events may be applied twice; the second time changes nothing."""

    room_id: str
    membership: str = "join"
    """The user's own: join, invite or leave (also when kicked or banned)."""
    name: str = ""
    topic: str = ""
    creator: str = ""
    encrypted: bool = False
    power_levels: Mapping[str, Any] = field(default_factory=dict)
    members: dict[str, Member] = field(default_factory=dict)
    replacement: str | None = None
    """The room that took this one's place (``m.room.tombstone``)."""
    _seen: set[str] = field(default_factory=set, repr=False)
    _messages: dict[str, Event] = field(default_factory=dict, repr=False)
    _edits: dict[str, _Edit] = field(default_factory=dict, repr=False)
    _reactions: dict[str, _Reaction] = field(default_factory=dict, repr=False)
    _redacted: set[str] = field(default_factory=set, repr=False)
    _votes: dict[str, _Vote] = field(default_factory=dict, repr=False)

    @property
    def timeline(self) -> list[TimelineItem]:
        """The messages, oldest first: edits applied, redacted ones gone."""
        return [self._item(event_id, event) for event_id, event in self._messages.items() if self._alive(event_id)]

    def find(self, text: str) -> TimelineItem | None:
        """The newest message whose body contains ``text``."""
        return next((item for item in reversed(self.timeline) if text in item.body), None)

    def item(self, event_id: str) -> TimelineItem | None:
        """That message as it stands now; None when unknown or redacted."""
        event = self._messages.get(event_id)
        return self._item(event_id, event) if event is not None and self._alive(event_id) else None

    def reaction_id(self, event_id: str, sender: str, key: str) -> str | None:
        """The event with which ``sender`` reacted by ``key``: redact it to take the reaction back."""
        wanted = _Reaction(event_id, sender, key)
        return next((made for made, found in self._reactions.items() if found == wanted and self._alive(made)), None)

    def has_seen(self, event_id: str) -> bool:
        return event_id in self._seen

    def is_new(self) -> bool:
        """Whether nothing of its timeline is known yet."""
        return not self._seen

    def apply_state(self, events: Iterable[Event]) -> None:
        """State events, from the ``state`` or ``invite_state`` part of a sync or from the timeline."""
        for event in events:
            self._apply_state(event)

    def apply_timeline(self, events: Iterable[Event]) -> None:
        """Timeline events, oldest first, following what was applied before."""
        for event in events:
            event_id = str(event.get("event_id", ""))
            if event_id in self._seen:
                continue
            self._seen.add(event_id)
            if "state_key" in event:
                self._apply_state(event)
            else:
                self._apply_message(event_id, event)

    def _apply_message(self, event_id: str, event: Event) -> None:
        kind, content, sender = event.get("type"), _mapping(event.get("content")), str(event.get("sender", ""))
        relation = _mapping(content.get("m.relates_to"))
        target = str(relation.get("event_id", ""))
        if kind == "m.room.redaction":
            # Room version 11 moved the target into the content: https://spec.matrix.org/v1.13/rooms/v11/
            self._redacted.add(str(content.get("redacts") or event.get("redacts") or ""))
        elif kind == "m.reaction" and relation.get("rel_type") == "m.annotation":
            self._reactions[event_id] = _Reaction(target, sender, str(relation.get("key", "")))
        elif kind == "m.room.message" and relation.get("rel_type") == "m.replace":
            self._edits[event_id] = _Edit(target, sender, _mapping(content.get("m.new_content")))
        elif kind == VOTE:
            answers = _mapping(content.get(VOTE)).get("answers")
            chosen = tuple(map(str, answers)) if isinstance(answers, list) else ()
            self._votes[event_id] = _Vote(target, sender, chosen)
        elif kind in ("m.room.encrypted", "m.sticker", POLL) or (kind == "m.room.message" and "msgtype" in content):
            self._messages[event_id] = event

    def _apply_state(self, event: Event) -> None:
        content = _mapping(event.get("content"))
        match event.get("type"):
            case "m.room.create":
                self.creator = str(event.get("sender", ""))
            case "m.room.name":
                self.name = str(content.get("name", ""))
            case "m.room.topic":
                self.topic = str(content.get("topic", ""))
            case "m.room.encryption":
                self.encrypted = True
            case "m.room.power_levels":
                self.power_levels = content
            case "m.room.tombstone":
                self.replacement = str(content.get("replacement_room", "")) or None
            case "m.room.member":
                user = str(event.get("state_key", ""))
                known = self.members.get(user)
                name = str(content.get("displayname") or (known.displayname if known else "") or user)
                self.members[user] = Member(str(content.get("membership", "leave")), name)

    def _alive(self, event_id: str) -> bool:
        return event_id not in self._redacted

    def _item(self, event_id: str, event: Event) -> TimelineItem:
        sender = str(event["sender"])
        original = _mapping(event.get("content"))
        edits = [
            edit.content
            for made, edit in self._edits.items()
            if edit.target == event_id and edit.sender == sender and self._alive(made) and edit.content
        ]
        content = edits[-1] if edits else original
        encrypted = event.get("type") == "m.room.encrypted"
        # An edit never changes what a message replies to:
        # https://spec.matrix.org/v1.13/client-server-api/#edits-of-replies
        relation = _mapping(original.get("m.relates_to"))
        fallback = relation.get("is_falling_back") is True
        reply = None if fallback else _mapping(relation.get("m.in_reply_to")).get("event_id")
        body = "[encrypted message]" if encrypted else str(content.get("body", content.get(_TEXT, "")))
        formatted = content.get("formatted_body")
        counted: Counter[str] = Counter()
        for reaction in {found for made, found in self._reactions.items() if self._alive(made)}:
            if reaction.target == event_id:
                counted[reaction.key] += 1
        order = list(dict.fromkeys(found.key for found in self._reactions.values()))
        member = self.members.get(sender)
        return TimelineItem(
            event_id=event_id,
            sender=sender,
            sender_name=member.displayname if member else sender,
            kind=str(event.get("type") if event.get("type") != "m.room.message" else content.get("msgtype", "m.text")),
            body=body,
            html=str(formatted) if isinstance(formatted, str) else None,
            reply_to=str(reply) if reply else None,
            thread=str(relation.get("event_id")) if relation.get("rel_type") == "m.thread" else None,
            edited=bool(edits),
            reactions={key: counted[key] for key in order if counted[key]},
            media=_media(content),
            timestamp_ms=int(event.get("origin_server_ts", 0)),
            poll=self._poll(event_id, content) if POLL in content else None,
            place=str(content.get("geo_uri", "")) if content.get("msgtype") == "m.location" else "",
        )

    def _poll(self, event_id: str, content: Mapping[str, Any]) -> ShownPoll:
        """Each person's last vote counts."""
        start = _mapping(content[POLL])
        answers = start.get("answers")
        options = {
            str(answer.get("id")): str(answer.get(_TEXT, ""))
            for answer in map(_mapping, answers if isinstance(answers, list) else ())
        }
        votes = {vote.sender: vote.answers for vote in self._votes.values() if vote.target == event_id}
        question = str(_mapping(start.get("question")).get(_TEXT, ""))
        return ShownPoll(question=question, options=options, votes=votes)


def _media(content: Mapping[str, Any]) -> Media | None:
    if not isinstance(content.get("url"), str):
        return None
    info = _mapping(content.get("info"))
    size, length = info.get("size"), info.get("duration")
    return Media(
        mxc=str(content["url"]),
        filename=str(content.get("filename") or content.get("body", "")),
        mimetype=str(info.get("mimetype", "application/octet-stream")),
        size=size if isinstance(size, int) else 0,
        covered=content.get("page.codeberg.everypizza.msc4193.spoiler") is True,
        spoken="org.matrix.msc3245.voice" in content,
        seconds=length / 1000 if isinstance(length, int) else 0.0,
    )


def _mapping(value: object) -> Mapping[str, Any]:
    """Events are written by anybody: whatever is no object counts as an empty one."""
    return value if isinstance(value, Mapping) else {}
