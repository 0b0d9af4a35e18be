"""Whoever did nothing since the last run is not asked again: and nobody can tell the difference."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from tests.journeys.world import World
from tidegate.journeys import news
from tidegate.journeys.tick import in_order
from tidegate.warehouse import Warehouse

HOUR = timedelta(hours=1)

NURTURE = """
journey: nurture
enter: {on: occur ref('leads')}
exit: {when: did('order_completed')}
goal: {did: subscribed, within: 3 days, then: continue}
steps:
  - {send: intro, by: email}
  - wait:
      for: {seen: "did('visited', at_least => 2)", opened: opened('intro')}
      up_to: 10 hours
      reset: did('called')
    seen: [{send: seen, by: email}]
    opened: [{send: opened, by: email}]
    else: [{send: unheard, by: email}]
  - wait: 4 hours
  - {send: last, by: email}
"""


def led(world: World, written: str, *names: str) -> World:
    world.trigger("leads")
    world.journey(written)
    world.run()
    for name in names:
        world.occurs("leads", name, "12:00")
    world.run("12:00")
    return world


def test_an_event_that_lands_late_still_ends_the_walk(world: World) -> None:
    led(world, NURTURE, "ada", "bob")
    world.run("15:00")

    world.does("ada", "order_completed", "13:00")
    world.run("16:00")

    assert world.ended("ada") == "rule"
    assert world.stands("bob") == "wait"


def test_an_event_that_turns_out_to_be_somebody_elses_ends_their_walk(world: World) -> None:
    world.person("visitor")
    led(world, NURTURE, "ada")
    world.does("visitor", "order_completed", "13:00")
    world.run("15:00")

    world.events[-1]["customer_id"] = "ada"  # now it is known who the visitor was
    world.run("16:00")

    assert world.ended("ada") == "rule"


def test_an_opening_is_heard_after_runs_in_which_the_journey_was_blocked(world: World) -> None:
    led(world, NURTURE.replace("steps:", "guard: {max_enter: 2}\nsteps:"), "ada", "bob")
    for name in ("eve", "fay", "gus"):
        world.occurs("leads", name, "13:00")
    world.opens("ada", "intro", "12:30")
    world.run("13:00")
    assert world.of("nurture").verdict == "blocked"

    world.triggers["leads"] = world.triggers["leads"][:2]
    world.run("14:00")

    assert world.of("nurture").verdict == "applied"
    assert world.sent("ada") == ["intro", "opened"]


def test_what_a_person_is_is_asked_in_every_run(world: World) -> None:
    world.person("ada", vip=False)
    led(world, NURTURE.replace("did('order_completed')", "did('order_completed') or person.vip"), "ada", "bob")
    world.run("13:00")

    world.person("ada", vip=True)
    world.run("14:00")

    assert world.ended("ada") == "rule"
    assert world.stands("bob") == "wait"


def test_a_new_version_asks_about_what_happened_before_it(world: World) -> None:
    led(world, NURTURE, "ada")
    world.does("ada", "cancelled", "13:00")
    world.run("14:00")

    world.journey(NURTURE.replace("did('order_completed')", "did('cancelled')") + "in_flight: migrate\n")
    world.run("15:00")

    assert world.ended("ada") == "rule"


def test_of_those_who_did_nothing_nobody_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    led(world, NURTURE, "ada")
    world.run("13:00")
    found = []
    looked = news.Look.news
    monkeypatch.setattr(news.Look, "news", lambda look: found.append(looked(look)) or found[-1])

    world.run("13:30")
    world.does("ada", "visited", "13:45")
    world.run("14:00")

    assert [one[1].whom for one in found] == ["nobody", "fresh"]


@pytest.mark.parametrize("seed", range(2))
def test_whatever_happens_the_same_comes_of_it_as_if_everybody_were_asked(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lived(folder: str, *, asks_everybody: bool) -> tuple[Counter[tuple[object, ...]], World]:
        (tmp_path / folder).mkdir()
        world = World(tmp_path / folder, Warehouse(tmp_path / folder / "warehouse.duckdb"))
        chance = random.Random(seed)
        with monkeypatch.context() as patch:
            if asks_everybody:
                patch.setattr(news, "_wakes", lambda tree: False)
            led(world, NURTURE, *(names := ["ada", "bob", "eve", "fay", "gus", "hal"]))
            for _ in range(6):
                for _ in range(chance.randint(0, 5)):
                    event = chance.choice(["visited", "visited", "called", "subscribed", "order_completed"])
                    ago = timedelta(minutes=chance.choice([0, 20, 90, 400]))  # some land late
                    world.does(chance.choice(names), event, world.now + HOUR - ago)
                if chance.random() < 0.5:
                    opens = chance.choice([name for name in names if world.sent(name)])
                    world.opens(opens, "intro", world.now + HOUR / 2)
                world.run(after=timedelta(minutes=chance.choice([60, 60, 300])))
                promised(world)
        return world.state(), world

    asked, world = lived("asked", asks_everybody=True)
    assert lived("fresh", asks_everybody=False)[0] == asked
    assert world.of("nurture").verdict == "applied"


def promised(world: World) -> None:
    """What holds after every run."""
    inside = {str(person): entered for person, entered in world.rows(
        "select person, entered_at from tidegate.instances where status = 'active'"
    )}  # fmt: skip
    for event in world.events:
        if event["name"] == "order_completed" and event["customer_id"] in inside:
            assert not inside[str(event["customer_id"])] < event["occurred_at"] <= world.now  # type: ignore[operator]
    for table, key in (("outbox", "message_key"), ("instances", "journey, person"), ("steps", "instance, step")):
        twice = world.rows(f"select {key} from tidegate.{table} group by all having count(*) > 1")  # noqa: S608
        assert twice == []


def test_journeys_are_walked_by_name_and_after_those_whose_end_they_wait_for(world: World) -> None:
    world.trigger("leads")
    for name, entry in (("b", "occur ref('leads')"), ("a", "end 'c'"), ("c", "occur ref('leads')"), ("d", "end 'a'")):
        world.journey(f"journey: {name}\nenter: {{on: {entry}}}\nsteps: [{{send: hello, by: email}}]")

    assert [journey.name for journey in in_order(world.journeys)] == ["b", "c", "a", "d"]


LARGE = """
journey: nurture
enter: {on: occur ref('leads')}
exit: {when: "did('order_completed', where => cast(event.properties->>'amount' as integer) > 100)"}
steps:
  - wait: 3 days
  - {send: intro, by: email}
"""


def test_an_event_that_is_mended_afterwards_ends_the_walk_it_should_have_ended(world: World) -> None:
    led(world, LARGE, "ada", "bob")
    world.does("ada", "order_completed", "13:00", amount=10)
    world.run("15:00")
    assert world.stands("ada") == "wait"

    for one in world.events:
        if one["name"] == "order_completed":
            one["properties"] = '{"amount": 1000}'
    world.run("16:00")

    assert world.ended("ada") == "rule"
    assert world.stands("bob") == "wait"
