"""A person's word on what a guard has blocked, and on people whom a journey asks about."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from prefect import State, flow
from prefect.states import Completed

from flows.ending import failed
from tidegate import guards
from tidegate.errors import TidegateError
from tidegate.journeys import approving
from tidegate.workspace import look


class Decision(Enum):
    """Let it through as it was when it was blocked, or leave it blocked until the data or the model changes. At a
    step: let people go on, or take them out of its way."""

    approve = "approve"
    reject = "reject"


@flow(name="approve", persist_result=False)
def approve(
    audience: str,
    decision: Decision,
    why: str,
    who: str = "",
    step: str = "",
    people: list[str] | None = None,
    project: Path = Path(),
    target: str | None = None,
) -> State:
    """Decide on a blocked audience or journey, or on people who wait at a journey's step; the next run carries it out.

    Args:
        audience: What is blocked or asks, an audience or a journey, as the table `guard-verdicts` names it.
        decision: Approve what was stopped or asked, or reject it.
        why: The reason, kept with the decision.
        who: Who decides.
        step: The journey's step at which people wait; left empty where a guard has blocked something.
        people: The keys of those who are meant, of the people at the step; none is everybody who stands there.
        project: The project's folder.
        target: The target, where it is not the default one.
    """
    try:
        opened = look(project.resolve(), target)
        by = {"why": why, "who": who or "Prefect"}
        if step:
            said = approving.approve(
                opened.warehouse, opened.project, audience, step, people=people or (), decision=decision.value, **by
            )
        else:
            said = guards.approve(opened.warehouse, audience, decision=decision.value, **by)
    except TidegateError as fault:
        return failed(fault)
    return Completed(message=said)
