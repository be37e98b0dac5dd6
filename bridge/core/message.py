"""Messages in neutral form: what came in beside its text, and what goes out."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bridge.core.ids import RemoteRef
from bridge.core.text import EMPTY, RichText


class AttachmentKind(StrEnum):
    PHOTO = "photo"
    DOCUMENT = "document"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    """A short round film, spoken into the camera."""
    ANIMATION = "animation"
    """Moving pictures without sound, shown again and again."""
    STICKER = "sticker"


class UncarriedKind(StrEnum):
    """A kind of message not carried as itself: it becomes visible words, never silence."""

    STICKER = "sticker"
    ANIMATION = "animation"
    AUDIO = "audio"
    VOICE = "voice"
    VIDEO = "video"
    VIDEO_NOTE = "video_note"
    LOCATION = "location"
    VENUE = "venue"
    LIVE_LOCATION = "live_location"
    """Somebody's place that moves with them: where they were when they sent it."""
    CONTACT = "contact"
    POLL = "poll"
    DICE = "dice"
    GAME = "game"
    CHECKLIST = "checklist"
    STORY = "story"
    GIVEAWAY = "giveaway"
    PHOTO = "photo"
    DOCUMENT = "document"
    PAID = "paid"
    """Something to be paid for: a bill, or pictures behind a price."""
    FORWARDED = "forwarded"
    """The words and files beside it are not its sender's own: ``detail`` says whose they are."""
    ENCRYPTED = "encrypted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A point on the map (WGS 84 degrees), with a name and an address where it is a known place."""

    latitude: float
    longitude: float
    title: str = ""
    address: str = ""
    accuracy: float | None = None
    """Metres."""


@dataclass(frozen=True, kw_only=True)
class Poll:
    """A question with answers to choose from."""

    question: str
    options: tuple[str, ...]
    multiple: bool = False
    """May a voter choose more than one?"""


@dataclass(frozen=True, kw_only=True)
class Uncarried:
    """What is neither text nor file. A chat that can show it as it is does so; everywhere else ``detail`` says it.

    ``detail`` holds all its words (a poll's question and answers, a place's name and where it is).
    """

    kind: UncarriedKind
    detail: str = ""
    place: Place | None = None
    poll: Poll | None = None
    refused: str = ""
    """For a file that would have been carried: the code of why it was not (``media.refusal`` and ``unfetched``)."""
    whose: str = ""
    """For what was forwarded: the account (``telegram:12345``) whose name ``detail`` holds, where the platform says."""
    limit: int = 0
    """Bytes: for one that is too large, what would not have been."""


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file still on the platform; ``ref`` is the adapter's own handle for fetching it."""

    ref: str
    kind: AttachmentKind
    name: str = ""
    mime: str = ""
    size: int | None = None
    """Bytes, as the platform claims."""
    width: int | None = None
    height: int | None = None
    duration: timedelta | None = None
    title: str = ""
    performer: str = ""
    alt: str = ""
    """What a picture shows, in its author's words, for those who cannot see it."""
    spoiler: bool = False
    """Covered until the reader asks to see it."""
    waveform: tuple[int, ...] = ()
    """Of a voice message: how loud it is in equal stretches, 0 to 1024 (the scale of Matrix, MSC3245)."""
    thumbnail_ref: str = ""
    """The adapter's handle for a small still picture of it, where the platform has one."""


@dataclass(frozen=True, kw_only=True)
class Thumbnail:
    """A small still picture of a film or a document, in our media store and cleaned."""

    sha256: str
    mime: str
    size: int
    """Bytes."""
    width: int
    height: int


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """A file in our media store, cleaned. The bytes are found by ``sha256`` and streamed."""

    sha256: str
    kind: AttachmentKind
    mime: str
    size: int
    """Bytes."""
    name: str
    width: int | None = None
    height: int | None = None
    duration: timedelta | None = None
    title: str = ""
    performer: str = ""
    alt: str = ""
    """What a picture shows, in its author's words, for those who cannot see it."""
    spoiler: bool = False
    waveform: tuple[int, ...] = ()
    """Of a voice message: how loud it is in equal stretches, 0 to 1024."""
    thumbnail: Thumbnail | None = None


@dataclass(frozen=True, kw_only=True)
class Button:
    """Something to press. Where a platform has no buttons, ``emoji`` is reacted with or ``words`` are written."""

    label: str
    handle: str = ""
    """At most 64 bytes; opaque and unguessable where it decides anything."""
    emoji: str = ""
    url: str = ""
    """Opens an address instead of pressing."""


@dataclass(frozen=True, kw_only=True)
class Author:
    """Whose words a message carries, for platforms that can show that beside each message."""

    id: str
    """The same for the same person in the same community, and meaningless elsewhere."""
    name: str


class LetterKind(StrEnum):
    POST = "post"
    DIGEST = "digest"
    NOTICE = "notice"
    """Something we say of ourselves: a receipt, a question, a reminder."""
    REPLY = "reply"
    """An answer to what somebody asked of us a moment ago."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """What stands round the words where messages are letters, as in e-mail; everywhere else it means nothing."""

    kind: LetterKind = LetterKind.NOTICE
    community: str = ""
    """The id of the community that it comes from, for the address to answer to."""
    subject: str = ""
    number: int | None = None
    """Of the post; the letter's own id is made of it."""
    version: int = 0
    """Which wording of the post."""
    part: int = 1
    answers: int | None = None
    """The number of the post that it answers."""
    thread: int | None = None
    """The number of the post that its thread began with."""
    sender: str = ""
    """The name beside the address: whose words they are, and through whom. Empty: the community's."""
    leave: str = ""
    """What lets this reader leave with one press; empty: by writing."""
    leave_label: str = ""
    """The words before the address by which one leaves; empty: none is shown."""
    reading_label: str = ""
    """The words before the addresses by which one chooses how often letters come; empty: none are shown."""
    answer: str = ""
    """What stands behind the + of the address that answers go to; empty: they go to all."""
    archive: str = ""
    """Where this reader finds what was published before on web pages; empty where nowhere."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """One physical message to be, in neutral form; adapters turn it into what their platform takes.

    It holds text with files (several where the chat shows albums: the platform then makes one message of each), or
    one place, or one poll.
    """

    text: RichText = EMPTY
    attachments: tuple[Attachment, ...] = ()
    place: Place | None = None
    poll: Poll | None = None
    author: Author | None = None
    previews: bool = False
    """May the reader's app show what is behind the first address in the text?"""
    buttons: tuple[tuple[Button, ...], ...] = ()
    """Rows of buttons."""
    reply_to: RemoteRef | None = None
    """Answered to where possible; the message goes out all the same where it is gone."""
    asks_reply: bool = False
    """Invite the reader's app to open a reply to this message."""
    silent: bool = False
    """No sound on the reader's phone."""
    letter: Letter | None = None
