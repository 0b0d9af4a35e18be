"""Who was answered: by a webhook, or by a person who was asked for approval."""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import ApproveStep, WebhookStep


def answers(walk: Walk, step: WebhookStep, table: str = "here") -> exp.Select:
    """(instance, way, happened_at) of those in `table` whose call was made (way 0) or will not be any more (way 1:
    refused, withheld, expired, in doubt). The moment is the clock of the run that settled it."""
    return _select(walk, step.id, "answered", table)


def approvals(walk: Walk, step: ApproveStep, table: str = "here") -> exp.Select:
    """(instance, way, happened_at) of those in `table` whom a person approved (way 0) or rejected (way 1) while they
    stood at the step; of several words on one the last counts. The moment is the clock of the last run before."""
    return _select(walk, step.id, "approved", table)


def _select(walk: Walk, step: str, query: str, table: str) -> exp.Select:
    given = {"journey": walk.journey.name, "step": step}
    tree = queries.tree(f"journeys/actions/{query}", here=exp.to_table(table))
    for placeholder in list(tree.find_all(exp.Placeholder)):
        placeholder.replace(exp.Literal.string(given[placeholder.name]))
    assert isinstance(tree, exp.Select)
    return tree
