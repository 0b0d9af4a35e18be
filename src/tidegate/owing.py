"""What destinations are owed, for those who operate them: to look at, to try again now, to let go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from tidegate import queries
from tidegate.decision.ownerless import RELEASED
from tidegate.warehouse import Warehouse, transaction


@dataclass(frozen=True, slots=True)
class Which:
    """The rows that are meant; None is all. `reason` is one of those that `by_reason` tells."""

    destination: str | None = None
    list: str | None = None
    reason: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class OwedRow:
    """A person's row. `state`: due, refused, submitted (the destination judges it later), claimed, held.
    `next_try` is UTC, on the run's clock."""

    destination: str
    list: str
    person: str
    operation: str
    state: str
    reason: str | None
    detail: str | None
    attempts: int
    next_try: datetime | None


@dataclass(frozen=True, slots=True)
class OwedReason:
    """So many people's rows, of one list, in one state for one reason."""

    destination: str
    list: str
    state: str
    reason: str | None
    people: int
    attempts: int
    next_try: datetime | None


def rows(warehouse: Warehouse, which: Which, *, count: int) -> list[OwedRow]:
    """Up to `count` rows, those first that were tried most often."""
    with warehouse.session() as connection:
        found = connection.execute(queries.text("owed/rows"), {**_parameters(which), "count": count}).fetchall()
    return [OwedRow(*row[:-1]) for row in found]


def by_reason(warehouse: Warehouse, which: Which) -> list[OwedReason]:
    """What is owed, counted."""
    with warehouse.session() as connection:
        found = connection.execute(queries.text("owed/reasons"), _parameters(which)).fetchall()
    return [OwedReason(*row) for row in found]


def retry(warehouse: Warehouse, which: Which) -> int:
    """Make rows due at once that were refused or wait for later; `which.destination` must be named.

    Returns how many. Rows without a usable identifier are left out: nothing but other data makes them good.
    """
    assert which.destination is not None
    with warehouse.session() as connection, transaction(connection):
        row = connection.execute(queries.text("owed/retry"), _parameters(which)).fetchone()
    return int(row[0]) if row else 0


def release(warehouse: Warehouse, destination: str, name: str, on_delete: str) -> bool:
    """Choose what becomes of a list that no file names; the next run does it. False where there is no such list.

    From now on no journey wants anybody there who was put there before.
    """
    which = {"destination": destination, "list": name}
    chosen = RELEASED if on_delete == "remove" else on_delete
    with warehouse.session() as connection, transaction(connection):
        if connection.execute(queries.text("lists/known"), which).fetchone() is None:
            return False
        connection.execute(queries.text("lists/decide_on_delete"), {**which, "on_delete": chosen})
        last = connection.execute(queries.text("status/runs"), {"count": 1}).fetchone()
        if last is not None:
            connection.execute(queries.text("lists/dismiss"), {**which, "run_id": last[0], "as_of": last[3]})
    return True


def forget(warehouse: Warehouse, destination: str) -> int:
    """Release all lists of a destination that tidegate.yml has no more: whoever is on them stays, and the next run
    forgets them. Returns how many there are."""
    with warehouse.session() as connection:
        known = connection.execute(queries.text("decide/known_lists")).fetchall()
    return sum(release(warehouse, destination, name, "keep") for to, name, _ in known if to == destination)


def _parameters(which: Which) -> Mapping[str, str | None]:
    return asdict(which)
