"""What clocks on the wall show, and when they show a time: once for each time zone and minute, not for each person."""

from __future__ import annotations

from datetime import time

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.walk import Walk


def read(walk: Walk, here: exp.Table) -> None:
    """Fill `begun` with the people of `here`, who all are in `living`, and `clocks` with what they see then."""
    walk.connection.execute(queries.bind("journeys/waits/begin", here=here))
    walk.connection.execute(queries.text("journeys/waits/clocks"))


def find_instants(walk: Walk) -> None:
    """Fill `instants` with the moments of the local times in `walls`.

    A time that is left out when the clocks go forward has the first moment after it; one that comes twice when they
    go back has its first as `moment` and its second as `again`.
    """
    walk.connection.execute(queries.text("journeys/waits/instants"))


def minutes(at: time | None) -> int | None:
    """Of the day."""
    return at.hour * 60 + at.minute if at is not None else None
