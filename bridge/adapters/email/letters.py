"""From neutral content to the bytes of one letter. Pure: the same content is always the same bytes."""

import base64
import quopri
import re
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Final

from bridge.adapters.email.addresses import Domain, Ids
from bridge.adapters.email.capabilities import BODY, DIGEST, HEAD, MAILBOX
from bridge.adapters.email.headers import field, phrase, unstructured
from bridge.core.ids import ChatId
from bridge.core.message import Content, Letter, LetterKind
from bridge.core.text import MarkKind, RichText, plain

_LONGEST_LINE: Final = 998
"""Octets, without its end: RFC 5322, section 2.1.1."""
_SUBJECT: Final = 70
"""Characters of a text that stand for a subject where there is none."""
_MESSAGE_ID: Final = 110
"""Characters kept for the line that hangs on the delivery's key, or names the post."""
_FROM_A_LIST: Final = (LetterKind.POST, LetterKind.DIGEST)
_ADDRESS: Final = re.compile(r"https?://[!-;=?-~]{1,150}")
"""Of a web page, one that may stand in a head."""
_TOKEN: Final = "t" * 34
"""As long as what a letter is given when it is sent, for one to leave by."""
_OTHERWISE: Final = ("mail", "daily", "weekly", "monthly")
"""Orders by which one reads more or less often."""


