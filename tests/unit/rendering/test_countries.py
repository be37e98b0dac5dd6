"""Countries as people write them, in five languages, and as readers of each are told them."""

import pytest

from bridge.rendering.countries import code_of, country_name, is_code, like
from bridge.rendering.words import words

NAMES = {
    "KE": ("Kenya", "Kenya", "Quênia", "Kenia", "Kenya"),
    "CD": (
        "DR Congo",
        "République démocratique du Congo",
        "República Democrática do Congo",
        "República Democrática del Congo",
        "Jamhuri ya Kidemokrasia ya Kongo",
    ),
    "CI": ("Ivory Coast", "Côte d'Ivoire", "Costa do Marfim", "Costa de Marfil", "Cote d’Ivoire"),
    "TZ": ("Tanzania", "Tanzanie", "Tanzânia", "Tanzania", "Tanzania"),
    "UG": ("Uganda", "Ouganda", "Uganda", "Uganda", "Uganda"),
    "MZ": ("Mozambique", "Mozambique", "Moçambique", "Mozambique", "Msumbiji"),
    "ZA": ("South Africa", "Afrique du Sud", "África do Sul", "Sudáfrica", "Afrika Kusini"),
    "US": ("United States", "États-Unis", "Estados Unidos", "Estados Unidos", "Marekani"),
    "GB": ("United Kingdom", "Royaume-Uni", "Reino Unido", "Reino Unido", "Ufalme wa Muungano"),
    "CV": ("Cape Verde", "Cap-Vert", "Cabo Verde", "Cabo Verde", "Cape Verde"),
    "ST": ("São Tomé & Príncipe", "Sao Tomé-et-Principe", "São Tomé e Príncipe", "Santo Tomé y Príncipe", "Sao Tome"),
    "CZ": ("Czech Republic", "Tchéquie", "Tchéquia", "Chequia", "Chechia"),
    "EG": ("Egypt", "Égypte", "Egito", "Egipto", "Misri"),
    "IN": ("India", "Inde", "Índia", "India", "India"),
    "BR": ("Brazil", "Brésil", "Brasil", "Brasil", "Brazil"),
    "DE": ("Germany", "Allemagne", "Alemanha", "Alemania", "Ujerumani"),
    "MM": ("Myanmar", "Birmanie", "Mianmar", "Birmania", "Myanmar"),
    "TR": ("Turkey", "Turquie", "Turquia", "Turquía", "Uturuki"),
}


@pytest.mark.parametrize(("code", "said"), [(code, name) for code, names in NAMES.items() for name in names])
def test_a_country_by_its_name_in_five_languages(code: str, said: str) -> None:
    assert code_of(said) == code
    assert code_of(f" {said.upper()}. ") == code
    assert code_of(said.lower()) == code


@pytest.mark.parametrize("language", ["en", "fr", "pt", "es", "sw"])
def test_what_readers_are_told_is_understood_again(language: str) -> None:
    """Of every country that CLDR names there, so that nobody is told a name and not understood when they write it."""
    w = words(language)
    codes = [code for code in NAMES if is_code(code)] + ["AO", "BF", "GN", "GQ", "GW", "NE", "NG", "SS", "ET", "PG"]
    assert {code: code_of(country_name(code, w)) for code in codes} == {code: code for code in codes}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("KE", "KE"),
        ("ke", "KE"),
        ("🇰🇪", "KE"),
        ("Kisumu, Kenya", "KE"),
        ("Kenya (Kisumu)", "KE"),
        ("the Gambia", "GM"),
        ("La Gambie", "GM"),
        ("Republic of Kenya", "KE"),
        ("DRC", "CD"),
        ("rdc", "CD"),
        ("USA", "US"),
        ("Scotland", "GB"),
        ("Quénia", "KE"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Congo", ""),
        ("Kenya, Uganda", ""),
        ("no", ""),
        ("la", ""),
        ("Europe", ""),
        ("EU", ""),
        ("ZZ", ""),
        ("Kisumu", ""),
        ("", ""),
        ("…", ""),
        ("x" * 5000, ""),
    ],
)
def test_codes_places_and_what_is_no_country(said: str, code: str) -> None:
    assert code_of(said) == code


def test_a_slip_is_guessed_and_nonsense_is_not() -> None:
    assert like("Keniya") == "KE"
    assert like("Tanzanya") == "TZ"
    assert like("my village") == ""


def test_names_by_cldr_in_the_readers_language() -> None:
    shown = [country_name("CD", words(tag)) for tag in ("en", "fr", "es", "sw", "de")]
    assert shown[:4] == [
        "Congo - Kinshasa",
        "Congo-Kinshasa",
        "República Democrática del Congo",
        "Jamhuri ya Kidemokrasia ya Kongo",
    ]
    assert shown[4] == "Congo - Kinshasa", "a language without a catalogue is told in English"
    assert country_name("Somaliland", words("fr")) == "Somaliland"
