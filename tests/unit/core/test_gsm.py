"""How a text is cut into SMS, and characters that lie across a cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.gsm import joined_halves, keep_halves, parts, segments, uncut

_TEXTS = st.text(st.sampled_from("a ነ👏𞤀\u200d🏾é\n"), max_size=300)


def _as_blind_gateways_cut(text: str) -> list[bytes]:
    units = text.encode("utf-16-be")
    return [units[at : at + 134] for at in range(0, len(units), 134)]


@given(_TEXTS)
def test_no_gateway_cuts_a_pair(text: str) -> None:
    found = uncut(text)
    if segments(found).encoding == "gsm7" or segments(found).count == 1:
        assert found == text
        return
    cut = [part.decode("utf-16-be") for part in _as_blind_gateways_cut(found)]  # which halves would fail
    assert tuple(cut) == parts(found)
    assert len(cut) == segments(text).count, "it costs no more"
    assert found.replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("ነ" * 66 + "👏" + "ነ" * 9, "ነ" * 66 + " 👏" + "ነ" * 9),
        ("ነ" * 50 + " " + "ነ" * 15 + "👏" * 5, "ነ" * 50 + "  " + "ነ" * 15 + "👏" * 5),
        ("ነ" * 64 + "👩🏾\u200d⚕️👏", "ነ" * 64 + " 👩🏾\u200d⚕️👏"),
        ("ነ" * 67 + "👏" * 5, "ነ" * 67 + "👏" * 5),
        ("ነ" * 66 + "👏", "ነ" * 66 + "👏"),
        ("a" * 152 + "[" + "a" * 9, "a" * 152 + "[" + "a" * 9),
    ],
    ids=["a letter", "a space", "a face", "at a cut", "one SMS", "plain"],
)
def test_a_space_stands_where_it_hurts_least(text: str, sent: str) -> None:
    assert uncut(text) == sent


@given(_TEXTS, st.integers(0, 600))
def test_halves_that_meet_are_one_character(text: str, at: int) -> None:
    units = text.encode("utf-16-be")
    halves = [units[: 2 * at], units[2 * at :]]
    kept = [keep_halves(half.decode("utf-16-be", "surrogatepass")) for half in halves]
    assert joined_halves("".join(kept)) == text
    "".join(kept).encode()  # what a database keeps


def test_half_a_character_alone_is_shown_as_none() -> None:
    assert joined_halves(keep_halves("a\ud83d b\udc4f\ud83d \x00")) == "a\ufffd b\ufffd\ufffd \ufffd"
