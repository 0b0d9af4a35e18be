"""Steps 4 to 9 of a run: who entered and left, what is owed, what is planned, and what may go.

Everything is worked out in temporary tables first and carried over into the state only for audiences whose
guards let it: a blocked audience does not move. The caller holds the transaction: committed it is a run,
rolled back it is a plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import duckdb
from sqlglot import exp

from tidegate import guards, queries
from tidegate.build import wording
from tidegate.connector import Connector
from tidegate.decision import gate, lists, occurrences, outbox, stays
from tidegate.decision.wanted import OwnedList, owned_lists, scheme
from tidegate.errors import ContractError, SpecError
from tidegate.results import AudienceDecision, Decision, ListDecision
from tidegate.spec.objects import Audience, ModelColumns, Project

Cause = Literal["data", "definition", "baseline"]


@dataclass(frozen=True, slots=True)
class Definition:
    """A model's compiled SQL, and a hash that changes when its meaning may have changed."""

    sql: str
    hash: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision is made from.

    `unfit` audiences take no part, each with its verdict (`failed`, `contract`) and reason. `connectors` are by
    destination.
    """

    project: Project
    models: Mapping[str, ModelColumns]
    definitions: Mapping[str, Definition]
    connectors: Mapping[str, type[Connector]]
    unfit: Mapping[str, tuple[Literal["failed", "contract"], str]]
    run_id: str
    as_of: datetime

    @property
    def people(self) -> ModelColumns:
        return self.models[self.project.people]


class _Uncomputable(Exception):
    """The warehouse could not work out a row of these audiences' models; of nobody's: of the people model."""

    def __init__(self, audiences: Iterable[str], fault: duckdb.Error) -> None:
        super().__init__(wording.said(str(fault)))
        self.audiences = tuple(audiences)


@contextmanager
def _blaming(*audiences: str) -> Iterator[None]:
    """Models may be views, so a value that does not convert is met only when a row is asked for."""
    try:
        yield
    except (duckdb.DataError, duckdb.InvalidInputException) as fault:
        raise _Uncomputable(audiences, fault) from fault


@dataclass(slots=True)
class _Standing:
    """An audience while it is being decided on."""

    audience: Audience
    cause: Cause = "data"
    last_as_of: datetime | None = None
    membership: stays.Membership = field(default_factory=lambda: stays.Membership(0, 0, 0))
    acted: int = 0
    verdict: Literal["applied", "approved", "blocked", "contract", "failed"] = "applied"
    reason: str = ""

    @property
    def moves(self) -> bool:
        return self.verdict in ("applied", "approved")

    @property
    def entered(self) -> int:
        return self.membership.entered if self.audience.who else self.acted

    def messages(self) -> int:
        """How many messages its changes would plan."""
        audience = self.audience
        if audience.when:
            return self.acted * len(audience.sends)
        if self.cause != "data" and not audience.backfill:
            return 0
        return self.membership.entered * len(audience.on_enter) + self.membership.left * len(audience.on_exit)


def decide(connection: duckdb.DuckDBPyConnection, facts: Facts) -> Decision:
    """Decide on the whole project. Raises ContractError only for what no audience can be decided without.

    The transaction must hold nothing else: where a model's rows turn out to be uncomputable it is begun anew,
    without the audience.
    """
    while True:
        try:
            return _decide(connection, facts)
        except _Uncomputable as fault:
            if not fault.audiences:
                raise ContractError(f"a row of {facts.project.people} cannot be worked out: {fault}") from fault
            connection.execute("rollback")
            connection.execute("begin transaction")
            facts = replace(facts, unfit={**facts.unfit, **_uncomputable(facts, fault)})


def _uncomputable(facts: Facts, fault: _Uncomputable) -> dict[str, tuple[Literal["failed"], str]]:
    audiences = [facts.project.audiences[name] for name in fault.audiences]
    return {
        one.name: ("failed", str(stays.trouble(one, facts.models[one.model], f"a row cannot be worked out: {fault}")))
        for one in audiences
    }


def _decide(connection: duckdb.DuckDBPyConnection, facts: Facts) -> Decision:
    for statement in queries.statements("decide/working_tables"):
        connection.execute(statement)
    connection.execute(queries.text("decide/reopen"))
    standings = {}
    for name, audience in sorted(facts.project.audiences.items()):
        with _blaming(name):
            standings[name] = _stand(connection, facts, audience)
    owned = owned_lists(facts.project)
    planned = _plan_lists(connection, facts, owned, standings)
    _guard(connection, facts, standings, owned, planned)
    for standing in standings.values():
        if standing.moves:
            with _blaming(standing.audience.name):
                _move(connection, facts, standing)
    decided_lists = _apply_lists(connection, facts, owned, standings, planned)
    with _blaming():
        _judge(connection, facts, standings)
    decided = _record(connection, facts, standings)
    ready = dict(connection.execute(queries.text("decide/ready_counts")).fetchall())
    connection.execute(
        queries.text("decide/mark_decided"),
        {"run_id": facts.run_id, "watermark": _watermark(connection, facts), "decided_at": datetime.now(UTC)},
    )
    return Decision(audiences=decided, lists=decided_lists, ready=ready)


def _stand(connection: duckdb.DuckDBPyConnection, facts: Facts, audience: Audience) -> _Standing:
    standing = _Standing(audience)
    last = connection.execute(queries.text("decide/last_applied"), {"audience": audience.name}).fetchone()
    definition = facts.definitions.get(audience.model)
    if last is None:
        standing.cause = "baseline"
    else:
        standing.last_as_of = last[1]
        if definition is not None and last[0] != definition.hash:
            standing.cause = "definition"
    if audience.name in facts.unfit:
        standing.verdict, standing.reason = facts.unfit[audience.name]
        standing.membership = stays.Membership(stays.members(connection, audience.name), 0, 0)
        return standing
    model, key = facts.models[audience.model], facts.project.key
    try:
        if audience.who:
            standing.membership = stays.diff(connection, audience, model, key)
        else:
            standing.acted = occurrences.see(
                connection,
                audience,
                model,
                facts.people,
                key,
                as_of=facts.as_of,
                cause=standing.cause,
                last_as_of=standing.last_as_of,
            )
    except SpecError as fault:
        _fail(connection, standing, str(fault))
    return standing


def _fail(connection: duckdb.DuckDBPyConnection, standing: _Standing, reason: str) -> None:
    standing.verdict, standing.reason = "failed", reason
    _stand_still(connection, standing)
    standing.membership = stays.Membership(stays.members(connection, standing.audience.name), 0, 0)
    standing.acted = 0


def _stand_still(connection: duckdb.DuckDBPyConnection, standing: _Standing) -> None:
    parameters = {"audience": standing.audience.name}
    connection.execute(queries.text("decide/forget_changes"), parameters)
    connection.execute(queries.text("decide/forget_seen"), parameters)


def _plan_lists(
    connection: duckdb.DuckDBPyConnection, facts: Facts, owned: list[OwnedList], standings: dict[str, _Standing]
) -> dict[OwnedList, lists.ListCounts]:
    planned = {}
    for one in owned:
        if not all(standings[audience.name].moves for audience, _ in one.owners):
            continue
        try:
            with _blaming(*[audience.name for audience, _ in one.owners]):
                planned[one] = lists.plan(
                    connection, one, facts.project, facts.models, facts.connectors[one.destination]
                )
        except SpecError as fault:
            for audience, _ in one.owners:
                _fail(connection, standings[audience.name], str(fault))
    return planned


def _guard(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    standings: dict[str, _Standing],
    owned: list[OwnedList],
    planned: dict[OwnedList, lists.ListCounts],
) -> None:
    for name, standing in standings.items():
        if not standing.moves:
            continue
        audience = standing.audience
        if audience.when:
            reason = guards.occurrence_verdict(audience.guard, standing.acted, standing.messages())
        else:
            movement = guards.Movement(
                held=standing.membership.held,
                entered=standing.membership.entered,
                left=standing.membership.left,
                messages=standing.messages(),
                baseline=standing.cause == "baseline",
            )
            mine = [one for one in owned if one in planned and any(a.name == name for a, _ in one.owners)]
            worst = max(mine, key=lambda one: planned[one].remove, default=None)
            if worst is not None:
                counts = planned[worst]
                movement = replace(movement, removed=counts.remove, listed=counts.held, list_name=worst.name)
            reason = guards.verdict(audience.guard, movement)
        if not reason:
            continue
        if guards.approved(connection, name, standing.entered, standing.membership.left, facts.run_id):
            standing.verdict, standing.reason = "approved", reason
        else:
            standing.verdict, standing.reason = "blocked", reason


def _move(connection: duckdb.DuckDBPyConnection, facts: Facts, standing: _Standing) -> None:
    audience, model = standing.audience, facts.models[standing.audience.model]
    if audience.who:
        stays.move(connection, audience, as_of=facts.as_of, run_id=facts.run_id, cause=standing.cause)
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
    standings: dict[str, _Standing],
    planned: dict[OwnedList, lists.ListCounts],
) -> tuple[ListDecision, ...]:
    decided = []
    for one in owned:
        owners = tuple(audience.name for audience, _ in one.owners)
        still = next((name for name in owners if not standings[name].moves), "")
        if still:
            lists.hold(connection, one)
            decided.append(ListDecision(one.destination, one.name, owners, blocked=still))
            continue
        lists.apply(connection, one, as_of=facts.as_of, run_id=facts.run_id, scheme=scheme(one))
        row = connection.execute(queries.text("lists/owed_counts"), one.parameters).fetchone()
        assert row is not None
        decided.append(ListDecision(one.destination, one.name, owners, *row))
    return tuple(decided)


def _judge(connection: duckdb.DuckDBPyConnection, facts: Facts, standings: dict[str, _Standing]) -> None:
    channels = {name: connector.channel for name, connector in facts.connectors.items()}
    still = [name for name, standing in standings.items() if not standing.moves]
    gate.judge(connection, facts.project, facts.people, channels, still, as_of=facts.as_of, run_id=facts.run_id)
    person = stays.person_of(facts.project.key, "person")
    people = queries.select(
        exp.alias_(queries.relation(facts.people.relation), "person", table=True), {"person": person}
    )
    repeated = connection.execute(queries.bind("decide/repeated_people", people=people)).fetchall()
    if repeated:
        named = ", ".join(name for (name,) in repeated)
        text = f"{facts.project.people} has several rows for {named}; it must have one row for each person"
        raise ContractError(f"{text}, told by {facts.project.key}")


def _record(
    connection: duckdb.DuckDBPyConnection, facts: Facts, standings: dict[str, _Standing]
) -> tuple[AudienceDecision, ...]:
    planned = dict(connection.execute(queries.text("decide/planned_counts"), {"run_id": facts.run_id}).fetchall())
    withheld: dict[str, dict[str, int]] = defaultdict(dict)
    for source, reason, count in connection.execute(queries.text("decide/withheld_counts")).fetchall():
        withheld[source][reason] = count
    decided = []
    for name, standing in standings.items():
        members = standing.membership.members if standing.moves else standing.membership.held
        decision = AudienceDecision(
            audience=name,
            verdict=standing.verdict,
            reason=standing.reason,
            cause=standing.cause,
            entered=standing.entered,
            left=standing.membership.left,
            members=members if standing.audience.who else 0,
            planned=planned.get(name, 0),
            withheld=dict(withheld[name]),
        )
        decided.append(decision)
        definition = facts.definitions.get(standing.audience.model)
        connection.execute(
            queries.text("decide/record_audience"),
            {
                "run_id": facts.run_id,
                "audience": name,
                "sql_hash": definition.hash if definition else None,
                "cause": decision.cause,
                "verdict": decision.verdict,
                "reason": decision.reason or None,
                "entered": decision.entered,
                "left": decision.left,
                "members": decision.members,
                "planned": decision.planned,
                "withheld": sum(decision.withheld.values()),
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
