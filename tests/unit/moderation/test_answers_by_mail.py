"""What an answer to a held post's letter is taken for, from the mail's bytes to the deed; whatever programs quote how.

``BARAZA_FUZZ=20000`` tries that many answers.
"""

import contextlib
import textwrap
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.adapters.email.mail import UnreadableMail
from bridge.adapters.email.reader import Post, read
from bridge.core.hygiene import clean_text
from bridge.core.text import RichText, plain
from bridge.moderation import by_mail
from bridge.moderation.acts import Deed
from bridge.rendering.words import words
from tests.fuzzing import FUZZ
from tests.integration.moderating import community

ROUNDS = settings(
    max_examples=FUZZ or 150,
    deadline=None,
    suppress_health_check=list(HealthCheck) if FUZZ else [HealthCheck.too_slow],
)
pytestmark = [pytest.mark.timeout(0)] if FUZZ else []
POST = Post(
    envelope_sender="grace@example.org",
    to_bounces=False,
    own={"hifa@lists.example.org"},
    domain="lists.example.org",
    authserv_id="mx.example.org",
    name="HIFA",
    answers=True,
)
LANGUAGES = ("en", "fr", "pt", "es", "sw")
NOTE = "The nurse said in confidence that this author was warned twice by Ruth."
OPENINGS = (
    "On Mon, 5 Oct 2026 at 10:12, HIFA <hifa@lists.example.org> wrote:\n",
    "Le lun. 5 oct. 2026 à 10:12, HIFA <hifa@lists.example.org> a écrit :\n\n",
    "From: HIFA <hifa@lists.example.org>\nSent: Monday, 5 October 2026 10:12\nTo: grace@example.org\nSubject: x\n\n",
    "-----Original Message-----\nFrom: HIFA <hifa@lists.example.org>\nSent: 5 October 2026 10:12\nTo: Grace\n\n",
    "HIFA:\n",
    "",
)
PLANTED = ("approve", "reject: all of it", "edit: Buy this", "trust", "Give zinc.", "> approve", "-- ", "")


@dataclass(frozen=True)
class Quoting:
    """How a program quotes: its mark, where it breaks lines, and whether it marks what it broke off."""

    mark: str
    width: int = 10_000
    marks_all: bool = True

    def __call__(self, text: str) -> str:
        lines: list[str] = []
        for line in text.splitlines():
            first, *rest = textwrap.wrap(line, self.width) or [""]
            lines += [self.mark + first, *((self.mark if self.marks_all else "") + each for each in rest)]
        return "\n".join(lines)


QUOTINGS = st.builds(
    Quoting,
    st.sampled_from(["> ", ">", "\xa0> ", "| ", "\t", ""]),
    st.sampled_from([40, 64, 72, 76, 78, 80, 100, 250, 10_000]),
    st.booleans(),
)
POSTS = st.lists(
    st.one_of(
        st.sampled_from(PLANTED),
        st.builds(lambda size, word: "y" * size + " " + word, st.integers(30, 260), st.sampled_from(PLANTED)),
        st.text(st.characters(codec="utf-8"), max_size=90),
    ),
    max_size=8,
).map("\n".join)


def letter(post: str, language: str) -> str:
    how = by_mail._how(replace(community(), language=language), words(language))
    return (
        f"{how}\n\nHIFA #1 · waiting for a decision\nFrom Amina\n\n{post}\n\n📝 Note (P): {NOTE}\nWaiting since 12:00\n"
    )


def taken(text: str, language: str = "en", *, empty_approves: bool = False) -> tuple[Deed, RichText] | str:
    """What the answer with these words is taken for."""
    head = "From: Grace <grace@example.org>\nSubject: Re: #1\nContent-Type: text/plain; charset=utf-8\n\n"
    mail = read((head + text).replace("\n", "\r\n").encode("utf-8", "replace"), POST)
    said = clean_text(plain("" if mail.said_nothing else mail.text))
    place = replace(community(empty_reply_approves=empty_approves), language=language)
    return by_mail._wanted(said, place, words(language), bare=True, mingled=mail.mingled)


@ROUNDS
@given(
    POSTS, st.sampled_from(OPENINGS), QUOTINGS, st.sampled_from(["", "\n\n", "Sent from my iPhone\n\n"]), st.booleans()
)
def test_a_quoted_word_decides_nothing(post: str, opening: str, quoting: Quoting, own: str, above: bool) -> None:
    quoted = opening + quoting(letter(post, "en"))
    assert isinstance(taken(f"{own}{quoted}" if above else f"{quoted}\n{own}"), str)


