"""Moving those who are inside an older version of a journey over to the newest, by the steps' ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tidegate import queries
from tidegate.errors import Problem, SpecError
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import ApproveStep, Journey, Step, WaitStep, WebhookStep
from tidegate.spec.nearest import several

#: the kinds at which people stand; through the others they pass
_STANDING = (WaitStep, WebhookStep, ApproveStep)


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where those go on who stand at a step of an older version. `anew`: they come to it as to a new step."""

    version: int
    step: str
    target: str
    anew: bool


def crossings(
    journey: Journey, standing: Mapping[tuple[int, str], int], older: Mapping[int, Journey]
) -> tuple[Crossing, ...]:
    """One for each step of an older version that somebody stands at.

    A redirect goes first. Else people stay at the step of the same id, and keep the time they served there, unless it
    has become another kind of step. `older` lacks versions that cannot be read any more: their steps count as
    being of the same kind. Raises SpecError where a step is gone and nothing says where its people go on.
    """
    steps = {step.id: step for step in journey.steps}
    found, problems = [], []
    for (version, at), people in sorted(standing.items()):
        target = journey.redirects.get(at, at)
        if target not in steps:
            problems.append(_lost(journey, version, at, people))
            continue
        was = _step(older.get(version), at)
        found.append(Crossing(version, at, target, anew=target != at or not _still_waits(steps[at], was)))
    if problems:
        raise SpecError(problems)
    return tuple(found)


def migrate(walk: Walk, found: Iterable[Crossing]) -> None:
    """Fill `migrants`; `walk` is that of the newest version."""
    rows = [(one.version, one.step, one.target, one.anew) for one in found]
    if not rows:
        return
    walk.connection.executemany(queries.text("journeys/versions/add_crossing"), rows)
    parameters = {"journey": walk.journey.name, "version": walk.version, "as_of": walk.as_of}
    walk.connection.execute(queries.text("journeys/versions/migrate"), parameters)


def told(found: Iterable[Crossing], standing: Mapping[tuple[int, str], int]) -> str:
    """`move over to it: 100 stay at `wait`, 20 go from `wait_2` to `approve``."""
    stay: dict[str, int] = {}
    go: dict[tuple[str, str], int] = {}
    for one in found:
        people = standing[one.version, one.step]
        if one.target == one.step:
            stay[one.step] = stay.get(one.step, 0) + people
        else:
            go[one.step, one.target] = go.get((one.step, one.target), 0) + people
    parts = [f"{people:,} stay at `{step}`" for step, people in stay.items()]
    parts += [f"{people:,} go from `{step}` to `{target}`" for (step, target), people in go.items()]
    return f"move over to it: {', '.join(parts)}"


def _still_waits(step: Step, was: Step | None) -> bool:
    return isinstance(step, _STANDING) and (was is None or type(was) is type(step))


def _step(journey: Journey | None, name: str) -> Step | None:
    return next((one for one in journey.steps if one.id == name), None) if journey is not None else None


def _lost(journey: Journey, version: int, step: str, people: int) -> Problem:
    names = [one.id for one in journey.steps]
    who = "1 person of version" if people == 1 else f"{people:,} people of version"
    stand = "stands" if people == 1 else "stand"
    place = f"{who} {version} {stand} at `{step}`"
    if step in journey.redirects:
        target = journey.redirects[step]
        text = f"{place}, which leads to `{target}`, and there is no such step; {several(target, names)}"
    else:
        text = f"{place}, which is no step any more; write where they go on, `{step}: STEP`: {several(step, names)}"
    return Problem(journey.file, _line(journey), "redirects", text)


def _line(journey: Journey) -> int:
    """Where `redirects` is written, or what makes it needed."""
    for key in ("redirects", "in_flight"):
        for number, line in enumerate(journey.source.splitlines(), start=1):
            if re.match(rf"{key}\s*:", line):
                return number
    return journey.line
