"""What holds for a journey as a whole: its splits, its goal, its guard, its pauses, its versions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journeys.world import World
from tidegate import guards

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def led(world: World, written: str, *names: str) -> World:
    """At noon these people became leads."""
    world.trigger("leads")
    world.journey(written)
    world.run()
    become_leads(world, *names)
    world.run("12:00")
    return world


def become_leads(world: World, *names: str) -> None:
    for name in names:
        world.occurs("leads", name, "12:00")


def crowd(size: int) -> list[str]:
    return [f"person-{number}" for number in range(size)]


SPLIT = """
journey: nurture
enter: {on: occur ref('leads'), again: every 1 day}
steps:
  - split: {a: 50%, b: 50%}
    a: [{send: first, by: email}]
    b: [{send: second, by: email}]
"""


def test_a_split_parts_people_about_as_it_says_and_keeps_them_apart(world: World) -> None:
    led(world, SPLIT, *crowd(200))

    firsts = {person for person, message in world.sent() if message == "first"}
    assert 70 < len(firsts) < 130
    assert len(world.sent()) == 200

    for name in crowd(200):
        world.occurs("leads", name, "2026-03-04 12:00")
    world.run("2026-03-04 12:00")
    again = [person for person, message in world.sent() if message == "first"]
    assert len(again) == 2 * len(firsts)
    assert set(again) == firsts


def test_the_arm_that_was_drawn_first_wins_over_new_shares(world: World) -> None:
    led(world, SPLIT, *crowd(40))
    before = dict(world.rows("select person, arm from tidegate.assignments where experiment = 'nurture.split'"))
    assert len(before) == 40

    world.journey(SPLIT.replace("a: 50%, b: 50%", "a: 99%, b: 1%"))
    for name in crowd(50):
        world.occurs("leads", name, "2026-03-04 12:00")
    world.run("2026-03-04 12:00")

    after = dict(world.rows("select person, arm from tidegate.assignments where experiment = 'nurture.split'"))
    assert {name: after[name] for name in before} == before
    assert {after[name] for name in crowd(50)[40:]} == {"a"}  # as their hashes have it


GOAL = """
journey: nurture
enter: {on: occur ref('leads')}
goal: {did: order_completed, within: 10 days}
steps:
  - wait: 2 days
  - {send: reminder, by: email}
"""


def test_reaching_the_goal_ends_the_walk(world: World) -> None:
    led(world, GOAL, "ada", "bob")

    world.does("ada", "order_completed", "tue 09:00")
    world.run("wed 12:00")

    assert world.sent() == [("bob", "reminder")]
    assert world.ended("ada") == "goal"
    ((at,),) = world.rows("select goal_at from tidegate.instances where person = 'ada'")
    assert at == world.moment("2026-03-03 09:00")


def test_a_goal_counts_after_the_walk_has_ended_but_within_its_time(world: World) -> None:
    led(world, GOAL, "ada", "bob")
    world.run("wed 12:00")
    assert world.ended("ada") == "completed"

    world.does("ada", "order_completed", "2026-03-11 12:00")
    world.does("bob", "order_completed", "2026-03-12 12:01")
    world.run("2026-03-13 12:00")

    reached = world.rows("select person, exit_reason from tidegate.instances where goal_at is not null")
    assert reached == [("ada", "completed")]


GUARDED = """
journey: nurture
enter: {on: occur ref('leads')}
guard: {max_enter: 2}
steps:
  - {send: hello, by: email}
  - wait: 1 day
  - {send: again, by: email}
"""


def test_a_blocked_journey_does_not_move(world: World) -> None:
    led(world, GUARDED, "ada")
    before = world.state()
    assert world.stands("ada") == "wait"

    world.occurs("leads", "bob", "tue 12:00")
    world.occurs("leads", "eve", "tue 12:00")
    world.occurs("leads", "fay", "tue 12:00")
    decided = world.of("nurture", world.run("tue 12:00"))

    assert decided.verdict == "blocked"
    assert decided.reason == (
        "3 would enter, more than max_enter 2; approve in time: what is older than 1 day lets nobody in "
        "(not_older_than)"
    )
    assert world.state() == before
    assert world.refused() == {}


def test_an_approved_journey_moves_in_the_next_run(world: World) -> None:
    led(world, GUARDED, "ada")
    for name in ("bob", "eve", "fay"):
        world.occurs("leads", name, "tue 12:00")
    world.run("tue 12:00")

    said = guards.approve(world.warehouse, "nurture", who="somebody")
    assert said == "nurture: approved 3 to enter, 1 to leave and 4 messages; the next run carries it out"
    decided = world.of("nurture", world.run("tue 12:05"))

    assert decided.verdict == "approved"
    assert world.sent() == [
        ("ada", "hello"),
        ("ada", "again"),
        ("bob", "hello"),
        ("eve", "hello"),
        ("fay", "hello"),
    ]


def test_too_many_messages_block_as_well(world: World) -> None:
    led(world, GUARDED.replace("max_enter: 2", "max_messages: 1"), "ada", "bob")

    assert world.of("nurture").verdict == "blocked"
    assert world.of("nurture").reason.startswith("2 messages would be planned, more than max_messages 1; approve in")
    assert world.sent() == []


def test_messages_that_wait_do_not_go_while_their_journey_is_blocked(world: World) -> None:
    world.settings["quiet_hours"] = {"email": (window(),)}
    led(world, GUARDED, "ada")
    assert world.messages_in("planned") == {("ada", "hello"): "quiet_hours"}

    for name in ("bob", "eve", "fay"):
        world.occurs("leads", name, "13:00")
    world.run("14:00")

    assert world.of("nurture").verdict == "blocked"
    assert world.sent() == []


def window() -> object:
    from tidegate.spec.objects import Window

    return Window(0, 13 * 60)


PAUSED = """
journey: nurture
status: %s
enter: {on: occur ref('leads')}
steps:
  - {send: hello, by: email}
  - wait: 6 hours
  - {send: again, by: email}
