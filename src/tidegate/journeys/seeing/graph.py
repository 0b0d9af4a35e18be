"""A journey as a picture has it: what stands where, and which way leads where."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tidegate.journeys.seeing import words
from tidegate.spec.journey_objects import (
    ApproveStep,
    BranchStep,
    EndStep,
    Journey,
    SplitStep,
    Step,
    WaitStep,
    WebhookStep,
)

_PART = re.compile(r"(\w+)\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Node:
    """A step. `depth` is how many paths it lies within, `under` the path that it is the first of."""

    step: str
    kind: str
    says: str
    depth: int
    under: str


@dataclass(frozen=True, slots=True)
class Edge:
    """A way out of a step, or in: from '' is the entry, to '' is the journey's end. `turn` is '' where it is the only
    one; `when` is the condition of a turn that has one."""

    source: str
    target: str
    turn: str
    when: str


@dataclass(frozen=True, slots=True)
class Graph:
    """`nodes` are in the order of the file: every step before those it leads to."""

    entry: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def turns(self, step: str) -> tuple[Edge, ...]:
        """The ways out of a step."""
        return tuple(edge for edge in self.edges if edge.source == step)

    @property
    def forks(self) -> list[str]:
        """Steps with several ways out."""
        return [node.step for node in self.nodes if len(self.turns(node.step)) > 1]


def graph(journey: Journey) -> Graph:
    """The graph of a journey, as its file has it."""
    nodes = tuple(_node(step) for step in journey.steps)
    edges = [Edge("", journey.steps[0].id, "", "")] if journey.steps else []
    for step in journey.steps:
        edges += _ways_out(step)
    return Graph(words.entry(journey.entry), nodes, tuple(edges))


def _node(step: Step) -> Node:
    parts = _PART.findall(step.path)
    paths = [(name, int(at)) for name, at in parts if name != "ways"]
    under = paths[-1][0] if len(paths) > 1 and paths[-1][1] == 0 else ""
    return Node(step.id, words.kind(step), words.does(step), max(len(paths) - 1, 0), under)


def _ways_out(step: Step) -> list[Edge]:
    match step:
        case EndStep():
            return []
        case BranchStep():
            return [_edge(step, way.target, way.name, words.condition(way.when)) for way in step.ways]
        case SplitStep():
            return [_edge(step, way.target, way.name, "") for way in step.ways]
        case WaitStep() if step.outcomes:
            heard = [_edge(step, way.target, way.name, words.condition(way.when)) for way in step.outcomes]
            return [*heard, _edge(step, step.next, "timed_out", "")]
        case WebhookStep():
            return [_edge(step, step.next, "answered", ""), _edge(step, step.failed, "failed", "")]
        case ApproveStep():
            return [_edge(step, step.next, "approved", ""), _edge(step, step.rejected, "rejected", "")]
        case _:
            return [_edge(step, step.next, "", "")]


def _edge(step: Step, target: str | None, turn: str, when: str) -> Edge:
    return Edge(step.id, target or "", turn, "" if when == "else" else when)
