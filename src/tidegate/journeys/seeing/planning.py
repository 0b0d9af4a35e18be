"""What a plan says of journeys beyond what the run's own decision does: who they are, and what comes next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import duckdb

from tidegate import __version__, queries
from tidegate.decision.blaming import Uncomputable
from tidegate.decision.standing import Facts
from tidegate.journeys.tick import tick
from tidegate.results import Decision, JourneyDecision, PlanRow
from tidegate.spec.objects import Guard

Unfit = tuple[Literal["failed", "contract"], str]

#: Journeys that a run carried out; of the others nothing is in the state.
_MOVED = ("applied", "approved", "draft")


def rows(
    connection: duckdb.DuckDBPyConnection, facts: Facts, decision: Decision, only: Collection[str] | None = None
) -> list[PlanRow]:
    """Everybody whom the decision moved in journeys, within its transaction."""
    causes = {one.journey: one.cause for one in decision.journeys}
    found = connection.execute(queries.text("journeys/seeing/planned"), {"run_id": facts.run_id}).fetchall()
    return [
        PlanRow(kind, journey, person, detail or "", causes.get(journey, ""))
        for kind, journey, person, detail in found
        if only is None or journey in only
    ]


def blocked(decision: Decision) -> set[str]:
    """Journeys that a guard stopped."""
    return {one.journey for one in decision.journeys if one.verdict == "blocked"}


def unguarded(facts: Facts, names: Collection[str]) -> Facts:
    """The same facts without the guards of some journeys: to see whom they stopped, in a decision of its own."""
    lifted = Guard(max_enter=None, max_leave=None, max_messages=None)
    journeys = {
        name: replace(one, guard=lifted) if name in names else one for name, one in facts.project.journeys.items()
    }
    return replace(facts, project=replace(facts.project, journeys=journeys))


def look_ahead(
    connection: duckdb.DuckDBPyConnection, facts: Facts, decision: Decision, until: datetime
) -> tuple[JourneyDecision, ...]:
    """What journeys would do by `until` (UTC), by the time alone, within the decision's transaction.

    Nothing new is landed and no model is built: segments and people are as they are, events as they have happened, and
    every message that is ready has gone at the run's clock. Dates and schedules let people in. Journeys that did not
    move in the decision are left out. The decision's working tables are emptied: read them before.
    """
    moving = {one.journey for one in decision.journeys if one.verdict in _MOVED}
    if not moving:
        return ()
    _count(connection, facts)
    for statement in queries.statements("decide/working_tables"):  # they hold what the decision found
        connection.execute(statement)
    connection.execute(queries.text("journeys/seeing/send_all"), {"as_of": facts.as_of, "run_id": facts.run_id})
    still: dict[str, Unfit] = {name: ("failed", "") for name in facts.project.journeys if name not in moving}
    later = replace(facts, run_id=f"{facts.run_id}-ahead", as_of=until, unfit={**facts.unfit, **still})
    try:
        ticked = tick(connection, later)
    except Uncomputable:  # a row that only a later clock asks for; the run that meets it says what is wrong
        return ()
    return tuple(one.decision for name, one in ticked.items() if name in moving)


def _count(connection: duckdb.DuckDBPyConnection, facts: Facts) -> None:
    """The planned run among those that decided: else everybody would be looked at for the first time again."""
    now = datetime.now(UTC)
    run = {"run_id": facts.run_id, "kind": "run", "target": facts.project.target, "as_of": facts.as_of}
    connection.execute(queries.text("runs/start"), {**run, "version": __version__, "started_at": now})
    connection.execute(
        queries.text("decide/mark_decided"), {"run_id": facts.run_id, "watermark": None, "decided_at": now}
    )
