"""Where each audience stands in a decision: what it is looked at for, what would happen to it, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import duckdb
from sqlglot import exp

from tidegate import guards, queries
from tidegate.connector import Connector
from tidegate.decision import cause, lists, occurrences, stays
from tidegate.decision.cause import Cause
from tidegate.decision.wanted import OwnedList
from tidegate.errors import SpecError
from tidegate.guards import ListMovement, Movement
from tidegate.results import AudienceVerdict
from tidegate.spec.objects import Audience, ModelColumns, Project


@dataclass(frozen=True, slots=True)
class Definition:
    """A model's compiled SQL, and a hash that changes when its meaning may have changed."""

    sql: str
    hash: str


@dataclass(slots=True)
class Noticed:
    """What one decision found out once and need not ask again: which relations are views, which temporary tables of
    predicates it made, how often events happened, which of them journeys emitted."""

    views: dict[str, bool] = field(default_factory=dict)
    tables: set[str] = field(default_factory=set)
    seldom: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    emitted: dict[str, bool] = field(default_factory=dict)
    begun: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a decision is made from.

    `unfit` audiences take no part, each with its verdict (`failed`, `contract`) and reason. `connectors` are by
    destination. `noticed` is the decision's own, and is gone with it.
    """

    project: Project
    models: Mapping[str, ModelColumns]
    definitions: Mapping[str, Definition]
    connectors: Mapping[str, type[Connector]]
    unfit: Mapping[str, tuple[Literal["failed", "contract"], str]]
    run_id: str
    as_of: datetime
    noticed: Noticed = field(default_factory=Noticed, compare=False, repr=False)

    @property
    def people(self) -> ModelColumns:
        return self.models[self.project.people]

    def channel(self, destination: str) -> str:
        """What a destination sends by."""
        return self.connectors[destination].channel_of(self.project.destinations[destination].settings)


@dataclass(slots=True)
class Standing:
    """An audience while it is being decided on."""

    audience: Audience
    cause: Cause = "data"
    last_as_of: datetime | None = None
    movement: Movement = field(default_factory=Movement)
    verdict: AudienceVerdict = "applied"
    reason: str = ""

    @property
    def kind(self) -> Literal["who", "when"]:
        return "who" if self.audience.who else "when"

    @property
    def moves(self) -> bool:
        return self.verdict in ("applied", "approved")

    def messages(self, entered: int, left: int) -> int:
        """How many messages such changes would plan."""
        audience = self.audience
        if audience.when:
            return entered * len(audience.sends)
        if self.cause != "data" and not audience.backfill:
            return 0
        return entered * len(audience.on_enter) + left * len(audience.on_exit)


def stand(connection: duckdb.DuckDBPyConnection, facts: Facts, audience: Audience) -> Standing:
    """Find the changes of one audience, in the working tables."""
    standing = Standing(audience)
    standing.cause, standing.last_as_of = _cause(connection, facts, standing)
    if audience.name in facts.unfit:
        standing.verdict, standing.reason = facts.unfit[audience.name]
        standing.movement = Movement(held=stays.members(connection, audience.name))
        return standing
    model, key = facts.models[audience.model], facts.project.key
    held = left = 0
    try:
        if audience.who:
            membership = stays.diff(connection, audience, model, key)
            held, entered, left = membership.held, membership.entered, membership.left
        else:
            entered = occurrences.see(
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
        fail(connection, standing, str(fault))
        return standing
    standing.movement = Movement(held, entered, left, standing.messages(entered, left), standing.cause == "baseline")
    return standing


def _cause(connection: duckdb.DuckDBPyConnection, facts: Facts, standing: Standing) -> tuple[Cause, datetime | None]:
    definition = facts.definitions.get(standing.audience.model)
    sql_hash = definition.hash if definition is not None else None
    looks = exp.to_table("tidegate.audience_runs")
    return cause.look(connection, standing.audience.name, standing.kind, sql_hash, looks)


def fail(connection: duckdb.DuckDBPyConnection, standing: Standing, reason: str) -> None:
    """The audience takes no part: what was found of it is forgotten."""
    standing.verdict, standing.reason = "failed", reason
    parameters = {"audience": standing.audience.name}
    connection.execute(queries.text("decide/forget_changes"), parameters)
    connection.execute(queries.text("decide/forget_seen"), parameters)
    standing.movement = Movement(held=stays.members(connection, standing.audience.name))


def guard(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    standings: Mapping[str, Standing],
    planned: Mapping[OwnedList, lists.ListCounts],
) -> None:
    """Hold what would happen to each audience, and to each of its lists, against its limits."""
    for name, standing in standings.items():
        if not standing.moves:
            continue
        mine = [
            ListMovement(one.name, counts.held, counts.remove)
            for one, counts in planned.items()
            if any(audience.name == name for audience, _ in one.owners)
        ]
        movement = standing.movement = replace(standing.movement, lists=tuple(mine))
        judge = guards.verdict if standing.audience.who else guards.occurrence_verdict
        reason = judge(standing.audience.guard, movement)
        if not reason:
            continue
        definition = facts.definitions.get(standing.audience.model)
        sql_hash = definition.hash if definition else None
        lets_through = guards.approved(connection, name, movement, sql_hash=sql_hash, run_id=facts.run_id)
        standing.verdict, standing.reason = "approved" if lets_through else "blocked", reason
