"""From a mail's bytes to what its author says with it. Pure; runs in a child process, because it may be anybody's."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from bridge.adapters.email import automatic, bounces, calendar, proof
from bridge.adapters.email.addresses import normal
from bridge.adapters.email.html_text import to_text
from bridge.adapters.email.mail import LONGEST_TEXT, MOST_FILES, File, Mail
from bridge.adapters.email.mime import Parsed, Part, parse, words
from bridge.adapters.email.stripping import strip
from bridge.core.message import UncarriedKind
from bridge.media.refusal import MediaReason

_ID: Final = re.compile(r"<([^<>\s]{1,400})>")
_MOST_IDS: Final = 50
_SHOWN: Final = 20_000
"""Bytes of a picture inside the text, below which it is a logo or a smiley."""
_REPLY: Final = re.compile(
    r"(?:(?:re|aw|sv|vs|antw|antwoord|odp|ynt|res|rif|rép|rsp|odg|atb|tr|bls|balas|رد|ref|回复|答复|回覆|答覆|返信|σχετ|απ|הנדון)"
    r"(?:\[\d{1,3}\])?\s*[:：]\s*)",
    re.IGNORECASE,
)
_FORWARD: Final = re.compile(r"(?:(?:fwd?|wg|tr|rv|enc|i|vs|doorst|vb|转发|轉寄)\s*[:：]\s*)", re.IGNORECASE)
_PGP: Final = "-----BEGIN PGP MESSAGE-----"
_SIGNED: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = "\n-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END: Final = "-----END PGP SIGNATURE-----"
_ARMOUR: Final = re.compile(r"(?:\n[A-Za-z-]+:[^\n]*)*")
_SIGNATURES: Final = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-keys",
    }
)
_SEALED: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
_TNEF: Final = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


@dataclass(frozen=True, kw_only=True)
class Post:
    """What the mail server and the config say of it, beside its bytes."""

    envelope_sender: str | None
    """None where nobody said it (a mailbox that is looked into)."""
    to_bounces: bool
    own: Collection[str]
    domain: str
    authserv_id: str
    name: str = ""
    """The community's."""
    answers: bool = False
    """It came to an address that only a letter of ours named: it answers that one, even if its head does not say so."""


def read(raw: bytes, post: Post) -> Mail:
    """Raises UnreadableMail for what is beyond the bounds; anything else it raises is a defect or a limit."""
    parsed = parse(raw)
    head = parsed.head
    why = automatic.why(
        parsed,
        envelope_sender=post.envelope_sender,
        own=post.own,
        own_domain=post.domain,
        to_bounces=post.to_bounces,
    )
    bounce = bounces.read(parsed, raw) if why in (automatic.BOUNCE, automatic.COMPLAINT) or post.to_bounces else None
    if bounce is not None and why != automatic.COMPLAINT:
        why = automatic.BOUNCE
    name, address, authors = mailbox(head.get("from"))
    subject = words(head.get("subject"))[:1000]
    answered, references = _ids(head.get("in-reply-to")), _ids(head.get("references"))
    if why:
        return Mail(
            message_id=next(iter(_ids(head.get("message-id"))), ""), sender=address, set_aside=why, bounce=bounce
        )
    text, left_out, files = _content(parsed)
    is_reply = bool(post.answers or answered or references or _REPLY.match(subject))
    stripped = strip(text[:LONGEST_TEXT], is_reply=is_reply, name=name, known=post.name)
    return Mail(
        message_id=next(iter(_ids(head.get("message-id"))), ""),
        in_reply_to=next(iter(answered), ""),
        references=tuple(reversed(references)),
        sender=address,
        name=name,
        subject=subject,
        text=stripped.kept,
        said_nothing=stripped.said_nothing,
        mingled=stripped.mingled,
        cut=stripped.cut,
        files=tuple(files[:MOST_FILES]),
        left_out=tuple(left_out),
        proven=authors == 1 and proof.is_proven(head, address, post.authserv_id),
        language=head.get("content-language").partition(",")[0].strip()[:20],
    )


def _ids(value: str) -> list[str]:
    return _ID.findall(value[:50_000])[-_MOST_IDS:]


def bare_subject(subject: str, names: Collection[str]) -> str:
    """Without ``Re:``, ``Fwd:`` and ``[HIFA 482]`` before it."""
    tags = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
    tag = re.compile(rf"\[(?:{tags})(?:\s*#?\s*\d{{1,9}})?\]\s*", re.IGNORECASE) if tags else None
    rest = subject.strip()
    for _ in range(20):
        before = rest
        for form in (_REPLY, _FORWARD, *([tag] if tag else [])):
            if match := form.match(rest):
                rest = rest[match.end() :].strip()
        if rest == before:
            return rest
    return rest


def number_in(subject: str, names: Collection[str]) -> int | None:
    """The number of the post that a subject says it answers: ``[HIFA 482]``, ``HIFA #482`` or ``Re: #482``."""
    tags = "|".join(re.escape(name) for name in names if name)
    forms = [rf"(?:{_REPLY.pattern})*#\s?(\d{{1,9}})\b"]
    if tags:
        forms = [rf".*?\[(?:{tags})\s*#?\s*(\d{{1,9}})\]", rf".*?\b(?:{tags})\s*#(\d{{1,9}})\b", *forms]
    for form in forms:
        if match := re.match(form, subject.strip()[:500], re.IGNORECASE):
            return int(match[1])
    return None


