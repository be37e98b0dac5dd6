"""What is hinted at in a post, and what looks like it and is not."""

import time
from collections.abc import Callable
from typing import Any

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.message import Attachment, AttachmentKind, Uncarried, UncarriedKind
from bridge.core.text import plain
from bridge.moderation import rules
from bridge.moderation.hints import HintKind, checks, find, label
from bridge.moderation.hints.passage import Passage
from bridge.rendering.words import Words
from tests.unit.storage.stage import COMMUNITY


def hinted(text: str, country: str = "") -> list[tuple[str, str]]:
    return [(hint.kind.value, hint.excerpt) for hint in find(text, country=country)]


@pytest.mark.parametrize(
    ("text", "country", "excerpts"),
    [
        ("Ring 0712 345 678 after five.", "KE", ["0712 345 678"]),
        ("Mon bureau : 07 12 34 56 78.", "CI", ["07 12 34 56 78"]),
        ("Write or 0803-000-1122", "", ["0803-000-1122"]),
        (
            "(+254) 722 000 145 / 0733.000.987 or 020 2000145",
            "KE",
            ["(+254) 722 000 145", "0733.000.987", "020 2000145"],
        ),
        ("numbers: 0722000145 0733000987", "KE", ["0722000145", "0733000987"]),
        ("The van (0722 000 145) is full", "KE", ["0722 000 145"]),
        ("+44 (0)7700 900482", "", ["+44 (0)7700 900482"]),
        ("00254 722 000145", "", ["00254 722 000145"]),
        ("o celular é (11) 98765-4321", "", ["(11) 98765-4321"]),
        ("contacto 84 123 4567", "MZ", ["84 123 4567"]),
        ("Geladeira parou, 84 123 4567, obrigado", "MZ", ["84 123 4567"]),
        ("whatsapp 254722000145 tu", "", ["254722000145"]),
        ("https://wa.me/254722000145", "", ["254722000145"]),
        ("front desk 809-555-0176, press 2", "", ["809-555-0176"]),
        ("piga sifuri saba mbili mbili, sifuri sifuri sifuri, moja nne tano", "KE", None),
        ("0722\u200b000\u2060145", "", ["0722\u200b000\u2060145"]),
        ("٠٧٢٢٠٠٠١٤٥ or ０７２２ ０００ １４６", "", ["٠٧٢٢٠٠٠١٤٥", "０７２２ ０００ １４６"]),
    ],
)
def test_telephone_numbers(text: str, country: str, excerpts: list[str] | None) -> None:
    expected = excerpts or [text.split(" ", 1)[1]]
    assert hinted(text, country) == [("phone", excerpt) for excerpt in expected]


def test_every_countrys_example_number_is_found() -> None:
    missed = []
    for region in phonenumbers.SUPPORTED_REGIONS:
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number is None or len(str(number.national_number)) < 6:
            continue
        for form in (phonenumbers.PhoneNumberFormat.INTERNATIONAL, phonenumbers.PhoneNumberFormat.E164):
            written = phonenumbers.format_number(number, form)
            if hinted(f"Our cook, {written}, knows") != [("phone", written)]:
                missed.append(written)
    assert missed == []