"""


def test_while_sends_are_paused_clocks_run_and_messages_are_held_with_a_row(world: World) -> None:
    led(world, PAUSED % "sends_paused", "ada")
    assert world.sent() == []
    assert world.of("nurture").held == {"paused": 1}
    told = world.rows("select verdict, reason from tidegate.decisions")
    assert told == [("hold", "paused")]
    assert world.stands("ada") == "wait"

    world.run("12:30")
    assert world.rows("select count(*) from tidegate.decisions") == [(1,)]
    world.journey(PAUSED % "active")
    world.run("18:00")

    assert world.sent("ada") == ["hello", "again"]


def test_while_entries_are_paused_nobody_enters_and_those_inside_go_on(world: World) -> None:
    led(world, PAUSED % "active", "ada")

    world.journey(PAUSED % "entries_paused")
    world.occurs("leads", "bob", "17:00")
    world.run("18:00")

    assert world.sent() == [("ada", "hello"), ("ada", "again")]
    assert world.refused() == {"entries_paused": {"bob"}}


def test_a_stopped_journey_lets_everybody_go(world: World) -> None:
    led(world, PAUSED % "active", "ada")

    world.journey(PAUSED % "stopped")
    world.occurs("leads", "bob", "17:00")
    world.run("18:00")

    assert world.sent() == [("ada", "hello")]
    assert world.ended("ada") == "stopped"
    assert world.refused() == {"stopped": {"bob"}}


def test_nobody_enters_a_draft_and_who_was_there_meanwhile_does_not_either_once_it_is_active(world: World) -> None:
    led(world, PAUSED % "draft", "ada")
    assert world.of("nurture").verdict == "draft"

    world.journey(PAUSED % "active")
    world.run("12:30")
    world.occurs("leads", "bob", "13:00")
    world.run("13:00")

    assert world.sent() == [("bob", "hello")]


TWO = """
journey: nurture
enter: {on: occur ref('leads')}
%s
steps:
  - {send: hello, by: email}
  - wait: 1 day
  - {send: %s, by: email}
"""


def test_those_inside_finish_the_version_that_they_entered(world: World) -> None:
    led(world, TWO % ("", "old"), "ada")

    world.journey(TWO % ("", "new"))
    world.occurs("leads", "bob", "13:00")
    world.run("13:00")
    world.run("tue 13:00")

    assert world.sent("ada") == ["hello", "old"]
    assert world.sent("bob") == ["hello", "new"]
    assert world.of("nurture").version == 2


def test_those_who_migrate_go_on_in_the_new_version_and_the_time_they_served_counts(world: World) -> None:
    led(world, TWO % ("", "old"), "ada")

    world.journey(TWO % ("in_flight: migrate", "new"))
    world.run("13:00")
    assert world.stands("ada") == "wait"
    assert world.rows("select version, deadline from tidegate.instances") == [(2, world.moment("tue 12:00"))]
    world.run("tue 12:00")

    assert world.sent("ada") == ["hello", "new"]
    assert world.path("ada") == [("hello", None), ("wait", None), ("new", None)]


def test_in_flight_exit_ends_the_walks_of_older_versions(world: World) -> None:
    led(world, TWO % ("", "old"), "ada")

    world.journey(TWO % ("in_flight: exit", "new"))
    world.run("13:00")

    assert world.ended("ada") == "migrated"


AGAIN = """
journey: nurture
enter: {on: occur ref('leads'), again: every 1 hour}
steps:
  - {send: hello, by: email}
