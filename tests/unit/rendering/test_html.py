"""Rich text on a page: what its author marked, and nothing that they smuggled in."""

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.rendering.html import blocks


def html(text: str, *marks: tuple[str, MarkKind, str]) -> str:
    found = (Mark(text.index(part), text.index(part) + len(part), kind, value) for part, kind, value in marks)
    return "".join(blocks(RichText(text, tuple(found))))


def test_paragraphs_and_lines() -> None:
    assert html("one\ntwo\n\n \nthree") == '<p dir="auto">one<br>two</p><p dir="auto">three</p>'


def test_marks_that_overlap() -> None:
    text = RichText("abcd", (Mark(0, 3, MarkKind.BOLD), Mark(1, 4, MarkKind.ITALIC)))
    assert blocks(text) == ['<p dir="auto"><b>a</b><i><b>bc</b></i><i>d</i></p>']


def test_quotations_headings_and_listings_are_blocks() -> None:
    found = html(
        "Title\nsaid\nx < y\nend",
        ("Title", MarkKind.HEADING, "1"),
        ("said", MarkKind.QUOTE, ""),
        ("x < y", MarkKind.PRE, ""),
    )
    assert found == (
        '<h3 dir="auto">Title</h3><blockquote dir="auto">said</blockquote><pre>x &lt; y</pre><p dir="auto">end</p>'
    )


def test_addresses_can_be_followed() -> None:
    assert '<a href="https://who.int/a_(b">https://who.int/a_(b</a>)' in html("(see https://who.int/a_(b)).")
    assert '<a href="https://who.int">the guideline</a>' in html(
        "the guideline", ("the guideline", MarkKind.LINK, "https://who.int")
    )
    assert "<a" not in html("https:// and http://")
    assert "<a" not in html("code https://who.int", ("code https://who.int", MarkKind.CODE, ""))


def test_nothing_is_smuggled_in() -> None:
    for value in (
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//evil.example",
        " https://x",
        "https://x\ny",
    ):
        assert "<a" not in html("word", ("word", MarkKind.LINK, value)), value
    assert "onclick" not in html("word", ("word", MarkKind.LINK, 'https://x.example/" onclick="alert(1)')).replace(
        "%20", ""
    )
    assert html("<b>&amp;</b>") == '<p dir="auto">&lt;b&gt;&amp;amp;&lt;/b&gt;</p>'
    assert "4711" not in html("Joseph", ("Joseph", MarkKind.MENTION, "4711"))


def test_what_is_covered_stays_covered_until_it_is_wanted() -> None:
    assert html("dead", ("dead", MarkKind.SPOILER, "")) == '<p dir="auto"><span class="x" tabindex="0">dead</span></p>'


@given(
    st.text(max_size=80),
    st.lists(st.tuples(st.integers(0, 80), st.integers(1, 40), st.sampled_from(MarkKind)), max_size=8),
)
def test_any_text_and_any_marks(text: str, marks: list[tuple[int, int, MarkKind]]) -> None:
    rich = RichText.clipped(text, (Mark(start, start + size, kind, "https://x.example") for start, size, kind in marks))
    for block in blocks(rich):
        assert block.count("<") == block.count(">")
        assert "<script" not in block


def test_no_words_no_blocks() -> None:
    assert blocks(plain(" \n\n ")) == []
