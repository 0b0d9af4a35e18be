"""A tick: what a run does to everybody who walks through a journey, by a few statements over all of them.

In this order: what became of the versions; who leaves, and who reached the goal; everybody who is due goes on, as far
as they can; who enters; those go on too. All of that is worked out in temporary tables, and carried over into the state
once the journey's guard let it through: a blocked journey does not move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb
from sqlglot import exp

from tidegate import guards, queries
from tidegate.decision import cause as causes
from tidegate.decision.blaming import blaming
from tidegate.decision.cause import Cause
from tidegate.decision.pinned import pin
from tidegate.decision.standing import Facts
from tidegate.errors import SpecError
from tidegate.journeys import applying, counting, ending, entering, entries, passing, versions, waiting
from tidegate.journeys.counting import Counts
from tidegate.journeys.stretch import Stretch, lay
from tidegate.journeys.versions import Life
from tidegate.results import JourneyDecision
from tidegate.spec.journey_objects import Journey, WaitStep


@dataclass(slots=True)
class Ticked:
    """What a tick made of one journey. `entries_looked_at`: whether it was asked who enters."""

    journey: Journey
    decision: JourneyDecision
    kind: str = ""
    sql_hash: str | None = None
    moved: int = 0
    messages: int = 0
    models: Mapping[str, Any] = field(default_factory=dict)

    @property
    def moves(self) -> bool:
        return self.decision.verdict in ("applied", "approved", "draft")


def tick(connection: duckdb.DuckDBPyConnection, facts: Facts) -> dict[str, Ticked]:
    """Advance every journey as of the run, in the caller's transaction. What one journey's data cannot be worked out
    for is raised by `blaming` it."""
    ticked = {}
    for journey in in_order(facts.project.journeys):
        with blaming(journey.name):
            ticked[journey.name] = _tick(connection, facts, journey)
    return ticked


def in_order(journeys: Mapping[str, Journey]) -> Iterator[Journey]:
    """By name, but whoever waits for another journey's end comes after it."""
    waiting_for = {name: journey.entry.name for name, journey in journeys.items() if journey.entry.kind == "end"}
    done: set[str] = set()
    left = sorted(journeys)
    while left:
        ready = [name for name in left if waiting_for.get(name) in done or waiting_for.get(name) not in left]
        for name in ready or left[:1]:  # none: they wait for each other, and somebody must be first
            yield journeys[name]
            done.add(name)
        left = [name for name in left if name not in done]


def _tick(connection: duckdb.DuckDBPyConnection, facts: Facts, journey: Journey) -> Ticked:
    sql_hash = entries.definition(facts, journey.entry)
    cause, last_as_of = causes.look(connection, journey.name, kind(journey), sql_hash, queries.tree("journeys/looks"))
    decision = JourneyDecision(journey.name, "applied", cause=cause)
    ticked = Ticked(journey, decision, kind(journey), sql_hash)
    if journey.name in facts.unfit:
        verdict, reason = facts.unfit[journey.name]
        ticked.decision = _still(connection, replace(decision, verdict=verdict, reason=reason), journey)
        return ticked
    for statement in queries.statements("journeys/working_tables"):
        connection.execute(statement)
    named = [journey.entry.model] if journey.entry.model is not None else []
    facts = replace(facts, models=pin(connection, facts.models, named))
    draft = journey.status == "draft"
    try:
        life = versions.prepare(connection, facts, journey)
        _work_out(life, cause, last_as_of, enters=not draft)
    except SpecError as fault:
        ticked.decision = _still(connection, replace(decision, verdict="failed", reason=str(fault)), journey)
        return ticked
    counts = counting.count(connection, entries_looked_at=not draft)
    ticked.moved, ticked.messages = counts.moved, sum(counts.messages.values())
    ticked.decision = _told(decision, counts, life)
    if draft:
        ticked.decision = replace(ticked.decision, verdict="draft")
    else:
        ticked.decision = _guarded(connection, life, ticked.decision, counts, sql_hash)
    if not ticked.moves:
        ticked.decision = _still(connection, replace(ticked.decision, planned={}), journey)
        return ticked
    applying.apply(life, entries_looked_at=not draft)
    ticked.decision = _still(connection, ticked.decision, journey)
    return ticked


