"""The people in a request to a custom audience: `payload`, with its schema and its data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.sandbox.graph import invalid

_HASH = re.compile(r"[0-9a-f]{64}")
_MOST = 10_000

#: What a column of the schema holds, and whether the platform takes it hashed only.
_COLUMNS: dict[str, tuple[str, bool]] = {
    "EMAIL_SHA256": ("email", True),
    "EMAIL": ("email", True),
    "PHONE_SHA256": ("phone", True),
    "PHONE": ("phone", True),
    "MOBILE_ADVERTISER_ID": ("madid", False),
    "MADID": ("madid", False),
    "EXTERN_ID": ("extern_id", False),
    "UID": ("uid", False),
    "APPUID": ("uid", False),
    "COUNTRY": ("country", True),
    **{
        name: (name.lower(), True)
        for name in ("GEN", "DOBY", "DOBM", "DOBD", "DOB", "LN", "FN", "FI", "CT", "ST", "ZIP")
    },
}


@dataclass(frozen=True, slots=True)
class Rows:
    """`people`: the identifiers of each row that the platform can use, by kind; empty where it can use none.

    `given`: the rows as they came.
    """

    people: Sequence[dict[str, str]]
    given: Sequence[Any]


def read_rows(payload: Any) -> Rows:
    """Check a payload and read its rows. Raises Declined for one that is refused as a whole."""
    if payload is None:
        raise invalid("(#100) The parameter payload is required")
    if not isinstance(payload, dict) or "schema" not in payload or "data" not in payload:
        raise invalid("(#100) Param payload must have schema and data")
    schema, data = payload["schema"], payload["data"]
    columns = [schema] if isinstance(schema, str) else schema
    if not isinstance(columns, list) or not columns or not all(name in _COLUMNS for name in columns):
        raise invalid("(#100) Invalid schema: each column must be one of {" + ", ".join(_COLUMNS) + "}", 2650000)
    if not isinstance(data, list) or not data:
        raise invalid("(#100) Param payload must have data: a list of rows")
    if len(data) > _MOST:
        raise invalid(f"(#100) At most {_MOST} users can be sent in one request")
    return Rows([_person(columns, row) for row in data], data)


def _person(columns: Sequence[str], row: Any) -> dict[str, str]:
    values = row if isinstance(row, list) else [row]
    if len(values) != len(columns) or not all(isinstance(value, str) for value in values):
        return {}
    person: dict[str, str] = {}
    for column, value in zip(columns, values, strict=True):
        kind, hashed = _COLUMNS[column]
        if not value.strip():
            continue
        if hashed and not _HASH.fullmatch(value):
            return {}
        person[kind] = value
    return person
