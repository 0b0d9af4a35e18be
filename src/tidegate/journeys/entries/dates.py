"""Dates of people's own: birthdays, renewals, appointments, and days before and after them."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from tidegate import queries
from tidegate.decision import zones
from tidegate.decision.stays import entries
from tidegate.journeys.entries import segments
from tidegate.journeys.entries.looking import Looking, row_as_json
from tidegate.journeys.waits import clocks


def fall_due(looking: Looking) -> None:
    """Dates that became due since the last run, by the clock where each person lives.

    Raises SpecError for rows without a person.
    """
    entry, walk = looking.entry, looking.walk
    assert entry.column is not None
    after, until = _since(looking), walk.as_of
    if after >= until:
        return
    model = looking.model()
    rows = entries(
        model,
        looking.key,
        context=row_as_json(model, without="due_at"),
        value=exp.cast(exp.column(entry.column, table="entry", quoted=True), "varchar"),
    )
    segments.check_people(looking, rows)
    seconds = entry.offset.total_seconds()
    years = [*range((after - entry.offset).year - 1, (until - entry.offset).year + 2)] if entry.yearly else [0]
    looking.run_over(
        "due_soon",
        {"entry": rows},
        after=after,
        until=until,
        seconds=seconds,
        yearly=entry.yearly,
        years=years,
    )
    zones.find(walk.connection, walk.facts.project, walk.facts.people, exp.to_table("due_soon"))
    looking.run("due_walls", seconds=seconds, clock=entry.at, yearly=entry.yearly)
    for statement in queries.statements("journeys/waits/working_tables"):
        walk.connection.execute(statement)
    looking.run("want_walls")
    clocks.find_instants(walk)
    looking.run(
        "date",
        journey=looking.journey.name,
        after=after,
        until=until,
        per=looking.key_path,
        oldest=looking.oldest,
        disposition=looking.unwatched,
    )


def _since(looking: Looking) -> datetime:
    """At the first run nothing is due; with `backfill`, what became so lately."""
    if looking.entry.backfill and looking.cause == "baseline":
        return looking.oldest
    return looking.acts_after
