"""History replayed for one journey and, beside it, a variant: built, decided, and taken for delivered.

The models are built once for each clock, into a scratch schema, and each variant decides on them in a state of its own
in memory. Other audiences and journeys take no part, so what they would have sent is not in the way of caps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from tidegate import build as builder
from tidegate.errors import Problem, SpecError, WarehouseError
from tidegate.replay import ticks
from tidegate.run import new_id
from tidegate.simulation.results import Assumptions, Simulation
from tidegate.simulation.variant import Variant
from tidegate.spec.journey_models import models_of
from tidegate.spec.journey_objects import Journey
from tidegate.spec.journeys import reread
from tidegate.spec.nearest import hint
from tidegate.spec.objects import Guard, Project
from tidegate.workspace import Workspace

SCRATCH = "tidegate_simulation"


def simulate(
    root: Path,
    name: str,
    *,
    target: str | None = None,
    start: datetime,
    end: datetime,
    every: timedelta,
    against: Path | None = None,
    people: Sequence[str] = (),
    assumptions: Assumptions | None = None,
    on_tick: Callable[[datetime], None] | None = None,
    wait: float = 0.0,
) -> Simulation:
    """Walk the journey `name` through history, from `start` to `end` (UTC); `against` is a variant's file.

    `people` are keys whose stories are told. A draft is simulated as if it were active, and guards are left aside.
    Raises SpecError for an unknown journey and for files that are wrong, WarehouseError where nothing was loaded yet
    or a run is under way.
    """
    clocks = ticks(start, end, every)
    assumptions = assumptions or Assumptions()
    with Workspace(root, target, wait=wait, sends=False) as workspace, ExitStack() as open_:
        project, path = workspace.project, workspace.warehouse.path
        if not path.exists():
            raise WarehouseError("nothing has been loaded yet; `tidegate land` loads the files that tidegate.yml names")
        journeys = [_journey(project, name), *([_variant(project, against)] if against is not None else [])]
        variants = [
            open_.enter_context(closing(Variant(path, _alone(project, one), workspace.connectors, assumptions)))
            for one in journeys
        ]
        models = {project.people}.union(*[models_of(one) for one in journeys])
        try:
            for clock in clocks:
                workspace.warehouse.release()  # dbt opens the file in its own way
                built = builder.build(project.root, project.target, clock, scratch=SCRATCH, select=sorted(models))
                if project.people in built.failed:
                    text = f"ref('{project.people}') could not be built: {built.failed[project.people]}"
                    raise SpecError(Problem(project.file, project.lines.get("people", 0), "people", text))
                run_id = new_id(clock)
                for one in variants:
                    one.run(built, run_id, clock)
                if on_tick is not None:
                    on_tick(clock)
            simulated = tuple(one.result(people) for one in variants)
        finally:
            with workspace.warehouse.session() as connection:
                builder.drop_scratch(connection, SCRATCH)
    return Simulation(name, clocks[0], clocks[-1], every, len(clocks), assumptions, simulated, _notes(journeys))


def _journey(project: Project, name: str) -> Journey:
    if name not in project.journeys:
        known = sorted(project.journeys)
        fix = hint(name, known) if known else "the project has none; write one into journeys/"
        raise SpecError(Problem("journeys", 0, "", f"no journey `{name}`; {fix}"))
    return project.journeys[name]


def _variant(project: Project, file: Path) -> Journey:
    try:
        source = file.read_text(encoding="utf-8")
    except OSError as fault:
        raise SpecError(Problem(str(file), 0, "", f"cannot be read: {fault.strerror}")) from None
    try:
        return replace(reread(source, project), file=str(file))
    except SpecError as fault:
        raise SpecError([replace(one, file=str(file)) for one in fault.problems]) from None


def _alone(project: Project, journey: Journey) -> Project:
    """The project with this journey and nothing else to decide on."""
    freed = replace(journey, status="active", guard=Guard(max_enter=None, max_leave=None))
    return replace(project, audiences={}, journeys={journey.name: freed})


def _notes(journeys: Sequence[Journey]) -> tuple[str, ...]:
    notes = ["people's consents and suppressed addresses are as they really were at each time"]
    if any(one.guard != Guard() for one in journeys):
        notes.append("guards are left aside: nobody is there to approve")
    return tuple(notes)