def _work_out(life: Life, cause: Cause, last_as_of: datetime | None, *, enters: bool) -> None:
    connection, walk = life.newest.connection, life.newest
    connection.execute(queries.text("journeys/leavers"), {"as_of": walk.as_of})
    for one in life.walks:
        ending.leave(one)
    stretches = []
    first = 1
    for one in life.walks:
        stretches.append(lay(one, first))
        first = stretches[-1].past
    _set_out(life, stretches)
    for stretch in stretches:
        passing.carry(stretch)
    if enters:
        newcomers = lay(walk, first)
        entering.enter(life, newcomers, cause, last_as_of)
        passing.carry(newcomers)


def _set_out(life: Life, stretches: list[Stretch]) -> None:
    """Everybody who is due leaves where they stood."""
    connection, walk = life.newest.connection, life.newest
    parameters = {"journey": walk.journey.name, "as_of": walk.as_of}
    rows = connection.execute(queries.text("journeys/who_stands"), parameters).fetchall()
    standing = {(version, step): (due, unbegun) for version, step, _, due, unbegun in rows}
    plain: list[tuple[int, int, str, int]] = []
    for stretch in stretches:
        for node, step in stretch:
            due, unbegun = standing.get((stretch.walk.version, step.id), (0, None))
            if unbegun is not None and waiting.listens(step):
                waiting.resume(stretch, node, step, unbegun=bool(unbegun))
            elif due and isinstance(step, WaitStep):
                plain.append((node, stretch.walk.version, step.id, stretch.node(step.next)))
    if plain:
        ways = exp.select("node", "version", "step", "target").from_(
            exp.values(
                [tuple(exp.convert(value) for value in row) for row in plain],
                alias="given",
                columns=["node", "version", "step", "target"],
            )
        )
        connection.execute(queries.bind("journeys/leave_by_time", ways=ways), parameters)
    moves_over = {"journey": walk.journey.name, "first": stretches[-1].first}
    connection.execute(queries.text("journeys/move_over"), moves_over)
    connection.execute(queries.text("journeys/set_out"), {"journey": walk.journey.name})


def kind(journey: Journey) -> str:
    """What people enter by: where that is another thing than before, everybody is looked at for the first time."""
    entry = journey.entry
    parts = (entry.kind, entry.model, entry.column, entry.name, entry.file)
    return " ".join(part for part in parts if part)


def _told(decision: JourneyDecision, counts: Counts, life: Life) -> JourneyDecision:
    return replace(
        decision,
        version=life.newest.version,
        entered=counts.entered,
        refused=counts.refused,
        moves=counts.moves,
        moved=counts.moved,
        ended=counts.ended,
        planned=counts.messages,
        notes=life.notes,
    )


def _guarded(
    connection: duckdb.DuckDBPyConnection,
    life: Life,
    decision: JourneyDecision,
    counts: Counts,
    sql_hash: str | None,
) -> JourneyDecision:
    journey = life.newest.journey
    movement = counts.movement(0)
    reason = guards.journey_verdict(journey.guard, movement)
    if not reason:
        return decision
    run_id = life.newest.run_id
    if guards.approved(connection, journey.name, movement, sql_hash=sql_hash, run_id=run_id):
        return replace(decision, verdict="approved", reason=reason)
    return replace(decision, verdict="blocked", reason=reason)


def _still(connection: duckdb.DuckDBPyConnection, decision: JourneyDecision, journey: Journey) -> JourneyDecision:
    """The decision with those who stand somewhere now."""
    found = counting.standing(connection, journey)
    return replace(decision, standing=found, inside=sum(found.values()))
