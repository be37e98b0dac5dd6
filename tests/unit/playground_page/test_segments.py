"""What an SMS costs, against the figures of 3GPP TS 23.038 and 23.040."""

import pytest

from bridge.playground.segments import Segments, segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(1, 0, False)),
        ("a" * 160, Segments(1, 160, False)),
        ("a" * 161, Segments(2, 161, False)),
        ("a" * 306, Segments(2, 306, False)),
        ("a" * 307, Segments(3, 307, False)),
        ("a" * 459, Segments(3, 459, False)),
        ("€" * 80, Segments(1, 160, False)),
        ("€" * 81, Segments(2, 162, False)),
        # 153 is odd: an escaped character that would be torn goes whole into the next SMS.
        ("€" * 152, Segments(2, 304, False)),
        ("€" * 153, Segments(3, 306, False)),
        ("ç" * 70, Segments(1, 70, True)),
        ("ç" * 71, Segments(2, 71, True)),
        ("😀" * 35, Segments(1, 70, True)),
        ("😀" * 66, Segments(2, 132, True)),
        ("😀" * 67, Segments(3, 134, True)),
    ],
)
def test_segments(text: str, expected: Segments) -> None:
    assert segments(text) == expected
