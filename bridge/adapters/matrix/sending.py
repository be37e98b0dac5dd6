"""Messages of ours: sent, edited, removed, looked up; and files to and from the media repository."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from bridge.adapters.matrix.addresses import message_id, split_message_id
from bridge.adapters.matrix.capabilities import MOST_REACTIONS
from bridge.adapters.matrix.client import MIRRORED, Answer, NoAnswer, NotSent
from bridge.adapters.matrix.encryption import Encryption
from bridge.adapters.matrix.outcomes import Refuse, outcome_of
from bridge.adapters.matrix.payload import DELIVERY, MESSAGE, complete, replacement
from bridge.adapters.matrix.rooms import Rooms, is_person
from bridge.adapters.matrix.session import Session
from bridge.adapters.matrix.uploads import Uploads
from bridge.core.clock import Clock
from bridge.core.errors import Refusal
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.ports import JsonObject, Later, Outgoing, Refused, SendOutcome, Sent

_log = structlog.get_logger(__name__)
_PAGE = 100
LOOK_BACK = 1_000
"""Events of a room that are looked through for a past send."""
_THREADS = 1_000
"""Messages of which it is kept in mind whether they stand in a thread."""
_TEXTS = frozenset({"m.text", "m.notice", "m.emote"})


class Sender:
    """Carries out one request of the domain at a time. Nothing is repeated here."""

    def __init__(
        self, account: AccountId, clock: Clock, session: Session, rooms: Rooms, encryption: Encryption
    ) -> None:
        self._account, self._clock, self._session, self._rooms = account, clock, session, rooms
        self._uploads = Uploads(clock, session)
        self._encryption = encryption
        self._thread_of: dict[str, str | None] = {}

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        attempted, room = False, ""
        try:
            room = await self._room(outgoing.chat)
            answered = self._answered(outgoing, room)
            thread = None if answered is None else await self._thread(room, answered)
            files = await self._uploads.of(outgoing, seal=await self._encryption.is_encrypted(room))
            content = complete(outgoing.payload, key=key, reply_to=answered, thread=thread, files=files)
            kind, content = await self._encryption.sealed(room, str(outgoing.payload["type"]), content)
            attempted = True
            event = await self._session.server.put(room, kind, content, key)
        except Exception as error:  # every fault has its answer
            if attempted and isinstance(error, Answer) and error.code == "M_FORBIDDEN" and await self._never_in(room):
                return Refused(reason=Refusal.CHAT_GONE, detail=str(error))
            return await self._outcome(error, attempted=attempted)
        held_up = await self._place(room, event, _reactions(outgoing), key)
        return held_up or Sent(refs=(self._ref(outgoing.chat, room, event),))

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        attempted = False
        server = self._session.server
        try:
            room, event = self._place_of(ref.chat, ref.message)
            await self._may_edit(room, event, outgoing.payload)
            files = await self._uploads.of(outgoing, seal=await self._encryption.is_encrypted(room))
            content = replacement(outgoing.payload, event_id=event, files=files)
            kind, content = await self._encryption.sealed(room, MESSAGE, content)
            attempted = True
            await server.put(room, kind, content, key)
        except Exception as error:
            return await self._outcome(error, attempted=attempted)
        wanted = _reactions(outgoing)
        try:
            placed = await server.reactions_of_ours(room, event)
            for emoji, reaction in placed.items():
                if emoji not in wanted and not reaction.mirrored:
                    await server.redact(room, reaction.event, f"{key}x{_short(emoji)}")
        except Exception as error:
            return self._unless_refused(await self._outcome(error, attempted=False)) or Sent()
        return await self._place(room, event, [e for e in wanted if e not in placed], key) or Sent()

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        attempted = False
        try:
            room, event = self._place_of(ref.chat, ref.message)
            attempted = True
            await self._session.server.redact(room, event, key)
        except Exception as error:
            if isinstance(error, Answer) and error.code == "M_NOT_FOUND":
                return Sent()
            return await self._outcome(error, attempted=attempted)
        return Sent()

    async def react(self, ref: RemoteRef, emojis: Sequence[str], key: str) -> SendOutcome:
        """What stands there is asked for first, so that every repeat brings about the same."""
        server = self._session.server
        wanted = list(dict.fromkeys(emoji for emoji in emojis if emoji))[:MOST_REACTIONS]
        try:
            room, event = self._place_of(ref.chat, ref.message)
            placed = await server.reactions_of_ours(room, event)
            for emoji, reaction in placed.items():
                if emoji not in wanted:
                    await server.redact(room, reaction.event, f"{key}x{_short(emoji)}")
            for emoji in wanted:
                if emoji not in placed:
                    await self._react(room, event, emoji, key, mirrored=True)
        except Exception as error:
            if isinstance(error, Answer) and error.status == 404 and error.code in ("M_NOT_FOUND", "M_UNKNOWN"):
                return Refused(reason=Refusal.TARGET_GONE, detail=str(error))
            return await self._outcome(error, attempted=False)
        return Sent()

    async def look_up(self, chat: ChatId, key: str) -> RemoteRef | None:
        """Search the room's newest events for a send. Raises OSError where that cannot tell."""
        try:
            room = await self._rooms.known_direct(chat) if is_person(chat) else self._rooms.room_of(chat)
            if room is None:
                return None
            place, seen = "", 0
            while seen < LOOK_BACK:
                page = await self._session.server.messages(room, place, None, _PAGE)
                chunk = page.get("chunk", [])
                for event in chunk:
                    if event.get("sender") == self._session.user and event.get("content", {}).get(DELIVERY) == key:
                        return self._ref(chat, room, event["event_id"])
                seen += len(chunk)
                place = page.get("end", "")
                if not place:
                    return None
        except Exception as error:
            await self._outcome(error, attempted=False)  # which logs in again where that is the reason
            raise ConnectionError(f"the room cannot be searched now ({type(error).__name__})") from None
        raise ConnectionError(f"not among the newest {LOOK_BACK} events, and there are older ones")

    # --- parts ---

    async def _never_in(self, room: str) -> bool:
        """Is this no room the account ever was in? The homeserver says "forbidden" to both."""
        try:
            return await self._session.server.state(room, "m.room.member", self._session.user) is None
        except Answer as answer:
            return answer.status == 403
        except (NotSent, NoAnswer):
            return False

    async def _may_edit(self, room: str, event: str, payload: JsonObject) -> None:
        """The homeserver takes edits that no client will show, so look first."""
        original = await self._session.server.event(room, event)
        if original is None or "redacted_because" in original.get("unsigned", {}):
            raise Refuse(Refusal.TARGET_GONE)
        if original.get("sender") != self._session.user:
            raise Refuse(Refusal.FORBIDDEN, "only messages of our own can be edited")
        clear = await self._encryption.clear(room, original)
        now = payload["content"]
        before, after = _shape(clear.get("type"), clear.get("content")), _shape(payload["type"], now)
        if after[0] != MESSAGE or (before[0] != "m.room.encrypted" and before != after):
            raise Refuse(Refusal.UNSUPPORTED, "an edit does not make another kind of message of one")

    async def _room(self, chat: ChatId) -> str:
        return await self._rooms.direct(chat) if is_person(chat) else self._configured_room(chat)

    def _configured_room(self, chat: ChatId) -> str:
        room = self._rooms.room_of(chat)
        if room is None:
            raise Refuse(Refusal.CHAT_GONE, "the alias leads to no room")
        return room

    def _place_of(self, chat: ChatId, message: MessageId) -> tuple[str, str]:
        """Room and event of a message."""
        private_room, event = split_message_id(message)
        return private_room or self._configured_room(chat), event

    def _ref(self, chat: ChatId, room: str, event: str) -> RemoteRef:
        return RemoteRef(self._account, chat, message_id(event, room if is_person(chat) else ""))

    def _answered(self, outgoing: Outgoing, room: str) -> str | None:
        """The message answered, where it is in the same room: another room's would not be found there."""
        reply = outgoing.payload.get("reply")
        if not isinstance(reply, Mapping):
            return None
        private_room, event = split_message_id(str(reply["message"]))
        return event if (private_room or self._rooms.room_of(ChatId(str(reply["chat"])))) == room else None

    async def _thread(self, room: str, event: str) -> str | None:
        """The beginning of the thread in which a message stands: what answers it belongs there, too."""
        if event not in self._thread_of:
            try:
                found = await self._session.server.event(room, event) or {}
            except Answer as answer:
                if answer.status != 403:
                    raise
                found = {}
            relation = _mapping(_mapping(found.get("content")).get("m.relates_to"))
            root = relation.get("event_id") if relation.get("rel_type") == "m.thread" else None
            while len(self._thread_of) >= _THREADS:
                del self._thread_of[next(iter(self._thread_of))]
            self._thread_of[event] = root if isinstance(root, str) else None
        return self._thread_of[event]

    async def _place(self, room: str, event: str, emojis: Sequence[str], key: str) -> Later | None:
        """React with what can be pressed; an answer only where it should be tried again."""
        for emoji in emojis:
            try:
                await self._react(room, event, emoji, key)
            except Exception as error:
                held_up = self._unless_refused(await self._outcome(error, attempted=False))
                if held_up:
                    return held_up
                _log.warning("reaction_refused", room=room, event_id=event)
                return None
        return None

    async def _react(self, room: str, event: str, emoji: str, key: str, *, mirrored: bool = False) -> None:
        relation = {"rel_type": "m.annotation", "event_id": event, "key": emoji}
        content: dict[str, Any] = {"m.relates_to": relation} | ({MIRRORED: True} if mirrored else {})
        try:
            # The transaction is the emoji's own: an edit that follows must not meet the memory of another one.
            await self._session.server.put(room, "m.reaction", content, f"{key}r{_short(emoji)}")
        except Answer as answer:
            if answer.code != "M_DUPLICATE_ANNOTATION":
                raise

    def _unless_refused(self, outcome: SendOutcome) -> Later | None:
        return outcome if isinstance(outcome, Later) else None

    async def _outcome(self, error: Exception, *, attempted: bool) -> SendOutcome:
        if isinstance(error, Answer):
            try:
                await self._session.checked(error)
            except Exception as better:  # what came of logging in again; the request itself was certainly refused
                return outcome_of(better, self._clock, attempted=False)
        return outcome_of(error, self._clock, attempted=attempted)


def _reactions(outgoing: Outgoing) -> list[str]:
    emojis: Any = outgoing.payload.get("reactions", ())
    return [str(emoji) for emoji in emojis]


def _shape(kind: object, content: object) -> tuple[str, str]:
    """What an edit cannot change: the event's type, and whether it is words or which sort of file."""
    shown = str(_mapping(content).get("msgtype", ""))
    return str(kind), "m.text" if shown in _TEXTS else shown


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
