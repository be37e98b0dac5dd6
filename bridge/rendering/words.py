"""The message catalogues: every word a member or a moderator is shown goes through here.

The English text is the key; a language is a file ``locales/<language>/LC_MESSAGES/baraza.po`` and needs no build step.
Extract with ``make messages``.
"""

import gettext
import re
from datetime import UTC, datetime
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, get_day_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from bridge.core.money import Price

LOCALES = Path(__file__).parent / "locales"
SOURCE_LANGUAGE = "en"
_TAG = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}")


class Words:
    """One language. Falls back to the source text where a translation is missing."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._locale = Locale.parse(language, sep="-")
        self._catalogue = gettext.NullTranslations()
        path = LOCALES / language.replace("-", "_") / "LC_MESSAGES" / "baraza.po"
        if path.exists():
            compiled = BytesIO()
            with path.open("rb") as file:
                write_mo(compiled, read_po(file, locale=self._locale))
            compiled.seek(0)
            self._catalogue = gettext.GNUTranslations(compiled)

    def _(self, source: str, **values: object) -> str:
        """A sentence, with its ``{named}`` places filled in."""
        text = self._catalogue.gettext(source)
        return text.format(**values) if values else text

    def ngettext(self, one: str, many: str, count: int, **values: object) -> str:
        """A sentence that depends on a number; ``{count}`` is filled in."""
        return self._catalogue.ngettext(one, many, count).format(count=self.number(count), **values)

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self._locale)

    def money(self, price: Price) -> str:
        """``KES 1.60``; as many decimals as the price has, for one SMS may cost less than the smallest coin."""
        whole = price.amount == price.amount.to_integral_value()
        amount = format_decimal(price.amount, format="#,##0" if whole else "#,##0.00####", locale=self._locale)
        return f"{price.currency} {amount}"

    def size(self, count: int) -> str:
        """A file's size as people say it: 82 kB, 1.4 MB."""
        if count < 1000:
            return f"{self.number(count)} B"
        if count < 999_500:
            return f"{self.number(round(count / 1000))} kB"
        return f"{format_decimal(count / 1_000_000, format='#,##0.#', locale=self._locale)} MB"

    def time(self, moment: datetime, zone: ZoneInfo | None = None, *, seconds: bool = False) -> str:
        """A moment within some days, as people of that time zone say it; in UTC, told so, where there is none."""
        local = moment.astimezone(zone or UTC)
        clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
        name = "UTC" if zone is None else local.tzname() or ""
        named = name if name.isalpha() else f"UTC{local:%z}"[:6].removesuffix("+00")
        return f"{local:%d.%m.} {clock} {named}"

    def date(self, moment: datetime, zone: ZoneInfo | None = None) -> str:
        """A day, with its year."""
        return str(format_date(moment.astimezone(zone or UTC), "d MMM y", locale=self._locale))

    def month(self, year: int, month: int) -> str:
        """``March 2026``."""
        return str(format_skeleton("yMMMM", datetime(year, month, 1, tzinfo=UTC), locale=self._locale))

    @property
    def direction(self) -> str:
        """``rtl`` for languages that are written from right to left."""
        return "rtl" if self._locale.text_direction == "rtl" else "ltr"

    def weekday(self, number: int) -> str:
        """What a day is called; Monday is 0."""
        name = str(get_day_names("wide", context="stand-alone", locale=self._locale)[number])
        return name[:1].upper() + name[1:]

    def territory(self, code: str) -> str:
        """What a country is called in this one; its code where nobody knows."""
        return str(self._locale.territories.get(code, code))

    def language_name(self, tag: str) -> str:
        """What a language is called in this one; its tag where nobody knows."""
        try:
            return Locale.parse(tag, sep="-").get_display_name(self._locale) or tag
        except (UnknownLocaleError, ValueError):
            return tag


def catalogues() -> tuple[str, ...]:
    """The languages in which members and readers are spoken to, as tags."""
    found = (path.name.replace("_", "-") for path in LOCALES.iterdir() if path.is_dir())
    return (SOURCE_LANGUAGE, *sorted(found))


@lru_cache(maxsize=64)
def words(language: str) -> Words:
    """The catalogue for a BCP 47 tag; its base language, then English, where there is none."""
    for candidate in (language, language.split("-")[0].split("_")[0], SOURCE_LANGUAGE):
        if not _TAG.fullmatch(candidate):  # it comes from strangers' apps, and becomes part of a path
            continue
        try:
            if candidate == SOURCE_LANGUAGE or (LOCALES / candidate.replace("-", "_")).is_dir():
                return Words(candidate)
        except (UnknownLocaleError, ValueError):
            continue
    return Words(SOURCE_LANGUAGE)
