"""A run, stage by stage: begin, land, build, check, decide, deliver, finish.

Whoever drives it (the command line, a replay, a Prefect flow) calls the stages in this order. A run that dies
between or inside any two leaves a state from which the next `begin` continues.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from math import inf
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from tidegate import __version__, contracts, disk, queries
from tidegate import land as landing
from tidegate.checkpoints import checkpoint
from tidegate.clock import clock as choose_clock
from tidegate.decision.decide import Facts
from tidegate.decision.decide import decide as decide_on
from tidegate.decision.permission import recheck
from tidegate.delivery import deliver as deliver_to
from tidegate.delivery import recover
from tidegate.errors import TidegateError, WarehouseError
from tidegate.facts import gather
from tidegate.feedback import landing as feedback
from tidegate.labels import labels, origins
from tidegate.redact import redact
from tidegate.results import ContractResult, Decision, Delivery, Landed, Report
from tidegate.spec.objects import Project
from tidegate.underway import MOMENT, Underway
from tidegate.warehouse import Warehouse, transaction
from tidegate.workspace import Workspace

if TYPE_CHECKING:
    from tidegate.build import Built

log = logging.getLogger("tidegate")


@dataclass(slots=True)
class Run:
    """One execution. `as_of` is its logical clock (UTC).

    `with run:` marks it as failed where an exception ends it, and in any case lets the next run begin: after
    deliveries under way, in whichever threads, were told to stop and have ended.
    """

    workspace: Workspace
    run_id: str
    as_of: datetime
    kind: str
    owns_workspace: bool = True
    landed: list[Landed] = field(default_factory=list)
    contracts: list[ContractResult] = field(default_factory=list)
    built: Built | None = None
    facts: Facts | None = None
    decision: Decision = field(default_factory=Decision)
    underway: Underway = field(default_factory=Underway)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is not None:
            fail(self, reason(fault))
        else:
            self.close()

    @property
    def project(self) -> Project:
        return self.facts.project if self.facts else self.workspace.project

    @property
    def warehouse(self) -> Warehouse:
        return self.workspace.warehouse

    def close(self) -> None:
        """End deliveries under way and let the next run begin. May be called twice; a run that was not finished
        is marked so by the next one. Where a delivery does not end, the lock is kept: see `Workspace.close`."""
        self.underway.end()
        if self.owns_workspace:
            self.workspace.close()


def begin(
    root: Path,
    *,
    target: str | None = None,
    as_of: datetime | None = None,
    kind: str = "run",
    wait: float = 0.0,
) -> Run:
    """Open the project, settle what an earlier run left behind, and start a run.

    `as_of` defaults to the project's `clock`, else to now. The kind `land` sends nothing, and so needs no secrets.
    Raises SpecError, WarehouseError.
    """
    workspace = Workspace(root, target, wait=wait, sends=kind != "land").__enter__()
    try:
        run = begin_in(workspace, as_of=as_of, kind=kind)
    except BaseException:
        workspace.close()
        raise
    run.owns_workspace = True
    return run


def begin_in(workspace: Workspace, *, as_of: datetime | None = None, kind: str = "run") -> Run:
    """Start a run in a workspace that is open and stays open."""
    if not workspace.underway.end():
        raise WarehouseError("a delivery of the last run does not end; end this process, then run again")
    clock = choose_clock(workspace.project, workspace.warehouse, as_of)
    workspace.set_clock(clock)
    recover(workspace.warehouse, clock)
    run = Run(workspace, new_id(clock), clock, kind, owns_workspace=False)
    workspace.underway = run.underway
    with workspace.warehouse.session() as connection, transaction(connection):
        connection.execute(queries.text("runs/abandon"))
        connection.execute(
            queries.text("runs/start"),
            {
                "run_id": run.run_id,
                "kind": kind,
                "target": workspace.project.target,
                "as_of": clock,
                "version": __version__,
                "started_at": datetime.now(UTC),
            },
        )
    checkpoint("run begun")
    return run


def land(run: Run) -> list[Landed]:
    """Load new event files, feedback and consents. Raises ContractError naming event files that could not be read;
    then nothing is decided. What is wrong with feedback and consents stops nothing: `tidegate status` tells."""
    sandbox = run.workspace.sandbox
    found = feedback.sources(
        run.project, run.warehouse.home, reports=sandbox.endpoints.reports if sandbox is not None else None
    )
    run.landed = feedback.land(run.warehouse, run.project.root, found, run.run_id)
    checkpoint("feedback landed")
    events = landing.land(run.warehouse, run.project.root, run.project.landings, run.run_id)
    run.landed = [*events, *run.landed]
    checkpoint("landed")
    return run.landed


def build(run: Run) -> None:
    """Build the models as of the run's clock. A model that fails stops the audiences that stand on it."""
    from tidegate import build as builder

    run.warehouse.release()  # dbt opens the file in its own way
    run.built = builder.build(run.project.root, run.project.target, run.as_of)
    checkpoint("built")


def check(run: Run, *, docs: bool = False) -> list[ContractResult]:
    """Hold the models to their contracts, and work out which audiences may be decided on.

    With `docs`, Great Expectations' site about them is built in `contracts` beside the warehouse.
    """
    assert run.built is not None, "build comes first"
    run.contracts, run.facts = gather(
        run.workspace,
        run.built,
        run_id=run.run_id,
        as_of=run.as_of,
        docs=run.warehouse.home / "contracts" if docs else None,
    )
    with run.warehouse.session() as connection, transaction(connection):
        contracts.save_results(connection, run.run_id, run.contracts)
    checkpoint("checked")
    return run.contracts