@pytest.mark.parametrize(
    ("text", "kind", "excerpt"),
    [
        ("mail Jo.Ellery+chw@lib.example.org.", "email", "Jo.Ellery+chw@lib.example.org"),
        ("amina [at] example [dot] org", "email", "amina [at] example [dot] org"),
        ("écrire à awa.sow arobase example.org", "email", "awa.sow arobase example.org"),
        ("He was born on the 3rd of May 1988 in Kitale", "birth_date", "3rd of May 1988"),
        ("D.O.B: 19-08-1979", "birth_date", "19-08-1979"),
        ("né le 3 mai 1988 à Thiès", "birth_date", "3 mai 1988"),
        ("nascida em 1/2/90", "birth_date", "1/2/90"),
        ("nació el 5 de enero de 2024", "birth_date", "5 de enero de 2024"),
        ("tarehe ya kuzaliwa 14 Machi 1996", "birth_date", "14 Machi 1996"),
        ("born March 14, 1996", "birth_date", "March 14, 1996"),
        ("MRN 0098213 had a reaction", "record_number", "0098213"),
        ("File No: KTL/2023/0091", "record_number", "KTL/2023/0091"),
        ("IP no. 118734, day 5", "record_number", "118734"),
        ("the hospital file of 1204, file no. 4471/23", "record_number", "4471/23"),
        ("dossier médical n° B-10457", "record_number", "B-10457"),
        ("Prontuário 558213", "record_number", "558213"),
        ("expediente núm. 4418-B", "record_number", "4418-B"),
        ("faili nambari 4471/23", "record_number", "4471/23"),
        ("namba ya faili 22871", "record_number", "22871"),
        ("her ID is 23456789", "national_id", "23456789"),
        ("Huduma number HN20345567", "national_id", "HN20345567"),
        ("the NIN of the volunteer is 12345678901", "national_id", "12345678901"),
        ("passport no. AK 0123456", "national_id", "AK 0123456"),
        ("CPF 12345678909", "national_id", "12345678909"),
        ("cédula 1.032.456.789", "national_id", "1.032.456.789"),
        ("kitambulisho namba 30117744", "national_id", "30117744"),
        ("NHS no 943 476 5919", "national_id", "943 476 5919"),
        ("a 93-year-old woman", "high_age", "93-year-old"),
        ("he is 102 years old", "high_age", "102 years old"),
        ("client, aged 96, on TB drugs", "high_age", "aged 96"),
        ("la dame a quatre-vingt-douze ans", "high_age", "quatre-vingt-douze ans"),
        ("uma senhora de 95 anos", "high_age", "95 anos"),
        ("un señor de noventa y dos años", "high_age", "noventa y dos años"),
        ("bibi wa miaka 93", "high_age", "miaka 93"),
        ("grandmother turned 104 in March", "high_age", "104"),
        ("well at -1.2864, 36.8172.", "coordinates", "-1.2864, 36.8172"),
        ("GPS: -1.286, 36.817", "coordinates", "-1.286, 36.817"),
        ("1.2864 S, 36.8172 E", "coordinates", "1.2864 S, 36.8172 E"),
        ("18°32'40\"N 72°20'20\"W", "coordinates", "18°32'40\"N 72°20'20\"W"),
        ("S1°17.184′ E36°49.032′", "coordinates", "S1°17.184′ E36°49.032′"),
        ("geo:-3.1190,-60.0217", "coordinates", "-3.1190,-60.0217"),
        ("https://maps.example.org/@9.0579,7.4951,15z", "coordinates", "9.0579,7.4951"),
        ("https://maps.example.org/#map=15/9.06/7.49", "coordinates", "9.06/7.49"),
        ("-15,1165; 39,2666", "coordinates", "-15,1165; 39,2666"),
        ("6GCRPR6C+24", "coordinates", "6GCRPR6C+24"),
    ],
)
def test_each_kind(text: str, kind: str, excerpt: str) -> None:
    assert hinted(text) == [(kind, excerpt)]


@pytest.mark.parametrize(
    ("text", "excerpts"),
    [
        ("We delivered Mrs Achieng at home, she bled", ["Mrs Achieng"]),
        ("my neighbour Zuleika has TB. Pray for Zuleika.", ["Zuleika", "Zuleika"]),
        ("Two sisters, Hawa and Mariama Sesay, have sickle cell", ["Hawa", "Mariama Sesay"]),
        ("Kofi Mensah was diagnosed with leprosy", ["Kofi Mensah"]),
        ("a girl named Precious came with convulsions", ["Precious"]),
        ("Her name is Zubeda and she is bleeding", ["Zubeda"]),
        ("the HIV clinic card of Brian Otieno was found", ["Brian Otieno"]),
        ("Ebenezer, 54, had a stroke", ["Ebenezer"]),
        ("PATIENT JOHN KAMAU HAS TB AND IS COUGHING BLOOD", ["JOHN KAMAU"]),
        ("Le bébé de Mme Ngo Bassong est jaune, fièvre 39", ["Mme Ngo Bassong"]),
        ("le petit d'Awa convulse", ["Awa"]),
        ("O menino Kaique está com dengue", ["Kaique"]),
        ("a vizinha chama-se Domingas e tosse sangue", ["Domingas"]),
        ("Ayer Yesenia perdió a su bebé", ["Yesenia"]),
        ("Doña Petra murió de cáncer", ["Doña Petra"]),
        ("Mama Atieno alitokwa na damu", ["Mama Atieno"]),
        ("mgonjwa anaitwa amina, ana mimba", ["amina"]),
        ("Tulimpeleka Mwajabu hospitali, ana degedege", ["Mwajabu"]),
    ],
)
def test_names_beside_an_illness(text: str, excerpts: list[str]) -> None:
    assert hinted(text) == [("named_patient", excerpt) for excerpt in excerpts]


