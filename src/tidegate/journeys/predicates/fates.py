"""What became of a message that a step of the walk sent, and what a webhook answered."""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.predicates import remembered
from tidegate.journeys.predicates.asking import Asking
from tidegate.spec.calls import Call


def met(asking: Asking, call: Call, what: str) -> exp.Table:
    """(instance) of those whose message was `sent`, `opened`, ... by `at`."""
    query = queries.tree("journeys/predicates/met", asked=asking.relation(), fates=_fates(asking, call))
    return remembered.anew(asking.walk, what, query)


def first_met(asking: Asking, call: Call, what: str) -> exp.Table:
    """(instance, happened_at): when first, or `since` where it was before."""
    query = queries.tree("journeys/predicates/first_met", asked=asking.relation(), fates=_fates(asking, call))
    return remembered.anew(asking.walk, what, query)


def answer(asking: Asking, call: Call, what: str) -> exp.Table:
    """(instance, value) of those who have an answer with a value at the path."""
    parameters = {"journey": asking.walk.journey.name, "step": call.about, "path": call.more}
    query = queries.tree("journeys/predicates/answered", asked=asking.relation())
    return remembered.anew(asking.walk, what, query, parameters)


def _fates(asking: Asking, call: Call) -> exp.Table:
    """(instance, happened_at) of everybody: the same whoever is asked."""
    walk = asking.walk
    parameters = {"journey": walk.journey.name, "step": call.about}
    what = "\n".join((call.name, walk.journey.name, call.about))
    if call.name == "sent":
        return remembered.once(walk, what, queries.tree("journeys/predicates/gone"), parameters)
    query = queries.tree("journeys/predicates/fates")
    return remembered.once(walk, what, query, {**parameters, "kind": call.name})
