from __future__ import annotations

import math

import pytest

from tidegate.delivery.pacing import Pacer


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def made(pacer: Pacer, clock: Clock, seconds: float) -> int:
    """Calls that somebody makes who has no end of them."""
    end, calls = clock.now + seconds, 0
    while True:
        wait = pacer.reserve()
        clock.now += max(wait, 0.001)
        if clock.now > end:
            return calls
        calls += 1


def test_calls_are_spread_evenly_and_do_not_come_in_a_burst(clock: Clock) -> None:
    pacer = Pacer(10, clock)

    assert [round(pacer.reserve(), 3) for _ in range(5)] == [0.0, 0.1, 0.2, 0.3, 0.4]


def test_no_second_has_more_calls_than_allowed_however_long_nothing_happened(clock: Clock) -> None:
    pacer = Pacer(50, clock)
    clock.now += 3600

    assert made(pacer, clock, 1.0) <= 50 * 1.1 + 1


@pytest.mark.parametrize("per_second", [None, math.inf])
def test_without_a_limit_nobody_waits(clock: Clock, per_second: float | None) -> None:
    pacer = Pacer(per_second, clock)

    assert {pacer.reserve() for _ in range(1000)} == {0.0}


def test_nothing_is_called_before_the_destination_wants_it(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    pacer.throttled(clock.now, 30)

    assert pacer.reserve() == 30
    assert pacer.held == 30


def test_a_throttled_destination_is_called_half_as_often_and_recovers(clock: Clock) -> None:
    pacer = Pacer(100, clock)
    assert 95 <= made(pacer, clock, 1.0) <= 101
    pacer.throttled(clock.now, 0)

    assert 45 <= made(pacer, clock, 1.0) <= 55
    made(pacer, clock, 10.0)
    assert 95 <= made(pacer, clock, 1.0) <= 101


def test_calls_that_were_under_way_together_slow_it_down_once(clock: Clock) -> None:
    pacer = Pacer(100, clock)
    made(pacer, clock, 1.0)
    started = clock.now
    clock.now += 0.01
    for _ in range(8):
        pacer.throttled(started, 0)

    assert 45 <= made(pacer, clock, 1.0) <= 55


def test_who_does_not_say_how_long_to_wait_is_left_alone_longer_each_time(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    pauses = []
    for _ in range(6):
        pacer.throttled(clock.now, None)
        pauses.append(pacer.held)
        clock.now += pacer.held

    assert 0.5 <= pauses[0] <= 1
    assert 16 <= pauses[5] <= 32
    pacer.went_well()
    pacer.throttled(clock.now, None)
    assert pacer.held <= 1
