"""Mails of every kind, the well-meant and the hostile, and what is read in them."""

import base64
import time

import pytest

from bridge.adapters.email.mail import Mail, UnreadableMail, from_json, to_json
from bridge.adapters.email.reader import Post, bare_subject, mailbox, number_in, read

POST = Post(
    envelope_sender="amina@example.org",
    to_bounces=False,
    own=frozenset({"hifa@lists.example.org"}),
    domain="lists.example.org",
    authserv_id="mx.example.org",
    name="HIFA",
)
HEAD = b"From: Amina <Amina@Example.org>\r\nSubject: Dose\r\nMessage-ID: <1@example.org>\r\nMIME-Version: 1.0\r\n"
HTML = (
    b"Content-Type: text/html\r\n\r\n<p>See <a href='https://example.org/g'>this</a>.</p>"
    b"<script>x()</script><ul><li>a<li>b</ul>"
)
SIGNED = (
    b"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nso\r\n- -- x\r\n"
    b"-----BEGIN PGP SIGNATURE-----\r\nabc\r\n-----END PGP SIGNATURE-----\r\n"
)


def mail(rest: bytes, head: bytes = HEAD) -> Mail:
    found = read(head + rest, POST)
    assert from_json(to_json(found)) == found
    return found


@pytest.mark.parametrize(
    ("name", "rest", "text"),
    [
        ("plain", b"\r\nHello\r\n", "Hello"),
        ("no charset, utf-8", b"\r\n" + "Ça va".encode(), "Ça va"),
        ("no charset, latin", b"\r\n" + "Ça va".encode("latin-1"), "Ça va"),
        ("says ascii, is utf-8", b"Content-Type: text/plain; charset=us-ascii\r\n\r\n" + "ሰላም".encode(), "ሰላም"),
        ("says latin-1, is utf-8", b"Content-Type: text/plain; charset=iso-8859-1\r\n\r\n" + "é".encode(), "é"),
        ("says utf-8, is cp1252", b"Content-Type: text/plain; charset=utf-8\r\n\r\n\x93so\x94", "“so”"),
        ("unknown charset", b"Content-Type: text/plain; charset=x-none\r\n\r\n" + "é".encode(), "é"),
        ("utf-7 is not read", b"Content-Type: text/plain; charset=utf-7\r\n\r\n+AGE-", "+AGE-"),
        ("arabic", b"Content-Type: text/plain; charset=windows-1256\r\n\r\n" + "شكرا".encode("cp1256"), "شكرا"),
        ("quoted-printable", b"Content-Transfer-Encoding: quoted-printable\r\n\r\nso=\r\n on =C3=A9", "so on é"),
        ("broken base64", b"Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8*=x", "Hello"),
        ("flowed", b"Content-Type: text/plain; format=flowed\r\n\r\none \r\ntwo\r\n three", "one two\nthree"),
        ("delsp", b"Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\non \r\nce", "once"),
        ("html only", HTML, "See this (https://example.org/g).\n\n- a\n- b"),
        ("javascript link", b"Content-Type: text/html\r\n\r\n<a href='javascript:x()'>go</a>", "go"),
        ("empty html", b"Content-Type: text/html\r\n\r\n<html><body></body></html>", ""),
        ("pgp signed", SIGNED, "so\n-- x"),
        ("no closing boundary", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhalf", "half"),
        ("boundary that is not there", b"Content-Type: multipart/mixed; boundary=b\r\n\r\nall of it", ""),
        ("NUL", b"\r\na\x00b", "ab"),
    ],
)  # fmt: skip
def test_words(name: str, rest: bytes, text: str) -> None:
    assert mail(rest).text == text, name


def test_of_two_forms_the_plain_one_is_read_and_html_where_it_says_nothing() -> None:
    def both(plain: bytes) -> bytes:
        return (
            b"Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n" + plain
            + b"\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>formatted</p>\r\n--b--\r\n"
        )  # fmt: skip

    assert mail(both(b"plain")).text == "plain"
    assert mail(both(b" ")).text == "formatted"


def test_files_are_named_and_logos_left_out() -> None:
    logo, photo = base64.b64encode(b"l" * 500), base64.encodebytes(b"p" * 30_000)
    found = mail(
        b"Content-Type: multipart/related; boundary=b\r\n\r\n"
        b'--b\r\nContent-Type: text/html\r\n\r\nHi <img src="cid:logo"> <img src="cid:photo">\r\n'
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\n" + logo +
        b"\r\n--b\r\nContent-Type: image/jpeg; name*=utf-8''c%C3%A9.jpg\r\nContent-ID: <photo>\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + photo +
        b"\r\n--b\r\nContent-Type: application/pdf; name=\"../../etc/passwd\"\r\n"
        b"Content-Disposition: attachment\r\n\r\n%PDF"
        b"\r\n--b--\r\n"
    )  # fmt: skip
    assert [(file.mime, file.size) for file in found.files] == [("image/jpeg", 30_000), ("application/pdf", 4)]
    assert found.files[0].name == "cé.jpg"


@pytest.mark.parametrize(
    ("rest", "kind"),
    [
        (b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--", "encrypted"),
        (b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx", "encrypted"),
        (b"\r\nsee\r\n-----BEGIN PGP MESSAGE-----\r\nabc\r\n-----END PGP MESSAGE-----", "encrypted"),
        (b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx", "document"),
        (b"Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:Round\\, ward 3\r\nEND:VEVENT", "unknown"),
        (b"Content-Type: message/rfc822\r\n\r\nFrom: B <b@example.org>\r\n\r\nforwarded words", "forwarded"),
    ],
)
def test_what_is_not_carried_is_said(rest: bytes, kind: str) -> None:
    assert [item[0] for item in mail(rest).left_out] == [kind]


def test_a_signed_mail_is_read_and_its_signature_is_no_file() -> None:
    found = mail(
        b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\nsaid\r\n"
        b"--b\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\nx\r\n--b--\r\n"
    )
    assert (found.text, found.files) == ("said", ())


HOSTILE = {
    "parts within parts": HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)
    ),
    "tiny parts": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 200_000,
    "mails within mails": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 2000,
    "deep comments": b"From: " + b"(" * 2000 + b")" * 2000 + b"\r\n\r\nx",
    "many recipients": HEAD + b"To: " + b", ".join(b"m%d@example.org" % n for n in range(2000)) + b"\r\n\r\nx",
    "long header": HEAD + b"X-Long: " + b"a" * 1_000_000 + b"\r\n\r\nx",
    "many fields": HEAD + b"X-A: 1\r\n" * 100_000 + b"\r\nx",
    "nested html": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<b>" * 20_000 + b"<blockquote>" * 20_000,
    "encoded words": b"From: a@example.org\r\nSubject: " + b"=?utf-8?q?=00=0D=0AX?= " * 5000 + b"\r\n\r\nx",
    "signed without end": HEAD + b"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n" + b"Hash: x\r\n" * 60 + b"no",
    "signed again and again": HEAD + b"\r\n" + b"-----BEGIN PGP SIGNED MESSAGE-----\r\nx\r\n\r\n" * 5000
    + b"\r\n-----BEGIN PGP SIGNATURE-----\r\n",
    "open words": b"From: a@example.org\r\nSubject: " + b"=?utf-8?q?" * 20_000 + b"\r\n\r\nx",
    "nothing": b"",
    "noise": bytes(range(256)) * 200,
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_or_refused_at_once(name: str) -> None:
    begun = time.process_time()
    try:
        found = read(HOSTILE[name], POST)
    except UnreadableMail:
        found = Mail()
    assert time.process_time() - begun < 3
    assert not any(char in found.subject + found.name for char in "\x00\r\n")
    assert len(found.files) <= 50


def test_two_thousand_recipients_are_no_hindrance() -> None:
    assert read(HOSTILE["many recipients"], POST).text == "x"


@pytest.mark.parametrize(
    ("value", "name", "address", "authors"),
    [
        ("Amina <Amina@Example.org>", "Amina", "amina@example.org", 1),
        ('"Okello, Amina" <a@example.org>', "Okello, Amina", "a@example.org", 1),
        ("a@example.org (Amina)", "Amina", "a@example.org", 1),
        ("=?utf-8?b?QW1pbmE=?= <a@example.org>", "Amina", "a@example.org", 1),
        ("A <a@example.org>, B <b@example.org>", "A", "a@example.org", 2),
        ('"x <grace@example.org>" <a@example.org>', "x <grace@example.org>", "a@example.org", 1),
        ("undisclosed", "", "", 1),
        ("<a@b@c>", "", "", 1),
    ],
)
def test_who_wrote(value: str, name: str, address: str, authors: int) -> None:
    assert mailbox(value) == (name, address, authors)


@pytest.mark.parametrize(
    ("subject", "bare", "number"),
    [
        ("Re: [HIFA] Which dose?", "Which dose?", None),
        ("[HIFA 482] Which dose?", "Which dose?", 482),
        ("AW: Re: [hifa #482] Fwd: Which dose?", "Which dose?", 482),
        ("Re: #482", "#482", 482),
        ("Problem #1 is water", "Problem #1 is water", None),
        ("About HIFA #12", "About HIFA #12", 12),
        ("", "", None),
        ("回复：剂量", "剂量", None),
    ],
)
def test_subjects(subject: str, bare: str, number: int | None) -> None:
    assert bare_subject(subject, ["HIFA"]) == bare
    assert number_in(subject, ["HIFA"]) == number


def test_parameters_that_no_program_writes_hide_no_words() -> None:
    assert mail(b"Content-Type: text/plain; a*" + b"1" * 5000 + b"=x\r\n\r\nHello").text == "Hello"


def test_no_field_brings_a_null_character() -> None:
    found = read(
        b"From: A\x00 <a@example.org>\r\nMessage-ID: <1\x00@example.org>\r\nSubject: a\x00b\r\n"
        b"Content-Type: image/p\x00ng; name*=utf\x00-8''x\r\n\r\nx",
        POST,
    )
    assert (found.message_id, found.subject, found.name) == ("1@example.org", "ab", "A")
    assert [(file.mime, file.name) for file in found.files] == [("image/png", "x")]
