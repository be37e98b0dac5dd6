"""What each rule asks of a wording, and what follows from all the answers together."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.policy import Check, Consequence, Rule
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.moderation.answers import ANSWERS, NO_RULE, Recent, Ruling, Wording, count_links, join, room_again
from bridge.moderation.panel import held_because
from bridge.rendering.words import words
from tests.unit.storage.stage import NOW

STRICTEST_LAST = [Consequence.HOLD, Consequence.SECOND, Consequence.REFUSE]
HOLDING = [Consequence.HOLD, Consequence.SECOND, Consequence.REFUSE]


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


def asked(check: Check, wording: Wording, **settings: Any) -> str | None:
    return ANSWERS[check](Rule(check=check, then=Consequence.HOLD, **settings), wording)


def wording(text: str = "", **known: Any) -> Wording:
    return Wording(now=NOW, text=plain(text), **known)


# --- one rule -------------------------------------------------------------------------------------------------------


def test_every_question_of_a_table_has_an_answer() -> None:
    assert set(ANSWERS) == set(Check) - {Check.EMERGENCY, Check.FAILED}


POST = "We have run out of amoxicillin at the health centre in Busia"


@pytest.mark.parametrize(
    ("check", "settings", "yes", "no"),
    [
        (Check.TRUSTED, {}, wording(standing="trusted"), wording(standing="held")),
        (Check.TRUSTED, {}, wording(standing="trusted"), wording()),
        (Check.ALWAYS_HELD, {}, wording(standing="held"), wording(standing="trusted")),
        (Check.FIRST_POSTS, {"over": 1}, wording(published=0), wording(published=1)),
        (Check.FIRST_POSTS, {"over": 3}, wording(published=2), wording(published=3)),
        (Check.LINKS, {}, wording("see https://example.org/a"), wording("see example")),
        (Check.LINKS, {"over": 1}, wording("www.example.org http://example.com"), wording("www.example.org")),
        (Check.ATTACHMENTS, {}, wording(files=1), wording(files=0)),
        (Check.ATTACHMENTS, {"over": 2}, wording(files=3), wording(files=2)),
        (Check.LENGTH, {"over": 5}, wording("123456"), wording("12345")),
        (Check.NO_PROFILE, {}, wording(has_profile=False), wording(has_profile=True)),
        (Check.WORDS, {"words": ("zinc",)}, wording("Is Zinc safe?"), wording("Is it zincous?")),
        (Check.AUTHOR_QUOTA, {"over": 2}, wording(by_author=[ago(hours=1)] * 2), wording(by_author=[ago(hours=1)])),
        (Check.SOURCE_QUOTA, {"over": 1}, wording(from_source=[ago(hours=1)]), wording(by_author=[ago(hours=1)])),
        (Check.LANGUAGE, {}, wording(language="fr"), wording()),
        (Check.PRIVACY, {}, wording(hints=1), wording(hints=0)),
    ],
)
def test_yes_and_no(check: Check, settings: dict[str, Any], yes: Wording, no: Wording) -> None:
    assert asked(check, yes, **settings) is not None
    assert asked(check, no, **settings) is None
    assert asked(Check.ALL, yes) == asked(Check.ALL, no) == ""


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("We need INSULIN.", "insulin"),
        ("insulin", "insulin"),
        ("(insulin)", "insulin"),
        ("in\nsulin", None),
        ("insulins", None),
        ("anti_insulin", None),
        ("the blood   bank\nis closed", "blood bank"),
        ("blood, bank", None),
        ("a bloodbank", None),
        ("Le choléra est là", "cholera"),
        ("CHOLÉRA", "cholera"),
        ("chole\u0301ra", "cholera"),
        ("Is it C++?", "c++"),
        ("", None),
    ],
)
def test_words_to_watch(text: str, met: str | None) -> None:
    watched = ("insulin", "blood bank", "cholera", "c++")
    assert asked(Check.WORDS, wording(text), words=watched) == met


def test_a_watched_word_may_have_accents_and_capitals_itself() -> None:
    assert asked(Check.WORDS, wording("cholera"), words=("Choléra",)) == "Choléra"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("nothing here", 0),
        ("https://example.org", 1),
        ("https://example.org https://example.org", 2),
        ("HTTP://EXAMPLE.ORG and www.example.org/a?b=c", 2),
        ("see example.org/page", 1),
        ("Dr. Okello works at 5.30/day", 0),
        ("write to amina@example.org", 0),
        ("and/or 1/2", 0),
    ],
)
def test_links_written_out(text: str, count: int) -> None:
    assert count_links(plain(text)) == count


def test_links_behind_words() -> None:
    hidden = RichText("read this", (Mark(5, 9, MarkKind.LINK, "https://example.org/x"),))
    assert count_links(hidden) == 1
    shown = RichText("https://example.org/x", (Mark(0, 21, MarkKind.LINK, "https://example.org/x"),))
    assert count_links(shown) == 1
    call = RichText("call me", (Mark(0, 7, MarkKind.LINK, "tel:+25412345"),))
    assert count_links(call) == 0


@pytest.mark.parametrize(
    ("moments", "over", "hours", "room"),
    [
        ([], 1, 1, None),
        ([ago(minutes=10)], 1, 1, ago(minutes=-50)),
        ([ago(minutes=60)], 1, 1, None),
        ([ago(minutes=10), ago(minutes=20), ago(minutes=59)], 2, 1, ago(minutes=-40)),
        ([ago(minutes=10), ago(minutes=20), ago(minutes=61)], 3, 1, None),
        ([ago(hours=20)], 1, 24, ago(hours=-4)),
    ],
)
def test_when_a_quota_has_room_again(moments: list[datetime], over: int, hours: int, room: datetime | None) -> None:
    rule = Rule(check=Check.AUTHOR_QUOTA, then=Consequence.REFUSE, over=over, hours=hours)
    assert room_again(rule, wording(by_author=moments)) == room
    assert (asked(Check.AUTHOR_QUOTA, wording(by_author=moments), over=over, hours=hours) is None) is (room is None)


@given(st.lists(st.floats(0, 100), max_size=30), st.integers(1, 10), st.integers(1, 48))
def test_who_waits_until_then_is_heard(minutes: list[float], over: int, hours: int) -> None:
    rule = Rule(check=Check.AUTHOR_QUOTA, then=Consequence.REFUSE, over=over, hours=hours)
    said = wording(by_author=[ago(hours=length) for length in sorted(minutes)])
    room = room_again(rule, said)
    if room is not None:
        assert NOW < room <= NOW + timedelta(hours=hours)
        assert room_again(rule, replace(said, now=room)) is None
        assert room_again(rule, replace(said, now=room - timedelta(seconds=1))) is not None


def test_a_duplicate_is_named_and_only_within_its_hours() -> None:
    recent = [
        Recent(number=9, at=ago(hours=1), text="Clean water for all schools in the county"),
        Recent(number=8, at=ago(hours=30), text=POST),
    ]
    said = wording(POST.upper(), recent=recent)
    assert asked(Check.DUPLICATE, said, hours=72) == "8"
    assert asked(Check.DUPLICATE, said, hours=24) is None


# --- all together ---------------------------------------------------------------------------------------------------

CHECKS = st.sampled_from(sorted(ANSWERS))
ROWS = st.lists(
    st.tuples(
        st.builds(Rule, check=CHECKS, then=st.sampled_from(sorted(Consequence)), over=st.integers(0, 5)),
        st.sampled_from(["", "insulin", "12"]),
    ),
    max_size=6,
)
OUTSIDE = st.lists(st.sampled_from(["emergency", "always_held", "failed"]), max_size=2)


def meaning(ruling: Ruling) -> tuple[object, ...]:
    """Everything but the order of the reasons."""
    return ruling.consequence, ruling.approvals, set(ruling.codes), set(ruling.noted), set(ruling.refused_by)


@given(ROWS, OUTSIDE, st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_order_of_a_table_means_nothing(
    rows: list[tuple[Rule, str]], holding: list[str], approvals: int, random: Any
) -> None:
    shuffled = random.sample(rows, len(rows))
    first = join(rows, approvals=approvals, holding=holding)
    assert meaning(first) == meaning(join(shuffled, approvals=approvals, holding=holding))


@given(ROWS, OUTSIDE, st.integers(1, 5))
def test_the_strictest_wins_and_every_reason_is_kept(
    rows: list[tuple[Rule, str]], holding: list[str], approvals: int
) -> None:
    ruling = join(rows, approvals=approvals, holding=holding)
    said = {rule.then for rule, _ in rows}
    strict = [then for then in STRICTEST_LAST if then in said]
    if strict:
        assert ruling.consequence is strict[-1]
    elif said >= {Consequence.APPROVE} and not holding:
        assert ruling.consequence is Consequence.APPROVE
    else:
        assert ruling.consequence is Consequence.HOLD
    assert ruling.codes, "a card never says that it is held for nothing"
    assert set(holding) <= set(ruling.codes)
    named = {code.partition(":")[0] for code in ruling.codes}
    assert {rule.check.value for rule, _ in rows if rule.then in HOLDING} <= named
    assert {rule.check.value for rule, _ in rows if rule.then is Consequence.NOTE} == {
        code.partition(":")[0] for code in ruling.noted
    }
    assert ruling.approvals >= approvals
    assert ruling.approvals >= 2 or Consequence.SECOND not in said
    assert {rule.then for rule in ruling.refused_by} <= {Consequence.REFUSE}


@given(ROWS, st.integers(1, 5))
def test_what_holds_beside_the_table_is_never_published(rows: list[tuple[Rule, str]], approvals: int) -> None:
    for code in ("emergency", "always_held", "failed"):
        assert join(rows, approvals=approvals, holding=[code]).consequence is not Consequence.APPROVE


@given(ROWS, ROWS, st.integers(1, 5))
def test_another_rule_that_holds_never_loosens(
    rows: list[tuple[Rule, str]], more: list[tuple[Rule, str]], approvals: int
) -> None:
    further = [row for row in more if row[0].then in HOLDING]
    before, after = join(rows, approvals=approvals), join([*rows, *further], approvals=approvals)
    strictness = [Consequence.APPROVE, *STRICTEST_LAST]
    assert strictness.index(after.consequence) >= strictness.index(before.consequence)
    assert after.approvals >= before.approvals


def test_nothing_answered_is_held() -> None:
    ruling = join((), approvals=1)
    assert (ruling.consequence, ruling.codes, ruling.noted, ruling.approvals) == (Consequence.HOLD, (NO_RULE,), (), 1)
    note = (Rule(check=Check.LINKS, then=Consequence.NOTE), "")
    ruling = join([note], approvals=1)
    assert (ruling.consequence, ruling.codes, ruling.noted) == (Consequence.HOLD, (NO_RULE,), ("links",))


@pytest.mark.parametrize("code", [*(check.value for check in Check), NO_RULE, "words:insulin", "duplicate:12"])
def test_every_reason_has_words(code: str) -> None:
    said = held_because(code, words("en"))
    assert said != code
    assert "{" not in said
    assert code.partition(":")[2] in said


def test_an_answer_reads_nothing_but_its_facts() -> None:
    """Every rule can be asked of a wording of which nothing is known."""
    for check in ANSWERS:
        assert ANSWERS[check](Rule(check=check, then=Consequence.HOLD), wording()) in (None, "")
