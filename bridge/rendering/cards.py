"""Author cards in their forms: one plain third-person paragraph, or one line where every character costs."""

import re
import unicodedata

from bridge.core.card import AuthorCard
from bridge.rendering.words import Words

# The sound decides, not the letter: a university, a Ugandan nurse, one-off; an hour, an honorary fellow.
_LIKE_YOU_OR_ONE = re.compile(r"eu|one\b|once\b|u(?:ni|se|su|k|g|ro|te|ti)", re.IGNORECASE)
_SILENT_H = re.compile(r"hour|honou?r|honest|heir", re.IGNORECASE)
_SPELT = re.compile(r"[A-Z]{2,4}(?![A-Z])")
_EIGHT_OR_ELEVEN = re.compile(r"8|1[18](?!\d)")


def _takes_an(role: str) -> bool:
    """Is it "an editor", "an NGO worker", "an 8th-grade teacher"?"""
    first = unicodedata.normalize("NFD", role)[:1].lower()
    if _SPELT.match(role):
        return role[0] in "AEFHILMNORSX"  # letters whose names begin with a vowel
    if _SILENT_H.match(role) or _EIGHT_OR_ELEVEN.match(role):
        return True
    return first in tuple("aeiou") and not _LIKE_YOU_OR_ONE.match(role)


def _sentence(card: AuthorCard, w: Words) -> str:
    values = {"name": card.name, "role": card.role, "organisation": card.organisation, "country": card.country}
    if card.role:
        an = _takes_an(card.role)
        if card.organisation and card.country:
            return (
                w._("{name} is an {role} at {organisation}, {country}.", **values)
                if an
                else w._("{name} is a {role} at {organisation}, {country}.", **values)
            )
        if card.organisation:
            return (
                w._("{name} is an {role} at {organisation}.", **values)
                if an
                else w._("{name} is a {role} at {organisation}.", **values)
            )
        if card.country:
            return (
                w._("{name} is an {role} in {country}.", **values)
                if an
                else w._("{name} is a {role} in {country}.", **values)
            )
        return w._("{name} is an {role}.", **values) if an else w._("{name} is a {role}.", **values)
    if card.organisation and card.country:
        return w._("{name} works at {organisation}, {country}.", **values)
    if card.organisation:
        return w._("{name} works at {organisation}.", **values)
    if card.country:
        return w._("{name} writes from {country}.", **values)
    return w._("{name} is a member of {label}.", name=card.name, label=card.label)


def paragraph(card: AuthorCard, w: Words) -> str:
    """``HIFA profile: <name> is a <role> at <organisation>, <country>. Professional interests: <text>.``"""
    text = w._("{label} profile: {sentence}", label=card.label, sentence=_sentence(card, w))
    if card.interests:
        text += " " + w._("Professional interests: {interests}.", interests=card.interests.rstrip(". "))
    return text


def one_line(card: AuthorCard) -> str:
    """Name, role, organisation, country: for chats where every character costs."""
    return ", ".join(part for part in (card.name, card.role, card.organisation, card.country) if part)
