"""Per-message profiles: the name above the message, the first line for everybody else, and never the name twice."""

from typing import Any

import pytest

from bridge.adapters.matrix.payload import fits, replacement, to_payload
from bridge.adapters.matrix.profiles import PREVIEWS, PROFILE
from bridge.core.message import Author, Content
from bridge.core.text import MarkKind, RichText, marked, plain

AMINA = Author(id="7f3a", name="Amina Okello")


def content_of(text: RichText, author: Author | None = AMINA, **more: Any) -> dict[str, Any]:
    found = to_payload(Content(text=text, author=author, **more))["content"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    ("head", "html"),
    [
        ("HIFA #12 · Amina Okello", "<strong>HIFA #12</strong>{ · Amina Okello}"),
        ("HIFA #12 · Amina Okello · Re #9", "<strong>HIFA #12</strong>{ · Amina Okello}<strong> · Re #9</strong>"),
        (
            "HIFA #12 · Amina Okello\nMalaria (3)",
            "<strong>HIFA #12</strong>{ · Amina Okello}<strong><br>Malaria (3)</strong>",
        ),
    ],
)
def test_the_name_in_the_first_line_is_the_fallback(head: str, html: str) -> None:
    sent = content_of(marked(head, MarkKind.BOLD) + "\n\nwords")
    shown = html.replace("{", "<strong data-mx-profile-fallback>").replace("}", "</strong>")
    assert sent["formatted_body"] == shown + "<br><br>words"
    assert sent["body"] == f"{head}\n\nwords"
    assert sent[PROFILE] == {"id": "7f3a", "displayname": "Amina Okello", "has_fallback": True}


@pytest.mark.parametrize(
    "text",
    [
        plain("the second part, which names nobody"),
        marked("HIFA #12 · Amina Okello-Banda", MarkKind.BOLD),
        marked("words\nHIFA #12 · Amina Okello", MarkKind.BOLD),
        plain("words ") + marked("HIFA #12 · Amina Okello", MarkKind.BOLD),
    ],
)
def test_what_is_no_first_line_stays_as_it_is(text: RichText) -> None:
    sent = content_of(text)
    assert sent[PROFILE] == {"id": "7f3a", "displayname": "Amina Okello"}
    assert "fallback" not in str(sent)


def test_a_name_is_escaped_and_bounded_and_calls_nobody() -> None:
    name = "<b>@room</b> & Ünal"
    sent = content_of(marked(f"HIFA #1 · {name}", MarkKind.BOLD), Author(id="x" * 300, name=name))
    assert (
        "<strong data-mx-profile-fallback> · &lt;b&gt;@\u2060room&lt;/b&gt; &amp; Ünal</strong>"
        in sent["formatted_body"]
    )
    assert sent[PROFILE]["id"] == "x" * 255
    long = content_of(plain("x"), Author(id="1", name="ü" * 200))[PROFILE]["displayname"]
    assert long == "ü" * 127


def test_a_name_from_right_to_left_is_found_in_its_isolation() -> None:
    sent = content_of(marked("HIFA #1 · \u2068آمنة\u2069 · رد على #9", MarkKind.BOLD), Author(id="1", name="آمنة"))
    assert sent[PROFILE]["has_fallback"] is True
    assert "<strong data-mx-profile-fallback> · \u2068آمنة\u2069</strong>" in sent["formatted_body"]


def test_without_an_author_or_against_the_operators_wish_there_is_no_profile() -> None:
    text = marked("HIFA #12 · Amina Okello", MarkKind.BOLD)
    assert PROFILE not in content_of(text, None)
    assert PROFILE not in str(to_payload(Content(text=text, author=AMINA), authors=False))


def test_edits_carry_it_too() -> None:
    edit = replacement(to_payload(Content(text=plain("x"), author=AMINA)), event_id="$e", files={})
    assert edit[PROFILE] == edit["m.new_content"][PROFILE] == {"id": "7f3a", "displayname": "Amina Okello"}


def test_a_profile_counts_where_the_size_is_measured() -> None:
    assert fits(Content(text=plain("x" * 30_000), author=Author(id="x" * 255, name="n" * 255)))


def test_no_previews_are_asked_for_where_there_is_an_address() -> None:
    assert content_of(plain("see https://who.int"))[PREVIEWS] == []
    assert PREVIEWS not in content_of(plain("see https://who.int"), previews=True)
    assert PREVIEWS not in content_of(plain("see below"))
