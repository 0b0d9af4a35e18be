"""People who have been through a journey while a message of it still waits: in quiet hours, for a cap, in a pause.

What would have made them leave keeps the message from them, so that nobody gets a reminder after buying.
"""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.decision.stays import entries
from tidegate.journeys.versions import Life
from tidegate.journeys.views import show
from tidegate.journeys.walk import Walk

_HERE = "lingering_here"


def withdraw(life: Life) -> None:
    """Fill `withdrawn`. Comes after exits and goals were looked at."""
    walk = life.newest
    connection = walk.connection
    versions = [one.version for one in life.walks]
    which = {"journey": walk.journey.name, "as_of": walk.as_of, "versions": versions, "newest": walk.version}
    connection.execute(queries.text("journeys/linger"), which)
    if connection.execute(queries.text("journeys/anyone_lingers")).fetchone() is None:
        return
    if walk.journey.status == "stopped":
        _withdraw(walk, exp.select("instance").from_("lingering"))
        return
    for one in {one.version: one for one in (*life.walks, walk)}.values():
        _of_version(one)


def _of_version(walk: Walk) -> None:
    from tidegate.journeys.predicates import first_true

    journey = walk.journey
    show(walk.connection, _HERE, "journeys/lingering_here", version=walk.version)
    if journey.goal is not None and journey.goal.leaves:
        walk.connection.execute(queries.text("journeys/withdraw_at_goal"), {"version": walk.version})
    if journey.exits:
        _withdraw(walk, first_true(walk, [rule.when for rule in journey.exits], _HERE))
    if journey.on_segment_exit == "exit" and journey.entry.model is not None:
        segment = entries(walk.facts.models[journey.entry.model], walk.facts.project.key)
        _withdraw(walk, queries.tree("journeys/not_in_segment", here=exp.to_table(_HERE), entry=segment))


def _withdraw(walk: Walk, chosen: exp.Expr) -> None:
    walk.connection.execute(queries.bind("journeys/withdraw", chosen=chosen))
