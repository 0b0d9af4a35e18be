from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

import aiohttp
import pytest

from tests.delivery.wire import Wire, WireThatCanBeAsked, WireThatDropsRepeats
from tests.delivery.world import World
from tidegate.connector import Message, Outcome, Row, Target
from tidegate.errors import InDoubt, Unsupported
from tidegate.results import Delivery


def test_wrong_credentials_stop_the_destination_at_the_first_call(world: World) -> None:
    world.messages(world.people(100))
    world.platform.faults.extend(["401"] * 200)

    delivery = world.deliver(concurrency=1)

    assert delivery.calls == 1
    assert delivery.owed == 100
    assert delivery.problem.startswith("wire: unauthorized (")
    assert delivery.problem.endswith("100 messages stay owed, the next run takes them up")
    world.platform.faults.clear()
    world.run()
    assert set(world.platform.received.values()) == {1}
    assert len(world.platform.received) == 100


def test_a_dead_platform_is_left_alone_soon_and_nothing_is_lost(world: World) -> None:
    world.owe("add", {str(number): f"{number}@x" for number in range(500)})
    world.platform.faults.extend(["500"] * 1000)

    delivery = world.deliver(concurrency=2)

    assert delivery.calls < 20
    assert delivery.owed == 500
    assert "calls failed in a row; 500 rows stay owed" in delivery.problem
    world.platform.faults.clear()
    assert world.run().accepted == 500


def test_a_platform_that_nobody_answers_for_is_a_problem_and_not_an_error(world: World) -> None:
    world.messages(world.people(3))
    world.platform.url = "http://127.0.0.1:9"

    delivery = world.deliver(time_budget=0.5)

    assert delivery.owed == 3
    assert "wire: unreachable" in delivery.problem
    assert world.count("planned") == 3


def test_a_throttled_destination_is_left_alone_for_as_long_as_it_asks(world: World) -> None:
    keys = world.messages(world.people(6))
    world.platform.faults.append("429:1")

    delivery = world.deliver(concurrency=1)

    pauses = [after - before for before, after in pairwise(world.platform.call_times)]
    assert pauses[0] >= 1.0
    assert (delivery.accepted, delivery.problem) == (6, "")
    assert world.platform.received == dict.fromkeys(keys, 1)


