"""Steps 4 to 9 of a run: who entered, left and walked on, what is owed, what is planned, and what may go.

Everything is worked out in temporary tables first and carried over into the state only for audiences whose
guards let it: a blocked audience does not move. The caller holds the transaction: committed it is a run,
rolled back it is a plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.decision import absent, feedback, gate, lists, occurrences, outbox, ownerless, stays, still, zones
from tidegate.decision.blaming import Uncomputable, blaming
from tidegate.decision.owned import OwnedList, owned_lists, wishes
from tidegate.decision.pinned import pin
from tidegate.decision.standing import Definition, Facts, Noticed, Standing, fail, guard, stand
from tidegate.decision.wanted import withdrawals
from tidegate.errors import ContractError, Problem, SpecError
from tidegate.journeys import approving, recording, versions
from tidegate.journeys.recording import Withheld
from tidegate.journeys.tick import Ticked, tick
from tidegate.results import AudienceDecision, Decision, ListDecision, by_destination

__all__ = ["Definition", "Facts", "decide"]


def decide(connection: duckdb.DuckDBPyConnection, facts: Facts) -> Decision:
    """Decide on the whole project. Raises ContractError only for what no audience can be decided without.

    The transaction must hold nothing else: where a model's rows turn out to be uncomputable it is begun anew,
    without the audience.
    """
    while True:
        try:
            return _decide(connection, facts)
        except Uncomputable as fault:
            if not fault.names:
                raise ContractError(f"a row of {facts.project.people} cannot be worked out: {fault}") from fault
            connection.execute("rollback")
            connection.execute("begin transaction")
            facts = replace(facts, unfit={**facts.unfit, **_uncomputable(facts, fault)})


def _uncomputable(facts: Facts, fault: Uncomputable) -> dict[str, tuple[Literal["failed"], str]]:
    audiences = [facts.project.audiences[name] for name in fault.names if name in facts.project.audiences]
    journeys = [facts.project.journeys[name] for name in fault.names if name in facts.project.journeys]
    text = f"a row cannot be worked out: {fault}"
    return {
        **{one.name: ("failed", str(stays.trouble(one, facts.models[one.model], text))) for one in audiences},
        **{one.name: ("failed", str(Problem(one.file, 0, "", text))) for one in journeys},
    }


def _decide(connection: duckdb.DuckDBPyConnection, facts: Facts) -> Decision:
    facts = replace(facts, noticed=Noticed())  # what an attempt that was rolled back had made is gone
    for statement in queries.statements("decide/working_tables"):
        connection.execute(statement)
    connection.execute(queries.text("decide/reopen"))
    with blaming():
        feedback.heed(connection, facts.people, facts.project.key, run_id=facts.run_id, as_of=facts.as_of)
    standings = {}
    for name, audience in sorted(facts.project.audiences.items()):
        with blaming(name):
            if name not in facts.unfit:
                facts = replace(facts, models=pin(connection, facts.models, [audience.model], facts.noticed.views))
            standings[name] = stand(connection, facts, audience)
    ticked = tick(connection, facts)
    owned = owned_lists(facts.project, wishes(connection), people=facts.people.columns, connectors=facts.connectors)
    unmoved = still.unmoved([one.decision for one in ticked.values()])
    planned = _plan_lists(connection, facts, owned, standings, unmoved)
    guard(connection, facts, standings, planned)
    for standing in standings.values():
        if standing.moves:
            with blaming(standing.audience.name):
                _move(connection, facts, standing)
    stopped = still.stopped(connection, planned, facts.run_id)
    kept = _apply_lists(connection, facts, owned, standings, unmoved, stopped)
    blocked = {one.destination for one in kept if one.blocked}
    decided_lists = (
        *kept,
        *ownerless.settle(
            connection,
            owned,
            blocked,
            facts.project.destinations,
            lost=not (facts.project.audiences or facts.project.journeys),
            as_of=facts.as_of,
            run_id=facts.run_id,
        ),
    )
    with blaming():
        notes = _judge(connection, facts, standings, ticked)
    planned_by, withheld = _planned(connection, facts), _withheld(connection)
    decided = _record(connection, facts, standings, planned_by, withheld)
    journeys = recording.record(connection, facts, ticked, planned_by, withheld)
    ready_of: dict[str, dict[str, int]] = {}
    for source, destination, count in connection.execute(queries.text("decide/ready_counts")).fetchall():
        ready_of.setdefault(source, {})[destination] = count
    connection.execute(
        queries.text("decide/mark_decided"),
        {"run_id": facts.run_id, "watermark": _watermark(connection, facts), "decided_at": datetime.now(UTC)},
    )
    notes = (*notes, *versions.forsaken(connection, facts.project))
    asked = approving.asked(connection, facts.project, {one.journey: one.standing for one in journeys})
    return Decision(
        audiences=decided,
        lists=decided_lists,
        ready=by_destination(ready_of),
        ready_of=ready_of,
        notes=notes,
        journeys=journeys,
        asked=asked,
        absent=absent.absent(connection, facts.project.destinations),
    )


def _plan_lists(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    owned: list[OwnedList],
    standings: dict[str, Standing],
    unmoved: Collection[str],
) -> dict[OwnedList, lists.ListCounts]:
    planned = {}
    withdrawn = withdrawals(connection, facts.as_of) if owned else frozenset()
    for one in owned:
        if _waits_for(one, standings, unmoved):
            continue
        try:
            with blaming(*[audience.name for audience, _ in one.owners]):
                planned[one] = lists.plan(
                    connection, one, facts.project, facts.models, facts.connectors[one.destination], withdrawn
                )
        except SpecError as fault:
            if not one.owners:
                raise ContractError(str(fault)) from fault
            for audience, _ in one.owners:
                fail(connection, standings[audience.name], str(fault))
    return planned


def _move(connection: duckdb.DuckDBPyConnection, facts: Facts, standing: Standing) -> None:
    audience, model = standing.audience, facts.models[standing.audience.model]
    if audience.who:
        stays.move(connection, audience.name, as_of=facts.as_of, run_id=facts.run_id, cause=standing.cause)
    else:
        occurrences.record(connection, audience, facts.run_id)
    outbox.plan(
        connection,
        audience,
        model,
        facts.project.key,
        as_of=facts.as_of,
        run_id=facts.run_id,
        cause=standing.cause,
    )
    definition = facts.definitions.get(audience.model)
    if definition is not None:
        connection.execute(
            queries.text("decide/record_version"),
            {
                "audience": audience.name,
                "sql_hash": definition.hash,
                "sql": definition.sql,
                "run_id": facts.run_id,
            },
        )


def _apply_lists(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    owned: list[OwnedList],
    standings: dict[str, Standing],
    unmoved: Collection[str],
    stopped: Mapping[OwnedList, str],
) -> tuple[ListDecision, ...]:
    decided = []
    for one in owned:
        owners = one.names
        blocked = _waits_for(one, standings, unmoved) or stopped.get(one, "")
        if blocked:
            lists.hold(connection, one)
            decided.append(ListDecision(one.destination, one.name, owners, blocked=blocked))
            continue
        lists.apply(connection, one, facts.connectors[one.destination], as_of=facts.as_of, run_id=facts.run_id)
        row = connection.execute(queries.text("lists/owed_counts"), one.parameters).fetchone()
        assert row is not None
        decided.append(ListDecision(one.destination, one.name, owners, *row))
    return tuple(decided)


def _waits_for(owned: OwnedList, standings: Mapping[str, Standing], unmoved: Collection[str]) -> str:
    """An owner of the list that does not move, or an empty string."""
    audiences = (audience.name for audience, _ in owned.owners if not standings[audience.name].moves)
    journeys = (journey.name for journey in owned.journeys if journey.name in unmoved)
    return next(iter((*audiences, *journeys)), "")


def _judge(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    standings: Mapping[str, Standing],
    ticked: Mapping[str, Ticked],
) -> tuple[str, ...]:
    channels = {name: facts.channel(name) for name in facts.connectors}
    still = [name for name, standing in standings.items() if not standing.moves]
    still += [name for name, one in ticked.items() if not one.moves]
    connection.execute(queries.text("decide/know_audiences"), {"audiences": [*standings, *ticked]})
    gate.judge(connection, facts.project, facts.people, channels, still, as_of=facts.as_of, run_id=facts.run_id)
    run = {"run_id": facts.run_id}
    connection.execute(queries.text("delivery/skipped_in_doubt"), run)
    connection.execute(queries.text("decide/rerouted_in_doubt"), {**run, "as_of": facts.as_of})
    person = stays.person_of(facts.project.key, "person")
    people = queries.select(
        exp.alias_(queries.relation(facts.people.relation), "person", table=True), {"person": person}
    )
    repeated = connection.execute(queries.bind("decide/repeated_people", people=people)).fetchall()
    if repeated:
        named = ", ".join(name for (name,) in repeated)
        text = f"{facts.project.people} has several rows for {named}; it must have one row for each person"
        raise ContractError(f"{text}, told by {facts.project.key}")
    return zones.notes(connection, facts.project)


def _planned(connection: duckdb.DuckDBPyConnection, facts: Facts) -> dict[str, int]:
    """How many messages this run planned for each audience and journey."""
    return dict(connection.execute(queries.text("decide/planned_counts"), {"run_id": facts.run_id}).fetchall())


def _withheld(connection: duckdb.DuckDBPyConnection) -> Withheld:
    withheld: Withheld = defaultdict(dict)
    for source, verdict, reason, count in connection.execute(queries.text("decide/withheld_counts")).fetchall():
        withheld[source, verdict][reason] = count
    return withheld


def _record(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    standings: Mapping[str, Standing],
    planned: Mapping[str, int],
    withheld: Withheld,
) -> tuple[AudienceDecision, ...]:
    decided = []
    for name, standing in standings.items():
        movement, definition = standing.movement, facts.definitions.get(standing.audience.model)
        members = movement.members if standing.moves else movement.held
        decision = AudienceDecision(
            audience=name,
            verdict=standing.verdict,
            reason=standing.reason,
            cause=standing.cause,
            entered=movement.entered,
            left=movement.left,
            members=members if standing.audience.who else 0,
            planned=planned.get(name, 0),
            withheld=withheld[name, "skip"],
            held=withheld[name, "hold"],
        )
        decided.append(decision)
        connection.execute(
            queries.text("decide/record_audience"),
            {
                "run_id": facts.run_id,
                "audience": name,
                "kind": standing.kind,
                "sql_hash": definition.hash if definition else None,
                "cause": decision.cause,
                "verdict": decision.verdict,
                "reason": decision.reason or None,
                **movement.counts,
                "members": decision.members,
                "planned": decision.planned,
                "withheld": sum(decision.withheld.values()) + sum(decision.held.values()),
            },
        )
    return tuple(decided)


def _watermark(connection: duckdb.DuckDBPyConnection, facts: Facts) -> datetime | None:
    """The newest event that this run could see."""
    events = facts.models.get("events")
    if events is None or "occurred_at" not in events.columns:
        return None
    newest = exp.select(exp.Max(this=exp.column("occurred_at", quoted=True))).from_(queries.relation(events.relation))
    row = connection.execute(newest.sql(queries.DIALECT)).fetchone()
    return row[0] if row else None
