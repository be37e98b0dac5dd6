"""An account whose every answer is written down beforehand, and which remembers what really became visible."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

from bridge.core.capabilities import ButtonStyle, Capabilities, Form, Guarantee, TextUnit
from bridge.core.errors import Refusal
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef
from bridge.core.message import AttachmentKind, Content
from bridge.core.ports import Health, JsonObject, Later, Outgoing, Refused, SendOutcome, Sent, Sink, StateStore, Unknown
from bridge.core.text import MarkKind

RICH = Capabilities(
    form=Form.RICH,
    text_limit=4096,
    text_unit=TextUnit.CODE_POINTS,
    caption_limit=1024,
    marks=frozenset(MarkKind),
    media=frozenset(AttachmentKind),
    max_file_bytes=1_000_000,
    sees_edits=True,
    edits=True,
    deletes_own=True,
    deletes_others=timedelta(hours=48),
    buttons=ButtonStyle.INLINE,
    replies=True,
    opens_direct=True,
    guarantee=Guarantee.AT_MOST_ONCE,
)
PLAIN = replace(RICH, form=Form.PLAIN, marks=frozenset(), buttons=ButtonStyle.WORDS)
LETTERS = replace(RICH, letters=True, edits=False, deletes_own=False, deletes_others=None, buttons=ButtonStyle.WORDS)
LINE = Capabilities(
    form=Form.LINE,
    text_limit=459,
    text_unit=TextUnit.CODE_POINTS,
    max_parts=3,
    opens_direct=True,
    interviews=False,
    guarantee=Guarantee.AT_MOST_ONCE,
)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A message that readers of a chat have before them."""

    id: str
    chat: ChatId
    key: str
    text: str
    edits: int = 0


@dataclass
class Scripted:
    """``answers``: what the next calls answer, in order; when it is empty everything arrives.

    ``Unknown`` in the script is a call that was carried out and whose answer was lost. A far side that knows keys
    (``ONCE_BY_KEY``) shows a repeated one once. Only sends are refused: for edits and removals the script says no more
    than when their answer comes.
    """

    account: AccountId
    can: Capabilities = RICH
    kind: ClassVar[str] = "scripted"
    answers: deque[SendOutcome] = field(default_factory=deque)
    shown: dict[str, Shown] = field(default_factory=dict)
    ever_shown: list[Shown] = field(default_factory=list)
    calls: int = 0
    pressed: list[str] = field(default_factory=list)
    _by_key: dict[str, str] = field(default_factory=dict)

    async def start(self, sink: Sink, state: StateStore) -> None: ...

    async def stop(self) -> None: ...

    def capabilities(self, chat: ChatId) -> Capabilities:
        return self.can

    def fits(self, chat: ChatId, content: Content) -> bool:
        limit = self.can.caption_limit if content.attachments else self.can.text_limit
        most = self.can.album if self.can.media else 0
        return (
            len(content.text) <= limit
            and len(content.attachments) <= most
            and len({file.kind for file in content.attachments}) <= 1
        )

    def to_payload(self, chat: ChatId, content: Content) -> JsonObject:
        return {"text": content.text.text, "buttons": [[b.label for b in row] for row in content.buttons]}

    def health(self) -> Health:
        return Health(connected=True)

    def _answer(self) -> SendOutcome | None:
        """What the script says about this call; None: carry it out and say so."""
        self.calls += 1
        return self.answers.popleft() if self.answers else None

    async def send(self, outgoing: Outgoing, key: str) -> SendOutcome:
        scripted = self._answer()
        if scripted is not None and not isinstance(scripted, Sent | Unknown):
            return scripted
        known = self._by_key.get(key) if self.can.guarantee is Guarantee.ONCE_BY_KEY else None
        if known is None:
            known = f"b{len(self.ever_shown) + 1}"
            message = Shown(id=known, chat=outgoing.chat, key=key, text=str(outgoing.payload["text"]))
            self.shown[known] = message
            self.ever_shown.append(message)
            self._by_key[key] = known
        if isinstance(scripted, Unknown):
            return scripted
        return Sent(refs=(RemoteRef(self.account, outgoing.chat, MessageId(known)),))

    async def edit(self, ref: RemoteRef, outgoing: Outgoing, key: str) -> SendOutcome:
        scripted = self._answer()
        if isinstance(scripted, Later):
            return scripted
        before = self.shown.get(ref.message)
        if before is None:
            return Refused(reason=Refusal.TARGET_GONE)
        self.shown[ref.message] = replace(before, text=str(outgoing.payload["text"]), edits=before.edits + 1)
        return scripted if isinstance(scripted, Unknown) else Sent()

    async def delete(self, ref: RemoteRef, key: str) -> SendOutcome:
        scripted = self._answer()
        if isinstance(scripted, Later):
            return scripted
        self.shown.pop(ref.message, None)
        return scripted if isinstance(scripted, Unknown) else Sent()

    async def answer_press(self, press: str, text: str, *, alert: bool = False) -> None:
        self.pressed.append(text)

    def texts(self, chat: str) -> list[str]:
        return [message.text for message in self.shown.values() if message.chat == chat]
