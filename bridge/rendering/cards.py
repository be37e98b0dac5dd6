"""Author cards in their forms: one plain third-person paragraph, or one line where every character costs."""

from bridge.core.card import AuthorCard
from bridge.rendering.words import Words


def _article(role: str) -> str:
    return "an" if role[:1].lower() in "aeiou" else "a"


def _sentence(card: AuthorCard, w: Words) -> str:
    values = {"name": card.name, "role": card.role, "organisation": card.organisation, "country": card.country}
    if card.role:
        an = _article(card.role) == "an"
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
