"""Everything that can be told to be wrong before a run, told at once: files, models, contracts, secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tidegate import build, contracts
from tidegate.errors import Problem, SpecError
from tidegate.spec.columns import problems_by_audience
from tidegate.spec.objects import Project
from tidegate.workspace import Workspace

_PLACED = re.compile(r"(?P<file>[^\s:]+)(?::(?P<line>\d+))?: (?P<text>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Checked:
    """How much of each was found sound."""

    project: str
    target: str
    models: int
    contracts: int
    audiences: int
    messages: int
    destinations: int


def check(root: Path, target: str | None = None) -> Checked:
    """Validate a project without data, and without sending.

    The files are read first; then the models are built without rows in a throw-away file, and the audiences and
    contracts held against their columns; connectors are loaded and, unless the target is the sandbox, their
    secrets looked for. Raises SpecError with all that is wrong.
    """
    workspace = Workspace(root, target)
    project = workspace.project
    built = build.columns(project.root, project.target)
    models = built.model_columns()
    problems = [_of_model(name, words) for name, words in built.failed.items()]
    _, by_audience = problems_by_audience(project, models)
    for found in by_audience.values():
        problems.extend(found)
    promises = 0
    for model, written in built.contracts.items():
        columns = models[model].columns if model in models else None
        parsed, wrong = contracts.parse(model, written.raw, written.file, root=project.root, columns=columns)
        promises += len(parsed)
        problems.extend(wrong)
    problems.extend(_of_destinations(workspace))
    if problems:
        raise SpecError(problems)
    return _count(project, len(models), promises)


def _of_model(name: str, words: str) -> Problem:
    placed = _PLACED.fullmatch(words)
    if placed is None:
        return Problem(f"model {name}", 0, "", words)
    return Problem(placed["file"], int(placed["line"] or 0), "", placed["text"])


def _of_destinations(workspace: Workspace) -> Iterator[Problem]:
    """Connectors that cannot be loaded and secrets that are not there."""
    try:
        kinds = workspace.connectors
    except SpecError as fault:
        yield from fault.problems
        return
    if workspace.project.sandbox:
        return
    for name in kinds:
        try:
            workspace.connector(name)
        except SpecError as fault:
            yield from fault.problems


def _count(project: Project, models: int, promises: int) -> Checked:
    return Checked(
        project=project.name,
        target=project.target,
        models=models,
        contracts=promises,
        audiences=len(project.audiences),
        messages=len(project.messages),
        destinations=len(project.destinations),
    )