"""


def test_no_message_has_the_key_of_another_when_again_is_rewritten(world: World) -> None:
    world.trigger("leads", order_no="VARCHAR")
    led(world, AGAIN)
    world.occurs("leads", "ada", "13:00", order_no="1")
    world.run("13:00")

    world.journey(AGAIN.replace("every 1 hour", "per order_no"))
    world.occurs("leads", "ada", "14:00", order_no="1")
    world.occurs("leads", "ada", "14:00", order_no="2")
    world.run("14:00")

    assert world.walks("ada") == 3
    assert world.rows("select message_key from tidegate.outbox order by all") == [
        ("nurture:ada:1:hello:1",),
        ("nurture:ada:2:hello:1",),
    ]


def test_a_holdout_walks_on_and_is_told_nothing(world: World) -> None:
    led(world, (TWO % ("holdout: 50%", "more")), *crowd(20))
    world.run("tue 12:00")

    held_out = {person for (person, _), reason in world.messages_in("skipped").items() if reason == "holdout"}
    assert 4 < len(held_out) < 16
    assert len(world.messages_in("skipped")) == 2 * len(held_out)
    assert sorted(world.sent()) == sorted((name, one) for name in {*crowd(20)} - held_out for one in ("hello", "more"))
    assert {world.ended(name) for name in crowd(20)} == {"completed"}


def test_a_plan_says_what_the_run_does_and_changes_nothing(world: World) -> None:
    led(world, GOAL, "ada", "bob")
    world.does("ada", "order_completed", "tue 09:00")
    world.occurs("leads", "eve", "wed 11:00")
    before = world.state()

    planned = world.plan("wed 12:00")

    assert world.state() == before
    done = world.run("wed 12:00")
    assert world.of("nurture", planned) == world.of("nurture", done)
    decided = world.of("nurture")
    assert decided.entered == 1
    assert decided.ended == {"goal": 1, "completed": 1}
    assert decided.planned == {"reminder": 1}
    assert decided.moves == {("", "wait"): 1, ("wait", "reminder"): 1, ("reminder", ""): 1, ("wait", ""): 1}
    assert decided.standing == {"wait": 1}
    assert decided.inside == 1


def test_a_journey_after_anothers_end_is_walked_in_the_same_run(world: World) -> None:
    world.trigger("leads")
    world.journey("journey: zero\nenter: {on: occur ref('leads')}\nsteps: [{send: first, by: email}]")
    world.journey("journey: again\nenter: {on: end 'zero'}\nsteps: [{send: second, by: email}]")
    world.run()
    become_leads(world, "ada")
    world.run("12:00")

    assert sorted(world.sent()) == [("ada", "first"), ("ada", "second")]


def test_a_row_that_cannot_be_worked_out_stops_its_journey_and_no_other(world: World) -> None:
    world.trigger("leads")
    world.trigger("broken", number="VARCHAR")
    world.journey("journey: sound\nenter: {on: occur ref('leads')}\nsteps: [{send: hello, by: email}]")
    world.journey(
        "journey: unsound\nenter: {on: occur ref('broken'), if: 'entry.number::integer > 1'}\n"
        "steps: [{send: hello, by: email}]"
    )
    world.run()
    become_leads(world, "ada")
    world.occurs("broken", "bob", number="many")
    world.run("12:00")

    assert world.of("unsound").verdict == "failed"
    assert "a row cannot be worked out" in world.of("unsound").reason
    assert world.sent() == [("ada", "hello")]


@pytest.mark.parametrize("minutes", [10, 30, 60])
def test_however_often_it_ticks_the_same_people_get_the_same_messages(world: World, minutes: int) -> None:
    written = """
    journey: nurture
    enter: {on: occur ref('leads')}
    exit: {when: did('order_completed')}
    steps:
      - wait: {for: did('visited'), up_to: 30 minutes}
        then: [{send: seen, by: email}]
        else: [{send: unseen, by: email}]
      - wait: 15 minutes
      - {send: last, by: email}
    """
    led(world, written, "ada", "bob", "eve")
    world.does("ada", "visited", "12:20")
    world.does("bob", "visited", "12:40")
    world.does("eve", "order_completed", "12:20")

    while world.now < world.moment("2026-03-02 14:00"):
        world.run(after=timedelta(minutes=minutes))

    assert sorted(world.sent()) == [
        ("ada", "last"),
        ("ada", "seen"),
        ("bob", "last"),
        ("bob", "unseen"),
    ]


def test_a_goal_that_was_reached_before_anybody_looked_is_marked_where_people_walk_on(world: World) -> None:
    world.trigger("leads")
    world.journey(GOAL.replace("within: 10 days", "within: 10 days, then: continue"))
    world.run()
    become_leads(world, "ada")
    world.does("ada", "order_completed", "12:30")
    world.run("13:00")
    world.run("13:30")

    assert world.stands("ada") == "wait"
    assert world.rows("select goal_at from tidegate.instances") == [(world.moment("12:30"),)]


def test_who_reached_the_goal_by_the_moment_of_entry_does_not_enter_however_late_it_is_seen(world: World) -> None:
    world.trigger("leads")
    world.journey(
        """
        journey: nurture
        enter: {on: occur ref('leads')}
        goal: {when: "did('order_completed', within => '6 hours')"}
        steps: [{send: hello, by: email}]
        """
    )
    world.run()
    become_leads(world, "ada", "bob")
    world.does("ada", "order_completed", "10:30")
    world.run("18:00")

    assert world.sent() == [("bob", "hello")]
    assert world.refused("nurture") == {"goal": {"ada"}}
