"""The steps of one version as numbers, for those who walk it in a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tidegate import queries
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import Step

#: where people come to when they complete the journey
END = 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """`first` is the number of the first step; the others follow, in an order in which nobody goes back."""

    walk: Walk
    first: int

    def __iter__(self) -> Iterator[tuple[int, Step]]:
        return enumerate(self.walk.journey.steps, self.first)

    @property
    def past(self) -> int:
        """The first number that is not a step's of these."""
        return self.first + len(self.walk.journey.steps)

    def node(self, step: str | None) -> int:
        """The number of a step; None is the end."""
        if step is None:
            return END
        return next(node for node, one in self if one.id == step)


def lay(walk: Walk, first: int) -> Stretch:
    """Number the steps from `first`."""
    stretch = Stretch(walk, first)
    nodes, steps = zip(*((node, step.id) for node, step in stretch), strict=True)
    numbered = {"nodes": [*nodes], "version": walk.version, "steps": [*steps]}
    walk.connection.execute(queries.text("journeys/add_nodes"), numbered)
    return stretch
