"""A small shop for tests of decisions: real tables in a real warehouse, spoken of as people and audiences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.connector import Connector, Identifier
from tidegate.decision.decide import Definition, Facts, decide
from tidegate.results import AudienceDecision, Decision, ListDecision
from tidegate.spec.objects import Audience, DestinationSpec, MessageSpec, ModelColumns, Project, Send, Sync, Throttle
from tidegate.warehouse import Warehouse, transaction

START = datetime(2011, 10, 1, tzinfo=UTC)


class Ads(Connector):
    channel = "ads"
    modes = frozenset({"list"})
    identifiers = {  # noqa: RUF012
        "email": Identifier("email", "sha256"),
        "phone": Identifier("phone"),
        "country": Identifier("country"),
    }


class Crm(Connector):
    channel = "crm"
    modes = frozenset({"object"})
    identifiers = {"email": Identifier("email")}  # noqa: RUF012


class Tables(Connector):
    channel = "file"
    modes = frozenset({"list", "object"})
    identifiers = {"email": Identifier("email"), "phone": Identifier("phone")}  # noqa: RUF012
    keyed_by_person = True
    keeps_identifiers = True


class Mail(Connector):
    channel = "email"
    modes = frozenset({"send"})


class Team(Connector):
    channel = "chat"
    modes = frozenset({"send"})


class Texts(Connector):
    channel = "sms"
    modes = frozenset({"send"})


KINDS: dict[str, type[Connector]] = {
    "ads": Ads,
    "crm": Crm,
    "tables": Tables,
    "mail": Mail,
    "team": Team,
    "texts": Texts,
}

PERSON = {
    "customer_id": "varchar",
    "email": "varchar",
    "phone": "varchar",
    "agrees": "boolean",
    "agrees_since": "timestamptz",
    "time_zone": "varchar",
}


def column(table: str, name: str) -> exp.Expr:
    return exp.column(name, table=table, quoted=True)


@dataclass
class World:
    """People, segments and triggers are dictionaries; `decide` writes them as tables and decides on them."""

    warehouse: Warehouse
    audiences: dict[str, Audience] = field(default_factory=dict)
    people: dict[str, dict[str, object]] = field(default_factory=dict)
    segments: dict[str, list[object]] = field(default_factory=dict)
    triggers: dict[str, list[tuple[str, str, datetime]]] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    unfit: dict[str, tuple[str, str]] = field(default_factory=dict)
    topics: dict[str, str] = field(default_factory=dict)
    consent: dict[str, exp.Expr] = field(default_factory=dict)
    settings: dict[str, object] = field(default_factory=dict)
    throttles: dict[str, Throttle] = field(default_factory=dict)
    as_of: datetime = START
    runs: int = 0

    def person(self, *names: str, **values: object) -> None:
        for name in names:
            known = {"email": f"{name}@example.com", "phone": "+442079460000", "agrees": True, "time_zone": None}
            self.people[name] = {**known, **self.people.get(name, {}), **values}

    def in_segment(self, segment: str, *names: str) -> None:
        self.person(*(name for name in names if name not in self.people))
        self.segments[segment] = list(names)

    def occurs(self, trigger: str, occurrence: str, person: str, ago: timedelta = timedelta()) -> None:
        if person not in self.people:
            self.person(person)
        self.triggers.setdefault(trigger, []).append((occurrence, person, self.as_of - ago))

    def audience(self, audience: Audience) -> None:
        self.audiences[audience.name] = audience
        if audience.who:
            self.segments.setdefault(audience.who, [])
        else:
            self.triggers.setdefault(audience.when or "", [])

    @property
    def project(self) -> Project:
        messages = {send.message for one in self.audiences.values() for send in _sends(one)}
        project = Project(
            root=Path(),
            name="shop",
            key="customer_id",
            people="people",
            time_zone="Europe/London",
            target="dev",
            sandbox=False,
            clock=None,
            consent=self.consent,
            landings=(),
            destinations={
                name: DestinationSpec(name, kind.__name__, {}, throttle=self.throttles.get(name))
                for name, kind in KINDS.items()
            },
            audiences=self.audiences,
            messages={name: MessageSpec(name, self.topics.get(name, "offers"), {}) for name in messages},
        )
        return replace(project, **self.settings)  # type: ignore[arg-type]

    def facts(self) -> Facts:
        self.runs += 1
        names = [*self.segments, *self.triggers]
        return Facts(
            project=self.project,
            models=self._models(),
            definitions={name: Definition("select 1", self.definitions.get(name, "v1")) for name in names},
            connectors={name: KINDS[name] for name in self.project.destinations if name in KINDS},
            unfit=self.unfit,  # type: ignore[arg-type]
            run_id=f"run-{self.runs:04}",
            as_of=self.as_of,
        )

    def _models(self) -> dict[str, ModelColumns]:
        person = {name: kind.upper() for name, kind in PERSON.items()}
        models = {"people": ModelColumns("people", '"main"."people"', person)}
        for name in self.segments:
            models[name] = ModelColumns(name, f'"main"."{name}"', {"customer_id": "VARCHAR"})
        columns = {"occurrence_id": "VARCHAR", "customer_id": "VARCHAR", "occurred_at": "TIMESTAMPTZ"}
        for name in self.triggers:
            models[name] = ModelColumns(name, f'"main"."{name}"', columns)
        return models

    def build(self, connection: duckdb.DuckDBPyConnection) -> None:
        columns = ", ".join(f"{name} {kind}" for name, kind in PERSON.items())
        rows = [(name, *(who.get(one) for one in [*PERSON][1:])) for name, who in self.people.items()]
        _table(connection, "people", columns, rows)
        for name, members in self.segments.items():
            _table(connection, name, "customer_id varchar", [(member,) for member in members])
        for name, occurrences in self.triggers.items():
            _table(connection, name, "occurrence_id varchar, customer_id varchar, occurred_at timestamptz", occurrences)

    def decide(self, *, after: timedelta = timedelta(days=1), commit: bool = True) -> Decision:
        """Build and decide, as of a day later than the last time."""
        if self.runs:
            self.as_of += after
        facts = self.facts()
        with self.warehouse.session() as connection:
            self.build(connection)
            connection.execute(
                queries.text("runs/start"),
                {
                    "run_id": facts.run_id,
                    "kind": "run",
                    "target": "dev",
                    "as_of": facts.as_of,
                    "version": "0",
                    "started_at": facts.as_of,
                },
            )
            if commit:
                with transaction(connection):
                    return decide(connection, facts)
            connection.execute("begin transaction")
            try:
                return decide(connection, facts)
            finally:
                connection.execute("rollback")

    def rows(self, sql: str, **parameters: object) -> list[tuple[object, ...]]:
        with self.warehouse.session() as connection:
            return connection.execute(sql, parameters or None).fetchall()

    def members(self, audience: str) -> set[object]:
        found = self.rows(
            "select person from tidegate.stays where audience = $audience and left_at is null", audience=audience
        )
        return {person for (person,) in found}

    def planned(self, state: str = "ready") -> dict[object, object]:
        """Message keys in a state, with the destination."""
        return dict(self.rows("select message_key, destination from tidegate.outbox where state = $state", state=state))

    def told(self) -> list[tuple[object, ...]]:
        """Verdicts other than send, in the order of the runs: message's person, verdict, reason and until."""
        return self.rows(
            "select outbox.person, decisions.verdict, decisions.reason, decisions.until from tidegate.decisions "
            "join tidegate.outbox using (message_key) order by decisions.run_id, decisions.message_key"
        )

    def send_what_is_ready(self) -> list[object]:
        """The destinations took every message; returns whose they were."""
        with self.warehouse.session() as connection:
            sent = connection.execute(
                "update tidegate.outbox set state = 'accepted', settled_at = $as_of where state = 'ready' "
                "returning person",
                {"as_of": self.as_of},
            ).fetchall()
        return sorted(str(person) for (person,) in sent)

    def consents(self, person: str, channel: str, given: bool, *, topic: str | None = None, at: datetime) -> None:
        with self.warehouse.session() as connection:
            connection.execute(
                "insert into tidegate.consents (consent_id, person, channel, topic, given, happened_at, run_id, "
                "landed_at) values (uuid(), ?, ?, ?, ?, ?, 'run-0000', ?)",
                [person, channel, topic, given, at, at],
            )

    def owed(self) -> set[tuple[object, ...]]:
        return set(self.rows("select person, operation, state from tidegate.owed"))

    def accept_everything_owed(self) -> None:
        """The destination took every row."""
        with self.warehouse.session() as connection, transaction(connection):
            connection.execute(
                "delete from tidegate.delivered using tidegate.owed as o "
                "where delivered.person = o.person and delivered.list = o.list and o.state = 'due'"
            )
            connection.execute(
                "insert into tidegate.delivered select destination, list, person, identity, identifiers, traits, "
                "fingerprint, now(), run_id from tidegate.owed where state = 'due' and operation in ('add', 'update')"
            )
            connection.execute("delete from tidegate.owed where state = 'due'")


