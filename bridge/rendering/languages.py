"""Languages as people name them, and which readers a text in one of them is for."""

import re
from functools import lru_cache

from babel import Locale, UnknownLocaleError

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


@lru_cache(maxsize=16)
def _names(locale: str) -> dict[str, str]:
    """Tags by name in one language; of several the shortest."""
    try:
        named = Locale.parse(locale, sep="-").languages
    except (UnknownLocaleError, ValueError):
        return {}
    ordered = sorted(named.items(), key=lambda item: (len(item[0]), item[0]), reverse=True)
    return {name.casefold(): tag.replace("_", "-") for tag, name in ordered}
