"""The questions of a community's profile: what they are called, what an answer to each must be, how it is shown."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.core.community import Community
from bridge.core.hygiene import clean_field, clean_name
from bridge.core.membership import FieldKind, ProfileField
from bridge.members.answers import folded
from bridge.rendering import languages
from bridge.rendering.cards import in_language
from bridge.rendering.countries import code_of, country_name, like
from bridge.rendering.words import Words, words

BIOGRAPHY = "biography"
"""Among what can be hidden: the curated text."""
_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64})*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)
_SENTENCE = 4
"""From so many words on, a text without an address is no attempt at one."""


def label(field: ProfileField, w: Words) -> str:
    """What a field is called, in few words."""
    if field.label:
        return in_language(field.label, w.language)
    match field.id:
        case "name":
            return w._("Full name")
        case "degrees":
            return w._("Degrees")
        case "role":
            return w._("Role")
        case "organisation":
            return w._("Organisation")
        case "town":
            return w._("Town")
        case "country":
            return w._("Country")
        case "interests":
            return w._("Professional interests")
        case "languages":
            return w._("Languages")
        case "email":
            return w._("E-mail")
        case _:
            return field.id.replace("_", " ")


def names_of(field_ids: Iterable[str], community: Community, w: Words) -> str:
    """``Role, Country``, in the order of the questions."""
    wanted = set(field_ids)
    return ", ".join(label(field, w) for field in community.members.fields if field.id in wanted)


def question(field: ProfileField, w: Words) -> str:
    """What a member is asked."""
    if field.question:
        return in_language(field.question, w.language)
    match field.id:
        case "name":
            return w._("What is your full name, as readers should see it?")
        case "degrees":
            return w._("Your degrees or diplomas, if readers should see them? For example: MD, MPH.")
        case "role":
            return w._("What is your role? For example: community health worker, midwife, librarian.")
        case "organisation":
            return w._("Where do you work? The clinic, organisation or community.")
        case "town":
            return w._("In which town or district?")
        case "country":
            return w._("In which country?")
        case "interests":
            return w._("What are you interested in professionally? A few words.")
        case "languages":
            return w._("Which languages do you speak? For example: English, Swahili.")
        case "email":
            return w._("Your e-mail address? Readers see it only if you say so.")
        case _:
            return f"{label(field, w)}?"


def position(community: Community, field_id: str) -> int:
    """Its number among the community's questions, from one on."""
    return [field.id for field in community.members.fields].index(field_id) + 1


def named(said: str, community: Community, w: Words) -> ProfileField | None:
    """The field that is meant by its number, id or label, in the person's language or in English."""
    wanted = folded(said).strip("#.:")
    for number, field in enumerate(community.members.fields, 1):
        names = {field.id, field.id.replace("_", " "), label(field, w), label(field, words("en"))}
        if wanted == str(number) or wanted in {folded(name) for name in names}:
            return field
        if field.id == "email" and wanted == "email":
            return field
    return None


def leading(said: str, community: Community, w: Words) -> tuple[ProfileField, str] | None:
    """``country Kenya``: a field and what follows its name, which may be nothing."""
    parts = said.split()
    for count in range(min(len(parts), 5), 0, -1):
        field = named(" ".join(parts[:count]), community, w)
        if field is not None:
            return field, " ".join(parts[count:])
    return None


def shown(field: ProfileField, value: str, w: Words) -> str:
    """A stored answer in a reader's language."""
    match field.kind:
        case FieldKind.COUNTRY:
            return country_name(value, w)
        case FieldKind.LANGUAGES:
            return languages.names(value, w)
        case _:
            return value


# --- checking ---


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What became of an answer: a value to store, or what is to be said about it."""

    value: str = ""
    problem: str = ""
    doubtful: bool = False
    """Said a second time, it is kept as it is."""
    guess: str = ""
    """What it may have been meant for; "yes" takes it."""


def check(field: ProfileField, said: str, w: Words) -> Checked | None:
    """Look at an answer by the kind of its field. None for a text that is no answer: a message of its own, then."""
    text = clean_field(said)
    if "?" in said or "؟" in said:
        return None
    if field.kind in (FieldKind.NAME, FieldKind.COUNTRY) and len(text.split()) > 8:
        return None
    if not text:
        return Checked(problem=w._("I could read nothing in that. Please write it again."))
    match field.kind:
        case FieldKind.EMAIL:
            return _email(text, w)
        case FieldKind.COUNTRY:
            found = _country(text, w)
        case FieldKind.LANGUAGES:
            found = _languages(text, w)
        case FieldKind.NAME:
            found = Checked(value=clean_field(text).rstrip(".,;") if len(text) > field.limit else clean_name(text, ""))
        case _:
            found = Checked(value=text.rstrip(". "))
    if not found.problem and len(found.value) > field.limit:
        note = w._("That is long for an answer. Please say it in at most {limit} characters.", limit=field.limit)
        return Checked(problem=note)
    return found


def _email(text: str, w: Words) -> Checked | None:
    address = re.sub(r"\s+AT\s+", "@", text).removeprefix("mailto:").strip(" <>.,;")
    if _EMAIL.fullmatch(address) and len(address) <= 254:
        local, _, domain = address.rpartition("@")
        return Checked(value=f"{local}@{domain.lower()}")
    if "@" not in text and len(text.split()) > _SENTENCE:
        return None
    return Checked(problem=w._("That is no e-mail address. Please write it like amina@example.org."))


def _country(text: str, w: Words) -> Checked:
    if code := code_of(text):
        return Checked(value=code)
    guess = like(text)
    if guess:
        problem = w._(
            "I do not know a country called “{said}”. Do you mean {country}? Write yes, or the country again.",
            said=text,
            country=country_name(guess, w),
        )
    else:
        problem = w._(
            "I do not know a country called “{said}”. Please write its name or its two letters (KE). Written the same "
            "way again, I keep it as it is.",
            said=text,
        )
    return Checked(value=text, problem=problem, doubtful=True, guess=guess)


def _languages(text: str, w: Words) -> Checked:
    found = languages.tags_of(text, w.language)
    value = ", ".join(found)
    if any(languages.is_known(tag) for tag in found):
        return Checked(value=value)
    problem = w._(
        "I do not know a language called “{said}”. Please write it again with commas between the languages. Written "
        "the same way again, I keep it as it is.",
        said=text,
    )
    return Checked(value=value, problem=problem, doubtful=True)
