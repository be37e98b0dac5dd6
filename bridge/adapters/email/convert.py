"""From a mail that was read to events. Pure."""

import hashlib
import mimetypes
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypedDict

from bridge.adapters.email.addresses import LEAVE_BY_TOKEN, MODERATE, WITH_WORDS, Destination, Domain, Ids, Meaning
from bridge.adapters.email.mail import File, Mail
from bridge.adapters.email.reader import bare_subject, number_in
from bridge.core.events import (
    Arrival,
    ChatKind,
    DeliveryReported,
    InboundEvent,
    MessagePosted,
    Sender,
    SetAside,
    Unreadable,
)
from bridge.core.ids import AccountId, ChatId, MessageId, RemoteRef, UserId, UserRef
from bridge.core.message import AttachmentKind, RemoteFile, Uncarried, UncarriedKind
from bridge.core.text import RichText

_KINDS = {"image": AttachmentKind.PHOTO, "video": AttachmentKind.VIDEO, "audio": AttachmentKind.AUDIO}
_ADDRESS = re.compile(r"\S{1,200}@\S{1,200}")
_RAW, _RAW_ASIDE = 32 * 1024, 4 * 1024
"""Bytes kept of a mail that was read, and of one that was set aside: reports bring letters back by the thousand."""
_LONGEST_ID = 150
"""Characters of a Message-ID that is a message's id; a longer one is known by its hash."""


class _Shared(TypedDict):
    account: AccountId
    chat: ChatId
    key: str
    at: datetime
    raw: str


_ARRIVALS: Final = {
    "failed": Arrival.FAILED,
    "delayed": Arrival.FAILED,
    "delivered": Arrival.DELIVERED,
    "relayed": Arrival.SENT,
    "expanded": Arrival.SENT,
}
"""The actions of RFC 3464, section 2.3.3."""


