"""Who entered and who left: a segment's members against the open stays of its audience."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.errors import Problem, SpecError
from tidegate.spec.objects import Audience, ModelColumns


@dataclass(frozen=True, slots=True)
class Membership:
    """How many people were in an audience before, entered and left."""

    held: int
    entered: int
    left: int

    @property
    def members(self) -> int:
        return self.held + self.entered - self.left


def person_of(key: str, table: str = "entry") -> exp.Expr:
    """The key as the text that all state is kept by."""
    return exp.cast(exp.column(key, table=table, quoted=True), "varchar")


def entries(model: ModelColumns, key: str, **columns: exp.Expr) -> exp.Select:
    """The rows of a segment or trigger as `entry`, with the person and further columns."""
    source = exp.alias_(queries.relation(model.relation), "entry", table=True)
    return queries.select(source, {"person": person_of(key), **columns})


def diff(connection: duckdb.DuckDBPyConnection, audience: Audience, model: ModelColumns, key: str) -> Membership:
    """Fill `changes` for one audience. Raises SpecError for a segment whose keys are null, empty or repeated."""
    return compare(
        connection,
        audience.name,
        entries(model, key),
        key,
        trouble=lambda text: trouble(audience, model, text),
        one_row="a segment has one row for each person",
    )


def compare(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    entry: exp.Expr,
    key: str,
    *,
    trouble: Callable[[str], Problem],
    one_row: str,
) -> Membership:
    """Fill `changes` for an audience or a journey: who is in `entry` (a table or query with `person`) now, against
    its open stays. Raises SpecError for keys that are null, empty or repeated, where `one_row` says what is asked."""
    parameters = {"audience": name}
    connection.execute(queries.bind("decide/diff", entry=entry), parameters)
    counts = _one(connection.execute(queries.bind("decide/counts", entry=entry), parameters))
    if counts["without_person"]:
        raise SpecError(trouble(f"{lacking(counts['without_person'], key)}; leave out such rows in the model"))
    repeated = counts["people_entered"] != counts["entered"]
    if repeated or counts["entries"] - counts["entered"] != counts["held"] - counts["people_left"]:
        rows = connection.execute(queries.bind("decide/repeated_keys", entry=entry)).fetchall()
        named = ", ".join(f"{person} ({times} times)" for person, times in rows)
        raise SpecError(trouble(f"{key} is not unique: {named}; {one_row}"))
    return Membership(held=counts["held"], entered=counts["entered"], left=counts["people_left"])


def move(connection: duckdb.DuckDBPyConnection, name: str, *, as_of: datetime, run_id: str, cause: str) -> None:
    """Open and close the stays of an audience or a journey, as `changes` has them."""
    parameters = {"audience": name, "as_of": as_of, "run_id": run_id, "cause": cause}
    connection.execute(queries.text("decide/close_stays"), parameters)
    connection.execute(queries.text("decide/open_stays"), parameters)


def members(connection: duckdb.DuckDBPyConnection, audience: str) -> int:
    """How many people are in an audience now."""
    row = connection.execute(queries.text("decide/members"), {"audience": audience}).fetchone()
    return int(row[0]) if row else 0


def trouble(audience: Audience, model: ModelColumns, text: str) -> Problem:
    """Something wrong with the rows of an audience's model."""
    return Problem(audience.file, audience.line, f"{'who' if audience.who else 'when'}: ref('{model.name}')", text)


def lacking(count: int, column: str) -> str:
    """
    >>> lacking(1, "customer_id")
    '1 row has no customer_id'
    """
    return f"{count:,} {'row has' if count == 1 else 'rows have'} no {column}"


def _one(result: duckdb.DuckDBPyConnection) -> Mapping[str, Any]:
    names = [column[0] for column in result.description or ()]
    row = result.fetchone()
    assert row is not None
    return dict(zip(names, row, strict=True))