def of(decision: Decision, audience: str) -> AudienceDecision:
    return next(one for one in decision.audiences if one.audience == audience)


def list_of(decision: Decision, name: str) -> ListDecision:
    return next(one for one in decision.lists if one.list == name)


def welcome(name: str = "vips", **changes: object) -> Audience:
    """An audience of the segment of the same name that welcomes by e-mail, then by text."""
    audience = Audience(
        name=name, file=f"audiences/{name}.yml", who=name, on_enter=(Send("welcome", ("mail", "texts")),)
    )
    return replace(audience, **changes)  # type: ignore[arg-type]


def synced(name: str = "vips", *, to: str = "ads", list_name: str = "VIPs", **changes: object) -> Audience:
    """An audience whose members are kept on a list by their e-mail address."""
    mode = "list" if to == "ads" else "object"
    sync = Sync(to=to, mode=mode, name=list_name, match={"email": column("person", "email")})  # type: ignore[arg-type]
    return replace(Audience(name=name, file=f"audiences/{name}.yml", who=name, sync=(sync,)), **changes)  # type: ignore[arg-type]


def _sends(audience: Audience) -> Iterable[Send]:
    return (*audience.sends, *audience.on_enter, *audience.on_exit)


def _table(connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
    connection.execute(f'create or replace table main."{name}" ({columns})')
    for row in rows:
        values = exp.values([tuple(exp.Placeholder() for _ in row)])
        connection.execute(exp.insert(values, exp.to_table(name, db="main")).sql("duckdb"), row)
