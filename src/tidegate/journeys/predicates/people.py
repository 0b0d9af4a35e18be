"""What people are: tags and traits that journeys set, whether they can be reached, what they agreed to."""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.decision import permission
from tidegate.journeys.predicates import remembered
from tidegate.journeys.predicates.asking import Asking
from tidegate.spec.calls import Call


def worn(asking: Asking, call: Call, what: str) -> exp.Table:
    """(person, value) of everybody who has the tag, or a value of the trait."""
    walk = asking.walk
    kind = "tag" if call.name == "has_tag" else "trait"
    parameters = {"journey": walk.journey.name, "kind": kind, "name": call.about, "as_of": walk.as_of}
    return remembered.anew(walk, what, queries.tree("journeys/predicates/worn"), parameters)


def permitted(asking: Asking, call: Call, what: str, asked: exp.Select) -> exp.Table:
    """(person) of those among `asked` (person) who are `reachable`, or have `consented`, by the gate's own rules."""
    walk = asking.walk
    permission.prepare(walk.connection, walk.facts.project)
    walk.connection.execute(
        queries.bind("journeys/predicates/want", asked=asked), {"channel": call.about, "topic": call.more}
    )
    permission.ask(walk.connection, walk.facts.project, walk.facts.people, [call.about], as_of=walk.as_of)
    return remembered.anew(walk, what, queries.tree(f"journeys/predicates/{call.name}"))
