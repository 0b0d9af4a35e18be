"""Events that a journey asks about and that nobody ever did: mostly a name that is misspelt, and nothing else tells."""

from __future__ import annotations

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.decision.standing import Facts
from tidegate.spec import journey_graph, predicates
from tidegate.spec.expressions import place
from tidegate.spec.journey_objects import EventStep, Journey
from tidegate.spec.nearest import closest
from tidegate.spec.predicates import EVENTS


def unheard(connection: duckdb.DuckDBPyConnection, facts: Facts, journey: Journey) -> tuple[str, ...]:
    """A sentence for each. What journeys of the project emit may come yet."""
    events = facts.models.get(EVENTS)
    asked = _asked(journey)
    emitted = {
        step.name for one in facts.project.journeys.values() for step in one.steps if isinstance(step, EventStep)
    }
    known = connection.execute(queries.text("journeys/known_events"), {"journey": journey.name}).fetchall()
    names = sorted(asked.keys() - emitted - {name for (name,) in known})
    if events is None or not names:
        return ()
    happened = exp.select("name").from_(queries.relation(events.relation))
    query = queries.bind("journeys/unheard", happened=happened)
    ((never, heard),) = connection.execute(query, {"names": names}).fetchall()
    return tuple(f"{asked[name]}: no event `{name}` was ever seen{_meant(name, heard)}" for name in never)


def _asked(journey: Journey) -> dict[str, str]:
    """Where each event is asked about: file, line and key."""
    asked = {}
    if journey.entry.kind == "event" and journey.entry.name is not None:
        asked[journey.entry.name] = f"{journey.file}:{journey.entry.line}: enter.on"
    for tree, _ in journey_graph.asked(journey, journey_graph.earlier(journey)):
        file, line, key = place(tree)
        for call in predicates.calls(tree):
            if call.name == "did":
                asked.setdefault(call.about, f"{file}:{line}: {key}")
    return asked


def _meant(name: str, heard: list[str]) -> str:
    near = closest(name, heard)
    return f"; did you mean `{near}`?" if near else ""
