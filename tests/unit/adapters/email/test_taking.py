"""Taking mail: by LMTP with every trick of the wire, and out of a mailbox."""

import asyncio
import json
import time
from pathlib import Path

import pytest

from bridge.adapters.email.mailbox import Cursor
from bridge.core.errors import StorageUnavailable
from bridge.core.events import Arrival, DeliveryReported, MessagePosted, SetAside, Unreadable
from bridge.core.message import RemoteFile
from tests.mail_servers import Dovecot, short_folder
from tests.servers import ServerMissing, missing
from tests.unit.adapters.email.common import DOMAIN, Store, Talk, account, hand_over

MAIL = b"From: Amina <amina@example.org>\r\nMessage-ID: <1@example.org>\r\n\r\nHello\r\n"


def posted(store: Store) -> list[MessagePosted]:
    return [event for event in store.events if isinstance(event, MessagePosted)]


async def test_every_recipient_has_an_answer_of_their_own(tmp_path: Path) -> None:
    store = Store()

    def talk(port: int) -> list[str]:
        wire = Talk(port)
        wire.envelope(f"hifa@{DOMAIN}", f"chifa@{DOMAIN}", f"hifa+daily@{DOMAIN}")
        wire.say("DATA")
        wire.send(MAIL + b".\r\n")
        answers = [wire.reply() for _ in range(3)]
        answers.append(wire.say("NOOP"))
        wire.close()
        return answers

    async with account(tmp_path, store) as (_, port):
        assert await asyncio.to_thread(talk, port) == ["250 2.0.0 Taken"] * 3 + ["250 OK"]
    assert [(event.community, event.text.text, event.is_command) for event in posted(store)] == [
        ("hifa", "Hello", False),
        ("chifa", "Hello", False),
        ("hifa", "/settings reading daily", True),
    ]
    assert len({event.ref for event in posted(store)}) == 3, "a message in one community hides that in the other"


@pytest.mark.parametrize(
    ("rest", "words", "beside"),
    [
        (b"\r\n\r\n", "", False),
        (
            b"\r\nreject: no\r\n\r\nOn Mon, 5 Oct 2026 at 10:12, H <h@x.org> wrote:\r\n> secret\r\n",
            "reject: no",
            False,
        ),
        (b"Content-Type: multipart/encrypted; boundary=b\r\n\r\n--b\r\n\r\nsealed\r\n--b--\r\n", "", True),
        (b"Content-Type: image/jpeg; name=no.jpg\r\nContent-Disposition: attachment\r\n\r\nx\r\n", "", True),
    ],
    ids=["empty", "no sign that it is an answer", "sealed", "a photo"],
)
async def test_what_an_answer_to_a_held_post_says(tmp_path: Path, rest: bytes, words: str, beside: bool) -> None:
    store = Store()
    token = "AbCdEfGhIjKlMnOpQrStUv"
    head = b"From: Grace <grace@example.org>\r\nMessage-ID: <1@example.org>\r\nSubject: #1\r\nMIME-Version: 1.0\r\n"

    def talk(port: int) -> None:
        wire = Talk(port)
        wire.envelope(f"hifa+m-{token}@{DOMAIN}")
        wire.say("DATA")
        wire.send(head + rest + b".\r\n")
        wire.reply()
        wire.close()

    async with account(tmp_path, store) as (_, port):
        await asyncio.to_thread(talk, port)
    [event] = posted(store)
    assert (event.text.text, bool(event.uncarried)) == (f"/moderate {token} {words}".rstrip(), beside)
    assert not event.files, "nobody fetches them"


async def test_an_answer_says_where_its_words_may_be_quoted_ones(tmp_path: Path) -> None:
    store = Store()
    head = b"From: Grace <grace@example.org>\r\nMessage-ID: <1@example.org>\r\n\r\n"
    quoted = b"On Mon, 5 Oct 2026 at 10:12, H <h@x.org> wrote:\r\n> a line that a program broke and did not mark:\r\n"

    def talk(port: int) -> None:
        wire = Talk(port)
        for words in (quoted + b"approve\r\n", b"approve\r\n\r\n" + quoted):
            wire.envelope(f"hifa+m-AbCdEfGhIjKlMnOpQrStUv@{DOMAIN}")
            wire.say("DATA")
            wire.send(head.replace(b"1@", b"%d@" % len(words)) + words + b".\r\n")
            wire.reply()
        wire.close()

    async with account(tmp_path, store) as (_, port):
        await asyncio.to_thread(talk, port)
    assert [(event.text.text.partition(" ")[2][23:], event.mingled) for event in posted(store)] == [
        ("approve", True),
        ("approve", False),
    ]


