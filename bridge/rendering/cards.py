"""Author cards in their forms: one plain third-person paragraph, two lines, one line, or 40 characters of an SMS."""

import re
import unicodedata
from collections.abc import Mapping

from bridge.core.capabilities import Form
from bridge.core.card import AuthorCard, CardForm, Extra
from bridge.rendering import languages, sms
from bridge.rendering.countries import code_of, country_name, is_code
from bridge.rendering.words import Words

TAIL = 40
"""Septets of the shortest card."""
# The sound decides, not the letter: a university, a Ugandan nurse, one-off; an hour, an honorary fellow.
_LIKE_YOU_OR_ONE = re.compile(r"eu|one\b|once\b|u(?:ni|se|su|k|g|ro|te|ti)", re.IGNORECASE)
_SILENT_H = re.compile(r"hour|honou?r|honest|heir", re.IGNORECASE)
_SPELT = re.compile(r"[A-Z]{2,4}(?![A-Z])")
_EIGHT_OR_ELEVEN = re.compile(r"8|1[18](?!\d)")
_ARTICLE = re.compile(r"^an? (?!level\b)(?=\S)", re.IGNORECASE)
_REPRESENTATIVE = re.compile(r"country representative for (?P<country>.{1,60})", re.IGNORECASE)


def _takes_an(role: str) -> bool:
    """Is it "an editor", "an NGO worker", "an 8th-grade teacher"?"""
    first = unicodedata.normalize("NFD", role)[:1].lower()
    if _SPELT.match(role):
        return role[0] in "AEFHILMNORSX"  # letters whose names begin with a vowel
    if _SILENT_H.match(role) or _EIGHT_OR_ELEVEN.match(role):
        return True
    return first in tuple("aeiou") and not _LIKE_YOU_OR_ONE.match(role)


# --- its parts ---


def place(card: AuthorCard, w: Words) -> str:
    """Town and country, or what is known of them."""
    country = country_name(card.country, w)
    return w._("{town}, {country}", town=card.town, country=country) if card.town and country else card.town or country


def _name(card: AuthorCard, w: Words) -> str:
    """``Amina Okello, MD,``: what follows goes on with the sentence."""
    degrees = card.degrees.strip(" ,.")
    return w._("{name}, {degrees},", name=card.name, degrees=degrees) if degrees else card.name


def _sentence(card: AuthorCard, w: Words) -> str:
    name = _name(card, w)
    text = _said_of(name, card, w)
    # A language in which a comma follows the name anyway has one comma, not two.
    return name + text[len(name) + 1 :] if name.endswith(",") and text.startswith(f"{name},") else text


def _said_of(name: str, card: AuthorCard, w: Words) -> str:
    role = _ARTICLE.sub("", card.role, count=1) if w.language.startswith("en") else card.role
    values = {"name": name, "role": role, "organisation": card.organisation, "country": place(card, w)}
    organisation, country = values["organisation"], values["country"]
    if role.casefold().startswith("the "):
        return _the_only(values, w)
    if role:
        an = _takes_an(role)
        if organisation and country:
            return (
                w._("{name} is an {role} at {organisation}, {country}.", **values)
                if an
                else w._("{name} is a {role} at {organisation}, {country}.", **values)
            )
        if organisation:
            return (
                w._("{name} is an {role} at {organisation}.", **values)
                if an
                else w._("{name} is a {role} at {organisation}.", **values)
            )
        if country:
            return (
                w._("{name} is an {role} in {country}.", **values)
                if an
                else w._("{name} is a {role} in {country}.", **values)
            )
        return w._("{name} is an {role}.", **values) if an else w._("{name} is a {role}.", **values)
    if organisation and country:
        return w._("{name} works at {organisation}, {country}.", **values)
    if organisation:
        return w._("{name} works at {organisation}.", **values)
    if country:
        return w._("{name} writes from {country}.", **values)
    if card.new:
        return w._("{name} is a new member of {label}.", name=name, label=card.label)
    return w._("{name} is a member of {label}.", name=name, label=card.label)


def _the_only(values: dict[str, str], w: Words) -> str:
    """Of somebody who is the director, not a director."""
    if values["organisation"] and values["country"]:
        return w._("{name} is {role} at {organisation}, {country}.", **values)
    if values["organisation"]:
        return w._("{name} is {role} at {organisation}.", **values)
    if values["country"]:
        return w._("{name} is {role} in {country}.", **values)
    return w._("{name} is {role}.", **values)


def title(card: AuthorCard, w: Words) -> str:
    """``HIFA Country Representative for Kenya``: what a coordinator called them."""
    if not card.title:
        return ""
    match = _REPRESENTATIVE.fullmatch(card.title.strip(" ."))
    if match is not None:
        code = code_of(match["country"])
        country = country_name(code, w) if code else match["country"]
        return w._("{label} Country Representative for {country}", label=card.label, country=country)
    if card.title.casefold().startswith(card.label.casefold()):
        return card.title.rstrip(". ")
    return w._("{label} {title}", label=card.label, title=card.title.rstrip(". "))


