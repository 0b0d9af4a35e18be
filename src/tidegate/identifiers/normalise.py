"""Identifiers as platforms want them: normalised and hashed, a column at a time.

A rule is a polars expression from text to text; null is "nothing that a platform could match". The rules
for names, places and dates are those of Meta's customer information parameters
(developers.facebook.com/docs/marketing-api/conversions-api/parameters/customer-information-parameters,
read 2026-01-09) and of its customer file audiences (.../marketing-api/audiences/guides/custom-audiences);
the golden vectors in the tests say so one by one. Another platform with other wishes gets another rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import duckdb
import polars as pl

from tidegate import queries
from tidegate.connector import Identifier
from tidegate.identifiers.countries import alpha2
from tidegate.identifiers.phones import e164
from tidegate.identifiers.states import US_STATES

Rule = Callable[[pl.Expr], pl.Expr]

_HASHED = r"^[0-9a-fA-F]{64}$"
_YEAR_FIRST = r"^(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?:[T ].*)?$"
_MONTH_FIRST = r"^(\d{1,2})/(\d{1,2})/(\d{4})$"


def as_sent(frame: pl.DataFrame, identifiers: Mapping[str, Identifier], *, region: str | None = None) -> pl.DataFrame:
    """The columns of `frame` that `identifiers` names, as the platform takes them; null where empty or invalid.

    Values are text (anything else is written out as text first). A column `country`, as ISO code or name,
    tells how telephone numbers without a calling code are read; `region` is the country of those who have
    none. Where the platform wants a hash, values that are 64 hexadecimal digits are taken for hashed already.

    >>> as_sent(pl.DataFrame({"email": [" Ada@Example.com"]}), {"email": Identifier("email")})["email"].to_list()
    ['ada@example.com']
    """
    columns = [name for name in frame.columns if name in identifiers]
    text = frame.select(pl.all().cast(pl.String).str.strip_chars())
    regions = _regions(text, region) if any(identifiers[name].rule in _PHONES for name in columns) else None
    return pl.DataFrame({name: _column(text[name], identifiers[name], regions) for name in columns})


def rules() -> frozenset[str]:
    """Every rule that an `Identifier` may name."""
    return frozenset(_RULES) | frozenset(_PHONES) | {"country"}


def _column(values: pl.Series, wanted: Identifier, regions: pl.Series | None) -> pl.Series:
    sent = _apply(wanted.rule, values, regions)
    if wanted.hash is None:
        return sent
    already = values.str.contains(_HASHED)
    if not already.any():
        return _sha256(sent)
    return (
        pl.select(pl.when(already).then(values.str.to_lowercase()).otherwise(_sha256(sent)))
        .to_series()
        .alias(values.name)
    )


def _apply(rule: str, values: pl.Series, regions: pl.Series | None) -> pl.Series:
    if rule in _PHONES:
        return values.to_frame().select(_PHONES[rule](pl.lit(e164(values, regions)))).to_series().alias(values.name)
    if rule == "country":
        codes = _countries(values)
        return codes.str.to_lowercase().alias(values.name)
    column = values.to_frame("value").select(_RULES[rule](pl.col("value"))).to_series()
    return pl.select(pl.when(column != "").then(column)).to_series().alias(values.name)


def _regions(text: pl.DataFrame, region: str | None) -> pl.Series:
    default = alpha2(region) if region else None
    if "country" not in text.columns:
        return pl.repeat(default, text.height, dtype=pl.String, eager=True)
    return _countries(text["country"]).fill_null(default) if default else _countries(text["country"])


def _countries(values: pl.Series) -> pl.Series:
    distinct = values.drop_nulls().unique()
    codes = pl.Series([alpha2(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, codes, default=None, return_dtype=pl.String)


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


def _sha256(values: pl.Series) -> pl.Series:
    # DuckDB hashes a million values in 0.2 s on two cores; hashlib, one by one, needs 0.8 s.
    cursor = _engine().cursor()
    try:
        cursor.register("given", values.to_frame("value").to_arrow())
        hashed: pl.Series = cursor.sql(queries.text("identifiers/sha256")).pl()["hashed"]
        return hashed.alias(values.name)
    finally:
        cursor.close()


def _email(text: pl.Expr) -> pl.Expr:
    lower = text.str.to_lowercase().str.normalize("NFC")
    return pl.when(lower.str.contains(r"^[^\s@,;<>]+@[^\s@,;<>.]+(\.[^\s@,;<>.]+)+$")).then(lower)


def _name(text: pl.Expr) -> pl.Expr:
    """Lower case, no punctuation; letters with accents and of other scripts stay, in UTF-8."""
    letters = text.str.to_lowercase().str.normalize("NFC").str.replace_all(r"[^\p{L}\p{M}\s]", "")
    return letters.str.replace_all(r"\s+", " ").str.strip_chars()


def _place(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.normalize("NFC").str.replace_all(r"[^\p{L}\p{M}]", "")


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


def _date_part(form: str, least: int, most: int) -> Rule:
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


_RULES: dict[str, Rule] = {
    "plain": lambda text: text,
    "email": _email,
    "name": _name,
    "initial": lambda text: _name(text).str.slice(0, 1),
    "city": _place,
    "state": _state,
    "postcode": _postcode,
    "gender": _gender,
    "date_of_birth": lambda text: _date(text).dt.to_string("%Y%m%d"),
    "birth_year": _date_part("%Y", 1900, 2100),
    "birth_month": _date_part("%m", 1, 12),
    "birth_day": _date_part("%d", 1, 31),
    "mobile_advertiser_id": _mobile_advertiser_id,
}

_PHONES: dict[str, Rule] = {
    "phone": lambda number: number,
    "phone_digits": lambda number: number.str.strip_chars_start("+"),
}
