"""A platform that throttles, defers or fails much of the time: nothing lost, little asked in vain, and said clearly."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Sequence

import pytest
from pydantic import SecretStr

from tests.delivery.wire import Settings, Wire
from tests.delivery.world import World
from tidegate.connecting.http import call
from tidegate.connector import Message, Outcome
from tidegate.delivery import calls, pacing
from tidegate.errors import Closed
from tidegate.requested import requested


def test_a_list_converges_through_a_storm_and_its_bad_rows_are_named(world: World) -> None:
    rows = {str(number): f"{number}@x" for number in range(600)}
    world.owe("add", rows)
    bad = {json.dumps({"email": f"{number}@x"}, sort_keys=True) for number in range(0, 600, 100)}
    world.platform.refused |= bad
    dice = random.Random(7)
    world.platform.faults.extend(dice.choice(["", "", "", "", "429:0.01", "500"]) for _ in range(400))
    made = 0
    for _ in range(5):
        delivery = world.deliver(batch=20, concurrency=4)
        made += delivery.calls
        if not delivery.owed:
            break
        world.later()
        world.recover()

    assert len(world.held()) == 594
    assert world.believed() == world.held()
    assert {(state, reason) for _, _, state, reason in world.owed()} == {("refused", "told_to_refuse")}
    assert len(world.owed()) == 6
    # A third of the calls fails: each row takes 1.5 calls, and few are made beyond.
    assert made <= 30 * 1.5 * 1.4


def test_calls_that_are_throttled_together_do_not_end_the_delivery(world: World) -> None:
    keys = world.messages(world.people(40))
    world.platform.slow = 0.05
    world.platform.faults.extend(["429:0.1"] * 16)

    delivery = world.deliver(concurrency=16)

    assert (delivery.accepted, delivery.problem) == (40, "")
    assert world.platform.received == dict.fromkeys(keys, 1)


class WireThatDefers(Wire):
    """As mail servers do: 451 for some, or all."""

    reason = "smtp_451"
    every = 1
    count = itertools.count()

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        if next(self.count) % self.every == 0:
            return [Outcome.retry(self.reason, detail="451 4.3.0 try again later") for _ in messages]
        return await super().send(messages)


@pytest.fixture
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are as many, and a hundredth as long."""
    monkeypatch.setattr(calls, "_FIRST_BACK_OFF", 0.005)
    monkeypatch.setattr(pacing, "_FIRST_HOLD", 0.01)


@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize("people", [1, 3, 200])
def test_a_server_that_defers_every_message_is_a_failed_destination(world: World, people: int) -> None:
    world.messages(world.people(people))

    delivery = world.deliver(WireThatDefers, concurrency=4)

    assert (delivery.accepted, delivery.owed) == (0, people)
    assert delivery.failed
    assert delivery.problem.startswith("wire: smtp_451 (451 4.3.0 try again later)")
    assert delivery.calls <= 35
    assert world.count("planned") + world.count("ready") == people


class WireThatDefersSome(WireThatDefers):
    every = 3
    count = itertools.count()


@pytest.mark.usefixtures("in_a_hurry")
def test_a_server_that_defers_some_messages_takes_them_a_little_later(world: World) -> None:
    keys = world.messages(world.people(30))

    delivery = world.deliver(WireThatDefersSome, concurrency=4)

    assert (delivery.accepted, delivery.problem) == (30, "")
    assert world.platform.received == dict.fromkeys(keys, 1)


class WireThatThrottles(WireThatDefers):
    reason = "throttled"


@pytest.mark.usefixtures("in_a_hurry")
def test_a_server_that_throttles_throughout_is_left_alone_soon(world: World) -> None:
    world.messages(world.people(50))

    delivery = world.deliver(WireThatThrottles, concurrency=4)

    assert delivery.accepted == 0
    assert delivery.calls <= 24
    assert "wire: throttled (451 4.3.0 try again later); 5 times in a row" in delivery.problem
    assert "50 messages stay owed" in delivery.problem


def test_the_pauses_of_a_server_that_says_nothing_come_to_some_ten_seconds() -> None:
    now = 100.0
    pacer = pacing.Pacer(None, lambda: now)
    waited = 0.0
    for _ in range(4):
        pacer.throttled(now, None)
        waited += pacer.held
        now += pacer.held

    assert 7 <= waited <= 15


def test_a_pause_announced_in_passing_that_is_too_long_ends_the_delivery_at_once(world: World) -> None:
    world.messages(world.people(5))
    world.platform.announces = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "3600"}
    began = time.monotonic()

    delivery = world.deliver(concurrency=1, time_budget=60)

    assert time.monotonic() - began < 10
    assert (delivery.accepted, delivery.owed) == (1, 4)
    assert ", longer than this run has time" in delivery.problem


def test_what_is_announced_is_heeded_before_it_is_too_late(world: World) -> None:
    world.messages(world.people(4))
    world.platform.announces = {"RateLimit-Remaining": "0", "RateLimit-Reset": "0.2"}

    world.deliver(concurrency=1)

    times = world.platform.call_times
    assert min(after - before for before, after in itertools.pairwise(times)) >= 0.19


def test_a_days_calls_are_counted_across_runs_and_the_rest_stays_owed(world: World) -> None:
    world.messages(world.people(10))

    first = world.deliver(per_day=6)
    again = world.run(per_day=6)

    assert (first.accepted, first.owed) == (6, 4)
    assert "the 6 calls that are allowed in 24 hours (`per_day`) are used up, and free again" in first.problem
    assert first.problem.endswith("a day after each was made; 4 messages stay owed, the next run takes them up")
    assert (again.calls, again.owed) == (0, 4)
    assert world.run(per_day=100).accepted == 4


def test_a_machine_without_memory_of_the_day_asks_the_warehouse(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world.messages(world.people(10))
    world.deliver(per_day=6)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("another machine")))

    assert world.run(per_day=8).accepted == 2


class WithSecrets(Settings):
    access_token: SecretStr = SecretStr("s3cr3t-t0ken")
    signing_key: SecretStr = SecretStr("")


class WireThatOpensWithAToken(Wire):
    async def open(self, session: object) -> None:
        raise Closed("unauthorized", "the token has expired")


@pytest.mark.parametrize("connector", [Wire, WireThatOpensWithAToken])
def test_wrong_credentials_say_which_setting_of_which_destination_to_check(
    world: World, connector: type[Wire], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.delivery.world.Settings", WithSecrets)
    world.messages(world.people(2))
    world.platform.faults.append("401")

    problem = world.deliver(connector, concurrency=1).problem

    assert problem.startswith("wire: unauthorized (")
    assert "; check `access_token` of `wire` in tidegate.yml; 2 messages stay owed" in problem
    assert "s3cr3t" not in problem


class WireThatAsksFirst(Wire):
    """Two requests for each call."""

    async def send(self, messages: Sequence[Message]) -> list[Outcome]:
        await call(self.session, "POST", f"{self.settings.url}/lookup", safe_to_repeat=True, json={"rows": []})
        return await super().send(messages)


def test_a_call_that_takes_several_requests_takes_several_turns(world: World) -> None:
    world.messages(world.people(6))

    delivery = world.deliver(WireThatAsksFirst, per_second=20, concurrency=1, per_day=100)

    times = world.platform.call_times
    assert delivery.accepted == 6
    assert times[-1] - times[0] >= 0.4
    assert requested(world.warehouse).last_24_hours[0].requests == 12
    assert world.run().owed == 0
