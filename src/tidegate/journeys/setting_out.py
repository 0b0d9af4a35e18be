"""Everybody who is due leaves where they stood: one look at all who are inside says where somebody may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from tidegate import queries
from tidegate.journeys import waiting
from tidegate.journeys.news import News
from tidegate.journeys.stretch import Stretch
from tidegate.spec.journey_objects import WaitStep

_WAYS = ("node", "version", "step", "target")


def set_out(stretches: Sequence[Stretch], news: Mapping[int, News]) -> dict[str, int]:
    """Fill `arrived` and `walkers` with those who go on from where they stood. The last stretch is of the newest
    version. Returns how many people stood at each step."""
    walk = stretches[-1].walk
    connection, ours = walk.connection, {"journey": walk.journey.name, "as_of": walk.as_of}
    rows = connection.execute(queries.text("journeys/who_stands"), ours).fetchall()
    due = {(version, step): due for version, step, _, due in rows}
    if any(waiting.listens(step) for stretch in stretches for _, step in stretch):
        connection.execute(queries.text("journeys/unsent"), {"journey": walk.journey.name})
        since = {"journey": walk.journey.name, "since": news[walk.version].as_of}
        connection.execute(queries.text("journeys/delayed"), since)
    plain = []
    for stretch in stretches:
        for node, step in stretch:
            place = (stretch.walk.version, step.id)
            if place in due and waiting.listens(step):
                waiting.resume(stretch, node, step, news[stretch.walk.version], due=bool(due[place]))
            elif due.get(place) and isinstance(step, WaitStep):
                plain.append((node, *place, stretch.node(step.next)))
    if plain:
        written = [tuple(exp.convert(value) for value in row) for row in plain]
        ways = exp.select(*_WAYS).from_(exp.values(written, alias="given", columns=_WAYS))
        connection.execute(queries.bind("journeys/leave_by_time", ways=ways), ours)
    moves_over = {"journey": walk.journey.name, "first": stretches[-1].first}
    connection.execute(queries.text("journeys/move_over"), moves_over)
    connection.execute(queries.text("journeys/set_out"), {"journey": walk.journey.name})
    stood: dict[str, int] = {}
    for _, step, people, _ in rows:
        stood[step] = stood.get(step, 0) + people
    return stood
