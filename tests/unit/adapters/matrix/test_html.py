"""Matrix HTML to rich text and back."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adapters.matrix.html_in import mentioned_person, to_rich_text
from bridge.adapters.matrix.html_out import to_body, to_html
from bridge.core.calls import defused
from bridge.core.text import Mark, MarkKind, RichText, emphasised, marked, plain


def read(html: str) -> list[tuple[str, str, str]]:
    text = to_rich_text(html)
    return [(text.text[m.start : m.end], m.kind.value, m.value) for m in text.marks]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain", "plain"),
        ("a &lt;b&gt; &amp; c", "a <b> & c"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("<p>one</p>\n<p>two</p>", "one\n\ntwo"),
        ("  many \n  spaces\t here ", "many spaces here"),
        ("<ul><li>a</li><li>b</li></ul>", "• a\n• b"),
        ("<ol><li>a</li><li>b</li></ol>after", "1. a\n2. b\n\nafter"),
        ('<ol start="7"><li><p>a</p></li></ol>', "7. a"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "• a\n  • b\n• c"),
        ("<h1>Head</h1>text", "Head\n\ntext"),
        ("x<hr>y", "x\n———\ny"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ('<img src="mxc://a/b" alt=":wave:"> hi', ":wave: hi"),
        ("<script>x()</script><style>y</style>seen", "seen"),
        ("<unknown>kept</unknown>", "kept"),
        ("10<sup>6</sup> IU, m<sup>-2</sup>, CO<sub>2</sub>", "10⁶ IU, m⁻², CO₂"),
        ("1<sup>st</sup>, x<sub>max</sub>", "1st, xmax"),
        ('<font color="#ff0000">red</font> <span data-mx-bg-color="#00f">blue</span>', "red blue"),
        ("<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li></ul>", "• a\n  • b\n    • c"),
        ('<img data-mx-emoticon src="mxc://a/b" alt=":giraffe:" title="giraffe"> seen', ":giraffe: seen"),
        ('<img src="https://evil.example/pixel.png">seen', "seen"),
        ("<details><summary>more</summary>hidden</details>", "more\nhidden"),
        ("<blockquote>quoted</blockquote>answer", "quoted\n\nanswer"),
        ("", ""),
    ],
)
def test_text_of_html(html: str, text: str) -> None:
    assert to_rich_text(html).text == text


@pytest.mark.parametrize(
    ("html", "marks"),
    [
        ("<b>a</b><strong>b</strong>", [("a", "bold", ""), ("b", "bold", "")]),
        ("<i>a</i> <em>b</em>", [("a", "italic", ""), ("b", "italic", "")]),
        ("<u>a</u>", [("a", "underline", "")]),
        ("<del>a</del> <s>b</s> <strike>c</strike>", [("a", "strike", ""), ("b", "strike", ""), ("c", "strike", "")]),
        ("<code>a b</code>", [("a b", "code", "")]),
        ('<pre><code class="language-py">x = 1\n  y\n</code></pre>', [("x = 1\n  y", "pre", "py")]),
        ("<blockquote><p>a</p><p>b</p></blockquote>c", [("a\n\nb", "quote", "")]),
        ("<span data-mx-spoiler>s</span>", [("s", "spoiler", "")]),
        ("<h2>t</h2>", [("t", "heading", "2")]),
        ('<a href="https://example.org/?a=1&amp;b=2">w</a>', [("w", "link", "https://example.org/?a=1&b=2")]),
        ('<a href="https://matrix.to/#/@amina:hs.org">Amina</a>', [("Amina", "mention", "@amina:hs.org")]),
        ('<a href="https://matrix.to/#/%40amina%3Ahs.org?via=x">A</a>', [("A", "mention", "@amina:hs.org")]),
        ('<a href="matrix:u/amina:hs.org">A</a>', [("A", "mention", "@amina:hs.org")]),
        ('<a href="javascript:x()">w</a>', []),
        ('<a href="tg://user?id=5">w</a>', []),
        ('<a href="/relative">w</a>', []),
        ("<b>👩🏾‍⚕️</b>", [("👩🏾‍⚕️", "bold", "")]),
        ("<b></b><i> </i>", []),
    ],
)
def test_marks_of_html(html: str, marks: list[tuple[str, str, str]]) -> None:
    assert read(html) == marks


def test_a_spoilers_reason_stays_visible() -> None:
    text = to_rich_text('<span data-mx-spoiler="blood">picture</span>')
    assert text.text == "(blood) picture"
    assert [text.text[m.start : m.end] for m in text.marks] == ["picture"]


def test_the_quoted_message_goes_only_from_answers() -> None:
    html = "<mx-reply><blockquote><a href='https://matrix.to/#/!r/$e'>In reply to</a> old</blockquote></mx-reply>new"
    assert to_rich_text(html, is_reply=True).text == "new"
    assert "old" in to_rich_text(html).text


def test_a_forged_quotation_in_a_message_that_answers_nothing_is_its_authors_words() -> None:
    assert to_rich_text("<mx-reply>Grace: approved</mx-reply>yes").text == "Grace: approvedyes"
    assert to_rich_text("a<mx-reply>never closed", is_reply=True).text == "a"


def test_indentation_and_drawn_tables_stay_and_come_back() -> None:
    text = RichText("• a\n  • b\nx    y", (Mark(0, 3, MarkKind.BOLD),))
    html = to_html(text)
    assert html == "<strong>• a</strong><br>\u00a0\u00a0• b<br>x\u00a0\u00a0\u00a0 y"
    assert to_rich_text(html) == text
    assert to_rich_text("<b>Quoi\u00a0?</b>").text == "Quoi\u00a0?"


@pytest.mark.parametrize("level", "123456")
def test_headings_keep_their_level(level: str) -> None:
    text = plain("before\n\n") + marked("Head", MarkKind.HEADING, level) + "\n\nafter"
    html = to_html(text)
    assert html == f"before<h{level}>Head</h{level}>after"
    assert to_rich_text(html) == text
    assert to_body(text) == "before\n\nHead\n\nafter"


def test_a_heading_inside_a_line_is_bold() -> None:
    assert to_html(RichText("a b c", (Mark(2, 3, MarkKind.HEADING, "1"),))) == "a <strong>b</strong> c"


def test_rooms_are_no_people() -> None:
    assert mentioned_person("https://matrix.to/#/!room:hs.org") is None
    assert mentioned_person("https://example.org/#/@amina:hs.org") is None


@pytest.mark.parametrize(
    "html",
    [
        "<b>" * 20_000 + "deep",
        "<blockquote>" * 5_000 + "deep",
        "<b>a</b>" * 8_000,
        "<b>x</b><ul><li></ul>" * 3_000,
        '<a href="https://a.b">x</a>\n' * 2_500,
        "<i>x </i><p>" * 5_000,
        # What a parser opens again in every paragraph: 64 kB became 80 MB and took 40 seconds.
        "".join(f"<b id={number}><p>" for number in range(4_500)) + "x",
        "".join(f'<font color="#{number}"><p>' for number in range(2_500)) + "x",
        "".join(f'<code class="language-{number}"><p>' for number in range(2_000)) + "x",
        "".join(f'<b id="<{number}"><p>' for number in range(3_500)) + "x",
        "<b><i><u><s><em><strong><font><code><big><small><tt><strike>" * 3 + "<p>x" * 15_000,
        "<pre " * 13_000 + ">x",
        "<b " * 20_000 + ">x",
        "<pre>x\n\n</pre>" * 4_500,
    ],
)
def test_hostile_html_takes_no_long_time(html: str) -> None:
    started = time.process_time()
    text = to_rich_text(html)
    to_html(text)
    to_body(text)
    assert time.process_time() - started < 2
    assert text.text.strip()


@pytest.mark.parametrize(
    ("text", "html", "body"),
    [
        (plain("a < b & c"), None, "a < b & c"),
        (marked("b", MarkKind.BOLD), "<strong>b</strong>", "b"),
        (marked("i\nj", MarkKind.ITALIC), "<em>i<br>j</em>", "i\nj"),
        (marked("x < y\n", MarkKind.PRE, "py"), '<pre><code class="language-py">x &lt; y\n</code></pre>', "x < y\n"),
        (
            marked("here", MarkKind.LINK, 'https://e.org/?a="b'),
            '<a href="https://e.org/?a=&quot;b">here</a>',
            'here (https://e.org/?a="b)',
        ),
        (
            marked("https://e.org", MarkKind.LINK, "https://e.org/"),
            '<a href="https://e.org/">https://e.org</a>',
            "https://e.org",
        ),
        (marked("bad", MarkKind.LINK, "javascript:x()"), None, "bad"),
        (marked("Amina", MarkKind.MENTION, "@amina:hs"), None, "Amina"),
        (marked("s", MarkKind.SPOILER), "<span data-mx-spoiler>s</span>", "(spoiler: s)"),
        (marked("a\nb", MarkKind.QUOTE) + "\n\nc", "<blockquote>a<br>b</blockquote>c", "> a\n> b\n\nc"),
        (
            emphasised(plain("bo") + marked("th", MarkKind.ITALIC), MarkKind.BOLD),
            "<strong>bo<em>th</em></strong>",
            "both",
        ),
        (
            RichText("abc", (Mark(0, 2, MarkKind.BOLD), Mark(1, 3, MarkKind.ITALIC))),
            "<strong>a<em>b</em></strong><em>c</em>",
            "abc",
        ),
        (RichText("a b c", (Mark(2, 3, MarkKind.PRE, "py"),)), "a <code>b</code> c", "a b c"),
        (RichText("a b c", (Mark(2, 3, MarkKind.QUOTE),)), None, "a b c"),
    ],
)
def test_html_and_body_of_text(text: RichText, html: str | None, body: str) -> None:
    assert to_html(text) == html
    assert to_body(text) == body


@pytest.mark.parametrize("words", ["a@room.org", "@roommate", "@all_stars", "https://x.example/@all/1"])
def test_addresses_and_handles_stay_whole(words: str) -> None:
    assert defused(words) == words


def test_a_call_in_a_links_words_or_in_code_or_in_pieces_is_none() -> None:
    link = marked("@everyone", MarkKind.LINK, "https://a.example/@room")
    assert to_html(link) == '<a href="https://a.example/@room">@\u2060everyone</a>'
    assert to_html(marked("@here", MarkKind.CODE)) == "<code>@\u2060here</code>"
    pieces = RichText("@room", (Mark(0, 1, MarkKind.BOLD), Mark(1, 5, MarkKind.ITALIC)))
    assert to_html(pieces) == "<strong>@</strong>\u2060<em>room</em>"
    assert to_body(pieces) == "@\u2060room"


@pytest.mark.parametrize("call", ["@room", "@Room", "hello @room!"])
def test_nobody_is_called_by_a_bridged_text(call: str) -> None:
    assert "@room" not in defused(call).lower()
    assert defused(call).replace("\u2060", "") == call
    assert "@room" not in (to_html(marked(call, MarkKind.BOLD)) or "").lower()
    assert "@room" not in to_body(plain(call)).lower()


INLINE = [
    kind
    for kind in MarkKind
    if kind not in (MarkKind.PRE, MarkKind.QUOTE, MarkKind.LINK, MarkKind.MENTION, MarkKind.CODE, MarkKind.HEADING)
]
WORDS = st.text(st.sampled_from("ab<>&\"'é👩 "), min_size=1, max_size=20).map(
    lambda t: "x" + t.replace("  ", " ") + "x"
)


@given(WORDS, st.lists(st.tuples(st.integers(0, 20), st.integers(1, 20), st.sampled_from(INLINE)), max_size=6))
def test_what_is_written_can_be_read(words: str, spans: list[tuple[int, int, MarkKind]]) -> None:
    """Whatever overlaps: the text comes back, and every character has the marks that it had."""
    words = " ".join(words.split())
    text = RichText.clipped(words, [Mark(start, start + size, kind) for start, size, kind in spans])
    html = to_html(text)
    back = to_rich_text(html) if html is not None else plain(words)
    assert back.text == words
    for index, char in enumerate(words):
        if char != " ":
            assert kinds_at(back, index) == kinds_at(text, index)


def kinds_at(text: RichText, index: int) -> set[MarkKind]:
    return {mark.kind for mark in text.marks if mark.start <= index < mark.end}
