"""What moderators' replies mean: decisions are said on purpose, everything else is talk."""

import re

import pytest

from bridge.core.hygiene import without_accents
from bridge.core.policy import NEUTRAL_REASONS
from bridge.core.text import Mark, MarkKind, RichText, plain
from bridge.moderation.channel import instruction, unclear
from bridge.moderation.deeds import DEEDS
from bridge.moderation.reasons import Reason, explanation, keycaps, label
from bridge.moderation.verdicts import named_reason
from bridge.rendering.words import Words

W = Words("en")


@pytest.mark.parametrize(
    ("said", "action", "rest"),
    [
        ("approve", "approve", ""),
        ("Approve", "approve", ""),
        ("  APPROVE \n", "approve", ""),
        ("approve.", "approve", ""),
        ("/approve", "approve", ""),
        ("!approve", "approve", ""),
        ("reject duplicate", "reject", "duplicate"),
        ("Reject: privacy: names a girl", "reject", "privacy: names a girl"),
        ("reject: sorry", "reject", "sorry"),
        ("reject", "reject", ""),
        ("reject\nbecause of this\nand that", "reject", "because of this\nand that"),
        ("ask: which drug?", "ask", "which drug?"),
        ("/ask which drug?", "ask", "which drug?"),
        ("ask", "ask", ""),
        ("edit: Zinc helps.\n\nTwice.", "edit", "Zinc helps.\n\nTwice."),
        ("edit\nZinc helps.", "edit", "Zinc helps."),
    ],
)
def test_an_instruction(said: str, action: str, rest: str) -> None:
    found = instruction(plain(said), W)
    assert found is not None
    assert (found[0].name, found[1].text) == (action, rest)


@pytest.mark.parametrize(
    "said",
    [
        "approve of this?",
        "approve this one",
        "I approve",
        "approved",
        "do not approve",
        "not approve",
        "rejected?",
        "rejection",
        "asks too much",
        "editor needed",
        "ok",
        "yes",
        "👍",
        "",
        " ",
        "\n",
        "?approve",
        "approve-",
        "«approve»",
        "приветапprove",
    ],
)
def test_talk(said: str) -> None:
    assert instruction(plain(said), W) is None


@pytest.mark.parametrize("said", ["Reject or ask?", "Edit the second line?", "ask her which drug", "reject, sorry"])
def test_talk_that_looks_like_an_instruction_is_asked_about(said: str) -> None:
    assert instruction(plain(said), W) is None
    assert unclear(plain(said), W) == said.split()[0].strip(",").casefold()


def test_a_new_wording_keeps_its_marks() -> None:
    found = instruction(RichText("edit: Zinc helps", (Mark(6, 10, MarkKind.BOLD),)), W)
    assert found is not None
    assert found[1] == RichText("Zinc helps", (Mark(0, 4, MarkKind.BOLD),))


@pytest.mark.parametrize(
    ("said", "reason", "words"),
    [
        ("duplicate", Reason.DUPLICATE, ""),
        ("Duplicate", Reason.DUPLICATE, ""),
        ("already posted", Reason.DUPLICATE, ""),
        ("Already posted.", Reason.DUPLICATE, ""),
        ("privacy: names a girl", Reason.PRIVACY, "names a girl"),
        ("privacy, names a girl", Reason.PRIVACY, "names a girl"),
        ("Names a patient: the girl", Reason.PRIVACY, "the girl"),
        ("private", Reason.PRIVATE, ""),
        ("a private message", Reason.PRIVATE, ""),
        ("privacy of the girl matters", Reason.OTHER, "privacy of the girl matters"),
        ("duplicates my own", Reason.OTHER, "duplicates my own"),
        ("other", Reason.OTHER, "other"),
        ("Which drug\ndo you mean?", Reason.OTHER, "Which drug do you mean?"),
        ("", Reason.OTHER, ""),
        ("\u202eevil\x00", Reason.OTHER, "evil"),
    ],
)
def test_a_reason(said: str, reason: Reason, words: str) -> None:
    assert named_reason(said, W) == (reason, words)


@pytest.mark.parametrize("reason", NEUTRAL_REASONS)
def test_every_reason_can_be_named_by_code_and_by_label(reason: Reason) -> None:
    assert named_reason(reason.value, W) == (reason, "")
    assert named_reason(label(reason, W), W) == (reason, "")
    assert explanation(reason, W)[0].islower(), "it stands inside a sentence"


def test_reasons_are_told_apart() -> None:
    assert len({label(reason, W) for reason in Reason}) == len(Reason)
    assert len(set(keycaps(NEUTRAL_REASONS).values())) == len(NEUTRAL_REASONS)


@pytest.mark.parametrize("language", ["en", "fr", "pt", "es", "sw"])
def test_every_language_has_a_word_of_its_own_for_each_deed(language: str) -> None:
    w = Words(language)
    named = [(deed.name, without_accents(deed.word(w))) for deed in DEEDS.values() if deed.word is not None]
    taken = [word for _, word in named]
    assert sorted({word for word in taken if taken.count(word) > 1}) == []
    for name, word in named:
        assert re.fullmatch(r"\w+", word), (name, word)
        assert word not in set(DEEDS) - {name}, (name, word)
        found = instruction(plain(word), w)
        assert found is not None, (name, word)
        assert found[0].name == name
