"""Steps that ask a person first: who waits at them, and a person's word on them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.errors import GuardError
from tidegate.journeys.seeing.published import published, readable
from tidegate.results import Asked
from tidegate.spec.journey_objects import ApproveStep, Journey
from tidegate.spec.nearest import hint
from tidegate.spec.objects import Project
from tidegate.warehouse import Warehouse, transaction

_NAMED = 5


def asked(
    connection: duckdb.DuckDBPyConnection, project: Project, standing: Mapping[str, Collection[str]] | None = None
) -> tuple[Asked, ...]:
    """Where people wait for somebody's word and have none yet. `standing` are the steps of each journey that somebody
    stands at, where that is known."""
    questions = {
        (name, step): question
        for name in sorted(project.journeys)
        for step, question in _questions(
            connection, project, name, None if standing is None else standing[name]
        ).items()
    }
    if not questions:
        return ()
    where = exp.values(
        [tuple(map(exp.convert, place)) for place in questions], alias="given", columns=("journey", "step")
    )
    query = queries.bind("journeys/actions/asked", asking=exp.select("journey", "step").from_(where))
    return tuple(
        Asked(journey, step, questions[journey, step], people, until)
        for journey, step, people, until in connection.execute(query).fetchall()
    )


def waiting(warehouse: Warehouse, journey: str, step: str) -> list[tuple[str, datetime, datetime | None, str | None]]:
    """Everybody who stands at a step: their key, since when, until when, and the word on them, if there is one."""
    with warehouse.session() as connection:
        return connection.execute(
            queries.text("journeys/actions/waiting"), {"journey": journey, "step": step}
        ).fetchall()


def approve(
    warehouse: Warehouse,
    project: Project,
    journey: str,
    step: str,
    *,
    people: Sequence[str] = (),
    decision: Literal["approve", "reject"] = "approve",
    why: str = "",
    who: str,
) -> str:
    """Record a decision on those who stand at a step now, on all of them or on some, and say in a sentence what it
    does. Whoever comes later is asked about anew.

    Raises GuardError where the journey has no such step, and where nobody, or one of `people` does not, stand there.
    """
    with warehouse.session() as connection, transaction(connection):
        questions = _questions(connection, project, journey, None)
        if step not in questions:
            raise GuardError(f"{journey}: no step `{step}` asks for approval; {hint(step, questions)}")
        where = {"journey": journey, "step": step}
        here = {row[0] for row in connection.execute(queries.text("journeys/actions/waiting"), where).fetchall()}
        missing = sorted(set(people) - here)
        if missing:
            named = ", ".join(missing[:_NAMED]) + (
                f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
            )
            raise GuardError(f"{journey}: {named} {'does' if len(missing) == 1 else 'do'} not stand at `{step}`")
        if not here:
            raise GuardError(f"{journey}: nobody stands at `{step}`; there is nothing to approve")
        chosen = set(people) or here
        connection.execute(
            queries.text("journeys/actions/decide"),
            {
                **where,
                "everybody": not people,
                "people": sorted(set(people)),
                "decision": decision,
                "why": why,
                "who": who,
                "recorded_at": datetime.now(UTC),
            },
        )
    many = f"{len(chosen):,} {'person' if len(chosen) == 1 else 'people'} at `{step}`"
    if decision == "approve":
        return f"{journey}: approved {many}; the next run lets them go on"
    return f"{journey}: rejected {many}; the next run takes them out of its way"


def _questions(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, standing: Collection[str] | None
) -> dict[str, str]:
    """What a journey asks, by step: as its file has it, and, where somebody may stand at a step that it has no more, as
    those versions have it that people are still inside."""
    now = project.journeys.get(name)
    found = _asks(now) if now is not None else {}
    known = {step.id for step in now.steps} if now is not None else set()
    if standing is None or set(standing) - known:
        inside = [version for version in published(connection, name) if version.inside]
        older, _ = readable(project, name, inside)
        for version in older.values():
            found = {**_asks(version), **found}
    return found


def _asks(journey: Journey) -> dict[str, str]:
    return {step.id: step.question for step in journey.steps if isinstance(step, ApproveStep)}
