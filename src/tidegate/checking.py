"""Everything that can be told to be wrong before a run, told at once: files, models, contracts, secrets."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidegate import build, contracts, credentials, registry
from tidegate.build import Built
from tidegate.errors import Problem, SpecError
from tidegate.spec import project as project_files
from tidegate.spec.columns import problems_by_audience
from tidegate.spec.findings import Findings
from tidegate.spec.journey_models import models_of
from tidegate.spec.objects import Project

_PLACED = re.compile(r"(?P<file>[^\s:]+)(?::(?P<line>\d+))?: (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Checked:
    """How much of each was found sound."""

    project: str
    target: str
    models: int
    contracts: int
    audiences: int
    journeys: int
    messages: int
    destinations: int


def check(root: Path, target: str | None = None) -> Checked:
    """Validate a project without data, and without sending.

    The files are read first; then the models are built without rows in a throw-away file, and the audiences and
    contracts held against their columns; connectors are loaded and, unless the target is the sandbox, their
    secrets looked for. Raises SpecError with all that is wrong.
    """
    found = Findings()
    read = project_files.read(root, target)
    found.problems.extend(read.problems)
    project = read.project
    built = None
    with found.gather():
        # Without settings that can be read, the models are still built: for the target that is most likely meant.
        built = build.columns(root, project.target if project else target or "dev")
    promises = _of_models(built, root, found) if built is not None else 0
    if project is not None:
        if built is not None:
            found.problems.extend(_of_columns(project, built))
        found.problems.extend(_of_destinations(project, read.problems))
    found.raise_any()
    assert project is not None
    assert built is not None
    return _count(project, len(built.models), promises)


def _of_models(built: Built, root: Path, found: Findings) -> int:
    """Models that could not be built, and contracts that are written wrongly; how many contracts there are."""
    found.problems.extend(_of_model(name, words) for name, words in built.failed.items() if name not in built.stopped)
    models = built.model_columns()
    promises = 0
    for model, written in built.contracts.items():
        columns = models[model].columns if model in models else None
        parsed, wrong = contracts.parse(model, written.raw, written.file, root=root, columns=columns)
        promises += len(parsed)
        found.problems.extend(wrong)
    return promises


def _of_columns(project: Project, built: Built) -> Iterator[Problem]:
    """Where audiences, journeys and messages do not fit the columns, but for those whose model is told of already."""
    _, by_name = problems_by_audience(project, built.model_columns())
    for name, problems in by_name.items():
        journey = project.journeys.get(name)
        models = {project.audiences[name].model} if journey is None else models_of(journey)
        if built.failed.keys().isdisjoint({project.people, *models}):
            yield from problems


def _of_model(name: str, words: str) -> Problem:
    placed = _PLACED.fullmatch(words)
    if placed is None:
        return Problem(f"model {name}", 0, "", words)
    return Problem(placed["file"], int(placed["line"] or 0), "", placed["text"])


def _of_destinations(project: Project, told: Sequence[Problem]) -> Iterator[Problem]:
    """Connectors that cannot be loaded, settings that are wrong, and secrets that are not there."""
    for name, spec in project.destinations.items():
        if any(f"destinations.{name}." in f"{problem.key}." for problem in told):
            continue
        try:
            kind = registry.load(spec.connector, project.root)
            if not project.sandbox:
                credentials.resolve(spec, kind, os.environ, root=project.root)
        except SpecError as fault:
            yield from fault.problems


def _count(project: Project, models: int, promises: int) -> Checked:
    return Checked(
        project=project.name,
        target=project.target,
        models=models,
        contracts=promises,
        audiences=len(project.audiences),
        journeys=len(project.journeys),
        messages=len(project.messages),
        destinations=len(project.destinations),
    )
