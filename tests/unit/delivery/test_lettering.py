"""Posts as letters, by the real e-mail adapter: what is cut and said, and what it all weighs in twelve languages."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.adapters.email.adapter import EmailAdapter
from bridge.adapters.email.settings import Settings
from bridge.core.card import AuthorCard
from bridge.core.clock import SystemClock
from bridge.core.community import Community
from bridge.core.ids import AccountId, Address, ChatId, CommunityId
from bridge.core.message import Attachment, AttachmentKind, Content
from bridge.core.ports import AdapterContext
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.delivery import lettering, planning
from bridge.delivery.directory import Directory
from bridge.rendering.posts import PostView
from bridge.rendering.words import words

W = words("en")
BEN = Address(AccountId("mail"), ChatId("ben@example.net"))
HIFA = Community(id=CommunityId("hifa"), name="HIFA", language="en", moderators=())
ADAPTER = EmailAdapter(
    Settings(domain="lists.example.org", lmtp="127.0.0.1:2424"),
    AdapterContext(
        account=AccountId("mail"),
        clock=SystemClock(),
        public_url="https://lists.example.org",
        inboxes={CommunityId("hifa"): ("HIFA", ChatId("hifa"))},
    ),
)
DIRECTORY = Directory({AccountId("mail"): ADAPTER})
VIEW = PostView(
    community="HIFA",
    number=482,
    author="Amina Okello",
    text=plain("Which dose of misoprostol do you give at home?"),
    card=AuthorCard(
        label="HIFA", name="Amina Okello", role="Community health worker", organisation="Village", country="UG"
    ),
    answers=400,
    answers_author="Ben",
    answers_excerpt="We give it",
    headline="Misoprostol at home",
    thread_number=3,
    thread_root=300,
    thread_headline="Misoprostol at home",
)
CORPUS = Path(__file__).parents[2] / "corpora/posts"
SCRIPTS = {
    "am": "በቤት ውስጥ ሚሶፕሮስቶል ለምን ያህል ሰዓት ይሰጣል? እኛ ጋር መመሪያ የለም። ",
    "ar": "ما هي جرعة الميزوبروستول في المنزل؟ لا يوجد لدينا بروتوكول مكتوب. ",
    "hi": "घर पर मिसोप्रोस्टोल की कितनी खुराक देते हैं? हमारे यहाँ कोई लिखित नियम नहीं है। ",
    "bn": "বাড়িতে মিসোপ্রোস্টলের কত ডোজ দেন? আমাদের এখানে লিখিত নিয়ম নেই। ",
    "ha": "Nawa ne kashi na misoprostol a gida? Ba mu da ƙa'ida rubutacciya a nan. ",
    "yo": "Ìwọ̀n misoprostol mélòó ni ẹ máa ń lò nílé? A kò ní ìlànà tí a kọ sílẹ̀. ",
    "ru": "Какую дозу мизопростола вы даёте дома? У нас нет письменного протокола. ",
}


def parts(view: PostView, *, whole: bool = False, quoting: bool = False) -> list[Content]:
    return planning.parts_of(view, BEN, DIRECTORY, W, quoting=quoting, whole=whole)


def sent(content: Content) -> bytes:
    letter = content.letter
    assert letter is not None
    placed = replace(content, letter=lettering.placed(replace(letter, leave="t" * 22), HIFA, version=0, part=1))
    payload = {name: str(value) for name, value in ADAPTER.to_payload(BEN.chat, placed).items()}
    return ADAPTER._composer.message(payload, "0" * 32)


def test_a_post_is_one_letter_from_its_author() -> None:
    [content] = parts(VIEW)
    letter = content.letter
    assert letter is not None
    assert letter.subject == "Misoprostol at home (3)"
    assert letter.sender == "Amina Okello (Uganda) via HIFA"
    assert (letter.number, letter.answers, letter.thread) == (482, 400, 300)
    assert letter.leave_label == "To leave HIFA:"
    assert not content.text.marks


def test_without_a_headline_its_beginning_is_the_subject() -> None:
    [content] = parts(replace(VIEW, headline="", thread_headline="", thread_number=1))
    assert content.letter is not None
    assert content.letter.subject == "Which dose of misoprostol do you give at home?"


def test_a_long_post_is_cut_at_a_sentence_and_says_how_to_get_the_rest() -> None:
    text = "A sentence of some length stands here. " * 300
    [content] = parts(replace(VIEW, text=plain(text.strip())))
    assert "stands here.… [" in content.text.text
    assert "GET 482]" in content.text.text
    assert "Community health worker" in content.text.text, "the author's card stays"
    whole = parts(replace(VIEW, text=plain(text.strip())), whole=True)
    assert len(whole) > 2
    assert sum(part.text.text.count("stands here.") for part in whole) == 300


def test_links_and_files_become_words() -> None:
    linked = RichText("see the guideline", (Mark(4, 17, MarkKind.LINK, "https://example.org/g"),))
    photo = Attachment(sha256="0" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=24_000, name="ward.jpg")
    [content] = parts(replace(VIEW, text=linked, attachments=(photo,)))
    assert "see the guideline (https://example.org/g)" in content.text.text
    assert "24 kB" in content.text.text
    assert not content.attachments


def corpus() -> list[tuple[str, str]]:
    lines = [(path.stem, line) for path in CORPUS.glob("*.jsonl") for line in path.read_text().splitlines()]
    found = [(language, json.loads(line)["text"]) for language, line in lines]
    return [*found, *((language, (text * 20)[:1200]) for language, text in SCRIPTS.items())]


def test_letters_stay_within_their_budgets() -> None:
    """Headers at most 1.2 KB, bodies 4 KB, and 95 of 100 letters 6 KB; one of 1,200 Latin characters 2.6 KB."""
    assert len({language for language, _ in corpus()}) >= 12
    sizes = []
    for language, text in corpus():
        [content] = parts(replace(VIEW, text=plain(text), headline=text[:100].replace("\n", " ")), quoting=True)
        raw = sent(content)
        head, _, body = raw.partition(b"\r\n\r\n")
        assert len(head) <= 1200, language
        coded = 1.4 if b"base64" in head else 1.15 if b"quoted-printable" in head else 1
        assert len(body) <= 4096 * coded, language
        sizes.append(len(raw))
    sizes.sort()
    assert sizes[len(sizes) * 95 // 100] <= 6000
    ordinary = sent(parts(replace(VIEW, text=plain(("Word by word it goes on, line after line.\n" * 29).strip())))[0])
    assert len(ordinary) <= 2650


@pytest.mark.parametrize("version", [0, 2])
def test_a_letter_knows_its_place(version: int) -> None:
    [content] = parts(VIEW)
    assert content.letter is not None
    placed = lettering.placed(content.letter, HIFA, version=version, part=1)
    assert (placed.community, placed.version) == ("hifa", version)
