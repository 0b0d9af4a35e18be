from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tidegate.connecting.exchange import Exchange
from tidegate.delivery.announced import Allowance
from tidegate.delivery.ledger import Ledger
from tidegate.delivery.pacing import Pacer, listen, sharing


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


def test_a_throttled_destination_is_called_less_often_and_recovers(clock: Clock) -> None:
    pacer = Pacer(100, clock)
    assert 95 <= made(pacer, clock, 1.0) <= 101
    pacer.throttled(clock.now, 0)

    assert 70 <= made(pacer, clock, 1.0) <= 80
    made(pacer, clock, 10.0)
    assert 95 <= made(pacer, clock, 1.0) <= 101


def test_calls_that_were_under_way_together_slow_it_down_once(clock: Clock) -> None:
    pacer = Pacer(100, clock)
    made(pacer, clock, 1.0)
    started = clock.now
    clock.now += 0.01
    for _ in range(8):
        pacer.throttled(started, 0)

    assert 70 <= made(pacer, clock, 1.0) <= 80


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


def test_it_feels_its_way_back_to_where_it_was_throttled_and_goes_beyond_slowly(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    assert made(pacer, clock, 1.0) > 500  # as fast as they come
    pacer.throttled(clock.now, 0)

    rates = [made(pacer, clock, 1.0) for _ in range(9)]
    assert rates[0] < 800
    assert rates == sorted(rates)
    assert rates[5] <= 1010


def test_throttling_by_chance_does_not_bring_the_rate_to_nothing(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    calls = 0
    end = clock.now + 120
    while clock.now < end:
        clock.now += max(pacer.reserve(), 0.001)
        calls += 1
        if calls % 10 == 0:
            pacer.throttled(clock.now, 0.1)
        else:
            pacer.went_well()

    assert calls / 120 > 1


def test_who_was_throttled_together_is_throttled_once_and_tried_again_after_the_longest_pause(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    started = clock.now
    clock.now += 0.1
    for after in (2.0, 5.0, 1.0):
        pacer.throttled(started, after)

    assert pacer.throttled_in_a_row == 1
    assert pacer.held == 5.0


def test_what_is_left_is_spread_over_its_window_before_it_runs_out(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    pacer.heard([Allowance(left=10, seconds=5, limit=100)], under_way=0)

    assert 9 <= made(pacer, clock, 5.0) <= 11
    assert made(pacer, clock, 1.0) > 100


def test_while_there_is_plenty_nobody_slows_down(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    pacer.heard([Allowance(left=60, seconds=5, limit=100), Allowance(left=900, seconds=86_400)], under_way=8)

    assert {pacer.reserve() for _ in range(100)} == {0.0}


def test_calls_under_way_are_thought_of_before_they_count(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    pacer.heard([Allowance(left=3, seconds=2, limit=10)], under_way=3)

    assert pacer.reserve() == pytest.approx(2)


def test_what_is_used_up_is_waited_for(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    pacer.heard([Allowance(left=0, seconds=30, limit=100)], under_way=0)

    assert pacer.held == 30


def test_a_share_that_runs_out_without_a_word_about_when_slows_down_once(clock: Clock) -> None:
    pacer = Pacer(100, clock)
    made(pacer, clock, 1.0)
    for _ in range(20):
        pacer.heard([Allowance(left=5, seconds=None, limit=100)], under_way=4)

    assert 70 <= made(pacer, clock, 1.0) <= 80


def test_when_to_ask_about_work_that_was_taken_keeps_no_other_call_waiting(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    listen(pacer, Exchange("POST", "/", 202, 0.1, limits={"retry-after": "120"}), 0)

    assert pacer.held == 0


def test_an_answer_is_heeded_as_it_came(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    listen(pacer, Exchange("POST", "/", 200, 0.1, limits={"retry-after": "7"}), 0)
    assert pacer.held == 7
    listen(pacer, Exchange("POST", "/", 200, 0.1, limits={"ratelimit-remaining": "0", "ratelimit-reset": "9"}), 0)
    assert pacer.held == 9
    limits = {
        "retry-after": "1",
        "x-business-use-case-usage": '{"1":[{"call_count":9,"estimated_time_to_regain_access":5}]}',
    }
    listen(pacer, Exchange("POST", "/", 429, 0.1, failed=True, limits=limits), 0)
    assert pacer.held == 9


def test_requests_that_a_call_made_besides_take_turns_too(clock: Clock) -> None:
    pacer = Pacer(10, clock)
    pacer.reserve()
    pacer.also_made(4)

    assert pacer.reserve() == pytest.approx(0.4, abs=0.11)


@pytest.fixture
def ledgers(tmp_path: Path, clock: Clock) -> Iterator[Callable[[], Ledger]]:
    made: list[Ledger] = []

    def ledger() -> Ledger:
        made.append(Ledger("a", tmp_path / "pace", clock))
        return made[-1]

    yield ledger
    for one in made:
        one.close()


def test_two_processes_keep_one_rate(clock: Clock, ledgers: Callable[[], Ledger]) -> None:
    pacers = [Pacer(50, clock, ledger=ledgers()) for _ in range(2)]
    began = clock.now
    turns = sorted(clock.now + pacer.reserve() - began for _ in range(50) for pacer in pacers)

    assert turns[-1] >= 1.8  # a hundred calls at fifty a second, a tenth of one caught up on
    for first in turns:
        assert sum(first <= turn < first + 1 for turn in turns) <= 62


def test_a_days_calls_are_used_up_and_those_not_made_are_given_back(
    clock: Clock, ledgers: Callable[[], Ledger]
) -> None:
    one, two = (Pacer(None, clock, per_day=1000, ledger=ledgers()) for _ in range(2))
    for _ in range(7):
        assert one.reserve() == 0.0
    one.close()
    left = 0
    while two.reserve() == 0.0:
        left += 1

    assert left == 993
    assert two.reserve() == math.inf


def test_a_day_is_kept_where_processes_cannot_tell_each_other(clock: Clock) -> None:
    pacer = Pacer(None, clock, per_day=10)
    pacer.spent_before(7)

    assert [pacer.reserve() for _ in range(5)] == [0.0, 0.0, 0.0, math.inf, math.inf]


def test_destinations_of_one_account_share_its_pace_and_the_stricter_limit_holds(state_folder: Path) -> None:
    with sharing("a", 10, None) as one, sharing("a", 5, 3) as two, sharing("b", None, None) as other:
        assert one is two
        assert other is not one
        waits = [one.reserve() for _ in range(3)]
        assert waits[2] - waits[1] == pytest.approx(0.2, abs=0.1)
        assert two.reserve() == math.inf
    with sharing("a", 10, None) as later:
        assert later is not one


def test_where_nobody_is_throttled_and_no_limit_is_stated_nothing_is_written(state_folder: Path) -> None:
    with sharing("unlimited", None, None) as pacer:
        pacer.reserve()
    with sharing("of the sandbox", math.inf, math.inf) as pacer:
        pacer.throttled(0.0, 1.0)

    assert not state_folder.exists()


@pytest.fixture
def processes(tmp_path: Path, clock: Clock) -> Iterator[Callable[[], Pacer]]:
    """Each call is another process that uses the same account, without a stated limit."""
    pacers: list[Pacer] = []

    def another() -> Pacer:
        pacers.append(Pacer(None, clock, ledger=Ledger("a", tmp_path / "pace", clock)))
        return pacers[-1]

    yield another
    for pacer in pacers:
        pacer.close()


def test_a_pause_and_a_rate_that_one_process_was_told_hold_for_the_others_within_a_second(
    processes: Callable[[], Pacer], clock: Clock
) -> None:
    one, two = processes(), processes()
    assert made(one, clock, 2.0) > 1500
    assert two.reserve() == 0.0
    clock.now += 0.5
    one.throttled(clock.now, 3)

    clock.now += 0.6
    two.reserve()
    assert two.held == pytest.approx(2.4)
    clock.now += 2.4
    assert made(two, clock, 1.0) < 900
    later = processes()
    assert made(later, clock, 1.0) < 950


@pytest.mark.parametrize("per_second", [None, 100])
def test_processes_find_their_shares_of_what_a_platform_takes(
    tmp_path: Path, clock: Clock, per_second: float | None
) -> None:
    """Three, at a platform that takes 50 calls a second from all together, and each of which would make 500."""
    ledgers = [Ledger("a", tmp_path / "pace", clock) for _ in range(3)]
    due = {Pacer(per_second, clock, ledger=ledger): clock.now for ledger in ledgers}
    waited: set[Pacer] = set()
    tokens, filled, taken, refused = 5.0, clock.now, 0, 0
    end = clock.now + 60
    while clock.now < end:
        pacer = min(due, key=due.__getitem__)
        clock.now = max(clock.now, due[pacer])
        wait = pacer.reserve() if pacer not in waited else pacer.reserve(again=True) if pacer.held else 0.0
        waited.add(pacer)
        due[pacer] = clock.now + wait
        if wait:
            continue
        waited.discard(pacer)
        due[pacer] = clock.now + 0.002
        tokens, filled = min(tokens + (clock.now - filled) * 50, 5.0), clock.now
        if tokens >= 1:
            tokens, taken = tokens - 1, taken + 1
            pacer.went_well()
        else:
            refused += 1
            pacer.throttled(clock.now, 0.2)

    for ledger in ledgers:
        ledger.close()
    assert taken > 0.8 * 50 * 60
    assert refused < 0.05 * taken


def test_calls_of_others_that_were_under_way_together_slow_the_account_down_once(
    processes: Callable[[], Pacer], clock: Clock
) -> None:
    one, two = processes(), processes()
    for _ in range(1000):
        one.reserve()
        two.reserve()
        clock.now += 0.001
    started = clock.now
    clock.now += 0.1
    one.throttled(started, 0)
    clock.now += 0.1
    two.throttled(started, 0)

    assert two.throttled_in_a_row == 0
    assert made(two, clock, 1.0) > 500


def test_what_was_learnt_is_forgotten_in_good_time(processes: Callable[[], Pacer], clock: Clock) -> None:
    one = processes()
    for _ in range(5):
        one.throttled(clock.now, 0.5)
        clock.now += 1
    soon = processes()
    assert max(soon.reserve() for _ in range(5)) > 0.3
    clock.now += 121

    late = processes()
    assert {late.reserve() for _ in range(100)} == {0.0}


def test_nobody_waits_for_longer_than_a_day(clock: Clock) -> None:
    pacer = Pacer(None, clock)
    pacer.heard([Allowance(left=0, seconds=1e12)], under_way=0)

    assert pacer.held == 86_400
