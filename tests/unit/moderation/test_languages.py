"""The language of a post: told where it can be, and otherwise not guessed."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.moderation.languages import KNOWN, detect
from tests.corpora import LANGUAGES, posts

ENGLISH = "The nurse has gone home and there is nobody at the clinic until Monday."
FRENCH = "Le comité se réunit demain matin pour parler des stocks de vaccins."
SWAHILI = "Watoto wote wamepata chanjo ya surua katika kijiji chetu."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (ENGLISH, "en"),
        ("pls who has spare gloves for tomorrow, ours are finished", "en"),
        (FRENCH, "fr"),
        ("l'eau n'est pas bonne, qu'est-ce qu'on fait", "fr"),
        ("A parteira já chegou, mas não há luvas no posto de saúde.", "pt"),
        ("voces ja tem a vacina nova? aqui ainda nao chegou nada", "pt"),
        ("La partera ya llegó, pero no hay guantes en el puesto de salud.", "es"),
        ("alguien sabe cuando llegan las vacunas? aqui todavia nada", "es"),
        (SWAHILI, "sw"),
        ("dawa zimeisha tangu jana, tufanye nini jamani", "sw"),
        ("NINAOMBA MSAADA, GARI LA WAGONJWA LIMEHARIBIKA NJIANI", "sw"),
    ],
)
def test_each_language(text: str, language: str) -> None:
    assert detect(text, LANGUAGES) == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        "👍👍",
        "ok",
        "ok ok ok ok",
        "12/05/2024 0712345678",
        "https://example.org/the/way/of/all/links and@example.org",
        f"{ENGLISH} {FRENCH}",
        f"{SWAHILI} {ENGLISH}",
        "Das Krankenhaus hat seit gestern keinen Strom, wir brauchen dringend einen Generator.",
        "Het ziekenhuis heeft sinds gisteren geen stroom en wij zoeken een generator.",
        "Abana bose bahawe urukingo rw'iseru mu mudugudu wacu.",
        "Abaana bonna bafunye eddagala ly'olukusense mu kyalo kyaffe.",
        "أحتاج إلى دواء للأطفال في القرية",
        "በመንደራችን ሁሉም ልጆች ክትባት አግኝተዋል",
    ],
)
def test_nothing_is_guessed(text: str) -> None:
    assert detect(text, LANGUAGES) is None


def test_the_answer_is_the_tag_that_was_given() -> None:
    assert detect(FRENCH, ["en-GB", "fr-CD"]) == "fr-CD"
    assert detect(FRENCH, {"fr_SN"}) == "fr_SN"


def test_a_text_in_none_of_them() -> None:
    assert detect(FRENCH, ["en", "sw"]) is None
    assert detect(FRENCH, ["de", "am"]) is None
    assert detect(FRENCH, []) is None


def test_of_two_that_are_alike_the_one_that_is_spoken_here() -> None:
    text = "Campanha contra o dengue em Porto Novo: consulta gratuita"
    assert detect(text, ["en", "pt"]) == "pt"
    assert detect(text, ["en", "sw"]) is None


def test_a_long_text_is_judged_by_its_beginning() -> None:
    assert detect(f"{ENGLISH} " * 200 + f"{FRENCH} " * 5_000, LANGUAGES) == "en"


@given(st.text(max_size=400), st.sets(st.sampled_from([*sorted(KNOWN), "pt-BR", "de", "", "-"])))
def test_the_answer_is_among_them(text: str, among: set[str]) -> None:
    assert detect(text, among) in {*among, None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_capitals_change_nothing_and_missing_accents_never_mislead(language: str) -> None:
    for post in posts(language):
        plain = "".join(char for char in unicodedata.normalize("NFD", post.text) if not unicodedata.combining(char))
        told = detect(post.text, LANGUAGES)
        assert detect(post.text.upper(), LANGUAGES) == told
        assert detect(plain, LANGUAGES) in (told, language, None)
