"""Languages as people name them, and which readers a text in one of them is for."""

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError

from bridge.rendering.words import Words

_TAG = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,2}", re.IGNORECASE)
_ENGLISH = Locale("en")
_NAMED_IN = ("en", "fr", "pt", "es", "sw")


def base(tag: str) -> str:
    """``pt`` of ``pt-BR``."""
    return re.split("[-_]", tag.casefold(), maxsplit=1)[0]


def tag_of(said: str, *spoken: str) -> str:
    """The BCP 47 tag of a language that was named: ``fr``, ``pt-BR``, ``French``, ``français``; empty for no language.

    Names are understood in the languages of the catalogues, and in those ``spoken`` besides (tags).
    """
    said = " ".join(said.split()).strip(" .")
    if _TAG.fullmatch(said) and base(said) in _ENGLISH.languages:
        first, *rest = re.split("[-_]", said)
        return "-".join([first.lower(), *(part.upper() if len(part) == 2 else part.title() for part in rest)])
    named = (_names(locale).get(said.casefold()) for locale in (*spoken, *_NAMED_IN))
    return next((tag for tag in named if tag), "")


_APART = re.compile(r"\s*(?:[,;/+&\n]|\b(?:and|et|e|y|na)\b)\s*", re.IGNORECASE)


def tags_of(said: str, *spoken: str) -> tuple[str, ...]:
    """The languages somebody names, as tags where they are known and else as they were written, each once."""
    parts = [part.strip(" .") for part in _APART.split(said)]
    return tuple(dict.fromkeys(tag_of(part, *spoken) or part for part in parts if part))


def is_known(tag: str) -> bool:
    """Is it a tag, and no language that was written as only its speakers call it?"""
    return bool(_TAG.fullmatch(tag)) and base(tag) in _ENGLISH.languages and tag[:1].islower()


def names(stored: str, w: Words) -> str:
    """``en, sw, Kikuyu`` as a reader calls them."""
    listed = [part.strip() for part in stored.split(",")]
    return ", ".join(w.language_name(part) if is_known(part) else part for part in listed if part)


@lru_cache(maxsize=16)
def _names(locale: str) -> dict[str, str]:
    """Tags by name in one language; of several the shortest."""
    try:
        named = Locale.parse(locale, sep="-").languages
    except (UnknownLocaleError, ValueError):
        return {}
    ordered = sorted(named.items(), key=lambda item: (len(item[0]), item[0]), reverse=True)
    return {name.casefold(): tag.replace("_", "-") for tag, name in ordered}
