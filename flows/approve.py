"""A person's word on an audience that a guard has blocked."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from prefect import State, flow
from prefect.states import Completed

from flows.ending import failed
from tidegate import guards
from tidegate.errors import TidegateError
from tidegate.workspace import look


class Decision(Enum):
    """Let it through as it was when it was blocked, or leave it blocked until the data or the model changes."""

    approve = "approve"
    reject = "reject"


@flow(name="approve", persist_result=False)
def approve(
    audience: str, decision: Decision, why: str, who: str = "", project: Path = Path(), target: str | None = None
) -> State:
    """Decide on a blocked audience; the next run carries it out.

    Args:
        audience: The audience that is blocked, as the table `guard-verdicts` names it.
        decision: Approve what the guard stopped, or reject it.
        why: The reason, kept with the decision.
        who: Who decides.
        project: The project's folder.
        target: The target, where it is not the default one.
    """
    try:
        warehouse = look(project.resolve(), target).warehouse
        said = guards.approve(warehouse, audience, decision=decision.value, why=why, who=who or "Prefect")
    except TidegateError as fault:
        return failed(fault)
    return Completed(message=said)
