"""What an SMS costs, against the figures of 3GPP TS 23.038 and 23.040, and what plain characters save."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.rendering.sms import Segments, fold, parts, segments, stubborn, to_gsm7, unfit

ESCAPED = "\f^{}\\[~]|€"
# Where parts are cut matters near their ends, with pairs that straddle them.
PIECES = st.lists(
    st.tuples(st.sampled_from(["a", "€", "é", "~", "ç", "😀", "न", "“", "…", " ", "1½"]), st.integers(1, 90)),
    max_size=8,
)
texts = st.one_of(
    PIECES.map(lambda pieces: "".join(piece * times for piece, times in pieces)),
    st.lists(st.sampled_from("a€[é\n"), max_size=500).map("".join),
    st.text(max_size=200),
)


def octets(text: str, encoding: str) -> int:
    """Septets, or UTF-16 units, counted another way."""
    if encoding == "ucs2":
        return len(text.encode("utf-16-be", "surrogatepass")) // 2
    return len(text) + sum(text.count(char) for char in ESCAPED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Segments(1, "gsm7", 0, 160, 160)),
        ("a" * 160, Segments(1, "gsm7", 160, 160, 0)),
        ("a" * 161, Segments(2, "gsm7", 161, 153, 145)),
        ("a" * 306, Segments(2, "gsm7", 306, 153, 0)),
        ("a" * 307, Segments(3, "gsm7", 307, 153, 152)),
        ("€" * 80, Segments(1, "gsm7", 160, 160, 0)),
        # 153 is odd: an escaped character that would be torn goes whole into the next SMS.
        ("€" * 81, Segments(2, "gsm7", 162, 153, 143)),
        ("€" * 152, Segments(2, "gsm7", 304, 153, 1)),
        ("€" * 153, Segments(3, "gsm7", 306, 153, 151)),
        ("ç" * 70, Segments(1, "ucs2", 70, 70, 0)),
        ("ç" * 71, Segments(2, "ucs2", 71, 67, 63)),
        ("😀" * 35, Segments(1, "ucs2", 70, 70, 0)),
        ("😀" * 66, Segments(2, "ucs2", 132, 67, 1)),
        ("😀" * 67, Segments(3, "ucs2", 134, 67, 65)),
        ("€" + "ç", Segments(1, "ucs2", 2, 70, 68)),  # the escape is of the 7-bit alphabet only
        ("tab\there", Segments(1, "ucs2", 8, 70, 62)),
        ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà", Segments(1, "gsm7", 44, 160, 116)),
    ],
)
def test_segments(text: str, expected: Segments) -> None:
    assert segments(text) == expected


def test_the_alphabets_have_their_size() -> None:
    """128 places of which one is the escape; ten characters behind it."""
    costs = [segments(chr(code)) for code in range(0x10000)]
    assert [cost.units for cost in costs if cost.encoding == "gsm7"].count(1) == 127
    assert [cost.units for cost in costs if cost.encoding == "gsm7"].count(2) == 10


@given(texts)
def test_parts_fit_and_make_up_the_text(text: str) -> None:
    cut, cost = parts(text), segments(text)
    assert "".join(cut) == text
    assert len(cut) == cost.count
    assert cost.units == octets(text, cost.encoding)
    alone, together = (160, 153) if cost.encoding == "gsm7" else (70, 67)
    assert cost.per_segment == (alone if cost.count == 1 else together)
    sizes = [octets(part, cost.encoding) for part in cut]
    assert max(sizes) <= cost.per_segment
    assert cost.left == cost.per_segment - sizes[-1]
    # No part is cut short: at most one unit is lost, where a pair did not fit in whole.
    assert all(size >= cost.per_segment - 1 for size in sizes[:-1])
    assert cost.count == 1 or cost.units > alone


@given(texts)
def test_unfit_is_what_forces_the_dear_alphabet(text: str) -> None:
    found = unfit(text)
    assert bool(found) == (segments(text).encoding == "ucs2")
    rest = "".join(char for char in text if char not in found)
    assert segments(rest).encoding == "gsm7"
    assert sorted(found, key=text.index) == list(found)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("“Give 400–600 µg…”", '"Give 400-600 mcg..."'),
        ("5 \u03bcg", "5 mcg"),
        ("…" * 70, "…" * 70),  # one SMS; 210 full stops would be two
        ("‘don’t’", "'don't'"),
        ("«\u00a0Oui\u202f»", '" Oui "'),
        ("HIFA #12 · Amina", "HIFA #12 - Amina"),
        ("• wash\u2028• rinse", "- wash\n- rinse"),
        ("0·5 mg", "0.5 mg"),
        ("\u22125 °C", "-5 C"),
        ("38.5°C", "38.5 C"),
        ("dossier n° 2214/23, HC nº: 17, N° de dossier", "dossier no 2214/23, HC no: 17, No de dossier"),
        ("un° 5, n°5", "un° 5, n°5"),
        ("give—400", "give - 400"),
        ("yes — no", "yes - no"),
        ("≥5 × ≤3", ">=5 x <=3"),
        ("1½ tablets, ½ tablet", "1 1/2 tablets, 1/2 tablet"),
        ("H₂O, CO₂, 5 m²", "H2O, CO2, 5 m2"),
        ("œuf, Œuf, ŒUF", "oeuf, Oeuf, OEUF"),
        ("ﬁrst", "first"),
        ("1️⃣ wash", "1 wash"),
        ("co\u00adordinate\u200b", "coordinate"),
        ("e\u0301te\u0301 …", "été ..."),
        ("a\tb\r\nc", "a b\nc"),
        ("Bonjour été à Noël…", "Bonjour été à Noël…"),  # ë has no plain way of saying it
        ("10² and 10⁶", "10² and 10⁶"),  # not 102
        ("1º andar", "1º andar"),  # not 10
        ("½5", "½5"),
        ("45° …", "45° …"),
        ("नमस्ते “सब”", "नमस्ते “सब”"),
        ("ሰላም …", "ሰላም …"),
        ("“ok” 👍", "“ok” 👍"),
    ],
)
def test_plain_characters(text: str, plain: str) -> None:
    assert to_gsm7(text) == plain


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("À bientôt, ça va… Noël", "A bientot, ca va... Noel"),
        ("Não há vacinação", "Nao ha vacinacao"),
        ("¿Qué pasó aquí?", "¿Qué paso aqui?"),
        ("ɗan ƙarami ɓera", "dan karami bera"),
        ("é à ñ ü stay", "é à ñ ü stay"),
        ("ẹ\u0301kọ\u0301", "eko"),
        ("नमस्ते não", "नमस्ते não"),  # all or nothing
    ],
)
def test_letters_without_accents_where_that_is_wanted(text: str, plain: str) -> None:
    assert to_gsm7(text, accents=True) == plain


def test_what_stands_in_the_way() -> None:
    assert unfit("“Não” … 👍 …") == ("“", "ã", "”", "…", "👍")
    assert stubborn("“Não” … 👍 …") == ("ã", "👍")
    assert stubborn("“Não” … 👍 …", accents=True) == ("👍",)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (2, 1, "“Misoprostol at home: which dose?” No protocol here – some give 400, some 600 µg. What do others do…"),
        (2, 1, "L’enfant a 38,5 °C de fièvre… La mère dit : « donne-t-on du paracétamol ? » Répondez s’il vous plaît."),
    ],
)
def test_it_pays(before: int, after: int, text: str) -> None:
    assert segments(text).count == before
    assert segments(to_gsm7(text, accents=True)).count == after


@given(texts, st.booleans())
def test_plain_characters_never_cost_more_or_lose_a_word(text: str, accents: bool) -> None:
    plain = to_gsm7(text, accents=accents)
    assert segments(plain).count <= segments(text).count
    assert plain == text or not unfit(plain)
    assert to_gsm7(plain, accents=accents) == plain
    if plain == text:
        return
    kept = [c for c in unicodedata.normalize("NFC", text) if c.isascii() and c.isalnum()]
    rest = iter(plain)
    assert all(char in rest for char in kept), "in the same order"
    assert "?" not in plain or set(text) & set("?⁉⁈")


@given(st.text(st.sampled_from("0123456789½¼.,·²³⁰º°–—- ¹/₂"), max_size=12))
def test_no_digit_comes_to_stand_beside_another(text: str) -> None:
    """10² is not 102 and 1½ not 11/2: runs of digits stay as they were, halves stand apart."""
    plain = to_gsm7(text)
    if plain == text:
        return
    runs = "".join(char if char in "0123456789" else " " for char in text).split()
    found = "".join(char if char in "0123456789" else " " for char in plain.replace("1/2", " ").replace("1/4", " "))
    assert set(runs) - {"1", "2", "4"} <= set(found.split())


@pytest.mark.parametrize(
    ("text", "language", "changed"),
    [
        ("Être prête à l’hémorragie : où trouver le misoprostol quand le centre n’en a plus, en été ?", "fr", True),
        ("Être prête", "fr", False),  # one SMS either way
        ("Não há misoprostol no posto de saúde, e a comunicação com o hospital não é fácil à noite.", "pt", True),
        ("Babu ƙa’ida a nan; waɗansu suna ba da 400, waɗansu 600 mcg, asibiti yana da nisa ƙwarai.", "ha", True),
        ("Obìnrin mẹ́rin ta ẹ̀jẹ̀ lẹ́yìn ìbí ní oṣù yìí, ilé ìwòsàn sì jìnnà. Kí ni ẹ máa ń ṣe?" * 2, "yo", False),
        ("Obìnrin mẹ́rin ta ẹ̀jẹ̀ lẹ́yìn ìbí ní oṣù yìí, ilé ìwòsàn sì jìnnà. Kí ni ẹ máa ń ṣe?" * 2, "fr", False),
        ("यहाँ कोई नियम नहीं है; कुछ 400, कुछ 600 माइक्रोग्राम देते हैं। आप क्या करते हैं और क्यों, बताइए?", "en", False),
        ("Être prête à l’hémorragie : où trouver le misoprostol quand le centre n’en a plus, en été ?", "vi", False),
    ],
)
def test_accents_go_where_they_are_not_missed_and_an_sms_is_saved(text: str, language: str, changed: bool) -> None:
    folded = fold(text, language)
    assert (folded != text) == changed
    assert "?" not in folded.replace("?", "", text.count("?"))
    if changed:
        assert segments(folded).count < segments(text).count
