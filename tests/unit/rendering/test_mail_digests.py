"""Digests as letters: their layout, what is said of what is left out, and what a post in one weighs."""

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bridge.core.card import AuthorCard
from bridge.core.membership import Reading
from bridge.core.message import Attachment, AttachmentKind
from bridge.core.text import plain
from bridge.rendering import mail_digests
from bridge.rendering.digests import Digest
from bridge.rendering.posts import PostView
from bridge.rendering.words import catalogues, words
from tests.integration.archive_stage import corpus, long_text

W = words("en")
CARD = AuthorCard(label="HIFA", name="Amina Okello", role="community health worker", country="UG")
AT = datetime(2026, 3, 2, 6, 14, tzinfo=UTC)


def post(number: int, text: str = "Four hundred.", **more: object) -> PostView:
    view = PostView(community="HIFA", number=number, author="Amina Okello", text=plain(text), card=CARD)
    return replace(view, **more)  # type: ignore[arg-type]


def digest(*items: PostView, **more: object) -> Digest:
    made = Digest(
        community="HIFA",
        reading=Reading.DAILY,
        items=items,
        published={view.number: AT for view in items},
        zone=ZoneInfo("Africa/Nairobi"),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_the_layout() -> None:
    first = post(480, "Which dose do you give? " * 40, headline="Misoprostol at home", theme="Births", theme_number=7)
    said = mail_digests.compose(
        digest(
            first,
            post(481, "Thank you all."),
            post(482, answers=480, thread_root=480),
            earlier=14,
            first_earlier=460,
            corrected=[440],
            pages={480: "https://lists.example.org/hifa/480"},
        ),
        W,
    )
    short = said.split("\n")[said.split("\n").index("Subject: Births (7) Misoprostol at home") + 2]
    assert short.endswith("…")
    assert said.replace(short, "SHORT") == (
        "HIFA daily digest · 17 new messages\n\n"
        "#480 Amina Okello: Births (7) Misoprostol at home\n"
        "#482 Amina Okello (Re #480): Four hundred.\n"
        "#481 Amina Okello: Thank you all.\n"
        "and 14 earlier messages. To get one, write GET and its number; the first is GET 460\n\n"
        f"{'-' * 70}\n\n"
        "#480 · 2 Mar 2026 09:14\n"
        "From: Amina Okello, community health worker, Uganda\n"
        "Subject: Births (7) Misoprostol at home\n\n"
        "SHORT\nhttps://lists.example.org/hifa/480\n\n"
        f"{'-' * 30}\n\n"
        "#482 · Re #480 · 2 Mar 2026 09:14\n"
        "From: Amina Okello, community health worker, Uganda\n\n"
        "Four hundred.\n\n"
        f"{'-' * 30}\n\n"
        "#481 · 2 Mar 2026 09:14\n"
        "From: Amina Okello, community health worker, Uganda\n\n"
        "Thank you all.\n\n"
        f"{'-' * 30}\n\n"
        "Corrected since: #440\n\n"
        "To answer a post where you cannot reply to it, begin your message with: Re #12\n\n"
        "End of the HIFA digest\n**********************"
    )


def test_files_are_words_and_lead_to_the_post() -> None:
    photo = Attachment(sha256="0" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=1_400_000, name="a.jpg")
    said = mail_digests.compose(digest(post(480, "Look.", attachments=(photo,))), W)
    assert "\nLook.\n[photo, 1.4 MB]\nAll of it: GET 480\n" in said


@pytest.mark.parametrize("language", sorted(corpus()))
@pytest.mark.parametrize("own", ["", "text"])
def test_no_post_takes_more_than_its_bytes(language: str, own: str) -> None:
    """``own``: of words that are as long as they come: headline, theme, name and card in that script."""
    text = long_text(language, 4000)
    views = [post(480 + count, text[20 * count :] if count % 2 else text[: 30 * count + 1]) for count in range(20)]
    if own:
        card = replace(CARD, name=text[:60], role=text[:80], organisation=text[60:140])
        more = {"author": text[:60], "card": card, "headline": text[:120], "theme": text[:60], "theme_number": 3}
        views = [replace(view, **more) for view in views]  # type: ignore[arg-type]
    pages = {view.number: f"https://lists.example.org/hifa/{view.number}" for view in views[::2]}
    spoken = words(language) if language in catalogues() else W
    weights = [_weight(mail_digests.compose(digest(*views[:count], pages=pages), spoken)) for count in range(1, 21)]
    for before, after in pairwise(weights):
        assert after - before <= mail_digests.POST + 4, "the number of posts over them may become longer"


def _weight(text: str) -> int:
    return len(text.replace("\n", "\r\n").encode())
