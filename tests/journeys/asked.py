"""People in the middle of a journey who are asked something: predicates without a tick around them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import duckdb
from sqlglot import exp

from tests.journeys.world import World
from tidegate import queries
from tidegate.decision.standing import Facts
from tidegate.journeys.predicates import first_true, moments, value
from tidegate.journeys.walk import Walk
from tidegate.spec.entry_columns import entry_columns
from tidegate.spec.journey_objects import BranchStep, Entry, Journey, Step, Way
from tidegate.spec.predicates import parse, qualify


@dataclass
class Asked:
    """A journey `welcome` that people enter by the trigger `leads`. Whoever walks has an instance, from 1."""

    world: World
    connection: duckdb.DuckDBPyConnection
    relations: dict[str, str] = field(default_factory=dict)
    asks: tuple[exp.Expr, ...] = ()
    rows: list[list[object]] = field(default_factory=list)

    def walks(
        self,
        person: str,
        entered: str = "08:00",
        since: str | None = None,
        at: str = "12:00",
        **entry: object,
    ) -> int:
        """Somebody on their way: everything counts that happened after `since` (by itself, after they entered)."""
        if person not in self.world.people:
            self.world.person(person)
        moment = self.world.moment
        times = [moment(entered), moment(since or entered), moment(at)]
        self.rows.append([len(self.rows) + 1, person, *times, json.dumps(entry)])
        return len(self.rows)

    def message(
        self,
        person: str,
        step: str,
        state: str = "accepted",
        at: str = "09:00",
        journey: str = "welcome",
        instance: int = 0,
    ) -> str:
        """A message that the step sent the walker."""
        instance = instance or next(int(str(row[0])) for row in self.rows if row[1] == person)
        key = f"{journey}:{person}:{instance}:{step}:1"
        self.connection.execute(
            "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, "
            "context, due_at, expires_at, priority, state, attempts, planned_run, planned_at, settled_at, instance) "
            "values ($key, $journey, $person, '1', $step, 1, $step, '[]', '{}', $at, $at, 0, $state, 1, '', $at, "
            "case when $state = 'accepted' then $at end, $instance)",
            {
                "key": key,
                "journey": journey,
                "person": person,
                "step": step,
                "at": self.world.moment(at),
                "state": state,
                "instance": instance,
            },
        )
        return key

    def reports(self, key: str, kind: str, at: str) -> None:
        moment = self.world.moment(at)
        self.connection.execute(
            "insert into tidegate.feedback (event_id, kind, happened_at, message_key, run_id, landed_at) "
            "values (uuid(), ?, ?, ?, '', ?)",
            [kind, moment, key, moment],
        )

    def answers(self, key: str, body: object, at: str) -> None:
        self.connection.execute(
            "insert into tidegate.answers values (?, ?, ?)", [key, self.world.moment(at), json.dumps(body)]
        )

    def wears(
        self, person: str, name: str, said: object, *, kind: str = "tag", at: str = "09:00", journey: str = "welcome"
    ) -> None:
        """A journey set a tag (None: took it off) or a trait in the run at that time."""
        written = json.dumps(said) if said is not None else None
        self.connection.execute(
            "insert into tidegate.traits values (?, ?, ?, ?, ?, ?, 'set', 1, 'earlier')",
            [person, name, kind, written, self.world.moment(at), journey],
        )

    def wears_now(self, person: str, name: str, said: object, *, kind: str = "tag", position: int = 0) -> None:
        """The same in this very pass."""
        written = json.dumps(said) if said is not None else None
        self.connection.execute(
            "insert into new_traits (instance, person, step, name, kind, value, set_at, position) "
            "values (1, ?, 'set', ?, ?, ?, ?, ?)",
            [person, name, kind, written, self.world.now, position],
        )

    def emits(
        self, person: str, name: str, at: str, *, run: str = "09:00", journey: str = "welcome", **properties: object
    ) -> None:
        """A journey emitted an event in the run at that time."""
        self.connection.execute(
            "insert into tidegate.emitted (event_id, person, name, occurred_at, properties, journey, step, "
            "emitted_at, run_id) values (uuid(), ?, ?, ?, ?, ?, 'emit', ?, 'earlier')",
            [person, name, self.world.moment(at), json.dumps(properties), journey, self.world.moment(run)],
        )

    def emits_now(self, person: str, name: str, at: str, **properties: object) -> None:
        self.connection.execute(
            "insert into new_events values (uuid(), ?, 'emit', ?, ?, ?)",
            [person, name, self.world.moment(at), json.dumps(properties)],
        )

    def suppressed(self, channel: str, address: str, reason: str = "opted_out") -> None:
        self.connection.execute(
            "insert into tidegate.address_key select 'key' where not exists (from tidegate.address_key)"
        )
        self.connection.execute(
            "insert into tidegate.suppressions (channel, address_hash, reason, happened_at, run_id) "
            "values ($channel, tidegate.address_hash($channel, $address), $reason, now(), '')",
            {"channel": channel, "address": address, "reason": reason},
        )

    # --- questions --------------------------------------------------------------------------------------------

    def holds(self, *predicates: str) -> dict[str, int]:
        """For whom a predicate holds, with the first that does."""
        people = {row[0]: str(row[1]) for row in self.rows}
        return {people[instance]: int(str(way)) for instance, way in self.ways(*predicates).items()}

    def instances(self, predicate: str) -> set[object]:
        return {*self.ways(predicate)}

    def ways(self, *predicates: str) -> dict[object, object]:
        """The first that holds, by instance."""
        found = self._fetch(first_true, [self.tree(one) for one in predicates])
        assert len({row[0] for row in found}) == len(found), "an instance comes once"
        return dict(found)  # type: ignore[arg-type]

    def heard(self, *predicates: str) -> dict[object, tuple[object, object]]:
        """What came true first and when, by instance."""
        found = self._fetch(moments, [self.tree(one) for one in predicates])
        assert len({row[0] for row in found}) == len(found), "an instance comes once"
        return {instance: (way, moment) for instance, way, moment in found}

    def people(self, predicate: str) -> set[str]:
        return {*self.holds(predicate)}

    def when(self, *predicates: str) -> dict[str, tuple[int, str]]:
        """Which came true first, and when."""
        people = {row[0]: str(row[1]) for row in self.rows}
        found = self.heard(*predicates).items()
        return {people[instance]: (int(str(way)), f"{moment:%H:%M}") for instance, (way, moment) in found}

    def values(self, expression: str) -> dict[str, object]:
        with self._here() as walk:
            rows = self.connection.execute(value(walk, self.tree(expression)).sql(queries.DIALECT)).fetchall()
        people = {row[0]: str(row[1]) for row in self.rows}
        return {people[instance]: said for instance, said in rows}

    def tree(self, written: str) -> exp.Expr:
        facts, journey = self.world.facts(), self._journey()
        scopes = {
            "entry": entry_columns(journey, facts.project, facts.models),
            "person": facts.people.columns,
            "event": facts.models["events"].columns,
        }
        return qualify(parse(written, "journeys/welcome.yml", 1, "if"), scopes)

    def _fetch(self, ask: object, trees: list[exp.Expr]) -> list[tuple[object, ...]]:
        self.asks = tuple(trees)
        with self._here() as walk:
            return self.connection.execute(ask(walk, trees).sql(queries.DIALECT)).fetchall()  # type: ignore[operator]

    @contextmanager
    def _here(self) -> Iterator[Walk]:
        self.world.build(self.connection)
        for name, definition in self.relations.items():
            self.connection.execute(f'create or replace view main."{name}" as {definition}')
        self.connection.execute("delete from here")
        if self.rows:
            self.connection.executemany("insert into here values (?, ?, ?, ?, ?, ?)", self.rows)
        yield Walk(self.connection, self._facts(), self._journey(), 1)

    def _facts(self) -> Facts:
        facts = self.world.facts()
        models = {
            name: replace(model, relation=f'"main"."{name}_view"') if f"{name}_view" in self.relations else model
            for name, model in facts.models.items()
        }
        self.world.runs += 1
        return replace(
            facts,
            models=models,
            run_id=f"run-{self.world.runs}",
            project=replace(facts.project, journeys={"welcome": self._journey()}),
        )

    def _journey(self) -> Journey:
        # What is asked is somewhere in the journey: so the events are known that matter to it.
        ways = tuple(Way(f"way_{number}", None, tree) for number, tree in enumerate(self.asks))
        step: Step = BranchStep(id="branch", path="steps[0]", line=1, ways=ways)
        entry = Entry(kind="occur", model="leads")
        return Journey(name="welcome", file="journeys/welcome.yml", entry=entry, steps=(step,))


@contextmanager
def asked(world: World) -> Iterator[Asked]:
    world.trigger("leads", sku="VARCHAR", amount="DOUBLE", seen_at="TIMESTAMP WITH TIME ZONE", tags="VARCHAR[]")
    world.now = world.moment("12:00")
    with world.warehouse.session() as connection:
        for statement in queries.statements("journeys/working_tables"):
            connection.execute(statement)
        yield Asked(world, connection)
