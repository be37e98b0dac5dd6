"""Short answers in words: yes, no, skip, later, as people type them in five languages."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from bridge.core.hygiene import clean_line
from bridge.core.text import EMPTY, RichText
from bridge.rendering.words import Words

# What people type besides the word that the catalogue shows them, without accents. A word that means something else in
# another language (Spanish "si" is yes, Swahili "si" is not) is understood only from people of its own language.
_VARIANTS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "en": {
        "yes": frozenset({"yes", "y", "yeah", "yep", "ok", "okay", "agree", "i agree", "agreed", "yes please"}),
        "no": frozenset({"no", "n", "nope", "disagree", "i do not agree", "i don't agree", "no thanks"}),
        "skip": frozenset({"skip", "-", "pass"}),
        "later": frozenset({"later", "not now"}),
    },
    "fr": {
        "yes": frozenset({"oui", "d'accord", "daccord", "je suis d'accord"}),
        "no": frozenset({"non", "pas d'accord", "je ne suis pas d'accord", "non merci"}),
        "skip": frozenset({"passer", "sauter"}),
        "later": frozenset({"plus tard", "pas maintenant", "pause"}),
    },
    "pt": {
        "yes": frozenset({"sim", "concordo", "de acordo"}),
        "no": frozenset({"nao", "nao concordo", "discordo", "nao obrigado", "nao obrigada"}),
        "skip": frozenset({"saltar", "pular", "passar"}),
        "later": frozenset({"depois", "mais tarde", "agora nao"}),
    },
    "es": {
        "yes": frozenset({"si", "de acuerdo", "estoy de acuerdo", "vale"}),
        "no": frozenset({"no estoy de acuerdo", "no gracias"}),
        "skip": frozenset({"saltar", "omitir", "pasar"}),
        "later": frozenset({"luego", "mas tarde", "ahora no", "despues"}),
    },
    "sw": {
        "yes": frozenset({"ndiyo", "ndio", "ndyo", "sawa", "nakubali", "nakubaliana"}),
        "no": frozenset({"hapana", "la", "sikubali", "sikubaliani", "hapana asante"}),
        "skip": frozenset({"ruka"}),
        "later": frozenset({"baadaye", "baadae", "sio sasa", "si sasa", "siyo sasa"}),
    },
}
_DIALOGUE: Mapping[str, Mapping[str, frozenset[str]]] = {
    "en": {
        "back": frozenset({"back", "previous", "go back"}),
        "all": frozenset({"all", "everything"}),
        "card": frozenset({"card", "preview"}),
        "hide": frozenset({"hide", "don't show", "do not show"}),
        "show": frozenset({"show"}),
    },
    "fr": {
        "back": frozenset({"retour", "precedent", "revenir"}),
        "all": frozenset({"tout", "toutes", "tous"}),
        "card": frozenset({"fiche", "carte"}),
        "hide": frozenset({"masquer", "cacher", "ne pas montrer"}),
        "show": frozenset({"montrer", "afficher"}),
    },
    "pt": {
        "back": frozenset({"voltar", "anterior"}),
        "all": frozenset({"tudo", "todas", "todos"}),
        "card": frozenset({"cartao", "ficha"}),
        "hide": frozenset({"ocultar", "esconder", "nao mostrar"}),
        "show": frozenset({"mostrar"}),
    },
    "es": {
        "back": frozenset({"volver", "atras", "anterior"}),
        "all": frozenset({"todo", "todas", "todos"}),
        "card": frozenset({"tarjeta", "ficha"}),
        "hide": frozenset({"ocultar", "esconder", "no mostrar"}),
        "show": frozenset({"mostrar"}),
    },
    "sw": {
        "back": frozenset({"rudi", "nyuma"}),
        "all": frozenset({"zote", "yote"}),
        "card": frozenset({"kadi"}),
        "hide": frozenset({"ficha", "usionyeshe"}),
        "show": frozenset({"onyesha"}),
    },
}
"""The same for moving about in a dialogue."""
_OWN = frozenset({"si", "la", "n", "y", "pass", "pause", "vale"})
"""Understood only in the language they are listed for."""
_LONGEST_NUMBER = 9
"""Digits; a telephone's number, sent by itself, is longer."""
_ENDS = " .!,;:…"


