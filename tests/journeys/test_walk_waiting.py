"""What ends a wait: the time, or what people do, whichever is the earlier."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.journeys.world import World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

OPENED = """
journey: nurture
enter: {on: occur ref('leads')}
steps:
  - {send: intro, by: email}
  - wait: {for: opened('intro'), up_to: 2 days}
    then: [{send: more, by: email}]
    else: [{send: text, by: sms}]
"""

RACE = """
journey: nurture
enter: {on: occur ref('leads')}
steps:
  - wait: {for: {bought: did('order_completed'), seen: did('visited')}, up_to: 2 days}
    bought: [{send: thanks, by: email}]
    seen: [{send: come_back, by: email}]
    else: [{send: nothing_heard, by: email}]
"""


def led(world: World, written: str, *names: str) -> World:
    """At noon these people became leads."""
    world.trigger("leads")
    world.journey(written)
    world.run()
    for name in names:
        world.occurs("leads", name, "12:00")
    world.run("12:00")
    return world


def test_whoever_opens_goes_on_when_they_did(world: World) -> None:
    led(world, OPENED, "ada", "bob")

    world.opens("ada", "intro", "13:30")
    world.run("14:00")

    assert world.sent("ada") == ["intro", "more"]
    assert world.stands("bob") == "wait"
    ((at,),) = world.rows("select reached_at from tidegate.steps where person = 'ada' and step = 'more'")
    assert at == world.moment("13:30")


def test_an_open_that_is_dated_after_the_run_which_learned_of_it_is_heard_by_the_next(world: World) -> None:
    led(world, OPENED, "ada")
    world.opens("ada", "intro", "13:01")

    world.run("13:00")
    assert world.sent("ada") == ["intro"]
    world.run("14:00")

    assert world.sent("ada") == ["intro", "more"]


def test_whoever_does_not_open_goes_the_other_way_once_the_time_is_up(world: World) -> None:
    led(world, OPENED, "ada")

    world.run("wed 11:59")
    assert world.stands("ada") == "wait"
    world.run("wed 12:00")

    assert world.sent("ada") == ["intro", "text"]
    assert ("text", "timed_out") in world.path("ada")


def test_an_opening_after_the_time_was_up_comes_too_late_even_where_no_run_was_in_between(world: World) -> None:
    led(world, OPENED, "ada", "bob")

    world.opens("ada", "intro", "wed 11:00")
    world.opens("bob", "intro", "wed 13:00")
    world.run("wed 14:00")

    assert world.sent("ada") == ["intro", "more"]
    assert world.sent("bob") == ["intro", "text"]


def test_the_earliest_outcome_wins_whatever_the_order_in_the_file(world: World) -> None:
    led(world, RACE, "ada", "bob", "eve")

    world.does("ada", "visited", "13:00")
    world.does("ada", "order_completed", "14:00")
    world.does("bob", "order_completed", "13:00")
    world.does("bob", "visited", "14:00")
    world.run("15:00")

    assert world.sent("ada") == ["come_back"]
    assert world.sent("bob") == ["thanks"]
    assert world.stands("eve") == "wait"


def test_of_two_outcomes_at_the_same_moment_the_first_in_the_file_wins(world: World) -> None:
    led(world, RACE, "ada")

    world.does("ada", "visited", "13:00")
    world.does("ada", "order_completed", "13:00")
    world.run("15:00")

    assert world.sent("ada") == ["thanks"]


def test_what_happened_before_the_wait_began_does_not_end_it(world: World) -> None:
    world.does("ada", "visited", "11:00")
    led(world, RACE, "ada")

    world.run("15:00")

    assert world.stands("ada") == "wait"


def test_an_outcome_that_is_there_already_ends_the_wait_in_the_run_in_which_it_begins(world: World) -> None:
    world.trigger("leads")
    world.journey(RACE)
    world.run()
    world.occurs("leads", "ada", "12:00")
    world.does("ada", "visited", "12:30")
    world.run("13:00")

    assert world.sent("ada") == ["come_back"]


def test_since_entry_hears_what_happened_before_the_wait(world: World) -> None:
    written = """
    journey: nurture
    enter: {on: occur ref('leads')}
    steps:
      - wait: 1 hour
      - wait: {for: did('visited'), up_to: 2 days, since: entry}
        then: [{send: seen, by: email}]
        else: [{send: unseen, by: email}]
    """
    led(world, written, "ada")
    world.does("ada", "visited", "12:30")
    world.run("13:00")

    assert world.sent("ada") == ["seen"]


def test_a_wait_for_a_message_does_not_begin_before_it_has_gone(world: World) -> None:
    world.settings["quiet_hours"] = {"email": nights()}
    world.trigger("leads")
    world.journey(OPENED)
    world.run()
    world.occurs("leads", "ada", "21:00")
    world.run("21:00")  # quiet until eight
    world.run("tue 08:00")
    assert world.sent("ada") == ["intro"]

    world.run("wed 21:00")
    assert world.stands("ada") == "wait"  # two days after the evening, but not yet after the morning
    world.run("thu 08:00")

    assert world.sent("ada") == ["intro", "text"]


def nights() -> tuple[object, ...]:
    from tidegate.spec.objects import Window

    return (Window(20 * 60, 32 * 60),)


def test_a_message_that_did_not_go_at_all_is_not_waited_for_for_ever(world: World) -> None:
    world.trigger("leads")
    world.journey(OPENED)
    world.run()
    world.person("ada", email=None)
    world.occurs("leads", "ada", "12:00")
    world.run("12:00")
    assert world.messages_in("skipped") == {("ada", "intro"): "unreachable"}

    world.run("wed 12:00")

    assert world.sent("ada") == ["text"]


RESET = """
journey: nurture
enter: {on: occur ref('leads')}
steps:
  - wait: {for: did('order_completed'), up_to: 2 days, reset: did('visited')}
    then: [{send: thanks, by: email}]
    else: [{send: come_back, by: email}]
