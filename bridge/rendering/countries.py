"""Countries by their ISO 3166 codes: understood as people write them in five languages, named in the reader's."""

import re
from difflib import get_close_matches
from functools import lru_cache

from babel import Locale

from bridge.core.hygiene import without_accents
from bridge.rendering.words import Words

_NAMED_IN = ("en", "fr", "pt", "pt_PT", "es", "sw")
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "ZZ", "XA", "XB"})
_CODE = re.compile(r"[A-Z]{2}")
# What CLDR calls otherwise, and people write all the same.
_ALSO = {
    "CD": "drc, dr congo, democratic republic of congo, democratic republic of the congo, congo kinshasa, rdc, "
    "rd congo, republique democratique du congo, republica democratica do congo, jamhuri ya kidemokrasia ya kongo, "
    "zaire",
    "CG": "congo brazzaville, republic of congo, republic of the congo, republique du congo, republica do congo, "
    "republica del congo, jamhuri ya kongo",
    "CI": "ivory coast, cote d ivoire, costa do marfim, costa de marfil",
    "CV": "cape verde, cabo verde, cap vert",
    "CZ": "czech republic, republique tcheque, republica checa",
    "GB": "uk, great britain, britain, england, scotland, wales, northern ireland, angleterre, grande bretagne, "
    "inglaterra, gran bretana, gra bretanha, uingereza, escocia, ecosse",
    "GM": "the gambia",
    "GW": "guinea bissau, guine bissau",
    "HK": "hong kong, hongkong",
    "IR": "islamic republic of iran",
    "KP": "dprk",
    "KR": "korea, republic of korea, coree, coreia, corea",
    "LA": "lao pdr, lao",
    "MO": "macau, macao",
    "MK": "macedonia, macedoine",
    "MM": "burma, birmanie, birmania",
    "MZ": "msumbiji, mocambique",
    "NL": "holland, hollande, holanda, the netherlands",
    "PH": "the philippines",
    "PS": "palestine, occupied palestinian territory, palestina",
    "RU": "russian federation",
    "ST": "sao tome",
    "SY": "syrian arab republic",
    "SZ": "swaziland, suazilandia, swazilandia",
    "TL": "east timor, timor oriental",
    "TR": "turkey",
    "TZ": "united republic of tanzania, zanzibar",
    "US": "usa, us, united states of america, etats unis d amerique, estados unidos da america, eua, eeuu, ee uu, "
    "america, marekani",
    "VA": "vatican, holy see",
    "VN": "viet nam",
    "ZA": "rsa, south africa",
}
_SEVERAL = frozenset({"congo", "kongo"})
"""Said of more than one country."""
_WORDS = frozenset({"no", "si", "la", "na", "ni", "sa", "ya"})
"""Two small letters that are an answer of another kind."""
_ARTICLES = re.compile(
    r"^(?:the|republic of|republique (?:du|de|d)|republica (?:do|da|de|del)|jamhuri ya|la|le|les|l|el|o|a|os|as) "
)


def _bare(text: str) -> str:
    """For comparing: no accents, marks or case."""
    return " ".join(re.sub(r"[^\w]+", " ", without_accents(text)).split())


@lru_cache(maxsize=1)
def _by_name() -> dict[str, str]:
    named: dict[str, str] = {}
    for spoken in _NAMED_IN:
        for code, name in Locale.parse(spoken).territories.items():
            if _CODE.fullmatch(code) and code not in _NO_COUNTRIES:
                named.setdefault(_bare(name), code)
                # "Myanmar (Burma)" is also called by what stands before the bracket.
                named.setdefault(_bare(name.split("(")[0]), code)
    for code, others in _ALSO.items():
        named.update((_bare(other), code) for other in others.split(","))
    return {name: code for name, code in named.items() if name not in _SEVERAL}


def is_code(text: str) -> bool:
    return bool(_CODE.fullmatch(text)) and text in Locale("en").territories and text not in _NO_COUNTRIES


def code_of(said: str) -> str:
    """The ISO 3166 code of a country that was named, or given as its two letters; empty where none is known.

    ``Kisumu, Kenya`` names one, too, where no other part names another.
    """
    if found := _one(said):
        return found
    parts = [part for part in re.split(r"[,;/()]| - ", said) if part.strip()]
    codes = {found for part in parts if len(parts) > 1 and (found := _one(part))}
    return codes.pop() if len(codes) == 1 else ""


def _one(said: str) -> str:
    text = said.strip(" .")
    # Only capitals: "do" and "la" are words. A flag is two letters of another alphabet.
    flag = "".join(chr(ord(char) - 0x1F1E6 + 65) for char in text if "\U0001f1e6" <= char <= "\U0001f1ff")
    small = text.upper() if text.islower() and text not in _WORDS else ""
    for letters in (text, flag, small):
        if is_code(letters):
            return letters
    bare = _bare(text)
    known = _by_name()
    shorter = _ARTICLES.sub("", bare)
    return known.get(bare, "") or known.get(shorter, "")


def like(said: str) -> str:
    """The code of the country whose name is nearly what was written; empty where none is."""
    close = get_close_matches(_bare(said), list(_by_name()), n=1, cutoff=0.8)
    return _by_name()[close[0]] if close else ""


def country_name(country: str, w: Words) -> str:
    """What a country is called in a reader's language; what is no code stays as it is."""
    return w.territory(country) if is_code(country) else country
