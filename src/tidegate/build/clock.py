"""How the run's clock is handed to the models."""

from __future__ import annotations

from datetime import UTC, datetime

#: What the macro `as_of` reads when a model is executed.
VARIABLE = "TIDEGATE_AS_OF"


def literal(as_of: datetime) -> str:
    """The text of the timestamp that `as_of()` renders, in UTC.

    >>> literal(datetime(2011, 10, 5, tzinfo=UTC))
    '2011-10-05 00:00:00+00'
    """
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    return as_of.astimezone(UTC).isoformat(sep=" ").removesuffix(":00")
