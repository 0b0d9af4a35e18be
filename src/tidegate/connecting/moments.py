"""Dates and times of the warehouse, as they come in traits: text, written as DuckDB writes them into JSON."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

# A time zone of whole hours is written `+02`, which datetime.fromisoformat reads from Python 3.11 on.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d(:?\d\d)?)?")


def moment(value: Any) -> datetime | None:
    """The time that a trait says, in UTC; None where it is something else (a date is). Without a zone it is UTC.

    >>> moment("2026-03-01 09:30:00+01")
    datetime.datetime(2026, 3, 1, 8, 30, tzinfo=datetime.timezone.utc)
    """
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def iso(value: Any) -> str | None:
    """The same as ISO 8601 with milliseconds, as most platforms read it: `2026-03-01T08:30:00.000Z`."""
    found = moment(value)
    return None if found is None else found.isoformat(timespec="milliseconds").replace("+00:00", "Z")
