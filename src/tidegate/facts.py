"""What a decision is made from: the models as built, held to their contracts and to what the files ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from tidegate import contracts
from tidegate.build import Built, describe
from tidegate.decision.decide import Definition, Facts
from tidegate.errors import Problem, SpecError
from tidegate.results import ContractResult
from tidegate.spec.columns import problems_by_audience
from tidegate.spec.objects import ModelColumns, Project
from tidegate.workspace import Workspace

Unfit = tuple[Literal["failed", "contract"], str]


def gather(
    workspace: Workspace, built: Built, *, run_id: str, as_of: datetime
) -> tuple[list[ContractResult], Facts]:
    """Describe the built models, validate their contracts, and say which audiences cannot be decided on.

    Raises SpecError where the people model failed: without it nobody can be told anything.
    """
    project = workspace.project
    if project.people in built.failed:
        raise SpecError(Problem("tidegate.yml", 0, f"people: ref('{project.people}')", built.failed[project.people]))
    with workspace.warehouse.session() as connection:
        models = describe(connection, built)
        found = [contract for one in built.models.values() for contract in _contracts(one)]
        results = contracts.validate(
            connection,
            [contract for contract in found if contract.model in models],
            {name: model.relation for name, model in models.items()},
            as_of=as_of,
            key=project.key,
            previous=contracts.previous_counts(connection),
        )
    qualified, problems = problems_by_audience(project, models)
    unfit = _unfit(project, built, results, problems)
    facts = Facts(
        project=qualified,
        models=models,
        definitions={name: Definition(one.definition, one.definition_hash) for name, one in built.models.items()},
        connectors=workspace.connectors,
        unfit=unfit,
        run_id=run_id,
        as_of=as_of,
    )
    return results, facts
