"""Mail that is never answered and never published, and what it proves who vouches for a sender."""

import pytest

from bridge.adapters.email.mime import Head
from bridge.adapters.email.proof import is_proven
from bridge.adapters.email.reader import Post, read
from tests.unit.adapters.email.test_reader import POST

PERSON = "From: a@example.org\r\n"


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (PERSON, ""),
        (PERSON + "Auto-Submitted: no\r\n", ""),
        (PERSON + "Auto-Submitted: auto-replied (vacation)\r\n", "auto_reply"),
        (PERSON + "Auto-Submitted: auto-generated; x=y\r\n", "auto_reply"),
        (PERSON + "X-Autoreply: yes\r\n", "auto_reply"),
        (PERSON + "Subject: Automatic reply: Dose\r\n", "auto_reply"),
        (PERSON + "Subject: Out of office care: what works?\r\n", ""),
        (PERSON + "Precedence: bulk\r\n", "bulk"),
        (PERSON + "Precedence: first-class\r\n", ""),
        (PERSON + "List-Id: Others <others.example.net>\r\n", "list"),
        (PERSON + "List-Id: HIFA <hifa.lists.example.org>\r\n", "loop"),
        (PERSON + "X-Loop: HIFA@lists.example.org\r\n", "loop"),
        (PERSON + "Message-ID: <p12.hifa@lists.example.org>\r\n", "loop"),
        ("From: HIFA <hifa@lists.example.org>\r\n", "loop"),
        (PERSON + "In-Reply-To: <p12.hifa@lists.example.org>\r\n", ""),
        ("From: MAILER-DAEMON@example.org\r\n", "bounce"),
        ("From: Postmaster <postmaster@example.org>\r\n", "bounce"),
        (PERSON + "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n", "auto_reply"),
    ],
)
def test_who_wrote_it(head: str, why: str) -> None:
    assert read(head.encode() + b"\r\nwords\r\n", POST).set_aside == why


def test_nobody_as_the_sender_is_a_machine() -> None:
    values = {"to_bounces": False, "own": POST.own, "domain": POST.domain, "authserv_id": ""}
    assert read(b"From: a@example.org\r\n\r\nx", Post(envelope_sender="", **values)).set_aside == "auto_reply"  # type: ignore[arg-type]
    assert read(b"From: a@example.org\r\n\r\nx", Post(envelope_sender=None, **values)).set_aside == ""  # type: ignore[arg-type]


DSN = (
    b"From: MAILER-DAEMON@mx.example.org\r\nAuto-Submitted: auto-replied\r\n"
    b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
    b"--b\r\n\r\nI could not.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; ben@example.net\r\n"
    b"Action: %s\r\nStatus: %s\r\nDiagnostic-Code: smtp; 550 5.1.1 unknown\r\n\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Message-ID: <k0123456789abcdef0123456789abcdef@lists.example.org>\r\n\r\nx\r\n"
    b"--b--\r\n"
)


@pytest.mark.parametrize(
    ("action", "status"), [(b"failed", b"5.1.1"), (b"delayed", b"4.4.1"), (b"delivered", b"2.0.0")]
)
def test_delivery_reports(action: bytes, status: bytes) -> None:
    found = read(DSN % (action, status), POST)
    assert found.set_aside == "bounce"
    assert found.bounce is not None
    assert (found.bounce.action, found.bounce.status) == (action.decode(), status.decode())
    assert found.bounce.key == "0123456789abcdef0123456789abcdef"


def test_a_bounce_of_its_own_making_is_known_by_flufl() -> None:
    qmail = (
        b"From: MAILER-DAEMON@example.net\r\nSubject: failure notice\r\n\r\n"
        b"Hi. This is the qmail-send program at example.net.\r\nI'm afraid I wasn't able to deliver your message to "
        b"the following addresses.\r\n\r\n<ben@example.net>:\r\nSorry, no mailbox here by that name. (#5.1.1)\r\n\r\n"
        b"--- Below this line is a copy of the message.\r\n\r\nx\r\n"
    )
    found = read(qmail, POST)
    assert found.bounce is not None
    assert (found.bounce.action, found.bounce.status) == ("failed", "5.1.1")


OURS = "Authentication-Results: mx.example.org; "
RECEIVED = "Received: from x by mx.example.org\r\n"


@pytest.mark.parametrize(
    ("head", "proven"),
    [
        (OURS + "dmarc=pass header.from=example.org\r\n", True),
        (OURS + "dkim=pass header.d=example.org\r\n", True),
        (OURS + "dkim=fail header.d=example.org; dkim=pass header.d=example.org\r\n", True),
        (OURS + "dkim=pass header.d=mailer.example.net\r\n", False),
        (OURS + "dkim=pass header.d=evil.example.org\r\n", False),
        (OURS + "spf=pass smtp.mailfrom=a@example.org\r\n", False),
        (OURS + "dmarc=fail header.from=example.org; dkim=pass header.d=example.org\r\n", False),
        (OURS + "dmarc=pass header.from=example.org\r\n" + OURS + "dmarc=fail header.from=example.org\r\n", False),
        (OURS + "dmarc=pass header.from=other.org\r\n", False),
        ("Authentication-Results: mx.evil.org; dmarc=pass header.from=example.org\r\n", False),
        (RECEIVED + OURS + "dmarc=pass header.from=example.org\r\n", True),
        (RECEIVED + RECEIVED + OURS + "dmarc=pass header.from=example.org\r\n", False),
        (OURS + "\u0000;;;(((\r\n", False),
        ("", False),
    ],
)
def test_only_our_own_mail_server_vouches(head: str, proven: bool) -> None:
    fields = Head((head + "From: a@example.org\r\n").encode())
    assert is_proven(fields, "a@example.org", "mx.example.org") == proven
    assert not is_proven(fields, "a@example.org", "")
    twice = Head((head + "From: a@example.org\r\nFrom: b@example.org\r\n").encode())
    assert not is_proven(twice, "a@example.org", "mx.example.org")
