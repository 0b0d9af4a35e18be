"""What a decision is made from: the models as built, held to their contracts and to what the files ask of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import duckdb

from tidegate import contracts, queries
from tidegate.build import Built, describe
from tidegate.decision.decide import Definition, Facts
from tidegate.errors import Problem, SpecError
from tidegate.results import ContractResult
from tidegate.spec.columns import problems_by_audience
from tidegate.spec.journey_models import models_of
from tidegate.spec.nearest import several
from tidegate.spec.objects import ModelColumns, Project
from tidegate.workspace import Workspace

Unfit = tuple[Literal["failed", "contract"], str]


def gather(
    workspace: Workspace, built: Built, *, run_id: str, as_of: datetime, docs: Path | None = None
) -> tuple[list[ContractResult], Facts]:
    """Describe the built models, validate their contracts, and say which audiences and journeys cannot be decided on.

    With `docs`, the site about the contracts is built in that folder.

    Raises SpecError where the people model failed (without it nobody can be told anything), and for contracts
    that are written wrongly.
    """
    project = workspace.project
    if project.people in built.failed:
        text = f"ref('{project.people}') could not be built: {built.failed[project.people]}"
        raise SpecError(Problem(project.file, project.lines.get("people", 0), "people", text))
    with workspace.warehouse.session() as connection:
        built = describe(connection, built)
        models = built.model_columns()
        _refuse_people(project, models)
        results = contracts.validate(
            connection,
            written_contracts(project, built),
            {name: model.relation for name, model in models.items()},
            as_of=as_of,
            key=project.key,
            previous=_comparable(project, built, connection),
            docs=docs,
        )
    qualified, problems = problems_by_audience(project, models)
    facts = Facts(
        project=qualified,
        models=models,
        definitions={name: Definition(one.definition, one.definition_hash) for name, one in built.models.items()},
        connectors=workspace.connectors,
        unfit=unfit_of(project, built, results, problems),
        run_id=run_id,
        as_of=as_of,
    )
    return results, facts


def _refuse_people(project: Project, models: Mapping[str, ModelColumns]) -> None:
    """Without the address book, and the key in it, nothing can be decided for anybody."""
    people = models.get(project.people)
    if people is None:
        text = f"the model `{project.people}` was not built; is it disabled?"
        raise SpecError(Problem(project.file, project.lines.get("people", 0), "people", text))
    if project.key not in people.columns:
        text = f"no column `{project.key}` in {project.people}; {several(project.key, people.columns)}"
        raise SpecError(Problem(project.file, project.lines.get("key", 0), "key", text))


def _comparable(project: Project, built: Built, connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], int]:
    """Earlier row counts, but for models that an edit has given another meaning: guards look at what that moves."""
    edited = set()
    for name, audience in project.audiences.items():
        last = connection.execute(queries.text("decide/last_hash"), {"audience": name}).fetchone()
        model = built.models.get(audience.model)
        if last is not None and model is not None and last[0] != model.definition_hash:
            edited.add(audience.model)
    return {key: rows for key, rows in contracts.previous_counts(connection).items() if key[0] not in edited}


def written_contracts(project: Project, built: Built) -> list[contracts.Contract]:
    """The contracts of the models that were built. Raises SpecError with every one that is written wrongly."""
    found: list[contracts.Contract] = []
    problems: list[Problem] = []
    for name, written in built.contracts.items():
        model = built.models.get(name)
        if model is None:
            continue
        good, bad = contracts.parse(name, written.raw, written.file, root=project.root, columns=model.columns)
        found += good
        problems += bad
    if problems:
        raise SpecError(problems)
    return found


def unfit_of(
    project: Project,
    built: Built,
    results: Sequence[ContractResult],
    problems: Mapping[str, Sequence[Problem]],
) -> dict[str, Unfit]:
    """Audiences and journeys that take no part, with the reason: a model failed, a contract, or their file is wrong."""
    broken: dict[str, str] = {}
    for result in results:
        if not result.passed:
            broken.setdefault(result.model, f"contract `{result.contract}` of {result.model} failed: {result.detail}")
    uses = {name: frozenset({audience.model}) for name, audience in project.audiences.items()}
    uses |= {name: models_of(journey) for name, journey in project.journeys.items()}
    unfit: dict[str, Unfit] = {}
    for name, models in uses.items():
        failed = sorted(models & built.failed.keys())
        if failed:
            unfit[name] = ("failed", "\n".join(built.failed[model] for model in failed))
        elif name in problems:
            unfit[name] = ("failed", "\n".join(str(problem) for problem in problems[name]))
        else:
            stands_on = {project.people, *models}
            for model in (project.people, *models):
                stands_on |= built.models[model].upstream
            failing = sorted(model for model in stands_on if model in broken)
            if failing:
                unfit[name] = ("contract", "; ".join(broken[model] for model in failing))
    return unfit