def decide(run: Run) -> Decision:
    """Steps 4 to 9, in one transaction."""
    assert run.facts is not None, "check comes first"
    with run.warehouse.session() as connection, transaction(connection):
        run.decision = decide_on(connection, run.facts)
        checkpoint("decision uncommitted")
        if run.workspace.sandbox is not None:
            run.workspace.sandbox.label(labels(connection, run.facts))
    checkpoint("decision committed")
    return run.decision


def destinations(run: Run) -> list[str]:
    """The destinations that have something to deliver, in order of their names."""
    with run.warehouse.session() as connection:
        rows = connection.execute(queries.text("runs/destinations"), {"as_of": run.as_of}).fetchall()
    return [name for (name,) in rows if name in run.project.destinations]


def deliver(run: Run, destination: str) -> Delivery:
    """Give one destination what is ready or owed. A platform's failure is in `Delivery.problem`, never raised.

    Once the run is told to stop no further call is made; calls under way get a moment, and what is left stays owed.
    """
    assert run.facts is not None, "decide comes first"
    with run.underway.one() as welcome:
        if not welcome:
            return Delivery(destination, problem=f"{destination}: interrupted; the next run takes up what is owed")
        delivery = _deliver(run, destination, run.facts)
        checkpoint("destination delivered")
    return delivery


def _deliver(run: Run, destination: str, facts: Facts) -> Delivery:
    from tidegate.render import Renderer

    spec = run.project.destinations[destination]
    renderer = Renderer(run.project)

    def render(
        message: str,
        channel: str,
        person: Mapping[str, Any],
        entry: Mapping[str, Any],
        step: Mapping[str, Any],
        message_key: str,
    ) -> Mapping[str, Any]:
        return renderer.render(message, channel, person.get("language"), person, entry, {"step": step})

    return deliver_to(
        run.warehouse,
        run_id=run.run_id,
        as_of=run.as_of,
        destination=destination,
        connector=run.workspace.connector(destination),
        people=facts.people,
        key=run.project.key,
        render=render,
        per_second=inf if run.workspace.sandbox is not None else spec.per_second,  # the sandbox needs no sparing
        per_day=inf if run.workspace.sandbox is not None else spec.per_day,
        concurrency=spec.concurrency,
        stop=run.underway.stop,
        recheck=recheck(run.project, facts.people, facts.channel(destination), run_id=run.run_id, as_of=run.as_of),
    )


def deliver_all(run: Run, deliver: Callable[[Run, str], Delivery] = deliver) -> list[Delivery]:
    """Every destination that has something to deliver, side by side, each by `deliver` in a thread of its own.

    Whatever ends one of them other than a failing platform, or interrupts the waiting (Ctrl-C), stops all: it is
    raised once they have ended.
    """
    names = destinations(run)
    if not names:
        return []
    pool = ThreadPoolExecutor(max_workers=len(names), thread_name_prefix="deliver")
    try:
        started = [pool.submit(copy_context().run, deliver, run, name) for name in names]
        waiting = set(started)
        while waiting:
            ended, waiting = wait(waiting, timeout=MOMENT, return_when=FIRST_EXCEPTION)
            for one in ended:
                one.result()
        return [one.result() for one in started]
    except BaseException:
        run.underway.end()  # Ctrl-C reaches this thread only
        raise
    finally:
        pool.shutdown(wait=False)


def finish(run: Run, deliveries: Sequence[Delivery]) -> Report:
    """Mark the run, and let the next one begin."""
    run.underway.end()
    problems = [delivery.problem for delivery in deliveries if delivery.failed]
    status: Literal["finished", "failed"] = "failed" if problems else "finished"
    with run.warehouse.session() as connection:
        connection.execute(
            queries.text("runs/finish"),
            {
                "run_id": run.run_id,
                "status": status,
                "finished_at": datetime.now(UTC),
                "problem": "\n".join(problems) or None,
            },
        )
        if run.workspace.sandbox is not None:
            with suppress(WarehouseError):  # a sandbox that has gone meanwhile; its page says less, that is all
                run.workspace.sandbox.trace(origins(connection, run.run_id))
    checkpoint("run finished")
    run.close()
    return Report(
        run.run_id,
        run.kind,
        run.as_of,
        status,
        tuple(run.landed),
        tuple(run.contracts),
        run.decision,
        tuple(deliveries),
    )


def fail(run: Run, problem: str) -> None:
    """Mark a run that could not go on, as far as the warehouse still can be written, and let the next one begin.

    Deliveries under way are ended first. `problem` is kept without addresses and secrets.
    """
    run.underway.end()
    with suppress(Exception), run.warehouse.session() as connection:
        connection.execute(
            queries.text("runs/finish"),
            {"run_id": run.run_id, "status": "failed", "finished_at": datetime.now(UTC), "problem": redact(problem)},
        )
    run.close()


def reason(fault: BaseException) -> str:
    """Why a run could not go on, as `tidegate status` tells it; of an unexpected fault only the kind, without data."""
    if isinstance(fault, TidegateError):
        return str(fault)
    if isinstance(fault, (KeyboardInterrupt, asyncio.CancelledError)):
        return "it was interrupted; the next run settles what was under way"
    return disk.sentence() if disk.is_full(fault) else type(fault).__name__


def new_id(as_of: datetime) -> str:
    """A run's id: its clock and four random bytes, so that ids sort by the clock."""
    return f"{as_of:%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
