"""Who stands behind a step's numbers: whom it sent to or did not, and who stands there now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.channels import CHANNELS
from tidegate.decision.stays import person_of
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Recipient:
    """`state`: sent, withheld, held, planned, ready, claimed, rejected or unknown. Times are of the run's clock, or of
    who reported it (UTC). `address` is None unless it was asked for: today's, which need not be the one it went to."""

    person: str
    state: str
    channel: str | None
    destination: str | None
    reason: str | None
    planned_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    held_until: datetime | None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody at a step. `entry_key` is '' unless the journey is entered per something."""

    person: str
    entry_key: str
    version: int
    entered_at: datetime
    step_entered_at: datetime
    deadline: datetime | None


def recipients(
    warehouse: Warehouse,
    journey: str,
    step: str,
    *,
    by: str | None = None,
    version: int | None = None,
    most: int = 50,
    people: ModelColumns | None = None,
    key: str = "person",
) -> list[Recipient]:
    """Up to `most` recipients of a step, those who were sent something last ahead.

    `by` is a channel or a destination. With `people`, the address book as built and its `key`, addresses are shown.
    Raises WarehouseError when the warehouse is locked.
    """
    if not warehouse.path.exists():
        return []
    with warehouse.session() as connection:
        query = queries.bind("journeys/seeing/recipients", addresses=addresses(connection, people, key))
        values = {"journey": journey, "step": step, "by": by, "version": version, "most": most}
        return [Recipient(*row) for row in connection.execute(query, values).fetchall()]


def standing(
    warehouse: Warehouse, journey: str, step: str, *, version: int | None = None, most: int = 50
) -> list[Standing]:
    """Up to `most` of those who stand at a step, those who have for longest ahead."""
    if not warehouse.path.exists():
        return []
    with warehouse.session() as connection:
        values = {"journey": journey, "step": step, "version": version, "most": most}
        rows = connection.execute(queries.text("journeys/seeing/people_at"), values).fetchall()
    return [Standing(*row) for row in rows]


def addresses(connection: duckdb.DuckDBPyConnection, people: ModelColumns | None, key: str) -> exp.Query:
    """(person, channel, address) of the address book; nothing without one, or where it is not built."""
    there = _columns(connection, people) if people is not None else set()
    parts = [
        queries.select(
            exp.alias_(queries.relation(people.relation), "person", table=True),
            {
                "person": person_of(key, "person"),
                "channel": exp.Literal.string(name),
                "address": exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar"),
            },
        )
        for name, spec in CHANNELS.items()
        if people is not None and spec.address in there
    ]
    if not parts:
        nothing = {"person": exp.null(), "channel": exp.null(), "address": exp.null()}
        return exp.select(*[exp.alias_(exp.cast(value, "varchar"), name) for name, value in nothing.items()]).where(
            exp.false()
        )
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


def _columns(connection: duckdb.DuckDBPyConnection, people: ModelColumns) -> set[str]:
    if people.columns:
        return set(people.columns)
    nobody = exp.select("*").from_(queries.relation(people.relation)).limit(0)
    try:
        found = connection.execute(nobody.sql(queries.DIALECT)).description or []
    except duckdb.CatalogException:
        return set()
    return {name for name, *_ in found}
