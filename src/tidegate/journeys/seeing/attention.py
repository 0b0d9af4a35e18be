"""What of journeys wants a person: those that did not act, people who wait for a word, journeys without a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from tidegate import queries
from tidegate.errors import SpecError
from tidegate.journeys.seeing.published import journey_of, published
from tidegate.spec.journey_objects import ApproveStep
from tidegate.spec.objects import Project


@dataclass(frozen=True, slots=True)
class JourneyRun:
    """What the latest run that looked at a journey made of it."""

    journey: str
    run_id: str
    as_of: datetime
    verdict: str
    reason: str | None
    cause: str | None
    version: int | None
    entered: int
    refused: int
    moved: int
    ended: int
    inside: int
    planned: int
    withheld: int


@dataclass(frozen=True, slots=True)
class AskedFor:
    """People who wait at a step and on whom nobody has said a word; `since` is when the first of them came (UTC)."""

    journey: str
    step: str
    question: str
    people: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Forsaken:
    """A journey whose file is gone while people are inside."""

    journey: str
    people: int


def runs(connection: duckdb.DuckDBPyConnection) -> tuple[JourneyRun, ...]:
    """Every journey that a run has looked at, by name."""
    return tuple(JourneyRun(*row) for row in connection.execute(queries.text("status/journeys")).fetchall())


def waiting(
    connection: duckdb.DuckDBPyConnection, project: Project
) -> tuple[tuple[AskedFor, ...], tuple[Forsaken, ...]]:
    """Who waits for a person's word, and the journeys whose file is gone."""
    asked: dict[tuple[str, str], AskedFor] = {}
    forsaken: Counter[str] = Counter()
    questions: dict[tuple[str, int], dict[str, str]] = {}
    for journey, version, step, people, unanswered, since in connection.execute(
        queries.text("journeys/seeing/inside")
    ).fetchall():
        if journey not in project.journeys:
            forsaken[journey] += people
            continue
        if (journey, version) not in questions:
            questions[journey, version] = _questions(connection, project, journey, version)
        question = questions[journey, version].get(step)
        if question is None or not unanswered:
            continue
        before = asked.get((journey, step))
        asked[journey, step] = AskedFor(
            journey,
            step,
            question,
            unanswered + (before.people if before else 0),
            min(since, before.since) if before else since,
        )
    return tuple(asked.values()), tuple(Forsaken(name, count) for name, count in sorted(forsaken.items()))


def _questions(connection: duckdb.DuckDBPyConnection, project: Project, journey: str, version: int) -> dict[str, str]:
    """The steps of a version at which people wait for approval, with what is asked."""
    found = next((one for one in published(connection, journey) if one.version == version), None)
    try:
        walked = journey_of(project, journey, found)
    except SpecError:
        return {}
    return {step.id: step.question for step in walked.steps if isinstance(step, ApproveStep)}


def in_words(journeys: Sequence[JourneyRun], asked: Sequence[AskedFor], forsaken: Sequence[Forsaken]) -> list[str]:
    """What a person could do about it."""
    said = [
        f"{one.journey} did not act: {one.reason or 'its entry cannot be worked out'}"
        for one in journeys
        if one.verdict in ("failed", "contract")
    ]
    said += [
        f"{_people(one.people)} in {one.journey} {'waits' if one.people == 1 else 'wait'} at {one.step} for an answer "
        f'to "{one.question}", the first since {one.since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}. Look with '
        f"`tidegate journey {one.journey} --step {one.step}`, then "
        f"`tidegate approve {one.journey} --step {one.step}`, with --reject for no."
        for one in asked
    ]
    said += [
        f"{one.journey} has no file any more, and {_people(one.people)} inside: nobody moves and nothing is sent. "
        "Bring the file back, with `status: stopped` to let them leave."
        for one in forsaken
    ]
    return said


def _people(count: int) -> str:
    return f"{count:,} {'person' if count == 1 else 'people'}"
