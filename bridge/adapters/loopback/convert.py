"""Between the invented network's lines and Baraza's types. Pure: no files, no clock, no network."""

import mimetypes
from datetime import datetime, timedelta
from typing import Annotated, TypedDict

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from bridge.core.capabilities import ButtonStyle, Capabilities
from bridge.core.events import (
    ButtonPressed,
    ChatKind,
    InboundEvent,
    MessageDeleted,
    MessageEdited,
    MessagePosted,
    PollVoted,
    Sender,
    Unreadable,
)
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import (
    Attachment,
    AttachmentKind,
    Content,
    Place,
    Poll,
    RemoteFile,
    Uncarried,
    UncarriedKind,
)
from bridge.core.ports import Json, JsonObject
from bridge.core.text import Mark, MarkKind, RichText

Id = Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
FileName = Annotated[str, Field(pattern=r"^\w[\w.-]{0,99}$")]


KINDS = {"image": AttachmentKind.PHOTO, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}
PICTURES = (AttachmentKind.PHOTO, AttachmentKind.VIDEO)


class Line(BaseModel):
    """What people append to ``inbox.jsonl``: a post, or something done to one (edit, delete, press, vote)."""

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
    kind: AttachmentKind | None = None
    size: int | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, ge=0, le=86400)
    alt: str = ""
    spoiler: bool = False
    album: str = ""
    place: tuple[FiniteFloat, FiniteFloat] | None = None
    poll: list[str] = []
    other: UncarriedKind | None = None
    words: str = ""
    edit: Id | None = None
    delete: Id | None = None
    press: str | None = None
    vote: list[int] | None = None
    message: Id | None = None


class Shared(TypedDict):
    """What every event carries; see ``core.events.Happening``."""

    account: AccountId
    chat: ChatId
    key: str
    at: datetime
    raw: str


def to_event(
    raw: bytes,
    *,
    account: AccountId,
    at: datetime,
    position: int,
    proof: str = "",
    receives: frozenset[AttachmentKind] = frozenset(AttachmentKind),
) -> InboundEvent:
    """What one line means; a line that means nothing becomes Unreadable. ``position`` is where it starts, in bytes.

    ``proof``: what vouches for whoever wrote it (see ``Sender``); ``receives``: other files are only named.
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
    if line.vote is not None and line.message:
        return PollVoted(**shared, ref=ref(line.message), sender=sender, options=tuple(line.vote))
    if line.delete:
        return MessageDeleted(**shared, ref=ref(line.delete), sender=sender)
    files, uncarried = _files(line), _uncarried(line)
    uncarried += tuple(
        Uncarried(kind=UncarriedKind(f.kind.value), detail=f.name) for f in files if f.kind not in receives
    )
    files = tuple(file for file in files if file.kind in receives)
    if line.edit:
        return MessageEdited(
            **shared,
            ref=ref(line.edit),
            sender=sender,
            chat_kind=kind,
            text=text,
            files=files,
            uncarried=uncarried,
        )
    return MessagePosted(
        **shared,
        ref=ref(line.id),
        sender=sender,
        chat_kind=kind,
        text=text,
        files=files,
        uncarried=uncarried,
        album=line.album,
        reply_to=ref(line.reply_to) if line.reply_to else None,
        is_command=line.text.startswith("/"),
    )


def _files(line: Line) -> tuple[RemoteFile, ...]:
    if line.file is None:
        return ()
    mime = mimetypes.guess_type(line.file)[0] or "application/octet-stream"
    kind = line.kind or KINDS.get(mime.partition("/")[0], AttachmentKind.DOCUMENT)
    duration = None if line.seconds is None else timedelta(seconds=line.seconds)
    return (
        RemoteFile(
            ref=line.file,
            kind=kind,
            name=line.file,
            mime=mime,
            size=line.size,
            duration=duration,
            alt=line.alt,
            spoiler=line.spoiler,
        ),
    )


def _uncarried(line: Line) -> tuple[Uncarried, ...]:
    """What is neither text nor file, with all its words for chats that cannot show it."""
    if line.place is not None:
        place = Place(latitude=line.place[0], longitude=line.place[1], title=line.words)
        detail = ", ".join(part for part in (line.words, *map(str, line.place)) if part)
        return (Uncarried(kind=UncarriedKind.LOCATION, detail=detail, place=place),)
    if line.poll:
        poll = Poll(question=line.poll[0], options=tuple(line.poll[1:]))
        return (Uncarried(kind=UncarriedKind.POLL, detail=" / ".join(line.poll), poll=poll),)
    return (Uncarried(kind=line.other, detail=line.words),) if line.other else ()


def fits(can: Capabilities, content: Content) -> bool:
    """Can this be one message there? Side by side stand files of one kind, and photos with films."""
    files = content.attachments
    if len(files) > can.album or any(file.size > can.file_limit(file.kind) for file in files):
        return False
    if len({"picture" if file.kind in PICTURES else file.kind for file in files}) > 1:
        return False
    if (content.place and not can.places) or (content.poll and not can.polls):
        return False
    if content.place and not (abs(content.place.latitude) <= 90 and abs(content.place.longitude) <= 180):
        return False
    return len(content.text) <= (can.caption_limit if files else can.text_limit)


def to_payload(can: Capabilities, chat: ChatId, content: Content) -> JsonObject:
    """What the network takes. What it cannot show was put into words before, by the rendering that knows ``can``."""
    payload: dict[str, Json] = {"text": content.text.text}
    if marks := [[m.start, m.end, m.kind.value, m.value] for m in content.text.marks if m.kind in can.marks]:
        payload["marks"] = marks
    if can.replies and content.reply_to and content.reply_to.chat == chat:
        payload["reply_to"] = content.reply_to.message
    if content.attachments:
        payload["files"] = [_described(attachment) for attachment in content.attachments]
    if content.place:
        payload["place"] = [content.place.latitude, content.place.longitude, content.place.title]
    if content.poll:
        payload["poll"] = [content.poll.question, *content.poll.options]
        payload["multiple"] = content.poll.multiple
    if can.authors and content.author:
        payload["author"] = [content.author.id, content.author.name]
    if can.previews and content.previews:
        payload["previews"] = True
    if can.buttons is ButtonStyle.INLINE and content.buttons:
        payload["buttons"] = [[{"label": b.label, "press": b.handle, "url": b.url} for b in r] for r in content.buttons]
    return payload


def one_of(payload: JsonObject, item: int) -> JsonObject:
    """What one message of an album shows from now on: its own file, and the words where it is the first."""
    files = payload.get("files")
    if not isinstance(files, list) or len(files) < 2:
        return payload
    shown = {**payload, "files": [files[max(item, 1) - 1]]}
    return {**shown, "text": "", "marks": []} if item > 1 else shown


def _described(file: Attachment) -> JsonObject:
    told: dict[str, Json] = {"title": file.title, "performer": file.performer, "alt": file.alt, "spoiler": file.spoiler}
    if file.duration is not None:
        told["seconds"] = file.duration.total_seconds()
    if file.thumbnail is not None:
        told["thumbnail"] = file.thumbnail.sha256
    always: dict[str, Json] = {"sha256": file.sha256, "kind": file.kind.value, "name": file.name, "mime": file.mime}
    return always | {"size": file.size} | {name: value for name, value in told.items() if value}
