"""A shop with all recipes added, and a month and a half of it: what its customers really bought, a few things besides
that the data does not have, and a run every few days.

Told once for all tests; they only read.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import shutil
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
from ruamel.yaml import YAML

from tests.recipes import happenings
from tidegate import recipes, replay, starter
from tidegate import run as stages
from tidegate.build import clock, invocation
from tidegate.journeys import approving
from tidegate.results import Report
from tidegate.workspace import Workspace

#: Noon in London on days of 2011. The first takes the baseline; then three days in a row; then every few days.
TICKS = tuple(datetime(2011, 11, day, 12, tzinfo=UTC) for day in (1, 2, 3, 4, 8, 12, 15, 20, 26))

#: The same weeks with fewer runs, and on to what happens in December, for the recipes that take that long.
LATE_TICKS = (
    *(datetime(2011, 11, day, 12, tzinfo=UTC) for day in (1, 8, 15, 30)),
    datetime(2011, 12, 4, 12, tzinfo=UTC),
)
#: Around a Saturday, to count down to: its week, its eve, the day itself and the day after.
SATURDAY_TICKS = tuple(datetime(2011, 11, day, 12, tzinfo=UTC) for day in (1, 3, 5, 11, 12, 13))

LATE_RECIPES = ("back_in_stock", "price_drop", "reactivation")

#: Whole customers, one in five of the shop's: enough for every turn of every journey to be taken.
ONE_IN = 5

_EVENT = {
    "event_id": pl.String,
    "customer_id": pl.Int32,
    "name": pl.String,
    "occurred_at": pl.Datetime("us", "UTC"),
    "properties": pl.String,
}


def raw_lines() -> pl.DataFrame:
    """The invoice lines of the story's customers, as they are in the file."""
    lines = pl.read_parquet(starter.folder() / "data" / "online_retail" / "invoice_lines.parquet")
    return lines.filter(pl.col("CustomerID") % ONE_IN == 0)


