"""Whatever happened, and whenever: the joins say what a person with a pencil would, one walker at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.asked import Asked, asked
from tests.journeys.world import START, World
from tidegate.warehouse import Warehouse

PEOPLE, EVENTS, SKUS = ("ada", "grace"), ("bought", "visited"), ("mug", "cup")
LAST = 6
"""Everything happens on one of these few hours, so that most of it happens on an edge."""
hours = st.integers(0, LAST)


@dataclass(frozen=True)
class Event:
    person: str
    name: str
    hour: int
    sku: str


@dataclass(frozen=True)
class Walker:
    person: str
    entered: int
    since: int
    at: int
    sku: str
    opened: int | None


@dataclass(frozen=True)
class Did:
    name: str
    within: int | None = None
    since: str | None = None
    sku: bool = False
    at_least: int = 1

    @property
    def sql(self) -> str:
        given = [f"'{self.name}'"]
        given += [f"within => interval '{self.within} hours'"] if self.within else []
        given += [f"since => '{self.since}'"] if self.since else []
        given += ["where => event.properties->>'sku' = entry.sku"] if self.sku else []
        given += [f"at_least => {self.at_least}"] if self.at_least > 1 else []
        return f"did({', '.join(given)})"

    def fits(self, events: list[Event], walker: Walker) -> list[int]:
        return [
            event.hour
            for event in events
            if event.person == walker.person and event.name == self.name and (not self.sku or event.sku == walker.sku)
        ]

    def holds(self, events: list[Event], walker: Walker, at: float, since: float) -> bool:
        begins = {None: since, "step": since, "entry": walker.entered, "ever": float("-inf")}[self.since]
        begins = at - self.within if self.within else begins
        return sum(begins < hour <= at for hour in self.fits(events, walker)) >= self.at_least


@dataclass(frozen=True)
class Opened:
    sql: str = "opened('hello')"

    def holds(self, events: list[Event], walker: Walker, at: float, since: float) -> bool:
        return walker.opened is not None and walker.entered <= walker.opened <= at


@dataclass(frozen=True)
class Not:
    one: Predicate

    @property
    def sql(self) -> str:
        return f"not ({self.one.sql})"

    def holds(self, events: list[Event], walker: Walker, at: float, since: float) -> bool:
        return not self.one.holds(events, walker, at, since)


@dataclass(frozen=True)
class Both:
    left: Predicate
    right: Predicate

    @property
    def sql(self) -> str:
        return f"({self.left.sql} and {self.right.sql})"

    def holds(self, events: list[Event], walker: Walker, at: float, since: float) -> bool:
        return self.left.holds(events, walker, at, since) and self.right.holds(events, walker, at, since)


@dataclass(frozen=True)
class Either(Both):
    @property
    def sql(self) -> str:
        return f"({self.left.sql} or {self.right.sql})"

    def holds(self, events: list[Event], walker: Walker, at: float, since: float) -> bool:
        return self.left.holds(events, walker, at, since) or self.right.holds(events, walker, at, since)


@dataclass(frozen=True)
class Sku:
    sku: str

    @property
    def sql(self) -> str:
        return f"entry.sku = '{self.sku}'"

    def holds(self, events: list[Event], walker: Walker, at: float, since: float) -> bool:
        return walker.sku == self.sku


Predicate = Did | Opened | Not | Both | Either | Sku

windows = st.one_of(
    st.fixed_dictionaries({}),
    st.fixed_dictionaries({"within": st.integers(1, 3)}),
    st.fixed_dictionaries({"since": st.sampled_from(("ever", "entry", "step"))}),
)
dids = st.builds(
    lambda name, window, sku, at_least: Did(name, **window, sku=sku, at_least=at_least),
    st.sampled_from(EVENTS),
    windows,
    st.booleans(),
    st.sampled_from((1, 1, 2, 3)),
)
happening = dids | st.just(Opened())
lasting = happening.filter(lambda one: not isinstance(one, Did) or one.within is None)
predicates = st.recursive(
    happening | st.builds(Sku, st.sampled_from(SKUS)),
    lambda inner: st.builds(Not, inner) | st.builds(Both, inner, inner) | st.builds(Either, inner, inner),
    max_leaves=4,
)
outcomes = happening | st.builds(Either, happening, happening) | st.builds(Both, lasting, lasting)
event_lists = st.lists(
    st.builds(Event, st.sampled_from(PEOPLE), st.sampled_from(EVENTS), hours, st.sampled_from(SKUS)), max_size=12
)


@st.composite
def walkers(draw: st.DrawFn) -> Walker:
    entered, since, at = sorted(draw(st.lists(hours, min_size=3, max_size=3)))
    opened = draw(st.none() | hours)
    return Walker(draw(st.sampled_from(PEOPLE)), entered, since, at, draw(st.sampled_from(SKUS)), opened)


walker_lists = st.lists(walkers(), min_size=1, max_size=6)


@contextmanager
def written(asks: Asked, events: list[Event], people: list[Walker]) -> Iterator[None]:
    """The same world in the warehouse."""
    asks.world.events.clear()
    asks.rows.clear()
    asks.connection.execute("delete from tidegate.outbox")
    asks.connection.execute("delete from tidegate.feedback")
    for event in events:
        asks.world.does(event.person, event.name, at=hour(event.hour), sku=event.sku)
    for number, walker in enumerate(people):
        asks.walks(walker.person, hour(walker.entered), hour(walker.since), hour(walker.at), sku=walker.sku)
        if walker.opened is not None:
            key = asks.message(walker.person, "hello", at=hour(walker.entered), instance=number + 1)
            asks.reports(key, "opened", hour(walker.opened))
    yield


def hour(number: int) -> str:
    return f"{number + 10:02}:00"


@pytest.fixture(scope="module")
def asks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    root: Path = tmp_path_factory.mktemp("world")
    world = World(root, Warehouse(root / "warehouse.duckdb"))
    world.person(*PEOPLE)
    with asked(world) as found:
        yield found


few = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@few
@given(event_lists, walker_lists, st.lists(predicates, min_size=1, max_size=3))
def test_the_first_predicate_that_is_true_is_found_for_everybody(
    asks: Asked, events: list[Event], people: list[Walker], ways: list[Predicate]
) -> None:
    with written(asks, events, people):
        found = asks.ways(*(way.sql for way in ways))

    expected = {}
    for number, walker in enumerate(people):
        true = [at for at, way in enumerate(ways) if way.holds(events, walker, walker.at, walker.since)]
        if true:
            expected[number + 1] = true[0]
    assert found == expected


@few
@given(event_lists, walker_lists, st.lists(outcomes, min_size=1, max_size=2))
def test_an_outcome_is_heard_at_the_first_moment_at_which_it_was_true(
    asks: Asked, events: list[Event], people: list[Walker], ways: list[Predicate]
) -> None:
    with written(asks, events, people):
        found = asks.heard(*(way.sql for way in ways))

    expected = {}
    for number, walker in enumerate(people):
        # What comes true does so at the moment of something that happened, or was true when they began to wait.
        for moment in range(walker.since, walker.at + 1):
            true = [at for at, way in enumerate(ways) if way.holds(events, walker, moment, walker.since)]
            if true:
                expected[number + 1] = (true[0], START.replace(hour=moment + 10))
                break
    assert found == expected


@few
@given(event_lists, walker_lists, outcomes, hours)
def test_who_asks_more_often_hears_the_same(
    asks: Asked, events: list[Event], people: list[Walker], way: Predicate, between: int
) -> None:
    early = [replace(walker, at=max(walker.since, min(walker.at, between))) for walker in people]
    with written(asks, events, early):
        first = asks.heard(way.sql)
    with written(asks, events, people):
        whole = asks.heard(way.sql)

    assert {instance: heard for instance, heard in whole.items() if instance in first} == first
    horizon = START.replace(hour=10) + timedelta(hours=between)
    assert all(moment > horizon for instance, (_, moment) in whole.items() if instance not in first)
