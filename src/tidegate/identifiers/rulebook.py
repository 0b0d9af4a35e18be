"""The rules: from a column of what people wrote to a column of what a platform hashes or takes.

A rule is a polars expression from text to text; null is "nothing that a platform could match", and is never
hashed. Which platform wants which rule, and where that is written, is in `platforms`. Rules for telephone
numbers begin with E.164 and those for countries with the ISO 3166-1 code, upper case.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tidegate.identifiers.states import US_STATES

Expression = Callable[[pl.Expr], pl.Expr]

_YEAR_FIRST = r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?$"
_MONTH_FIRST = r"^(\d{1,2})/(\d{1,2})/(\d{4})$"
_TITLES = r"^(?:mr|mrs|ms|miss|mx|dr|prof)(?:\.\s*|\s+)"
_SUFFIXES = r"(?:,\s*|\s+)(?:jr|sr|ii|iii|iv|phd)\.?$"


@dataclass(frozen=True, slots=True)
class Rule:
    """`words` say on the page what becomes of a value. `starts`: what the expression is given."""

    make: Expression
    words: str
    starts: Literal["text", "phone", "country"] = "text"


def _address(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(r"^[^\s\p{C}@,;<>]+@[^\s\p{C}@,;<>.]+(\.[^\s\p{C}@,;<>.]+)+$")).then(text)


def _lower(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().map_batches(_composed, return_dtype=pl.String)


def _composed(values: pl.Series) -> pl.Series:
    """In NFC, which ASCII is already: to look at that costs a tenth."""
    beyond = (values.str.len_bytes() != values.str.len_chars()).arg_true()
    return values.clone().scatter(beyond, values.gather(beyond).str.normalize("NFC")) if len(beyond) else values


def _email_no_spaces(text: pl.Expr) -> pl.Expr:
    return _address(_lower(text).str.replace_all(r"\s+", ""))


def _email_gmail(text: pl.Expr) -> pl.Expr:
    lower = _email_no_spaces(text)
    user, host = lower.str.extract(r"^([^@+]+)(?:\+[^@]*)?@"), lower.str.extract(r"(@.*)$")
    bare = user.str.replace_all(".", "", literal=True)
    gmail = host.is_in(["@gmail.com", "@googlemail.com"])
    return pl.when(gmail & (bare != "")).then(bare + host).when(~gmail).then(lower)


def _name(text: pl.Expr) -> pl.Expr:
    """Letters with accents and of other scripts stay, in UTF-8."""
    letters = _lower(text).str.replace_all(r"[^\p{L}\p{M}\s]", "")
    return letters.str.replace_all(r"\s+", " ").str.strip_chars()


def _place(text: pl.Expr) -> pl.Expr:
    return _lower(text).str.replace_all(r"[^\p{L}\p{M}]", "")


def _state(text: pl.Expr) -> pl.Expr:
    place = _place(text)
    return place.replace_strict(US_STATES, default=place)


def _postcode(text: pl.Expr) -> pl.Expr:
    bare = text.str.to_lowercase().str.replace_all(r"\s+", "")
    plus_four = bare.str.extract(r"^(\d{5})-\d{4}$", 1)
    return pl.coalesce(plus_four, bare.str.replace_all(r"[^\p{L}\p{N}]", ""))


def _gender(text: pl.Expr) -> pl.Expr:
    first = text.str.to_lowercase()
    return (
        pl.when(first.is_in(["m", "male", "man"]))
        .then(pl.lit("m"))
        .when(first.is_in(["f", "female", "woman", "w"]))
        .then(pl.lit("f"))
    )


def _date(text: pl.Expr) -> pl.Expr:
    """A date from `1997-02-16` (with or without a time), `19970216` or, as Meta writes it, `2/16/1997`."""
    year_first = pl.concat_str([text.str.extract(_YEAR_FIRST, group) for group in (1, 2, 3)], separator="-")
    month_first = pl.concat_str([text.str.extract(_MONTH_FIRST, group) for group in (3, 1, 2)], separator="-")
    found = pl.coalesce(year_first, month_first).str.to_date("%Y-%m-%d", strict=False)
    return pl.when(found.dt.year() >= 1900).then(found)


def _date_part(form: str, least: int, most: int) -> Expression:
    """A part of a date, from the date or from the part itself."""

    def part(text: pl.Expr) -> pl.Expr:
        number = text.cast(pl.Int64, strict=False)
        width = len(str(most))
        alone = pl.when(number.is_between(least, most)).then(number.cast(pl.String).str.zfill(width))
        return pl.coalesce(_date(text).dt.to_string(form), alone)

    return part


def _mobile_advertiser_id(text: pl.Expr) -> pl.Expr:
    lower = text.str.to_lowercase()
    # All zeros is what a telephone gives whose owner has opted out.
    usable = lower.str.contains(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$") & ~lower.str.contains(r"^[0-]+$")
    return pl.when(usable).then(lower)


RULES: dict[str, Rule] = {
    "plain": Rule(lambda text: text, "as it is, no spaces around"),
    "email": Rule(lambda text: _address(_lower(text)), "lower case, no spaces around"),
    "email_no_spaces": Rule(_email_no_spaces, "lower case, no spaces anywhere"),
    "email_gmail": Rule(
        _email_gmail,
        "lower case, no spaces anywhere; at gmail.com and googlemail.com no dots before the @, and nothing from a + on",
    ),
    "phone": Rule(lambda number: number, "E.164: plus, calling code and number, digits only", "phone"),
    "phone_digits": Rule(
        lambda number: number.str.strip_chars_start("+"),
        "digits with the calling code, no plus, no zeros in front",
        "phone",
    ),
    "name": Rule(_name, "lower case, no punctuation; accents and other scripts stay"),
    "given_name": Rule(
        lambda text: _name(_lower(text).str.replace(_TITLES, "")),
        "lower case, no punctuation, no title in front (`Mrs.`); accents and other scripts stay",
    ),
    "family_name": Rule(
        lambda text: _name(_lower(text).str.replace(_SUFFIXES, "")),
        "lower case, no punctuation, nothing after the name (`Jr.`); accents and other scripts stay",
    ),
    "initial": Rule(lambda text: _name(text).str.slice(0, 1), "the first letter, lower case"),
    "city": Rule(_place, "lower case, letters only"),
    "state": Rule(_state, "two letters in the USA, else as a city"),
    "postcode": Rule(_postcode, "lower case, no spaces or dashes; in the USA five digits"),
    "country": Rule(lambda code: code.str.to_lowercase(), "two letters, lower case, from a code or a name", "country"),
    "country_upper": Rule(lambda code: code, "two letters, upper case, from a code or a name", "country"),
    "gender": Rule(_gender, "`f` or `m`"),
    "date_of_birth": Rule(lambda text: _date(text).dt.to_string("%Y%m%d"), "eight digits, year first"),
    "birth_year": Rule(_date_part("%Y", 1900, 2100), "four digits, from a date or from the year itself"),
    "birth_month": Rule(_date_part("%m", 1, 12), "two digits, from a date or from the month itself"),
    "birth_day": Rule(_date_part("%d", 1, 31), "two digits, from a date or from the day itself"),
    "mobile_advertiser_id": Rule(_mobile_advertiser_id, "lower case, with hyphens; all zeros (opted out) is left out"),
}
