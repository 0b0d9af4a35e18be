"""One person's walks, told with the reason for every turn."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import duckdb

from tidegate import queries
from tidegate.journeys.seeing import words
from tidegate.journeys.seeing.graph import graph
from tidegate.journeys.seeing.published import published, readable
from tidegate.redact import redact
from tidegate.spec.journey_objects import Journey
from tidegate.spec.objects import Project

#: The journey as a version of it was; None where nobody can read it any more.
Versions = Callable[[str, int | None], Journey | None]


class Passage(NamedTuple):
    """Something that happened to a person in a journey. `turn` orders what one run did, as in sql/story/moments.sql;
    `source` is the journey, or the list where `what` is about one."""

    at: datetime
    turn: int
    what: str
    source: str
    step: str | None
    destination: str | None
    reason: str | None
    until: datetime | None
    run_id: str | None


def passages(connection: duckdb.DuckDBPyConnection, person: str, project: Project | None) -> list[Passage]:
    """Everything that journeys did with the person with this key, in order. Without `project`, turns have no reasons
    but their names."""
    rows = connection.execute(queries.text("story/walks"), {"person": person}).fetchall()
    versions = _versions(connection, project)
    return [_passage(versions, *row) for row in rows]


def _passage(
    versions: Versions,
    at: datetime,
    turn: int,
    _instance: int,
    _number: int,
    what: str,
    journey: str,
    version: int | None,
    step: str | None,
    from_step: str | None,
    reason: str | None,
    destination: str | None,
    until: datetime | None,
    run_id: str | None,
) -> Passage:
    if what in ("onto list", "off list"):
        return Passage(at, turn, what, reason or "", None, destination, f"{journey}: {step}", until, run_id)
    walked = versions(journey, version) if what in ("entered", "came to", "ended") else None
    if walked is not None:
        reason = _why(walked, what, step, from_step, reason)
    # A trait's value is whatever somebody's SQL made of a person's columns.
    return Passage(at, turn, what, journey, step, destination, redact(reason) if reason else None, until, run_id)


def _why(journey: Journey, what: str, step: str | None, from_step: str | None, reason: str | None) -> str | None:
    if what == "entered":
        return words.entry(journey.entry) + (f": {reason}" if reason else "")
    if what == "ended":
        rule = words.condition(journey.exits[0].when) if reason == "rule" and len(journey.exits) == 1 else ""
        return f"{reason}: {rule}" if rule else reason
    turns = [edge for edge in graph(journey).turns(from_step or "") if edge.target == (step or "")]
    taken = [edge for edge in turns if edge.turn == reason] if reason else []
    when = taken[0].when if taken else ""
    told = reason.replace("_", " ") if reason else None
    return f"{told}: {when}" if when else told


def _versions(connection: duckdb.DuckDBPyConnection, project: Project | None) -> Versions:
    """Versions are read once; what a person walked through are few."""
    known: dict[str, dict[int, Journey]] = {}

    def of(name: str, version: int | None) -> Journey | None:
        if project is None or version is None:
            return None
        if name not in known:
            known[name], _ = readable(project, name, published(connection, name))
        return known[name].get(version)

    return of


def plain(passage: Passage) -> tuple[Any, ...]:
    """As a moment of a story has it: (at, what, source, message, destination, reason, until, times, run_id)."""
    at, _turn, what, source, step, destination, reason, until, run_id = passage
    return at, what, source, step, destination, reason, until, 1, run_id or ""
