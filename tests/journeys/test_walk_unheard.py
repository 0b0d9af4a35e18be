"""A journey that waits for an event of which nobody ever heard."""

from __future__ import annotations

from tests.journeys.world import World

BOUGHT = """
journey: nurture
enter: {on: occur ref('leads')}
exit: {when: did('order_compelted')}
steps:
  - wait: {for: did('visited'), up_to: 1 day}
  - event: nurtured
  - if: did('nurtured')
    then: [{send: hello, by: email}]
"""


def test_an_event_that_never_happened_is_told_with_what_may_have_been_meant(world: World) -> None:
    world.trigger("leads")
    world.does("eve", "order_completed", "10:00")
    world.does("eve", "visited", "10:00")
    world.journey(BOUGHT)

    (note,) = world.of("nurture", world.run("11:00")).notes

    assert note.endswith("exit.when: no event `order_compelted` was ever seen; did you mean `order_completed`?")


def test_nothing_is_said_once_it_happened(world: World) -> None:
    world.trigger("leads")
    world.journey(BOUGHT)
    world.run("10:00")
    world.does("eve", "order_compelted", "10:30")
    world.does("eve", "visited", "10:30")

    assert world.of("nurture", world.run("11:00")).notes == ()
