"""Identifiers as platforms want them: normalised and hashed, a column at a time.

The rules are in `rulebook`, the platforms in `platforms`; the golden vectors of the tests hold both to what the
platforms have published. Nothing here looks at one value after the other but `phones`, and there only at
those that need it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import duckdb
import polars as pl

from tidegate import queries
from tidegate.connector import Identifier
from tidegate.identifiers.countries import alpha2
from tidegate.identifiers.phones import e164
from tidegate.identifiers.rulebook import RULES

_SHA256_HEX = r"^[0-9a-fA-F]{64}$"
# 32 bytes are 43 letters, of which the last carries four bits, and one sign that fills up.
_SHA256_BASE64 = r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"
# Spaces, and what no eye sees: byte order marks, zero-width spaces, marks of direction, control characters.
_AROUND = r"^[\s\p{Cf}\p{Cc}]+|[\s\p{Cf}\p{Cc}]+$"
# MD5, SHA-1 and SHA-512: of no use where a SHA-256 is asked for.
_OTHER_HASH = r"^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{128})$"


def as_sent(frame: pl.DataFrame, identifiers: Mapping[str, Identifier], *, region: str | None = None) -> pl.DataFrame:
    """The columns of `frame` that `identifiers` names, as the platform takes them; null where empty or invalid.

    Values are text (anything else is written out as text first). A column `country`, as ISO code or name,
    tells how telephone numbers without a calling code are read; `region` is the country of those who have
    none. Where the platform wants a hash, a value that is one already (SHA-256 as 64 hexadecimal digits of
    either case, or as Base64) is not hashed again: it is sent as lower-case hexadecimal digits. A hash of
    another kind (MD5, SHA-1, SHA-512) is null.

    >>> as_sent(pl.DataFrame({"email": [" Ada@Example.com"]}), {"email": Identifier("email")})["email"].to_list()
    ['ada@example.com']
    """
    columns = [name for name in frame.columns if name in identifiers]
    text = frame.select(pl.all().cast(pl.String).str.replace_all(_AROUND, ""))
    phones = any(RULES[identifiers[name].rule].starts == "phone" for name in columns)
    regions = _regions(text, region) if phones else None
    return pl.DataFrame({name: _column(text[name], identifiers[name], regions) for name in columns})


def rules() -> frozenset[str]:
    """Every rule that an `Identifier` may name."""
    return frozenset(RULES)


def _column(values: pl.Series, wanted: Identifier, regions: pl.Series | None) -> pl.Series:
    if wanted.hash is None:
        return _apply(wanted.rule, values, regions)
    hashed = _hashed(values)
    bare = pl.select(pl.when(hashed.is_null() & ~values.str.contains(_OTHER_HASH)).then(values)).to_series()
    sent = _sha256(_apply(wanted.rule, bare.alias(values.name), regions))
    return pl.select(pl.coalesce(hashed, sent)).to_series().alias(values.name)


def _hashed(values: pl.Series) -> pl.Series:
    """Values that are a SHA-256 already, as lower-case hexadecimal digits; null for the others."""
    value = pl.col("value")
    from_base64 = pl.when(value.str.contains(_SHA256_BASE64)).then(value)
    return (
        values.to_frame("value")
        .select(
            pl.when(value.str.contains(_SHA256_HEX))
            .then(value.str.to_lowercase())
            .otherwise(from_base64.str.decode("base64", strict=False).bin.encode("hex"))
        )
        .to_series()
    )


def _apply(name: str, values: pl.Series, regions: pl.Series | None) -> pl.Series:
    rule = RULES[name]
    given = {"text": lambda: values, "phone": lambda: e164(values, regions), "country": lambda: _countries(values)}
    # Lazily, so that what a rule asks twice is worked out once.
    column = given[rule.starts]().to_frame("value").lazy().select(rule.make(pl.col("value"))).collect().to_series()
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
