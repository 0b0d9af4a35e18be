"""A whole project, small enough to build in a second: CSV files, dbt models, audiences, and the sandbox."""

from __future__ import annotations

import csv
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import duckdb
from click.testing import CliRunner

from tidegate import replay, run
from tidegate.cli.commands import tidegate
from tidegate.results import Report
from tidegate.sandbox.faults import Fault, clear, set_fault
from tidegate.sandbox.shelf import Shelf
from tidegate.sandbox.store import Store

FILES = {
    "tidegate.yml": """
project: corner
key: customer_id
people: ref('people')
time_zone: Europe/London
unsubscribe_url: "https://corner.example.com/u/{{ person.customer_id }}"
consent: {email: agrees, sms: agrees, ads: agrees}
land:
  - {files: "data/customers_*.csv", into: raw.customers}
  - {files: "data/events_*.csv", into: raw.events, unique: [event_id]}
targets:
  dev: {destinations: sandbox}
  prod:
    destinations:
      email: {connector: smtp, host: "${SMTP_HOST}", from: "Corner <hello@corner.example.com>"}
      sms: {connector: twilio, account_sid: "${SID}", auth_token: "${TOKEN}", from: "+12025550100"}
      ads: {connector: meta_custom_audiences, ad_account: act_1, access_token: "${META}"}
      exports: {connector: file, folder: exports, format: csv}
""",
    "dbt_project.yml": """
name: corner
config-version: 2
profile: corner
model-paths: [models]
macro-paths: [macros]
flags: {send_anonymous_usage_stats: false}
models: {corner: {+materialized: table}}
""",
    "profiles.yml": """
corner:
  target: dev
  outputs:
    dev: {type: duckdb, path: warehouse/dev.duckdb, schema: corner, threads: 1, settings: {TimeZone: UTC}}
    prod: {type: duckdb, path: warehouse/prod.duckdb, schema: corner, threads: 1, settings: {TimeZone: UTC}}
""",
    "models/sources.yml": """
sources:
  - name: raw
    schema: raw
    tables: [{name: customers}, {name: events}]
""",
    "models/people.sql": """
select
    customer_id,
    arg_max(email, version) as email,
    arg_max(phone, version) as phone,
    arg_max(agrees, version) as agrees,
    'en' as language
from {{ source('raw', 'customers') }}
group by customer_id
""",
    "models/segments/vips.sql": """
select
    customer_id,
    sum(amount) as spend
from {{ source('raw', 'events') }}
where name = 'order' and occurred_at <= {{ as_of() }}
group by customer_id
having sum(amount) >= 100
""",
    "models/triggers/ordered.sql": """
select
    event_id as occurrence_id,
    customer_id,
    occurred_at,
    amount
from {{ source('raw', 'events') }}
where name = 'order' and occurred_at <= {{ as_of() }}
""",
    "audiences/vips.yml": """
audience: vips
who: ref('vips')
sync:
  - to: ads
    list: VIPs
    match: {email: email, phone: phone}
  - to: exports
    object: vips
    match: {email: email}
    set: {spend: spend}
    on_leave: remove
on_enter:
  - {send: welcome, by: [email, sms]}
on_exit:
  - {send: goodbye, by: sms}
guard: {max_enter: 1000, max_leave: 100%}
""",
    "audiences/ordered.yml": """
audience: ordered
when: ref('ordered')
if: entry.amount > 0
send: thanks
by: email
""",
    "messages/welcome/email.mjml": """---
subject: "Welcome, {{ person.customer_id }}"
topic: offers
---
<mjml><mj-body><mj-section><mj-column>
<mj-text>You spent {{ entry.spend }}.</mj-text>
<mj-text><a href="{{ unsubscribe_url }}">No more mail</a></mj-text>
</mj-column></mj-section></mj-body></mjml>
""",
    "messages/welcome/sms.txt": "---\ntopic: offers\n---\nWelcome, {{ person.customer_id }}\n",
    "messages/goodbye/sms.txt": "---\ntopic: offers\n---\nGoodbye, {{ person.customer_id }}\n",
    "messages/thanks/email.mjml": """---
subject: "Order {{ entry.occurrence_id }}"
topic: transactional
---
<mjml><mj-body><mj-section><mj-column><mj-text>Thank you!</mj-text></mj-column></mj-section></mj-body></mjml>
""",
}


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


START = datetime(2024, 3, 1, 8, tzinfo=UTC)


