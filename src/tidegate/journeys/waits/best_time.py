"""Waiting for the hour of the day in which somebody is most likely to look: the one in which they mostly did.

What counts is in the ninety days before: opens and clicks as the platforms report them, and purchases, which are the
events called one of `PURCHASES` and those that the journey's goal asks for. People of whom there is nothing are taken
to be like all people of the project together; where there is nothing of anybody, the hour is that of ten o'clock.
"""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.decision import zones
from tidegate.decision.stays import person_of
from tidegate.journeys.waits import clocks
from tidegate.journeys.walk import Walk
from tidegate.spec.predicates import EVENTS, events_named

#: events of these names are purchases, whatever a journey is for
PURCHASES = ("order_completed", "order_placed", "purchase", "purchased")


def wait(walk: Walk, here: exp.Table) -> None:
    """Fill `wait_ends`: whose best hour it is goes on at once."""
    bought = _bought(walk)
    walk.connection.execute(queries.bind("journeys/waits/own_hours", here=here, bought=bought))
    _be_like_others(walk, here, bought)
    clocks.read(walk, here)
    walk.connection.execute(queries.text("journeys/waits/best_hours"))
    walk.connection.execute(queries.text("journeys/waits/best_walls"))
    clocks.find_instants(walk)
    walk.connection.execute(queries.text("journeys/waits/best"))


def _be_like_others(walk: Walk, here: exp.Table, bought: exp.Expr) -> None:
    without = queries.bind("journeys/waits/anyone_without_hour", here=here)
    ((anyone,),) = walk.connection.execute(without).fetchall()
    if not anyone:
        return
    this = {"run_id": walk.run_id, "journey": walk.journey.name}
    ((known,),) = walk.connection.execute(queries.text("journeys/waits/knows_usual_hour"), this).fetchall()
    if not known:
        walk.connection.execute(queries.bind("journeys/waits/lately", bought=bought), {"as_of": walk.as_of})
        zones.find(walk.connection, walk.facts.project, walk.facts.people, exp.to_table("lately"))
        usual = queries.bind("journeys/waits/usual_hour", bought=bought)
        walk.connection.execute(usual, {**this, "as_of": walk.as_of})
    walk.connection.execute(queries.bind("journeys/waits/give_usual_hour", here=here), this)


def _bought(walk: Walk) -> exp.Select:
    """(person, occurred_at) of purchases; none where there is no events model."""
    events = walk.facts.models.get(EVENTS)
    if events is None:
        nobody = {"person": exp.cast(exp.null(), "varchar"), "occurred_at": exp.cast(exp.null(), "timestamptz")}
        return exp.select(*[exp.alias_(value, name) for name, value in nobody.items()]).where(exp.false())
    goal = walk.journey.goal
    names = sorted({*PURCHASES, *(events_named(goal.when) if goal is not None else ())})
    columns = {
        "person": person_of(walk.facts.project.key, "event"),
        "occurred_at": exp.cast(exp.column("occurred_at", table="event", quoted=True), "timestamptz"),
    }
    source = exp.alias_(queries.relation(events.relation), "event", table=True)
    named = exp.column("name", table="event", quoted=True).isin(*names)
    return queries.select(source, columns).where(named)
