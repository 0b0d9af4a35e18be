"""A small shop whose people walk through journeys: real tables in a real warehouse, without dbt.

It is Monday, 2 March 2026, ten o'clock in UTC when it opens. `run` decides on everything as of a moment, and whatever
is ready to go is taken by its destination at once.
"""

from __future__ import annotations

import atexit
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path

import duckdb
from ruamel.yaml import YAML

from tests.journeys import tables
from tidegate import queries, registry, suppression
from tidegate.connector import Connector
from tidegate.decision.decide import Definition, Facts, decide
from tidegate.errors import SpecError
from tidegate.results import Decision, JourneyDecision
from tidegate.spec.binding import Binder
from tidegate.spec.journey_objects import Journey
from tidegate.spec.objects import Audience, Content, DestinationSpec, MessageSpec, ModelColumns, Project
from tidegate.suppression import Suppression, suppress
from tidegate.warehouse import Warehouse, transaction

START = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DESTINATIONS = {
    "email": "smtp",
    "sms": "twilio",
    "push": "fcm",
    "meta_ads": "meta_custom_audiences",
    "hubspot": "hubspot",
    "customer_care": "webhook",
}
PERSON = {
    "customer_id": "VARCHAR",
    "email": "VARCHAR",
    "phone": "VARCHAR",
    "push_token": "VARCHAR",
    "time_zone": "VARCHAR",
    "language": "VARCHAR",
}
EVENT = {
    "event_id": "VARCHAR",
    "customer_id": "VARCHAR",
    "name": "VARCHAR",
    "occurred_at": "TIMESTAMP WITH TIME ZONE",
    "properties": "JSON",
}
TRIGGER = {"occurrence_id": "VARCHAR", "customer_id": "VARCHAR", "occurred_at": "TIMESTAMP WITH TIME ZONE"}