def at_in_words(email: str) -> str:
    """``amina AT example.org``: read by people, and by fewer programs."""
    return " AT ".join(email.rsplit("@", 1))


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The wording for a language, of its base, in English, or the first there is."""
    known = {tag.casefold(): text for tag, text in texts.items()}
    for tag in (language.casefold(), languages.base(language), "en"):
        if tag in known:
            return known[tag]
    return next(iter(texts.values()), "")


# --- the four forms ---


def paragraph(card: AuthorCard, w: Words) -> str:
    """``HIFA profile: <name> is a <role> at <organisation>, <country>. Professional interests: <text>.``"""
    sentence = card.biography or _sentence(card, w)
    if sentence[-1:].isalnum():
        sentence += "."
    parts = [w._("{label} profile: {sentence}", label=card.label, sentence=sentence)]
    if not card.biography:
        if card.interests:
            parts.append(w._("Professional interests: {interests}.", interests=card.interests.rstrip(". ")))
        if card.languages:
            parts.append(w._("Languages: {languages}.", languages=languages.names(card.languages, w)))
        parts += [_told(extra, w) for extra in card.extra]
    shown = title(card, w)
    if shown and shown.casefold() not in card.biography.casefold():
        parts.append(f"{shown}.")
    address = at_in_words(card.email)
    if address and address not in card.biography and card.email not in card.biography:
        parts.append(w._("Email: {address}", address=address))
    return " ".join(parts)


def _told(extra: Extra, w: Words) -> str:
    named, value = in_language(extra.label, w.language).rstrip(": "), extra.value
    if extra.kind == "country":
        value = country_name(value, w)
    elif extra.kind == "languages":
        value = languages.names(value, w)
    return w._("{label}: {value}.", label=named, value=value.rstrip(". "))


def two_lines(card: AuthorCard, w: Words) -> str:
    """Who, and from where; the second line is left out where it would be empty."""
    known = [_whole_name(card), card.role]
    if card.new and not any((card.role, card.organisation, card.town, card.country)):
        known.append(w._("new member"))
    first = ", ".join(part for part in known if part)
    second = " · ".join(part for part in (", ".join(_where(card, w)), title(card, w), at_in_words(card.email)) if part)
    return "\n".join(part for part in (first, second) if part)


def _whole_name(card: AuthorCard) -> str:
    return ", ".join(part for part in (card.name, card.degrees.strip(" ,.")) if part)


def _where(card: AuthorCard, w: Words) -> list[str]:
    return [part for part in (card.organisation, place(card, w)) if part]


def one_line(card: AuthorCard, w: Words) -> str:
    """Name, role, organisation, town and country."""
    return ", ".join(part for part in (card.name, card.role, *_where(card, w)) if part)


def tail(card: AuthorCard, w: Words) -> str:
    """Name, role and country, as much of them as fits into 40 characters of an SMS.

    What must give way does so in this order: the organisation, the country's name for its two letters, the end of the
    role, the role, the country, the end of the name. Letters that a keypad's alphabet lacks lose what is above and
    below them; of other scripts, 40 UTF-16 units are counted.
    """
    name, role, organisation = _plain(card.name) or "?", _plain(card.role), _plain(card.organisation)
    country = _plain(country_name(card.country, w))
    letters = card.country if is_code(card.country) else country
    offered = [(name, role, organisation, country), (name, role, country), (name, role, letters)]
    offered += [(name, shorter, where) for shorter in _shorter(role, w) for where in (country, letters)]
    offered += [(name, country), (name, letters), (name,)]
    for parts in offered:
        text = ", ".join(part for part in parts if part)
        if _units(text) <= TAIL:
            return text
    return _cut(name)


def _plain(text: str) -> str:
    return sms.to_gsm7(" ".join(text.split()), accents=True).strip(" ,;")


def _units(text: str) -> int:
    return sms.segments(text).units


_LINKING = frozenset(
    re.findall(r"\w+", "a an and at for in of on the to with de des du da do dos la le les et y e en na wa ya za")
)
"""Words that announce another: nothing ends with them."""
_ENDS = " ,;:-(&/"


def _shorter(role: str, w: Words) -> list[str]:
    """A role in fewer words, most first, as long as something is left that says what it is.

    A health worker remains of a "community health worker", a lecturer of a "lecturer in public health".
    """
    words = role.split(" ")
    linked = any(word.casefold() in _LINKING for word in words)
    counts = range(len(words) - 1, 0, -1)
    if not w.language.startswith("en"):  # in the others what is most general comes first
        shorter = [" ".join(words[:count]) for count in counts]
    elif not linked:
        shorter = [" ".join(words[-count:]) for count in counts]
    else:
        shorter = [" ".join(words[:count]) for count in counts if words[count].casefold() in _LINKING]
    found = [text.strip(_ENDS) for text in shorter]
    return [text for text in found if len(text) > 3 and text.rsplit(" ", 1)[-1].casefold() not in _LINKING]


def _cut(name: str) -> str:
    """A name's first words, else its first characters, each of them whole."""
    words = name.split(" ")
    for count in range(len(words) - 1, 0, -1):
        text = " ".join(words[:count])
        if _units(text) <= TAIL:
            return text
    kept = name
    while _units(kept) > TAIL:
        kept = kept[:-1]
        while len(kept) > 1 and (unicodedata.combining(name[len(kept)]) or name[len(kept)] in "\u200d\ufe0f"):
            kept = kept[:-1]  # what stands on a character goes with it
    return kept.rstrip("\u200d ")


def shown_in(form: Form, card: AuthorCard, w: Words, wanted: CardForm = CardForm.DEFAULT) -> str:
    """The card in the form that a chat bears, or in another that its community chose for it."""
    if wanted is CardForm.DEFAULT:
        wanted = CardForm.TAIL if form is Form.LINE else CardForm.PARAGRAPH
    match wanted:
        case CardForm.TWO_LINES:
            return two_lines(card, w)
        case CardForm.LINE:
            return one_line(card, w)
        case CardForm.TAIL:
            return tail(card, w)
        case _:
            return paragraph(card, w)
