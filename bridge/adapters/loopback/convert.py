"""Between the invented network's lines and Baraza's types. Pure: no files, no clock, no network."""

import mimetypes
from datetime import datetime
from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bridge.core.capabilities import ButtonStyle, Capabilities
from bridge.core.events import (
    ButtonPressed,
    ChatKind,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    Sender,
    Unreadable,
)
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import Attachment, AttachmentKind, Content, RemoteFile, Uncarried, UncarriedKind
from bridge.core.ports import Json, JsonObject
from bridge.core.text import Mark, MarkKind, RichText

Id = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
FileName = Annotated[str, Field(pattern=r"^\w[\w.-]{0,99}$")]


class Line(BaseModel):
    """What people append to ``inbox.jsonl``: a post, or (by ``edit``, ``delete``, ``press``) something done to one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: Id
    chat: Id
    user: Id
    name: str = ""
    private: bool = False
    text: str = ""
    marks: list[tuple[int, int, MarkKind, str]] = []
    reply_to: Id | None = None
    file: FileName | None = None
    other: UncarriedKind | None = None
    words: str = ""
    edit: Id | None = None
    delete: Id | None = None
    press: str | None = None
    message: Id | None = None


class Shared(TypedDict):
    """What every event carries; see ``core.events.Happening``."""

    account: AccountId
    chat: ChatId
    key: str
    at: datetime
    raw: str


def to_event(raw: bytes, *, account: AccountId, at: datetime, position: int, proof: str = "") -> InboundEvent:
    """What one line means; a line that means nothing becomes Unreadable. ``position`` is where it starts, in bytes.

    ``proof``: what vouches for whoever wrote it (see ``Sender``).
    """
    kept = raw.decode("utf-8", "replace").strip()
    try:
        line = Line.model_validate_json(raw)
    except ValidationError as error:
        reason = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['type']}" for e in error.errors(include_url=False))
        key = f"at:{position}"
        return Unreadable(account=account, chat=ChatId(""), key=key, at=at, raw=kept, reason=reason[:500])

    def ref(message: str) -> RemoteRef:
        return RemoteRef(account, ChatId(line.chat), MessageId(message))

    shared: Shared = {"account": account, "chat": ChatId(line.chat), "key": f"id:{line.id}", "at": at, "raw": kept}
    # On this network a private chat carries the id of the person in it.
    sender = Sender(ref=UserRef(account, UserId(line.user)), name=line.name, direct=ChatId(line.user), proof=proof)
    kind = ChatKind.PRIVATE if line.private else ChatKind.GROUP
    text = RichText.clipped(line.text, [Mark(*mark) for mark in line.marks])
    if line.press is not None:
        shown = ref(line.message) if line.message else None
        return ButtonPressed(**shared, ref=shown, sender=sender, handle=line.press, press=line.id)
    if line.delete:
        return MessageDeleted(**shared, ref=ref(line.delete), sender=sender)
    if line.edit:
        return MessageEdited(**shared, ref=ref(line.edit), sender=sender, chat_kind=kind, text=text)
    return MessagePosted(
        **shared,
        ref=ref(line.id),
        sender=sender,
        chat_kind=kind,
        text=text,
        files=(_file(line.file),) if line.file else (),
        uncarried=(Uncarried(kind=line.other, detail=line.words),) if line.other else (),
        reply_to=ref(line.reply_to) if line.reply_to else None,
        is_command=line.text.startswith("/"),
    )


def _file(name: str) -> RemoteFile:
    mime = mimetypes.guess_type(name)[0] or "application/octet-stream"
    kind = AttachmentKind.PHOTO if mime.startswith("image/") else AttachmentKind.DOCUMENT
    return RemoteFile(ref=name, kind=kind, name=name, mime=mime)


def fits(can: Capabilities, content: Content) -> bool:
    """Can this be one message there?"""
    if len(content.attachments) > 1 or any(a.kind not in can.media for a in content.attachments):
        return False
    if any(a.size > can.max_file_bytes for a in content.attachments):
        return False
    return len(content.text) <= (can.caption_limit if content.attachments else can.text_limit)


def to_payload(can: Capabilities, chat: ChatId, content: Content) -> JsonObject:
    """What the network takes. What it cannot show was put into words before, by the rendering that knows ``can``."""
    payload: dict[str, Json] = {"text": content.text.text}
    if marks := [[m.start, m.end, m.kind.value, m.value] for m in content.text.marks if m.kind in can.marks]:
        payload["marks"] = marks
    if can.replies and content.reply_to and content.reply_to.chat == chat:
        payload["reply_to"] = content.reply_to.message
    if content.attachments:
        payload["files"] = [_described(attachment) for attachment in content.attachments]
    if can.buttons is ButtonStyle.INLINE and content.buttons:
        payload["buttons"] = [[{"label": b.label, "press": b.handle, "url": b.url} for b in r] for r in content.buttons]
    return payload


def _described(file: Attachment) -> JsonObject:
    return {"sha256": file.sha256, "name": file.name, "mime": file.mime, "size": file.size}