@dataclass
class Shop:
    """A project in a folder. People buy, files arrive, runs happen; the sandbox keeps what was sent."""

    root: Path
    now: datetime = START
    environment: dict[str, str] = field(default_factory=dict)
    _files: int = 0
    _versions: int = 0

    def found(self) -> Shop:
        macro = Path(__file__).parents[2] / "macros" / "as_of.sql"
        for name, text in {**FILES, "macros/as_of.sql": macro.read_text()}.items():
            self.write(name, text)
        return self

    def copied(self, root: Path) -> Shop:
        shutil.copytree(self.root, root)
        return replace(self, root=root, environment={})

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.lstrip("\n"))
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.root / name
        text = path.read_text()
        assert old in text, f"{name} has no {old!r}"
        path.write_text(text.replace(old, new))

    def knows(self, *people: str, agrees: bool = True, **columns: str) -> None:
        self._versions += 1
        rows = [
            {
                "customer_id": person,
                "version": self._versions,
                "email": columns.get("email", f"{person}@example.com"),
                "phone": columns.get("phone", f"+1202555{sum(person.encode()) % 100 + 100:04}"),
                "agrees": agrees,
            }
            for person in people
        ]
        self._csv("customers", rows)

    def buys(self, *people: str, amount: int = 150, ago: timedelta = timedelta(hours=1)) -> None:
        at = (self.now - ago).isoformat()
        self._csv(
            "events",
            [
                {
                    "event_id": f"{person}-{self._files}",
                    "customer_id": person,
                    "name": "order",
                    "occurred_at": at,
                    "amount": amount,
                }
                for person in people
            ],
        )

    def _csv(self, kind: str, rows: list[dict[str, Any]]) -> Path:
        self._files += 1
        path = self.root / "data" / f"{kind}_{self._files:04}.csv"
        path.parent.mkdir(exist_ok=True)
        with path.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0])
            writer.writeheader()
            writer.writerows(rows)
        return path

    def run(self, *, later: timedelta = timedelta(hours=1), **options: Any) -> Report:
        self.now += later
        return replay.once(run.begin(self.root, as_of=self.now, **options))

    def command(self, *words: str, environment: dict[str, str] | None = None, timeout: float = 120) -> Any:
        """The command line in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "tidegate", *words, "--project", str(self.root)],
            env={**os.environ, **self.environment, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def says(self, *words: str) -> Said:
        """The command line in this process, as of the shop's clock where the command has one."""
        clock = ["--as-of", self.now.isoformat()] if words[0] in ("run", "plan") else []
        ended = CliRunner().invoke(tidegate, [*words, *clock, "--project", str(self.root)])
        assert "Traceback" not in ended.output
        return Said(ended.exit_code, ended.stdout, ended.stderr)

    def tells(self, *words: str, code: int) -> list[str]:
        """The problems that a command names on stderr, one a line, without the advice after them."""
        said = self.says(*words)
        assert said.code == code, said.out + said.err
        lines = said.err.splitlines()
        end = next((at for at, line in enumerate(lines) if re.fullmatch(r"[0-9,]+ problems?\.", line)), len(lines) - 1)
        return lines[:end]

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse" / "dev.duckdb"

    @property
    def home(self) -> Path:
        return self.root / "warehouse" / "dev.tidegate"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = duckdb.connect(str(self.warehouse))
        try:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    def outbox(self) -> dict[str, str]:
        return dict(self.rows("select message_key, state from tidegate.outbox order by 1"))

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of the state but those that say that a run happened."""
        tables = [
            name
            for (name,) in self.rows(
                "select table_name from information_schema.tables where table_schema = 'tidegate' "
                "and table_name not in ('runs', 'audience_runs', 'contract_results') order by 1"
            )
        ]
        connection = duckdb.connect(str(self.warehouse))
        try:
            return {name: sorted(connection.table(f"tidegate.{name}").fetchall(), key=str) for name in tables}
        finally:
            connection.close()

    def received(self) -> Counter[tuple[str, str]]:
        """(subject or text, address) of every message in the sandbox, with how often it came."""
        with self._sandbox() as connection:
            return Counter(
                (subject or preview, to)
                for subject, preview, to in connection.execute("select subject, preview, recipient from messages")
            )

    def calls(self) -> int:
        with self._sandbox() as connection:
            return int(connection.execute("select count(*) from calls").fetchone()[0])

    def on_ad_list(self) -> set[str]:
        """Hashes of addresses on the ad platform's list."""
        with self._sandbox() as connection:
            rows = connection.execute("select value from identifiers where kind like 'EMAIL%'").fetchall()
        return {value for (value,) in rows}

    def deletes_ad_lists(self) -> None:
        """As somebody does in the platform's own pages."""

        def delete(connection: sqlite3.Connection) -> None:
            shelf = Shelf(connection, "meta_custom_audiences")
            for one in list(shelf.lists()):
                shelf.drop_list(one)

        with closing(Store(self.home / "sandbox")) as store:
            store.write(delete).result()

    def exported(self) -> set[str]:
        """Addresses in the exported file."""
        (path,) = (self.home / "sandbox" / "files").rglob("vips.csv")
        with path.open(newline="") as stream:
            return {row["email"] for row in csv.DictReader(stream)}

    def misbehaves(self, **fault: Any) -> None:
        """The sandbox's servers from now on; see `tidegate.sandbox.faults.Fault`."""
        with closing(Store(self.home / "sandbox")) as store:
            set_fault(store, Fault(**fault))

    def behaves(self) -> None:
        with closing(Store(self.home / "sandbox")) as store:
            clear(store)

    def _sandbox(self) -> sqlite3.Connection:
        return sqlite3.connect(self.home / "sandbox" / "sandbox.sqlite")


def hashed(*addresses: str) -> set[str]:
    return {sha256(address.encode()).hexdigest() for address in addresses}


def emails(people: Iterable[str]) -> set[str]:
    return {f"{person}@example.com" for person in people}
