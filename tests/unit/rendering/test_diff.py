"""What an edit did, shown to people: nothing of either text is lost or made up, and it is found in bounded time."""

import random
import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bridge.core.text import EMPTY, MarkKind, RichText, marked, plain
from bridge.rendering.diff import changed, in_words, is_trivial
from bridge.rendering.words import Words
from tests.unit.core.strategies import rich_texts

WHOLE = 10**9
W = Words("en")


def drawn(text: RichText) -> str:
    """With ~struck~ and *bold* as a reader sees them."""
    signs = {MarkKind.STRIKE: "~", MarkKind.BOLD: "*"}
    ends = {at: "" for mark in text.marks for at in (mark.start, mark.end)}
    for mark in text.marks:  # an end comes before a beginning at the same place
        ends[mark.end] = signs[mark.kind] + ends[mark.end]
        ends[mark.start] += signs[mark.kind]
    return "".join(ends.get(at, "") + text.text[at : at + 1] for at in range(len(text.text) + 1))


def without(text: RichText, kind: MarkKind) -> str:
    gone = {at for mark in text.marks if mark.kind is kind for at in range(mark.start, mark.end)}
    return "".join(char for at, char in enumerate(text.text) if at not in gone)


def tight(text: str) -> str:
    """Without white space."""
    return "".join(text.split())


words = st.sampled_from(
    ["give", "400", "mg", "500", "0.5", "not", "the", "dose", ",", ".", "(", "don't", "été", "न", "今天", "👩🏾‍⚕️"]
)
sentences = st.lists(
    st.tuples(words, st.sampled_from([" ", " ", " ", "", "\n", "\n\n"])).map("".join), max_size=25
).map("".join)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, str]:
    """A text, and the same with a few stretches replaced."""
    before = draw(sentences)
    after = before
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(after)))
        end = draw(st.integers(start, min(len(after), start + 12)))
        after = after[:start] + draw(st.one_of(words, sentences)) + after[end:]
    return before, after


pairs = st.one_of(edits(), st.tuples(sentences, sentences), st.tuples(st.text(max_size=40), st.text(max_size=40)))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("Give 400 mg twice.", "Give 500 mg twice.", "Give ~400~ *500* mg twice."),
        ("Give 0.5 mg.", "Give 5 mg.", "Give ~0.5~ *5* mg."),  # a number is seen whole
        ("at 18:00", "at 18:30", "at ~18:00~ *18:30*"),
        ("Do not give it.", "Do give it.", "Do ~not~ give it."),
        ("Do give it.", "Do not give it.", "Do *not* give it."),
        ("I don't", "I do", "I ~don't~ *do*"),
        ("Very big", "big", "~Very~ big"),
        ("very big", "big.", "~very~ big*.*"),
        ("(dose)", "(dosage)", "(~dose~ *dosage*)"),
        ("a, b", "a; b", "a~,~*;* b"),
        ("left of here", "right at here", "~left of~ *right at* here"),
        ("one of two", "three of four", "~one of two~ *three of four*"),  # "of" alone helps nobody
        ("old", "", "~old~"),
        ("", "new", "*new*"),
        ("One.\n\nTwo here.\n\nThree", "One.\n\nThree", "One.\n\n~Two here.~\n\nThree"),
        ("One.\nTwo.", "One.\nNew line.\nTwo.", "One.\n*New line.*\nTwo."),
        ("क्या दवा", "क्या दवाई", "क्या ~दवा~ *दवाई*"),
        ("今天很好", "今天不好", "今天~很~*不*好"),
        ("ok 👩🏾‍⚕️", "ok 👩‍⚕️", "ok ~👩🏾‍⚕️~ *👩‍⚕️*"),
        ("🇰🇪 x", "🇺🇬 x", "~🇰🇪~*🇺🇬* x"),
    ],
)
def test_what_is_shown(before: str, after: str, shown: str) -> None:
    assert drawn(changed(plain(before), plain(after))) == shown


LONG = "Wash your hands with soap before you touch the child and once more when you have finished."