def test_a_pause_longer_than_the_run_has_time_for_ends_the_delivery(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.platform.faults.append("429:3600")
    began = time.monotonic()

    delivery = world.deliver(concurrency=1, time_budget=60)

    assert time.monotonic() - began < 10
    assert delivery.calls == 1
    assert "wire: throttled (" in delivery.problem
    assert "it asks for a pause of 60 minutes, longer than this run has time; 2 rows stay owed" in delivery.problem
    again = world.run(concurrency=1)
    assert (again.calls, again.owed) == (0, 2)
    assert "wire: throttled; it asks for a pause of 60 minutes, longer than" in again.problem


@pytest.mark.parametrize("after", ["1000000000000000", "Fri, 31 Dec 9999 23:59:59 GMT", "-5"])
def test_a_pause_that_nobody_can_mean_costs_a_day_at_most(world: World, after: str) -> None:
    world.messages(world.people(1))
    world.owe("add", {"1": "a@x"})
    world.platform.faults.extend([f"429:{after}"] * 2)

    world.deliver(concurrency=1, time_budget=0.5)

    tries = world.query("select due_at from tidegate.outbox union all select next_try from tidegate.owed")
    assert max(found for (found,) in tries) <= world.now + timedelta(days=1)


def test_no_more_calls_a_second_than_the_destination_allows(world: World) -> None:
    world.messages(world.people(20))

    world.deliver(per_second=20)

    times = world.platform.call_times
    assert times[-1] - times[0] >= 0.8


def test_no_more_calls_at_once_than_the_destination_allows(world: World) -> None:
    world.messages(world.people(20))
    world.platform.slow = 0.02

    world.deliver(concurrency=3)

    assert world.platform.most_at_once == 3


def test_no_call_starts_after_the_time_is_up(world: World) -> None:
    keys = world.messages(world.people(50))
    world.platform.slow = 0.1

    delivery = world.deliver(concurrency=1, time_budget=0.5)

    assert 0 < delivery.accepted < 10
    assert delivery.accepted + delivery.owed == 50
    assert "its 0.5 seconds in this run are used up" in delivery.problem
    world.platform.slow = 0
    world.run()
    assert world.platform.received == dict.fromkeys(keys, 1)


def test_a_platform_that_drops_repeats_is_sent_the_same_key_again(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.append("lost")

    delivery = world.deliver(WireThatDropsRepeats)

    assert (delivery.accepted, delivery.unknown) == (1, 0)
    assert world.states() == {key: "accepted"}


def test_what_is_in_doubt_after_a_run_is_sent_again_to_a_platform_that_knows_it_again(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.extend(["lost", *["500"] * 100])

    delivery = world.deliver(WireThatDropsRepeats)

    assert (delivery.owed, delivery.unknown) == (1, 0)
    assert world.states() == {key: "planned"}
    assert world.query("select outcome from tidegate.attempts") == [("unknown",)]
    world.platform.faults.clear()
    world.run(connector=WireThatDropsRepeats)
    assert world.states() == {key: "accepted"}


def test_what_is_in_doubt_is_not_sent_again_once_the_platform_has_forgotten_it(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.extend(["lost", *["500"] * 100])
    world.deliver(WireThatDropsRepeats)
    world.platform.faults.clear()
    world.query("update tidegate.attempts set claimed_at = claimed_at - interval 23 hours")

    delivery = world.run(connector=WireThatDropsRepeats)

    assert delivery.calls == 0
    assert world.states() == {key: "unknown"}
    assert world.platform.received == {key: 1}


def test_what_was_put_off_after_it_was_in_doubt_is_in_doubt_still(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.extend(["lost", *["503:0"] * 100])
    world.deliver(WireThatDropsRepeats)
    world.platform.faults.clear()

    assert world.query("select outcome from tidegate.attempts") == [("unknown",)]
    world.run()  # by a connector that is not recognised again
    assert world.states() == {key: "unknown"}
    assert world.platform.received == {key: 1}


def test_what_is_in_doubt_and_came_too_late_to_be_sent_again_is_not_said_to_be_withheld(world: World) -> None:
    (key,) = world.messages(world.people(1), expires=timedelta(minutes=30))
    world.platform.faults.extend(["lost", *["500"] * 100])
    world.deliver(WireThatDropsRepeats)
    world.platform.faults.clear()

    assert world.run(connector=WireThatDropsRepeats).calls == 0
    assert world.query("select state, reason from tidegate.outbox") == [("unknown", "expired")]
    assert world.platform.received == {key: 1}


def test_a_platform_that_can_be_asked_tells_what_became_of_a_message(world: World) -> None:
    arrived, lost = world.messages(world.people(2))
    world.platform.faults.extend(["lost", "broken"])

    delivery = world.deliver(WireThatCanBeAsked, concurrency=1)

    assert (delivery.accepted, delivery.unknown) == (1, 1)
    assert world.states() == {arrived: "accepted", lost: "unknown"}
    assert world.platform.received == {arrived: 1}


def test_what_was_unknown_is_asked_for_again_at_the_next_run(world: World) -> None:
    (key,) = world.messages(world.people(1))
    world.platform.faults.append("lost")
    world.deliver()
    assert world.states() == {key: "unknown"}

    world.run(connector=WireThatCanBeAsked)

    assert world.states() == {key: "accepted"}
    assert world.platform.received == {key: 1}


class WireWithABug(Wire):
    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        await super().send(messages)
        raise KeyError(messages[0].to)

    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return (await super().upsert(target, rows))[1:]


def test_an_exception_nobody_expected_leaves_a_message_unknown_and_tells_no_address(world: World) -> None:
    (key,) = world.messages(world.people(1))

    delivery = world.deliver(WireWithABug)

    assert delivery.unknown == 1
    assert "KeyError" in delivery.problem
    assert "example.com" not in delivery.problem
    assert world.query("select reason, detail from tidegate.attempts") == [("unexpected", "KeyError")]
    world.run()
    assert world.platform.received == {key: 1}


def test_a_connector_that_miscounts_is_not_believed(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})

    delivery = world.deliver(WireWithABug, batch=2, time_budget=0.5)

    assert delivery.owed == 2
    assert "miscounted (1 outcomes for 2)" in delivery.problem


class WireWithoutLists(Wire):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        raise Unsupported("cannot hold rows", "wire")


def test_what_a_destination_cannot_do_is_said(world: World) -> None:
    world.owe("add", {"1": "a@x"})

    delivery = world.deliver(WireWithoutLists)

    assert delivery.rejected == 1
    assert delivery.problem == "wire: cannot hold rows (wire)"


class WireThatDoesNotOpen(Wire):
    closed = False

    async def open(self, session: aiohttp.ClientSession) -> None:
        raise InDoubt("down", "for repair")

    async def close(self) -> None:
        type(self).closed = True


def test_a_connector_that_does_not_open_claims_nothing_and_is_closed(world: World) -> None:
    world.messages(world.people(2))

    delivery = world.deliver(WireThatDoesNotOpen)

    assert delivery.problem == "wire: down (for repair); 2 messages stay owed, the next run takes them up"
    assert world.count("ready") == 2
    assert WireThatDoesNotOpen.closed


def test_a_platform_that_refuses_everything_is_not_asked_for_each_row(world: World) -> None:
    world.owe("add", {str(number): f"{number}@x" for number in range(2000)})
    world.platform.faults.extend(["400"] * 10_000)

    delivery = world.deliver(batch=100, concurrency=1)

    assert delivery.calls == 200
    assert "it refused 200 calls in a row and accepted nothing" in delivery.problem
    assert delivery.rejected + delivery.owed == 2000


def test_progress_is_told_and_never_goes_back(world: World) -> None:
    world.messages(world.people(60))
    world.platform.slow = 0.02
    seen: list[Delivery] = []

    delivery = world.deliver(concurrency=2, on_progress=seen.append)

    accepted = [progress.accepted for progress in seen]
    assert accepted == sorted(accepted)
    assert 0 < accepted[len(accepted) // 2] < 60
    assert delivery.accepted == 60


def test_another_thread_can_end_a_delivery_and_nothing_is_lost(world: World) -> None:
    keys = world.messages(world.people(200))
    world.platform.slow = 0.05
    stop = threading.Event()
    threading.Timer(0.6, stop.set).start()

    delivery = world.deliver(concurrency=2, stop=stop)

    assert 0 < delivery.accepted < 200
    assert delivery.accepted + delivery.owed == 200
    assert delivery.problem.startswith("wire: interrupted")
    world.platform.slow = 0
    world.run()
    assert world.platform.received == dict.fromkeys(keys, 1)


def test_several_destinations_are_delivered_to_side_by_side(world: World) -> None:
    keys = world.messages(world.people(100))
    others = world.messages([str(number) for number in range(1, 101)], message="other", destination="wire2")
    world.query("update tidegate.outbox set destination = 'wire2' where message = 'other'")
    found: dict[str, Delivery] = {}

    def deliver(name: str) -> None:
        found[name] = world.deliver(destination=name)

    threads = [threading.Thread(target=deliver, args=(name,)) for name in ("wire", "wire2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert {name: delivery.accepted for name, delivery in found.items()} == {"wire": 100, "wire2": 100}
    assert world.platform.received == dict.fromkeys([*keys, *others], 1)


@pytest.mark.parametrize("fault", ["garbled", "lost"])
def test_an_answer_that_cannot_be_read_never_makes_a_message_go_twice(world: World, fault: str) -> None:
    keys = world.messages(world.people(5))
    world.platform.faults.extend(["", fault, "", fault])

    world.deliver()
    world.run()

    assert world.platform.received == dict.fromkeys(keys, 1)
    assert world.count("unknown") == 2
