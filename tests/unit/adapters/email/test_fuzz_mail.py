"""Whole mails, reports, LMTP dialogues and mailboxes' answers, changed anywhere: read, or kept for a person."""

import asyncio
import imaplib
import io
import json
import random
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from bridge.adapters.email import mailbox
from bridge.adapters.email.addresses import Destination, Domain
from bridge.adapters.email.convert import Converter
from bridge.adapters.email.mail import MOST_FILES, UnreadableMail, from_json, to_json
from bridge.adapters.email.reader import Post, read
from bridge.adapters.email.settings import Settings
from bridge.core.clock import SystemClock
from bridge.core.events import InboundEvent, MessagePosted
from bridge.core.ids import AccountId
from tests.fuzzing import FUZZ, NO_TIMEOUT, kept, mangled, rng_of
from tests.unit.adapters.email.common import DOMAIN, INBOXES, Store, account, hand_over
from tests.unit.adapters.email.test_reader import HEAD, HTML, POST, SIGNED
from tests.unit.storage.stage import NOW

HOUSE = Domain(DOMAIN, INBOXES)
KEY = "0123456789abcdef" * 2
ADDRESSES = ("hifa", "chifa", "hifa+daily", "leave.hifa", f"hifa+b-{KEY}", "hifa+m-abcdefghijklmnop1234", "hifa+help")
REPORT = (
    b"From: MAILER-DAEMON@mx.example.net\r\nTo: hifa+b-" + KEY.encode() + b"@lists.example.org\r\n"
    b"Subject: Undelivered Mail Returned to Sender\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\n\r\nI'm sorry. 550 5.1.1 <ben@example.net>: no such user\r\n"
    b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.net\r\n\r\n"
    b"Final-Recipient: rfc822; ben@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <k"
    + KEY.encode()
    + b"@lists.example.org>\r\n\r\nx\r\n--b--\r\n"
)
COMPLAINT = (
    b"From: fbl@example.net\r\nSubject: complaint\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\r\nspam\r\n"
    b"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nVersion: 1\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"List-Unsubscribe: <mailto:hifa+u-abcdefghij@lists.example.org>\r\n\r\nx\r\n--b--\r\n"
)
EXIM = (
    b"From: Mail Delivery System <Mailer-Daemon@example.net>\r\nX-Failed-Recipients: ben@example.net\r\n"
    b"Subject: Mail delivery failed: returning message to sender\r\n\r\nThis message was created automatically by mail "
    b"delivery software.\r\n\r\n  ben@example.net\r\n    all hosts have been failing (4.4.1)\r\n"
)
FORWARDED = (
    b"Content-Type: message/rfc822\r\n\r\nFrom: B <b@example.org>\r\nSubject: =?utf-8?b?w4c=?=\r\n\r\nforwarded words"
)
CALENDAR = b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:Round\\, ward 3\r\nEND:VEVENT"
FILES = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8; "
    b"format=flowed\r\n\r\n"
    b"one \r\ntwo\r\n> quoted\r\n-- \r\nAmina\r\n--b\r\nContent-Type: image/jpeg; name*=utf-8''c%C3%A9.jpg\r\n"
    b"Content-Transfer-Encoding: base64\r\nContent-ID: <p>\r\n\r\nAAAA\r\n"
    b'--b\r\nContent-Type: application/pdf; name="../../x"\r\nContent-Disposition: attachment\r\n\r\n%PDF\r\n--b--\r\n'
)
ANSWER = (
    b"From: =?utf-8?q?Am=C3=ADna?= (c(c)) <amina@example.org>\r\nTo: hifa@lists.example.org\r\n"
    b"Subject: Re: [HIFA 12] Dose\r\nIn-Reply-To: <p12.hifa@lists.example.org>\r\n"
    b"References: <a@b> <p12.hifa@lists.example.org>\r\n"
    b"Authentication-Results: mx.example.org; dmarc=pass header.from=example.org; dkim=pass header.d=example.org\r\n"
    b"List-Id: <x>\r\nContent-Language: sw\r\n\r\nYes.\r\n\r\n"
    b"On Mon, 5 Oct 2026 at 10:12, HIFA <hifa@lists.example.org> wrote:\r\n> no\r\n"
)
MAILS = (
    *(HEAD + rest for rest in (b"\r\nHello\r\n", HTML, SIGNED, FORWARDED, CALENDAR, FILES)),
    HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B$3\x1b(B",
    HEAD + b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--",
    ANSWER,
    REPORT,
    COMPLAINT,
    EXIM,
)
PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"\r\n--b\r\n", b"--b--", b"\x00", b"\xff\xfe", b"\x1b$B", b"?="),
    *(b"=?utf-8?b?", b"=?utf-8?q?=00=0D=0A?=", b"=?x-none?b?////?=", b"=?utf-16?b?2D0=?=", b"\xed\xa0\xbd"),
    *("é👩🏾\u200d⚕️\u202e".encode(), b"Content-Type: multipart/alternative; boundary=b\r\n", b"MIME-Version: 1.0\r\n"),
    *(b"Content-Type: text/html; charset=utf-7\r\n", b"charset*0*=utf-8''%FF", b'; name="' + b"x" * 300 + b'"'),
    *(b"Content-Transfer-Encoding: x-uuencode\r\n", b"Content-Transfer-Encoding: base64\r\n"),
    *(b"Content-Type: message/delivery-status\r\n\r\n", b"Content-Type: message/partial\r\n"),
    *(b"Auto-Submitted: auto-replied\r\n", b"Action: delayed\r\n", b"Status: 4.4.1\r\n", b"From: (((((", b"<>", b"@"),
    *(b"-----BEGIN PGP MESSAGE-----", b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"begin 644 x\n", b"> > > ", b'"'),
    *(b"Content-Type: " + b"a/" * 50 + b"\r\n", b"X: " + b"y" * 2000 + b"\r\n", b"=", b"=3D=\r\n", b"1" * 5000),
    *(b"&#0;", b"&#x110000;", b"<blockquote>" * 40),
)  # fmt: skip


