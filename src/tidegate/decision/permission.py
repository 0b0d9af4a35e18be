"""The checks that come first, and are made again in the instant before a claim: erased, suppressed, consent, reachable.

What is asked about a person comes from the people model as it was built for the run, and from what was recorded
since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.channels import CHANNELS
from tidegate.decision.stays import person_of
from tidegate.spec.objects import ModelColumns, Project

#: (connection, claim) -> (message_key, reason) of those that may not go after all
Recheck = Callable[[duckdb.DuckDBPyConnection, str], Sequence[tuple[str, str]]]

#: What an address must look like to be worth a call; the platforms judge the rest.
SHAPES = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$",
    "sms": r"^\+[1-9][0-9]{6,14}$",
    "whatsapp": r"^\+[1-9][0-9]{6,14}$",
    "telegram": r"^(-?[1-9][0-9]*|@[A-Za-z][A-Za-z0-9_]+)$",
    "web_push": r"^\s*\{",
}


def prepare(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Temporary tables for the checks, empty but for the messages' topics."""
    for statement in queries.statements("gate/working_tables"):
        connection.execute(statement)
    topics = [(message.name, message.topic, message.transactional) for message in project.messages.values()]
    if topics:
        connection.executemany(queries.text("gate/add_topic"), topics)


def ask(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    people: ModelColumns,
    channels: Iterable[str],
    *,
    as_of: datetime,
    decided_at: datetime | None = None,
) -> None:
    """Fill `fitness` for what is in `wants`, which goes by `channels`.

    Consents count that were given or withdrawn by `as_of`, and those recorded after `decided_at` (the wall's clock).
    """
    parts = [_addresses(project, people, channel) for channel in channels]
    if parts:
        found = exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
        connection.execute(queries.bind("gate/add_addresses", found=found))
    connection.execute(queries.text("gate/fitness"), {"as_of": as_of, "decided_at": decided_at})


def recheck(project: Project, people: ModelColumns, channel: str, *, run_id: str, as_of: datetime) -> Recheck:
    """Asks the same again of messages that were claimed, where something was recorded since the run decided."""

    def asked(connection: duckdb.DuckDBPyConnection, claim: str) -> Sequence[tuple[str, str]]:
        found = connection.execute(queries.text("gate/anything_recorded"), {"run_id": run_id}).fetchall()
        for anything, decided_at in found:
            if anything:
                prepare(connection, project)
                connection.execute(queries.text("gate/want_claimed"), {"claim": claim})
                ask(connection, project, people, [channel], as_of=as_of, decided_at=decided_at)
                return connection.execute(queries.text("gate/unfit")).fetchall()
        return []

    return asked


def _addresses(project: Project, people: ModelColumns, channel: str) -> exp.Select:
    """(person, channel, address, reachable, agreed, dated, agreed_at) of everyone who is asked about."""
    consent, since = project.consent.get(channel), project.consent_since.get(channel)
    columns = {
        "person": person_of(project.key, "person"),
        "channel": exp.Literal.string(channel),
        "address": _address(channel, project.key, people),
        "reachable": _reachable(channel, people),
        "agreed": consent.copy() if consent is not None else exp.true(),
        "dated": exp.true() if since is not None else exp.false(),
        "agreed_at": exp.cast(since.copy() if since is not None else exp.null(), "timestamptz"),
    }
    source = exp.alias_(queries.relation(people.relation), "person", table=True)
    wanted = exp.Subquery(this=exp.select("person").from_("wants"))
    return queries.select(source, columns).where(exp.In(this=person_of(project.key, "person"), query=wanted))


def _address(channel: str, key: str, people: ModelColumns) -> exp.Expr:
    """What a suppression is about. A platform that knows people by the project's key is told of them by that;
    what goes to a team's channel is nobody's own, nor has anybody an address that the people model does not know."""
    spec = CHANNELS.get(channel)
    if spec is not None and spec.address in people.columns:
        return exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar")
    return person_of(key, "person") if channel == "crm" else exp.cast(exp.null(), "varchar")


def _reachable(channel: str, people: ModelColumns) -> exp.Expr:
    spec = CHANNELS.get(channel)
    if spec is None or not spec.address:
        return exp.true()
    if spec.address not in people.columns:
        return exp.false()
    address = exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar")
    matches = exp.RegexpLike(this=address, expression=exp.Literal.string(SHAPES.get(channel, ".")))
    return exp.Coalesce(this=matches, expressions=[exp.false()])