"""


def test_a_reset_begins_the_time_anew(world: World) -> None:
    led(world, RESET, "ada", "bob")

    world.does("ada", "visited", "tue 12:00")
    world.run("wed 12:00")
    assert world.sent() == [("bob", "come_back")]
    world.run("thu 11:59")
    assert world.stands("ada") == "wait"
    world.run("thu 12:00")

    assert world.sent("ada") == ["come_back"]


@pytest.mark.parametrize("every", [timedelta(hours=12), timedelta(days=9)], ids=["often", "once"])
def test_resets_one_after_the_other_push_the_end_back_however_often_it_is_looked(
    world: World, every: timedelta
) -> None:
    led(world, RESET, "ada", "bob")
    for day in ("tue 12:00", "thu 06:00", "fri 23:00"):  # each within two days of the one before
        world.does("ada", "visited", day)
        world.does("bob", "visited", day)
    world.does("ada", "order_completed", "sun 22:00")
    world.does("bob", "order_completed", "2026-03-09 00:00")  # two days and an hour after the last

    end = world.moment("2026-03-11 12:00")
    while world.now < end:
        world.run(min(world.now + every, end))

    taken = {step for name in ("ada", "bob") for step, _ in world.path(name)}
    assert taken == {"wait", "thanks", "come_back"}
    assert ("thanks", "then") in [(step, turn) for step, turn in world.path("ada")]
    assert ("come_back", "timed_out") in world.path("bob")


def test_a_slot_is_waited_for_on_the_persons_own_clock(world: World) -> None:
    written = """
    journey: nurture
    enter: {on: occur ref('leads')}
    steps:
      - wait: {until: "08:00 on mon"}
      - {send: monday, by: email}
    """
    world.person("kei", time_zone="Asia/Tokyo")
    world.person("lea", time_zone="America/Los_Angeles")
    led(world, written, "kei", "lea")

    world.run("15:59")
    assert world.sent() == []
    world.run("16:00")
    assert world.sent() == [("lea", "monday")]  # whose Monday had just begun
    world.run("sun 23:00")

    assert world.sent() == [("lea", "monday"), ("kei", "monday")]


def test_a_date_that_is_over_is_waited_for_no_more_or_ends_the_walk(world: World) -> None:
    written = """
    journey: nurture
    enter: {on: occur ref('leads')}
    steps:
      - wait: {until: entry.begins, past: %s}
      - {send: soon, by: email}
    """
    world.trigger("leads", begins="TIMESTAMP WITH TIME ZONE")
    world.journey(written % "exit")
    world.journey((written % "continue").replace("nurture", "other"))
    world.run()
    world.occurs("leads", "ada", "12:00", begins=world.moment("11:00"))
    world.run("12:00")

    assert world.ended("ada", "nurture") == "expired"
    assert world.ended("ada", "other") == "completed"
    assert world.sent("ada") == ["soon"]


WEBHOOK = """
journey: nurture
enter: {on: occur ref('leads')}
steps:
  - webhook: score
    by: customer_care
    up_to: 1 hour
    else: [{send: unscored, by: email}, end]
  - if: answer('score', '$.grade') = 'A'
    then: [{send: grand, by: email}]
    else: [{send: plain, by: email}]
"""


def test_an_answer_is_waited_for_and_used(world: World) -> None:
    led(world, WEBHOOK, "ada", "bob")
    assert world.sent() == [("ada", "score"), ("bob", "score")]
    assert world.stands("ada") == "score"

    world.answers("ada", "score", {"grade": "A"})
    world.answers("bob", "score", {"grade": "B"})
    world.run("12:10")

    assert world.sent("ada") == ["score", "grand"]
    assert world.sent("bob") == ["score", "plain"]


def test_a_call_that_was_refused_goes_the_other_way(world: World) -> None:
    led(world, WEBHOOK, "ada")
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.outbox set state = 'rejected', reason = 'http_400'")

    world.run("12:10")

    assert world.sent("ada") == ["unscored"]


APPROVE = """
journey: nurture
enter: {on: occur ref('leads')}
steps:
  - approve: "A coupon?"
    up_to: 3 days
    else: [{send: sorry, by: email}, end]
  - {send: coupon, by: email}
"""


def test_a_person_is_asked_and_their_word_is_carried_out(world: World) -> None:
    led(world, APPROVE, "ada", "bob", "eve")
    assert world.stands("ada") == "approve"

    world.decides("approve", "approve", "ada")
    world.decides("approve", "reject", "bob")
    world.run("13:00")

    assert world.sent() == [("ada", "coupon"), ("bob", "sorry")]
    assert world.stands("eve") == "approve"
    world.run("thu 12:00")
    assert world.sent("eve") == ["sorry"]


def test_nobodys_clock_goes_back_where_what_they_wait_for_happened_before_they_came(world: World) -> None:
    written = """
    journey: nurture
    enter: {on: occur ref('leads')}
    steps:
      - wait: 1 hour
      - wait: {for: did('visited'), up_to: 2 days, since: entry}
      - wait: 1 hour
      - {send: hello, by: email}
    """
    led(world, written, "ada")
    world.does("ada", "visited", "12:15")

    world.run("13:30")
    assert world.sent("ada") == []
    world.run("14:00")

    assert world.sent("ada") == ["hello"]
