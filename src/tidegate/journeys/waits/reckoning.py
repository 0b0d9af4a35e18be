"""When those who come to a waiting step go on by time: set-wise, on everybody's own clock."""

from __future__ import annotations

from datetime import timedelta

from sqlglot import exp

from tidegate import queries
from tidegate.decision import zones
from tidegate.journeys.views import literal
from tidegate.journeys.waits import best_time, clocks, own_dates, slots
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import ApproveStep, Until, WaitStep, WebhookStep


def deadlines(walk: Walk, step: WaitStep | WebhookStep | ApproveStep, table: str = "here") -> exp.Expr:
    """(instance, deadline, past) of the rows of a temporary table like `here`, one each, counted from its `at`.

    No deadline is before `at`. `past`: what they were to wait for was over before, or is not known (null); whether
    they go on then or leave is for the caller to see in `until.past`. Local times are those of the zones that
    `decision.zones` finds, at the first moment at which the clock on the wall shows them or, where it leaves them out,
    the first one after. The query reads a temporary table that holds until the next call.
    """
    here = exp.to_table(table)
    until = step.until if isinstance(step, WaitStep) else Until(duration=step.up_to)
    if until.duration is not None:
        return _exact(until.duration, here)
    for statement in queries.statements("journeys/waits/working_tables"):
        walk.connection.execute(statement)
    zones.find(walk.connection, walk.facts.project, walk.facts.people, here)
    if until.days is not None:
        _days(walk, until, here)
    elif until.slot:
        slots.wait(walk, until.slot, here)
    elif until.moment is not None:
        own_dates.wait(walk, until, table)
    else:
        best_time.wait(walk, here)
    return exp.select("instance", "deadline", "past").from_("wait_ends")


def _exact(length: timedelta, here: exp.Table) -> exp.Expr:
    """As microseconds, since an interval of days is as long as the days of a clock are."""
    query = queries.tree("journeys/waits/exact", here=here)
    return query.transform(lambda node: literal(length) if isinstance(node, exp.Placeholder) else node)


def _days(walk: Walk, until: Until, here: exp.Table) -> None:
    clocks.read(walk, here)
    parameters = {"days": until.days, "minutes": clocks.minutes(until.at)}
    walk.connection.execute(queries.text("journeys/waits/days_walls"), parameters)
    clocks.find_instants(walk)
    walk.connection.execute(queries.text("journeys/waits/days"), parameters)
