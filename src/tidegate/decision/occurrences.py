"""What happened since the last run: a trigger's occurrences that no run has seen."""

from __future__ import annotations

from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.decision.stays import entries
from tidegate.errors import Problem, SpecError
from tidegate.spec.objects import Audience, ModelColumns


def see(
    connection: duckdb.DuckDBPyConnection,
    audience: Audience,
    model: ModelColumns,
    people: ModelColumns,
    key: str,
    *,
    as_of: datetime,
    cause: str,
    last_as_of: datetime | None,
) -> int:
    """Fill `seen` for one audience and return how many occurrences act.

    Raises SpecError for occurrences without an id, a person or a time, and for ids that come twice.
    """
    entry = entries(
        model,
        key,
        occurrence_id=exp.cast(exp.column("occurrence_id", table="entry", quoted=True), "varchar"),
        occurred_at=exp.cast(exp.column("occurred_at", table="entry", quoted=True), "timestamptz"),
        wanted=audience.condition.copy() if audience.condition else exp.true(),
    )
    if audience.condition is not None and _uses(audience.condition, "person"):
        entry = with_person(entry, people, key)
    connection.execute(
        queries.bind("decide/see_occurrences", entry=entry),
        {
            "audience": audience.name,
            "cause": cause,
            "backfill": audience.backfill,
            "acts_after": last_as_of or as_of,
            "oldest": as_of - audience.not_older_than,
        },
    )
    row = connection.execute(queries.text("decide/occurrence_counts"), {"audience": audience.name}).fetchone()
    assert row is not None
    total, different, without_id, without_person, without_time, acted = row
    wrong = [
        f"{count:,} rows have no {column}; filter them out"
        for count, column in ((without_id, "occurrence_id"), (without_person, key), (without_time, "occurred_at"))
        if count
    ]
    if not wrong and different != total:
        wrong.append(f"occurrence_id is not unique: {total - different:,} of {total:,} new rows repeat one")
    if wrong:
        raise SpecError(Problem(audience.file, 0, f"when: ref('{model.name}')", text) for text in wrong)
    return int(acted)


def record(connection: duckdb.DuckDBPyConnection, audience: Audience, run_id: str) -> None:
    """Remember everything that `see` saw, whatever became of it."""
    connection.execute(queries.text("decide/record_occurrences"), {"audience": audience.name, "run_id": run_id})


def with_person(query: exp.Select, people: ModelColumns, key: str) -> exp.Select:
    """The query with the people model joined as `person`."""
    person = exp.alias_(queries.relation(people.relation), "person", table=True)
    same = exp.EQ(
        this=exp.column(key, table="entry", quoted=True), expression=exp.column(key, table="person", quoted=True)
    )
    return query.join(person, on=same, join_type="left")


def _uses(expression: exp.Expr, table: str) -> bool:
    return any(column.table == table for column in expression.find_all(exp.Column))
