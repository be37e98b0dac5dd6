"""Initials, as people of many naming customs sign."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.names import MAX_INITIALS, initials


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Neil Pakenham-Walsh", "NPW"),
        ("grace", "G"),
        ("grace atieno", "GA"),
        ("Amina wa Juma", "AJ"),
        ("João da Silva", "JS"),
        ("Ahmed al-Rashid", "AR"),
        ("Maria de los Angeles Peres", "MAP"),
        ("wa thiong'o", "WT"),  # a small word at either end is a name
        ("Fatuma binti", "FB"),
        ("Ng'ang'a Mwangi", "NM"),
        ("J.R. Otieno", "JRO"),
        ("Dr. Grace Achieng, MPH", "GA"),
        ("Prof Dr Grace Achieng", "GA"),
        ("Dr", "D"),
        ("Okello, Amina", "OA"),
        ("Amina Okello (Uganda)", "AO"),
        ("Amina Okello (Uganda", "AO"),
        ("(HIFA)", "H"),
        ("Ana Beatriz Costa Duarte Evaristo", "ABCE"),
        ("🌟 Grace 🌟 Atieno", "GA"),
        ("@grace_atieno", "GA"),
        ("grace2", "G"),
        ("𝐆𝐫𝐚𝐜𝐞", "G"),
        ("ʻAlī Ḥasan", "AḤ"),
        ("e\u0301tienne", "É"),
        ("ßeta", "ß"),
        ("अमीना जुमा", "अज"),
        ("أمينة جمعة", "أج"),
        ("አሚና ጁማ", "አጁ"),
        ("山田太郎", "山"),
        ("เมธา ใจดี", "มจ"),
        ("", "?"),
        ("  ", "?"),
        ("12345", "?"),
        ("🌟", "?"),
        ("\u0301", "?"),
    ],
)
def test_initials(name: str, expected: str) -> None:
    assert initials(name) == expected


@given(st.text(st.one_of(st.characters(), st.sampled_from(" -.'(),ab")), max_size=40))
def test_any_name_has_initials(name: str) -> None:
    found = initials(name)
    assert found == "?" or (
        1 <= len(found) <= MAX_INITIALS and all(unicodedata.category(char)[0] == "L" for char in found)
    )


@given(st.lists(st.sampled_from(["Amina", "Okello", "Grace", "Juma"]), min_size=1, max_size=4))
def test_each_word_gives_its_letter(words: list[str]) -> None:
    assert initials(" ".join(words)) == "".join(word[0] for word in words)
    assert initials("-".join(words).lower()) == "".join(word[0] for word in words)
