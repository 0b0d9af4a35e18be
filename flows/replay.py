"""A stretch of the past, run after run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prefect import State, flow, task
from prefect.states import Failed
from prefect.utilities.annotations import quote

from flows import artifacts
from flows.ending import ending, failed
from flows.logs import engine_logs
from flows.stages import IN_THIS_PROCESS
from tidegate import replay as engine
from tidegate.cli.totals import totals
from tidegate.errors import Problem, SpecError, TidegateError
from tidegate.redact import redact
from tidegate.results import Report
from tidegate.spec.quantities import duration
from tidegate.status import status
from tidegate.workspace import look


@task(name="run", task_run_name="run as of {clock:%Y-%m-%d %H:%M}", **IN_THIS_PROCESS)
def tick(runs: Iterator[Report], clock: datetime) -> Report | State:
    """One run, as of its own clock."""
    try:
        return next(runs)
    except TidegateError as fault:
        return Failed(message=redact(str(fault)), data=fault)


@flow(name="replay", persist_result=False)
def replay(
    start: datetime, end: datetime, every: str = "1 day", project: Path = Path(), target: str | None = None
) -> State:
    """Run again and again over a stretch of time, each run as of its own clock.

    Args:
        start: The first run's clock.
        end: The last run's clock at the latest.
        every: The time between two runs, such as `1 day` or `6 hours`.
        project: The project's folder.
        target: The target, where it is not the default one. Every run delivers as any run does, so mind it.
    """
    root = project.resolve()
    try:
        start, end, step = _utc(start), _utc(end), _step(every)
        clocks = engine.ticks(start, end, step)
        with (
            engine_logs(),
            closing(engine.walk(root, target=target, start=start, end=end, every=step, wait=60)) as runs,
        ):
            reports = [tick(quote(runs), clock, return_state=True).result() for clock in clocks]
        owed: Counter[str] = Counter()
        for rows in status(look(root, target).warehouse).owed:
            owed[rows.destination] += rows.rows
    except TidegateError as fault:
        return failed(fault)
    artifacts.replayed(totals(reports, owed))
    return ending(reports[-1])


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _step(every: str) -> timedelta:
    try:
        return duration(every)
    except ValueError as wrong:
        raise SpecError(Problem("replay", 0, "every", str(wrong))) from None
