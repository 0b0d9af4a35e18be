"""A warehouse for a test of one connector: people who are wanted at its destination, and told something."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from tidegate import delivery, queries
from tidegate.channels import CHANNELS
from tidegate.connector import Connector, Message, Row, Target
from tidegate.results import Delivery
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse, transaction

_DESTINATION = "testing"


class World:
    """Everything is delivered to one destination, an hour apart."""

    def __init__(self, folder: Path, target: Target, kind: type[Connector]) -> None:
        self.wanted: set[str] = set()
        """The first identifiers of those who are to be on the list."""
        self._warehouse = Warehouse(folder / "warehouse.duckdb")
        self._now = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
        self._target = target
        self._messages: dict[int, Message] = {}
        with self._warehouse.session() as connection:
            made = {
                "mode": target.mode,
                "keyed_by": kind.keyed_by(),
                "scheme": "",
                "write": target.write,
                "on_delete": None,
                "run_id": "",
                "platform_id": None,
            }
            connection.execute(
                queries.text("lists/remember"), {"destination": _DESTINATION, "list": target.name, **made}
            )

    def owe(self, rows: Sequence[Row], *, removing: bool = False) -> None:
        """They are to be put there, or taken away.

        Whoever plans here does as a decision does: nothing more about people whose last row is not judged yet.
        """
        first = {next(iter(row.identifiers.values())) for row in rows}
        self.wanted = self.wanted - first if removing else self.wanted | first
        identifiers = [_json(row.identifiers) for row in rows]
        given = {
            "person": [row.person for row in rows],
            "operation": ["remove" if removing else "add"] * len(rows),
            "identity": [hashlib.md5(text.encode()).hexdigest() for text in identifiers],
            "identifiers": identifiers,
            "traits": ["{}" if removing else _json(row.traits) for row in rows],
        }
        where = {"destination": _DESTINATION, "list": self._target.name}
        self._write("owe", {**where, "as_of": self._now, "run_id": "planned"}, given_rows=pa.table(given))

    def tell(self, messages: Mapping[int, Message]) -> None:
        """They are to be told once."""
        self._messages |= messages
        people, channel = self._messages.values(), next(iter(messages.values())).channel
        address = _address(channel)
        told = {"customer_id": [one.person for one in people], address: [one.to for one in people]}
        self._write("people", {}, some_people=pa.table(told))
        given = {
            "message_key": [one.key for one in messages.values()],
            "person": [one.person for one in messages.values()],
            "number": list(messages),
        }
        when = {"as_of": self._now, "expires_at": self._now + timedelta(days=30), "run_id": "planned"}
        where = {"destination": _DESTINATION, "channel": channel}
        self._write("tell", {**where, **when}, given_messages=pa.table(given))

    async def run(self, connector: Connector, channel: str, *, time_budget: float = 30.0) -> Delivery:
        """A delivery an hour later, in a thread of its own: the platform is served by this one's loop."""
        self._now += timedelta(hours=1)
        delivery.recover(self._warehouse, self._now)
        self._write("ready", {"destination": _DESTINATION, "channel": channel})
        if not self._messages:
            self._write("people", {}, some_people=pa.table({"customer_id": pa.array([], pa.string())}))
        deliver = partial(
            delivery.deliver,
            self._warehouse,
            run_id=f"{self._now:%Y%m%dT%H%M%S}",
            as_of=self._now,
            destination=_DESTINATION,
            connector=connector,
            people=ModelColumns("people", '"main"."people"', {"customer_id": "VARCHAR", _address(channel): "VARCHAR"}),
            key="customer_id",
            render=self._render,
            per_second=math.inf,
            time_budget=time_budget,
        )
        return await asyncio.to_thread(deliver)

    def owed(self) -> list[tuple[Any, ...]]:
        """(person, operation, state, reason, detail) of what is still owed."""
        with self._warehouse.session() as connection:
            return connection.execute(queries.text("testing/owed")).fetchall()

    def delivered(self) -> set[str]:
        """The first identifiers of those who are known to be there."""
        with self._warehouse.session() as connection:
            found = connection.execute(queries.text("testing/delivered")).fetchall()
        return {next(iter(json.loads(identifiers).values())) for (identifiers,) in found}

    def states(self) -> Counter[str]:
        """How many messages came to what."""
        with self._warehouse.session() as connection:
            return Counter(dict(connection.execute(queries.text("testing/states")).fetchall()))

    def _render(
        self,
        message: str,
        channel: str,
        person: Mapping[str, Any],
        entry: Mapping[str, Any],
        step: Mapping[str, Any],
        key: str,
    ) -> Mapping[str, Any]:
        return self._messages[int(entry["number"])].content

    def _write(self, query: str, parameters: Mapping[str, Any], **tables: pa.Table) -> None:
        with self._warehouse.session() as connection, transaction(connection):
            _registered(connection, tables)
            connection.execute(queries.text(f"testing/{query}"), dict(parameters))


def _registered(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table]) -> None:
    for name, table in tables.items():
        connection.register(name, table)


def _address(channel: str) -> str:
    spec = CHANNELS.get(channel)
    return spec.address if spec is not None and spec.address else "address"


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
