"""Countries by code or by name, in any language that libphonenumber knows them in."""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from phonenumbers import SUPPORTED_REGIONS

_LETTERS = re.compile(r"[^\w]+")

# What people write and no list of names has.
_ALSO = {
    "britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "great britain": "GB",
    "uk": "GB",
    "eire": "IE",
    "republic of ireland": "IE",
    "usa": "US",
    "united states of america": "US",
    "the united states": "US",
    "america": "US",
    "uae": "AE",
    "rsa": "ZA",
    "holland": "NL",
    "the netherlands": "NL",
    "czechia": "CZ",
    "czech republic": "CZ",
    "korea": "KR",
    "republic of korea": "KR",
    "turkey": "TR",
    "turkiye": "TR",
    "russian federation": "RU",
    "viet nam": "VN",
    "ivory coast": "CI",
    "channel islands": "JE",
    "hong kong": "HK",
    "macau": "MO",
    "swaziland": "SZ",
    "cape verde": "CV",
    "burma": "MM",
    "macedonia": "MK",
}


@cache
def alpha2(text: str) -> str | None:
    """The ISO 3166-1 code, upper case, of a code or a name; None where it is neither.

    >>> alpha2("United Kingdom"), alpha2("gb"), alpha2("Deutschland"), alpha2("Atlantis")
    ('GB', 'GB', 'DE', None)
    """
    code = text.strip().upper()
    if code in SUPPORTED_REGIONS or (len(code) == 2 and code in _names()):
        return code
    name = _plain(text)
    # English first: where two languages disagree about a name ("Niger", "Guinea"), the English one wins.
    return _ALSO.get(name) or _by_name(english=True).get(name) or _by_name(english=False).get(name)


def _plain(name: str) -> str:
    bare = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return _LETTERS.sub(" ", bare.replace("&", " and ")).strip()


@cache
def _names() -> dict[str, dict[str, str]]:
    from phonenumbers.geodata.locale import LOCALE_DATA  # 250 kB, needed only where countries are named

    return {code: names for code, names in LOCALE_DATA.items() if len(code) == 2}


@cache
def _by_name(english: bool) -> dict[str, str]:
    found: dict[str, str] = {}
    for code, names in _names().items():
        for language, name in names.items():
            # "aa" stands for names that most languages share with English, "*en" for "as in English".
            if (language in ("aa", "en")) == english and not name.startswith("*"):
                found.setdefault(_plain(name), code)
    return found
