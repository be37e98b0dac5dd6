"""What a letter looks like, byte for byte, whatever stands in it."""

from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adapters.email.addresses import COMMANDS, Destination, Domain, Ids, Meaning, normal
from bridge.adapters.email.convert import name_alone
from bridge.adapters.email.letters import Composer, encoded
from bridge.core.ids import ChatId, CommunityId
from bridge.core.message import Content, Letter, LetterKind
from bridge.core.text import plain

NOW = datetime(2026, 10, 5, 10, 12, tzinfo=UTC)
HIFA, CHIFA = CommunityId("hifa-english"), CommunityId("chifa")
DOMAIN = Domain(
    "lists.example.org", {HIFA: ("HIFA", ChatId("hifa")), CHIFA: ("CHIFA", ChatId("chifa@lists.example.org"))}
)
KEY = "0123456789abcdef" * 2


def composed(content: Content, url: str = "") -> bytes:
    composer = Composer(DOMAIN, public_url=url, prefix=True)
    return composer.message(composer.payload(ChatId("ben@example.net"), content, NOW), KEY)


def post(**fields: object) -> Letter:
    values = {
        "kind": LetterKind.POST,
        "community": HIFA,
        "subject": "Which dose?",
        "number": 482,
        "sender": "Amina via HIFA",
    }
    return Letter(**{**values, **fields})  # type: ignore[arg-type]


def test_a_post_has_the_fields_that_lists_have() -> None:
    letter = post(answers=400, thread=300, leave="tokentoken", leave_label="To leave HIFA:")
    raw = composed(Content(text=plain("Four hundred.\n.\nFrom here"), letter=letter), "https://example.org")
    head, _, body = raw.decode().partition("\r\n\r\n")
    assert head.split("\r\n") == [
        "Message-ID: <p482.hifa@lists.example.org>",
        "From: Amina via HIFA <hifa@lists.example.org>",
        "To: HIFA <hifa@lists.example.org>",
        "Reply-To: HIFA <hifa@lists.example.org>",
        "Subject: [HIFA] Which dose?",
        "Date: Mon, 05 Oct 2026 10:12:00 +0000",
        "In-Reply-To: <p400.hifa@lists.example.org>",
        "References: <p300.hifa@lists.example.org>",
        " <p400.hifa@lists.example.org>",
        "List-Id: HIFA <hifa.lists.example.org>",
        "List-Post: <mailto:hifa@lists.example.org>",
        "List-Help: <mailto:hifa+help@lists.example.org>",
        "List-Unsubscribe: <https://example.org/u/tokentoken>,",
        " <mailto:hifa+u-tokentoken@lists.example.org>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Precedence: list",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 7bit",
    ]
    assert body == "Four hundred.\r\n.\r\nFrom here\r\n\r\n-- \r\nTo leave HIFA: https://example.org/u/tokentoken\r\n"


def test_a_notice_is_a_machines_and_no_lists() -> None:
    mail = message_from_bytes(composed(Content(text=plain("Thank you.\nIt is held."), letter=Letter(community=CHIFA))))
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Loop"] == "chifa@lists.example.org"
    assert mail["Message-ID"] == f"<k{KEY}@lists.example.org>"
    assert mail["Subject"] == "[CHIFA] Thank you."
    assert mail["List-Id"] is None
    assert mail["To"] == "<ben@example.net>"


ANYTHING = st.text(
    alphabet=st.one_of(st.characters(), st.sampled_from('\r\n\x00<>@"\\,;:=?_ \u202e\u0085\u2028')), max_size=300
)


@given(ANYTHING, ANYTHING, ANYTHING)
def test_nothing_in_a_name_or_subject_becomes_a_field(name: str, subject: str, text: str) -> None:
    usable = text.encode("utf-8", "replace").decode()
    letter = post(
        sender=f"{name}\r\nBcc: x@example.org", subject=f"{subject}\nX-Evil: 1", leave_label="To leave:", answers=1
    )
    raw = composed(Content(text=plain(usable), letter=letter))
    head, _, _ = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert head.count(b"\n") == head.count(b"\r") == len(lines) - 1
    assert max(map(len, lines)) <= 400
    assert len(head) <= 1200
    fields = [line.partition(b":")[0] for line in lines if not line.startswith(b" ")]
    assert len(fields) == len(set(fields)) == 16
    mail = message_from_bytes(raw, policy=policy.default)
    assert [address.addr_spec for address in mail["From"].addresses] == ["hifa@lists.example.org"]
    assert not mail.defects


