"""What a chat can do, as data: planning, rendering, tests and documents read it, nobody asks which platform it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bridge.core.membership import Reading
from bridge.core.message import AttachmentKind
from bridge.core.text import MarkKind
from bridge.core.when import Hours


class Form(StrEnum):
    """How much of a post a reader there can be shown."""

    RICH = "rich"
    PLAIN = "plain"
    LINE = "line"
    """Every character costs somebody money: one-line card, words for files, few parts."""


class TextUnit(StrEnum):
    UTF16 = "utf16"
    CODE_POINTS = "code_points"
    BYTES = "bytes"
    SEPTETS = "septets"
    """Of SMS: 7 bits for each character of its small alphabet, 16 for every one where a single one is not of it."""


class ButtonStyle(StrEnum):
    INLINE = "inline"
    REACTIONS = "reactions"
    """The bot places one reaction per button; pressing is reacting alike."""
    WORDS = "words"
    """None: what can be chosen is said in words and answered by writing."""


class Guarantee(StrEnum):
    """What is known after a send whose answer never came."""

    ONCE_BY_KEY = "once_by_key"
    """The far side recognises a repeated key (for `replay_window`): send it again."""
    ONCE_BY_LOOKUP = "once_by_lookup"
    """The adapter can look a past send up by its key."""
    AT_MOST_ONCE = "at_most_once"
    """Nothing can be asked: posts wait for a person."""
    AT_LEAST_ONCE = "at_least_once"
    """A repeat does little harm: send it again."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """The platform's published limits for sends, edits and removals together."""

    chat_interval: float = 0.0
    """Seconds between two calls for the same chat."""
    chat_per_minute: int = 0
    """Calls for the same chat in any 60 seconds; 0: no such limit."""
    account_per_second: int = 0
    """Calls of the whole account in any second; 0: no such limit."""
    account_interval: float = 0.0
    """Seconds between two calls of the whole account."""


@dataclass(frozen=True, kw_only=True)
class Capabilities:
    """What one chat of one account can do."""

    form: Form
    text_limit: int
    """Longest text, in `text_unit`."""
    text_unit: TextUnit
    caption_limit: int = 0
    """Longest text beside a file; 0: a file carries no text."""
    max_parts: int = 40
    """A post is shortened, and says so, rather than cut into more messages than this."""
    marks: frozenset[MarkKind] = frozenset()
    media: frozenset[AttachmentKind] = frozenset()
    """The kinds of files that a chat is shown as what they are."""
    max_file_bytes: int = 0
    file_bytes: Mapping[AttachmentKind, int] = field(default_factory=dict, hash=False)
    """Kinds with another limit than ``max_file_bytes``."""
    album: int = 1
    """How many files one message may have; the platform makes one message of each and shows them as one."""
    receives: frozenset[AttachmentKind] = frozenset()
    """The kinds of files that members can send us from there."""
    max_received_bytes: int = 0
    """The largest file that the platform hands us; 0: it names no limit."""
    places: bool = False
    polls: bool = False
    authors: bool = False
    """Can every message show whose words it carries, beside the account's name?"""
    previews: bool = False
    """Can it be chosen whether the reader's app shows what is behind an address?"""
    threads: bool = False
    reads_reactions: bool = False
    places_reactions: int = 0
    """How many different reactions the account may place on one message."""
    sees_edits: bool = False
    """Are we told when members edit their messages?"""
    sees_deletes: bool = False
    """Are we told when members delete their messages?"""
    encrypts: bool = False
    edits: bool = False
    deletes_own: bool = False
    deletes_others: timedelta | None = None
    """How old a member's message may be and still be removed; None: never."""
    buttons: ButtonStyle = ButtonStyle.WORDS
    letters: bool = False
    """Are messages letters, with a subject and a sender's name of their own (``Content.letter``)?"""
    replies: bool = False
    opens_direct: bool = False
    """May the bot write to a person first?"""
    interviews: bool = True
    """May members be asked questions they did not start (it costs them nothing)?"""
    push_parts: int = 0
    """How many SMS a copy of a post may be that nobody asked for; 0: chats are not paid for by the SMS."""
    ask_parts: int = 0
    """How many SMS an answer to somebody who asks for a post may be, before they write MORE."""
    pushes_per_day: int = 0
    """How many messages that nobody asked for one person may be sent in a day; 0: no such limit."""
    quiet: Hours | None = None
    """When nothing that can wait is sent to people who have named no hours of their own."""
    reading: Reading = Reading.GROUPS
    """How somebody reads there who has chosen nothing, where their community has not chosen for them."""
    in_flight: int = 1
    guarantee: Guarantee
    replay_window: timedelta | None = None
    """How long the far side remembers a key; None: for ever."""
    pace: Pace = Pace()

    def file_limit(self, kind: AttachmentKind) -> int:
        """Bytes of the largest file of this kind; 0 where the chat shows none of it."""
        return self.file_bytes.get(kind, self.max_file_bytes) if kind in self.media else 0
