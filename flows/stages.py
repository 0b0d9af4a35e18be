"""The engine's stages as Prefect tasks, named as they are named in the engine.

A run is a thing of one process: it holds the lock, the settings and the secrets. So it is quoted (Prefect neither
looks into it nor copies it), never hashed for a cache and never stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from prefect import State, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.states import Failed
from prefect.utilities.annotations import quote

from flows import artifacts
from flows.logs import engine_logs
from tidegate import run as engine
from tidegate.errors import TidegateError
from tidegate.redact import redact
from tidegate.results import Delivery, Report
from tidegate.run import Run
from tidegate.sent import sent

T = TypeVar("T")

IN_THIS_PROCESS: dict[str, Any] = {"cache_policy": NO_CACHE, "persist_result": False}


@contextmanager
def begun(project: Path, target: str | None) -> Iterator[Run]:
    """A run from its beginning to its end; one that does not get there is marked as failed, and lets go."""
    with engine_logs(), engine.begin(project.resolve(), target=target, wait=60) as run:
        get_run_logger().info(f"run {run.run_id} as of {run.as_of:%Y-%m-%d %H:%M} UTC, target {run.project.target}")
        yield run


def stage(work: Callable[[Run], T]) -> Callable[[Run], T]:
    """A task for one stage. A fault that a person can mend is told in a sentence, without a traceback."""
    name = work.__name__

    @task(name=name, task_run_name=name, description=work.__doc__, **IN_THIS_PROCESS)
    def task_(run: Run) -> T | State:
        try:
            return work(run)
        except TidegateError as fault:
            return Failed(message=redact(str(fault)), data=fault)

    def staged(run: Run) -> T:
        return task_(quote(run), return_state=True).result()  # raises the fault again

    return staged


@stage
def land(run: Run) -> None:
    """Load new event files."""
    for source in engine.land(run):
        get_run_logger().info(f"{source.source}: {source.rows:,} rows from {source.files} new files")


@stage
def build(run: Run) -> None:
    """Build the models with dbt, as of the run's clock."""
    engine.build(run)


@stage
def check(run: Run) -> None:
    """Hold the models to their contracts."""
    results = engine.check(run)
    broken = [result for result in results if not result.passed]
    get_run_logger().info(f"{len(results) - len(broken)} of {len(results)} contracts hold")
    artifacts.contracts(run.run_id, results)


@stage
def decide(run: Run) -> None:
    """Who entered and who left, what each list lacks, what may be sent: one transaction."""
    decision = engine.decide(run)
    artifacts.guards(run.run_id, decision)
    artifacts.asked(run.run_id, decision)


@task(name="deliver", task_run_name="deliver {destination}", **IN_THIS_PROCESS)
def deliver(run: Run, destination: str) -> Delivery | State:
    """Give one destination what is ready or owed."""
    delivery = engine.deliver(run, destination)
    if delivery.failed:
        delivery = replace(delivery, problem=redact(delivery.problem))
        return Failed(message=delivery.problem, data=delivery)
    return delivery


def deliver_all(run: Run) -> list[Delivery]:
    """Every destination that has something to be given, side by side; a failing one is among the results."""
    return engine.deliver_all(run, _settled)


def _settled(run: Run, destination: str) -> Delivery:
    result = deliver(quote(run), destination, return_state=True).result(raise_on_failure=False)
    if isinstance(result, Delivery):
        return result
    return Delivery(destination, problem=f"{destination}: {redact(str(result))}; the next run continues from here")


@task(name="report", task_run_name="report", **IN_THIS_PROCESS)
def _report(run: Run, deliveries: Sequence[Delivery]) -> Report:
    """End the run, and show what happened as tables."""
    messages = sent(run.warehouse, run.run_id)
    artifacts.journeys(run)
    done = engine.finish(run, deliveries)
    artifacts.audiences(done, messages)
    artifacts.destinations(done)
    return done


def report(run: Run, deliveries: Sequence[Delivery]) -> Report:
    """End the run, and show what happened as tables."""
    return _report(quote(run), deliveries)