def shown(raw: bytes) -> str:
    """As a reader's program shows it: where it says so, a line that ends with a space goes on (RFC 3676)."""
    mail = message_from_bytes(raw, policy=policy.default)
    text = str(mail.get_content()).replace("\r\n", "\n")
    if mail.get_param("format") != "flowed":
        return text
    lines = [line.removeprefix(" ") for line in text.removesuffix("\n").split("\n")]
    return "".join(line if line.endswith(" ") and line != "-- " else f"{line}\n" for line in lines)


@given(st.text(max_size=3000))
def test_a_body_arrives_as_it_was(text: str) -> None:
    usable = text.encode("utf-8", "replace").decode().replace("\r", " ").replace("\x00", " ")
    raw = composed(Content(text=plain("\n".join(usable.splitlines())), letter=post()))
    got = shown(raw).rstrip("\n")
    assert got == "\n".join(usable.splitlines()).rstrip("\n")
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    ("text", "encoding", "flowed"),
    [
        ("a", "7bit", False),
        ("é", "8bit", False),
        ("word " * 400, "7bit", True),
        ("ሰላም " * 300, "8bit", True),
        ("x" * 2000, "quoted-printable", False),
        ("我们" * 600, "base64", False),
        ("a\x00b", "quoted-printable", False),
    ],
)
def test_a_body_travels_in_the_cheapest_way(text: str, encoding: str, flowed: bool) -> None:
    body = encoded(text)
    assert (body.encoding, body.flowed) == (encoding, flowed)


@given(st.lists(st.text(alphabet=st.sampled_from("ab >F é\u2028"), max_size=1500), max_size=6))
def test_a_long_line_is_broken_and_joined_again(lines: list[str]) -> None:
    text = "\r\n".join(["word " * 300 + "end", "From here", "> so it goes", "  x", "-- ", *lines])
    body = encoded(text)
    assert max(len(line.encode()) for line in body.text.split("\r\n")) <= 998
    if body.flowed:
        head = f"Content-Type: text/plain; charset=utf-8; format=flowed\r\nContent-Transfer-Encoding: {body.encoding}"
        kept = "\n".join(line if line == "-- " else line.rstrip(" ") for line in text.split("\r\n"))
        assert shown(f"{head}\r\n\r\n{body.text}\r\n".encode()) == f"{kept}\n"


def test_the_same_content_is_the_same_bytes() -> None:
    content = Content(text=plain("x"), letter=post())
    assert composed(content) == composed(content)


def order(community: CommunityId, command: str) -> Destination:
    return Destination(meaning=Meaning.COMMAND, community=community, command=command)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("hifa@lists.example.org", Destination(meaning=Meaning.POST, community=HIFA)),
        ("<HIFA@Lists.Example.ORG>", Destination(meaning=Meaning.POST, community=HIFA)),
        ("hifa+daily@lists.example.org", order(HIFA, COMMANDS["daily"])),
        ("dailydigest.chifa@lists.example.org", order(CHIFA, COMMANDS["daily"])),
        ("leave.hifa@lists.example.org", order(HIFA, "/leave")),
        ("help@lists.example.org", order(HIFA, "/help")),
        ("hifa-owner@lists.example.org", order(HIFA, "/admin")),
        (f"hifa+b-{KEY}@lists.example.org", Destination(meaning=Meaning.BOUNCE, community=HIFA, key=KEY)),
        ("hifa+b-forged@lists.example.org", Destination(meaning=Meaning.BOUNCE, community=HIFA)),
        ("hifa+u-TokenToken@lists.example.org", order(HIFA, "/unsubscribe TokenToken")),
        ("hifa+m-Token_Token-Token0@lists.example.org", order(HIFA, "/moderate Token_Token-Token0")),
        ("hifa+m-short@lists.example.org", None),
        ("hifa+nonsense@lists.example.org", None),
        ("nobody@lists.example.org", None),
        ("hifa@lists.example.org.evil.example", None),
        ("hifa", None),
    ],
)  # fmt: skip
def test_addresses(address: str, expected: Destination | None) -> None:
    assert DOMAIN.destination(address) == expected


