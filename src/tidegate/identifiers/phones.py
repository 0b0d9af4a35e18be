"""Telephone numbers in E.164, a column at a time.

`phonenumbers` is right but slow (80,000 numbers a second). Most numbers need none of its care: they have a
plus, or nothing that a national prefix or an international one could be confused with. Those are told
apart by the same metadata that it uses, a calling code or region at a time; the rest go through it, once
for each distinct value.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import phonenumbers
import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, ValidationResult

_SEPARATORS = r"[ \x{00a0}().\-/]"
_ONE_DIGIT_CODES = [str(code) for code in COUNTRY_CODE_TO_REGION_CODE if code < 10]
_TWO_DIGIT_CODES = [str(code) for code in COUNTRY_CODE_TO_REGION_CODE if 10 <= code < 100]
_CODES = [str(code) for code in COUNTRY_CODE_TO_REGION_CODE]


def e164(numbers: pl.Series, regions: pl.Series | None = None) -> pl.Series:
    """`+` and digits for each number that can exist, null for the others.

    `regions`: ISO 3166-1 codes (upper case, may be null), for numbers written without a country calling
    code; without a region those are null, since a guess could be somebody else's number. Whether a number
    is assigned is not asked: only that its length is one its country uses.
    """
    frame = pl.DataFrame(
        {
            "raw": numbers,
            "region": regions if regions is not None else pl.Series([None] * len(numbers), dtype=pl.String),
        }
    )
    distinct = frame.unique().with_columns(
        pl.col("raw").str.strip_chars().str.replace_all(_SEPARATORS, "").alias("digits")
    )
    # Where no country is known, 00 can only be meant as the international prefix (ITU-T E.123).
    distinct = distinct.with_columns(
        pl.when(pl.col("region").is_null() & pl.col("digits").str.contains(r"^00[1-9]"))
        .then(pl.col("digits").str.replace(r"^00", "+"))
        .otherwise(pl.col("digits"))
        .alias("digits")
    )
    quick = pl.concat([_international(distinct), _national(distinct)])
    rest = distinct.filter(pl.col("raw").is_not_null()).join(quick, on=["raw", "region"], how="anti", nulls_equal=True)
    slow = rest.select(
        "raw",
        "region",
        pl.Series("e164", [_parsed(*row) for row in rest.select("digits", "raw", "region").iter_rows()], pl.String),
    )
    known = pl.concat([quick, slow])
    return frame.join(known, on=["raw", "region"], how="left", nulls_equal=True, maintain_order="left")["e164"]


def _international(distinct: pl.DataFrame) -> pl.DataFrame:
    """Numbers with a plus whose national part begins with no prefix that would have to be dropped."""
    digits = pl.col("digits").str.slice(1)
    code = (
        pl.when(digits.str.slice(0, 1).is_in(_ONE_DIGIT_CODES))
        .then(digits.str.slice(0, 1))
        .when(digits.str.slice(0, 2).is_in(_TWO_DIGIT_CODES))
        .then(digits.str.slice(0, 2))
        .otherwise(digits.str.slice(0, 3))
    )
    candidates = distinct.filter(pl.col("digits").str.contains(r"^\+[1-9]\d{6,14}$")).with_columns(code.alias("code"))
    found = [_NONE]
    for (key,), part in candidates.partition_by("code", as_dict=True).items():
        if key not in _CODES:
            continue
        rules = _rules_of_code(int(str(key)))
        national = pl.col("digits").str.slice(1 + len(str(key)))
        fits = national.str.len_bytes().is_in(list(rules.lengths))
        if rules.prefix:
            fits &= ~national.str.contains(rules.prefix)
        found.append(part.filter(fits).select("raw", "region", pl.col("digits").alias("e164")))
    return pl.concat(found)


def _national(distinct: pl.DataFrame) -> pl.DataFrame:
    """Numbers as written at home, in regions whose rules leave one way to read them."""
    candidates = distinct.filter(pl.col("digits").str.contains(r"^\d{4,15}$") & pl.col("region").is_not_null())
    found = [_NONE]
    for (region,), part in candidates.partition_by("region", as_dict=True).items():
        rules = _rules_of_region(str(region))
        if rules is None:
            continue
        digits = pl.col("digits")
        plain = ~digits.str.starts_with(rules.code)
        if rules.international:
            plain &= ~digits.str.contains(rules.international)
        national = digits
        if rules.prefix:
            prefixed = digits.str.contains(rules.prefix)
            if rules.droppable:
                national = pl.when(prefixed).then(digits.str.replace(rules.prefix, "")).otherwise(digits)
                # A number that is viable with its first digit may not lose it.
                plain &= ~(prefixed & digits.str.contains(rules.viable))
            else:
                plain &= ~prefixed
        fits = plain & national.str.len_bytes().is_in(list(rules.lengths))
        found.append(part.filter(fits).select("raw", "region", (pl.lit(f"+{rules.code}") + national).alias("e164")))
    return pl.concat(found)


_NONE = pl.DataFrame(schema={"raw": pl.String, "region": pl.String, "e164": pl.String})


@dataclass(frozen=True, slots=True)
class _Rules:
    """How a country's numbers are read; the patterns are anchored at the start."""

    code: str
    lengths: frozenset[int]
    prefix: str
    droppable: bool
    international: str
    viable: str


@cache
def _rules_of_code(code: int) -> _Rules:
    region = COUNTRY_CODE_TO_REGION_CODE[code][0]
    return _rules(PhoneMetadata.metadata_for_region_or_calling_code(code, region))


@cache
def _rules_of_region(region: str) -> _Rules | None:
    if region not in phonenumbers.SUPPORTED_REGIONS:
        return None
    own = _rules(PhoneMetadata.metadata_for_region(region))
    # Whether a number is possible is judged by the rules of its calling code's main region.
    lengths = own.lengths & _rules_of_code(int(own.code)).lengths
    return _Rules(own.code, lengths, own.prefix, own.droppable, own.international, own.viable)


def _rules(metadata: PhoneMetadata | None) -> _Rules:
    assert metadata is not None
    assert metadata.general_desc is not None
    prefix = metadata.national_prefix_for_parsing or ""
    return _Rules(
        code=str(metadata.country_code),
        lengths=frozenset(metadata.general_desc.possible_length),
        prefix=f"^(?:{prefix})" if prefix else "",
        droppable=not metadata.national_prefix_transform_rule and prefix.count("(") == prefix.count("(?:"),
        international=f"^(?:{metadata.international_prefix})" if metadata.international_prefix else "",
        viable=f"^(?:{metadata.general_desc.national_number_pattern})$",
    )


def _parsed(digits: str, raw: str, region: str | None) -> str | None:
    known = region if region in phonenumbers.SUPPORTED_REGIONS else None
    try:
        # `digits` has an international prefix made a plus; everything else is read as it was written.
        number = phonenumbers.parse(digits if known is None and digits.startswith("+") else raw, known)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
