"""Single words as wishes, in five languages, and everything that only looks like one."""

import pytest

from bridge.intake import wishes
from bridge.storage import invitations
from tests.unit.storage.stage import COMMUNITY


@pytest.mark.parametrize("text", ["STOP", "stop", "Stop.", " arrêt ", "PARAR", "acha", "BAJA", "unsubscribe"])
def test_stop(text: str) -> None:
    assert wishes.is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *["DETENER", "Detén", "arrêtez", "arrete", "koma", "simama", "STOP!!!", "«STOP»", "“stop”", "desinscrever"],
        *["darse de baja", "توقف", "إيقاف", "አቁም", "jooji"],
    ],
)
def test_stop_in_other_words(text: str) -> None:
    assert wishes.is_stop(text)


@pytest.mark.parametrize(
    "text",
    [
        *[
            "STOP 40404",
            "Stop please",
            "please stop",
            "STOP ALL",
            "stop tout",
            "Parar por favor",
            "stop sms",
            "arrêt svp",
        ],
        *["fin", "cancelar", "annuler", "Tafadhali acha", "stop now", "STOP +256772123456", "stop sms", "ALTO YA"],
    ],
)
def test_stop_on_a_telephone(text: str) -> None:
    assert wishes.is_stop(text, carrier=True)
    assert not wishes.is_stop("Stop the malaria now", carrier=True)
    assert not wishes.is_stop("please", carrier=True)


@pytest.mark.parametrize("text", ["Stop the malaria", "stop it", "", "no stop", "Acha!?mzaha", "s t o p"])
def test_no_stop(text: str) -> None:
    assert not wishes.is_stop(text)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("DAILY", ("settings", "reading daily")),
        ("kila siku", ("settings", "reading daily")),
        ("Hebdo", ("settings", "reading weekly")),
        ("mensual", ("settings", "reading monthly")),
        ("IMMÉDIAT", ("settings", "reading immediate")),
        ("pause", ("away", "")),
        ("Pause 3 weeks", ("away", "3 weeks")),
        ("Retour", ("back", "")),
        ("ondoka", ("leave", "")),
        ("JOIN", ("join", "")),
        ("jiunge hifa", ("join", "hifa")),
        ("Join 7K3M-9Q2X", ("join", "7k3m-9q2x")),
        ("mipangilio", ("settings", "")),
        ("PROFIL", ("profile", "")),
        ("Perfil", ("profile", "")),
        ("wasifu", ("profile", "")),
        ("STATUT", ("status", "")),
        ("estado", ("status", "")),
        ("Hali", ("status", "")),
        ("SETTINGS hour 8", ("settings", "hour 8")),
        ("Settings quiet", ("settings", "quiet")),
        ("AWAY", ("away", "")),
        ("Away until 12 December", ("away", "until 12 december")),
    ],
)
def test_wishes(text: str, command: tuple[str, str]) -> None:
    assert wishes.typed(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "The daily dose",
        "We leave tomorrow",
        "Daily?\nTwice",
        "weekly clinics",
        "x" * 200,
        "Away from the clinic today",
        "settings of care",
    ],
)
def test_messages(text: str) -> None:
    assert wishes.typed(text) is None


@pytest.mark.parametrize(
    ("argument", "is_meant"),
    [("", True), ("hifa", True), ("7k3m-9q2x", True), ("us", False), ("us on friday", False), ("tomorrow", False)],
)
def test_what_follows_join(argument: str, is_meant: bool) -> None:
    assert wishes.is_meant(argument, (COMMUNITY,)) is is_meant


def test_codes_are_never_words() -> None:
    codes = {invitations._new_code() for _ in range(300)}
    assert len(codes) == 300
    assert all(invitations.is_code(code) and invitations.is_code(invitations.shown(code).lower()) for code in codes)
    assert not any(invitations.is_code(word) for word in ("tomorrow", "question", "hifa2026", "12345"))
