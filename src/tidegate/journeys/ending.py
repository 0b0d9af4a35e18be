"""Who leaves before the end, wherever they stand, and who reached the goal: looked at before anybody moves."""

from __future__ import annotations

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.decision.stays import entries
from tidegate.journeys.views import show
from tidegate.journeys.walk import Walk


def leave(walk: Walk) -> None:
    """Fill `reached_goals` and `endings` for one version. Of several reasons the first of these counts: erased, goal,
    rule, segment_left."""
    connection, ours = walk.connection, {"journey": walk.journey.name, "version": walk.version, "as_of": walk.as_of}
    show(connection, "standing_here", "journeys/standing_here", **ours)
    if anyone_erased(connection):
        _leave(walk, erased(), "erased")
    _goals(walk)
    if walk.journey.exits:
        _leave(walk, ruled_out(walk, "standing_here"), "rule")
    if walk.journey.on_segment_exit == "exit" and walk.journey.entry.model is not None:
        model = walk.facts.models[walk.journey.entry.model]
        left = queries.tree(
            "journeys/not_in_segment",
            here=exp.to_table("standing_here"),
            entry=entries(model, walk.facts.project.key),
        )
        _leave(walk, left, "segment_left")


def anyone_erased(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether anybody was ever erased: else nobody's hash is worked out."""
    return connection.execute(queries.text("journeys/anyone_erased")).fetchone() is not None


def erased(table: str = "standing_here") -> exp.Expr:
    """(instance) of those who were erased."""
    return queries.tree("journeys/erased", here=exp.to_table(table))


def ruled_out(walk: Walk, table: str) -> exp.Expr:
    """(instance, way) of those whom an exit rule holds for."""
    from tidegate.journeys.predicates import first_true

    return first_true(walk, [rule.when for rule in walk.journey.exits], table)


def _goals(walk: Walk) -> None:
    from tidegate.journeys.predicates import moments

    goal = walk.journey.goal
    if goal is None:
        return
    ours = {"journey": walk.journey.name, "version": walk.version, "as_of": walk.as_of}
    show(walk.connection, "aiming", "journeys/aiming", **ours, within=goal.within)
    reached = moments(walk, [goal.when], "aiming")
    walk.connection.execute(queries.bind("journeys/reach_goal", moments=reached))
    if goal.leaves:
        walk.connection.execute(queries.text("journeys/leave_at_goal"), ours)


def _leave(walk: Walk, chosen: exp.Expr, reason: str) -> None:
    walk.connection.execute(queries.bind("journeys/leave", chosen=chosen), {"reason": reason, "as_of": walk.as_of})
