"""Versions of journeys, read back from the state: what those inside walk through may be in no file any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from tidegate import queries
from tidegate.errors import SpecError
from tidegate.spec.journey_objects import Journey
from tidegate.spec.objects import Project


@dataclass(frozen=True, slots=True)
class Published:
    """A version as the state keeps it, with how many entered it, are inside, and did what it is for."""

    version: int
    published_at: datetime
    entered: int
    inside: int
    goals: int
    hash: str
    source: str


def published(connection: duckdb.DuckDBPyConnection, journey: str) -> tuple[Published, ...]:
    """Every version of a journey, the oldest first."""
    rows = connection.execute(queries.text("journeys/seeing/versions"), {"journey": journey}).fetchall()
    return tuple(Published(*row) for row in rows)


def journey_of(project: Project, name: str, version: Published | None) -> Journey:
    """A version of a journey; None is what its file says. Raises SpecError where it cannot be read any more, because
    something that it names is gone, and KeyError where there is neither a version nor a file."""
    now = project.journeys.get(name)
    if version is None or (now is not None and now.hash == version.hash):
        return project.journeys[name]
    from tidegate.spec.journeys import reread

    return reread(version.source, project)


def readable(project: Project, name: str, versions: Sequence[Published]) -> tuple[dict[int, Journey], tuple[str, ...]]:
    """The versions that can be read, by number, and sentences about those that cannot."""
    found: dict[int, Journey] = {}
    problems = []
    for one in versions:
        try:
            found[one.version] = journey_of(project, name, one)
        except SpecError as fault:
            problems.append(f"version {one.version} cannot be read any more: {'; '.join(str(fault).splitlines())}")
    return found, tuple(problems)
