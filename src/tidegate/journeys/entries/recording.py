"""What was found, carried over into the state: once the journey's guard let it through."""

from __future__ import annotations

from tidegate import queries
from tidegate.decision import stays
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import Entry

#: entries that know by stays, or by values, who was there before
_KNOWN = frozenset({"enter", "exit", "in", "list", "schedule", "change"})


def record(walk: Walk) -> None:
    """Write down what became of everybody in `candidates`, and who was seen where. For after `find`."""
    connection, journey = walk.connection, walk.journey
    connection.execute(
        queries.text("journeys/entries/record"),
        {"journey": journey.name, "run_id": walk.run_id, "known": journey.entry.kind in _KNOWN},
    )
    if _keeps_stays(journey.entry):
        ((cause,),) = connection.execute(queries.text("journeys/entries/cause")).fetchall()
        stays.move(connection, journey.name, as_of=walk.as_of, run_id=walk.run_id, cause=cause)
    if journey.entry.kind == "change":
        connection.execute(queries.text("journeys/entries/forget_watched"), {"journey": journey.name})
        connection.execute(queries.text("journeys/entries/watch"), {"journey": journey.name})


def _keeps_stays(entry: Entry) -> bool:
    return entry.kind in ("enter", "exit", "in", "list") or (
        entry.kind == "schedule" and entry.again.kind == "after_leaving"
    )
