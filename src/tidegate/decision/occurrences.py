"""What happened since the last run: a trigger's occurrences that no run has seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.decision.stays import entries, lacking, person_of, trouble
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
    wanted = audience.condition.copy() if audience.condition else exp.true()
    entry = occurring(model, key, wanted=wanted)
    if audience.condition is not None and _uses(audience.condition, "person"):
        entry = with_person(entry, people, key)
    return look(
        connection,
        audience.name,
        entry,
        key,
        cause=cause,
        backfill=audience.backfill,
        acts_after=last_as_of or as_of,
        oldest=as_of - audience.not_older_than,
        trouble=lambda text: trouble(audience, model, text),
    )


def occurring(model: ModelColumns, key: str, *, wanted: exp.Expr) -> exp.Select:
    """The rows of a trigger as `see_occurrences` takes them."""
    return entries(
        model,
        key,
        occurrence_id=exp.cast(exp.column("occurrence_id", table="entry", quoted=True), "varchar"),
        occurred_at=exp.cast(exp.column("occurred_at", table="entry", quoted=True), "timestamptz"),
        wanted=wanted,
    )


def look(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    entry: exp.Expr,
    key: str,
    *,
    cause: str,
    backfill: bool,
    acts_after: datetime,
    oldest: datetime,
    trouble: Callable[[str], Problem],
) -> int:
    """Fill `seen` for an audience or a journey from `entry` (see `occurring`); returns how many occurrences act.

    Raises SpecError for occurrences without an id, a person or a time, and for ids that come twice.
    """
    connection.execute(
        queries.bind("decide/see_occurrences", entry=entry),
        {"audience": name, "cause": cause, "backfill": backfill, "acts_after": acts_after, "oldest": oldest},
    )
    row = connection.execute(queries.text("decide/occurrence_counts"), {"audience": name}).fetchone()
    assert row is not None
    total, different, without_id, without_person, without_time, acted = row
    lacks = (("occurrence_id", without_id), (key, without_person), ("occurred_at", without_time))
    if any(count for _, count in lacks):
        examples = _examples(connection, name)
        raise SpecError(
            trouble(f"{lacking(count, column)}{_such_as(column, key, examples)}; leave out such rows")
            for column, count in lacks
            if count
        )
    if different != total:
        named = ", ".join(f"{one} ({times} times)" for one, times in _examples(connection, name)["repeated"])
        raise SpecError(trouble(f"occurrence_id is not unique: {named}; a trigger has one row for each occurrence"))
    return int(acted)


def _examples(connection: duckdb.DuckDBPyConnection, audience: str) -> dict[str, list[tuple[str, int]]]:
    found: dict[str, list[tuple[str, int]]] = defaultdict(list)
    rows = connection.execute(queries.text("decide/broken_occurrences"), {"audience": audience}).fetchall()
    for what, name, times in rows:
        found[what].append((name, times))
    return found


def _such_as(column: str, key: str, examples: Mapping[str, Sequence[tuple[str, int]]]) -> str:
    names = [name for name, _ in examples.get("person" if column == key else column, ())]
    by = key if column == "occurrence_id" else "occurrence_id"
    return f", such as that of {by} {', '.join(names)}" if names else ""


def record(connection: duckdb.DuckDBPyConnection, audience: Audience, run_id: str) -> None:
    """Remember everything that `see` saw, whatever became of it."""
    connection.execute(queries.text("decide/record_occurrences"), {"audience": audience.name, "run_id": run_id})


def with_person(query: exp.Select, people: ModelColumns, key: str) -> exp.Select:
    """The query with the people model joined as `person`."""
    person = exp.alias_(queries.relation(people.relation), "person", table=True)
    same = exp.EQ(this=person_of(key), expression=person_of(key, "person"))
    return query.join(person, on=same, join_type="left")


def _uses(expression: exp.Expr, table: str) -> bool:
    return any(column.table == table for column in expression.find_all(exp.Column))
