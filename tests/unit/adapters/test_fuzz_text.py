"""Texts between Telegram and Matrix: nothing lost that both can say, and nothing that breaks a converter.

``BARAZA_FUZZ=200000 python -m pytest tests/unit/adapters/test_fuzz_text.py`` (or ``make fuzz``) tries that many inputs
of each kind, and a tenth of it for the round trips.
"""

import random
import re
from html import escape
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.adapters.matrix import html_in
from bridge.adapters.matrix.html_out import to_body, to_html
from bridge.adapters.matrix.message_in import without_quotation
from bridge.adapters.matrix.payload import to_payload as to_matrix
from bridge.adapters.telegram.entities import outgoing, to_entities, to_rich_text
from bridge.core.hygiene import clean_text
from bridge.core.message import Content
from bridge.core.splitting import split
from bridge.core.text import EXPANDABLE, Mark, MarkKind, RichText
from bridge.playground.botapi.entities import check_entities
from bridge.rendering.posts import spelled
from tests.fuzzing import FUZZ

INPUTS = FUZZ or 400
pytestmark = [pytest.mark.timeout(0)] if FUZZ else []
ROUNDS = settings(
    max_examples=FUZZ // 10 or 60,
    deadline=None,
    suppress_health_check=list(HealthCheck) if FUZZ else [HealthCheck.too_slow],
)

# --- what both can say ----------------------------------------------------------------------------------------------
#
# Both Telegram and Matrix say: bold, italic, underline, strike and spoiler, nested and overlapping; a link to an
# address on the Web around or inside those; code without any other mark in it; and, as blocks between empty lines,
# quotations (with all of these in them) and code with a language. Not both: headings (bold on Telegram), quotations in
# quotations and folded ones, mentions, marks over white space alone, white space at the end of a line.

INLINE = (MarkKind.BOLD, MarkKind.ITALIC, MarkKind.UNDERLINE, MarkKind.STRIKE, MarkKind.SPOILER)
WORD = st.text(st.sampled_from("abz<&>\"'@#/é\u0301ב👩🏾\u200d⚕\ufe0f🇰🇪क्ष•1."), min_size=1, max_size=8).map(
    lambda w: f"w{w}w"
)
ADDRESSES = st.sampled_from(["https://example.org/", "http://who.int/a?b=1&c=%20#d", "https://пример.рф/"])


@st.composite
def paragraphs(draw: st.DrawFn) -> RichText:
    """Lines with marks of one line or more, which begin and end with something that is seen."""
    words = draw(st.lists(WORD, min_size=1, max_size=6))
    text = words[0]
    starts, ends = [0], [len(text)]
    for word in words[1:]:
        text += draw(st.sampled_from([" ", " ", "  ", "\n", "\n  "]))
        starts.append(len(text))
        text += word
        ends.append(len(text))
    solo = draw(st.sampled_from([None, None, MarkKind.CODE, MarkKind.LINK]))
    taken: Mark | None = None
    if solo is not None:
        at = draw(st.integers(0, len(words) - 1))
        taken = Mark(starts[at], ends[at], solo, draw(ADDRESSES) if solo is MarkKind.LINK else "")
    marks = [taken] if taken else []
    for _ in range(draw(st.integers(0, 4))):
        first = draw(st.integers(0, len(words) - 1))
        last = draw(st.integers(first, len(words) - 1))
        inset = draw(st.integers(0, 1)) if first == last else 0  # also inside a word
        start, end = starts[first] + inset, ends[last] - inset
        if taken and solo is MarkKind.CODE and start < taken.end and taken.start < end:
            continue
        marks.append(Mark(start, end, draw(st.sampled_from(INLINE))))
    return RichText(text, tuple(marks))


@st.composite
def both_can_say(draw: st.DrawFn) -> RichText:
    text = RichText()
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from([None, MarkKind.QUOTE, MarkKind.PRE]))
        if kind is MarkKind.PRE:
            code = "\n".join(draw(st.lists(WORD.map(lambda w: "  " + w), min_size=1, max_size=3)))
            part = RichText(code, (Mark(0, len(code), MarkKind.PRE, draw(st.sampled_from(["", "python", "c++"]))),))
            part = part[2:]  # Telegram takes white space from the beginning of marks
        else:
            part = draw(paragraphs())
            if kind is MarkKind.QUOTE:
                part = RichText(part.text, (Mark(0, len(part), MarkKind.QUOTE), *part.marks))
        text = text + "\n\n" + part if text else part
    return text