class Converter:
    """For one account."""

    def __init__(self, account: AccountId, domain: Domain) -> None:
        self._account = account
        self._domain = domain
        self._ids = Ids(domain)

    def unreadable(self, raw: bytes, at: datetime, reason: str) -> Unreadable:
        digest = hashlib.sha256(raw).hexdigest()
        return Unreadable(
            account=self._account, chat=ChatId(""), key=f"mail:{digest}", at=at, raw=shown(raw), reason=reason
        )

    def events(
        self, mail: Mail, raw: bytes, destinations: Sequence[Destination], at: datetime, name: str
    ) -> list[InboundEvent]:
        """One for each community that it was sent to. ``name``: of the kept mail, for its files."""
        digest = hashlib.sha256(raw).hexdigest()
        if not mail.set_aside and not mail.sender:
            return [self.unreadable(raw, at, "nobody to answer to")]
        complaint = mail.bounce.leave if mail.bounce is not None else ""
        if complaint and mail.sender:
            # Somebody pressed "spam", which is meant as leaving. Nobody is answered.
            community = destinations[0].community if destinations else next(iter(self._domain.communities))
            by_link = Destination(meaning=Meaning.COMMAND, community=community, command=f"{LEAVE_BY_TOKEN} {complaint}")
            return [self._posted(mail, raw, by_link, at, name, further=False)]
        if mail.set_aside:
            about = next((each.key for each in destinations if each.key), "")
            return [self._set_aside(mail, raw, f"mail:{digest}", about, at)]
        found: dict[tuple[str, str], InboundEvent] = {}
        for each in destinations:
            place = (str(each.community), each.command)
            if each.meaning is not Meaning.BOUNCE and place not in found:
                found[place] = self._posted(mail, raw, each, at, name, further=bool(found))
        return list(found.values())

    def _set_aside(self, mail: Mail, raw: bytes, key: str, about: str, at: datetime) -> SetAside | DeliveryReported:
        bounce = mail.bounce
        shared: _Shared = {
            "account": self._account,
            "chat": ChatId(mail.sender),
            "key": key,
            "at": at,
            "raw": shown(raw, _RAW_ASIDE),
        }
        send = about or ("" if bounce is None else bounce.key)
        if bounce is not None and send and (arrival := _ARRIVALS.get(bounce.action)) is not None:
            # Who wrote it may be anybody: that it knows the key of the letter is what counts.
            return DeliveryReported(
                **shared, send=send, arrival=arrival, code=bounce.status, final=bounce.action != "delayed"
            )
        detail = "" if bounce is None else f"{bounce.action} {bounce.status}".rstrip()
        return SetAside(**shared, why=mail.set_aside, about=send, detail=detail)

    def _posted(
        self, mail: Mail, raw: bytes, to: Destination, at: datetime, name: str, *, further: bool
    ) -> MessagePosted:
        """``further``: the same mail is a message already, in another community."""
        chat = ChatId(mail.sender)
        message = self._identity(mail, raw)
        shared: _Shared = {
            "account": self._account,
            "chat": chat,
            "key": f"{chat} {to.community} {to.command.partition(' ')[0]}:{message}",
            "at": at,
            "raw": shown(raw, _RAW),
        }
        sender = Sender(
            ref=UserRef(self._account, UserId(mail.sender)),
            name=name_alone(mail.name),
            language=mail.language,
            direct=chat,
            proof="mail" if mail.proven else "claimed",
        )
        names = [self._domain.name_of(to.community), self._domain.local_of(to.community)]
        text = mail.text
        subject = bare_subject(mail.subject, names)
        if to.command:
            order = to.command.partition(" ")[0]
            # Nothing is decided by words that an answer only quotes.
            words = "" if order == MODERATE and mail.said_nothing else mail.text
            text = f"{to.command} {words}".rstrip() if order in WITH_WORDS else to.command
        elif not text.strip() and not mail.files and not mail.left_out:
            text, subject = subject, ""  # some write all they have to say there
        return MessagePosted(
            **shared,
            ref=self._ref(chat, f"{message}#{to.community}{to.command}" if further else message),
            sender=sender,
            chat_kind=ChatKind.PRIVATE,
            text=RichText(text),
            files=() if to.command else tuple(self._file(file, name) for file in mail.files),
            uncarried=_beside(mail, to),
            reply_to=self._reply_to(mail, chat),
            is_command=bool(to.command),
            community=to.community,
            answers=self._answers(mail, to, names),
            subject="" if to.command or mail.in_reply_to else subject,
            cut=mail.cut,
            mingled=mail.mingled,
        )

    def _identity(self, mail: Mail, raw: bytes) -> str:
        """What is the same when the same mail comes again, by whatever way."""
        if mail.message_id and len(mail.message_id) <= _LONGEST_ID:
            return mail.message_id
        return hashlib.sha256(mail.message_id.encode("utf-8", "replace") or raw).hexdigest()

    def _ref(self, chat: ChatId, message: str) -> RemoteRef:
        return RemoteRef(self._account, chat, MessageId(message))

    def _reply_to(self, mail: Mail, chat: ChatId) -> RemoteRef | None:
        """The letter of ours that it answers: the newest one that it names."""
        known = (mail.in_reply_to, *mail.references)
        ours = next((each for each in known if self._ids.is_ours(each)), None)
        if ours is not None:
            return self._ref(chat, ours)
        return self._ref(chat, mail.in_reply_to[:_LONGEST_ID]) if mail.in_reply_to else None

    def _answers(self, mail: Mail, to: Destination, names: Sequence[str]) -> int | None:
        local = self._domain.local_of(to.community)
        for each in (mail.in_reply_to, *mail.references):
            found = self._ids.post_of(each)
            if found is not None and found[1] == local:
                return found[0]
        return number_in(mail.subject, names)

    @staticmethod
    def _file(file: File, name: str) -> RemoteFile:
        kind = _KINDS.get(file.mime.partition("/")[0], AttachmentKind.DOCUMENT)
        shown_name = file.name or f"file{mimetypes.guess_extension(file.mime) or ''}"
        return RemoteFile(ref=f"{name}#{file.part}", kind=kind, name=shown_name, mime=file.mime, size=file.size)


def _beside(mail: Mail, to: Destination) -> tuple[Uncarried, ...]:
    """What came with the words. An answer to a letter is not empty if it is sealed, or a picture of a written "no"."""
    if to.command.partition(" ")[0] == MODERATE:
        files = [Uncarried(kind=UncarriedKind.DOCUMENT, detail=file.name) for file in mail.files]
        return (*_left_out(mail.left_out), *files)
    return () if to.command else tuple(_left_out(mail.left_out))


def _left_out(items: Iterable[tuple[str, str, str]]) -> Iterable[Uncarried]:
    for kind, words, refused in items:
        yield Uncarried(kind=UncarriedKind(kind), detail=words, refused=refused)


def name_alone(name: str) -> str:
    """Many programs write an address for a name, or beside it: readers are shown names, and no addresses."""
    return " ".join(_ADDRESS.sub(" ", name).split()).strip(" <>()[]\"',;:-")


def shown(raw: bytes, most: int = 256 * 1024) -> str:
    """The beginning of a mail, for whoever looks into it later."""
    return raw[:most].decode("utf-8", "replace") or "(empty)"
