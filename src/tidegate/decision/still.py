"""Lists that do not move in a run: an owner does not, or they would lose people whom nobody takes off."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import duckdb

from tidegate import guards, queries
from tidegate.decision.lists import ListCounts
from tidegate.decision.owned import OwnedList
from tidegate.results import JourneyDecision


def unmoved(decided: Collection[JourneyDecision]) -> frozenset[str]:
    """The journeys that a guard, a contract or a fault keeps from moving; a draft keeps nothing back."""
    return frozenset(one.journey for one in decided if one.verdict in ("blocked", "contract", "failed"))


def stopped(
    connection: duckdb.DuckDBPyConnection, planned: Mapping[OwnedList, ListCounts], run_id: str
) -> dict[OwnedList, str]:
    """Lists that only journeys own and that would lose more people than a guard allows, with why.

    What steps take off is not counted: that is what the files say of those people, and of them alone.
    """
    found = {}
    for one, counts in planned.items():
        if one.owners:
            continue  # an audience's guard looks at them
        row = connection.execute(
            queries.text("lists/unasked_removals"), {**one.parameters, "run_id": run_id}
        ).fetchone()
        going = guards.ListMovement(one.name, counts.held, int(row[0]) if row else 0)
        said = [reason for journey in one.journeys if (reason := guards.list_verdict(journey.guard, going))]
        if said:
            found[one] = f"{said[0]}, though no step takes them off; let the journey's guard allow it, or get them back"
    return found
