"""Takes a mail apart, within bounds: head, parts, words. Pure; runs in a child process.

Its own walk through the parts, because the standard library's parser calls itself for each level and takes ten seconds
for a few megabytes of tiny parts.
"""

import base64
import binascii
import codecs
import quopri
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.message import Message
from typing import Final

from bridge.adapters.email.mail import DEEPEST, LONGEST_HEAD, MOST_FIELDS, MOST_PARTS, UnreadableMail

_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_FIELD: Final = re.compile(rb"([!-9;-~]{1,100})[ \t]*:")
_WORD: Final = re.compile(r"=\?([^?\s]{1,40})\?([bBqQ])\?([^?]{0,2000})\?=")
_BETWEEN_WORDS: Final = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{1,40}\?[bBqQ]\?)")
_LONGEST_PART_HEAD: Final = 64 * 1024
_WESTERN: Final = frozenset({"ascii", "iso8859-1", "cp1252"})


class Head:
    """The fields of a mail or a part, in their order, unfolded."""

    def __init__(self, raw: bytes) -> None:
        self.fields: list[tuple[str, bytes]] = []
        for line in raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
            if line[:1] in (b" ", b"\t"):
                if self.fields:
                    name, value = self.fields[-1]
                    self.fields[-1] = (name, value + b" " + line.strip())
                continue
            match = _FIELD.match(line)
            if match is not None:
                self.fields.append((match[1].decode("ascii").lower(), line[match.end() :].strip()))
            if len(self.fields) > MOST_FIELDS:
                raise UnreadableMail("too many header fields")

    def all(self, name: str) -> list[str]:
        return [_readable(value) for known, value in self.fields if known == name]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    def has(self, name: str) -> bool:
        return any(known == name for known, _ in self.fields)

    def content(self) -> Message:
        """Only what says how the part is to be read, for the standard library to take apart."""
        message = Message()
        for name in ("content-type", "content-disposition"):
            if value := self.get(name):
                message[name] = value[:8000]
                try:
                    message.get_params(header=name)
                except (ValueError, LookupError):  # parameters that no program writes: the rest is read all the same
                    message.replace_header(name, value.partition(";")[0])
        return message