@pytest.mark.parametrize(
    "text",
    [
        "paracetamol 500 mg tds, amoxicillin 250 mg, BP 140/90, Hb 7.8, ICD-10 O72.1",
        "More than 200 000 deaths a year, 1.250 livros, KES 5,800, 185 000 FCFA, 712 345 678 doses",
        "on 14 March 2024, 9:00 to 13:00, 12/05/2024 23:59, 2015-2016, 05/2024",
        "Protocol CHW-2023-00417, lot 05CDF024A, ISBN 978-0-19-953921-5, doi:10.1016/S0140-6736(16)31651-2",
        "Meeting ID 845 2213 9087, passcode 552190",
        "Account 0110987654 at the bank; ticket 48213377; version 2.10.14",
        "2016;388:2176-92 and 2016;31(4):440-8",
        "In an emergency dial 112, 999 or *384*7#",
        "one, two, three, four, five, six, seven, eight: count the breaths",
        "@amina_health on one, @peter:example.org on the other",
        "Babies born between 1 May 2024 and 30 June 2024",
        "Children born on 12/05/2024 were counted. I was born in 1968.",
        "born 5 out of 10 at home",
        "file 3 of 5; patient 12; hospital: 1200 deliveries; case 2: 1200 g",
        "there is no hospital 1200 people could reach",
        "ID cards, passport photos, the identity of 12 donors",
        "90 years ago, over 95 years, people aged 65 to 94, 95% of them, 92 days, everybody over 90",
        "the hospital has stood for 95 years; our clinic is 95 years old",
        "il y a 90 ans; há 90 anos; hace 90 años; miaka 90 iliyopita; zaidi ya miaka 90",
        "36.5, 37.8 and 38.9; 12.345 kg, 13.456 kg",
        "Dr Odhiambo presented on HIV. Nurse Akinyi and Sister Agnes trained us on TB.",
        "According to Smith et al. (2019), zinc cuts diarrhoea; Gómez (2018) on fever",
        "Dear Fatima, thank you for your question about TB. Thanks John and Mary for the malaria poster.",
        "I am Peter Mwangi, a CHW with a question about measles. Mercy here, fever is back.",
        "Je suis Clarisse, et Aminata a écrit sur le paludisme. Selon Koné, la fièvre monte.",
        "Kamala, our supervisor, freed the TB money. Jean-Paul et moi parlons du VIH.",
        "St Mary's Hospital and Mama Lucy Hospital treat burns. Hospitali ya Mama Lucy inatibu kansa.",
        "In Nairobi and Lagos malaria is back. World Malaria Day. Kenya Red Cross treats cholera.",
        "Down syndrome, Burkitt lymphoma, Kaposi sarcoma, Hansen's disease, Apgar score",
        "Mr Phiri from the council said malaria nets come on Monday. Madam Speaker, mothers are dying.",
        "Mwenyekiti Juma amefungua kliniki ya VVU. Kwa mujibu wa Mushi, malaria imepungua.",
        "Según la Dra. Vargas el dengue mata. A Dona Ana da coordenação mandou testes de HIV.",
    ],
)
def test_what_looks_like_it_and_is_not(text: str) -> None:
    assert hinted(text) == []


