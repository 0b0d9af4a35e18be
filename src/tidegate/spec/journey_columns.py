"""Holds a journey against the models' real columns: predicates are given their tables, messages their variables.

What can be known without the columns was told when the file was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from sqlglot import exp

from tidegate import registry
from tidegate.errors import Problem, SpecError
from tidegate.spec import expressions, journey_graph, predicates
from tidegate.spec.binding import Binder
from tidegate.spec.entry_columns import entry_columns, entry_name
from tidegate.spec.entry_fit import entry_problems
from tidegate.spec.expressions import place
from tidegate.spec.fit import Fit, Scopes
from tidegate.spec.journey_objects import (
    BranchStep,
    Entry,
    EventStep,
    Journey,
    ListMove,
    SendStep,
    SetStep,
    Step,
    SyncStep,
    WaitStep,
    Way,
    WebhookStep,
)
from tidegate.spec.objects import ModelColumns, Project
from tidegate.spec.predicates import EVENTS, Around

__all__ = ["entry_columns", "qualify"]


def qualify(
    journey: Journey, project: Project, models: Mapping[str, ModelColumns], binder: Binder
) -> tuple[Journey, list[Problem]]:
    """The journey with every predicate and value over its tables, or as it was with what is wrong."""
    fit = Fit(project, models, binder)
    found = fit.people_problems()
    if found:
        return journey, found
    found += entry_problems(journey, fit)
    if found and not entry_columns(journey, project, models):
        return journey, sorted(set(found))  # nothing can be said of expressions over what is not there
    qualifying = _Qualifying(journey, fit)
    qualified = qualifying.journey()
    found += qualifying.found
    return (journey, sorted(set(found))) if found else (qualified, [])


class _Qualifying:
    def __init__(self, journey: Journey, fit: Fit) -> None:
        self.old = journey
        self.fit = fit
        self.found: list[Problem] = []
        project, models = fit.project, fit.models
        columns = entry_columns(journey, project, models)
        self.scopes = Scopes(columns, entry_name(journey.entry), fit.people, project.people)
        self.events: Mapping[str, Mapping[str, str]] = {"event": models[EVENTS].columns} if EVENTS in models else {}
        self.names = {**self.scopes.names, "event": EVENTS}
        self.before = journey_graph.earlier(journey)
        self.webhooks = {step.id for step in journey.steps if isinstance(step, WebhookStep)}
        around = Around(
            models={name: model.columns for name, model in models.items()},
            people=project.people,
            key=project.key,
            topics={message.topic for message in project.messages.values()},
        )
        self.around = {
            id(tree): replace(around, steps=taken.steps, later=taken.later, waits=taken.waits)
            for tree, taken in journey_graph.asked(journey, self.before)
        }

    def journey(self) -> Journey:
        old = self.old
        return replace(
            old,
            entry=self._entry(old.entry),
            exits=tuple(replace(rule, when=self._predicate(rule.when)) for rule in old.exits),
            goal=replace(old.goal, when=self._predicate(old.goal.when)) if old.goal is not None else None,
            on_complete=tuple(self._move(move, f"on_complete[{at}].sync") for at, move in enumerate(old.on_complete)),
            steps=tuple(self._step(step) for step in old.steps),
        )

    def _entry(self, entry: Entry) -> Entry:
        where = entry.where
        if where is not None and self.events:
            where = self._qualified(where, self.events)
            fault = self.fit.binder.fault(where, self.events, condition=True)
            self.found += [Problem(*place(where), fault)] if fault is not None else []
        condition = self._predicate(entry.condition) if entry.condition is not None else None
        return replace(entry, where=where, condition=condition)

    def _step(self, step: Step) -> Step:
        if isinstance(step, SendStep | WebhookStep):
            self._message(step)
        elif isinstance(step, BranchStep):
            return replace(step, ways=self._ways(step.ways))
        elif isinstance(step, WaitStep):
            return self._wait(step)
        elif isinstance(step, SetStep):
            return replace(step, traits=self._values(step.traits))
        elif isinstance(step, EventStep):
            return replace(step, properties=self._values(step.properties))
        elif isinstance(step, SyncStep):
            return replace(step, moves=tuple(self._move(move, f"{step.path}.sync") for move in step.moves))
        return step

    def _wait(self, step: WaitStep) -> WaitStep:
        moment = step.until.moment
        if moment is not None:
            moment = self._predicate(moment, condition=False, moment=True)
        return replace(
            step,
            outcomes=self._ways(step.outcomes),
            reset=self._predicate(step.reset) if step.reset is not None else None,
            until=replace(step.until, moment=moment),
        )

    def _ways(self, ways: tuple[Way, ...]) -> tuple[Way, ...]:
        return tuple(replace(way, when=self._predicate(way.when)) if way.when is not None else way for way in ways)

    def _values(self, trees: Mapping[str, exp.Expr]) -> dict[str, exp.Expr]:
        return {name: self._predicate(tree, condition=False) for name, tree in trees.items()}

    def _predicate(self, tree: exp.Expr, *, condition: bool = True, moment: bool = False) -> exp.Expr:
        scopes = {**self.scopes.columns, **self.events}
        around = self.around.get(id(tree))
        if around is not None:
            self.found += predicates.check(tree, around)
        try:
            qualified = predicates.qualify(tree, scopes, self.names)
        except SpecError as fault:
            self.found += fault.problems
            return tree
        self.found += predicates.unbound(qualified, scopes, self.fit.binder, condition=condition, moment=moment)
        return qualified

    def _qualified(self, tree: exp.Expr, scopes: Mapping[str, Mapping[str, str]]) -> exp.Expr:
        try:
            return expressions.qualify(tree, scopes, self.names)
        except SpecError as fault:
            self.found += fault.problems
            return tree

    def _message(self, step: SendStep | WebhookStep) -> None:
        answered = sorted(self.webhooks & self.before.get(step.id, frozenset()))
        key = f"{step.path}.by"
        self.found += self.fit.message_problems(step.send, self.scopes, self.old.file, key, answered)

    def _move(self, move: ListMove, key: str) -> ListMove:
        """Who is on a list stays there when the walk is over: so it is matched by what is known of the person."""
        person = replace(self.scopes, entry=None)
        match = {name: self.fit.expression(tree, person, self.found) for name, tree in move.match.items()}
        if move.add is not None and not match:
            self._can_match(move, key)
        return replace(move, match=match)

    def _can_match(self, move: ListMove, key: str) -> None:
        """Whether anything says by what the destination knows a person."""
        project, people = self.fit.project, self.fit.people
        spec = project.destinations.get(move.to)
        said = any(
            (sync.to, sync.name) == (move.to, move.add)
            for audience in project.audiences.values()
            for sync in audience.sync
        )
        if spec is None or said:
            return
        identifiers = registry.load(spec.connector, project.root).identifiers
        if not any(name in people for name in identifiers):
            text = (
                f"nothing says by what {move.to} knows a person, and {project.people} has no {' or '.join(identifiers)}"
            )
            self.found.append(Problem(self.old.file, move.line, key, f"{text}; write match: {{...}}"))
