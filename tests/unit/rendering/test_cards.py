"""Author cards: the community's own form, in every shape that answers can take."""

import pytest

from bridge.core.card import AuthorCard
from bridge.rendering import cards
from bridge.rendering.words import Words

W = Words("en")
ROLE, PLACE, COUNTRY = "midwife", "Kisumu Clinic", "Kenya"


@pytest.mark.parametrize(
    ("role", "organisation", "country", "sentence", "line"),
    [
        ("", "", "", "Amina is a member of HIFA.", "Amina"),
        ("", "", COUNTRY, "Amina writes from Kenya.", "Amina, Kenya"),
        ("", PLACE, "", "Amina works at Kisumu Clinic.", "Amina, Kisumu Clinic"),
        ("", PLACE, COUNTRY, "Amina works at Kisumu Clinic, Kenya.", "Amina, Kisumu Clinic, Kenya"),
        (ROLE, "", "", "Amina is a midwife.", "Amina, midwife"),
        (ROLE, "", COUNTRY, "Amina is a midwife in Kenya.", "Amina, midwife, Kenya"),
        (ROLE, PLACE, "", "Amina is a midwife at Kisumu Clinic.", "Amina, midwife, Kisumu Clinic"),
        (ROLE, PLACE, COUNTRY, "Amina is a midwife at Kisumu Clinic, Kenya.", "Amina, midwife, Kisumu Clinic, Kenya"),
        ("editor", "", "", "Amina is an editor.", "Amina, editor"),
        ("editor", "", COUNTRY, "Amina is an editor in Kenya.", "Amina, editor, Kenya"),
        ("editor", PLACE, "", "Amina is an editor at Kisumu Clinic.", "Amina, editor, Kisumu Clinic"),
        (
            "editor",
            PLACE,
            COUNTRY,
            "Amina is an editor at Kisumu Clinic, Kenya.",
            "Amina, editor, Kisumu Clinic, Kenya",
        ),
    ],
)
def test_every_shape(role: str, organisation: str, country: str, sentence: str, line: str) -> None:
    card = AuthorCard(label="HIFA", name="Amina", role=role, organisation=organisation, country=country)
    assert cards.paragraph(card, W) == f"HIFA profile: {sentence}"
    assert cards.one_line(card, W) == line


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("nurse", "a nurse"),
        ("Obstetrician", "an Obstetrician"),
        ("epidemiologist", "an epidemiologist"),
        ("university lecturer", "a university lecturer"),
        ("UNICEF officer", "a UNICEF officer"),
        ("user researcher", "a user researcher"),
        ("undergraduate", "an undergraduate"),
        ("European adviser", "a European adviser"),
        ("one-man clinic", "a one-man clinic"),
        ("honorary fellow", "an honorary fellow"),
        ("hospital clerk", "a hospital clerk"),
        ("MSc student", "an MSc student"),
        ("NGO worker", "an NGO worker"),
        ("HIV counsellor", "an HIV counsellor"),
        ("CHW", "a CHW"),
        ("éducatrice", "an éducatrice"),
        ("مربية", "a مربية"),
        ("8th-grade teacher", "an 8th-grade teacher"),
    ],
)
def test_a_or_an_goes_by_the_sound(role: str, said: str) -> None:
    card = AuthorCard(label="HIFA", name="Amina", role=role)
    assert cards.paragraph(card, W) == f"HIFA profile: Amina is {said}."


def test_interests_end_with_one_full_stop() -> None:
    for given in ("malaria", "malaria.", "malaria...", "malaria. "):
        card = AuthorCard(label="HIFA", name="Amina", interests=given)
        assert cards.paragraph(card, W).endswith("Professional interests: malaria.")


@pytest.mark.parametrize(
    "name",
    [
        "Ngũgĩ wa Thiong'o",
        "O’Brien",
        "عائشة بنت أحمد",
        "Amina 👩🏾\u200d⚕\ufe0f",
        "*Amina* _Okello_ `x` [a](http://x)",
        "<b>Amina</b>&amp;",
        "{name} {0} %s %(name)s {",
        "W" * 64,
        "J. Smith",
    ],
)
def test_names_are_told_as_they_are(name: str) -> None:
    """What looks like markup or like a place to fill in is a name all the same: escaping is the adapters' affair."""
    card = AuthorCard(label="HIFA", name=name, role=name, organisation=name, country=name, interests=name)
    assert cards.paragraph(card, W) == (
        f"HIFA profile: {name} is a {name} at {name}, {name}. Professional interests: {name.rstrip('. ')}."
        if name[:1].lower() not in "ao"
        else f"HIFA profile: {name} is an {name} at {name}, {name}. Professional interests: {name}."
    )
    assert cards.one_line(card, W) == ", ".join([name] * 4)