class Composer:
    """Writes the letters of one account."""

    def __init__(self, domain: Domain, *, public_url: str, prefix: bool) -> None:
        self._domain = domain
        self._ids = Ids(domain)
        self._public_url = public_url.rstrip("/")
        self._prefix = prefix

    def fits(self, content: Content) -> bool:
        """Only words travel; of those as many as fit with the lines that stand under them."""
        if content.attachments or content.place is not None or content.poll is not None:
            return False
        text = spelled(content.text).replace("\n", "\r\n").encode()
        letter = content.letter
        if letter is not None and letter.kind is LetterKind.DIGEST:
            return len(text) + self._room_beneath(letter) <= DIGEST
        if len(text) > MAILBOX.text_limit:
            return False
        return letter is None or len(text) + self._room_beneath(letter) <= BODY

    def payload(self, chat: ChatId, content: Content, now: datetime) -> dict[str, str]:
        """Everything but what hangs on the delivery's key: the envelope's sender, and the id of what is no post."""
        letter = content.letter or Letter()
        text = "\r\n".join(spelled(content.text).splitlines()) + "\r\n"
        body = encoded(text + self._beneath(letter))
        message_id = ""
        if letter.number is not None:
            message_id = self._ids.of_post(letter.number, letter.community, version=letter.version, part=letter.part)
        head = self._head(chat, content, letter, now, body)
        return {
            "community": letter.community,
            "id": message_id,
            "message": f"{head}\r\n{body.text}",
        }

    def message_id(self, payload: dict[str, str], key: str) -> str:
        """Fixed: the same at every attempt, and for a post the same for every reader."""
        return payload["id"] or self._ids.of_delivery(key)

    def message(self, payload: dict[str, str], key: str) -> bytes:
        """The letter as it goes to the mail server."""
        return f"Message-ID: <{self.message_id(payload, key)}>\r\n{payload['message']}".encode()

    def _head(self, chat: ChatId, content: Content, letter: Letter, now: datetime, body: "Body") -> str:
        own = self._domain.address_of(letter.community)
        name = self._domain.name_of(letter.community)
        of_list = letter.kind in _FROM_A_LIST
        to = f"{phrase(name)} <{own}>" if of_list or not chat.isascii() else f"<{chat}>"
        before = [
            field("From", f"{phrase(letter.sender or name)} <{own}>"),
            field("To", to),
            field("Reply-To", f"{phrase(name)} <{self._answer_to(letter)}>"),
        ]
        after = [field("Date", format_datetime(now)), *self._thread(content, letter)]
        if of_list:
            after += self._list(letter, name)
        if letter.kind is not LetterKind.POST:
            answered = letter.kind is LetterKind.REPLY or content.reply_to is not None
            after.append(field("Auto-Submitted", "auto-replied" if answered else "auto-generated"))
            after.append(field("X-Loop", own))
        after += [
            field("MIME-Version", "1.0"),
            field("Content-Type", "text/plain; charset=utf-8" + ("; format=flowed" if body.flowed else "")),
            field("Content-Transfer-Encoding", body.encoding),
        ]
        room = HEAD - _MESSAGE_ID - sum(map(len, (*before, *after)))
        subject = field("Subject", unstructured(self._subject(content, letter, name), name="Subject", room=room))
        return "".join((*before, subject, *after))

    def _answer_to(self, letter: Letter) -> str:
        return self._domain.address_of(letter.community, letter.answer)

    def _subject(self, content: Content, letter: Letter, name: str) -> str:
        wanted = letter.subject or beginning(content.text.text)
        if not self._prefix or wanted.startswith((name, f"[{name}")):
            return wanted or name
        return f"[{name}] {wanted}".rstrip()

    def _thread(self, content: Content, letter: Letter) -> list[str]:
        """What it answers, and that thread's first post: readers' programs need no more to put letters together."""
        answered, first = "", ""
        if letter.answers is not None:
            answered = self._ids.of_post(letter.answers, letter.community)
        elif content.reply_to is not None and "@" in content.reply_to.message:
            answered = _one_id(content.reply_to.message)
        if letter.thread is not None and letter.thread not in (letter.answers, letter.number):
            first = self._ids.of_post(letter.thread, letter.community)
        if letter.version and letter.number is not None:  # another wording stands in the thread behind the first one
            first = first or answered
            answered = self._ids.of_post(letter.number, letter.community)
        if not answered:
            return []
        known = [f"<{each}>" for each in dict.fromkeys((first, answered)) if each]
        return [field("In-Reply-To", f"<{answered}>"), field("References", "\r\n ".join(known))]

    def _list(self, letter: Letter, name: str) -> list[str]:
        """RFC 2919, RFC 2369 and RFC 8058."""
        local = self._domain.local_of(letter.community)
        leave = self._domain.address_of(letter.community, f"u-{letter.leave}" if letter.leave else "leave")
        ways = [f"<mailto:{leave}>"]
        one_click = self._one_click(letter)
        if one_click:
            ways.insert(0, f"<{one_click}>")
        return [
            field("List-Id", f"{phrase(name)} <{local}.{self._domain.name}>"),
            field("List-Post", f"<mailto:{self._domain.address_of(letter.community)}>"),
            field("List-Help", f"<mailto:{self._domain.address_of(letter.community, 'help')}>"),
            *([field("List-Archive", f"<{letter.archive}>")] if _ADDRESS.fullmatch(letter.archive) else []),
            field("List-Unsubscribe", ",\r\n ".join(ways)),
            *([field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")] if one_click else []),
            field("Precedence", "list"),
        ]

    def _one_click(self, letter: Letter) -> str:
        """RFC 8058 wants https."""
        return f"{self._public_url}/u/{letter.leave}" if letter.leave and self._public_url.startswith("https:") else ""

    def _room_beneath(self, letter: Letter) -> int:
        """Bytes of what will stand there, once it is known by what its reader leaves."""
        return len(self._beneath(replace(letter, leave=letter.leave or _TOKEN)).encode())

    def _beneath(self, letter: Letter) -> str:
        """How to leave, visibly, where mail programs look for a signature."""
        if not letter.leave_label:
            return ""
        by_mail = self._domain.address_of(letter.community, f"u-{letter.leave}" if letter.leave else "leave")
        way = f"{self._public_url}/u/{letter.leave}" if letter.leave and self._public_url else by_mail
        lines = [f"{letter.leave_label} {way}"]
        if letter.reading_label:
            ways = [self._domain.address_of(letter.community, order) for order in _OTHERWISE]
            lines.insert(0, f"{letter.reading_label} {', '.join(ways)}")
        return "\r\n-- \r\n" + "".join(f"{line}\r\n" for line in lines)


def spelled(text: RichText) -> str:
    """With the address behind each link beside its words."""
    additions = {
        mark.end: f" ({mark.value})"
        for mark in text.marks
        if mark.kind is MarkKind.LINK and mark.value and mark.value not in text.text[mark.start : mark.end]
    }
    return text.with_insertions(additions).text


def beginning(text: str) -> str:
    """The first line, for a subject."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return plain(first).shortened(_SUBJECT).text


@dataclass(frozen=True)
class Body:
    """What stands below the head, and how it travels."""

    encoding: str
    text: str
    flowed: bool = False
    """Do lines that end with a space go on in the next one (RFC 3676)?"""


def encoded(text: str) -> Body:
    """As it is where its lines are short enough or can be broken at spaces, else in whichever way is shorter.

    A paragraph in Amharic or Hindi is longer than a line may be after some 330 characters; coded, it would weigh a
    third more.
    """
    data = text.encode()
    if "\x00" not in text:
        plain_encoding = "7bit" if text.isascii() else "8bit"
        if all(len(line) <= _LONGEST_LINE for line in data.split(b"\r\n")):
            return Body(plain_encoding, text)
        broken = [_broken(line) for line in text.split("\r\n")]
        if all(broken):
            return Body(plain_encoding, "\r\n".join(piece for pieces in broken for piece in pieces), flowed=True)
    quoted = quopri.encodestring(data.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    based = base64.encodebytes(data).replace(b"\n", b"\r\n")
    if len(quoted) <= len(based):
        return Body("quoted-printable", quoted.decode("ascii"))
    return Body("base64", based.decode("ascii"))


def _broken(line: str) -> list[str]:
    """One line as RFC 3676 has it: in pieces that end with a space where it goes on; none where it has no spaces."""
    if line != "-- ":
        line = line.rstrip(" ")
    pieces: list[str] = []
    while True:
        if line.startswith((" ", ">", "From ")):
            line = f" {line}"
        if len(line.encode()) <= _LONGEST_LINE:
            return [*pieces, line]
        room = len(line.encode()[:_LONGEST_LINE].decode(errors="ignore"))
        space = line.rfind(" ", 1, room)
        if space < 0 or not line[:space].strip(" "):
            return []
        pieces.append(line[: space + 1])
        line = line[space + 1 :]


def _one_id(message: str) -> str:
    """A Message-ID of somebody else's, if it is one that may stand in a head."""
    stripped = message.strip("<> ")
    return stripped if re.fullmatch(r"[!-;=?-~]{1,200}@[!-;=?-~]{1,200}", stripped) else ""