def mailbox(value: str) -> tuple[str, str, int]:
    """Name and address of the first author, and how many there are. By hand: names nest comments a thousand deep."""
    name: list[str] = []
    comment: list[str] = []
    address: list[str] = []
    inside, quoted, depth, authors = False, False, 0, 1
    escaped = False
    for char in value[:4000]:
        if escaped:
            (comment if depth else name).append(char)
            escaped = False
        elif char == "\\" and (quoted or depth):
            escaped = True
        elif quoted:
            if char == '"':
                quoted = False
            else:
                name.append(char)
        elif depth:
            depth += (char == "(") - (char == ")")
            if depth:
                comment.append(char)
        elif char == '"' and not inside:
            quoted = True
        elif char == "(" and not inside:
            depth = 1
        elif char == "<" and not inside and not address:
            inside = True
        elif char == ">" and inside:
            inside = False
        elif char == "," and not inside:
            authors += 1
        elif authors == 1:
            (address if inside else name).append(char)
    said = "".join(name).strip()
    found = normal("".join(address)) if address else normal(said)
    shown = "" if not address else said
    return words(shown or "".join(comment).strip())[:300], found, authors


# --- what it holds ---


def _content(parsed: Parsed) -> tuple[str, list[tuple[str, str, str]], list[File]]:
    """Its words, what is not carried, and its files."""
    texts: list[str] = []
    left_out: list[tuple[str, str, str]] = []
    files: list[File] = []
    chosen = _chosen(parsed.parts)
    shown_in_html = _shown_in_html(parsed.parts)
    if parsed.mime == "multipart/encrypted" or any("multipart/encrypted" in part.within for part in parsed.parts):
        return "", [(UncarriedKind.ENCRYPTED.value, "", "")], []
    for part in parsed.parts:
        if part.mime in _SIGNATURES:
            continue
        if part.mime in _SEALED:
            left_out.append((UncarriedKind.ENCRYPTED.value, "", ""))
        elif part.mime in _TNEF or part.name.casefold() == "winmail.dat":
            left_out.append((UncarriedKind.DOCUMENT.value, "winmail.dat", MediaReason.UNSUPPORTED.value))
        elif part.mime == "text/calendar":
            if not any(kind == "calendar" for kind, _, _ in left_out):
                left_out.append(("calendar", calendar.summary(part.text()), ""))
        elif part.mime == "message/rfc822":
            left_out.append((UncarriedKind.FORWARDED.value, _forwarded(part), ""))
        elif part.mime.startswith("message/"):
            left_out.append((UncarriedKind.UNKNOWN.value, part.mime, ""))
        elif part.mime in ("text/plain", "text/html") and part.disposition != "attachment":
            if part.alternative and part.number not in chosen:
                continue
            if part.name and texts:
                files.append(_file(part))
                continue
            texts.append(_words(part))
        elif not _is_decoration(part, shown_in_html):
            files.append(_file(part))
    text = "\n\n".join(each for each in texts if each.strip())
    if _PGP in text:
        before = text.partition(_PGP)[0].strip()
        left_out.append((UncarriedKind.ENCRYPTED.value, "", ""))
        text = before
    text = _unsigned(text)
    left_out = [
        (UncarriedKind.UNKNOWN.value if kind == "calendar" else kind, said, why) for kind, said, why in left_out
    ]
    return text, left_out, files


def _unsigned(text: str) -> str:
    """Words without what a signature in clear puts round them (RFC 9580, section 7). By hand: no expression is sure."""
    found: list[str] = []
    rest = text
    while _SIGNED in rest:
        before, _, after = rest.partition(_SIGNED)
        inside, signature, behind = after.partition(_SIGNATURE)
        _, end, behind = behind.partition(_SIGNATURE_END)
        if not end:
            break
        head, gap, said = inside.partition("\n\n")
        if signature and gap and _ARMOUR.fullmatch(head):
            found += [before, re.sub(r"^- ", "", said, flags=re.MULTILINE)]
            rest = behind
        else:
            found += [before, _SIGNED]
            rest = after
    return "".join([*found, rest])


def _chosen(parts: Sequence[Part]) -> set[int]:
    """Of each choice of forms, the plain one unless it says nothing; else HTML."""
    choices: dict[int, list[Part]] = {}
    for part in parts:
        if part.alternative and part.mime in ("text/plain", "text/html") and part.disposition != "attachment":
            choices.setdefault(part.alternative, []).append(part)
    chosen: set[int] = set()
    for those in choices.values():
        plain = [part for part in those if part.mime == "text/plain" and part.text().strip()]
        html = [part for part in those if part.mime == "text/html"]
        chosen.update(part.number for part in (plain or html))
    return chosen


def _words(part: Part) -> str:
    if part.mime == "text/html":
        return to_text(part.text()[: 10 * LONGEST_TEXT])
    return part.text()[:LONGEST_TEXT]


def _shown_in_html(parts: Sequence[Part]) -> Mapping[str, bool]:
    """Which pictures the HTML form shows within its text, by their Content-ID."""
    html = "".join(part.text()[:500_000] for part in parts if part.mime == "text/html")
    return {part.content_id: f"cid:{part.content_id}" in html for part in parts if part.content_id}


def _is_decoration(part: Part, shown: Mapping[str, bool]) -> bool:
    """A logo under somebody's name, a smiley, a picture of one dot: small, and shown within the text."""
    return part.mime.startswith("image/") and shown.get(part.content_id, False) and len(part.data()) < _SHOWN


def _file(part: Part) -> File:
    return File(part=part.number, name=part.name, mime=part.mime, size=len(part.data()))


def _forwarded(part: Part) -> str:
    inner = parse(part.raw)
    texts = [each for each in inner.parts if each.mime in ("text/plain", "text/html")]
    first = next((_words(each) for each in texts if each.mime == "text/plain"), "") or next(map(_words, texts), "")
    lines = [words(inner.head.get("from")), words(inner.head.get("subject")), first[:4000]]
    return "\n".join(line for line in lines if line)
