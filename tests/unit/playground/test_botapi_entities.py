"""Text, entities and HTML, without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.playground.botapi.entities import SPLITTABLE, checked_url, format_text, utf16_length, utf16_slice
from bridge.playground.botapi.errors import ApiError
from bridge.playground.botapi.markup import HtmlParser


def spans(text: str, entities: list[dict[str, object]]) -> list[tuple[str, str]]:
    return [(str(e["type"]), utf16_slice(text, int(str(e["offset"])), int(str(e["length"])))) for e in entities]


def entity(kind: str, offset: int, length: int, **extra: str) -> dict[str, object]:
    return {"type": kind, "offset": offset, "length": length, **extra}


def html(source: str) -> tuple[str, list[tuple[str, str]]]:
    text, entities = HtmlParser(source).parse()
    return text, spans(text, entities)


@pytest.mark.parametrize(
    ("source", "text", "expected"),
    [
        ("a &lt;b&gt; &amp; &quot;c&quot;", 'a <b> & "c"', []),
        ("&#128512;&#x1F600;&nbsp; &", "😀😀&nbsp; &", []),
        ("<b>a<i>b</i></b>", "ab", [("italic", "b"), ("bold", "ab")]),
        ("😀<B>x</B>", "😀x", [("bold", "x")]),
        ("<a href='https://EXAMPLE.org?a=1&amp;b=2'>t</a>", "t", [("text_link", "t")]),
        ("<a href='not a link'>t</a>", "t", []),
        ('<pre><code class="language-python">x</code></pre>', "x", [("pre", "x")]),
        ("<tg-spoiler>s</tg-spoiler><span class='tg-spoiler'>t</span>", "st", [("spoiler", "s"), ("spoiler", "t")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", "q")]),
        ("<b></b>x", "x", []),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, expected: list[tuple[str, str]]) -> None:
    assert html(source) == (text, expected)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("<p>x</p>", 'Unsupported start tag "p" at byte offset 0'),
        ("é<br/>", 'Unsupported start tag "br/" at byte offset 2'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ("<a href=http://x>x</a>", "Unexpected end of name token at byte offset 8"),
        ("<span class='x'>y</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href='x", "Unclosed start tag at byte offset 0"),
    ],
)
def test_bad_html_is_refused_in_telegrams_words(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        HtmlParser(source).parse()
    assert refused.value.description == f"Bad Request: can't parse entities: {reason}"


def test_offsets_are_utf16_code_units() -> None:
    text, entities = format_text("👩‍⚕️ nurse", [entity("bold", 6, 5)])
    assert spans(text, entities) == [("bold", "nurse")]


@pytest.mark.parametrize(
    ("kind", "offset", "length", "reason"),
    [
        ("bold", 0, 4, "entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 4"),
        ("bold", 9, 1, "entity begins after the end of the text at UTF-16 offset 9"),
        ("bold", 2, 1, "entity begins in a middle of a UTF-16 symbol at byte offset"),
        ("bold", 0, 2, "entity beginning at UTF-16 offset 0 ends in a middle of a UTF-16 symbol at byte offset"),
        ("bold", -1, 2, "receive an entity with incorrect offset -1"),
    ],
)
def test_entities_outside_the_text_are_refused(kind: str, offset: int, length: int, reason: str) -> None:
    with pytest.raises(ApiError) as refused:
        format_text("x😀", [entity(kind, offset, length)])
    assert refused.value.description.startswith(f"Bad Request: {reason}")


def test_space_around_the_text_goes_and_entities_move_along() -> None:
    text, entities = format_text(" \n  hello you \n", [entity("bold", 4, 5), entity("italic", 9, 6)])
    assert text == "hello you"
    assert spans(text, entities) == [("bold", "hello"), ("italic", "you")]


def test_leading_space_inside_an_entity_leaves_the_entity_first() -> None:
    text, entities = format_text("  hello", [entity("bold", 0, 7)])
    assert (text, spans(text, entities)) == ("hello", [("bold", "hello")])


def test_control_and_direction_characters_are_cleaned() -> None:
    text, entities = format_text("a\x07b\r\n\u202ec\tdone", [entity("bold", 6, 1)])
    assert text == "a b\nc done"
    assert spans(text, entities) == [("bold", "c")]


def test_a_lone_surrogate_is_refused() -> None:
    with pytest.raises(ApiError, match="strings must be encoded in UTF-8"):
        format_text("x\ud83d", [])


def test_crossing_entities_are_split_and_code_holds_nothing() -> None:
    text, entities = format_text("abcdefgh", [entity("bold", 0, 4), entity("italic", 2, 4)])
    assert ("bold", "ab") in spans(text, entities)
    assert sorted(spans(text, entities)) == [("bold", "ab"), ("bold", "cd"), ("italic", "cd"), ("italic", "ef")]
    text, entities = format_text("abcd", [entity("code", 0, 4), entity("bold", 1, 2)])
    assert spans(text, entities) == [("code", "abcd")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start now", [("bot_command", "/start")]),
        ("/help@baraza_bot x", [("bot_command", "/help@baraza_bot")]),
        ("a/b c", []),
        ("ask @amina_o.", [("mention", "@amina_o")]),
        ("see https://who.int/a_(b). ok", [("url", "https://who.int/a_(b)")]),
        ("see who.int, ok", [("url", "who.int")]),
        ("mail me@example.org", [("email", "me@example.org")]),
        ("#malaria #1", [("hashtag", "#malaria")]),
        ("😀 #malaria", [("hashtag", "#malaria")]),
    ],
)
def test_links_mentions_and_commands_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert spans(*format_text(text, [])) == expected


def test_a_found_link_never_overlaps_a_given_one() -> None:
    text, entities = format_text("who.int", [entity("text_link", 0, 3, url="https://example.org/")])
    assert spans(text, entities) == [("text_link", "who")]


@pytest.mark.parametrize(
    ("url", "stored"),
    [
        ("https://Example.ORG", "https://example.org/"),
        ("example.org/A?b#c", "http://example.org/A?b#c"),
        ("tg://resolve?domain=x", "tg://resolve?domain=x"),
        ("http://localhost:1", None),
        ("javascript:alert(1)", None),
        ("https://a b.org", None),
        ("", None),
    ],
)
def test_links_are_stored_as_telegram_stores_them(url: str, stored: str | None) -> None:
    assert checked_url(url) == stored


_TEXT = st.text(alphabet="ab😀 \n\u202e\r/@#.é", max_size=30)


@given(
    _TEXT, st.lists(st.tuples(st.sampled_from([*SPLITTABLE, "code", "blockquote"]), st.floats(0, 1), st.floats(0, 1)))
)
def test_stored_entities_always_lie_on_characters_and_nest(text: str, wanted: list[tuple[str, float, float]]) -> None:
    bounds = [utf16_length(text[:n]) for n in range(len(text) + 1)]
    given_entities = []
    for kind, one, other in wanted:
        start, stop = sorted((bounds[int(one * (len(bounds) - 1))], bounds[int(other * (len(bounds) - 1))]))
        given_entities.append(entity(kind, start, stop - start))
    stored, entities = format_text(text, given_entities)
    places = {utf16_length(stored[:n]) for n in range(len(stored) + 1)}
    assert stored == stored.strip(" \n")
    ranges = [(int(str(e["offset"])), int(str(e["offset"])) + int(str(e["length"]))) for e in entities]
    for start, stop in ranges:
        assert start < stop
        assert {start, stop} <= places
    for a_start, a_stop in ranges:
        for b_start, b_stop in ranges:
            assert not a_start < b_start < a_stop < b_stop


@given(_TEXT)
def test_storing_stored_text_changes_nothing(text: str) -> None:
    once = format_text(text, [])
    assert format_text(*once) == once