@ROUNDS
@given(POSTS, st.sampled_from(OPENINGS), QUOTINGS, st.sampled_from(["reject", "ask"]))
def test_no_author_is_sent_what_moderators_say(post: str, opening: str, quoting: Quoting, word: str) -> None:
    found = taken(f"{word}: For which age?\n\n{opening}{quoting(letter(post, 'en'))}")
    if not isinstance(found, str):
        said = found[1].text.removesuffix("HIFA:").strip()  # that line is nobody's secret
        assert (found[0].name, said) == (word, "For which age?")


@ROUNDS
@given(st.binary(max_size=400), st.text(st.characters(codec="utf-8"), max_size=200), st.sampled_from(LANGUAGES))
def test_no_answer_is_too_strange(raw: bytes, text: str, language: str) -> None:
    taken(text, language)
    with contextlib.suppress(UnreadableMail):
        read(b"From: <grace@example.org>\r\n" + raw, POST)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("opening", OPENINGS)
def test_in_no_language_does_the_letter_begin_with_an_instruction(language: str, opening: str) -> None:
    for quoting in (Quoting("> "), Quoting("> ", 72, False), Quoting("")):
        assert isinstance(taken(opening + quoting(letter("approve", language)), language), str)


@pytest.mark.parametrize("opening", OPENINGS[:4])
@pytest.mark.parametrize(
    "word", ["approve", "Approve.", "reject: no", "edit: As they say:\n> Give zinc.\nFor ten days."]
)
def test_words_above_what_is_quoted_count(word: str, opening: str) -> None:
    found = taken(f"{word}\n\n{opening}{Quoting('> ')(letter('Give zinc.', 'en'))}")
    assert not isinstance(found, str)
    assert found[0].name == word.partition(":")[0].strip(".").lower()
    assert found[1].text == word.partition(":")[2].strip()


def test_words_below_what_is_quoted_count_apart_from_it() -> None:
    quoted = OPENINGS[0] + Quoting("> ")(letter("Give zinc.", "en"))
    found = taken(f"{quoted}\n\napprove\n")
    assert not isinstance(found, str)
    assert found[0].name == "approve"
    assert "your own words alone" in str(taken(f"{quoted}\napprove\n")), "it may be the end of a line that was broken"


@pytest.mark.parametrize("width", [72, 80, 250])
def test_a_broken_line_of_what_is_quoted_is_nobodys_instruction(width: int) -> None:
    """The author chose where it breaks, and nothing but their word was left."""
    post = "\n".join(["z" * (width - 5)] * 6 + ["y" * (width - 3) + " approve"])
    for opening in OPENINGS:
        for own in ("", "\n\n"):
            quoted = opening + Quoting("> ", width, False)(letter(post, "en"))
            assert isinstance(taken(own + quoted), str)
            assert isinstance(taken(own + quoted, empty_approves=True), str), "nor is it an empty answer"


@pytest.mark.parametrize("word", ["reject", "ask"])
def test_a_note_on_a_broken_line_goes_to_no_author(word: str) -> None:
    post = "\n".join(f"Give zinc for ten days to every child, please and thank you all {n}." for n in range(6))
    said = taken(f"{word}: no\n\n{OPENINGS[0]}{Quoting('> ', 80, False)(letter(post, 'en'))}")
    assert "your own words alone" in str(said)


@pytest.mark.parametrize(
    "said",
    [
        "Reject or approve, what do you think?",
        "Reject this one?\nGrace",
        "Ask Ruth first",
        "ask somebody at the ministry.",
    ],
)
def test_what_may_be_said_to_other_moderators_needs_a_colon(said: str) -> None:
    assert "with a colon" in str(taken(f"{said}\n\n{OPENINGS[0]}{Quoting('> ')(letter('Give zinc.', 'en'))}"))


@pytest.mark.parametrize(
    "said", ["reject This is advertising", "ask For which age?", "reject: Have you read the rules?", "ask: your source"]
)
def test_what_is_said_to_the_author_is_an_instruction(said: str) -> None:
    assert not isinstance(taken(f"{said}\n\n{OPENINGS[0]}{Quoting('> ')(letter('Give zinc.', 'en'))}"), str)
