"""What destinations were asked and what they said, as the log of requests tells it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tidegate import queries
from tidegate.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Request:
    """`at` is the wall clock. `status` is None where no answer came, or the platform speaks no HTTP.

    `rows`: of the call that the request was made for. `failed`: it was refused, or rows of it were. `times`: how
    many requests this one stands for; in a flood not every success is kept.
    """

    destination: str
    run_id: str
    at: datetime
    method: str
    path: str
    status: int | None
    seconds: float
    rows: int | None
    failed: bool
    said: str
    limits: str
    times: int


@dataclass(frozen=True, slots=True)
class Day:
    """How many requests a destination got in the last 24 hours, also those that are not kept."""

    destination: str
    requests: int
    failed: int


@dataclass(frozen=True, slots=True)
class Requested:
    """The newest requests, oldest first, and the totals of a day."""

    requests: tuple[Request, ...]
    last_24_hours: tuple[Day, ...]


def requested(
    warehouse: Warehouse,
    *,
    destination: str | None = None,
    last: int = 50,
    failed: bool = False,
    now: datetime | None = None,
) -> Requested:
    """The `last` requests (of a destination; with `failed`, only those that failed). `now` is the wall clock."""
    since = (now or datetime.now(UTC)) - timedelta(hours=24)
    with warehouse.session() as connection:
        rows = connection.execute(
            queries.text("requests/newest"), {"destination": destination, "failed": failed, "last": last}
        ).fetchall()
        days = connection.execute(queries.text("requests/day"), {"destination": destination, "since": since}).fetchall()
    return Requested(tuple(Request(*row) for row in rows), tuple(Day(*row) for row in days))
