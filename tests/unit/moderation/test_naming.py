"""Names and numbers out of a list, as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.moderation.naming import Unclear, chosen, explained, listed
from bridge.rendering.words import Words

W = Words("en")
NAMES = ["Kenya", "Uganda nurses", "Western Kenya, Busia", "Matrix room", "Mothers and babies"]
FAMILIES = {"telegram": [0, 1, 2], "matrix": [3]}


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("Kenya, Matrix", [0, 3]),
        ("kenya", [0]),
        ("1, 3", [0, 2]),
        ("1 3 2", [0, 1, 2]),
        ("#2 and #4", [1, 3]),
        ("Western Kenya, Busia; 1", [0, 2]),
        ("mothers and babies", [4]),
        ("mothers and babies, 1", [0, 4]),
        ("Kenya and mothers and babies", [0, 4]),
        ("busia\nnurses", [1, 2]),
        ("telegram", [0, 1, 2]),
        ("ALL.", [0, 1, 2, 3, 4]),
        ("", []),
        (" , ;", []),
        ("0", Unclear("0")),
        ("6", Unclear("6")),
        ("Tanzania", Unclear("tanzania")),
        ("m", Unclear("m", (3, 4))),
    ],
)
def test_what_is_meant(text: str, places: list[int] | Unclear) -> None:
    assert chosen(text, NAMES, W, families=FAMILIES) == places


@given(st.text(max_size=300), st.lists(st.text(max_size=20), max_size=6))
def test_whatever_is_typed(text: str, names: list[str]) -> None:
    found = chosen(text, names, W)
    if isinstance(found, Unclear):
        assert explained(found, names, W)
        assert all(place < len(names) for place in found.choices)
    else:
        assert found == sorted(set(found))
        assert all(0 <= place < len(names) for place in found)


@given(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
def test_every_name_means_itself(wanted: list[str]) -> None:
    assert chosen("; ".join(wanted), NAMES, W) == sorted(map(NAMES.index, wanted))


def test_a_list_says_what_is_chosen() -> None:
    assert listed(["Kenya", "Uganda"], [True, False]) == "1. ☑️ Kenya\n2. ⬜ Uganda"
