"""Numbers of telephones, as gateways and people write them. Pure."""

import re
from typing import Final

import phonenumbers

_SHORT: Final = re.compile(r"\+?(\d{3,6})")
"""Some gateways put a plus before short codes, too."""
_SIGNS: Final = re.compile(r"[\s().\-/\u00a0\u2010-\u2015\u200b-\u200f\u202a-\u202e\u2066-\u2069]+")
_ARABIC: Final = {ord(char): str(index % 10) for index, char in enumerate("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹")}


def read(text: str, country: str) -> str | None:
    """``+256772123456``, or the digits of a short code; None for what is neither.

    Gateways leave the plus out, write 00, or give the number as it is dialled at home.
    """
    text = _SIGNS.sub("", text.translate(_ARABIC)).removeprefix("tel:")
    if (short := _SHORT.fullmatch(text)) is not None:
        return short[1]
    if not re.fullmatch(r"\+?\d{7,17}", text):
        return None
    tried = [text] if text.startswith("+") else [text, f"+{text}"]
    if text.startswith("00"):  # which is not every country's own prefix: Uganda's is 000
        tried = [f"+{text.lstrip('0')}", text]
    for each in tried:
        try:
            number = phonenumbers.parse(each, country)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return None


def is_short(number: str) -> bool:
    """Is it a short code? Nobody reads there."""
    return not number.startswith("+")


def country_of(number: str) -> str:
    """``UG``; empty for what belongs to no country."""
    try:
        found = phonenumbers.region_code_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ""
    return found or ""


def masked(number: str) -> str:
    """For people who need not know all of it: ``+2567…456``."""
    return number if is_short(number) else f"{number[:5]}…{number[-3:]}"
