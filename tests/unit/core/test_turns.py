"""Turns are taken fairly, whoever came first and however much they want."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bridge.core.turns import Turns


def test_who_comes_late_has_as_many_turns_from_then_on_and_none_in_store() -> None:
    turns = Turns()
    for _ in range(100):
        turns.taken("busy")
    order = []
    for _ in range(6):
        order.append(min(("busy", "late"), key=turns.next))
        turns.taken(order[-1])
    assert order.count("late") == 3
    assert order[:2].count("late") == 1


@given(st.lists(st.sets(st.sampled_from("abcd"), min_size=1), min_size=1, max_size=60))
def test_two_that_both_always_want_differ_by_one_turn_at_most(rounds: list[set[str]]) -> None:
    turns, had = Turns(), Counter[str]()
    for also in rounds:
        who = min({"a", "b", *also}, key=lambda name: (turns.next(name), name))
        turns.taken(who)
        had[who] += 1
    assert abs(had["a"] - had["b"]) <= 1


def test_what_goes_out_elsewhere_takes_nobodys_turn() -> None:
    """Two share one account; on another, much faster one, thousands of calls go by."""
    turns, had = Turns(), Counter[str]()
    for _ in range(20):
        for _ in range(50):
            turns.taken("busy", at="fast")
        who = min(("busy", "other"), key=lambda name: turns.next(name, at="slow"))
        turns.taken(who, at="slow")
        had[who] += 1
    assert had == {"busy": 10, "other": 10}
