"""Which models a journey stands on, beside the people."""

from __future__ import annotations

from tidegate.spec import journey_graph, predicates
from tidegate.spec.journey_objects import Journey
from tidegate.spec.predicates import EVENTS


def models_of(journey: Journey) -> frozenset[str]:
    """The model that people enter by, the segments that are asked about, and the events where there are any."""
    named = {journey.entry.model} if journey.entry.model is not None else set()
    if journey.entry.kind == "event":
        named.add(EVENTS)
    for tree, _ in journey_graph.asked(journey, journey_graph.earlier(journey)):
        for call in predicates.calls(tree):
            if call.name == "in_segment":
                named.add(call.about)
            elif call.name == "did":
                named.add(EVENTS)
    return frozenset(named)
