"""Rich texts of every shape, and the plain model they are compared with."""

from collections.abc import Callable

from hypothesis import strategies as st

from bridge.core.text import Mark, MarkKind, RichText

Model = list[tuple[str, frozenset[tuple[MarkKind, str]]]]

ALPHABET = st.one_of(
    st.sampled_from("ab .!?\n\t،؟।👩\u200d⚕\ufe0f\u0301é🌍"),
    st.characters(exclude_categories=["Cs"]),
)


@st.composite
def rich_texts(draw: st.DrawFn, max_size: int = 60, min_size: int = 0) -> RichText:
    text = draw(st.text(ALPHABET, min_size=min_size, max_size=max_size))
    if not text:
        return RichText()
    marks = []
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(text) - 1))
        end = draw(st.integers(start + 1, len(text)))
        marks.append(Mark(start, end, draw(st.sampled_from(MarkKind)), draw(st.sampled_from(["", "x"]))))
    return RichText(text, tuple(marks))


def model(text: RichText) -> Model:
    """Each character with everything that is said of it."""
    return [
        (char, frozenset((m.kind, m.value) for m in text.marks if m.start <= index < m.end))
        for index, char in enumerate(text.text)
    ]


def only(kept: Callable[[str], bool], text: Model) -> Model:
    return [(char, marks) for char, marks in text if kept(char)]
