"""Lists, traits, tags and events: worked out for everybody who reaches a step at once, then carried over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import EventStep, ListMove, SetStep, Step, SyncStep

#: what `step` says of moves that the journey's end makes
ON_COMPLETE = "on_complete"


def act(walk: Walk, step: Step, table: str = "here") -> None:
    """What the step does for everybody in `table` (columns as in `here`), into `new_traits`, `new_events` or
    `new_list_moves`. Nothing of the state is touched; a step that does none of this is left alone."""
    position = walk.journey.steps.index(step)
    match step:
        case SyncStep():
            _move(walk, step.moves, step.id, position, table)
        case SetStep():
            _set(walk, step, position, table)
        case EventStep():
            _emit(walk, step, table)


def complete(walk: Walk, table: str = "here") -> None:
    """The journey's `on_complete`, for those in `table` who came to its end. Comes after the steps."""
    _move(walk, walk.journey.on_complete, ON_COMPLETE, len(walk.journey.steps), table)


def apply(walk: Walk) -> None:
    """Carry `new_traits`, `new_events` and `new_list_moves`, all of them of this journey, over into the state.

    What is set twice for a person in one run is kept as it was set last; who is put on a list and taken off it is
    where the last move left them. Times are the run's clock, but for `occurred_at` of an event: that is the
    person's own.
    """
    ours = {"journey": walk.journey.name, "run_id": walk.run_id}
    when = {"as_of": walk.as_of, "run_id": walk.run_id}
    run = {**ours, **when}
    for name, parameters in (
        ("keep_traits", ours),
        ("keep_events", run),
        ("last_moves", {}),
        ("take_off", when),
        ("put_on", run),
    ):
        walk.connection.execute(queries.text(f"journeys/actions/{name}"), parameters)


def _move(walk: Walk, moves: Sequence[ListMove], step: str, position: int, table: str) -> None:
    for move in moves:
        # Off one list before onto another: where both are the same, people are on it in the end.
        for name, adds in ((move.remove, False), (move.add, True)):
            if name is not None:
                walk.connection.execute(
                    queries.bind("journeys/actions/move", here=exp.to_table(table)),
                    {"destination": move.to, "list": name, "step": step, "position": position, "adds": adds},
                )


def _set(walk: Walk, step: SetStep, position: int, table: str) -> None:
    from tidegate.journeys.predicates import value

    set_ = {"step": step.id, "as_of": walk.as_of, "position": position}
    here = exp.to_table(table)
    for name, tree in step.traits.items():
        bound = queries.bind("journeys/actions/set_trait", here=here, valued=value(walk, tree, table))
        walk.connection.execute(bound, {**set_, "name": name})
    for name, said in (*((tag, "true") for tag in step.tags), *((tag, None) for tag in step.untags)):
        bound = queries.bind("journeys/actions/set_tag", here=here)
        walk.connection.execute(bound, {**set_, "name": name, "value": said})


def _emit(walk: Walk, step: EventStep, table: str) -> None:
    bound = queries.bind(
        "journeys/actions/emit", here=exp.to_table(table), described=_described(walk, step.properties, table)
    )
    walk.connection.execute(bound, {"journey": walk.journey.name, "step": step.id, "name": step.name})
    walk.facts.noticed.emitted.pop(step.name, None)


def _described(walk: Walk, trees: Mapping[str, exp.Expr], table: str) -> exp.Select:
    """(instance, properties): the trees' values for everybody in `table`, as one JSON object."""
    from tidegate.journeys.predicates import value

    everybody = exp.select(exp.column("instance", table="everybody")).from_(
        exp.alias_(exp.to_table(table), "everybody", table=True)
    )
    pairs: list[exp.Expr] = []
    for number, (name, tree) in enumerate(trees.items()):
        alias = f"value_{number}"
        same = exp.column("instance", table="everybody").eq(exp.column("instance", table=alias))
        everybody = everybody.join(value(walk, tree, table).subquery(alias), on=same, join_type="left")
        key = exp.Literal.string(name)
        pairs.append(exp.JSONKeyValue(this=key, expression=exp.column("value", table=alias)))
    return everybody.select(exp.alias_(exp.cast(exp.JSONObject(expressions=pairs), "varchar"), "properties"))
