"""The four forms of a card: every fact where it belongs, no form longer than it may be, whatever people are called."""

import unicodedata
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.capabilities import Form
from bridge.core.card import AuthorCard, CardForm, Extra, from_json, to_json
from bridge.core.hygiene import clean_field
from bridge.rendering import cards, sms
from bridge.rendering.words import words
from bridge.storage import codec

W = words("en")
LANGUAGES = ("en", "fr", "pt", "es", "sw")
AMINA = AuthorCard(
    label="HIFA",
    name="Amina Okello",
    degrees="MD, MPH",
    role="lecturer",
    organisation="Mekelle University",
    town="Mekelle",
    country="ET",
    interests="malaria, zinc.",
    languages="en, am, Kikuyu",
    email="amina@example.org",
    title="Country Representative for Ethiopia",
)
lines = st.text(max_size=200).map(clean_field)
names = st.one_of(
    st.sampled_from(
        [
            "Amina",
            "Ngũgĩ wa Thiong'o",
            "عائشة بنت أحمد",
            "Amina 👩🏾\u200d⚕\ufe0f",
            "[Amina] {Okello} ~^|€\\",
            "W" * 64,
            "{name} %s",
            "J. Smith",
            "Ọláìtán Adéọlá Ṣọlá Oyèwọlé Akínwándé-Ọ̀ṣúntòkun",
        ]
    ),
    lines.filter(bool).map(lambda text: text[:64]),
)
a_card = st.builds(
    AuthorCard,
    label=st.just("HIFA"),
    name=names,
    degrees=lines,
    role=lines,
    organisation=lines,
    town=lines,
    country=st.one_of(st.sampled_from(["", "KE", "CD", "ST", "GS"]), lines),
    interests=lines,
    languages=st.sampled_from(["", "en, sw", "pt-BR", "Kikuyu"]),
    email=st.sampled_from(["", "a@b.org"]),
    title=st.sampled_from(["", "Country Representative for Kenya", "coordinator"]),
    biography=st.sampled_from(["", "Amina has worked in Kisumu for 20 years"]),
    new=st.booleans(),
    extra=st.sampled_from([(), (Extra(label={"en": "Years", "fr": "Années"}, value="12"),)]),
)


# --- the paragraph --------------------------------------------------------------------------------------------------


def test_the_form_of_the_community() -> None:
    assert cards.paragraph(AMINA, W) == (
        "HIFA profile: Amina Okello, MD, MPH, is a lecturer at Mekelle University, Mekelle, Ethiopia. Professional "
        "interests: malaria, zinc. Languages: English, Amharic, Kikuyu. HIFA Country Representative for Ethiopia. "
        "Email: amina AT example.org"
    )


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("the Director", "Amina Okello, MD, MPH, is the Director at"),
        ("a midwife", "Amina Okello, MD, MPH, is a midwife at"),
        ("An editor", "Amina Okello, MD, MPH, is an editor at"),
        ("A level teacher", "is an A level teacher at"),
    ],
)
def test_a_role_with_its_article(role: str, said: str) -> None:
    assert said in cards.paragraph(replace(AMINA, role=role), W)


def test_a_country_representative_in_the_readers_language() -> None:
    bare = AuthorCard(label="HIFA", name="Amina", title="Country Representative for Kenia.")
    assert cards.paragraph(bare, W) == "HIFA profile: Amina is a member of HIFA. HIFA Country Representative for Kenya."
    assert "Kenia" in cards.paragraph(bare, words("es"))
    assert cards.title(replace(bare, title="HIFA Ambassador"), W) == "HIFA Ambassador"
    assert cards.title(replace(bare, title="coordinator"), W) == "HIFA coordinator"


def test_nothing_is_known_yet() -> None:
    new = AuthorCard(label="HIFA", name="Amina", new=True)
    assert cards.paragraph(new, W) == "HIFA profile: Amina is a new member of HIFA."
    assert cards.two_lines(new, W) == "Amina, new member"
    assert cards.tail(new, W) == cards.one_line(new, W) == "Amina"


def test_a_biography_stands_instead_and_repeats_nothing() -> None:
    told = "Amina Okello has taught in Mekelle since 1998. She is HIFA Country Representative for Ethiopia"
    assert cards.paragraph(replace(AMINA, biography=told), W) == (f"HIFA profile: {told}. Email: amina AT example.org")
    whole = told + ". Email: amina AT example.org"
    assert cards.paragraph(replace(AMINA, biography=whole), W).count("AT example.org") == 1


def test_a_question_of_the_communitys_own() -> None:
    extra = (
        Extra(label={"en": "Years of practice", "fr": "Années d'exercice"}, value="12."),
        Extra(label={"en": "Born in"}, value="KE", kind="country"),
    )
    card = AuthorCard(label="HIFA", name="Amina", extra=extra)
    assert cards.paragraph(card, W).endswith("Years of practice: 12. Born in: Kenya.")
    assert "Années d'exercice" in cards.paragraph(card, words("fr"))


def test_country_and_languages_by_the_reader() -> None:
    french = cards.paragraph(AMINA, words("fr"))
    assert "Éthiopie" in french
    assert "anglais, amharique, Kikuyu" in french
    assert "Ethiopia" not in french.replace("Ethiopia.", "")
    assert ",," not in french


# --- the other forms ------------------------------------------------------------------------------------------------


