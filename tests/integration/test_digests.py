"""Digests that hold more than fits: nothing is cut off in silence, and a letter is one letter."""

import re
from dataclasses import replace

import pytest

from bridge.adapters.email.adapter import EmailAdapter
from bridge.adapters.email.settings import Settings
from bridge.composing import Composer
from bridge.core.archive import Archive, ArchivePolicy
from bridge.core.clock import SystemClock
from bridge.core.community import Communities
from bridge.core.ids import AccountId, ChatId, CommunityId
from bridge.core.membership import Reading
from bridge.core.message import Attachment, AttachmentKind, Content, LetterKind
from bridge.core.ports import AdapterContext
from bridge.core.states import DeliveryState
from bridge.core.text import plain
from bridge.delivery import lettering
from bridge.delivery.directory import Directory
from bridge.intake import paging
from bridge.intake.context import Context
from bridge.storage import codec, feed, ledger, memberships, people, personal_links
from bridge.storage.database import transaction
from bridge.storage.models import Delivery, Post
from tests.integration.archive_stage import long_text
from tests.integration.reading_town import SMS, Readers
from tests.unit.delivery.scripted import LINE, PLAIN, Scripted
from tests.unit.storage.stage import NET, FakeClock

pytestmark = pytest.mark.usefixtures("opened")
MAIL = AccountId("mail")
ADDRESS = "https://lists.example.org/hifa"
EMAIL = EmailAdapter(
    Settings(domain="lists.example.org", lmtp="127.0.0.1:2424"),
    AdapterContext(
        account=MAIL,
        clock=SystemClock(),
        public_url="https://lists.example.org",
        inboxes={CommunityId("hifa"): ("HIFA", ChatId("hifa"))},
    ),
)


@pytest.fixture
def kind() -> str:
    """What is chosen is chosen in Python."""
    return "sqlite"


class MailTown(Readers):
    """Its readers have mailboxes, too."""

    def __init__(self, policy: ArchivePolicy = ArchivePolicy.OFF) -> None:
        super().__init__()
        self.directory = Directory({**self.accounts, MAIL: EMAIL})
        self.community = replace(self.community, archive=Archive(policy=policy, address=ADDRESS))

    async def letter(self, name: str) -> tuple[Content, bytes]:
        """The one digest of somebody, as it would be handed over."""
        (row,) = await Delivery.filter(kind=ledger.DIGEST, account="mail", chat=name)
        content = codec.load(codec.CONTENT, row.content)
        assert content.letter is not None
        composer = Composer(Communities((self.community,)), self.directory, FakeClock())
        await composer.prepare([row])
        frozen = await composer(row)
        assert frozen is not None
        payload = {key: str(value) for key, value in codec.load_object(frozen.payload).items()}
        return content, EMAIL._composer.message(payload, "0" * 32)


def told(text: str) -> set[int]:
    """The posts that a digest has in its index."""
    return {int(number) for number in re.findall(r"^#(\d+) [^·]", text, re.MULTILINE)}


def left_out(text: str) -> int:
    found = re.search(r"and (\d+) earlier message", text)
    return 0 if found is None else int(found[1])


async def test_a_digest_by_mail_is_one_letter_within_its_bytes(opened: str) -> None:
    del opened
    town = MailTown(ArchivePolicy.PUBLIC)
    await town.reads("ben@example.net", Reading.DAILY, account=MAIL)
    for number in range(34):
        await town.publishes(long_text("am", 1500, start=number))
    town.later(days=1)
    await town.batches()
    content, raw = await town.letter("ben@example.net")
    text = content.text.text
    assert content.letter is not None
    assert content.letter.kind is LetterKind.DIGEST
    assert len(raw) <= 15_000
    assert len(raw) > 10_000, "as much as fits"
    assert text.startswith("HIFA daily digest · 34 new messages\n")
    assert len(told(text)) + left_out(text) == 34
    assert max(told(text)) == 34, "the newest stay"
    assert f"earlier messages: {ADDRESS}\n" in text
    assert f"\n{ADDRESS}/34\n" in text
    head = raw.decode().partition("\r\n\r\n")[0]
    assert f"List-Archive: <{ADDRESS}>" in head
    assert "Auto-Submitted: auto-generated" in head
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    assert "Content-Transfer-Encoding: 8bit" in head


