"""What must be taken off a list when somebody is on it under new identifiers.

A platform knows a person by the first identifier that it is given. Where that stays, the new row took the
old one's place, and taking the old one away would take the person off the list. Where it changes, the old
ones go, but for those that the person still has.
"""

from __future__ import annotations

import hashlib
import json

import duckdb
import pyarrow as pa

from tidegate import queries

_COLUMNS = ("destination", "list", "person", "identity", "identifiers")


def owe(connection: duckdb.DuckDBPyConnection, run: dict[str, object]) -> None:
    """Owe the removal of identifiers that the people of `replaced_rows` have given up. `run`: $run_id and $as_of."""
    rows = []
    for destination, name, person, before, now in connection.execute(
        queries.text("delivery/changed_identities")
    ).fetchall():
        left = given_up(json.loads(before), json.loads(now))
        if left:
            identifiers = json.dumps(left, separators=(",", ":"), ensure_ascii=False)
            rows.append((destination, name, person, hashlib.md5(identifiers.encode()).hexdigest(), identifiers))
    if not rows:
        return
    table = pa.table([pa.array(column, pa.string()) for column in zip(*rows, strict=True)], names=list(_COLUMNS))
    connection.register("given_up", table)
    try:
        connection.execute(queries.text("delivery/owe_old_identities"), run)
    finally:
        connection.unregister("given_up")


def given_up(before: dict[str, str], now: dict[str, str]) -> dict[str, str]:
    """The identifiers to take away, in the platform's order of preference; empty where the person would go with them.

    >>> given_up({"email": "old", "phone": "1"}, {"email": "new", "phone": "1"})
    {'email': 'old'}
    >>> given_up({"email": "same", "phone": "1"}, {"email": "same", "phone": "2"})
    {}
    """
    first = next(iter(before), None)
    if first is None or now.get(first) == before[first]:
        return {}
    return {kind: value for kind, value in before.items() if now.get(kind) != value}
