"""What is wrong with a journey's graph: steps that nobody reaches, and steps named where nobody can know them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from tidegate.errors import Problem
from tidegate.spec import predicates
from tidegate.spec.journey_flattening import leads_to
from tidegate.spec.journey_objects import (
    BranchStep,
    EventStep,
    Journey,
    SendStep,
    SetStep,
    Step,
    WaitStep,
    WebhookStep,
)
from tidegate.spec.journey_writing import Writing
from tidegate.spec.nearest import hint
from tidegate.spec.predicates import Around

_KINDS: dict[type[Step], str] = {SendStep: "send", WebhookStep: "webhook", WaitStep: "wait"}


def kind(step: Step) -> str:
    """What the step is, in a word, as in the file."""
    return _KINDS.get(type(step), type(step).__name__.removesuffix("Step").lower())


def check(journey: Journey, writing: Writing) -> None:
    """What is wrong goes to the file's findings."""
    before = earlier(journey)
    found = [*_unreached(journey), *_redirects(journey, writing)]
    for tree, around in asked(journey, before):
        found += predicates.check(tree, around)
    writing.found.problems.extend(found)


def earlier(journey: Journey) -> Mapping[str, frozenset[str]]:
    """For each step that somebody reaches, those that somebody who comes there may have taken."""
    before: dict[str, set[str]] = {journey.steps[0].id: set()} if journey.steps else {}
    for step in journey.steps:
        if step.id not in before:
            continue
        for _, target in leads_to(step):
            if target is not None:
                before.setdefault(target, set()).update(before[step.id], {step.id})
    return {step: frozenset(taken) for step, taken in before.items()}


def asked(journey: Journey, before: Mapping[str, frozenset[str]]) -> Iterator[tuple[exp.Expr, Around]]:
    """Every predicate and value of a journey, with the steps that it may speak of."""
    kinds = {step.id: kind(step) for step in journey.steps}
    entry = journey.entry
    if entry.condition is not None:
        yield entry.condition, Around(later=tuple(kinds))
    anywhere = Around(steps=kinds)
    for rule in journey.exits:
        yield rule.when, anywhere
    if journey.goal is not None:
        yield journey.goal.when, anywhere
    for step in journey.steps:
        if step.id not in before:
            continue  # told already
        steps = {taken: kinds[taken] for taken in before[step.id]}
        later = [step.id, *(other for other, taken in before.items() if step.id in taken)]
        for tree, waits in _trees(step):
            yield tree, Around(steps=steps, later=later, waits=waits)


def _trees(step: Step) -> Iterator[tuple[exp.Expr, bool]]:
    """With whether it is what a wait is for."""
    if isinstance(step, BranchStep):
        yield from ((way.when, False) for way in step.ways if way.when is not None)
    elif isinstance(step, WaitStep):
        yield from ((way.when, True) for way in step.outcomes if way.when is not None)
        if step.reset is not None:
            yield step.reset, True
        if step.until.moment is not None:
            yield step.until.moment, False
    elif isinstance(step, SetStep):
        yield from ((tree, False) for tree in step.traits.values())
    elif isinstance(step, EventStep):
        yield from ((tree, False) for tree in step.properties.values())


def _unreached(journey: Journey) -> Iterator[Problem]:
    """The first of several that follow each other is told."""
    reached = earlier(journey)
    led_to = {
        target for step in journey.steps if step.id not in reached for _, target in leads_to(step) if target is not None
    }
    for step in journey.steps:
        if step.id not in reached and step.id not in led_to:
            text = "nobody gets here: every way through the steps before it ends"
            yield Problem(journey.file, step.line, step.path, text)


def _redirects(journey: Journey, writing: Writing) -> Iterator[Problem]:
    ids = [step.id for step in journey.steps]
    for old, new in journey.redirects.items():
        path = ("redirects", old)
        if new not in ids:
            yield writing.document.problem(path, f"no step `{new}`; {hint(new, ids)}")