async def test_without_a_page_it_says_how_to_get_the_rest_by_mail(opened: str) -> None:
    del opened
    town = MailTown()
    await town.reads("ben@example.net", Reading.DAILY, account=MAIL)
    for number in range(40):
        await town.publishes(f"{number} " + long_text("en", 1500, start=number))
    town.later(days=1)
    await town.batches()
    content, raw = await town.letter("ben@example.net")
    text = content.text.text
    assert "http" not in text
    assert b"List-Archive" not in raw
    assert len(told(text)) + left_out(text) == 40
    assert "To get one, write GET and its number; the first is GET 1\n" in text
    assert "\nAll of it: GET 40\n" in text


async def test_a_page_for_members_is_named_to_who_asked_for_a_link(opened: str) -> None:
    del opened
    town = MailTown(ArchivePolicy.MEMBERS)
    ben = await town.reads("ben@example.net", Reading.DAILY, account=MAIL)
    await town.reads("eve@example.net", Reading.DAILY, account=MAIL)
    async with transaction():
        key = await personal_links.archive_key(ben.person_id, "hifa", town.now)
    await town.publishes(long_text("en", 1500))
    town.later(days=1)
    await town.batches()
    content, raw = await town.letter("ben@example.net")
    assert f"\n{ADDRESS}/~{key}/1\n" in content.text.text
    assert f"List-Archive: <{ADDRESS}/~{key}/>".encode() in raw
    other, others = await town.letter("eve@example.net")
    assert key not in other.text.text
    assert b"List-Archive" not in others
    assert "GET 1\n" in other.text.text


async def test_what_was_sent_to_chosen_groups_is_on_no_public_page(opened: str) -> None:
    del opened
    town = MailTown(ArchivePolicy.PUBLIC)
    await town.reads("ben@example.net", Reading.DAILY, account=MAIL)
    await town.publishes(long_text("en", 1500))
    await Post.all().update(targets='["net:kenya"]')
    town.later(days=1)
    await town.batches()
    content, _ = await town.letter("ben@example.net")
    assert f"{ADDRESS}/1" not in content.text.text
    assert "All of it: GET 1" in content.text.text


async def test_a_chat_that_bears_few_messages_is_told_of_the_rest(opened: str) -> None:
    del opened
    town = Readers()
    town.directory = Directory({NET: Scripted(NET, replace(PLAIN, max_parts=2, text_limit=1000))})
    await town.reads("joseph", Reading.DAILY)
    for number in range(20):
        await town.publishes(long_text("en", 600, start=number))
    town.later(days=1)
    await town.batches()
    texts = await town.texts("joseph", ledger.DIGEST)
    assert len(texts) == 2
    said = "\n".join(texts)
    assert left_out(said) > 0
    assert len(told(said)) + left_out(said) == 20
    assert "/settings changes how you read." in said, "the end of it is there"


async def test_an_sms_names_as_many_changes_as_it_has_room_for(opened: str) -> None:
    del opened
    town = Readers()
    town.directory = Directory({SMS: Scripted(SMS, replace(LINE, text_limit=153)), NET: Scripted(NET)})
    juma = await town.reads("juma", Reading.DAILY, account=SMS)
    posts = [await town.publishes(f"Message {number}") for number in range(60)]
    async with transaction():
        await memberships.prefer(juma, read_post_id=posts[-1].id, digest_at=town.now)
    await Post.all().update(corrected_at=town.now.replace(hour=23))
    town.later(days=1)
    await town.batches()
    (row,) = await Delivery.filter(kind=ledger.DIGEST)
    text = codec.load(codec.CONTENT, row.content).text.text
    assert len(text) <= 153
    named = len(re.findall(r"#\d+", text))
    more = re.search(r"and (\d+) earlier ones", text)
    assert more is not None
    assert named + int(more[1]) == 60
    assert "#60" in text


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (ArchivePolicy.PUBLIC, f"{ADDRESS}/1"),
        (ArchivePolicy.MEMBERS, "They are on a web page for members: write ARCHIVE for your link to it."),
        (ArchivePolicy.OFF, "They are in the community's groups: there is no web page to show them on."),
    ],
)
async def test_who_asks_for_a_photo_by_mail_is_told_where_it_is(opened: str, policy: ArchivePolicy, told: str) -> None:
    del opened
    town = MailTown(policy)
    ben = await town.reads("ben@example.net", Reading.IMMEDIATE, account=MAIL)
    post = await town.publishes("Look at our chart")
    file = Attachment(sha256="0" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=82_000, name="a.jpg")
    await Post.filter(id=post.id).update(attachments=codec.dump(codec.ATTACHMENTS, (file,)))
    await town.batches()
    (row,) = await Delivery.filter(kind=ledger.COPY)
    said = codec.load(codec.CONTENT, row.content).text.text
    assert {
        ArchivePolicy.PUBLIC: f"[photo, 82 kB; small, up to 8 kB: {ADDRESS}/1/file/1/240]",
        ArchivePolicy.MEMBERS: "[photo, 82 kB: GET 1 PHOTO]",
        ArchivePolicy.OFF: "[photo, 82 kB]",
    }[policy] in said
    context = Context(communities=town.communities, directory=town.directory, now=town.now, event_id=1)
    identity = (await people.identities(ben.person_id))[0]
    async with transaction():
        await paging.photo(await Post.get(id=post.id), identity, town.community, row.address, context)
    answer = await Delivery.filter(kind=ledger.NOTICE, account="mail").order_by("-id").first()
    assert answer is not None
    assert codec.load(codec.CONTENT, answer.content).text.text == f"#1: [photo, 82 kB]. {told}"


