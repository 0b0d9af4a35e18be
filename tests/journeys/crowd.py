"""A crowd of made-up people in a made-up journey: in the warehouse, and what is kept of them there and on paper."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from ruamel.yaml import YAML

from tests.journeys.made_up import answers_to
from tests.journeys.reference import Occasion, Person, Reference, Walk
from tests.journeys.world import World
from tests.journeys.written import Journey
from tidegate.spec.objects import Window
from tidegate.warehouse import Warehouse

NIGHT = {"email": (Window(22 * 60, 30 * 60),)}


@contextmanager
def made_world(journey: Journey, people: list[Person], *, quiet: bool) -> Iterator[World]:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        world = World(root, Warehouse(root / "warehouse.duckdb"))
        if quiet:
            world.settings["quiet_hours"] = NIGHT
        world.trigger("orders", order_id="VARCHAR")
        for person in people:
            address = {} if person.reachable else {"email": None}
            world.person(person.name, country=person.country, time_zone="UTC", **address)
        world.journey(as_yaml(journey))
        yield world


def as_yaml(journey: Journey) -> str:
    stream = io.StringIO()
    YAML().dump(journey.yaml, stream)
    return stream.getvalue()


def happens(world: World, people: list[Person], occasions: list[Occasion], as_of: datetime) -> None:
    """All that is heard of by now is in the warehouse."""
    world.events.clear()
    world.triggers["orders"].clear()
    for person in people:
        for name, when, heard_at in person.events:
            if heard_at <= as_of:
                world.does(person.name, name, when)
    for one in occasions:
        if one.heard_at <= as_of:
            world.occurs("orders", one.person.name, one.occurred_at, occurrence_id=one.name, order_id=one.order)


@dataclass
class Post:
    """What people do with the messages that have gone: on paper at once, in the warehouse once it is heard of."""

    seed: int
    soonest: timedelta = timedelta()
    told: set[str] = field(default_factory=set)
    pending: list[tuple[datetime, str, str, datetime]] = field(default_factory=list)

    def went(self, pencil: Reference) -> None:
        for walk in pencil.walks:
            for message in walk.messages.values():
                for kind, happened, heard_at in self.answers(
                    key_of(walk, message.step), message.state, message.settled_at
                ):
                    walk.feedback.append((kind, message.step, happened, heard_at))

    def went_from(self, world: World) -> None:
        """The same without a pencil."""
        for key, state, at in world.rows("select message_key, state, settled_at from tidegate.outbox order by 1"):
            self.answers(str(key), str(state), at)  # type: ignore[arg-type]

    def answers(self, key: str, state: str, at: datetime | None) -> list[tuple[str, datetime, datetime]]:
        """(kind, when it happens, when it is heard of), the first time that one is told that a message went."""
        if state != "accepted" or key in self.told:
            return []
        self.told.add(key)
        assert at is not None
        given = answers_to(key, self.seed)
        found = [(kind, at + after, at + after + later) for kind, after, later in given if after >= self.soonest]
        self.pending += [(heard_at, kind, key, happened) for kind, happened, heard_at in found]
        return found

    def arrives(self, world: World, as_of: datetime) -> None:
        now = [one for one in self.pending if one[0] <= as_of]
        self.pending = [one for one in self.pending if one[0] > as_of]
        with world.warehouse.session() as connection:
            for _, kind, key, happened in now:
                connection.execute(
                    "insert into tidegate.feedback (event_id, kind, happened_at, message_key, run_id, landed_at) "
                    "values (uuid(), ?, ?, ?, '', ?)",
                    [kind, happened, key, as_of],
                )


def entry_of(walk: Walk) -> str:
    if not walk.key:
        return str(walk.rotation)
    return f"{walk.key}~{walk.rotation}" if walk.rotation > 1 else walk.key


def key_of(walk: Walk, step: str) -> str:
    return f"{walk.journey.name}:{walk.person.name}:{entry_of(walk)}:{step}:1"


def kept_by(world: World) -> dict[str, object]:
    """What the state says, by whom it is about."""
    walks = world.rows(
        "select person, entry_key, rotation, case when status = 'active' then step end, entered_at, "
        "case when status = 'active' then step_entered_at end, deadline, exit_reason, ended_at, goal_at "
        "from tidegate.instances"
    )
    steps = world.rows(
        "select i.person, i.entry_key, i.rotation, s.step, s.turn, s.reached_at from tidegate.steps as s "
        "inner join tidegate.instances as i on s.instance = i.instance order by s.instance, s.number"
    )
    taken: dict[tuple[object, ...], list[object]] = {}
    for person, key, rotation, *one in steps:
        taken.setdefault((person, key, rotation), []).append(tuple(one))
    outbox = world.rows(
        "select message_key, due_at, expires_at, planned_at, state, reason, settled_at from tidegate.outbox"
    )
    assert len({key for key, *_ in outbox}) == len(outbox), "a key twice"
    tags = world.rows(
        "select person, name from tidegate.traits where value is not null "
        "qualify row_number() over (partition by person, name order by set_at desc) = 1"
    )
    return {
        "walks": {tuple(row[:3]): tuple(row[3:]) for row in walks},
        "steps": taken,
        "outbox": {row[0]: tuple(row[1:]) for row in outbox},
        "answered": dict(world.rows("select occurrence_id, disposition from tidegate.occurrences")),  # type: ignore[arg-type]
        "tags": set(tags),
        "arms": dict(world.rows("select experiment || ' ' || person, arm from tidegate.assignments")),  # type: ignore[arg-type]
        "emitted": sorted(world.rows("select person, name, occurred_at from tidegate.emitted")),
    }


def kept_on_paper(pencil: Reference) -> dict[str, object]:
    walks, taken, outbox = {}, {}, {}
    for walk in pencil.walks:
        who = (walk.person.name, walk.key, walk.rotation)
        active = walk.reason is None
        stands = walk.taken[-1][0] if active else None
        came_at = walk.came_at if active else None
        walks[who] = (stands, walk.entered_at, came_at, walk.deadline, walk.reason, walk.ended_at, walk.goal_at)
        taken[who] = walk.taken
        for message in walk.messages.values():
            told = (message.due_at, message.expires_at, message.planned_at, message.state, message.reason)
            outbox[key_of(walk, message.step)] = (*told, message.settled_at)
    return {
        "walks": walks,
        "steps": {who: [(step, turn, at) for step, turn, at in one] for who, one in taken.items()},
        "outbox": outbox,
        "answered": pencil.answered,
        "tags": {(person.name, tag) for person in pencil.people for tag in person.tags},
        "arms": {f"{name} {person.name}": arm for person in pencil.people for name, arm in person.arms.items()},
        "emitted": sorted((person.name, *one) for person in pencil.people for one in person.emitted),
    }
