"""A tick: what a run does to everybody who walks through a journey, by a few statements over all of them.

In this order: what became of the versions; who leaves, and who reached the goal; everybody who is due goes on, as far
as they can; who enters; those go on too. All of that is worked out in temporary tables, and carried over into the state
once the journey's guard let it through: a blocked journey does not move.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import duckdb

from tidegate import guards, queries
from tidegate.decision import cause as causes
from tidegate.decision.blaming import blaming
from tidegate.decision.cause import Cause
from tidegate.decision.pinned import pin
from tidegate.decision.standing import Facts
from tidegate.errors import SpecError
from tidegate.journeys import applying, counting, ending, entering, entries, lingering, passing, setting_out, versions
from tidegate.journeys.counting import Counts
from tidegate.journeys.news import Look, News
from tidegate.journeys.seeing.words import span
from tidegate.journeys.stretch import lay
from tidegate.journeys.unheard import unheard
from tidegate.journeys.versions import Life
from tidegate.journeys.views import show
from tidegate.results import JourneyDecision, JourneyVerdict
from tidegate.spec.journey_objects import Journey


@dataclass(slots=True)
class Ticked:
    """What a tick made of one journey. `messages` are those that its steps would plan, whether or not it moved."""

    decision: JourneyDecision
    kind: str
    sql_hash: str | None = None
    moved: int = 0
    messages: int = 0

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
    ticked = Ticked(JourneyDecision(journey.name, "applied", cause=cause), kind(journey), sql_hash)
    if journey.name in facts.unfit:
        return _unmoved(connection, ticked, *facts.unfit[journey.name])
    for statement in queries.statements("journeys/working_tables"):
        connection.execute(statement)
    named = [journey.entry.model] if journey.entry.model is not None else []
    facts = replace(facts, models=pin(connection, facts.models, named, facts.noticed.views))
    draft = journey.status == "draft"
    try:
        life = versions.prepare(connection, facts, journey)
        moved_over = _as_they_are(connection)
        look = Look(life, moved_over=moved_over)
        standing = _work_out(life, look.news(), cause, last_as_of, enters=not draft)
    except SpecError as fault:
        return _unmoved(connection, ticked, "failed", str(fault))
    counts = counting.count(connection, entries_looked_at=not draft)
    ticked.moved, ticked.messages = counts.moved, sum(counts.messages.values())
    verdict, reason = _guarded(connection, life, counts, sql_hash)
    ticked.decision = replace(
        ticked.decision,
        verdict="draft" if draft and verdict == "applied" else verdict,
        reason=reason,
        version=life.newest.version,
        entered=counts.entered,
        refused=counts.refused,
        moves=counts.moves,
        moved=counts.moved,
        ended=counts.ended,
        planned=counts.messages if verdict != "blocked" else {},
        notes=(*life.notes, *unheard(connection, facts, journey)),
    )
    if ticked.moves:
        applying.apply(life, moved_over=moved_over, entries_looked_at=not draft)
        look.keep()
    if not ticked.moves or counts.moves:
        standing = counting.standing(connection, journey.name)
    ticked.decision = replace(ticked.decision, standing=standing, inside=sum(standing.values()))
    return ticked


def _unmoved(
    connection: duckdb.DuckDBPyConnection, ticked: Ticked, verdict: Literal["failed", "contract"], reason: str
) -> Ticked:
    standing = counting.standing(connection, ticked.decision.journey)
    ticked.decision = replace(
        ticked.decision, verdict=verdict, reason=reason, standing=standing, inside=sum(standing.values())
    )
    return ticked


def _as_they_are(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether somebody leaves or moves over because of a new version; mostly nobody does, and `inside` is simpler."""
    if connection.execute(queries.text("journeys/anyone_moved_over")).fetchone() is not None:
        return True
    show(connection, "inside", "journeys/inside_as_they_are")
    return False


def _work_out(
    life: Life, news: Mapping[int, News], cause: Cause, last_as_of: datetime | None, *, enters: bool
) -> dict[str, int]:
    """Everything up to the guard. Returns how many people stood at each step before."""
    connection, walk = life.newest.connection, life.newest
    connection.execute(queries.text("journeys/leavers"), {"as_of": walk.as_of})
    for one in life.walks:
        ending.leave(one, news[one.version])
    lingering.withdraw(life)
    stretches = []
    first = 1
    for one in life.walks:
        stretches.append(lay(one, first))
        first = stretches[-1].past
    standing = setting_out.set_out(stretches, news)
    for stretch in stretches:
        passing.carry(stretch)
    if enters:
        newcomers = lay(walk, first)
        entering.enter(life, newcomers, cause, last_as_of)
        passing.carry(newcomers)
    return standing


def kind(journey: Journey) -> str:
    """What people enter by: where that is another thing than before, everybody is looked at for the first time."""
    entry = journey.entry
    parts = (entry.kind, entry.model, entry.column, entry.name, entry.file)
    return " ".join(part for part in parts if part)


def _guarded(
    connection: duckdb.DuckDBPyConnection, life: Life, counts: Counts, sql_hash: str | None
) -> tuple[JourneyVerdict, str]:
    journey, movement = life.newest.journey, counts.movement
    reason = guards.journey_verdict(journey.guard, movement)
    if not reason:
        return "applied", ""
    run_id = life.newest.run_id
    if guards.approved(connection, journey.name, movement, sql_hash=sql_hash, run_id=run_id):
        return "approved", reason
    return "blocked", reason + (_in_time(journey) if counts.entered else "")


def _in_time(journey: Journey) -> str:
    """Occasions grow old while nobody decides; who is in a segment stays there."""
    if journey.entry.kind not in ("occur", "event", "change", "date", "schedule", "end"):
        return ""
    return f"; approve in time: what is older than {span(journey.entry.not_older_than)} lets nobody in (not_older_than)"
