"""Who leaves before the end, wherever they stand, and who reached the goal: looked at before anybody moves."""

from __future__ import annotations

from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.decision.stays import entries
from tidegate.journeys.news import News
from tidegate.journeys.views import show
from tidegate.journeys.walk import Walk


def leave(walk: Walk, news: News) -> None:
    """Fill `reached_goals` and `endings` for one version. Of several reasons the first of these counts: erased, goal,
    rule, segment_left."""
    connection, ours = walk.connection, _ours(walk)
    show(connection, "standing_here", "journeys/standing_here", **ours)
    if anyone_erased(connection, news.started_at):
        _leave(walk, erased("standing_here"), "erased")
    _goals(walk, news)
    _rules(walk, news)
    if walk.journey.on_segment_exit == "exit" and walk.journey.entry.model is not None:
        model = walk.facts.models[walk.journey.entry.model]
        left = queries.tree(
            "journeys/not_in_segment",
            here=exp.to_table("standing_here"),
            entry=entries(model, walk.facts.project.key),
        )
        _leave(walk, left, "segment_left")


def anyone_erased(connection: duckdb.DuckDBPyConnection, since: datetime | None) -> bool:
    """Whether anybody was erased since then, by the wall's clock: else nobody's hash is worked out."""
    return connection.execute(queries.text("journeys/anyone_erased"), {"since": since}).fetchone() is not None


def erased(table: str) -> exp.Expr:
    """(instance) of those who were erased."""
    return queries.tree("journeys/erased", here=exp.to_table(table))


def _goals(walk: Walk, news: News) -> None:
    from tidegate.journeys.predicates import moments

    goal = walk.journey.goal
    if goal is None or (whom := news.among([goal.when])) == "nobody":
        return
    walks = exp.to_table("tidegate.instances" if whom == "everybody" else "fresh_walks")
    show(walk.connection, "aiming", "journeys/aiming", {"walks": walks}, **_ours(walk), within=goal.within)
    reached = moments(walk, [goal.when], "aiming")
    walk.connection.execute(queries.bind("journeys/reach_goal", moments=reached))
    if goal.leaves:
        walk.connection.execute(queries.text("journeys/leave_at_goal"), _ours(walk))


def _rules(walk: Walk, news: News) -> None:
    from tidegate.journeys.predicates import first_true

    rules = [rule.when for rule in walk.journey.exits]
    whom = news.among(rules)
    if not rules or whom == "nobody":
        return
    inside = exp.to_table("inside" if whom == "everybody" else "fresh_inside")
    show(walk.connection, "standing_here", "journeys/standing_here", {"inside": inside}, **_ours(walk))
    _leave(walk, first_true(walk, rules, "standing_here"), "rule")
    show(walk.connection, "standing_here", "journeys/standing_here", **_ours(walk))


def _ours(walk: Walk) -> dict[str, str | int | datetime]:
    return {"journey": walk.journey.name, "version": walk.version, "as_of": walk.as_of}


def _leave(walk: Walk, chosen: exp.Expr, reason: str) -> None:
    walk.connection.execute(queries.bind("journeys/leave", chosen=chosen), {"reason": reason, "as_of": walk.as_of})
