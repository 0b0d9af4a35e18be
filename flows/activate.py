"""What runs every quarter of an hour."""

from __future__ import annotations

from pathlib import Path

from prefect import State, flow

from flows.ending import ending, failed
from flows.stages import begun, build, check, decide, deliver_all, land, report
from tidegate.errors import TidegateError


@flow(name="activate", persist_result=False)
def activate(project: Path = Path(), target: str | None = None) -> State:
    """Build the models, see who entered and who left, tell the world."""
    try:
        with begun(project, target) as run:
            land(run)
            build(run)
            check(run)
            decide(run)  # one transaction: diff, plan, guard, gate

            deliveries = deliver_all(run)  # side by side; one that fails holds up no other

            done = report(run, deliveries)
    except TidegateError as fault:
        return failed(fault)
    return ending(done)
