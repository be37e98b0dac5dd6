"""What an answer to each kind of question must be, and what is kept of it."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.membership import FieldKind, MemberPolicy, ProfileField
from bridge.members import fields
from bridge.members.fields import check, leading, named
from bridge.rendering.words import words
from tests.unit.storage.stage import COMMUNITY

W = words("en")
NAME = ProfileField(id="name", kind=FieldKind.NAME, limit=64)
ROLE = ProfileField(id="role", limit=80)
COUNTRY = ProfileField(id="country", kind=FieldKind.COUNTRY, limit=60)
SPOKEN = ProfileField(id="languages", kind=FieldKind.LANGUAGES, limit=80)
EMAIL = ProfileField(id="email", kind=FieldKind.EMAIL, limit=120)
YEARS = ProfileField(
    id="years", limit=10, label={"en": "Years of practice", "fr": "Années"}, question={"en": "How many years?"}
)


@pytest.mark.parametrize(
    ("field", "said", "kept"),
    [
        (NAME, "  Amina\n Okello ", "Amina Okello"),
        (NAME, "Ngũgĩ wa Thiong'o", "Ngũgĩ wa Thiong'o"),
        (NAME, "Ami\u202ena\u200f \x00Okello", "Amina Okello"),
        (NAME, "عائشة", "عائشة"),
        (ROLE, "midwife.", "midwife"),
        (ROLE, "mid\u2066wife\u2069 <b>", "midwife <b>"),
        (COUNTRY, "Quênia", "KE"),
        (COUNTRY, "kisumu, kenya", "KE"),
        (SPOKEN, "English, Kiswahili and French", "en, sw, fr"),
        (SPOKEN, "anglais; português / Dholuo", "en, pt, Dholuo"),
        (EMAIL, "Amina.Okello+x@Example.ORG", "Amina.Okello+x@example.org"),
        (EMAIL, "<amina@example.org>", "amina@example.org"),
        (EMAIL, "amina AT example.org", "amina@example.org"),
    ],
)
def test_what_is_kept(field: ProfileField, said: str, kept: str) -> None:
    checked = check(field, said, W)
    assert checked is not None
    assert (checked.value, checked.problem) == (kept, "")


@pytest.mark.parametrize(
    ("field", "said", "told"),
    [
        (EMAIL, "amina@", "no e-mail address"),
        (EMAIL, "amina@example", "no e-mail address"),
        (EMAIL, "a b@example.org", "no e-mail address"),
        (EMAIL, "none of yours", "no e-mail address"),
        (EMAIL, "amina@exa\u202emple.org@x", "no e-mail address"),
        (COUNTRY, "Keniya", "Do you mean Kenya?"),
        (COUNTRY, "Congo", "I do not know a country called “Congo”"),
        (SPOKEN, "Dholuo", "I do not know a language"),
        (ROLE, "x" * 81, "at most 80 characters"),
        (NAME, "x" * 65, "at most 64 characters"),
        (ROLE, "\u200b\u202e", "I could read nothing"),
    ],
)
def test_what_is_asked_again(field: ProfileField, said: str, told: str) -> None:
    checked = check(field, said, W)
    assert checked is not None
    assert told in checked.problem


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (ROLE, "What helps against fever?"),
        (NAME, "There is no ORS left in our clinic since Monday"),
        (COUNTRY, "There is no ORS left in our clinic since Monday"),
        (EMAIL, "There is no ORS left here"),
    ],
)
def test_what_is_a_post(field: ProfileField, said: str) -> None:
    assert check(field, said, W) is None


@given(st.text(max_size=300), st.sampled_from([NAME, ROLE, COUNTRY, SPOKEN, EMAIL, YEARS]))
def test_nothing_that_is_kept_can_turn_a_line_around(said: str, field: ProfileField) -> None:
    checked = check(field, said, W)
    if checked is None or (checked.problem and not checked.doubtful):
        return
    assert len(checked.value) <= field.limit or checked.doubtful
    for char in checked.value:
        assert unicodedata.bidirectional(char) not in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
        assert unicodedata.category(char) not in ("Cc", "Cs", "Co", "Zl", "Zp")
        assert char not in "\u200e\u200f\u061c"


def test_a_field_by_number_id_or_label_in_two_languages() -> None:
    here = replace(COMMUNITY, members=MemberPolicy(fields=(NAME, COUNTRY, EMAIL, YEARS)))
    french = words("fr")
    for said, field in (("2", COUNTRY), ("#2", COUNTRY), ("Country", COUNTRY), ("E-Mail", EMAIL), ("email", EMAIL)):
        assert named(said, here, french) == field
    for said in ("years", "Années", "annees", "Years of practice", "4."):
        assert named(said, here, french) == YEARS
    assert named("5", here, french) is None
    assert leading("years of practice 12", here, french) == (YEARS, "12")
    assert leading("country Kenya", here, french) == (COUNTRY, "Kenya")
    assert leading("hospital Kenya", here, french) is None


def test_a_communitys_own_words() -> None:
    assert (fields.label(YEARS, words("fr")), fields.question(YEARS, words("fr"))) == ("Années", "How many years?")
    assert fields.label(YEARS, words("pt")) == "Years of practice"
    assert fields.label(replace(YEARS, label={"sw": "Miaka"}), words("pt")) == "Miaka"