def test_ids_are_read_again() -> None:
    ids = Ids(DOMAIN)
    for made in (ids.of_post(482, HIFA), ids.of_post(482, HIFA, version=2), ids.of_post(482, HIFA, version=1, part=3)):
        assert ids.post_of(f"<{made}>") == (482, "hifa")
        assert ids.is_ours(made)
    assert ids.post_of("p482.hifa@lists.example.org.evil") is None
    assert not ids.is_ours("x@example.org")


@pytest.mark.parametrize(
    ("name", "alone"),
    [
        ("Amina Okello", "Amina Okello"),
        ("amina@example.org", ""),
        ("'amina@example.org'", ""),
        ("Amina Okello (amina@example.org)", "Amina Okello"),
        ("", ""),
    ],
)
def test_no_address_is_shown_for_a_name(name: str, alone: str) -> None:
    assert name_alone(name) == alone


@pytest.mark.parametrize(
    "bad", ["", "a", "a@", "a b@c.d", "a@b\r\nRCPT TO:<x@y>", "<a@b>c", "a,b@c.d", "a..b@c.d", "a@b@c"]
)
def test_what_is_no_address(bad: str) -> None:
    assert normal(bad) == ""


def test_a_digest_is_one_long_letter_from_a_machine() -> None:
    composer = Composer(DOMAIN, public_url="", prefix=True)
    letter = Letter(kind=LetterKind.DIGEST, community=HIFA, leave_label="To leave HIFA:")
    text = "HIFA daily digest · 30 new messages\n" + "#482 Amina: a line of a digest\n" * 400
    assert composer.fits(Content(text=plain(text), letter=letter))
    assert not composer.fits(Content(text=plain(text * 2), letter=letter))
    assert not composer.fits(Content(text=plain(text), letter=post()))
    raw = composed(Content(text=plain(text), letter=letter))
    assert len(raw) <= 15_000
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"] == "HIFA <hifa.lists.example.org>"
    assert mail["Subject"] == "HIFA daily digest · 30 new messages"
    assert mail.get_content().endswith("To leave HIFA: hifa+leave@lists.example.org\r\n")


def test_a_digest_says_how_to_read_more_or_less_often() -> None:
    letter = Letter(kind=LetterKind.DIGEST, community=HIFA, leave_label="To leave HIFA:", reading_label="Otherwise:")
    raw = composed(Content(text=plain("x"), letter=letter))
    ways = ", ".join(f"hifa+{order}@lists.example.org" for order in ("mail", "daily", "weekly", "monthly"))
    assert raw.decode().endswith(f"-- \r\nOtherwise: {ways}\r\nTo leave HIFA: hifa+leave@lists.example.org\r\n")
    for order in ("mail", "daily", "weekly", "monthly"):
        destination = DOMAIN.destination(f"hifa+{order}@lists.example.org")
        assert destination is not None
        assert destination.command.startswith("/settings reading")


@pytest.mark.parametrize(
    ("archive", "shown"),
    [
        ("https://lists.example.org/hifa", "<https://lists.example.org/hifa>"),
        ("https://lists.example.org/hifa/~kEy/", "<https://lists.example.org/hifa/~kEy/>"),
        ("", None),
        ("https://lists.example.org/a b", None),
        ("https://lists.example.org/>\r\nBcc: x@example.org", None),
    ],
)
def test_where_the_archive_is(archive: str, shown: str | None) -> None:
    mail = message_from_bytes(composed(Content(text=plain("x"), letter=post(archive=archive))))
    assert mail["List-Archive"] == shown
    assert mail["Bcc"] is None


def test_a_correction_stands_in_the_thread_behind_what_it_corrects() -> None:
    mail = message_from_bytes(composed(Content(text=plain("x"), letter=post(version=2, answers=400))))
    assert mail["Message-ID"] == "<p482r2.hifa@lists.example.org>"
    assert mail["In-Reply-To"] == "<p482.hifa@lists.example.org>"
    assert "<p400.hifa@lists.example.org>" in mail["References"]
