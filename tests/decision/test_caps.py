"""Frequency caps and throttles: who wins, what is held until when, what counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.decision.world import START, World, of, welcome
from tidegate.spec.objects import Cap, Guard, Send, Throttle
from tidegate.spec.quantities import windows

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def campaign(world: World, name: str, by: str = "mail", **changes: object) -> None:
    """An audience of its own that writes once to whoever enters."""
    given = {"guard": Guard(None, None), "expires_after": 3 * DAY, **changes}
    world.audience(welcome(name, on_enter=(Send(name, (by,)),), **given))


def ready(world: World) -> set[str]:
    """Audience and person of what may go."""
    return {":".join(str(key).split(":")[:2]) for key in world.planned()}


def test_of_several_the_most_urgent_go_then_the_oldest_then_the_first_by_key(world: World) -> None:
    world.settings["caps"] = (Cap("any", 3, 7 * DAY),)
    for name, priority in (("c_late", 0), ("b", 0), ("a", 0), ("urgent", 5)):
        campaign(world, name, priority=priority)
    world.decide()
    world.settings["quiet_hours"] = {"email": windows("00:00-01:00")}
    world.in_segment("b", "ada")
    world.decide()  # held for the night, so that it is due before the others
    for name in ("c_late", "a", "urgent"):
        world.in_segment(name, "ada")

    decision = world.decide(after=2 * HOUR)

    assert ready(world) == {"urgent:ada", "b:ada", "a:ada"}
    # the window of seven days outlasts the message: it can never go
    assert of(decision, "c_late").withheld == {"cap": 1}


def test_over_the_cap_is_held_until_the_window_frees_and_goes_then(world: World) -> None:
    world.settings["caps"] = (Cap("email", 1, 2 * DAY),)
    campaign(world, "one")
    campaign(world, "two")
    world.decide()
    world.in_segment("one", "ada")
    world.decide()
    world.send_what_is_ready()
    world.in_segment("two", "ada")
    decision = world.decide()

    frees = START + 3 * DAY
    assert of(decision, "two").held == {"cap": 1}
    assert world.told() == [("ada", "hold", "cap", frees)]
    world.decide(after=DAY - timedelta(seconds=1))
    assert ready(world) == set()
    world.decide(after=timedelta(seconds=1))
    assert ready(world) == {"two:ada"}
    assert len(world.told()) == 1


def test_what_would_be_too_late_when_the_window_frees_is_skipped(world: World) -> None:
    world.settings["caps"] = (Cap("any", 1, 7 * DAY),)
    campaign(world, "one")
    campaign(world, "two")
    world.decide()
    world.in_segment("one", "ada")
    world.in_segment("two", "ada")

    decision = world.decide()

    assert of(decision, "one").withheld == {}
    assert of(decision, "two").withheld == {"cap": 1}


@pytest.mark.parametrize(
    ("state", "counts"), [("accepted", True), ("unknown", True), ("claimed", True), ("rejected", False)]
)
def test_what_was_sent_or_may_have_been_counts(world: World, state: str, counts: bool) -> None:
    world.settings["caps"] = (Cap("any", 1, 2 * DAY),)
    campaign(world, "one")
    campaign(world, "two")
    world.decide()
    world.in_segment("one", "ada")
    world.decide()
    world.send_what_is_ready()
    world.rows("update tidegate.outbox set state = $state where source = 'one'", state=state)
    world.in_segment("two", "ada")

    decision = world.decide()

    assert bool(of(decision, "two").held) is counts


def test_receipts_neither_count_nor_are_counted(world: World) -> None:
    world.settings["caps"] = (Cap("any", 1, 2 * DAY),)
    world.topics["receipt"] = "transactional"
    for name in ("receipt", "one", "two"):
        campaign(world, name)
    world.decide()
    for name in ("receipt", "one", "two"):
        world.in_segment(name, "ada")

    decision = world.decide()

    assert ready(world) == {"receipt:ada", "one:ada"}
    assert of(decision, "two").held == {"cap": 1}


def test_what_its_channels_cap_holds_takes_no_place_of_others(world: World) -> None:
    world.settings["caps"] = (Cap("any", 2, 2 * DAY), Cap("sms", 1, 2 * DAY))
    campaign(world, "a", by="texts", priority=9)
    campaign(world, "b", by="texts", priority=8)
    campaign(world, "c", by="mail", priority=7)
    campaign(world, "d", by="mail", priority=6)
    world.decide()
    for name in "abcd":
        world.in_segment(name, "ada")

    world.decide()

    assert ready(world) == {"a:ada", "c:ada"}


def test_another_persons_messages_are_another_matter(world: World) -> None:
    world.settings["caps"] = (Cap("any", 1, 2 * DAY),)
    campaign(world, "one")
    campaign(world, "two")
    world.decide()
    world.in_segment("one", "ada")
    world.in_segment("two", "grace")

    world.decide()

    assert ready(world) == {"one:ada", "two:grace"}


def test_a_throttle_spreads_messages_over_runs_the_most_urgent_first(world: World) -> None:
    world.throttles["mail"] = Throttle(3, HOUR)
    world.topics["receipt"] = "transactional"
    campaign(world, "low")
    campaign(world, "high", priority=5)
    campaign(world, "receipt")
    world.decide()
    world.in_segment("low", *"abcd")
    world.in_segment("high", "e", "f")
    world.in_segment("receipt", "g")

    first = world.decide()
    assert ready(world) == {"receipt:g", "high:e", "high:f"}
    assert of(first, "low").held == {"throttle": 4}
    assert {row[1:] for row in world.told()} == {("hold", "throttle", world.as_of + HOUR)}
    world.send_what_is_ready()
    world.decide(after=HOUR / 2)
    assert ready(world) == set()
    world.decide(after=HOUR / 2)
    assert ready(world) == {"low:a", "low:b", "low:c"}
    world.send_what_is_ready()
    world.decide(after=HOUR)
    assert ready(world) == {"low:d"}


def test_a_refused_message_used_the_destinations_time_too(world: World) -> None:
    world.throttles["mail"] = Throttle(1, HOUR)
    campaign(world, "one")
    world.decide()
    world.in_segment("one", "ada", "grace")
    world.decide()
    world.send_what_is_ready()
    world.rows("update tidegate.outbox set state = 'rejected' where state = 'accepted'")

    decision = world.decide(after=HOUR / 2)

    assert of(decision, "one").held == {"throttle": 1}


def test_what_a_throttle_cannot_let_through_in_time_is_skipped(world: World) -> None:
    world.throttles["mail"] = Throttle(1, 4 * DAY)
    campaign(world, "one")
    world.decide()
    world.in_segment("one", "ada", "grace")

    first = world.decide()
    world.send_what_is_ready()
    second = world.decide(after=HOUR)

    assert (of(first, "one").held, of(first, "one").withheld) == ({"throttle": 1}, {})
    assert (of(second, "one").held, of(second, "one").withheld) == ({}, {"throttle": 1})