def folded(text: str) -> str:
    """For comparing: one line without case and accents. On many phones "não" and "sí" are typed "nao" and "si"."""
    bare = unicodedata.normalize("NFD", clean_line(text).casefold())
    return "".join(char for char in bare if not unicodedata.combining(char)).replace("’", "'").strip(_ENDS)


_POLITE = frozenset(
    {"thanks", "thank you", "thx", "merci", "obrigado", "obrigada", "gracias", "asante", "asante sana", "ok thanks"}
)


def is_no_more_than_an_answer(text: str) -> bool:
    """A number, "yes", "thanks" or a thumb, in any of the languages: to nothing that was asked, it says nothing."""
    said = folded(text)
    if said.isdecimal() and len(said) <= _LONGEST_NUMBER:
        return True
    listed = (each for of_language in _VARIANTS.values() for each in of_language.values())
    return not any(char.isalnum() for char in said) or said in _POLITE or any(said in each for each in listed)


def terms(entry: str) -> list[str]:
    """The words of a catalogue entry, which may hold several: ``ndiyo, ndio``. The first is the one to show."""
    return [term.strip() for term in entry.split(",") if term.strip()] or [entry]


def vocabulary(w: Words) -> dict[str, set[str]]:
    """What is understood from somebody of this language: ``yes``, ``no``, ``skip``, ``later``, each with its words."""
    shown = {
        "yes": terms(w._("yes")),
        "no": terms(w._("no")),
        "skip": terms(w._("skip")),
        "later": [*terms(w._("later")), *terms(w._("Not now"))],
    }
    own = w.language.split("-")[0].split("_")[0]
    found = {action: {folded(term) for term in listed} for action, listed in shown.items()}
    for language, meanings in _VARIANTS.items():
        for action, listed in meanings.items():
            found[action] |= listed if language in (own, "en") else listed - _OWN
    return found


def meaning(text: str, w: Words) -> str | None:
    """``yes``, ``no``, ``skip``, ``later``, or None for anything else."""
    said = folded(text)
    return next((action for action, listed in vocabulary(w).items() if said in listed), None)


def steering(w: Words) -> dict[str, set[str]]:
    """What moves about in a dialogue: ``back``, ``all``, ``card``, ``hide``, ``show``, each with its words."""
    shown = {
        "back": terms(w._("Back")),
        "all": terms(w._("all")),
        "card": terms(w._("card")),
        "hide": terms(w._("hide")),
        "show": terms(w._("show")),
    }
    own = w.language.split("-")[0].split("_")[0]
    found = {action: {folded(term) for term in listed} for action, listed in shown.items()}
    # The person's own language first: "ficha" hides in Swahili and is the card in Spanish.
    for language in (own, *(other for other in _DIALOGUE if other != own)):
        for action, listed in _DIALOGUE.get(language, {}).items():
            taken = set().union(*(terms for name, terms in found.items() if name != action))
            found[action] |= listed - taken
    return found


def steers(text: str, w: Words) -> str | None:
    """``back``, ``all`` or ``card``, or None for anything else."""
    said = folded(text)
    known = steering(w)
    return next((action for action in ("back", "all", "card") if said in known[action]), None)


def toggled(text: str, w: Words) -> tuple[str, str] | None:
    """``("hide", "e-mail")`` of "hide e-mail"; None for a text that says neither hide nor show."""
    said = folded(text)
    known = steering(w)
    for action in ("hide", "show"):
        for term in sorted(known[action], key=len, reverse=True):
            if said.startswith((f"{term} ", f"{term}:")):
                return action, said[len(term) + 1 :].strip(" :")
    return None


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Yes or no, about which post where that was said, and what was said besides."""

    agrees: bool
    number: int | None = None
    words: RichText = EMPTY


_FIRST = re.compile(r"\s*(?P<said>[^\n.,;:!]{1,40}?)\s*(?:#?(?P<number>\d{1,9}))?\s*(?P<end>[.,;:!\n–—]+|$)")


def decision(text: RichText, w: Words) -> Decision | None:
    """``yes``, ``NO 12``, ``No, the dose is wrong``; None where a text does not begin with yes or no.

    Words behind it count only after a punctuation mark: "No water in our clinic" is a post.
    """
    match = _FIRST.match(text.text)
    said = None if match is None else meaning(match["said"], w)
    if match is None or said not in ("yes", "no"):
        return None
    number = match["number"]
    return Decision(
        agrees=said == "yes", number=None if number is None else int(number), words=text[match.end() :].strip()
    )
