"""The log of calls: what was asked of each platform, how it was answered, and by which fault if any."""

from __future__ import annotations

import sqlite3
from dataclasses import asdict, dataclass
from typing import Any

from tidegate.sandbox.queries import query
from tidegate.sandbox.store import Store
from tidegate.sandbox.times import now


@dataclass(frozen=True, slots=True)
class Call:
    """`status` 0: no answer was given. `offered` and `accepted` count rows or messages."""

    connector: str
    operation: str
    status: int
    offered: int = 0
    accepted: int = 0
    fault: str = ""


def note(connection: sqlite3.Connection, call: Call) -> None:
    """Log a call; within a `Store.write`, with what the call changed."""
    connection.execute(query("store", "add_call"), {**asdict(call), "now": now()})


def page(store: Store, *, connector: str | None = None, after: int = 0, count: int = 1000) -> list[dict[str, Any]]:
    """Calls, oldest first, after the call numbered `after`."""
    return [dict(row) for row in store.read("store", "calls", connector=connector, after=after, count=count)]


def counts(store: Store) -> list[dict[str, Any]]:
    """Calls by connector, operation and status."""
    return [dict(row) for row in store.read("store", "count_calls")]