def _readable(value: bytes) -> str:
    value = value.replace(b"\x00", b"")  # PostgreSQL keeps none, and no charset has one in its name
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace")


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part that is not made of parts itself."""

    number: int
    head: Head
    mime: str
    charset: str
    flowed: bool
    deletes_space: bool
    disposition: str
    name: str
    content_id: str
    within: tuple[str, ...]
    """The kinds of parts that it stands in, outermost first."""
    raw: bytes
    alternative: int = 0
    """Which ``multipart/alternative`` it is a choice of; 0: none."""

    def data(self) -> bytes:
        return decoded(self.raw, self.head.get("content-transfer-encoding"))

    def text(self) -> str:
        found = readable(self.data(), self.charset)
        found = found.replace("\r\n", "\n").replace("\r", "\n")
        return unflowed(found, deletes_space=self.deletes_space) if self.flowed else found


@dataclass(frozen=True, kw_only=True)
class Parsed:
    head: Head
    mime: str
    parts: tuple[Part, ...]
    report_type: str = ""


def parse(raw: bytes) -> Parsed:
    """The head and all parts. Raises UnreadableMail for what is beyond the bounds."""
    raw_head, body = _split(raw, LONGEST_HEAD)
    head = Head(raw_head)
    if not head.fields:
        raise UnreadableMail("no header")
    content = head.content()
    mime = content.get_content_type()
    report = content.get_param("report-type", "")
    return Parsed(
        head=head,
        mime=mime,
        parts=tuple(_walk(head, body)),
        report_type=str(report).lower() if isinstance(report, str) else "",
    )


def _split(raw: bytes, limit: int) -> tuple[bytes, bytes]:
    """Head and body. A part may have no head at all: then it begins with its empty line."""
    if raw[:1] == b"\n":
        return b"", raw[1:]
    if raw[:2] == b"\r\n":
        return b"", raw[2:]
    match = _BLANK.search(raw, 0, limit + 4)
    if match is None:
        if len(raw) > limit:
            raise UnreadableMail("header too long")
        return raw, b""
    return raw[: match.start()], raw[match.end() :]


def _walk(head: Head, body: bytes) -> Iterator[Part]:
    stack: list[tuple[Head, bytes, tuple[str, ...], int]] = [(head, body, (), 0)]
    number = alternatives = seen = 0
    while stack:
        own, raw, within, alternative = stack.pop()
        seen += 1
        if seen > MOST_PARTS:
            raise UnreadableMail("too many parts")
        content = own.content()
        mime = content.get_content_type()
        boundary = content.get_boundary() if mime.startswith("multipart/") else None
        if boundary:
            if len(within) >= DEEPEST:
                raise UnreadableMail("parts within parts too deep")
            if mime == "multipart/alternative":
                alternatives += 1
                alternative = alternatives
            inner = []
            for piece in _pieces(raw, boundary):
                part_head, part_body = _split(piece, _LONGEST_PART_HEAD)
                inner.append((Head(part_head), part_body, (*within, mime), alternative))
            stack += reversed(inner)
            continue
        number += 1
        yield _part(own, content, mime, raw, within, number, alternative)


def _pieces(body: bytes, boundary: str) -> Iterator[bytes]:
    marker = re.escape(boundary.encode("utf-8", "surrogateescape")[:200])
    cuts = re.finditer(rb"(?:\A|(?<=\n))--" + marker + rb"(--)?[ \t]*(?:\r?\n|\Z)", body)
    start: int | None = None
    count = 0
    for cut in cuts:
        if start is not None:
            count += 1
            if count > MOST_PARTS:
                raise UnreadableMail("too many parts")
            piece = body[start : cut.start()]
            yield piece.removesuffix(b"\n").removesuffix(b"\r")
        start = None if cut[1] else cut.end()
    if start is not None:  # cut off on its way: what is there is read
        yield body[start:]


def _part(
    head: Head, content: Message, mime: str, raw: bytes, within: tuple[str, ...], number: int, alternative: int
) -> Part:
    charset = content.get_content_charset()
    name = content.get_filename()
    return Part(
        number=number,
        head=head,
        mime=mime,
        charset=charset or "",
        flowed=str(content.get_param("format", "")).lower() == "flowed",
        deletes_space=str(content.get_param("delsp", "")).lower() == "yes",
        disposition=str(content.get_content_disposition() or ""),
        name=words(name or "")[:300],
        content_id=head.get("content-id").strip("<> "),
        within=within,
        raw=raw,
        alternative=alternative,
    )


# --- codings ---


def decoded(raw: bytes, encoding: str) -> bytes:
    """A body as it was before it was coded for its journey; what is broken is read as far as it goes."""
    match encoding.strip().lower():
        case "base64":
            kept = re.sub(rb"[^A-Za-z0-9+/]", b"", raw.partition(b"=")[0])
            kept = kept[: len(kept) - (len(kept) % 4 == 1)]
            return base64.b64decode(kept + b"=" * (-len(kept) % 4))
        case "quoted-printable":
            return quopri.decodestring(raw)
        case "x-uuencode" | "uuencode" | "x-uue":
            return _from_uu(raw)
    return raw


def _from_uu(raw: bytes) -> bytes:
    found: list[bytes] = []
    for line in raw.splitlines():
        if line.startswith((b"begin ", b"end")) or not line.strip():
            continue
        try:
            found.append(binascii.a2b_uu(line))
        except binascii.Error:
            break
    return b"".join(found)


def readable(data: bytes, charset: str) -> str:
    """Text in the charset that it says, unless that is clearly wrong; never an exception."""
    try:
        known = codecs.lookup(charset).name if charset else ""
    except (LookupError, ValueError):
        known = ""
    if known in ("utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "hz"):
        known = ""
    attempts: Sequence[str] = (known,)
    if not known or known in _WESTERN:
        # What is no ASCII and yet right as UTF-8 is UTF-8, whatever its writer's program says.
        attempts = ("utf-8", "cp1252")
    for each in (*attempts, "utf-8", "cp1252"):
        if not each:
            continue
        try:
            return data.decode(each).removeprefix("\ufeff").replace("\x00", "")
        except (UnicodeError, LookupError):
            continue
    return data.decode("latin-1").replace("\x00", "")


def words(value: str) -> str:
    """A field with its encoded words read (RFC 2047); on one line."""
    joined = _BETWEEN_WORDS.sub(r"\1", value)
    out: list[str] = []
    waiting: tuple[str, bytes] | None = None
    place = 0
    for match in _WORD.finditer(joined):
        data = _of_word(match[2], match[3])
        before = joined[place : match.start()]
        place = match.end()
        if waiting is not None and not before and waiting[0] == match[1].lower():
            waiting = (waiting[0], waiting[1] + data)  # a character may have been cut in two
            continue
        if waiting is not None:
            out.append(readable(waiting[1], waiting[0].partition("*")[0]))
        out.append(before)
        waiting = (match[1].lower(), data)
    if waiting is not None:
        out.append(readable(waiting[1], waiting[0].partition("*")[0]))
    out.append(joined[place:])
    text = "".join(out).encode("utf-8", "replace").decode()
    return " ".join("".join(" " if char < " " or char == "\x7f" else char for char in text).split())


def _of_word(coding: str, text: str) -> bytes:
    if coding in "bB":
        return decoded(text.encode("utf-8", "replace"), "base64")
    return quopri.decodestring(text.replace("_", " ").encode("utf-8", "replace"), header=False)


def unflowed(text: str, *, deletes_space: bool) -> str:
    """RFC 3676: lines that end with a space go on in the next one, if that is quoted as deeply."""
    out: list[str] = []
    flowing, depth = False, 0
    for line in text.split("\n"):
        marks = len(line) - len(line.lstrip(">"))
        body = line[marks:]
        body = body.removeprefix(" ") if marks or body.startswith(" ") else body
        is_signature = body in ("-- ", "--")
        joins = flowing and marks == depth and not is_signature
        if joins:
            out[-1] += body
        else:
            out.append((">" * marks + " " if marks else "") + body)
        flowing, depth = body.endswith(" ") and not is_signature, marks
        if flowing and deletes_space:
            out[-1] = out[-1][:-1]
    return "\n".join(line if line == "-- " else line.rstrip(" ") for line in out)