@pytest.mark.parametrize(
    ("before", "after", "context", "shown"),
    [
        (f"A {LONG}", f"B {LONG}", 20, "~A~ *B* Wash your hands with …"),
        (f"{LONG} A", f"{LONG} B", 20, "… you have finished. ~A~ *B*"),
        (f"A {LONG} C", f"B {LONG} D", 20, "~A~ *B* Wash your … finished. ~C~ *D*"),
        (f"A {LONG} C", f"B {LONG} D", 0, "~A~ *B* … ~C~ *D*"),
        (f"A {LONG}", f"B {LONG}", len(LONG), f"~A~ *B* {LONG}"),
        (f"A {LONG}", f"B {LONG}", len(LONG) - 3, f"~A~ *B* {LONG}"),  # leaving out less than " … " saves nothing
        (f"A {LONG}", f"B {LONG}", len(LONG) - 4, f"~A~ *B* {LONG[: LONG.index(' finished')]} …"),
        ("A " + "x" * 50, "B " + "x" * 50, 20, "~A~ *B* …"),
    ],
)
def test_what_stayed_is_shortened_at_words(before: str, after: str, context: int, shown: str) -> None:
    assert drawn(changed(plain(before), plain(after), context=context)) == shown


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (plain("same"), plain("same")),
        (plain("same words"), marked("same words", MarkKind.BOLD)),
        (plain("same  words"), plain("same\n\nwords ")),
        (EMPTY, EMPTY),
        (plain(" "), EMPTY),
    ],
)
def test_nothing_is_shown_where_no_word_changed(before: RichText, after: RichText) -> None:
    assert changed(before, after) == EMPTY
    assert in_words(before, after, W) == ""


@given(pairs)
def test_both_texts_can_be_read_out_of_it(pair: tuple[str, str]) -> None:
    before, after = pair
    shown = changed(plain(before), plain(after), context=WHOLE)
    if shown == EMPTY:
        assert tight(before) == tight(after)
    else:
        assert tight(without(shown, MarkKind.STRIKE)) == tight(after)
        assert tight(without(shown, MarkKind.BOLD)) == tight(before)
        assert shown.marks
    assert all(mark.kind in (MarkKind.STRIKE, MarkKind.BOLD) for mark in shown.marks)
    inside = [at for mark in shown.marks for at in range(mark.start, mark.end)]
    assert len(inside) == len(set(inside)), "no mark lies over another"


@given(edits())
@example(("👩🏾‍⚕️give ", "give🏾‍⚕️give "))
def test_words_stay_words(pair: tuple[str, str]) -> None:
    """What was put in and taken out never runs into what stayed, unless it did so in its own text."""
    before, after = pair
    shown = changed(plain(before), plain(after), context=WHOLE)
    for run in re.findall(r"[A-Za-z0-9]+", shown.text):
        assert run in before or run in after


@given(pairs, st.integers(0, 60))
def test_shortening_leaves_out_only_what_stayed(pair: tuple[str, str], context: int) -> None:
    before, after = map(plain, pair)
    whole, short = changed(before, after, context=WHOLE), changed(before, after, context=context)
    assert [whole.text[m.start : m.end] for m in whole.marks] == [short.text[m.start : m.end] for m in short.marks]
    stayed = without(short, MarkKind.STRIKE).replace("…", " ")
    rest = iter(tight(without(whole, MarkKind.STRIKE)))
    assert all(char in rest for char in tight(stayed)), "in the same order"
    edges = [0, *(at for mark in short.marks for at in (mark.start, mark.end)), len(short.text)]
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        assert end - start <= context + 2 * len(" … ") + len(" ")


@given(rich_texts(), rich_texts())
def test_marks_of_either_text_do_not_matter(before: RichText, after: RichText) -> None:
    assert changed(before, after) == changed(plain(before.text), plain(after.text))


def prose(seed: int, count: int) -> list[str]:
    """Words as often as in a language: a few very often, most of them rarely."""
    chance = random.Random(seed)
    vocabulary = [f"w{n}" for n in range(3000)]
    return chance.choices(vocabulary, [1 / (n + 1) for n in range(3000)], k=count)