@dataclass
class World:
    """What people are and did. A moment is a datetime, `"2026-03-05 09:00"`, `"thu 09:00"` (the next such) or
    `"09:00"` (today, by the world's clock)."""

    root: Path
    warehouse: Warehouse
    journeys: dict[str, Journey] = field(default_factory=dict)
    audiences: dict[str, Audience] = field(default_factory=dict)
    people: dict[str, dict[str, object]] = field(default_factory=dict)
    segments: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    triggers: dict[str, list[dict[str, object]]] = field(default_factory=dict)
    columns: dict[str, dict[str, str]] = field(default_factory=dict)
    events: list[dict[str, object]] = field(default_factory=list)
    messages: dict[str, MessageSpec] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    unfit: dict[str, tuple[str, str]] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    now: datetime = START
    runs: int = 0
    decision: Decision = field(default_factory=Decision)
    _fitted: tuple[object, dict[str, Journey]] = (None, {})

    # --- people, and what they do -----------------------------------------------------------------------------

    def person(self, *names: str, **values: object) -> None:
        """Somebody who can be reached by everything; `values` are columns of the people model."""
        for name in names:
            known: dict[str, object] = {
                "customer_id": name,
                "email": f"{name}@example.com",
                "phone": "+442079460000",
                "push_token": f"token-of-{name}",
            }
            self.people[name] = {**known, **self.people.get(name, {}), **values}

    def segment(self, segment: str, **columns: str) -> None:
        """A segment that may be empty; `columns` are names and SQL types."""
        self.segments.setdefault(segment, {})
        self.columns.setdefault(segment, {"customer_id": "VARCHAR"}).update(columns)

    def joins(self, segment: str, *names: str, **values: object) -> None:
        self.segment(segment)
        for name in names:
            self._known(name)
            self.segments[segment][name] = {**self.segments[segment].get(name, {}), "customer_id": name, **values}

    def leaves(self, segment: str, *names: str) -> None:
        for name in names:
            del self.segments[segment][name]

    def trigger(self, trigger: str, **columns: str) -> None:
        """A trigger that may have no occurrences yet."""
        self.triggers.setdefault(trigger, [])
        self.columns.setdefault(trigger, dict(TRIGGER)).update(columns)

    def occurs(self, trigger: str, person: str, at: datetime | str | None = None, **values: object) -> str:
        """An occurrence of a trigger, now or at a moment; returns its id."""
        self.trigger(trigger)
        self._known(person)
        name = str(values.pop("occurrence_id", f"{trigger}-{len(self.triggers[trigger]) + 1}"))
        row = {"occurrence_id": name, "customer_id": person, "occurred_at": self.moment(at), **values}
        self.triggers[trigger].append(row)
        return name

    def does(self, person: str, event: str, at: datetime | str | None = None, **properties: object) -> None:
        """An event, now or at a moment."""
        self._known(person)
        self.events.append(
            {
                "event_id": f"event-{len(self.events) + 1}",
                "customer_id": person,
                "name": event,
                "occurred_at": self.moment(at),
                "properties": json.dumps(properties),
            }
        )

    def reacts(self, person: str, what: str, message: str, at: datetime | str | None = None, **values: object) -> None:
        """Somebody `opened`, `clicked`, ... the newest message of that name."""
        moment = self.moment(at)
        row = {"url": None, "permanent": None, **values}
        with self.warehouse.session() as connection:
            found = connection.execute(
                "select message_key, destination, channel from tidegate.outbox "
                "where person = ? and message = ? order by planned_at desc, due_at desc limit 1",
                [person, message],
            ).fetchone()
            assert found is not None, f"{person} was never sent {message}"
            connection.execute(
                "insert into tidegate.feedback (event_id, kind, happened_at, message_key, destination, channel, "
                "person, url, permanent, run_id, landed_at) values (uuid(), ?, ?, ?, ?, ?, ?, ?, ?, '', ?)",
                [what, moment, *found, person, row["url"], row["permanent"], moment],
            )

    def opens(self, person: str, message: str, at: datetime | str | None = None) -> None:
        self.reacts(person, "opened", message, at)

    def clicks(self, person: str, message: str, at: datetime | str | None = None, url: str | None = None) -> None:
        self.reacts(person, "clicked", message, at, url=url)

    def consents(
        self, person: str, channel: str, given: bool, *, topic: str | None = None, at: datetime | str | None = None
    ) -> None:
        self._known(person)
        moment = self.moment(at)
        with self.warehouse.session() as connection:
            connection.execute(
                "insert into tidegate.consents (consent_id, person, channel, topic, given, happened_at, run_id, "
                "landed_at) values (uuid(), ?, ?, ?, ?, ?, '', ?)",
                [person, channel, topic, given, moment, moment],
            )

    def answers(self, person: str, step: str, body: object) -> None:
        """A webhook answered the message that the step sent."""
        with self.warehouse.session() as connection:
            connection.execute(
                "insert into tidegate.answers select message_key, ?, ? from tidegate.outbox "
                "where person = ? and step = ?",
                [self.now, json.dumps(body), person, step],
            )

    def decides(self, step: str, decision: str, person: str) -> None:
        """A person said yes or no of somebody who stands at a step."""
        with self.warehouse.session() as connection:
            connection.execute(
                "insert into tidegate.step_approvals select journey, step, instance, person, ?, null, 'somebody', ?, "
                "now() from tidegate.instances where step = ? and person = ?",
                [decision, self.now, step, person],
            )

    def erase(self, person: str) -> None:
        """They asked to be forgotten."""
        self._known(person)
        with self.warehouse.session() as connection:
            suppress(connection, [Suppression(suppression.PERSON, person, "erased", self.now)])

    # --- the files --------------------------------------------------------------------------------------------

    def journey(self, written: str | Journey) -> Journey:
        """A journey, or a new version of one, as YAML. Its messages are there, for every channel."""
        if isinstance(written, Journey):
            self.journeys[written.name] = written
            return written
        for name in _sent(YAML(typ="safe").load(written)):
            self.message(name)
        (self.root / "models").mkdir(exist_ok=True)
        for model in (*self.segments, *self.triggers, "people", "events"):
            (self.root / "models" / f"{model}.sql").touch()
        from tidegate.spec.journeys import reread

        journey = reread(written, self.project)
        self.journeys[journey.name] = journey
        return journey

    def message(self, name: str, topic: str = "offers") -> None:
        """A message with content for every channel; by itself it is written when a journey sends it."""
        if name in self.messages and topic == "offers":
            return
        contents = {}
        for channel, ending in (("email", "html"), ("sms", "txt"), ("push", "txt"), ("webhook", "json")):
            file = f"messages/{name}/{channel}.{ending}"
            front = {"subject": "Hello", "topic": topic} if channel == "email" else {"topic": topic}
            body = '{"hello": "there"}' if channel == "webhook" else "Hello."
            contents[channel, None] = Content(file, channel, None, ending, front, body, 1)
        self.messages[name] = MessageSpec(name, topic, contents)

    @property
    def project(self) -> Project:
        project = Project(
            root=self.root,
            name="shop",
            key="customer_id",
            people="people",
            time_zone="Europe/London",
            target="dev",
            sandbox=False,
            clock=None,
            consent={},
            landings=(),
            destinations={name: DestinationSpec(name, connector, {}) for name, connector in DESTINATIONS.items()},
            audiences=self.audiences,
            messages=self.messages,
            journeys=self.journeys,
            unsubscribe_url="https://shop.example/unsubscribe",
        )
        return replace(project, **self.settings)  # type: ignore[arg-type]

    @cached_property
    def connectors(self) -> dict[str, type[Connector]]:
        return {name: registry.load(connector, self.root) for name, connector in DESTINATIONS.items()}

    def models(self) -> dict[str, ModelColumns]:
        found = {
            "people": tables.kinds(PERSON, self.people.values()),
            "events": EVENT,
            **{name: tables.kinds(self.columns[name], rows.values()) for name, rows in self.segments.items()},
            **{name: tables.kinds(self.columns[name], rows) for name, rows in self.triggers.items()},
        }
        return {name: ModelColumns(name, f'"warehouse"."main"."{name}"', columns) for name, columns in found.items()}

    def facts(self) -> Facts:
        project, models = self.project, self.models()
        return Facts(
            project=replace(project, journeys=self._fit(project, models)),
            models=models,
            definitions={name: Definition("select 1", self.definitions.get(name, "v1")) for name in models},
            connectors=self.connectors,
            unfit=self.unfit,  # type: ignore[arg-type]
            run_id=f"run-{self.runs:04}",
            as_of=self.now,
        )

    def _fit(self, project: Project, models: Mapping[str, ModelColumns]) -> dict[str, Journey]:
        """Qualified anew only where something of it is another than in the last run; a list's file may be."""
        files = (self.journeys, self.audiences, self.messages, self.settings)
        against = (models, *(dict(one) for one in files))
        if self._fitted[0] != against or any(one.entry.kind == "list" for one in self.journeys.values()):
            self._fitted = (against, _qualified(project, models))
        return self._fitted[1]

    # --- runs -------------------------------------------------------------------------------------------------

    def run(self, at: datetime | str | None = None, *, after: timedelta | None = None) -> Decision:
        """Decide as of a moment (by itself: at once, without any time having passed), and send what is ready."""
        return self._decide(at, after, keep=True)

    def plan(self, at: datetime | str | None = None, *, after: timedelta | None = None) -> Decision:
        """The same, rolled back; the clock does not move either."""
        now = self.now
        try:
            return self._decide(at, after, keep=False)
        finally:
            self.now = now

    def _decide(self, at: datetime | str | None, after: timedelta | None, *, keep: bool) -> Decision:
        self.now = self.now + after if after is not None else self.moment(at)
        self.runs += 1
        facts = self.facts()
        with self.warehouse.session() as connection:
            self.build(connection)
            begun = {"run_id": facts.run_id, "kind": "run", "target": "dev", "as_of": facts.as_of, "version": "0"}
            connection.execute(queries.text("runs/start"), {**begun, "started_at": facts.as_of})
            if keep:
                with transaction(connection):
                    self.decision = decide(connection, facts)
                self._deliver(connection)
                return self.decision
            connection.execute("begin transaction")
            try:
                return decide(connection, facts)
            finally:
                connection.execute("rollback")

    def build(self, connection: duckdb.DuckDBPyConnection) -> None:
        models = self.models()
        rows: Mapping[str, list[dict[str, object]]] = {
            "people": [*self.people.values()],
            "events": self.events,
            **{name: [*members.values()] for name, members in self.segments.items()},
            **self.triggers,
        }
        for name, model in models.items():
            tables.write(connection, name, model.columns, rows[name])

    def _deliver(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(
            "update tidegate.outbox set state = 'accepted', settled_at = $now, settled_run = $run "
            "where state = 'ready'",
            {"now": self.now, "run": f"run-{self.runs:04}"},
        )
        connection.execute(
            "delete from tidegate.delivered using tidegate.owed as o where delivered.destination = o.destination "
            "and delivered.person = o.person and delivered.list = o.list and o.state = 'due'"
        )
        connection.execute(
            "insert into tidegate.delivered select destination, list, person, identity, identifiers, traits, "
            "fingerprint, now(), run_id from tidegate.owed where state = 'due' and operation in ('add', 'update')"
        )
        connection.execute("delete from tidegate.owed where state = 'due'")

    # --- what came of it --------------------------------------------------------------------------------------

    def sent(self, person: str | None = None) -> list[object]:
        """The messages that somebody got, in order; without a name, (person, message) of everybody."""
        found = self.rows(
            "select person, message from tidegate.outbox where state = 'accepted' "
            "order by settled_at, due_at, message_key"
        )
        return [message for who, message in found if who == person] if person is not None else [*found]

    def messages_in(self, state: str) -> dict[tuple[object, object], object]:
        """(person, message) of messages in a state of the outbox, with the reason."""
        found = self.rows("select person, message, reason from tidegate.outbox where state = $state", state=state)
        return {(person, message): reason for person, message, reason in found}

    def stands(self, person: str, journey: str | None = None) -> object:
        """The step at which somebody stands; None is nowhere. Nobody stands at two in the same journey."""
        steps = [step for step, status, _ in self._walks(person, journey) if status == "active"]
        assert len(steps) <= 1, f"{person} stands at {steps}"
        return steps[0] if steps else None

    def ended(self, person: str, journey: str | None = None) -> object:
        """Why somebody's last walk ended; None where it has not."""
        walks = self._walks(person, journey)
        return walks[-1][2] if walks else None

    def walks(self, person: str, journey: str | None = None) -> int:
        """How often somebody has entered."""
        return len(self._walks(person, journey))

    def path(self, person: str, journey: str | None = None) -> list[tuple[object, object]]:
        """(step, turn) of every step that somebody reached, in order."""
        return [
            (step, turn)
            for step, turn in self.rows(
                "select step, turn from tidegate.steps where person = $person "
                "and journey = coalesce($journey, journey) order by instance, number",
                person=person,
                journey=journey,
            )
        ]

    def refused(self, journey: str | None = None) -> dict[str, set[object]]:
        """Who was refused, by the reason."""
        found: dict[str, set[object]] = {}
        rows = self.rows(
            "select disposition, person from tidegate.occurrences where disposition <> 'acted' "
            "and audience = coalesce($journey, audience)",
            journey=journey,
        )
        for reason, person in rows:
            found.setdefault(str(reason), set()).add(person)
        return found

    def of(self, journey: str, decision: Decision | None = None) -> JourneyDecision:
        """What the last run made of a journey, or another decision did."""
        made = decision or self.decision
        return next(one for one in made.journeys if one.journey == journey)

    def state(self) -> Counter[tuple[object, ...]]:
        """Everything that journeys keep, but for which run wrote it: to compare."""
        everything: Counter[tuple[object, ...]] = Counter()
        with self.warehouse.session() as connection:
            for table in ("instances", "steps", "outbox", "traits", "emitted", "list_members", "assignments"):
                found = connection.table(f"tidegate.{table}")
                compared = [at for at, name in enumerate(found.columns) if not name.endswith(("_run", "run_id"))]
                everything.update((table, *(row[at] for at in compared)) for row in found.fetchall())
        return everything

    def rows(self, sql: str, **parameters: object) -> list[tuple[object, ...]]:
        with self.warehouse.session() as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def moment(self, written: datetime | str | None) -> datetime:
        if written is None:
            return self.now
        if isinstance(written, datetime):
            return written
        day, _, clock = written.rpartition(" ")
        hour, minute, *second = (int(part) for part in clock.split(":"))
        date = self.now
        if re.fullmatch(r"\d{4}-\d\d-\d\d", day):
            date = datetime.fromisoformat(day).replace(tzinfo=UTC)
        moment = date.replace(hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0)
        if day in DAYS:
            moment += timedelta(days=(DAYS.index(day) - moment.weekday()) % 7)
            moment += timedelta(days=7) if moment < self.now else timedelta()
        return moment

    def _walks(self, person: str, journey: str | None) -> list[tuple[object, ...]]:
        return self.rows(
            "select step, status, exit_reason from tidegate.instances where person = $person "
            "and journey = coalesce($journey, journey) order by entered_at, instance",
            person=person,
            journey=journey,
        )

    def _known(self, name: str) -> None:
        if name not in self.people:
            self.person(name)


def _sent(written: object) -> set[str]:
    """The messages that a journey's YAML sends, wherever."""
    if isinstance(written, list):
        return {name for one in written for name in _sent(one)}
    if not isinstance(written, dict):
        return set()
    named = {str(written[key]) for key in ("send", "webhook") if isinstance(written.get(key), str)}
    return named | {name for one in written.values() for name in _sent(one)}


def _qualified(project: Project, models: Mapping[str, ModelColumns]) -> dict[str, Journey]:
    """Held against the columns, as a run does it; what is wrong is raised."""
    if not project.journeys:
        return {}
    from tidegate.spec.journey_columns import qualify

    found: dict[str, Journey] = {}
    for name, journey in project.journeys.items():
        found[name], problems = qualify(journey, project, models, _binder())
        if problems:
            raise SpecError(problems)
    return found


@cache
def _binder() -> Binder:
    atexit.register(_binder.cache_clear)  # before the interpreter goes, as the engine's binding wants it
    return Binder(duckdb.connect())
