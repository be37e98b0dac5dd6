"""A plain mail program: a list of letters, one letter, an answer to it, a new one, and the unsubscribe button."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parseaddr
from functools import lru_cache
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import aiohttp
from markupsafe import Markup, escape

from bridge.core.hygiene import clean_line
from bridge.playground.formatting import excerpt, web_link
from bridge.playground.post_office import Letter, PostOffice
from bridge.playground.screen import DeviceRefused, LetterLine, Notice, OpenLetter, Screen, Tab, Upload, clock_words

INBOX, WRITE = "inbox", "write"
SHOWN_LETTERS = 50
_QUOTED = re.compile(r'"([^"\\]*)" (<[^<>]*>)')
_HEADERS = (
    "Return-Path",
    "Reply-To",
    "List-Id",
    "List-Archive",
    "List-Unsubscribe",
    "Message-ID",
    "In-Reply-To",
    "Auto-Submitted",
)
"""What a mail program shows of the header when asked for more."""
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,200}")
_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]]")
_SECONDS = 10.0


class MailDevice:
    """One person's mailbox.

    ``community`` is where a new letter goes; ``web`` is where its pages are: the public address, and on this machine.
    """

    look: ClassVar[str] = "mail"
    takes_pictures: ClassVar[bool] = False
    takes_replies: ClassVar[bool] = False
    longest: ClassVar[int] = 20_000
    hint: ClassVar[str] = ""

    def __init__(
        self,
        office: PostOffice,
        *,
        key: str,
        person: str,
        about: str,
        address: str,
        full_name: str,
        community: str,
        web: tuple[str, str],
    ) -> None:
        self.key = key
        self.person = person
        self.about = about
        self.community = community
        self._office = office
        self._address = address
        self._full_name = full_name
        self._web = web

    def tabs(self) -> tuple[Tab, ...]:
        latest = next((letter.id for letter in reversed(self._letters()) if not letter.mine), "")
        return (Tab(key=INBOX, title="Letters", latest=latest), Tab(key=WRITE, title="Write new"))

    def screen(self, tab: str, start: str = "") -> Screen:
        if tab == WRITE:
            return Screen(
                tab=WRITE, tabs=self.tabs(), title="New letter", subtitle=f"to {self.community}", empty=_HOW_TO
            )
        letter = self._find(tab)
        if letter is not None:
            opened = _opened(letter)
            return Screen(
                tab=letter.id,
                tabs=self.tabs(),
                title=opened.subject,
                subtitle=letter_bytes(letter),
                compose="none" if letter.mine else "text",
                letter=opened,
            )
        shown = self._letters()[-SHOWN_LETTERS:]
        return Screen(
            tab=INBOX,
            tabs=self.tabs(),
            title=self._address,
            subtitle=f"letters: {len(shown)}, {sum(len(each.raw) for each in shown):,} bytes",
            letters=tuple(_line(each) for each in reversed(shown)),
            compose="none",
            empty="No letters yet.",
        )

    async def write(self, tab: str, text: str, *, subject: str = "", upload: Upload | None = None) -> Notice:
        """A new letter, or the answer to the one that is open."""
        if upload is not None or not text.strip():
            raise DeviceRefused("Write something first.")
        if len(text) > self.longest:
            raise DeviceRefused("That is too long for this mail program.")
        mail = EmailMessage()
        letter = self._find(tab)
        if letter is None:
            to = self.community
            mail["Subject"] = clean_line(subject, 200)
        else:
            answered = message_from_bytes(letter.raw, policy=policy.default)
            to = parseaddr(str(answered["Reply-To"] or answered["From"]))[1]
            about = clean_line(str(answered["Subject"] or ""), 200)
            mail["Subject"] = about if about.lower().startswith("re:") else f"Re: {about}"
            identity = clean_line(str(answered["Message-ID"] or ""), 200)
            if identity:
                mail["In-Reply-To"] = identity
                mail["References"] = " ".join([clean_line(str(answered["References"] or ""), 600), identity]).strip()
            text = f"{text.rstrip()}\n\n{_quoted(answered)}"
        return self._hand_in(mail, to, text)

    async def unsubscribe(self, tab: str) -> Notice:
        """The button of the mail program: POST where the letter says that it may (RFC 8058), else a letter."""
        letter = self._find(tab)
        mail = None if letter is None else message_from_bytes(letter.raw, policy=policy.compat32)
        ways = re.findall(r"<([^>]+)>", "" if mail is None else str(mail["List-Unsubscribe"] or ""))
        public, local = self._web
        for way in ways:
            if mail is not None and way.startswith(f"{public}/") and mail["List-Unsubscribe-Post"]:
                return await self._post(local + way.removeprefix(public))
        for way in ways:
            if way.startswith("mailto:"):
                note = EmailMessage()
                note["Subject"] = "unsubscribe"
                return self._hand_in(note, unquote(urlsplit(way).path), "")
        raise DeviceRefused("This letter names no way to unsubscribe.")

    async def _post(self, url: str) -> Notice:
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(url, data={"List-Unsubscribe": "One-Click"}, allow_redirects=False) as answer,
            ):
                if answer.status == 200:
                    return Notice(text="Unsubscribed: the mail program sent POST, and the answer was 200.")
                raise DeviceRefused(f"Unsubscribing was answered with {answer.status}.")
        except (aiohttp.ClientError, TimeoutError):
            raise DeviceRefused("Unsubscribing was not answered. Is the bridge running?") from None

    def _hand_in(self, mail: EmailMessage, to: str, text: str) -> Notice:
        if not _ADDRESS.fullmatch(to):
            raise DeviceRefused("That letter has no address to answer to.")
        mail["To"] = to
        mail.set_content(text)
        size = self._office.writes(self._address, to, mail, name=self._full_name)
        return Notice(text=f"Sent to {to}: {size:,} bytes.")

    def _letters(self) -> list[Letter]:
        return self._office.of(self._address)

    def _find(self, identity: str) -> Letter | None:
        return next((letter for letter in self._letters() if letter.id == identity), None)


def letter_bytes(letter: Letter) -> str:
    return f"{len(letter.raw):,} bytes"


_HOW_TO = (
    "What you write goes to the moderators, and after them to everybody. Words alone in the subject are orders:"
    " help, settings, daily, immediate, stop."
)


@lru_cache(maxsize=256)
def _line(letter: Letter) -> LetterLine:
    mail = message_from_bytes(letter.raw, policy=policy.default)
    return LetterLine(
        id=letter.id,
        sender=f"to {letter.recipient}" if letter.mine else _sender(mail),
        subject=_subject(mail),
        excerpt=excerpt(_words(mail)),
        size=letter_bytes(letter),
        time=clock_words(letter.at),
        mine=letter.mine,
    )


@lru_cache(maxsize=64)
def _opened(letter: Letter) -> OpenLetter:
    mail = message_from_bytes(letter.raw, policy=policy.default)
    fields = {name: _unquoted(str(mail[name])) for name in ("From", "To", "Date") if mail[name]}
    more = {name: str(mail[name]) for name in _HEADERS if mail[name]}
    return OpenLetter(
        id=letter.id,
        subject=_subject(mail),
        fields=tuple(fields.items()),
        more=tuple(more.items()),
        body=_linked(_words(mail)),
        can_unsubscribe=bool(mail["List-Unsubscribe"]) and not letter.mine,
    )


def _unquoted(text: str) -> str:
    """A name without the quotation marks that the header needs."""
    match = _QUOTED.fullmatch(text)
    return text if match is None else f"{match[1]} {match[2]}"


def _sender(mail: EmailMessage) -> str:
    name, address = parseaddr(str(mail["From"] or ""))
    return name or address


def _subject(mail: EmailMessage) -> str:
    return str(mail["Subject"] or "") or "(no subject)"


def _words(mail: EmailMessage) -> str:
    part = mail.get_body(preferencelist=("plain",))
    if part is None:
        return ""
    text = str(part.get_content()).replace("\r\n", "\n").rstrip()
    if part.get_param("format") != "flowed":
        return text
    # RFC 3676: a line that ends with a space goes on in the next one.
    lines = [line.removeprefix(" ") for line in text.split("\n")]
    return "".join(line if line.endswith(" ") and line != "-- " else f"{line}\n" for line in lines).rstrip()


def _quoted(mail: EmailMessage) -> str:
    """As mail programs do under an answer."""
    lines = "\n".join(f"> {line}" for line in _words(mail).splitlines())
    return f"On {mail['Date']}, {_sender(mail)} wrote:\n{lines}\n"


def _linked(text: str) -> Markup:
    """Addresses of pages become links; everything else is text."""
    out, at = Markup(""), 0
    for match in _LINK.finditer(text):
        attributes = web_link(match[0])
        if attributes is None:
            continue
        out += escape(text[at : match.start()])
        joined = Markup(" ").join(Markup('{}="{}"').format(name, value) for name, value in attributes.items())
        out += Markup("<a {}>{}</a>").format(joined, match[0])
        at = match.end()
    return out + escape(text[at:])