@dataclass
class Story:
    """`clock` is the run's that comes next, or came last; `names` those of the recipes, where it is not all of them."""

    root: Path
    clock: datetime = TICKS[0]
    ticks: tuple[datetime, ...] = TICKS
    names: tuple[str, ...] | None = None
    _happened: list[dict[str, Any]] = field(default_factory=list)
    _said: list[dict[str, Any]] = field(default_factory=list)
    _files: int = 0
    _workspace: Workspace | None = None  # while it is told

    # telling

    def tell(self) -> list[Report]:
        """From the first run to the last."""
        self._settle_in()
        modules = [
            importlib.import_module(f"{happenings.__name__}.{found.name}")
            for found in pkgutil.iter_modules(happenings.__path__)
            if self.names is None or found.name in self.names
        ]
        reports = []
        with Workspace(self.root, "dev") as self._workspace:
            for tick in self.ticks:
                self.clock = tick
                for module in modules:
                    module.before(self, tick)
                self._write_down()
                reports.append(replay.once(stages.begin_in(self._workspace, as_of=tick, kind="replay")))
        self._workspace = None
        self._test_models()
        return reports

    def just_now(self, moment: datetime) -> bool:
        """Whether it happened since the run before this one; of the first run, in the month before."""
        before = [tick for tick in self.ticks if tick < self.clock]
        return (before[-1] if before else self.clock - timedelta(days=31)) < moment <= self.clock

    def did(self, name: str, customer_id: int, at: datetime, **properties: Any) -> None:
        """Somebody did something that the shop's data does not have."""
        row = {"name": name, "customer_id": customer_id, "occurred_at": at, "properties": json.dumps(properties)}
        self._happened.append({"event_id": f"{name}:{customer_id}:{at.isoformat()}:{len(self._happened)}", **row})

    def consents(
        self, customer_id: int, at: datetime, *, channel: str = "email", topic: str | None = None, given: bool = True
    ) -> None:
        """Somebody said yes, or no, to being told something."""
        said = {"person": str(customer_id), "channel": channel, "given": given, "happened_at": at.isoformat()}
        number = f"{customer_id}:{channel}:{topic}:{at.isoformat()}"
        self._said.append({"consent_id": number, "source": "the test", **said, **({"topic": topic} if topic else {})})

    def approves(self, journey: str, step: str, people: Iterable[int]) -> None:
        """Somebody says yes to these, who stand at the step."""
        assert self._workspace is not None
        approving.approve(
            self._workspace.warehouse,
            self._workspace.project,
            journey,
            step,
            people=[str(one) for one in people],
            decision="approve",
            why="the test",
            who="the test",
        )

    def _test_models(self) -> None:
        """What the recipes' yml files say of their models: dbt's tests on the data of the last run, and unit tests."""
        call = invocation.Invocation(self.root, "dev", self.home / "dbt" / "run")
        manifest = invocation.parse(call)
        os.environ[clock.VARIABLE] = clock.literal(self.clock)
        try:
            answer = invocation._invoke(["test", *call.arguments()], manifest)
        finally:
            del os.environ[clock.VARIABLE]
        assert answer.exception is None
        said = {result.node.unique_id: f"{result.status} {result.message or ''}".strip() for result in answer.result}
        (self.root / "models_tested.json").write_text(json.dumps(said))

    def _settle_in(self) -> None:
        """The shop as it ships without what it does by itself, and with every recipe."""
        source = starter.folder()
        for name in ("macros", "models"):
            shutil.copytree(source / name, self.root / name)
        for name in ("dbt_project.yml", "profiles.yml", "tidegate.yml"):
            shutil.copy(source / name, self.root)
        library = [one for one in recipes.library().values() if self.names is None or one.name in self.names]
        needed = {model for recipe in library for model in recipe.needs.get("models", {})}
        for folder in ("segments", "triggers", "reports"):
            for file in (self.root / "models" / folder).iterdir():
                if file.stem not in needed and file.name != "tidegate.yml":
                    file.unlink()
        for file in (self.root / "models").glob("*.yml"):
            file.unlink()  # contracts of the shop's own models take as long as everything else in a run
        for recipe in library:
            recipes.add(recipe, self.root, "customer_id")

        (self.root / "data").mkdir()
        raw_lines().write_parquet(self.root / "data" / "invoice_lines.parquet")
        self.did("looked_around", 12350, datetime(2011, 10, 31, tzinfo=UTC))
        self._configure()
        self._widen_events()
        self._be_patient()

    def _configure(self) -> None:
        yaml = YAML()
        file = self.root / "tidegate.yml"
        settings = yaml.load(file.read_text(encoding="utf-8"))
        settings["land"] = [
            {"files": "data/invoice_lines.parquet", "into": "raw.invoice_lines"},
            {"files": "data/more_events_*.parquet", "into": "raw.more_events", "unique": ["event_id"]},
        ]
        # Who did not say yes has said nothing yet: that is whom a double opt-in is for.
        settings["consent"]["email"] = "nullif(email_consent, false)"
        if (self.root / "models" / "reactivation_people.sql").exists():
            # As that recipe says: whoever answered nothing is left in peace.
            settings["people"] = "ref('reactivation_people')"
            settings["consent"]["email"] = "case when is_sunset then false else nullif(email_consent, false) end"
            for channel in ("sms", "push"):
                settings["consent"][channel] += " and not is_sunset"
        settings["targets"]["dev"]["behave"] = {
            "opens": "55%",
            "clicks": "25%",
            "replies": "8%",
            "unsubscribes": "1%",
            "bounces": "1%",
            "seed": 7,
        }
        with file.open("w", encoding="utf-8") as stream:
            yaml.dump(settings, stream)

    def _widen_events(self) -> None:
        """As a user does whose site tells more than orders."""
        file = self.root / "models" / "events.sql"
        sql = file.read_text(encoding="utf-8").rstrip()
        assert sql.endswith("from everything")
        more = (
            "union all by name\n"
            "select event_id, customer_id, name, occurred_at, properties::json as properties\n"
            "from raw.more_events\n"
            "where occurred_at <= {{ as_of() }}\n"
        )
        file.write_text(f"{sql}\n{more}", encoding="utf-8")

    def _be_patient(self) -> None:
        """With days between the runs, what is due in between must not expire before the next."""
        for file in (self.root / "journeys").iterdir():
            journey = file.read_text(encoding="utf-8")
            if "expires_after:" not in journey:
                file.write_text(f"{journey}\nexpires_after: 10 days\n", encoding="utf-8")

    def _write_down(self) -> None:
        if self._happened:
            self._files += 1
            rows = pl.DataFrame(self._happened, schema=_EVENT)
            rows.write_parquet(self.root / "data" / f"more_events_{self._files:03}.parquet")
            self._happened = []
        if self._said:
            folder = self.home / "consents"
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / "said.jsonl").open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(said) + "\n" for said in self._said)
            self._said = []

    # reading

    def tested(self) -> dict[str, str]:
        """How each of dbt's tests of the recipes' models ended."""
        said: dict[str, str] = json.loads((self.root / "models_tested.json").read_text())
        return said

    @property
    def warehouse(self) -> Path:
        return self.root / ".tidegate" / "dev" / "warehouse.duckdb"

    @property
    def home(self) -> Path:
        return self.warehouse.with_suffix(".tidegate")

    def read(self, sql: str, **parameters: Any) -> pl.DataFrame:
        """Models are `shop.NAME`, as of the last run; the state is `tidegate.NAME`."""
        with duckdb.connect(str(self.warehouse), read_only=self._workspace is None) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.sql(sql, params=parameters).pl()

    def walks(self, journey: str) -> pl.DataFrame:
        """Everybody who ever entered: `customer_id` beside the columns of `tidegate.instances`."""
        return self.read(
            "select person::integer as customer_id, * from tidegate.instances where journey = $journey "
            "order by entered_at, person",
            journey=journey,
        )

    def messages(self, journey: str, message: str | None = None) -> pl.DataFrame:
        """What a journey planned: `customer_id`, `claimed_at` and `kinds` (what became of it: delivered, opened, ...)
        beside the columns of `tidegate.outbox`."""
        return self.read(
            """
            with kinds as (
                select message_key, list(distinct kind order by kind) as kinds
                from tidegate.feedback group by message_key
            )
            select outbox.person::integer as customer_id, coalesce(kinds.kinds, []) as kinds, outbox.*
            from tidegate.outbox
            left join kinds using (message_key)
            where source = $journey and ($message is null or message = $message)
            order by due_at, person
            """,
            journey=journey,
            message=message,
        )

    def sent(self, journey: str, message: str | None = None) -> pl.DataFrame:
        """Those of them that went out."""
        return self.messages(journey, message).filter(pl.col("state").is_in(["accepted", "unknown"]))

    def reached(self, journey: str, step: str) -> set[int]:
        """Who came to a step."""
        rows = self.read(
            "select distinct person::integer as customer_id from tidegate.steps "
            "where journey = $journey and step = $step",
            journey=journey,
            step=step,
        )
        return set(rows["customer_id"])

    def refused(self, journey: str) -> pl.DataFrame:
        """Occasions on which nobody entered, with their `disposition`."""
        return self.read(
            "select person::integer as customer_id, * from tidegate.occurrences "
            "where audience = $journey and disposition <> 'acted'",
            journey=journey,
        )

    def inbox(self) -> pl.DataFrame:
        """What the sandbox received: channel, recipient, subject, preview."""
        with sqlite3.connect(self.home / "sandbox" / "sandbox.sqlite") as connection:
            return pl.read_database("select * from messages", connection)