def taken(rng: random.Random, raw: bytes) -> list[InboundEvent]:
    """The entry for fuzzing: what the account makes of a mail, in this process. Only its own bounds may stop it."""
    found = [HOUSE.destination(f"{each}@{DOMAIN}") for each in rng.sample(ADDRESSES, rng.choice((1, 1, 2)))]
    to: list[Destination] = [each for each in found if each is not None]
    post = Post(
        envelope_sender=rng.choice(("amina@example.org", "", None)),
        to_bounces=rng.random() < 0.3,
        own=POST.own,
        domain=POST.domain,
        authserv_id=POST.authserv_id,
        name="HIFA",
        answers=rng.random() < 0.2,
    )
    converter = Converter(AccountId("mail"), HOUSE)
    try:
        mail = read(raw, post)
    except UnreadableMail as error:
        return [converter.unreadable(raw, NOW, str(error))]
    assert from_json(json.loads(json.dumps(to_json(mail)))) == mail
    assert len(mail.files) <= MOST_FILES
    assert not any(char in mail.subject + mail.name for char in "\x00\r\n")
    return converter.events(mail, raw, to, NOW, "a" * 64)


@pytest.mark.timeout(NO_TIMEOUT)
def test_whatever_is_changed_in_a_mail_it_is_read_or_kept() -> None:
    rng = rng_of("mails")
    for _ in range(FUZZ or 600):
        raw = mangled(rng, rng.choice(MAILS), PIECES, others=MAILS, times=rng.choice((0, 1, 1, 2, 4, 9)))
        events = taken(rng, raw)
        for event in events:
            kept(event)
            if isinstance(event, MessagePosted):
                assert event.sender.ref.user, "there is somebody to answer"


# --- a mail server that has lost its mind ---------------------------------------------------------------------------

DIALOGUES = (
    b"LHLO mx\r\nMAIL FROM:<amina@example.org>\r\nRCPT TO:<hifa@lists.example.org>\r\nDATA\r\n"
    + HEAD
    + b"\r\nHi\r\n.\r\nQUIT\r\n",
    b"LHLO mx\r\nMAIL FROM:<> SMTPUTF8 BODY=8BITMIME SIZE=99\r\nRCPT TO:<chifa@lists.example.org>\r\n"
    b"RCPT TO:<no@lists.example.org>\r\n"
    b"DATA\r\n" + EXIM + b"..\r\n.\r\nRSET\r\nNOOP\r\nVRFY hifa\r\nHELP\r\n",
    b"EHLO mx\r\nAUTH PLAIN AGEAYg==\r\nSTARTTLS\r\nDATA\r\nRCPT TO:x\r\nMAIL FROM:x\r\n",
)
SAID = (
    *PIECES,
    b"DATA\r\n",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r.\r",
    b"MAIL FROM:<",
    b"RCPT TO:<hifa@lists.example.org>\r\n",
    b"LHLO\r\n",
)


