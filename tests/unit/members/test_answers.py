"""Short answers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.text import plain
from bridge.members.answers import decision, folded, meaning, steering, steers, terms, toggled, vocabulary
from bridge.rendering.words import words

LANGUAGES = ("en", "fr", "pt", "es", "sw")


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [
        ("sw", "Ndio", "yes"),
        ("sw", "ndiyo!", "yes"),
        ("sw", "Sio sasa", "later"),
        ("sw", "baadae", "later"),
        ("sw", "La", "no"),
        ("fr", "Plus tard", "later"),
        ("fr", "Pas d’accord", "no"),
        ("fr", "D'ACCORD.", "yes"),
        ("pt", "nao", "no"),
        ("pt", "Mais tarde", "later"),
        ("es", "Si", "yes"),
        ("es", "más tarde", "later"),
        ("en", "Not now.", "later"),
        ("en", "ndiyo", "yes"),  # the phone is set to English, its owner is not
        ("en", "oui", "yes"),
        ("sw", "yes", "yes"),
    ],
)
def test_what_people_type(language: str, said: str, meant: str) -> None:
    assert meaning(said, words(language)) == meant


@pytest.mark.parametrize(("language", "said"), [("sw", "si"), ("en", "si"), ("en", "la"), ("fr", "la"), ("sw", "👍")])
def test_what_means_something_else_elsewhere_is_no_answer(language: str, said: str) -> None:
    assert meaning(said, words(language)) is None


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_means_two_things(language: str) -> None:
    listed = [term for meant in vocabulary(words(language)).values() for term in meant]
    assert len(listed) == len(set(listed))
    assert all(term == folded(term) or term == "-" for term in listed)


def test_a_catalogue_entry_may_hold_several_words(monkeypatch: pytest.MonkeyPatch) -> None:
    assert terms("ndiyo, ndio ,  naam") == ["ndiyo", "ndio", "naam"]
    assert terms("yes") == ["yes"]
    w = words("en")
    real = type(w)._
    monkeypatch.setattr(type(w), "_", lambda self, source: "yebo, ehe" if source == "yes" else real(self, source))
    assert meaning("Ehe.", w) == meaning("yebo", w) == "yes"


@pytest.mark.parametrize(
    ("said", "agrees", "number", "more"),
    [
        ("yes", True, None, ""),
        ("YES 12", True, 12, ""),
        ("no #12.", False, 12, ""),
        ("No, the dose is wrong.", False, None, "the dose is wrong."),
        ("NO 3: forty\nis right", False, 3, "forty\nis right"),
        ("No\nForty is right", False, None, "Forty is right"),
        ("ok!", True, None, ""),
    ],
)
def test_a_decision(said: str, agrees: bool, number: int | None, more: str) -> None:
    found = decision(plain(said), words("en"))
    assert found is not None
    assert (found.agrees, found.number, found.words.text) == (agrees, number, more)


@pytest.mark.parametrize(
    "said",
    [
        "No water in our clinic",
        "Yes we have cholera here",
        "yesterday, two children died",
        "later",
        "skip",
        "",
        " ",
        "12",
        "no 1234567890",
        "👍",
    ],
)
def test_no_decision(said: str) -> None:
    assert decision(plain(said), words("en")) is None


@given(st.text(max_size=200), st.sampled_from(LANGUAGES))
def test_nothing_that_people_type_breaks_it(said: str, language: str) -> None:
    found = decision(plain(said), words(language))
    assert found is None or found.words.text in said
    assert meaning(said, words(language)) in ("yes", "no", "skip", "later", None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_steers_two_ways(language: str) -> None:
    listed = [term for meant in steering(words(language)).values() for term in meant]
    assert len(listed) == len(set(listed))
    assert all(term == folded(term) for term in listed)
    assert not set(listed) & {term for meant in vocabulary(words(language)).values() for term in meant}


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [
        ("en", "hide e-mail", ("hide", "e-mail")),
        ("en", "Show Town.", ("show", "town")),
        ("en", "don't show town", ("hide", "town")),
        ("fr", "masquer ville", ("hide", "ville")),
        ("sw", "ficha mji", ("hide", "mji")),
        ("es", "ocultar: país", ("hide", "pais")),
        ("en", "hideous", None),
        ("en", "show", None),
    ],
)
def test_hide_and_show(language: str, said: str, meant: tuple[str, str] | None) -> None:
    assert toggled(said, words(language)) == meant


@pytest.mark.parametrize(
    ("language", "said", "meant"),
    [
        ("en", "Back", "back"),
        ("fr", "Retour", "back"),
        ("sw", "rudi", "back"),
        ("pt", "tudo", "all"),
        ("es", "ficha", "card"),
    ],
)
def test_moving_about(language: str, said: str, meant: str) -> None:
    assert steers(said, words(language)) == meant
