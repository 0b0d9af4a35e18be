"""Entering by what happens: a trigger's occurrences, events, another journey's end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journeys.coming_in import context, entered, opens, reasons
from tests.journeys.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def test_an_occurrence_lets_its_person_in_at_its_own_time(world: World) -> None:
    world.trigger("ordered", value="INTEGER")
    opens(world, "occur ref('ordered')", again="per value")
    world.run()
    world.occurs("ordered", "ada", at="10:20", value=7)
    world.run("11:00")

    ((entered_at, key),) = world.rows("select entered_at, entry_key from tidegate.instances")
    assert (str(entered_at), key) == ("2026-03-02 10:20:00+00:00", "7")
    assert context(world, "ada", "value") == "7"


def test_occurrences_from_before_the_first_run_let_nobody_in(world: World) -> None:
    world.occurs("ordered", "ada", at="09:00")
    opens(world, "occur ref('ordered')")
    world.run()
    world.run(after=HOUR)

    assert reasons(world, "ada") == ["baseline"]


def test_an_occurrence_that_comes_too_late_is_recorded_and_not_acted_on(world: World) -> None:
    world.trigger("ordered")
    opens(world, "occur ref('ordered')", not_older_than="2 hours")
    world.run()
    world.occurs("ordered", "ada", at="07:00")
    world.occurs("ordered", "grace", at="09:30")
    world.run("11:00")

    assert world.refused("welcome") == {"too_old": {"ada"}}
    assert entered(world) == ["grace"]


def test_what_an_edited_trigger_brings_in_of_the_past_lets_nobody_in(world: World) -> None:
    world.trigger("ordered")
    opens(world, "occur ref('ordered')")
    world.run()
    world.definitions["ordered"] = "v2"
    world.occurs("ordered", "ada", at="09:00")
    world.occurs("ordered", "grace", at="10:30")
    world.run("11:00")

    assert world.refused("welcome") == {"definition": {"ada"}}
    assert entered(world) == ["grace"]


def test_an_occurrence_of_the_future_waits_for_its_time(world: World) -> None:
    world.trigger("appointment")
    opens(world, "occur ref('appointment')")
    world.run()
    world.occurs("appointment", "ada", at="12:00")
    world.run("11:00")
    assert entered(world) == []
    world.run("12:00")

    assert entered(world) == ["ada"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"occurrence_id": None}, "1 row has no occurrence_id, such as that of customer_id ada; leave out such rows"),
        ({"customer_id": None}, "1 row has no customer_id, such as that of occurrence_id x; leave out such rows"),
        ({"occurred_at": None}, "1 row has no occurred_at, such as that of occurrence_id x; leave out such rows"),
    ],
)
def test_an_occurrence_that_is_not_whole_stops_the_journey(world: World, wrong: dict[str, object], words: str) -> None:
    world.trigger("ordered")
    opens(world, "occur ref('ordered')")
    world.run()
    world.occurs("ordered", "ada", occurrence_id="x")
    world.triggers["ordered"][0].update(wrong)
    world.run(after=HOUR)

    assert world.of("welcome").verdict == "failed"
    assert words in world.of("welcome").reason
    assert "journeys/welcome.yml" in world.of("welcome").reason


def test_an_event_lets_its_person_in_once_however_often_it_is_loaded(world: World) -> None:
    opens(world, "event 'cart_added'", again="every 1 minute", steps="- {send: hello, by: email}\n")
    world.run()
    world.does("ada", "cart_added", at="10:20", sku="mug")
    world.events.append(dict(world.events[-1]))
    world.run("11:00")
    world.events.append(dict(world.events[-1]))
    world.run("12:00")

    assert entered(world) == ["ada"]
    assert reasons(world, "ada") == ["acted"]


def test_only_events_that_are_meant_let_people_in(world: World) -> None:
    opens(world, "event 'cart_added'", where="event.properties->>'sku' = 'mug'")
    world.run()
    world.does("ada", "cart_added", sku="mug")
    world.does("grace", "cart_added", sku="cup")
    world.does("edith", "page_viewed", sku="mug")
    world.run(after=HOUR)

    assert entered(world) == ["ada"]
    assert reasons(world, "grace") == []


def test_a_late_event_counts_as_long_as_it_is_not_too_old(world: World) -> None:
    opens(world, "event 'cart_added'", not_older_than="3 hours")
    world.run()
    for _ in range(5):
        world.run(after=HOUR)  # 15:00
    world.does("ada", "cart_added", at="13:30")
    world.does("grace", "cart_added", at="11:30")
    world.run("15:10")

    assert entered(world) == ["ada"]
    assert reasons(world, "grace") == [], "nobody reads that far back again"


def test_events_during_an_outage_are_told_as_too_old(world: World) -> None:
    opens(world, "event 'cart_added'", not_older_than="2 hours")
    world.run()
    world.does("ada", "cart_added", at="11:00")
    world.does("grace", "cart_added", at="19:00")
    world.run("20:00")

    assert world.refused("welcome") == {"too_old": {"ada"}}
    assert entered(world) == ["grace"]


def test_history_is_not_read_again(world: World) -> None:
    """A row that no run may look at would fail here: its value converts to nothing."""
    opens(
        world, "event 'cart_added'", where="cast(event.properties->>'amount' as integer) > 5", not_older_than="1 hour"
    )
    world.does("ada", "cart_added", at="2026-01-01 10:00", amount=10)
    world.does("grace", "cart_added", at="10:00", amount=10)
    world.run()
    world.run(after=MINUTE)

    assert world.refused("welcome") == {"baseline": {"grace"}}


def test_an_event_without_a_name_of_its_own_stops_the_journey(world: World) -> None:
    opens(world, "event 'cart_added'")
    world.run()
    world.does("ada", "cart_added")
    world.events[0]["event_id"] = None
    world.run(after=HOUR)

    assert "1 row has no event_id in events; leave out such rows" in world.of("welcome").reason


def test_what_a_journey_emits_lets_people_into_another_from_the_next_run_on(world: World) -> None:
    world.trigger("ordered")
    emits = '- {event: thanked, with: {amount: "7"}}\n'
    opens(world, "occur ref('ordered')", name="thanks", steps=emits)
    opens(world, "event 'thanked'", name="after", where="event.properties->>'amount' = '7'")
    world.run()
    world.occurs("ordered", "ada", at="10:30")
    world.run("11:00")
    assert entered(world, "after") == []
    world.run("11:00")
    assert entered(world, "after") == [], "ticking twice is ticking once"
    world.run("11:01")

    assert entered(world, "after") == ["ada"]


def test_an_edit_of_what_is_meant_does_not_reach_back(world: World) -> None:
    opens(world, "event 'cart_added'")
    world.run()
    world.does("ada", "page_viewed", at="10:10")
    world.run("10:30")
    opens(world, "event 'page_viewed'")
    world.does("grace", "page_viewed", at="10:40")
    world.run("11:00")
    world.does("edith", "page_viewed", at="11:10")
    world.run("12:00")

    assert "ada" not in entered(world)
    assert "edith" in entered(world)


def test_the_end_of_a_journey_is_the_beginning_of_another_in_the_same_run(world: World) -> None:
    world.segment("leads")
    opens(world, "enter ref('leads')", name="first", steps="- wait: 1 hour\n")
    opens(world, "end 'first'", name="and_then")
    world.run()
    world.joins("leads", "ada")
    world.run("10:30")
    assert entered(world, "and_then") == []
    world.run("12:00")

    assert entered(world, "and_then") == ["ada"]
    assert world.rows("select entered_at from tidegate.instances where journey = 'and_then'") == world.rows(
        "select ended_at from tidegate.instances where journey = 'first'"
    )
    assert world.rows("select context ->> 'exit_reason' from tidegate.instances where journey = 'and_then'") == [
        ("completed",)
    ]
    world.run("13:00")
    assert reasons(world, "ada", "and_then") == ["acted"]


def test_only_the_ends_that_are_meant_count(world: World) -> None:
    world.segment("leads")
    leaving = "exit: {when: did('ordered')}\n"
    opens(world, "enter ref('leads')", name="first", steps="- wait: 1 hour\n", rest=leaving)
    opens(world, "end 'first'", name="and_then", reasons=["completed"])
    world.run()
    world.joins("leads", "ada", "grace")
    world.run("10:30")
    world.does("grace", "ordered", at="10:40")
    world.run("12:00")

    assert world.ended("grace", "first") == "rule"
    assert entered(world, "and_then") == ["ada"]


def test_ends_from_before_the_first_run_let_nobody_in(world: World) -> None:
    world.segment("leads")
    opens(world, "enter ref('leads')", name="first", steps="- {send: hello, by: email}\n")
    world.run()
    world.joins("leads", "ada")
    world.run("10:30")
    opens(world, "end 'first'", name="and_then")
    world.run("11:00")
    world.run("12:00")

    assert reasons(world, "ada", "and_then") == ["baseline"]


def test_stopping_a_journey_does_not_send_its_people_into_the_next(world: World) -> None:
    first = "journey: first\nenter: {on: occur ref('leads')}\nsteps:\n  - wait: 3 days\n"
    world.trigger("leads")
    world.journey(first)
    world.journey("journey: second\nenter: {on: end 'first'}\nsteps:\n  - {send: goodbye, by: email}\n")
    world.run("10:00")
    world.occurs("leads", "ada", "10:30")
    world.run("11:00")

    world.journey("status: stopped\n" + first)
    world.run("12:00")
    world.run("13:00")

    assert world.ended("ada") == "stopped"
    assert world.sent() == []
