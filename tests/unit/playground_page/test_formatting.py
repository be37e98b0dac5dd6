"""Foreign text never becomes markup of ours, and formatting is shown."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.playground.botapi.entities import utf16_length
from bridge.playground.formatting import excerpt, matrix_html, matrix_plain, telegram_html, web_link

EVIL = "<script>alert(1)</script>\"' & <img src=x onerror=alert(1)>"


class Reader(HTMLParser):
    """Collects what a browser would make of some HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(str(html))
    reader.close()
    return reader


def entity(kind: str, offset: int, length: int, **more: str) -> dict[str, object]:
    return {"type": kind, "offset": offset, "length": length, **more}


def test_entities_nest_and_count_in_utf16_units() -> None:
    text = "😀 bold italic"
    html = telegram_html(text, [entity("bold", 3, 11), entity("italic", 8, 6)])
    assert html == "😀 <strong>bold <em>italic</em></strong>"


def test_every_kind_of_formatting_is_shown() -> None:
    kinds = {
        "bold": "strong",
        "italic": "em",
        "underline": "u",
        "strikethrough": "s",
        "code": "code",
        "pre": "pre",
        "blockquote": "blockquote",
        "expandable_blockquote": "blockquote",
    }
    for kind, tag in kinds.items():
        assert telegram_html("word", [entity(kind, 0, 4)]) == f"<{tag}>word</{tag}>"
    assert 'class="spoiler"' in telegram_html("word", [entity("spoiler", 0, 4)])


def test_links_open_elsewhere_and_only_over_http() -> None:
    shown = read(telegram_html("who", [entity("text_link", 0, 3, url="https://who.int/?a=1&b=2")]))
    assert ("href", "https://who.int/?a=1&b=2") in shown.attributes
    assert ("rel", "noopener noreferrer nofollow") in shown.attributes
    assert telegram_html("who", [entity("text_link", 0, 3, url="javascript:alert(1)")]) == "who"
    assert read(telegram_html("who.int", [entity("url", 0, 7)])).tags == ["a"]


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "http://", "//["])
def test_other_addresses_are_no_links(address: str) -> None:
    link = web_link(address)
    assert link is None or re.match(r"https?://", link["href"])


def test_a_quote_in_an_address_stays_inside_its_attribute() -> None:
    html = telegram_html("x", [entity("text_link", 0, 1, url='https://a.example/"onmouseover="alert(1)')])
    assert {name for name, _ in read(html).attributes} == {"href", "target", "rel"}


def test_entities_that_cross_or_leave_the_text_do_no_harm() -> None:
    shown = read(telegram_html("abcdef", [entity("bold", 0, 4), entity("italic", 2, 40), entity("code", 90, 3)]))
    assert shown.text == "abcdef"


@given(
    st.text(max_size=40),
    st.lists(
        st.tuples(
            st.sampled_from(["bold", "italic", "code", "pre", "spoiler", "blockquote", "text_link", "nonsense"]),
            st.integers(0, 45),
            st.integers(0, 45),
        ),
        max_size=6,
    ),
)
def test_any_text_comes_out_as_itself(text: str, spans: list[tuple[str, int, int]]) -> None:
    entities = [entity(kind, offset, length, url=f"https://a.example/{text}") for kind, offset, length in spans]
    html = telegram_html(text, entities)
    shown = read(html)
    assert set(shown.tags) <= {"strong", "em", "code", "pre", "span", "blockquote", "a"}
    assert {name for name, _ in shown.attributes} <= {"class", "tabindex", "href", "target", "rel"}
    # A span that begins inside a surrogate pair tears the character; the parser normalises line ends.
    if all(utf16_length(char) == 1 for char in text) and "\r" not in text and "\0" not in text:
        assert shown.text == text


def test_markup_in_texts_is_shown_as_text() -> None:
    for html in (telegram_html(EVIL, [entity("bold", 0, 8)]), matrix_plain(EVIL, is_reply=False)):
        shown = read(html)
        assert shown.text == EVIL
        assert set(shown.tags) <= {"strong"}


def test_matrix_html_keeps_formatting_and_loses_the_rest() -> None:
    html = (
        "<mx-reply><blockquote>quoted</blockquote></mx-reply><strong>bold</strong> <em onclick='x'>i</em>"
        "<script>alert(1)</script><img src=x onerror=alert(1)><a href='javascript:x'>bad</a>"
        "<a href='https://who.int' style='position:fixed'>good</a><iframe src='https://a.example'></iframe>"
        "<span data-mx-spoiler='why' class='keyboard'>hidden</span><form action='/x'><button>press</button></form>"
    )
    shown = read(matrix_html(html))
    assert shown.tags == ["strong", "em", "a", "a", "span"]
    assert {value for name, value in shown.attributes if name == "href"} == {"https://who.int"}
    assert {name for name, _ in shown.attributes} == {"href", "rel", "target", "data-mx-spoiler"}
    assert "quoted" not in shown.text
    assert "alert" not in shown.text


def test_a_plain_matrix_reply_loses_its_quoted_beginning() -> None:
    assert matrix_plain("> <@a:b> question\n> more\n\nanswer", is_reply=True) == "answer"
    shown = read(matrix_plain("😀 (https://who.int/ors), then", is_reply=False))
    assert ("href", "https://who.int/ors") in shown.attributes
    assert shown.text == "😀 (https://who.int/ors), then"
    assert matrix_plain("> quoted by hand", is_reply=False) == "&gt; quoted by hand"


def test_excerpts_are_one_short_line() -> None:
    assert excerpt("one\n two ") == "one two"
    assert len(excerpt("word " * 100)) <= 80
