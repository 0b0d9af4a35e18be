"""The gate between "planned" and "sent": one statement over the whole outbox.

In this order: blocked audience, expired, left the segment, reachable, consent. A message that may not go is
skipped with its reason, as a row in `decisions`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.channels import CHANNELS
from tidegate.decision.stays import person_of
from tidegate.spec.objects import ModelColumns, Project

_ADDRESS = {"person": "varchar", "channel": "varchar", "reachable": "boolean", "consented": "boolean"}
#: What an address must look like to be worth a call; the platforms judge the rest.
_SHAPES = {
    "email": r"^[^@\s]+@[^@\s]+\.[^@\s.]+$",
    "sms": r"^\+[1-9][0-9]{6,14}$",
    "whatsapp": r"^\+[1-9][0-9]{6,14}$",
    "telegram": r"^(-?[1-9][0-9]*|@[A-Za-z][A-Za-z0-9_]+)$",
    "web_push": r"^\s*\{",
}


def judge(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    people: ModelColumns,
    channels: Mapping[str, str],
    blocked: Collection[str],
    *,
    as_of: datetime,
    run_id: str,
) -> None:
    """Fill `verdicts` and carry them out. `channels` gives each destination's channel."""
    topics = [(message.name, message.transactional) for message in project.messages.values()]
    _fill(connection, "decide/add_topic", topics)
    _fill(connection, "decide/add_blocked", [(audience,) for audience in blocked])
    connection.execute(queries.text("decide/waiting"), {"as_of": as_of})
    # What waits was planned by earlier files as well: its own channels count, as far as there are such still.
    waiting = connection.execute(queries.text("decide/waiting_channels")).fetchall()
    routes = [
        (written, position, destination, channels[destination])
        for (written,) in waiting
        for position, destination in enumerate(json.loads(written))
        if destination in channels
    ]
    _fill(connection, "decide/add_route", routes)
    used = sorted({channel for *_, channel in routes})
    connection.execute(queries.bind("decide/gate", addresses=_addresses(project, people, used)))
    parameters = {"as_of": as_of, "run_id": run_id}
    connection.execute(queries.text("decide/apply_verdicts"), parameters)
    connection.execute(queries.text("decide/record_decisions"), parameters)


def _fill(connection: duckdb.DuckDBPyConnection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        connection.executemany(queries.text(statement), rows)


def _addresses(project: Project, people: ModelColumns, channels: list[str]) -> exp.Expr:
    """(person, channel, reachable, consented) of everyone who has a message waiting."""
    waiting = exp.select("person").from_("waiting")
    parts = []
    for channel in channels:
        source = exp.alias_(queries.relation(people.relation), "person", table=True)
        consent = project.consent.get(channel)
        columns = {
            "person": person_of(project.key, "person"),
            "channel": exp.Literal.string(channel),
            "reachable": _reachable(channel),
            "consented": consent.copy() if consent is not None else exp.true(),
        }
        who = exp.In(this=person_of(project.key, "person"), query=exp.Subquery(this=waiting.copy()))
        parts.append(queries.select(source, columns).where(who))
    if not parts:
        nobody = {name: exp.cast(exp.null(), kind) for name, kind in _ADDRESS.items()}
        return exp.select(*[exp.alias_(value, name) for name, value in nobody.items()]).where(exp.false())
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]


def _reachable(channel: str) -> exp.Expr:
    spec = CHANNELS.get(channel)
    if spec is None or not spec.address:
        return exp.true()
    address = exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar")
    shape = _SHAPES.get(channel, ".")
    matches = exp.RegexpLike(this=address, expression=exp.Literal.string(shape))
    return exp.Coalesce(this=matches, expressions=[exp.false()])
