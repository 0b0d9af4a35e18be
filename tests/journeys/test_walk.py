"""How people walk: everybody at their own pace, nobody in two places, and never on once they had a reason to leave."""

from __future__ import annotations

from datetime import timedelta

from tests.journeys.world import World

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

WELCOME = """
journey: welcome
enter: {on: enter ref('newcomers')}
steps:
  - {send: hello, by: email}
  - wait: 2 days
  - if: did('order_completed')
    then: [{send: thanks, by: email}]
    else: [{send: reminder, by: email}]
  - wait: 1 day
  - end
"""


def begun(world: World, written: str, *names: str) -> World:
    """The journey has taken its baseline, and these people came into the segment after it."""
    world.segment("newcomers")
    world.trigger("carts")
    world.journey(written)
    world.run()
    world.joins("newcomers", *names)
    world.run(after=HOUR)
    return world


def test_somebody_who_enters_gets_the_first_message_at_once_and_waits(world: World) -> None:
    begun(world, WELCOME, "ada")

    assert world.sent("ada") == ["hello"]
    assert world.stands("ada") == "wait"
    assert world.path("ada") == [("hello", None), ("wait", None)]


def test_whoever_is_there_when_a_journey_begins_does_not_enter(world: World) -> None:
    world.joins("newcomers", "bob")
    begun(world, WELCOME, "ada")

    assert world.sent() == [("ada", "hello")]
    assert world.walks("bob") == 0


def test_a_wait_of_two_days_is_over_after_two_days(world: World) -> None:
    begun(world, WELCOME, "ada")

    world.run(after=2 * DAY - timedelta(seconds=1))
    assert world.stands("ada") == "wait"
    world.run(after=timedelta(seconds=1))

    assert world.stands("ada") == "wait_2"
    assert world.sent("ada") == ["hello", "reminder"]


def test_everybody_takes_the_branch_that_is_true_of_them(world: World) -> None:
    begun(world, WELCOME, "ada", "bob")

    world.does("bob", "order_completed", "tue 12:00")
    world.run("wed 12:00")

    assert world.sent("ada") == ["hello", "reminder"]
    assert world.sent("bob") == ["hello", "thanks"]
    assert world.path("bob")[2:4] == [("if", None), ("thanks", "then")]


def test_the_end_of_the_steps_completes_the_journey(world: World) -> None:
    begun(world, WELCOME, "ada")

    world.run(after=2 * DAY)
    world.run(after=DAY)

    assert world.stands("ada") is None
    assert world.ended("ada") == "completed"
    assert world.path("ada")[-1] == ("end", None)


def test_ticking_twice_is_ticking_once(world: World) -> None:
    begun(world, WELCOME, "ada", "bob")
    world.does("bob", "order_completed", "tue 09:00")
    world.run("wed 12:00")

    before = world.state()
    world.run()

    assert world.state() == before
    assert world.of("welcome").moves == {}


def test_nobody_is_in_two_steps(world: World) -> None:
    begun(world, WELCOME, *(f"person-{number}" for number in range(20)))

    for _ in range(5):
        world.run(after=DAY)
        twice = world.rows("select person from tidegate.instances group by person, journey having count(*) > 1")
        assert twice == []
    steps = world.rows("select instance, step from tidegate.steps group by instance, step having count(*) > 1")
    assert steps == []


def test_after_an_outage_everybody_is_where_they_would_have_been_by_time_and_stale_messages_expire(
    world: World,
) -> None:
    begun(world, WELCOME, "ada")

    world.run(after=10 * DAY)

    assert world.messages_in("skipped") == {("ada", "reminder"): "expired"}
    assert world.stands("ada") == "wait_2"  # counted from when the message was due to leave: this run
    world.run(after=DAY)
    assert world.ended("ada") == "completed"


BOUGHT = """
journey: cart
enter: {on: occur ref('carts')}
exit: {when: did('order_completed')}
steps:
  - wait: 1 hour
  - {send: reminder, by: email}
  - wait: 1 day
  - {send: last_call, by: email}
"""


def test_someone_who_bought_during_the_wait_gets_no_reminder(world: World) -> None:
    begun(world, BOUGHT)
    world.occurs("carts", "ada", "11:30")
    world.run("11:35")

    world.does("ada", "order_completed", "12:10")
    world.run("12:35")

    assert world.sent("ada") == []
    assert world.ended("ada") == "rule"


def test_someone_who_bought_after_the_reminder_was_due_but_before_it_left_gets_none_either(world: World) -> None:
    begun(world, BOUGHT)
    world.occurs("carts", "ada", "11:30")
    world.run("11:35")

    world.does("ada", "order_completed", "12:50")
    world.run("13:00")

    assert world.sent("ada") == []
    assert world.ended("ada") == "rule"


def test_what_was_bought_before_the_cart_does_not_count(world: World) -> None:
    begun(world, BOUGHT)
    world.does("ada", "order_completed", "10:30")
    world.occurs("carts", "ada", "11:30")
    world.run("11:35")
    world.run("12:35")

    assert world.sent("ada") == ["reminder"]


def test_who_would_have_to_leave_at_once_does_not_enter(world: World) -> None:
    begun(world, BOUGHT)
    world.occurs("carts", "ada", "11:30")
    world.does("ada", "order_completed", "11:33")
    world.run("11:35")

    assert world.walks("ada") == 0
    assert world.refused("cart") == {"exit_rule": {"ada"}}


def test_the_clock_of_an_occurrence_begins_when_it_occurred(world: World) -> None:
    begun(world, BOUGHT)
    world.occurs("carts", "ada", "11:05")
    world.run("12:04")
    assert world.sent("ada") == []

    world.run("12:05")

    assert world.sent("ada") == ["reminder"]


def test_leaving_cancels_a_message_that_has_not_gone(world: World) -> None:
    world.settings["quiet_hours"] = {"email": always()}
    begun(world, BOUGHT)
    world.occurs("carts", "ada", "11:30")
    world.run("12:30")
    assert world.messages_in("planned") == {("ada", "reminder"): "quiet_hours"}

    world.does("ada", "order_completed", "12:45")
    world.run("13:00")

    assert world.messages_in("skipped") == {("ada", "reminder"): "exited"}
    told = world.rows("select reason from tidegate.decisions where verdict = 'skip'")
    assert told == [("exited",)]


def always() -> tuple[object, ...]:
    from tidegate.spec.objects import Window

    return (Window(0, 1439),)


def test_whoever_is_erased_leaves_and_does_not_come_back(world: World) -> None:
    begun(world, WELCOME, "ada", "bob")

    world.erase("ada")
    world.run(after=DAY)
    assert world.ended("ada") == "erased"
    assert world.stands("bob") == "wait"

    world.erase("eve")
    world.joins("newcomers", "eve")
    world.run(after=DAY)
    assert world.walks("eve") == 0
    assert world.refused("welcome")["erased"] == {"eve"}


def test_leaving_the_segment_ends_the_walk_where_the_file_says_so(world: World) -> None:
    begun(world, WELCOME.replace("steps:", "on_segment_exit: exit\nsteps:"), "ada", "bob")

    world.leaves("newcomers", "ada")
    world.run(after=DAY)

    assert world.ended("ada") == "segment_left"
    assert world.stands("bob") == "wait"


def test_leaving_the_segment_ends_nothing_by_itself(world: World) -> None:
    begun(world, WELCOME, "ada")

    world.leaves("newcomers", "ada")
    world.run(after=DAY)

    assert world.stands("ada") == "wait"
