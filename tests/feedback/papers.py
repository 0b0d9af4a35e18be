"""A warehouse in a folder, people in it, messages that went to them, and files of what they did."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tidegate.decision import feedback
from tidegate.feedback.landing import Source, land
from tidegate.results import Landed
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse, transaction

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PEOPLE = ModelColumns("people", "people", {"id": "VARCHAR", "email": "VARCHAR", "phone": "VARCHAR"})


@dataclass
class Desk:
    """`lands` is step 1 of a run, `decides` the part of its step 4 that is about feedback."""

    root: Path
    warehouse: Warehouse = field(init=False)
    runs: int = 0

    def __post_init__(self) -> None:
        self.warehouse = Warehouse(self.root / "dev.duckdb")
        with self.warehouse.session() as connection:
            connection.execute("create table people (id varchar, email varchar, phone varchar)")

    def knows(self, person: str, email: str | None = None, phone: str | None = None) -> None:
        self.tells("insert into people values (?, ?, ?)", [person, email or f"{person}@example.com", phone])

    def sent(self, key: str, person: str, *, state: str = "accepted", id: str | None = None, by: str = "mail") -> None:
        self.tells(
            "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, channel, "
            "destination, context, due_at, expires_at, priority, state, provider_id, attempts, planned_run, "
            "planned_at) "
            "values (?, 'vips', ?, '1', 'on_enter.0', 0, 'welcome', '[]', 'email', ?, '{}', ?, ?, 0, ?, ?, 1, 'r', ?)",
            [key, person, by, NOON, NOON, state, id, NOON],
        )

    def file(self, name: str, *lines: str | dict[str, Any], end: str = "\n") -> Path:
        """A file of the folder, written anew."""
        path = self.warehouse.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines) + end)
        return path

    def lands(self, *patterns: str) -> dict[str, Landed]:
        home = self.warehouse.home
        sources = [
            Source("feedback", [(home / "feedback", "*.jsonl"), *((self.root, one) for one in patterns)]),
            Source("consents", [(home / "consents", "*.jsonl")]),
        ]
        self.runs += 1
        return {one.source: one for one in land(self.warehouse, self.root, sources, f"r{self.runs}")}

    def decides(self) -> None:
        with self.warehouse.session() as connection, transaction(connection):
            feedback.heed(connection, PEOPLE, "id", run_id=f"r{self.runs}", as_of=NOON)

    def runs_once(self) -> None:
        self.lands()
        self.decides()

    def rows(self, sql: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        with self.warehouse.session() as connection:
            return connection.execute(sql, values or []).fetchall()

    tells = rows

    def events(self) -> set[tuple[Any, ...]]:
        return set(self.rows("select event_id, kind, person, message_key from tidegate.feedback"))

    def consents(self) -> set[tuple[Any, ...]]:
        return set(self.rows("select person, channel, topic, given, source from tidegate.consents"))

    def suppressed(self, channel: str, address: str) -> list[str]:
        found = self.rows(
            "select reason from tidegate.suppressions where channel = ? and address_hash = "
            "tidegate.address_hash(?, ?) order by 1",
            [channel, channel, address],
        )
        return [reason for (reason,) in found]

    def table(self, name: str) -> list[tuple[Any, ...]]:
        with self.warehouse.session() as connection:
            return sorted(connection.table(f"tidegate.{name}").fetchall(), key=str)

    def refused(self) -> list[tuple[Any, ...]]:
        return self.rows("select file, line, reason from tidegate.refused_lines order by file, line")


def event(id: str, kind: str = "opened", **more: Any) -> dict[str, Any]:
    found = {"event_id": id, "kind": kind, "happened_at": "2026-11-22T09:00:00Z", **more}
    return found if {"message_key", "provider_id", "address"} & found.keys() else {**found, "message_key": f"k{id}"}


def consent(id: str, *, given: bool = True, **more: Any) -> dict[str, Any]:
    return {"consent_id": id, "channel": "email", "given": given, "happened_at": "2026-11-22T09:00:00Z", **more}
