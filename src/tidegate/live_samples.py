"""A few real rows and messages of each audience, as a run would make them, to ask platforms about."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.connector import Connector, Message, Row, Target
from tidegate.decision.decide import Facts
from tidegate.decision.occurrences import with_person
from tidegate.decision.outbox import context
from tidegate.decision.stays import entries
from tidegate.decision.wanted import OwnedList, Wanted, withdrawals
from tidegate.delivery.messages import reachable
from tidegate.identifiers import as_sent
from tidegate.render import Renderer
from tidegate.spec.objects import Audience, Send, Sync

#: of each audience and each of its lists and messages
MOST = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """What an audience has for a destination: rows for a `target`, or messages. `what` names it for a person."""

    destination: str
    what: str
    rows: tuple[Row, ...] = ()
    target: Target | None = None
    messages: tuple[Message, ...] = ()


def samples(
    connection: duckdb.DuckDBPyConnection, facts: Facts, destinations: Mapping[str, type[Connector]]
) -> Iterator[Sample]:
    """Of every audience that can be decided on, what it has for these destinations today. Sends nothing.

    Messages are for people who are in the audience now, whatever they got already, where they can be reached and
    have consented. Raises TidegateError for a message that cannot be rendered.
    """
    renderer = Renderer(facts.project)
    withdrawn = withdrawals(connection, facts.as_of)
    for name, audience in sorted(facts.project.audiences.items()):
        if name in facts.unfit:
            continue
        for sync in audience.sync:
            if sync.to in destinations:
                yield _rows(connection, facts, audience, sync, destinations[sync.to], withdrawn)
        for send in (*audience.sends, *audience.on_enter, *audience.on_exit):
            for destination in send.by:
                if destination in destinations:
                    kind = destinations[destination]
                    yield _messages(connection, facts, audience, send, destination, kind, renderer)


def _rows(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    audience: Audience,
    sync: Sync,
    connector: type[Connector],
    withdrawn: Collection[str],
) -> Sample:
    owned = OwnedList(sync.to, sync.name, ((audience, sync),))
    wanted = Wanted(owned, facts.project, facts.models, connector, withdrawn)
    columns: dict[str, exp.Expr] = {name: exp.column(name, quoted=True) for name in ("person", "country")}
    for field in wanted.fields:
        value = exp.column(field, quoted=True)
        as_json = exp.cast(exp.Anonymous(this="to_json", expressions=[value]), "varchar")
        columns[field] = as_json if field.startswith("set.") else value
    query = queries.select(wanted.rows().subquery("wanted"), columns).limit(MOST)
    frame = connection.sql(query.sql(queries.DIALECT)).pl()
    given = {name: frame[f"match.{name}"].alias(name) for name in wanted.identifiers}
    sent = as_sent(frame.select(*given.values(), "country"), wanted.identifiers)
    rows = []
    for number, one in enumerate(frame.iter_rows(named=True)):
        identifiers = {name: sent[name][number] for name in wanted.identifiers if sent[name][number] is not None}
        traits = {
            field.removeprefix("set."): None if one[field] is None else json.loads(one[field])
            for field in wanted.fields
            if field.startswith("set.") and (one[field] is not None or sync.overwrite_with_null)
        }
        if identifiers:
            rows.append(Row(one["person"], identifiers, traits))
    target = Target(sync.mode, sync.name, sync.write)
    return Sample(sync.to, f"{audience.name}: {sync.mode} {sync.name}", tuple(rows), target)


def _messages(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    audience: Audience,
    send: Send,
    destination: str,
    connector: type[Connector],
    renderer: Renderer,
) -> Sample:
    project = facts.project
    channel = connector.channel_of(project.destinations[destination].settings)
    model = facts.models[audience.model]
    entry = with_person(entries(model, project.key, context=context(model)), facts.people, project.key)
    consent = project.consent.get(channel)
    if consent is not None and not project.messages[send.message].transactional:
        entry = entry.where(consent.copy())
    if audience.condition is not None:
        entry = entry.where(audience.condition.copy())
    people = reachable(facts.people, project.key, channel).subquery("people")
    same = exp.EQ(this=exp.column("person", table="wanted"), expression=exp.column("tidegate_person", table="people"))
    query = (
        exp.select(exp.column("context", table="wanted"), exp.column(exp.Star(), table="people"))
        .from_(entry.subquery("wanted"))
        .join(people, on=same)
        .where(exp.not_(exp.Is(this=exp.column("tidegate_address", table="people"), expression=exp.null())))
        .limit(MOST)
    )
    found = connection.execute(query.sql(queries.DIALECT))
    columns = [column[0] for column in found.description or ()]
    left = {"entered_at": facts.as_of.isoformat(sep=" "), "left_at": facts.as_of.isoformat(sep=" ")}
    made = []
    for written, person, address, *values in found.fetchall():
        everything: dict[str, Any] = dict(zip(columns[3:], values, strict=True))
        about = left if send in audience.on_exit else json.loads(written)
        content = renderer.render(send.message, channel, everything.get("language"), everything, about, {})
        key = f"check:{audience.name}:{person}:{send.message}"
        made.append(Message(key, person, channel, address, facts.as_of, content))
    return Sample(destination, f"{audience.name}: message {send.message}", messages=tuple(made))
