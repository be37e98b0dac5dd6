"""UTF-16 on one side, code points on the other, and only what Telegram takes."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.adapters.matrix.html_out import to_body, to_html
from bridge.adapters.telegram.entities import outgoing, to_entities, to_rich_text, usable_url, utf16_length
from bridge.core.text import Mark, MarkKind, RichText
from bridge.playground.botapi.entities import check_entities, format_text

DOCTOR = "👩🏾‍⚕️"  # 5 code points, 7 UTF-16 units


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


@pytest.mark.parametrize(
    ("given_entity", "kind", "value"),
    [
        (entity("bold", 9, 4), MarkKind.BOLD, ""),
        (entity("italic", 9, 4), MarkKind.ITALIC, ""),
        (entity("underline", 9, 4), MarkKind.UNDERLINE, ""),
        (entity("strikethrough", 9, 4), MarkKind.STRIKE, ""),
        (entity("spoiler", 9, 4), MarkKind.SPOILER, ""),
        (entity("code", 9, 4), MarkKind.CODE, ""),
        (entity("pre", 9, 4, language="python"), MarkKind.PRE, "python"),
        (entity("pre", 9, 4), MarkKind.PRE, ""),
        (entity("blockquote", 9, 4), MarkKind.QUOTE, ""),
        (entity("expandable_blockquote", 9, 4), MarkKind.QUOTE, "expandable"),
        (entity("text_link", 9, 4, url="https://example.org/"), MarkKind.LINK, "https://example.org/"),
        (entity("text_mention", 9, 4, user={"id": 77, "first_name": "A"}), MarkKind.MENTION, "77"),
    ],
)
def test_every_kind_is_read_behind_characters_of_two_units(
    given_entity: dict[str, Any], kind: MarkKind, value: str
) -> None:
    text = to_rich_text(f"{DOCTOR}, word", [given_entity])
    assert utf16_length(f"{DOCTOR}, ") == 9
    assert text.marks == (Mark(7, 11, kind, value),)
    assert text.text[7:11] == "word"


@pytest.mark.parametrize(
    "kind",
    ["mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "custom_emoji", "date_time"],
)
def test_what_speaks_for_itself_needs_no_mark(kind: str) -> None:
    assert to_rich_text("@somebody", [entity(kind, 0, 9)]) == RichText("@somebody")


@pytest.mark.parametrize(
    "broken",
    [
        None,
        "bold",
        {},
        [None, 5, "x", []],
        [entity("bold", 50, 4)],
        [entity("bold", 0, 0)],
        [entity("bold", 0, -4)],
        [entity("of tomorrow", 0, 2)],
        [{"type": "bold", "offset": "0", "length": 2}],
        [{"type": ["bold"], "offset": 0, "length": 2}],
        [entity("text_link", 0, 2)],
        [entity("text_mention", 0, 2)],
    ],
)
def test_what_cannot_be_read_is_left_out(broken: object) -> None:
    assert to_rich_text("hello", broken) == RichText("hello")


def test_an_entity_past_the_end_is_cut_and_one_inside_a_surrogate_pair_takes_the_whole_character() -> None:
    assert to_rich_text("hello", [entity("bold", 3, 90)]).marks == (Mark(3, 5, MarkKind.BOLD),)
    assert to_rich_text("hello", [entity("bold", -3, 5)]).marks == (Mark(0, 2, MarkKind.BOLD),)
    assert to_rich_text("a😀b", [entity("bold", 2, 1)]).marks == (Mark(1, 2, MarkKind.BOLD),)
    assert to_rich_text("a😀b", [entity("bold", 0, 2)]).marks == (Mark(0, 2, MarkKind.BOLD),)


def test_marks_go_out_in_utf16() -> None:
    text = RichText(f"{DOCTOR} word", (Mark(0, 5, MarkKind.BOLD), Mark(6, 10, MarkKind.LINK, "https://example.org/a")))
    assert to_entities(text) == [
        entity("bold", 0, 7),
        entity("text_link", 8, 4, url="https://example.org/a"),
    ]


def test_neighbours_and_overlaps_of_one_kind_become_one() -> None:
    text = RichText("0123456789", (Mark(0, 4, MarkKind.BOLD), Mark(2, 6, MarkKind.BOLD), Mark(6, 8, MarkKind.BOLD)))
    assert to_entities(text) == [entity("bold", 0, 8)]


def test_crossing_marks_are_cut_where_they_cross() -> None:
    text = RichText("0123456789", (Mark(0, 6, MarkKind.BOLD), Mark(4, 9, MarkKind.ITALIC)))
    assert to_entities(text) == [entity("bold", 0, 6), entity("italic", 4, 2), entity("italic", 6, 3)]


def test_nothing_stands_inside_code_and_no_quote_inside_a_quote() -> None:
    text = RichText(
        "0123456789",
        (
            Mark(0, 10, MarkKind.QUOTE),
            Mark(2, 8, MarkKind.QUOTE),
            Mark(0, 6, MarkKind.BOLD),
            Mark(4, 8, MarkKind.PRE, "sh"),
            Mark(5, 7, MarkKind.CODE),
        ),
    )
    assert to_entities(text) == [
        entity("blockquote", 0, 10),
        entity("bold", 0, 4),
        entity("pre", 4, 4, language="sh"),
    ]


def test_an_address_is_not_lost_to_code() -> None:
    text = RichText("0123456789", (Mark(0, 10, MarkKind.CODE), Mark(2, 4, MarkKind.LINK, "https://example.org/")))
    assert entity("text_link", 2, 2, url="https://example.org/") in to_entities(text)


@pytest.mark.parametrize(
    ("url", "usable"),
    [
        ("https://example.org/a?b=c#d", True),
        ("http://127.0.0.1:8080/x", True),
        ("http://[::1]:80/", True),
        ("https://пример.рф/", True),
        ("mailto:a@example.org", False),
        ("javascript:alert(1)", False),
        ("tg://user?id=5", False),
        ("https://", False),
        ("https://nodot/", False),
        ("https://exa mple.org/", False),
        ("https://example.org:port/", False),
        ("https://[::1/", False),
        ('https://example.org/"', False),
        ("", False),
    ],
)
def test_only_addresses_that_telegram_takes_become_links(url: str, usable: bool) -> None:
    assert usable_url(url) is usable
    assert bool(to_entities(RichText("word", (Mark(0, 4, MarkKind.LINK, url),)))) is usable


@pytest.mark.parametrize(("person", "named"), [("77", True), ("@amina:example.org", False), ("٣", False), ("", False)])
def test_only_people_of_telegram_are_mentioned(person: str, named: bool) -> None:
    assert bool(to_entities(RichText("Amina", (Mark(0, 5, MarkKind.MENTION, person),)))) is named


VALUES = {
    MarkKind.LINK: ["https://example.org/", "http://a.b/c", "nonsense"],
    MarkKind.MENTION: ["5", "@x"],
    MarkKind.PRE: ["", "sh"],
    MarkKind.QUOTE: ["", "expandable"],
    MarkKind.HEADING: ["2"],
}


@st.composite
def rich_texts(draw: st.DrawFn) -> RichText:
    text = draw(st.text(st.sampled_from("ab 😀é\n👩🏾"), min_size=1, max_size=30))
    marks = []
    for _ in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        kind = draw(st.sampled_from(list(MarkKind)))
        marks.append(Mark(start, end, kind, draw(st.sampled_from(VALUES.get(kind, [""])))))
    return RichText(text, tuple(marks))


def test_headings_are_bold_and_long_quotes_stay_folded() -> None:
    text = RichText("Head\nquoted", (Mark(0, 4, MarkKind.HEADING, "1"), Mark(5, 11, MarkKind.QUOTE, "expandable")))
    assert to_entities(text) == [entity("bold", 0, 4), entity("expandable_blockquote", 5, 6)]


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        ("@all come", "@\u2060all come"),
        ("(@Everyone)", "(@\u2060Everyone)"),
        ("@channel @here @room", "@\u2060channel @\u2060here @\u2060room"),
        ("write to team@all.org or @all_stars or @allan", "write to team@all.org or @all_stars or @allan"),
        ("https://mastodon.example/@all", "https://mastodon.example/@all"),
        ("@amina:example.org", "@\u2060amina:example.org"),
        ("@grace, amina@example.org: 09:30", "@grace, amina@example.org: 09:30"),
    ],
)
def test_nobody_is_called_who_was_not_meant(words: str, sent: str) -> None:
    assert outgoing(RichText(words)).text == sent


def test_a_person_of_another_platform_is_a_name_and_marks_keep_their_words() -> None:
    text = RichText("ask @grace now", (Mark(4, 10, MarkKind.MENTION, "@grace:hs.org"), Mark(11, 14, MarkKind.BOLD)))
    sent = outgoing(text)
    assert sent.text == "ask @\u2060grace now"
    assert to_entities(sent) == [entity("bold", 12, 3)]


@pytest.mark.parametrize("kind", ["bold", "text_link", "spoiler", "blockquote", "pre"])
def test_ten_thousand_entities_take_no_long_time(kind: str) -> None:
    many = [
        entity(kind, n % 3000, 1 + n * 7 % 900, url=f"https://a.example/{n}", language=f"l{n}") for n in range(10_000)
    ]
    started = time.process_time()
    text = to_rich_text("words " * 680, many)
    to_entities(text)
    to_html(text)
    to_body(text)
    assert time.process_time() - started < 2


def said_of_characters(entities: Sequence[Mapping[str, Any]]) -> set[tuple[int, str, str]]:
    """Every (position, kind, address) that some entities say."""
    return {
        (position, item["type"], str(item.get("url", "")))
        for item in entities
        for position in range(item["offset"], item["offset"] + item["length"])
    }


@given(rich_texts())
@example(RichText("aaa", (Mark(0, 1, MarkKind.BOLD), Mark(0, 3, MarkKind.BOLD), Mark(0, 2, MarkKind.ITALIC))))
def test_whatever_goes_out_is_legal_and_comes_back_as_it_went(content: RichText) -> None:
    entities = to_entities(content)
    check_entities(entities)  # refuses what Telegram refuses
    ends: list[tuple[int, str]] = []
    for item in entities:
        start, end, kind = item["offset"], item["offset"] + item["length"], item["type"]
        while ends and ends[-1][0] <= start:
            ends.pop()
        assert not ends or end <= ends[-1][0], "two entities cross"
        around = {name for _, name in ends}
        assert not around & {"code", "pre"}, "something stands inside code"
        kind = kind.removeprefix("expandable_")
        assert kind not in around, "an entity stands inside one of its own kind"
        assert not (kind == "blockquote" and "text_link" in around), "a quote stands inside a link"
        ends.append((end, kind))
    again = to_rich_text(content.text, entities)
    for mark in again.marks:
        kinds = (MarkKind.BOLD, MarkKind.HEADING) if mark.kind is MarkKind.BOLD else (mark.kind,)
        asked = {
            (m.start, m.end)
            for m in content.marks
            if m.kind in kinds and (m.value == mark.value or m.kind is MarkKind.HEADING)
        }
        covered = {n for start, end in asked for n in range(start, end)}
        assert set(range(mark.start, mark.end)) <= covered, "a mark reaches further than it was asked to"
    # Where two marks cross, which of them is cut is free; what is said of every character is not.
    assert said_of_characters(to_entities(again)) == said_of_characters(entities)


@given(rich_texts())
def test_telegram_has_nothing_left_to_mend(content: RichText) -> None:
    """What Telegram makes of our entities says the same of every character as what we sent."""
    entities = to_entities(content)
    stored, kept = format_text("x" + content.text + "x", [{**e, "offset": e["offset"] + 1} for e in entities])

    def said(items: list[dict[str, Any]]) -> set[tuple[int, str]]:
        units = (stored.encode("utf-16-le")[n : n + 2] for n in range(0, len(stored.encode("utf-16-le")), 2))
        solid = {n for n, unit in enumerate(units) if unit not in (b" \x00", b"\n\x00")}
        return {(n, e["type"]) for e in items for n in range(e["offset"], e["offset"] + e["length"]) if n in solid}

    if len(stored) == len(content.text) + 2:
        assert said(kept) == said([{**e, "offset": e["offset"] + 1} for e in entities])


@given(st.text(st.characters(), max_size=20), st.integers(-3, 50), st.integers(-3, 50))
def test_reading_never_fails(text: str, offset: int, length: int) -> None:
    read = to_rich_text(text, [entity("bold", offset, length)])
    assert read.text == text