@pytest.mark.parametrize(
    "number",
    [
        "123.456.789-09",
        "700 0112 2334 4007",
        "12345678Z",
        "X1234567L",
        "GOMC880312MDFRRL06",
        "2 85 05 78 006 084 41",
        "8001015009087",
        "2345 6789 0124",
        "219-09-9999",
        "JG 10 37 59 A",
        "12.345.678-5",
        "20-12345678-6",
        "85.07.30-033.28",
        "CM85012345ABCD",
        "19850315-14121-00001-23",
        "1 1985 8 0012345 1 23",
        "GHA-123456789-0",
        "123456/10/1",
    ],
)
def test_identity_numbers_that_give_themselves_away(number: str) -> None:
    assert hinted(f"Seen: {number} again") == [("national_id", number)]


@pytest.mark.parametrize(
    ("check", "number"),
    [
        (checks.luhn, "8001015009087"),
        (checks.verhoeff, "234567890124"),
        (checks.cpf, "24681357928"),
        (checks.dni, "12345678Z"),
        (checks.nir, "285057800608441"),
        (checks.nhs, "9434765919"),
        (checks.belgian, "85073003328"),
    ],
)
def test_a_wrong_digit_does_not_pass(check: Callable[[str], bool], number: str) -> None:
    assert check(number)
    for place, digit in enumerate(number):
        if digit.isdigit():
            other = str((int(digit) + 1) % 10)
            assert not check(number[:place] + other + number[place + 1 :])


def test_two_neighbours_changed_over_do_not_pass_verhoeff() -> None:
    assert not checks.verhoeff("324567890124")
    assert not checks.verhoeff("234567890142")


@pytest.mark.parametrize("digits", ["11111111111", "00000000000"])
def test_no_brazilian_has_eleven_times_the_same_digit(digits: str) -> None:
    assert not checks.cpf(digits)


def test_the_country_tells_a_number_that_nothing_else_tells() -> None:
    text = "Fridge is warm, 612 345 678, come soon"
    assert hinted(text, "ES") == hinted(text, "es") == [("phone", "612 345 678")]
    assert hinted(text) == hinted(text, "XX") == []


def test_one_place_has_one_hint() -> None:
    assert hinted("Passport 0712345678, then 0712345679") == [
        ("national_id", "0712345678"),
        ("phone", "0712345679"),
    ]


def test_places_are_those_of_the_text_as_it_was_written() -> None:
    text = "e\u0301te\u0301 \u200b👍🏾 ne\u0301 le 3 mai 1988, Mme Zoe\u0301 saigne"
    first, second = find(text)
    assert (first.kind, text[first.start : first.end]) == (HintKind.BIRTH_DATE, "3 mai 1988")
    assert (second.kind, second.excerpt) == (HintKind.NAMED_PATIENT, "Mme Zoe\u0301")


def test_every_kind_has_words_of_its_own() -> None:
    words = {label(kind, Words("en")) for kind in HintKind}
    assert len(words) == len(HintKind)
    assert all(words)


SOME_WORDS = (
    "Mama Amina HIV born né DOB 12/05/1988 aged 92 years miaka tisini ID NIN passport file no n° MRN 0712 +254 "
    "a@b.org -1.2864, 36.8172 dossier call . ? \n l'Awa O'Brien Dr said, and"
)
PIECES = st.one_of(
    st.text(max_size=12),
    st.text(alphabet="0123456789 +-./(),:°'\"NSEW@", max_size=20),
    st.sampled_from(SOME_WORDS.split(" ")),
)


@given(st.lists(PIECES, max_size=25).map(" ".join), st.sampled_from(["", "KE", "FR", "BR", "xx", "?"]))
def test_hints_are_places_in_the_text_in_order(text: str, country: str) -> None:
    last = 0
    for hint in find(text, country=country):
        assert last <= hint.start < hint.end <= len(text)
        assert hint.excerpt == text[hint.start : hint.end]
        last = hint.end


def test_every_character_folds_to_one_or_none() -> None:
    for code in range(0x30000):
        passage = Passage(chr(code))
        assert len(passage.cased) <= 1
        assert len(passage.lower) == len(passage.cased)