def test_two_lines_and_one() -> None:
    assert cards.two_lines(AMINA, W) == (
        "Amina Okello, MD, MPH, lecturer\n"
        "Mekelle University, Mekelle, Ethiopia · HIFA Country Representative for Ethiopia · amina AT example.org"
    )
    assert cards.one_line(AMINA, W) == "Amina Okello, lecturer, Mekelle University, Mekelle, Ethiopia"


@pytest.mark.parametrize(
    ("name", "role", "organisation", "country", "tail"),
    [
        ("Amina", "midwife", "Clinic", "KE", "Amina, midwife, Clinic, Kenya"),
        ("Amina Okello", "midwife", "Kisumu District Hospital", "KE", "Amina Okello, midwife, Kenya"),
        ("Amina Okello", "community health worker", "", "KE", "Amina Okello, health worker, Kenya"),
        ("Amina Okello", "lecturer in public health", "", "KE", "Amina Okello, lecturer, Kenya"),
        ("Amina Okello", "nurse", "", "CD", "Amina Okello, nurse, Congo - Kinshasa"),
        ("Amina Okello-Wanjiku", "midwife", "", "CD", "Amina Okello-Wanjiku, midwife, CD"),
        ("Ngũgĩ wa Thiong'o", "nurse", "", "KE", "Ngugi wa Thiong'o, nurse, Kenya"),
        ("Amina", "x" * 60, "", "KE", "Amina, Kenya"),
        ("Amina Wanjiku Akinyi Okello Nyambura Wambui", "nurse", "", "KE", "Amina Wanjiku Akinyi Okello Nyambura"),
        ("€" * 30, "", "", "", "€" * 20),
        ("[" * 19 + "ab", "", "", "", "[" * 19 + "ab"),
        ("[" * 19 + "a[b", "", "", "", "[" * 19 + "a"),
    ],
)
def test_forty_septets_are_cut_where_it_makes_sense(
    name: str, role: str, organisation: str, country: str, tail: str
) -> None:
    card = AuthorCard(label="HIFA", name=name, role=role, organisation=organisation, country=country)
    assert cards.tail(card, W) == tail


@given(a_card, st.sampled_from(LANGUAGES))
def test_a_tail_is_never_longer(card: AuthorCard, language: str) -> None:
    tail = cards.tail(card, words(language))
    measured = sms.segments(tail)
    assert measured.units <= 40
    assert measured.count == 1
    assert tail
    assert "\n" not in tail
    assert tail == tail.strip()
    assert not tail.endswith(",")


@given(a_card.filter(lambda card: not sms.unfit(card.name)))
def test_a_tail_begins_with_the_name(card: AuthorCard) -> None:
    tail, name = cards.tail(card, W), " ".join(card.name.split())
    assert tail.startswith(name.strip(" ,;")) or name.strip(" ,;").startswith(tail.split(", ")[0])


@given(a_card, st.sampled_from(LANGUAGES))
def test_every_form_says_who_it_is(card: AuthorCard, language: str) -> None:
    w = words(language)
    assert "\n" not in cards.one_line(card, w)
    assert card.name in cards.one_line(card, w)
    two = cards.two_lines(card, w).split("\n")
    assert len(two) in (1, 2)
    assert two[0].startswith(card.name)
    paragraph = cards.paragraph(card, w)
    assert "\n" not in paragraph
    assert (card.biography or card.name) in paragraph
    assert "@b.org" not in paragraph + cards.two_lines(card, w) + cards.one_line(card, w) + cards.tail(card, w) or any(
        "@b.org" in getattr(card, field.name) for field in fields(card) if field.name not in ("email", "extra", "new")
    )


@given(a_card)
def test_a_card_that_was_stored_is_the_same_card(card: AuthorCard) -> None:
    assert from_json(codec.load_object(codec.dump_object(to_json(card)))) == card


def test_cards_of_earlier_and_later_versions_are_read() -> None:
    old = {"label": "HIFA", "name": "Amina", "role": "midwife", "organisation": "", "country": "Kenya", "interests": ""}
    card = from_json(old)
    assert cards.paragraph(card, W) == "HIFA profile: Amina is a midwife in Kenya."
    assert to_json(card) == old, "the fingerprint of what is held when the program is updated stays what it was"
    assert from_json({**old, "of_a_later_version": 1}) == card


def test_the_form_follows_from_the_chat_or_from_its_group() -> None:
    assert cards.shown_in(Form.RICH, AMINA, W) == cards.shown_in(Form.PLAIN, AMINA, W) == cards.paragraph(AMINA, W)
    assert cards.shown_in(Form.LINE, AMINA, W) == cards.tail(AMINA, W)
    assert cards.shown_in(Form.RICH, AMINA, W, CardForm.TWO_LINES) == cards.two_lines(AMINA, W)
    assert cards.shown_in(Form.LINE, AMINA, W, CardForm.LINE) == cards.one_line(AMINA, W)
    assert cards.shown_in(Form.LINE, AMINA, W, CardForm.PARAGRAPH) == cards.paragraph(AMINA, W)


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Mn"]), min_size=41, max_size=64).map(clean_field))
def test_no_mark_is_left_without_its_letter(name: str) -> None:
    tail = cards.tail(AuthorCard(label="HIFA", name=name or "x"), W)
    whole = unicodedata.normalize("NFC", tail)
    assert not unicodedata.combining(whole[0]) or unicodedata.combining(name[0])