@pytest.mark.parametrize("trouble", [StorageUnavailable(), OSError(28, "no space"), ValueError("Zawadi")])
async def test_trouble_is_a_451_without_words(tmp_path: Path, trouble: Exception) -> None:
    store = Store()
    store.broken = trouble

    def talk(port: int) -> list[str]:
        wire = Talk(port)
        wire.envelope(f"hifa@{DOMAIN}", f"chifa@{DOMAIN}")
        wire.say("DATA")
        wire.send(MAIL + b".\r\n")
        answers = [wire.reply(), wire.reply()]
        wire.close()
        return answers

    async with account(tmp_path, store) as (_, port):
        assert await asyncio.to_thread(talk, port) == ["451 4.3.0 Try again later"] * 2
        store.broken = None
        await asyncio.to_thread(hand_over, port, MAIL)
    assert [event.text.text for event in posted(store)] == ["Hello"]


async def test_what_is_too_big_is_refused_for_every_recipient(tmp_path: Path) -> None:
    store = Store()

    def talk(port: int) -> list[str]:
        wire = Talk(port)
        wire.envelope(f"hifa@{DOMAIN}", f"chifa@{DOMAIN}")
        wire.say("DATA")
        wire.send(MAIL + b"x" * 900 + b"\r\n" + (b"y" * 900 + b"\r\n") * 1200 + b".\r\n")
        answers = [wire.reply(), wire.reply(), wire.say("NOOP")]
        wire.close()
        return answers

    async with account(tmp_path, store, max_megabytes=1) as (_, port):
        assert await asyncio.to_thread(talk, port) == ["552 5.3.4 Message too big"] * 2 + ["250 OK"]
    assert not store.events


async def test_an_address_that_is_not_there_is_refused_before_the_words(tmp_path: Path) -> None:
    async with account(tmp_path, Store()) as (_, port):
        refused = await asyncio.to_thread(
            hand_over, port, MAIL, f"hifa@{DOMAIN}", f"nobody@{DOMAIN}", "hifa@example.net"
        )
    assert sorted(refused) == ["hifa@example.net", f"nobody@{DOMAIN}"]


SMUGGLED = (
    b"MAIL FROM:<grace@example.org>\r\nRCPT TO:<hifa@lists.example.org>\r\nDATA\r\n"
    b"From: grace@example.org\r\n\r\nforged"
)


@pytest.mark.parametrize("end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n\x00.\r\n"])
async def test_a_mail_ends_where_it_ends(tmp_path: Path, end: bytes) -> None:
    """Only CR LF . CR LF ends one: what another server takes for an end must not begin a second mail here."""
    store = Store()

    def talk(port: int) -> str:
        wire = Talk(port)
        wire.envelope(f"hifa@{DOMAIN}")
        wire.say("DATA")
        wire.send(MAIL + end + SMUGGLED + b"\r\n.\r\n")
        answer = wire.reply()
        wire.close()
        return answer

    async with account(tmp_path, store) as (_, port):
        assert (await asyncio.to_thread(talk, port)).startswith("250")
    assert [event.sender.ref.user for event in posted(store)] == ["amina@example.org"]


async def test_commands_in_one_go_are_answered_in_order(tmp_path: Path) -> None:
    store = Store()

    def talk(port: int) -> list[str]:
        wire = Talk(port)
        wire.send(
            f"MAIL FROM:<a@example.org>\r\nRCPT TO:<nobody@{DOMAIN}>\r\nRCPT TO:<hifa@{DOMAIN}>\r\nDATA\r\n".encode()
        )
        answers = [wire.reply()[:3] for _ in range(4)]
        wire.send(MAIL + b".\r\nMAIL FROM:<b@example.org>\r\nQUIT\r\n")
        answers += [wire.reply()[:3] for _ in range(3)]
        wire.close()
        return answers

    async with account(tmp_path, store) as (_, port):
        assert await asyncio.to_thread(talk, port) == ["250", "550", "250", "354", "250", "250", "221"]
    assert len(store.events) == 1