@given(st.sampled_from("\u200b\u200d\u2060\u00ad\ufe0f\u0301\u202e"), st.integers(1, 9))
def test_what_is_not_seen_hides_nothing(unseen: str, place: int) -> None:
    written = "0722000145"[:place] + unseen + "0722000145"[place:]
    assert hinted(f"ring {written} now") == [("phone", written)]


HOSTILE = {
    "digits": "7",
    "digits apart": "7 ",
    "pairs": "70 ",
    "local numbers": "0712345678 ",
    "international numbers": "+254712345678 ",
    "numbers and dashes": "12-",
    "decimals": "1.12345,1.12345 ",
    "degrees": "1°1'",
    "capitals": "A",
    "capitals apart": "A ",
    "names": "Joe ",
    "names and illness": "Joe HIV ",
    "patients": "Amina has HIV. ",
    "titles": "Mr. ",
    "kin": "my patient ",
    "marks": "\u0301",
    "marked letters": "e\u0301",
    "hidden": "a\u200b",
    "at signs": "@",
    "beginnings of addresses": "a.-",
    "addresses": "a@",
    "brackets": "[at]",
    "brackets alone": "+(",
    "quotes": "a'",
    "born": "born ",
    "births": "born 12/05/1988 ",
    "identity": "id no ",
    "NIN": "nin ",
    "files": "file no ",
    "ages": "aged 92 years ",
    "ninety": "ninety ",
    "links": "https://a ",
    "calls": "call 1 ",
    "spelled": "seven ",
    "blanks": " ",
    "lines": "\n",
    "full stops": "A. ",
}


def _seconds(text: str) -> float:
    began = time.process_time()
    find(text, country="KE")
    return time.process_time() - began


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE.keys())
def test_eight_times_the_text_takes_no_more_than_its_share(piece: str) -> None:
    short = (piece * 12_500)[:12_500]
    ratios = []
    for _ in range(5):
        ratios.append(_seconds(short * 8) / max(_seconds(short), 0.0005))
        if ratios[-1] < 16:  # linear is 8, quadratic is 64
            return
    pytest.fail(f"time grows too fast: {ratios}")


def test_surrogates_and_nothing_at_all() -> None:
    assert find("") == ()
    assert hinted("\ud800 0712 345 678") == [("phone", "0712 345 678")]


@pytest.mark.parametrize(
    ("item", "kinds"),
    [
        (Uncarried(kind=UncarriedKind.CONTACT, detail="Wanjiku Kamau, +254 712 345 678"), {"phone"}),
        (Uncarried(kind=UncarriedKind.LOCATION, detail="Kibera clinic, -1.31331, 36.78921"), {"coordinates"}),
    ],
)
def test_what_stands_on_a_contact_card_is_noticed(item: Uncarried, kinds: set[str]) -> None:
    found = rules.examined(rules.said_in(plain("Ask there"), (item,)), None, COMMUNITY)
    assert {hint["kind"] for hint in found.get("hints", [])} == kinds


@pytest.mark.parametrize(
    "words",
    [
        {"alt": "Her card says 0712 345 678"},
        {"title": "Call 0712 345 678"},
        {"performer": "0712 345 678"},
        {"name": "call_0712_345_678.pdf", "kind": AttachmentKind.DOCUMENT},
    ],
    ids=["alt", "title", "performer", "name"],
)
def test_what_is_said_beside_a_file_is_noticed(words: dict[str, Any]) -> None:
    values: dict[str, Any] = {
        "sha256": "a" * 64,
        "kind": AttachmentKind.AUDIO,
        "mime": "audio/ogg",
        "size": 9,
        "name": "a.ogg",
    } | words
    found = rules.examined(rules.said_in(plain("See there"), (), (Attachment(**values),)), None, COMMUNITY)
    assert {hint["kind"] for hint in found.get("hints", [])} == {"phone"}


def test_the_name_that_a_camera_gives_is_no_telephone_number() -> None:
    photo = Attachment(
        sha256="a" * 64, kind=AttachmentKind.PHOTO, mime="image/jpeg", size=9, name="IMG_0712 345 678.jpg"
    )
    assert "hints" not in rules.examined(rules.said_in(plain("See there"), (), (photo,)), None, COMMUNITY)