async def test_a_letter_is_of_its_own_community(opened: str) -> None:
    """An account may serve several, and who reads one of them is to find that one's address in it."""
    del opened
    town = MailTown(ArchivePolicy.PUBLIC)
    await town.reads("ben@example.net", Reading.IMMEDIATE, account=MAIL)
    await town.publishes("Is zinc safe?")
    await town.batches()
    (row,) = await Delivery.filter(kind=ledger.COPY)
    letter = codec.load(codec.CONTENT, row.content).letter
    assert letter is not None
    assert (letter.community, letter.archive) == ("hifa", ADDRESS)


async def test_a_letter_is_sent_again_only_with_other_words(opened: str) -> None:
    del opened
    town = MailTown()
    await town.reads("ben@example.net", Reading.IMMEDIATE, account=MAIL)
    post = await town.publishes("Is zinc safe?")
    await town.batches()
    (row,) = await Delivery.filter(kind=ledger.COPY)
    content = codec.load(codec.CONTENT, row.content)
    assert content.letter is not None
    own = replace(content, letter=lettering.own(content.letter, town.community, "token"))
    await Delivery.filter(id=row.id).update(
        content=codec.dump(codec.CONTENT, own), state=DeliveryState.DELIVERED, message="x1", remote_chat=row.chat
    )
    async with transaction():
        await feed.note_change(post, "correct", town.now)
    await town.batches()
    assert await Delivery.filter(kind=ledger.COPY).count() == 1, "nothing was changed"
    await Post.filter(id=post.id).update(text=codec.dump(codec.RICH_TEXT, plain("Is zinc safe for all?")), revision=2)
    async with transaction():
        await feed.note_change(await Post.get(id=post.id), "correct", town.now)
    await town.batches()
    assert await Delivery.filter(kind=ledger.COPY).count() == 2


async def test_what_was_frozen_of_a_digest_goes_when_it_has_arrived(opened: str) -> None:
    """It weighs as much as its words, which stay for whoever is erased from them."""
    del opened
    town = Readers()
    await town.reads("joseph", Reading.DAILY)
    await town.publishes("Is zinc safe?")
    town.later(days=1)
    await town.batches()
    (row,) = await town.rows("joseph", ledger.DIGEST)
    await Delivery.filter(id=row.id).update(payload='{"text": "Is zinc safe?"}')
    await town.arrive()
    row = await Delivery.get(id=row.id)
    assert (row.state, row.payload) == (DeliveryState.DELIVERED, "{}")
    assert "Is zinc safe?" in row.content


async def test_threads_stand_together(opened: str) -> None:
    del opened
    town = MailTown()
    await town.reads("ben@example.net", Reading.DAILY, account=MAIL)
    first = await town.publishes("The first question")
    await town.publishes("Something else")
    third = await town.publishes("An answer to it")
    await Post.filter(id=third.id).update(reply_post_id=first.id, thread_id=first.id)
    town.later(days=1)
    await town.batches()
    content, _ = await town.letter("ben@example.net")
    assert re.findall(r"^#(\d+) [^·]", content.text.text, re.MULTILINE) == ["1", "3", "2"]
    assert re.findall(r"^#(\d+) ·", content.text.text, re.MULTILINE) == ["1", "3", "2"]
    assert "#3 Amina (Re #1): An answer to it" in content.text.text
