"""Addresses that are not written to again, kept as keyed hashes: see sql/migrations/0005_withholding.sql.

`bounced` and `erased` stop everything; `complained` and `opted_out` stop all but transactional messages.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb
import pyarrow as pa

from tidegate import queries

Reason = Literal["bounced", "complained", "opted_out", "erased"]

#: instead of a channel: the whole person, told by the project's key
PERSON = "person"

_SCHEMA = pa.schema(
    [
        ("channel", pa.string()),
        ("address", pa.string()),
        ("reason", pa.string()),
        ("event_id", pa.string()),
        ("happened_at", pa.timestamp("us", "UTC")),
    ]
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address of a channel (or a key, of `PERSON`), why, since when, and the feedback that it comes from."""

    channel: str
    address: str
    reason: Reason
    happened_at: datetime
    event_id: str | None = None


def suppress(connection: duckdb.DuckDBPyConnection, found: Iterable[Suppression], *, run_id: str = "") -> int:
    """Keep the hashes of these addresses, and nothing else of them. Returns how many were not suppressed before.

    A graver reason than the one that is known counts as new: an address that opted out and then bounces.
    """
    rows = [
        {
            "channel": one.channel,
            "address": one.address,
            "reason": one.reason,
            "event_id": one.event_id,
            "happened_at": one.happened_at,
        }
        for one in found
    ]
    if not rows:
        return 0
    # Not DuckDB's random numbers: those are for samples, not for secrets.
    connection.execute(queries.text("suppressions/make_key"), {"secret": secrets.token_hex(32)})
    connection.register("given", pa.Table.from_pylist(rows, _SCHEMA))
    try:
        added = connection.execute(queries.text("suppressions/add"), {"run_id": run_id}).fetchall()
    finally:
        connection.unregister("given")
    return len(added)


def lift(connection: duckdb.DuckDBPyConnection, channel: str, address: str, *, at: datetime) -> int:
    """The address may be written to again. Returns how many suppressions that ends; the history of them stays."""
    parameters = {"channel": channel, "address": address, "lifted_at": at}
    return len(connection.execute(queries.text("suppressions/lift"), parameters).fetchall())


def reasons(connection: duckdb.DuckDBPyConnection, channel: str, address: str) -> list[str]:
    """Why an address is suppressed now; empty when it is not."""
    parameters = {"channel": channel, "address": address}
    return [reason for (reason,) in connection.execute(queries.text("suppressions/reasons"), parameters).fetchall()]


def looks_like(shape: str | None, address: str) -> bool:
    """Whether an address could be one of the channel's, once the marks are gone that people write numbers with."""
    bare = re.sub(r"[ \u00a0().\-/]", "", address) if shape and shape.startswith(r"^\+") else address.strip()
    return bool(bare) and (shape is None or re.search(shape, bare) is not None)
