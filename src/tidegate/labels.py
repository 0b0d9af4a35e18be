"""Tells the sandbox whose the addresses and hashes are that it is about to receive, and what messages that it received
are from, so that its page can say so."""

from __future__ import annotations

import json

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.channels import CHANNELS, ChannelSpec
from tidegate.decision.decide import Facts
from tidegate.decision.stays import person_of

#: kinds of identifiers that many people share: none of them says whose a row is
_SHARED = frozenset(
    [
        *("first_name", "last_name", "first_initial", "city", "state", "postcode", "country"),
        *("date_of_birth", "birth_year", "birth_month", "birth_day", "gender", "title", "company"),
    ]
)


def labels(connection: duckdb.DuckDBPyConnection, facts: Facts) -> list[tuple[str, str]]:
    """Pairs of identifier and person for every message that is ready and every list row that is due."""
    people = facts.people
    pairs: list[tuple[str, str]] = []
    for spec in CHANNELS.values():
        if spec.address not in people.columns:
            continue
        known = queries.select(
            exp.alias_(queries.relation(people.relation), "person", table=True),
            {
                "person": person_of(facts.project.key, "person"),
                "address": _as_called(spec),
            },
        )
        query = queries.bind("runs/message_labels", known=known)
        pairs += connection.execute(query, {"channel": spec.name}).fetchall()
    for person, identifiers in connection.execute(queries.text("runs/row_labels")).fetchall():
        pairs += [(value, person) for kind, value in json.loads(identifiers).items() if kind not in _SHARED]
    return pairs


def origins(connection: duckdb.DuckDBPyConnection, run_id: str) -> list[tuple[str, str]]:
    """Pairs of the platform's id and where it is from for every message that the run sent: an audience's name, or a
    journey's with its step's."""
    sent = connection.execute(queries.text("runs/message_origins"), {"run_id": run_id}).fetchall()
    # A Message-ID is kept in its angle brackets; the sandbox files mail under what is between them.
    return [(provider_id.strip("<>"), f"{source}: {step}" if step else source) for provider_id, source, step in sent]


def _as_called(spec: ChannelSpec) -> exp.Expr:
    """The address as the platform sees it: of a browser's subscription that is its endpoint."""
    address: exp.Expr = exp.cast(exp.column(spec.address, table="person", quoted=True), "varchar")
    if spec.name != "web_push":
        return address
    endpoint = exp.func("json_extract_string", address, exp.Literal.string("$.endpoint"), dialect=queries.DIALECT)
    return exp.Case(ifs=[exp.If(this=exp.Anonymous(this="json_valid", expressions=[address.copy()]), true=endpoint)])