def said(text: RichText) -> list[tuple[str, frozenset[tuple[MarkKind, str]]]]:
    """Every character that is seen with what is said of it, and every other character."""
    covered: list[set[tuple[MarkKind, str]]] = [set() for _ in text.text]
    for mark in text.marks:
        for place in range(mark.start, mark.end):
            covered[place].add((mark.kind, mark.value))
    return [
        (char, frozenset() if char.isspace() else frozenset(marks))
        for char, marks in zip(text.text, covered, strict=True)
    ]


def over_matrix(text: RichText) -> RichText:
    html = to_html(text)
    return html_in.to_rich_text(html) if html is not None else RichText(to_body(text))


def over_telegram(text: RichText) -> RichText:
    entities = to_entities(text)
    check_entities(entities)
    return to_rich_text(text.text, entities)


@ROUNDS
@given(both_can_say())
def test_from_telegram_over_matrix_and_back_nothing_is_lost(text: RichText) -> None:
    sent = to_entities(text)
    received = to_rich_text(text.text, sent)
    assert said(received) == said(text)
    back = over_matrix(received)
    assert said(back) == said(text)
    assert said(to_rich_text(back.text, to_entities(back))) == said(text)


@st.composite
def inline_html(draw: st.DrawFn, depth: int = 0) -> str:
    pieces = []
    for _ in range(draw(st.integers(1, 3))):
        words = escape(draw(WORD))
        form = draw(st.sampled_from(["words", "words", "code", "tag", "tag", "link", "line"]))
        if form == "code" and depth == 0:
            words = f"<code>{words}</code>"
        elif form == "tag" and depth < 3:
            tag = draw(st.sampled_from(["b", "strong", "i", "em", "u", "del", "s", "span"]))
            words = f"<{tag}{' data-mx-spoiler' if tag == 'span' else ''}>{draw(inline_html(depth + 1))}</{tag}>"
        elif form == "link" and depth == 0:
            words = f'<a href="{escape(draw(ADDRESSES))}">{words}</a>'
        elif form == "line":
            words += "<br>" + escape(draw(WORD))
        pieces.append(words)
    return draw(st.sampled_from([" ", "\n", "  "])).join(pieces)


@st.composite
def html_both_can_say(draw: st.DrawFn) -> str:
    blocks = []
    for _ in range(draw(st.integers(1, 4))):
        form = draw(st.sampled_from(["p", "p", "blockquote", "pre", "ul", "ol", "nested"]))
        if form == "pre":
            language = draw(st.sampled_from(["", ' class="language-sh"']))
            lines = "\n  ".join(escape(word) for word in draw(st.lists(WORD, min_size=1, max_size=3)))
            blocks.append(f"<pre><code{language}>{lines}\n</code></pre>")
        elif form in ("ul", "ol"):
            items = "".join(f"<li>{draw(inline_html())}</li>" for _ in range(draw(st.integers(1, 3))))
            blocks.append(f"<{form}>{items}</{form}>")
        elif form == "nested":
            blocks.append(f"<ul><li>a<ol><li>{draw(inline_html())}</li></ol></li></ul>")
        else:
            blocks.append(f"<{form}>{draw(inline_html())}</{form}>")
    return draw(st.sampled_from(["", "\n"])).join(blocks)


@ROUNDS
@given(html_both_can_say())
def test_from_matrix_over_telegram_and_back_nothing_is_lost(html: str) -> None:
    received = html_in.to_rich_text(html)
    carried = over_telegram(received)
    assert said(carried) == said(received)
    assert said(over_matrix(carried)) == said(received)


# --- what anybody may send ------------------------------------------------------------------------------------------

TAGS = [
    "b",
    "strong",
    "i",
    "em",
    "u",
    "s",
    "del",
    "strike",
    "code",
    "pre",
    "blockquote",
    "p",
    "div",
    "br",
    "hr",
    "h1",
    "h3",
    "h6",
    "ul",
    "ol",
    "li",
    "a",
    "span",
    "font",
    "img",
    "table",
    "tr",
    "td",
    "th",
    "details",
    "summary",
    "sup",
    "sub",
    "mx-reply",
    "script",
    "style",
    "svg",
    "math",
    "template",
    "select",
    "textarea",
    "title",
    "iframe",
    "noscript",
    "plaintext",
    "unknown",
]
ATTRIBUTES = (
    ' href="https://example.org/x?a=1&amp;b"',
    " href='javascript:alert(1)'",
    ' href="https://matrix.to/#/@a:b.c"',
    ' href="https://matrix.to/#/%40"',
    ' class="language-py"',
    " class=language-",
    " data-mx-spoiler",
    ' data-mx-spoiler="why"',
    ' start="7"',
    ' start="-99999999999"',
    ' src="https://evil.example/x.png" alt=":x:"',
    ' src="mxc://a/b" data-mx-emoticon alt="🦒"',
    " style=x onclick=y",
    ' x=">"',
    " id=<",
)
PIECES = (
    *"ab \n\t<>&\"'/@_*`#1.•>\x00\x0b\u00a0\u2028\u200b\u202e\u2066\u2069\u0301\ufe0f\u200d\ud800\udc00",
    *("👩🏾\u200d⚕️", "🇰🇪", "क्ष", "שלום", "&lt;", "&#0;", "&#x110000;", "&nbsp;", "&copy", "@room", "@all", "@a:b.org"),
    *("> <@a:b> q\n", "<!--", "-->", "<![CDATA[", "]]>", "<?x", "https://a.example/?q=1", "/start", "1. ", "\n\n"),
)


