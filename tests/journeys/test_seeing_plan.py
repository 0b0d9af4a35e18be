"""A plan tells who would go where in journeys, and what comes after it by the time alone; and changes nothing."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import duckdb
import pytest
from rich.console import Console

from tests.journeys.world import World
from tidegate.cli import journey_decisions
from tidegate.decision.decide import decide
from tidegate.decision.standing import Facts
from tidegate.journeys.seeing import planning
from tidegate.results import Decision, JourneyDecision

REMINDED = """
journey: reminded
enter: {on: enter ref('leads'), again: never}
exit: {when: did('ordered')}
guard: {max_enter: 2}
steps:
  - {send: hello, by: email}
  - wait: 12 hours
  - if: opened('hello')
    then: [{send: thanks, by: email}]
    else: [{send: reminder, by: sms}]
  - wait: 3 days
"""


@pytest.fixture
def shop(world: World) -> World:
    world.segment("leads")
    world.person("ada", "grace", "edith", "mary")
    world.journey(REMINDED)
    world.run()
    return world


@contextmanager
def planned(world: World, *, unguarded: bool = False) -> Iterator[tuple[duckdb.DuckDBPyConnection, Facts, Decision]]:
    """A decision that is rolled back."""
    world.runs += 1
    facts = world.facts()
    facts = planning.unguarded(facts, {"reminded"}) if unguarded else facts
    with world.warehouse.session() as connection:
        world.build(connection)
        connection.execute("begin transaction")
        try:
            yield connection, facts, decide(connection, facts)
        finally:
            connection.execute("rollback")


def listed(world: World, *, unguarded: bool = False) -> set[tuple[str, str, str]]:
    with planned(world, unguarded=unguarded) as (connection, facts, decision):
        return {(row.person, row.kind, row.detail) for row in planning.rows(connection, facts, decision)}


def ahead(world: World, hours: int) -> JourneyDecision:
    with planned(world) as (connection, facts, decision):
        (found,) = planning.look_ahead(connection, facts, decision, facts.as_of + timedelta(hours=hours))
        return found


def test_whoever_would_enter_is_listed_with_how_far_they_would_go(shop: World) -> None:
    shop.joins("leads", "ada")

    assert listed(shop) == {("ada", "enter", "as far as wait")}


def test_whoever_would_go_on_is_listed_from_where_they_stand_to_where_they_would(shop: World) -> None:
    shop.joins("leads", "ada", "grace")
    shop.run("10:30")
    shop.does("grace", "ordered", "11:00")
    shop.now = shop.moment("23:00")

    assert listed(shop) == {("ada", "go on", "wait -> wait_2"), ("grace", "end", "wait: rule")}


def test_whoever_would_not_be_let_in_is_listed_with_the_reason(shop: World) -> None:
    shop.joins("leads", "ada")
    shop.run("10:30")
    shop.leaves("leads", "ada")
    shop.run("10:40")
    shop.joins("leads", "ada")
    shop.now = shop.moment("11:00")

    assert {row[:2] for row in listed(shop)} == {("ada", "refused")}


def test_those_whom_a_guard_stops_are_seen_without_it(shop: World) -> None:
    shop.joins("leads", "ada", "grace", "edith")

    with planned(shop) as (connection, facts, decision):
        assert planning.blocked(decision) == {"reminded"}
        assert planning.rows(connection, facts, decision) == []
    assert {row[:2] for row in listed(shop, unguarded=True)} == {(name, "enter") for name in ("ada", "grace", "edith")}


def test_looking_ahead_goes_on_by_the_time_alone(shop: World) -> None:
    shop.joins("leads", "ada", "grace")
    shop.run("10:30")
    shop.opens("ada", "hello", "11:00")

    soon, tomorrow = ahead(shop, 6), ahead(shop, 24)

    assert (soon.planned, soon.moved) == ({}, 0)
    assert (tomorrow.planned, tomorrow.moved) == ({"thanks": 1, "reminder": 1}, 2)


def test_looking_ahead_begins_where_the_plan_leaves_people(shop: World) -> None:
    shop.joins("leads", "ada")

    assert ahead(shop, 24).planned == {"reminder": 1}
    assert ahead(shop, 24).entered == 0


def test_a_journey_that_is_blocked_is_not_followed(shop: World) -> None:
    shop.joins("leads", "ada", "grace", "edith")

    with planned(shop) as (connection, facts, decision):
        assert planning.look_ahead(connection, facts, decision, facts.as_of + timedelta(days=1)) == ()


def test_a_plan_changes_nothing(shop: World) -> None:
    shop.joins("leads", "ada", "grace")
    shop.run("10:30")
    before: Counter[tuple[object, ...]] = shop.state()
    runs = shop.rows("select count(*) from tidegate.runs")

    ahead(shop, 48)

    assert shop.state() == before
    assert shop.rows("select count(*) from tidegate.runs") == runs


def test_the_run_after_a_look_ahead_does_what_it_said(shop: World) -> None:
    shop.joins("leads", "ada", "grace")
    shop.run("10:30")
    said = ahead(shop, 24)

    shop.run(after=timedelta(hours=24))

    assert shop.of("reminded").planned == said.planned
    assert shop.of("reminded").moves == said.moves


def test_ways_are_told_in_the_order_in_which_people_go() -> None:
    moves = {("wait", "end"): 9, ("hello", "wait"): 1, ("", "hello"): 1, ("end", ""): 9, ("a", "b"): 5}
    stream = io.StringIO()

    journey_decisions.detail(Console(file=stream, width=200), JourneyDecision("reminded", "applied", moves=moves))

    told = [line.split()[:2] for line in stream.getvalue().splitlines()[1:] if line]
    assert told.index(["(outside)", "hello"]) < told.index(["hello", "wait"]) < told.index(["wait", "end"])
    assert told.index(["wait", "end"]) < told.index(["end", "(outside)"])


def test_versions_whose_steps_stand_the_other_way_round_can_be_told_all_the_same() -> None:
    stream = io.StringIO()
    decision = JourneyDecision("reminded", "applied", moves={("a", "b"): 1, ("b", "a"): 1})

    journey_decisions.detail(Console(file=stream, width=200), decision)

    assert "a" in stream.getvalue()
