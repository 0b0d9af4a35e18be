"""All journeys, a line each: those of the project, and those whose file is gone but that the state still knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from tidegate import queries
from tidegate.spec.objects import Project
from tidegate.warehouse import Warehouse

_NOTHING = (None, 0, 0, 0, 0, None, None, None)


@dataclass(frozen=True, slots=True)
class JourneyLine:
    """`status` is the file's, or `without file`; `version` the newest that was published. `verdict`, `reason` and
    `as_of` are of the latest run that looked at it."""

    journey: str
    status: str
    version: int | None
    entered: int
    inside: int
    ended: int
    goals: int
    verdict: str | None
    reason: str | None
    as_of: datetime | None
    description: str = ""


def overview(warehouse: Warehouse, project: Project) -> tuple[JourneyLine, ...]:
    """Every journey, by name. Raises WarehouseError when the warehouse is locked."""
    if not warehouse.path.exists():
        return tuple(_line(project, name, {}) for name in sorted(project.journeys))
    with warehouse.session() as connection:
        return lines(connection, project)


def lines(connection: duckdb.DuckDBPyConnection, project: Project) -> tuple[JourneyLine, ...]:
    """The same, within a session."""
    rows = connection.execute(queries.text("journeys/seeing/journeys")).fetchall()
    # A draft that was never published and whose file is gone left nothing to look at.
    known = {name: (version, *rest) for name, version, *rest in rows if version is not None or name in project.journeys}
    return tuple(_line(project, name, known) for name in sorted({*known, *project.journeys}))


def _line(project: Project, name: str, known: Mapping[str, tuple[Any, ...]]) -> JourneyLine:
    file = project.journeys.get(name)
    version, entered, inside, ended, goals, verdict, reason, as_of = known.get(name, _NOTHING)
    return JourneyLine(
        journey=name,
        status=file.status if file else "without file",
        version=version,
        entered=entered,
        inside=inside,
        ended=ended,
        goals=goals,
        verdict=verdict,
        reason=reason,
        as_of=as_of,
        description=file.description if file else "",
    )
