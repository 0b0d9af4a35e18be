"""A run's logical clock: which one it is, and which ones a warehouse cannot take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tidegate import queries
from tidegate.errors import Problem, SpecError
from tidegate.spec.objects import Project
from tidegate.warehouse import Warehouse

#: How far another machine's clock may be ahead of ours.
_LEEWAY = timedelta(minutes=10)


def clock(project: Project, warehouse: Warehouse, as_of: datetime | None) -> datetime:
    """`as_of`, else the project's `clock`, else now; UTC. Raises SpecError for one that cannot be.

    Stays and deliveries of a later clock would make no sense to an earlier one. So a time in the future is refused
    too, before it shuts out every run until then; but not in the sandbox, nor where a project sets its own `clock`.
    """
    now = datetime.now(UTC)
    chosen = (as_of or project.clock or now.replace(microsecond=0)).astimezone(UTC)
    with warehouse.session() as connection:
        row = connection.execute(queries.text("runs/last_clock")).fetchone()
    last = row[0] if row else None
    if last is not None and last > chosen:
        raise _refusal(
            f"{chosen:%Y-%m-%d %H:%M} is before the last run's clock, {last:%Y-%m-%d %H:%M}; time does not run "
            "backwards in a warehouse. Give a later time (`--as-of`, or the target's `clock` in tidegate.yml)"
        )
    if chosen > now + _LEEWAY and not project.sandbox and project.clock is None:
        raise _refusal(
            f"{chosen:%Y-%m-%d %H:%M} has not come yet, it is {now:%Y-%m-%d %H:%M} (UTC); after a run as of then, "
            "none could go before it. Give a time up to now, or leave it out"
        )
    return chosen


def _refusal(text: str) -> SpecError:
    return SpecError(Problem("--as-of", 0, "", text))
