"""Waiting until a date or time that everybody has of their own: `person.birthday - 7 days`."""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.waits import clocks
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import Until


def wait(walk: Walk, until: Until, table: str) -> None:
    """Fill `wait_ends`. Times without a zone are UTC, as everywhere in the models."""
    from tidegate.journeys.predicates import value

    assert until.moment is not None
    here = exp.to_table(table)
    parameters = {"minutes": clocks.minutes(until.at), "seconds": until.offset.total_seconds()}
    own = value(walk, until.moment, table)
    walk.connection.execute(queries.bind("journeys/waits/aims", here=here, own=own), parameters)
    walk.connection.execute(queries.text("journeys/waits/aimed_walls"))
    clocks.find_instants(walk)
    walk.connection.execute(queries.bind("journeys/waits/aimed", here=here))
