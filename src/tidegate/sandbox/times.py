"""Times as the sandbox's store writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def now() -> str:
    """The wall clock, UTC, as the store writes times."""
    return stamp(datetime.now(UTC))


def stamp(at: datetime) -> str:
    """An aware time as the store writes it: UTC, milliseconds, `2011-10-01T06:00:00.000Z`."""
    if at.tzinfo is None:
        raise ValueError("a time without a time zone")
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