async def test_a_connection_that_breaks_within_a_mail_leaves_nothing(tmp_path: Path) -> None:
    store = Store()

    def talk(port: int) -> None:
        wire = Talk(port)
        wire.envelope(f"hifa@{DOMAIN}")
        wire.say("DATA")
        wire.send(MAIL)
        wire.close()

    async with account(tmp_path, store) as (_, port):
        await asyncio.to_thread(talk, port)
        await asyncio.to_thread(hand_over, port, MAIL.replace(b"Hello", b"Second"))
    assert [event.text.text for event in posted(store)] == ["Second"]


async def test_machines_are_set_aside_and_reports_name_the_delivery(tmp_path: Path) -> None:
    store, key = Store(), "0123456789abcdef" * 2
    report = (
        b"From: MAILER-DAEMON@mx.example.org\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        b"Final-Recipient: rfc822; ben@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    async with account(tmp_path, store) as (_, port):
        await asyncio.to_thread(hand_over, port, report, f"hifa+b-{key}@{DOMAIN}", sender="")
        await asyncio.to_thread(hand_over, port, b"Auto-Submitted: auto-replied\r\n" + MAIL)
        assert not list((tmp_path / "spool/mail").iterdir()), "what has no files in it is not kept"
    assert json.loads(store.state["set_aside"]) == {"auto_reply": 1, "bounce": 1}
    bounce, vacation = store.events
    assert isinstance(bounce, DeliveryReported)
    assert (bounce.send, bounce.arrival, bounce.code, bounce.final) == (key, Arrival.FAILED, "5.1.1", True)
    assert isinstance(vacation, SetAside)
    assert vacation.why == "auto_reply"


async def test_a_complaint_is_an_unsubscription(tmp_path: Path) -> None:
    """RFC 5965: somebody pressed "spam"; what they were sent names the link by which they leave."""
    store = Store()
    report = (
        b"From: feedback@provider.example\r\nTo: hifa@lists.example.org\r\n"
        b"Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
        b"--b\r\n\r\nThis is an email abuse report.\r\n"
        b"--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: x/1\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: HIFA <hifa@lists.example.org>\r\n"
        b"List-Unsubscribe: <https://lists.example.org/u/SecretToken>,\r\n"
        b" <mailto:hifa+u-SecretToken@lists.example.org>\r\n"
        b"\r\nA post\r\n--b--\r\n"
    )
    async with account(tmp_path, store) as (_, port):
        await asyncio.to_thread(hand_over, port, report)
        await asyncio.to_thread(hand_over, port, report.replace(b"u-SecretToken", b"help").replace(b"a post", b"b"))
        await asyncio.to_thread(hand_over, port, report.replace(b"Type: abuse", b"Type: not-spam"))
        await asyncio.to_thread(hand_over, port, report.replace(b"Type: abuse", b"Type: auth-failure"))
    left, other, *neither = store.events
    assert [isinstance(event, SetAside) for event in neither] == [True, True], "these are no complaints of readers"
    assert isinstance(left, MessagePosted)
    assert (left.text.text, left.is_command) == ("/unsubscribe SecretToken", True)
    assert isinstance(other, SetAside)
    assert other.why == "complaint"


async def test_what_cannot_be_read_is_kept_whole(tmp_path: Path) -> None:
    store = Store()
    async with account(tmp_path, store) as (_, port):
        await asyncio.to_thread(hand_over, port, b"X-A: 1\r\n" * 5000 + MAIL)
        [event] = store.events
        assert isinstance(event, Unreadable)
        assert event.reason == "too many header fields"
        assert len(list((tmp_path / "spool/mail").iterdir())) == 1


async def test_files_are_taken_out_of_the_kept_mail(tmp_path: Path) -> None:
    store = Store()
    raw = (
        MAIL.partition(b"\r\n\r\n")[0]
        + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee\r\n--b\r\n"
        + b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--b--\r\n"
    )
    async with account(tmp_path, store) as (adapter, port):
        await asyncio.to_thread(hand_over, port, raw)
        [file] = posted(store)[0].files
        assert (file.name, file.size) == ("a.pdf", 4)
        assert [chunk async for chunk in adapter.fetch(file, limit=100)] == [b"%PDF"]
        with pytest.raises(Exception, match="no longer there"):
            [chunk async for chunk in adapter.fetch(RemoteFile(ref="../../etc/passwd#1", kind=file.kind), limit=9)]


# --- out of a mailbox -----------------------------------------------------------------------------------------------


async def test_a_mailbox_is_read_committed_and_only_then_marked(tmp_path: Path) -> None:
    store = Store()
    with short_folder() as folder:
        dovecot = Dovecot(folder)
        try:
            await asyncio.to_thread(dovecot.start)
        except (ServerMissing, FileNotFoundError) as error:
            missing(str(error))
        settings = {
            "imap": f"127.0.0.1:{dovecot.port}",
            "imap_user": dovecot.user,
            "imap_password": dovecot.password,
            "imap_tls": False,
            "poll_interval": 0.05,
        }

        async def until(condition: object) -> None:
            async with asyncio.timeout(20):
                while not condition():  # type: ignore[operator]  # noqa: ASYNC110 - nothing rings in a mailbox
                    await asyncio.sleep(0.02)

        try:
            to_chifa = MAIL.replace(b"1@", b"2@").replace(b"From:", b"Delivered-To: chifa@lists.example.org\r\nFrom:")
            dovecot.receives(MAIL, "1.a.x")
            store.broken = StorageUnavailable()
            async with account(tmp_path, store, **settings) as (adapter, _):
                await asyncio.sleep(0.5)
                assert not dovecot.seen()
                store.broken = None
                await until(lambda: posted(store))
                await until(dovecot.seen)
                await until(lambda: adapter.health().connected)
                dovecot.receives(to_chifa, "2.a.x")
                await until(lambda: len(posted(store)) == 2)
            assert [event.community for event in posted(store)] == ["hifa", "chifa"]
            before = Cursor.parse(store.state["imap"])
            assert before.uid == 2
            dovecot.receives(MAIL.replace(b"1@", b"3@"), "3.a.x")
            async with account(tmp_path, store, **settings):
                await until(lambda: len(posted(store)) == 3)
                await until(lambda: len(dovecot.seen()) == 3)
            assert Cursor.parse(store.state["imap"]) == Cursor(before.validity, 3)
            dovecot.unread("3.a.x")  # as where the program was killed after the commit
            async with account(tmp_path, store, **settings):
                await until(lambda: len(dovecot.seen()) == 3)
            # Moved to another server: other numbers, the same mails. What was read is old; what was not is new.
            await until(lambda: time.time() > before.validity + 1)  # Dovecot numbers folders by the second
            dovecot.numbers_anew()
            dovecot.receives(MAIL.replace(b"1@", b"4@"), "4.a.x")
            fresh = Store()
            fresh.state["imap"] = store.state["imap"]
            encrypted = {**settings, "imap": f"127.0.0.1:{dovecot.tls_port}", "imap_tls": True}
            async with account(tmp_path, fresh, **encrypted) as (adapter, _):
                await until(lambda: "not one that this machine trusts" in adapter.health().detail)
            async with account(tmp_path, fresh, **encrypted, imap_ca=str(dovecot.certificate)) as (adapter, _):
                await until(lambda: posted(fresh))
                await until(lambda: adapter.health().connected)
                dovecot.receives(MAIL.replace(b"1@", b"5@"), "5.a.x")
                await until(lambda: len(posted(fresh)) == 2)
            assert [event.ref.message for event in posted(fresh)] == ["4@example.org", "5@example.org"]
            assert Cursor.parse(fresh.state["imap"]).validity != before.validity
            async with account(tmp_path, store, **{**settings, "imap_password": "wrong"}) as (adapter, _):
                await until(lambda: "does not let us in" in adapter.health().detail)
        finally:
            await asyncio.to_thread(dovecot.stop)
