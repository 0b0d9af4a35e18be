"""What journeys ask of the events: which of them, and which of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache

from sqlglot import exp

from tidegate.journeys.walk import Walk
from tidegate.spec.calls import Call
from tidegate.spec.journey_objects import Journey
from tidegate.spec.predicates import calls


@dataclass(frozen=True, slots=True)
class Demand:
    """Sorted, so that the same demand is told by the same words."""

    names: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def demand(walk: Walk) -> Demand:
    """Of all journeys that take part in the decision, and of this one in the version that is walked."""
    facts = walk.facts
    journeys = [one for name, one in facts.project.journeys.items() if name not in facts.unfit]
    found = [_of_journey(_Same(one)) for one in (*journeys, walk.journey)]
    return Demand(
        tuple(sorted({name for one in found for name in one.names})),
        tuple(sorted({name for one in found for name in one.columns})),
    )


def columns_of(call: Call) -> frozenset[str]:
    """The event's columns that a call's `where` names."""
    if call.where is None:
        return frozenset()
    return frozenset(column.name for column in call.where.find_all(exp.Column) if column.table == "event")


class _Same:
    """A journey, known by which object it is: its trees are walked once."""

    def __init__(self, journey: Journey) -> None:
        self.journey = journey

    def __hash__(self) -> int:
        return id(self.journey)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.journey is other.journey


@lru_cache(maxsize=256)
def _of_journey(same: _Same) -> Demand:
    asked = [call for tree in _trees(same.journey) for call in calls(tree) if call.name == "did"]
    columns = {name for call in asked for name in columns_of(call)}
    return Demand(tuple({call.about for call in asked}), tuple(columns))


def _trees(value: object) -> Iterator[exp.Expr]:
    if isinstance(value, exp.Expr):
        yield value
    elif is_dataclass(value):
        yield from _all(getattr(value, one.name) for one in fields(value))
    elif isinstance(value, Mapping):
        yield from _all(value.values())
    elif isinstance(value, tuple):
        yield from _all(value)


def _all(values: Iterable[object]) -> Iterator[exp.Expr]:
    for value in values:
        yield from _trees(value)