def test_a_few_words_of_twenty_thousand_characters() -> None:
    old = prose(1, 5000)
    new = [f"new{n}" if n % 250 == 0 else word for n, word in enumerate(old)]
    shown = changed(plain(" ".join(old)), plain(" ".join(new)))
    assert [shown.text[m.start : m.end] for m in shown.marks if m.kind is MarkKind.BOLD] == [
        f"new{n}" for n in range(0, 5000, 250)
    ]
    assert len(shown) < 2000


NOISE = random.Random(3)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(" ".join(prose(1, 5000)), " ".join(prose(2, 5000)), id="another text"),
        pytest.param("x s " * 5000, " ".join(f"y{n % 7} s" for n in range(5000)), id="one word everywhere"),
        pytest.param("a " * 10000, "a b " * 5000, id="every second word"),
        pytest.param("." * 20000, "!." * 10000, id="punctuation"),
        pytest.param("a\n" * 10000, "a\nb\n" * 5000, id="lines of one word"),
        pytest.param("a" * 20000, "a" * 19999 + "b", id="one word"),
        pytest.param("\u0301" * 20000, "a\u0301" * 10000, id="marks"),
        pytest.param(" " * 20000, "\n" * 19999 + "x", id="white space"),
        pytest.param(
            "".join(chr(0x4E00 + int(NOISE.paretovariate(0.5)) % 3000) for _ in range(20000)),
            "".join(chr(0x4E00 + int(NOISE.paretovariate(0.5)) % 3000) for _ in range(20000)),
            id="no spaces",
        ),
        pytest.param(
            "".join(NOISE.choice("ab \n") for _ in range(20000)),
            "".join(NOISE.choice("ab \n") for _ in range(20000)),
            id="noise",
        ),
    ],
)
def test_the_time_is_bounded(before: str, after: str) -> None:
    """A tenth of this is the rule; without a bound some of these take minutes."""
    start = time.process_time()
    shown = changed(plain(before), plain(after), context=WHOLE)
    in_words(plain(before), plain(after), W)
    is_trivial(before, after)
    assert time.process_time() - start < 5
    assert tight(without(shown, MarkKind.STRIKE)) == tight(after)
    assert tight(without(shown, MarkKind.BOLD)) == tight(before)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("Give 400 mg twice.", "Give 500 mg twice.", 'Changed: "Give 400 mg" to "Give 500 mg".'),
        ("Do not give it.", "Do give it.", 'Changed: "Do not give" to "Do give".'),
        ("A big house", "A very big house", 'Changed: "A big" to "A very big".'),
        ("Very big", "big", 'Changed: "Very big" to "big".'),
        ("One.\nTwo is here now.", "One.", 'Taken out: "Two is here now.".'),
        ("One.", "One. Please wash your hands.", 'Put in: "Please wash your hands.".'),
        ("old", "", 'Taken out: "old".'),
        ("", "new", 'Put in: "new".'),
        ('say "aah" now', 'say "ooh" now', "Changed: \"'aah'\" to \"'ooh'\"."),
    ],
)
def test_in_words(before: str, after: str, said: str) -> None:
    assert in_words(plain(before), plain(after), W) == said


def test_long_and_many_changes_in_words_are_cut() -> None:
    stays = "these words stay where they are"
    before = " ".join(f"old{n} {stays}" for n in range(6))
    after = " ".join(f"new{n} {stays}" for n in range(6))
    said = in_words(plain(before), plain(after), W)
    assert said.count("Changed: ") == 4
    assert said.endswith(" And 2 more changes.")
    long = in_words(plain(""), plain("word " * 100), W)
    assert len(long) < 80
    assert long.endswith('word...".')


@given(pairs)
def test_words_are_found_wherever_marks_are(pair: tuple[str, str]) -> None:
    before, after = map(plain, pair)
    said = in_words(before, after, W)
    assert bool(said) == (changed(before, after) != EMPTY)
    assert len(said) < 4 * 160 + 40