def some_html(rng: random.Random) -> str:
    pieces: list[str] = []
    for _ in range(rng.randrange(1, 25)):
        kind = rng.random()
        tag = rng.choice(TAGS)
        if kind < 0.35:
            pieces.append(f"<{tag}{rng.choice(ATTRIBUTES) if rng.random() < 0.5 else ''}>")
        elif kind < 0.55:
            pieces.append(f"</{tag}>")
        elif kind < 0.58:
            pieces.append(f"<{tag}" * rng.randrange(1, 4))
        else:
            pieces.append(rng.choice(PIECES))
    html = "".join(pieces)
    if rng.random() < 0.01:
        html *= rng.randrange(2, 60)
    return html


def some_entities(rng: random.Random, size: int) -> list[Any]:
    kinds = [
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "code",
        "pre",
        "blockquote",
        "expandable_blockquote",
        "text_link",
        "text_mention",
        "url",
        "mention",
        "custom_emoji",
        "nonsense",
    ]
    found: list[Any] = []
    for _ in range(rng.choice((0, 1, 2, 3, 5, 9, 30))):
        entity: dict[str, Any] = {
            "type": rng.choice(kinds),
            "offset": rng.randrange(-2, size + 3),
            "length": rng.randrange(-1, size + 3),
        }
        if rng.random() < 0.5:
            entity["url"] = rng.choice(("https://example.org/", "http://a.b/c", "x", "", 5, None))
            entity["user"] = rng.choice(({"id": 5}, {"id": "@x"}, {}, None, 7))
            entity["language"] = rng.choice(("py", "", '"><script>', None, 3))
        if rng.random() < 0.02:
            entity[rng.choice(("type", "offset", "length"))] = rng.choice(
                (None, "1", [], {}, 2**80, -(2**80), 1.5, True)
            )
        found.append(rng.choice((None, 7, "x", [])) if rng.random() < 0.01 else entity)
    return found


def everything_done_to(text: RichText) -> None:
    """All that happens to a text between its arrival and its departure."""
    cleaned = clean_text(text)
    for one in (text, cleaned):
        html = to_html(one)
        if html is not None:
            assert not re.search(r"<(?!/?(?:strong|em|u|del|code|pre|blockquote|h[1-6]|span|a|br)\b)", html)
            assert "javascript:" not in "".join(re.findall(r"<[^>]*>", html))
            assert "<img" not in html
            html_in.to_rich_text(html)
        body = to_body(one)
        assert not re.search(r"(?<![a-z0-9_/])@room(?![a-z0-9_])", re.sub(r"https?://[^\s<>]+", "x", body.lower()))
        sent = outgoing(one)
        entities = to_entities(sent)
        check_entities(entities)
        units = len(sent.text.encode("utf-16-le", "surrogatepass")) // 2
        assert all(0 <= e["offset"] < e["offset"] + e["length"] <= units for e in entities)
        assert to_rich_text(sent.text, entities).text == sent.text
        spelled(one)
    to_matrix(Content(text=cleaned))
    for part in split(cleaned, lambda t: len(t) <= 40 and bool(t.text.strip())):
        assert part.text.strip()


def test_no_html_breaks_anything() -> None:
    rng = random.Random(20261125)
    for number in range(INPUTS):
        html = some_html(rng)
        answer = number % 2 == 0
        # As the adapter hands it over: no halves of surrogate pairs.
        everything_done_to(html_in.to_rich_text(html.encode("utf-8", "replace").decode(), is_reply=answer))
        without_quotation(html)


def test_no_entities_break_anything() -> None:
    rng = random.Random(4711)
    for _ in range(INPUTS):
        text = "".join(rng.choice(PIECES) for _ in range(rng.randrange(0, 40)))
        everything_done_to(to_rich_text(text, some_entities(rng, len(text) + 4)))


def test_a_folded_quote_is_whole_on_matrix_and_folded_again_on_telegram() -> None:
    text = RichText("long", (Mark(0, 4, MarkKind.QUOTE, EXPANDABLE),))
    assert to_html(text) == "<blockquote>long</blockquote>"
    assert over_telegram(text) == text
