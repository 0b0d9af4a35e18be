"""The walk is over, and a message of it still waits."""

from __future__ import annotations

import pytest

from tests.journeys.world import World

REMINDED = """
journey: reminded
enter: {on: occur ref('carts')}
exit: {when: did('order_completed')}
steps:
  - {send: reminder, by: email}
"""


@pytest.fixture
def held(world: World) -> World:
    """Ada left a cart; her reminder is the journey's last step, and sends are paused."""
    world.trigger("carts")
    world.journey(REMINDED)
    world.run()
    world.journey("status: sends_paused\n" + REMINDED)
    world.occurs("carts", "ada", "11:00")
    world.run("11:00")
    assert world.ended("ada") == "completed"
    return world


def test_a_message_that_was_held_goes_once_it_may(held: World) -> None:
    held.journey(REMINDED)

    held.run("13:00")

    assert held.sent("ada") == ["reminder"]


def test_who_buys_while_the_last_message_is_held_does_not_get_it(held: World) -> None:
    held.does("ada", "order_completed", "11:30")
    held.journey(REMINDED)

    held.run("13:00")

    assert held.sent("ada") == []
    assert held.rows("select state, reason from tidegate.outbox") == [("skipped", "exited")]
    assert ("skip", "exited") in held.rows("select verdict, reason from tidegate.decisions")
    assert held.ended("ada") == "completed"


def test_who_reaches_the_goal_while_the_last_message_is_held_does_not_get_it(held: World) -> None:
    aimed = REMINDED.replace("exit: {when: did('order_completed')}", "goal: {did: order_completed, within: 2 days}")
    held.journey("status: sends_paused\n" + aimed)
    held.run("11:10")
    held.occurs("carts", "grace", "11:20")
    held.run("11:20")
    held.does("grace", "order_completed", "11:30")
    held.journey(aimed)

    held.run("13:00")

    assert (held.sent("grace"), held.sent("ada")) == ([], ["reminder"])


def test_a_stopped_journey_sends_nothing_more(held: World) -> None:
    held.journey("status: stopped\n" + REMINDED)
    held.run("12:00")
    held.journey(REMINDED)

    held.run("13:00")

    assert held.sent("ada") == []
