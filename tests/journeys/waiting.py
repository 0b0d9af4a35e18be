"""People who begin to wait at a moment, wherever they live: what tests of waits stand on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from tests.journeys.world import World
from tidegate import queries
from tidegate.journeys.waits import deadlines
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import ApproveStep, Entry, Goal, Journey, Until, WaitStep, WebhookStep


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def until(value: Until) -> WaitStep:
    return WaitStep(id="wait", path="steps[0]", line=1, until=value)


@dataclass
class Waiting:
    """Asks when waits end; the people are the world's. Everything is answered in UTC."""

    world: World
    connection: duckdb.DuckDBPyConnection

    def end(self, zone: str | None, began: str, value: Until, **person: object) -> datetime:
        return self.end_and_past(zone, began, value, **person)[0]

    def end_and_past(self, zone: str | None, began: str, value: Until, **person: object) -> tuple[datetime, bool]:
        """For somebody of a time zone, without a telephone unless one is given."""
        self.world.people.clear()
        self.world.person("ada", **{"time_zone": zone, "phone": None, **person})
        return self.ends({"ada": utc(began)}, until(value))["ada"]

    def ends(
        self,
        began: dict[str, datetime],
        step: WaitStep | WebhookStep | ApproveStep,
        goal: Goal | None = None,
        context: str = "{}",
    ) -> dict[str, tuple[datetime, bool]]:
        """For several people, by the moment at which each begins to wait."""
        self.world.build(self.connection)
        for name in ("decide/working_tables", "journeys/working_tables"):
            for statement in queries.statements(name):
                self.connection.execute(statement)
        rows = [[number, name, at, at, at, context] for number, (name, at) in enumerate(began.items())]
        self.connection.executemany("insert into here values (?, ?, ?, ?, ?, ?)", rows)
        journey = Journey(name="x", file="journeys/x.yml", entry=Entry("enter"), steps=(step,), goal=goal)
        self.world.runs += 1
        found = deadlines(Walk(self.connection, self.world.facts(), journey, 1), step)
        ended = self.connection.execute(found.sql("duckdb")).fetchall()
        names = list(began)
        assert sorted(instance for instance, _, _ in ended) == list(range(len(names)))
        return {names[instance]: (deadline.astimezone(UTC), past) for instance, deadline, past in ended}
