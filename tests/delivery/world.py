"""A warehouse with people, messages that are ready and rows that are owed; delivered to a platform."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

from tests.delivery.platform import Platform
from tests.delivery.wire import Settings, Wire, render
from tidegate import delivery
from tidegate.delivery import Recovered
from tidegate.results import Delivery
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
PEOPLE = ModelColumns(
    "people", '"main"."people"', {"customer_id": "BIGINT", "email": "VARCHAR", "first_name": "VARCHAR"}
)


class World:
    checkout = Path(__file__).parent.parent.parent

    def __init__(self, folder: Path, platform: Platform) -> None:
        self.warehouse = Warehouse(folder / "warehouse.duckdb")
        self.platform = platform
        self.now = START
        self.runs = 1
        with self.warehouse.session() as connection:
            connection.execute("create table main.people (customer_id bigint, email varchar, first_name varchar)")

    @property
    def run_id(self) -> str:
        return f"run-{self.runs}"

    def later(self, by: timedelta = timedelta(hours=1)) -> None:
        """Another run, so much later."""
        self.now += by
        self.runs += 1

    def query(self, sql: str, parameters: Any = None) -> list[tuple[Any, ...]]:
        with self.warehouse.session() as connection:
            return connection.execute(sql, parameters).fetchall()

    def people(self, count: int) -> list[str]:
        self.query(
            "insert into main.people select i, 'p' || i || '@example.com', 'Ada' || i from range(1, ? + 1) r(i)",
            [count],
        )
        return [str(number) for number in range(1, count + 1)]

    def messages(
        self,
        people: Iterable[str],
        *,
        message: str = "welcome",
        entry: dict[str, Any] | None = None,
        expires: timedelta = timedelta(hours=24),
        priority: int = 0,
        destination: str = "wire",
    ) -> list[str]:
        """Messages that the gate let go to these people."""
        keys = [f"vips:{person}:1:on_enter.{message}:1" for person in people]
        with self.warehouse.session() as connection:
            connection.execute(
                """
                insert into tidegate.outbox (
                    message_key, source, person, entry, step, visit, message, channels, channel,
                    destination, context, due_at, expires_at, priority, state,
                    reason, provider_id, attempts, claim, planned_run, settled_run, planned_at, settled_at
                )
                select
                    unnest($keys), 'vips', unnest($people), '1', 'on_enter', 1, $message, '["wire"]', 'email',
                    $destination, $entry, $now, $expires, $priority, 'ready',
                    null, null, 0, null, $run, null, $now, null
                """,
                {
                    "keys": keys,
                    "people": list(people),
                    "message": message,
                    "destination": destination,
                    "entry": json.dumps(entry or {}),
                    "now": self.now,
                    "expires": self.now + expires,
                    "priority": priority,
                    "run": self.run_id,
                },
            )
        return keys

    def list_is(self, name: str, mode: str = "list", keyed_by: str = "identifiers") -> None:
        self.query("delete from tidegate.lists where list = ?", [name])
        self.query(
            "insert into tidegate.lists (destination, list, mode, keyed_by, scheme, run_id) "
            "values ('wire', ?, ?, ?, '1', ?)",
            [name, mode, keyed_by, self.run_id],
        )

    def owe(
        self,
        operation: str,
        rows: dict[str, str],
        *,
        name: str = "VIP",
        traits: dict[str, Any] | None = None,
        mode: str = "list",
        keyed_by: str = "identifiers",
        more: dict[str, str] | None = None,
    ) -> None:
        """`rows`: the address of each person; `more` of their identifiers."""
        self.list_is(name, mode, keyed_by)
        persons = list(rows)
        identifiers = [identifiers_of(address, **(more or {})) for address in rows.values()]
        with self.warehouse.session() as connection:
            connection.execute(
                """
                insert into tidegate.owed by name
                select
                    'wire' as destination, $list as list, unnest($persons) as person, $operation as operation,
                    unnest($identities) as identity, unnest($identifiers) as identifiers, $traits as traits,
                    case when $operation in ('add', 'update') then 1 end as fingerprint, 'due' as state,
                    false as in_doubt, 0 as attempts, $now as next_try, $run as run_id
                """,
                {
                    "list": name,
                    "persons": persons,
                    "operation": operation,
                    "identities": [md5(text.encode()).hexdigest() for text in identifiers],
                    "identifiers": identifiers,
                    "traits": json.dumps(traits or {}, separators=(",", ":")),
                    "now": self.now,
                    "run": self.run_id,
                },
            )

    def owe_removal(self, person: str, identity: str, identifiers: str) -> None:
        self.query(
            "insert into tidegate.owed (destination, list, person, operation, identity, identifiers, traits, state, "
            "in_doubt, attempts, next_try, run_id) "
            "values ('wire', 'VIP', ?, 'remove', ?, ?, '{}', 'due', false, 0, ?, ?)",
            [person, identity, identifiers, self.now, self.run_id],
        )

    def gate(self) -> None:
        """What the next run's gate does with what is planned and due."""
        self.query(
            "update tidegate.outbox set state = 'ready', destination = 'wire', channel = 'email' "
            "where state = 'planned' and due_at <= ?",
            [self.now],
        )

    def deliver(self, connector: type[Wire] = Wire, **more: Any) -> Delivery:
        settings = {name: more.pop(name) for name in ("batch", "concurrency", "per_second") if name in more}
        return delivery.deliver(
            self.warehouse,
            run_id=self.run_id,
            as_of=self.now,
            destination=more.pop("destination", "wire"),
            connector=connector(Settings(url=self.platform.url, **settings)),
            people=PEOPLE,
            key="customer_id",
            render=more.pop("render", render),
            **more,
        )

    def recover(self) -> Recovered:
        return delivery.recover(self.warehouse, self.now)

    def run(self, **more: Any) -> Delivery:
        """The next run, with nothing new."""
        self.later()
        self.recover()
        self.gate()
        return self.deliver(**more)

    def in_a_process(self, kill_at: str, what: str = "deliver", **settings: Any) -> int:
        """Deliver (or recover) in a process of its own, which kills itself there; returns its exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.delivery.process", self.asked(what, **settings)],
            env={**os.environ, "TIDEGATE_KILL_AT": kill_at},
            cwd=self.checkout,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode in (0, -9), done.stderr
        return done.returncode

    def asked(self, what: str = "deliver", **settings: Any) -> str:
        """What `tests.delivery.process` is to do, as its argument."""
        return json.dumps(
            {
                "what": what,
                "warehouse": str(self.warehouse.path),
                "url": self.platform.url,
                "run_id": self.run_id,
                "now": self.now.isoformat(),
                "connector": settings.pop("connector", "Wire"),
                "settings": settings,
            }
        )

    def states(self) -> dict[str, str]:
        return dict(self.query("select message_key, state from tidegate.outbox"))

    def count(self, state: str) -> int:
        return sum(found == state for found in self.states().values())

    def believed(self, name: str = "VIP") -> set[str]:
        """What the warehouse believes that the list holds."""
        found = self.query("select identifiers from tidegate.delivered where list = ?", [name])
        return {json.dumps(json.loads(identifiers), sort_keys=True) for (identifiers,) in found}

    def held(self, name: str = "VIP") -> set[str]:
        """What the list holds."""
        return self.platform.lists.get(name, set())

    def owed(self) -> list[tuple[Any, ...]]:
        return self.query("select person, operation, state, reason from tidegate.owed order by person, operation")

    @property
    def journals(self) -> list[Path]:
        return sorted((self.warehouse.home / "journal").glob("*"))


def identifiers_of(address: str, **more: str) -> str:
    return json.dumps({"email": address, **more}, separators=(",", ":"))


def on_list(*addresses: str) -> set[str]:
    return {json.dumps({"email": address}, sort_keys=True) for address in addresses}
