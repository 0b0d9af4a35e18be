"""A plan: exactly what a run would do now, worked out by the same code and rolled back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate import build as builder
from tidegate import land, queries
from tidegate.channels import CHANNELS
from tidegate.clock import clock as choose_clock
from tidegate.decision.decide import Facts, decide
from tidegate.decision.stays import person_of
from tidegate.errors import WarehouseError
from tidegate.facts import gather
from tidegate.feedback import landing as feedback
from tidegate.journeys.seeing import planning
from tidegate.results import Decision, PlanResult, PlanRow
from tidegate.run import new_id
from tidegate.warehouse import Warehouse
from tidegate.workspace import Workspace

SCRATCH = "tidegate_plan"


def plan(
    root: Path,
    *,
    target: str | None = None,
    as_of: datetime | None = None,
    rows: bool = False,
    pii: bool = False,
    wait: float = 0.0,
    ahead: timedelta | None = None,
) -> PlanResult:
    """Build the models in a scratch schema, decide, and roll back.

    With `rows`, people are listed by key; with `pii`, with the address a message would go to; with `ahead`, it also
    says what journeys would do in so much time after. Raises SpecError, WarehouseError (also while a run is under way:
    a plan beside it would show half of each).
    """
    with Workspace(root, target, wait=wait, sends=False) as workspace:
        project, warehouse = workspace.project, workspace.warehouse
        clock = choose_clock(project, warehouse, as_of)
        until = clock + ahead if ahead is not None else None
        waiting = land.waiting(warehouse, project.root, project.landings)
        reported = feedback.waiting(warehouse, project.root, feedback.sources(project, warehouse.home))
        if waiting and not _anything_landed(warehouse):
            raise WarehouseError(
                f"nothing has been loaded yet, so there is nobody to plan for; `tidegate land` loads {_named(waiting)}"
            )
        notes = _notes(workspace, [*waiting, *reported])
        try:
            warehouse.release()  # dbt opens the file in its own way
            built = builder.build(project.root, project.target, clock, scratch=SCRATCH)
            results, facts = gather(workspace, built, run_id=new_id(clock), as_of=clock)
            with warehouse.session() as connection:
                with _rolled_back(connection):
                    decision = decide(connection, facts)
                    listed = _rows(connection, facts, decision, pii) if rows else []
                    next_ = planning.look_ahead(connection, facts, decision, until) if until is not None else ()
                stopped = planning.blocked(decision) if rows else set()
                if stopped:
                    with _rolled_back(connection):
                        lifted = decide(connection, planning.unguarded(facts, stopped))
                        listed += planning.rows(connection, facts, lifted, stopped)
        finally:
            with warehouse.session() as connection:
                builder.drop_scratch(connection, SCRATCH)
    return PlanResult(
        clock,
        tuple(results),
        decision,
        tuple(listed),
        notes,
        ahead=next_,
        ahead_until=until if decision.journeys else None,
    )


@contextmanager
def _rolled_back(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.execute("begin transaction")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # there is none any more where the warehouse itself gave up
            connection.execute("rollback")


def _anything_landed(warehouse: Warehouse) -> bool:
    with warehouse.session() as connection:
        row = connection.execute(queries.text("plan/anything_landed")).fetchone()
    return bool(row and row[0])


def _named(files: Sequence[Path]) -> str:
    names = ", ".join(path.name for path in files[:3]) + (" ..." if len(files) > 3 else "")
    return f"{len(files)} new event {'file' if len(files) == 1 else 'files'} ({names})"


def _notes(workspace: Workspace, waiting: Sequence[Path]) -> tuple[str, ...]:
    """What a run would do first, and a plan does not."""
    notes = []
    if waiting:
        notes.append(f"a run would load {_named(waiting)} first; `tidegate land` loads them now")
    if any((workspace.warehouse.home / "journal").glob("*.jsonl")):
        notes.append("the last run was interrupted; the next one settles what it left behind first")
    return tuple(notes)


def _rows(connection: duckdb.DuckDBPyConnection, facts: Facts, decision: Decision, pii: bool) -> list[PlanRow]:
    causes = {one.audience: one.cause for one in decision.audiences}
    query = queries.bind("plan/rows", addresses=_addresses(facts, pii))
    found = connection.execute(query, {"audiences": list(causes)}).fetchall()
    return [
        *planning.rows(connection, facts, decision),
        *(
            PlanRow(kind, subject, person, detail or "", causes.get(subject, ""), address or "")
            for kind, subject, person, detail, address in found
        ),
    ]


def _addresses(facts: Facts, pii: bool) -> exp.Expr:
    """(person, channel, address); nothing unless personal data was asked for."""
    people = facts.people
    parts = [
        queries.select(
            exp.alias_(queries.relation(people.relation), "person", table=True),
            {
                "person": person_of(facts.project.key, "person"),
                "channel": exp.Literal.string(name),
                "address": exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar"),
            },
        ).where(exp.true() if pii else exp.false())
        for name, spec in CHANNELS.items()
        if spec.address in people.columns
    ]
    if not parts:
        nothing = {"person": exp.null(), "channel": exp.null(), "address": exp.null()}
        return exp.select(*[exp.alias_(exp.cast(value, "varchar"), name) for name, value in nothing.items()])
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