@pytest.mark.timeout(NO_TIMEOUT)
async def test_no_dialogue_breaks_the_lmtp_server_or_is_thanked_for_nothing(tmp_path: Path) -> None:
    rng, store = rng_of("lmtp"), Store()
    async with account(tmp_path, store) as (_, port):
        for _ in range(FUZZ // 100 or 40):
            said = mangled(rng, rng.choice(DIALOGUES), SAID, others=DIALOGUES, times=rng.choice((0, 1, 2, 5)))
            replies = await asyncio.to_thread(_spoken, port, said)
            assert all(re.match(rb"[2345]\d\d[ -]|$", line) for line in replies.split(b"\r\n")), replies
            assert b"Error: (" not in replies, "what a defect of ours says is nobody's business"
            assert b"250 2.0.0 Taken" not in replies or store.events
        before = len(store.events)
        await asyncio.to_thread(hand_over, port, HEAD.replace(b"<1@", b"<last@") + b"\r\nStill there?\r\n")
        assert len(store.events) == before + 1
    for event in store.events:
        kept(event)


def _spoken(port: int, said: bytes) -> bytes:
    """All that is answered to it until the other side has nothing more to say."""
    with socket.create_connection(("127.0.0.1", port), 20) as line:
        try:
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
        except OSError:
            return b""
        found = b""
        try:
            while piece := line.recv(65536):
                found += piece
        except ConnectionResetError:
            pass
        return found


# --- a mailbox whose server says what it likes ----------------------------------------------------------------------


class Talking(imaplib.IMAP4):
    """The standard library's client, and for every command the next answer of a script."""

    def __init__(self, answers: list[bytes]) -> None:
        self._answers = answers
        self._heard = io.BytesIO(b"* PREAUTH ready\r\n* CAPABILITY IMAP4rev1\r\n")
        super().__init__()

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Nowhere."""

    def send(self, data: Any) -> None:
        answer = self._answers.pop(0) if self._answers else b""
        self._heard = io.BytesIO(self._heard.read() + answer.replace(b"TAG", bytes(data).partition(b" ")[0]))

    def readline(self) -> bytes:
        return self._heard.readline()

    def read(self, size: int) -> bytes:
        return self._heard.read(size)

    def shutdown(self) -> None:
        """Nothing is open."""


CAPABLE = b"* CAPABILITY IMAP4rev1 UIDPLUS\r\nTAG OK done\r\n"
SELECTED = (
    b"* 3 EXISTS\r\n* FLAGS (\\Seen)\r\n* OK [UIDVALIDITY 77] ok\r\n* OK [UIDNEXT 9] ok\r\nTAG OK [READ-WRITE] done\r\n"
)
FOUND = b"* SEARCH 4 5 9\r\nTAG OK done\r\n"
SIZED = b"* 1 FETCH (UID 4 RFC822.SIZE 120)\r\nTAG OK done\r\n"
FETCHED = b"* 1 FETCH (UID 4 BODY[] {%d}\r\n%b)\r\nTAG OK done\r\n" % (len(ANSWER), ANSWER)
SEEN = b"* 1 FETCH (FLAGS (\\Seen))\r\nTAG OK done\r\n"
ANSWERS = (CAPABLE, SELECTED, FOUND, SIZED, FETCHED, SEEN)
IMAP = (
    *(
        b"\r\n",
        b"* ",
        b"TAG NO\r\n",
        b"TAG BAD [ALERT]\r\n",
        b"* BYE\r\n",
        b"+ \r\n",
        b"{99999999}\r\n",
        b"{-1}\r\n",
        b"{5}\r\nabc",
    ),
    *(
        b"(",
        b")",
        b"NIL",
        b"\xff",
        b"\x00",
        b"9" * 40,
        b"UIDVALIDITY ",
        b"[UIDVALIDITY x]",
        b"* SEARCH x\r\n",
        b"-1",
        b"BODY[] NIL",
    ),
)


@pytest.mark.timeout(NO_TIMEOUT)
def test_whatever_a_mailbox_says_is_a_mail_or_trouble() -> None:
    rng = rng_of("imap")
    settings = Settings.model_validate(
        {"domain": DOMAIN, "imap": "127.0.0.1:1", "imap_user": "x", "imap_password": "y", "imap_tls": False}
    )
    store = Store()

    async def take(*_: object) -> None:
        raise AssertionError

    box = mailbox.Mailbox(settings, HOUSE, SystemClock(), store, take)
    mails = 0
    for _ in range(FUZZ or 600):
        answers = [mangled(rng, each, IMAP, others=ANSWERS, times=rng.choice((0, 0, 1, 2))) for each in ANSWERS]
        connection = mailbox._Connection(settings)
        try:
            connection._imap = Talking(answers)
            connection._imap.select("INBOX")
            uids = connection.newer(3, unread=rng.random() < 0.5)
            assert all(uid > 3 for uid in uids)
            raw = connection.fetch(4)
            connection.seen(4)
        except mailbox.TROUBLE:
            continue
        if raw is not None:
            mails += 1
            for to in box._destinations(raw):
                assert to.community in HOUSE.communities
            for event in taken(rng, raw):
                kept(event)
    assert mails > 5, "some of what is changed still brings a mail"


def test_a_mailbox_that_announces_more_than_there_can_be_is_trouble() -> None:
    settings = Settings.model_validate(
        {"domain": DOMAIN, "imap": "127.0.0.1:1", "imap_user": "x", "imap_password": "y", "imap_tls": False}
    )
    connection = mailbox._Connection(settings)
    connection._imap = Talking([CAPABLE, SELECTED, SIZED, FETCHED.replace(b"{", b"{" + b"9" * 40)])
    connection._imap.select("INBOX")
    with pytest.raises(mailbox.TROUBLE):
        connection.fetch(4)
