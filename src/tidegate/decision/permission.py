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

_ADDRESS = {
    "person": "varchar",
    "channel": "varchar",
    "address": "varchar",
    "reachable": "boolean",
    "agreed": "boolean",
    "dated": "boolean",
    "agreed_at": "timestamptz",
}
#: What an address must look like to be worth a call; the platforms judge the rest.
SHAPES = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$",
    "sms": r"^\+[1-9][0-9]{6,14}$",
    "whatsapp": r"^\+[1-9][0-9]{6,14}$",
    "telegram": r"^(-?[1-9][0-9]*|@[A-Za-z][A-Za-z0-9_]+)$",
    "web_push": r"^\s*\{",
}


def fitness(project: Project, people: ModelColumns, channels: Iterable[str], wants: exp.Expr) -> exp.Expr:
    """The query sql/gate/fitness.sql over those of `wants` (message_key, person, topic, transactional, channel,
    destination, position), which go by `channels`. It takes $as_of and $decided_at."""
    everybody = exp.select("person").from_(exp.Subquery(this=wants.copy(), alias=exp.TableAlias(this="asked")))
    return queries.bound("gate/fitness", wants=wants, addresses=_addresses(project, people, channels, everybody))


def recheck(project: Project, people: ModelColumns, channel: str, *, run_id: str, as_of: datetime) -> Recheck:
    """Asks the same again of messages that were claimed, by what was recorded since the run decided."""
    topics = exp.values(
        [(one.name, one.topic, one.transactional) for one in project.messages.values()] or [("", "", False)],
        alias="topics",
        columns=["message", "topic", "transactional"],
    )
    wants = queries.bound("gate/claimed", topics=exp.select("*").from_(topics))
    query = queries.bind("gate/unfit", fitness=fitness(project, people, [channel], wants))

    def asked(connection: duckdb.DuckDBPyConnection, claim: str) -> Sequence[tuple[str, str]]:
        found = connection.execute(queries.text("gate/anything_recorded"), {"run_id": run_id}).fetchall()
        for anything, decided_at in found:
            if anything:
                return connection.execute(query, {"claim": claim, "as_of": as_of, "decided_at": decided_at}).fetchall()
        return []

    return asked


def _addresses(project: Project, people: ModelColumns, channels: Iterable[str], everybody: exp.Select) -> exp.Expr:
    """(person, channel, address, reachable, agreed, dated, agreed_at) of everyone who is asked about."""
    parts = []
    for channel in channels:
        source = exp.alias_(queries.relation(people.relation), "person", table=True)
        consent, since = project.consent.get(channel), project.consent_since.get(channel)
        columns = {
            "person": person_of(project.key, "person"),
            "channel": exp.Literal.string(channel),
            "address": _address(channel, project.key),
            "reachable": _reachable(channel),
            "agreed": consent.copy() if consent is not None else exp.true(),
            "dated": exp.true() if since is not None else exp.false(),
            "agreed_at": exp.cast(since.copy() if since is not None else exp.null(), "timestamptz"),
        }
        who = exp.In(this=person_of(project.key, "person"), query=exp.Subquery(this=everybody.copy()))
        parts.append(queries.select(source, columns).where(who))
    if not parts:
        nobody = {name: exp.cast(exp.null(), kind) for name, kind in _ADDRESS.items()}
        return exp.select(*[exp.alias_(value, name) for name, value in nobody.items()]).where(exp.false())
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


def _address(channel: str, key: str) -> exp.Expr:
    """What a suppression is about. A platform that knows people by the project's key is told of them by that;
    what goes to a team's channel is nobody's own."""
    spec = CHANNELS.get(channel)
    if spec is not None and spec.address:
        return exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar")
    return person_of(key, "person") if channel == "crm" else exp.cast(exp.null(), "varchar")


def _reachable(channel: str) -> exp.Expr:
    spec = CHANNELS.get(channel)
    if spec is None or not spec.address:
        return exp.true()
    address = exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar")
    matches = exp.RegexpLike(this=address, expression=exp.Literal.string(SHAPES.get(channel, ".")))
    return exp.Coalesce(this=matches, expressions=[exp.false()])
