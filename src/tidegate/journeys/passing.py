"""The pass: everybody who goes on is carried through as many steps as they can go, one step at a time for all of them.

Nobody goes back, so that each step is looked at once, in the order of the steps, and only where somebody comes to it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlglot import exp

from tidegate import queries
from tidegate.journeys import waiting
from tidegate.journeys.stretch import END, Stretch
from tidegate.journeys.views import Value
from tidegate.spec.journey_objects import (
    ApproveStep,
    BranchStep,
    EndStep,
    EventStep,
    SendStep,
    SetStep,
    SplitStep,
    Step,
    SyncStep,
    WaitStep,
    Way,
    WebhookStep,
)


def carry(stretch: Stretch) -> None:
    """Carry everybody in `arrived` who is at one of the stretch's steps on, until they wait or are at the end."""
    from tidegate.journeys import actions

    first = stretch.first
    while (node := _next(stretch, first)) is not None:
        _through(stretch, node, stretch.walk.journey.steps[node - stretch.first])
        first = node + 1
    if stretch.walk.journey.on_complete:
        ours = {"first": stretch.first, "past": stretch.past}
        stretch.walk.connection.execute(queries.text("journeys/actions/completed"), ours)
        actions.complete(stretch.walk, "here")


def _next(stretch: Stretch, first: int) -> int | None:
    """The first step, from a number on, to which somebody comes."""
    within = {"first": first, "past": stretch.past}
    row = stretch.walk.connection.execute(queries.text("journeys/next_reached"), within).fetchone()
    return row[0] if row else None


def _through(stretch: Stretch, node: int, step: Step) -> None:
    from tidegate.journeys import actions

    walk = stretch.walk
    match step:
        case SendStep():
            send(stretch, node, step)
            _on(stretch, node, step.next, now=True)
        case WebhookStep():
            send(stretch, node, step)
            waiting.ask(stretch, node, step)
        case ApproveStep():
            waiting.ask(stretch, node, step)
        case WaitStep():
            reach(stretch, node, from_entry=step.since == "entry")
            waiting.arrive(stretch, node, step)
        case BranchStep():
            reach(stretch, node)
            _branch(stretch, node, step)
        case SplitStep():
            reach(stretch, node)
            _split(stretch, node, step)
        case SyncStep() | SetStep() | EventStep():
            reach(stretch, node)
            actions.act(walk, step, "here")
            _on(stretch, node, step.next)
        case EndStep():
            _on(stretch, node, None)
        case _:
            raise NotImplementedError(f"{step.path}: nobody knows how to go through {type(step).__name__}")


def reach(stretch: Stretch, node: int, *, from_entry: bool = True) -> None:
    """Fill `here` with those who come to a step; what they did counts since their entry, or since they came."""
    parameters = {"node": node, "from_entry": from_entry}
    stretch.walk.connection.execute(queries.text("journeys/reach"), parameters)


def send(stretch: Stretch, node: int, step: SendStep | WebhookStep) -> None:
    """A message to everybody who comes to a step."""
    stretch.walk.connection.execute(
        queries.text("journeys/send"),
        {
            "journey": stretch.walk.journey.name,
            "node": node,
            "step": step.id,
            "message": step.send.message,
            "channels": json.dumps(step.send.by),
            "expires_after": step.expires_after,
            "priority": step.priority,
            "answers": isinstance(step, WebhookStep),
        },
    )


def _on(stretch: Stretch, node: int, target: str | None, *, now: bool = False) -> None:
    moment = stretch.walk.as_of if now else None
    parameters = {"node": node, "target": stretch.node(target), "moment": moment}
    stretch.walk.connection.execute(queries.text("journeys/pass_on"), parameters)


def _branch(stretch: Stretch, node: int, step: BranchStep) -> None:
    from tidegate.journeys.predicates import first_true

    trees = [way.when for way in step.ways if way.when is not None]
    chosen = first_true(stretch.walk, trees, "here")
    turn = queries.bind("journeys/turn", chosen=chosen, ways=signposts(stretch, step.ways))
    stretch.walk.connection.execute(turn, {"node": node, "otherwise": len(trees)})


def _split(stretch: Stretch, node: int, step: SplitStep) -> None:
    walk = stretch.walk
    experiment = f"{walk.journey.name}.{step.id}"
    draw = queries.bind("journeys/draw", ways=_shares(step.ways))
    salt = f"{walk.facts.project.name}:{experiment}"
    walk.connection.execute(draw, {"experiment": experiment, "salt": salt})
    walk.connection.execute(queries.text("journeys/expose"), {"experiment": experiment})
    turn = queries.bind("journeys/turn", chosen=exp.to_table("drawn"), ways=signposts(stretch, step.ways))
    walk.connection.execute(turn, {"node": node, "otherwise": len(step.ways)})


def signposts(stretch: Stretch, ways: Sequence[Way]) -> exp.Expr:
    """(way, target, name): where each way leads."""
    rows = [(number, stretch.node(way.target), way.name) for number, way in enumerate(ways)]
    return _table(("way", "target", "name"), rows)


def _shares(ways: Sequence[Way]) -> exp.Expr:
    """(way, name, begins, ends): each way's part of the line from 0 to 1."""
    rows = []
    begins = 0.0
    for number, way in enumerate(ways):
        ends = begins + way.share if number < len(ways) - 1 else 2.0  # whatever the shares come to, everybody goes on
        rows.append((number, way.name, begins, ends))
        begins = ends
    return _table(("way", "name", "begins", "ends"), rows)


def _table(columns: Sequence[str], rows: Sequence[tuple[Value, ...]]) -> exp.Expr:
    values = exp.values([tuple(exp.convert(value) for value in row) for row in rows], alias="given", columns=columns)
    return exp.select(*columns).from_(values)


__all__ = ["END", "carry", "reach", "send", "signposts"]
