"""A delivery that is killed anywhere: nothing lost, no message twice, lists converge."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time

import pytest

from tests.delivery.wire import WireThatDropsRepeats
from tests.delivery.world import World, on_list

AT_ONCE = 3
CLAIMS = 3  # messages, rows to put there, rows to take away

A_CLAIM = ["journal created", "claim committed", "journal synced", "settle uncommitted", "settle committed"]
A_CALL = ["before call", "call started", "call returned", "outcome written"]


@pytest.fixture
def busy(world: World) -> World:
    """Messages to send, people to add, update and remove; 12 messages and 4 batches of rows."""
    world.owe("add", {"1": "one@x", "2": "two@x", "3": "three@x"})
    world.deliver(batch=10)
    world.later()
    world.platform.calls.clear()
    world.owe("add", {"4": "four@x", "5": "five@x"})
    world.owe("update", {"1": "first@x"})
    world.owe("remove", {"3": "three@x"})
    world.messages(world.people(12))
    return world


def ends_well(world: World, *, unknown: int = AT_ONCE) -> None:
    """After the next run everybody was told once, and the list is as it should be."""
    world.later()
    world.recover()
    assert world.query("select count(*) from tidegate.outbox where state in ('claimed', 'ready')") == [(0,)]
    assert world.query("select count(*) from tidegate.owed where state = 'claimed'") == [(0,)]
    world.gate()
    delivery = world.deliver(batch=2, concurrency=AT_ONCE)
    assert delivery.problem == ""

    states = world.states()
    assert set(states.values()) <= {"accepted", "unknown"}
    assert world.count("unknown") <= unknown
    for key, state in states.items():
        assert world.platform.received[key] == 1 if state == "accepted" else world.platform.received[key] <= 1
    assert world.held() == world.believed() == on_list("first@x", "two@x", "four@x", "five@x")
    assert world.owed() == []
    assert world.journals == []
    assert world.query("select count(*) from tidegate.attempts where settled_at is null") == [(0,)]


@pytest.mark.parametrize("claim", range(1, CLAIMS + 1))
@pytest.mark.parametrize("name", [*A_CLAIM, "journal deleted"])
def test_killed_while_claiming_or_settling(busy: World, name: str, claim: int) -> None:
    assert busy.in_a_process(f"{name}:{claim}", concurrency=AT_ONCE) == -signal.SIGKILL

    ends_well(busy, unknown=0)


@pytest.mark.parametrize("nth", [2, pytest.param(14, marks=pytest.mark.soak), 17])
@pytest.mark.parametrize("name", A_CALL)
def test_killed_around_a_call(busy: World, name: str, nth: int) -> None:
    assert busy.in_a_process(f"{name}:{nth}", concurrency=AT_ONCE) == -signal.SIGKILL

    ends_well(busy)


@pytest.mark.parametrize("name", ["journal read", "settle uncommitted", "settle committed", "claim recovered"])
@pytest.mark.parametrize("before", [pytest.param("call started:3", marks=pytest.mark.soak), "call returned:14"])
def test_killed_while_recovering_from_having_been_killed(busy: World, before: str, name: str) -> None:
    assert busy.in_a_process(before, concurrency=AT_ONCE) == -signal.SIGKILL
    assert busy.in_a_process(f"{name}:1", "recover") == -signal.SIGKILL

    ends_well(busy)


def test_recovering_twice_changes_nothing_the_second_time(busy: World) -> None:
    busy.in_a_process("call returned:4", concurrency=AT_ONCE)

    first = busy.recover()
    settled = busy.query("select * from tidegate.outbox order by message_key")
    second = busy.recover()

    assert first.claims == 1
    assert (first.released + first.unknown + first.accepted) == 12
    assert second.claims == 0
    assert busy.query("select * from tidegate.outbox order by message_key") == settled


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 12))])
def test_killed_at_random_instants_again_and_again(busy: World, seed: int) -> None:
    chance = random.Random(seed)
    busy.platform.slow = 0.02
    killed = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.delivery.process", busy.asked(concurrency=AT_ONCE, batch=1)],
            cwd=busy.checkout,
            stderr=subprocess.PIPE,
        )
        time.sleep(0.4 + chance.random())
        process.kill()
        _, complaint = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), complaint
        killed += process.returncode != 0
        busy.later()
        busy.recover()
        busy.gate()

    ends_well(busy, unknown=AT_ONCE * killed)
    assert killed


def lose_power(world: World, *, lines: int | None = None) -> None:
    """The machine starts anew, and only so many lines of the journal had reached the disk."""
    (journal,) = world.journals
    header, *others = journal.read_text().splitlines(keepends=True)[:lines]
    before = json.loads(header)
    journal.write_text(json.dumps({**before, "boot": f"before {before['boot']}"}) + "\n" + "".join(others))


def test_without_power_what_may_have_been_sent_is_not_sent_again(busy: World) -> None:
    busy.in_a_process("call started:1", concurrency=AT_ONCE)
    lose_power(busy, lines=2)

    recovered = busy.recover()

    assert (recovered.unknown, recovered.released) == (12, 0)
    ends_well(busy, unknown=12)
    assert sum(busy.platform.received.values()) == 0


def test_without_power_what_was_not_within_reach_yet_is_sent(busy: World) -> None:
    people = busy.people(700)
    busy.messages(people[12:], message="offer", priority=1)
    busy.in_a_process("call started:1", concurrency=1)
    lose_power(busy, lines=2)

    recovered = busy.recover()

    assert (recovered.unknown, recovered.released) == (500, 200)


def test_without_power_rows_are_in_doubt_and_sent_again(busy: World) -> None:
    busy.in_a_process("claim committed:2", concurrency=AT_ONCE)
    lose_power(busy)

    assert busy.recover().in_doubt == 3
    ends_well(busy, unknown=0)


def test_without_power_outcomes_that_were_on_disk_count(busy: World) -> None:
    busy.in_a_process("journal synced:1", concurrency=AT_ONCE)
    lose_power(busy)

    assert busy.recover().accepted == 12


def test_a_torn_last_line_is_not_read(busy: World) -> None:
    busy.in_a_process("journal synced:1", concurrency=1)
    (journal,) = busy.journals
    journal.write_bytes(journal.read_bytes()[:-7])

    recovered = busy.recover()

    assert (recovered.accepted, recovered.unknown) == (11, 1)


def test_a_damaged_journal_makes_nobody_hear_twice(busy: World) -> None:
    busy.in_a_process("journal synced:1", concurrency=AT_ONCE)
    (journal,) = busy.journals
    lines = journal.read_bytes().split(b"\n")
    journal.write_bytes(b"\n".join([lines[0], *[line[:9] for line in lines[1:]]]))

    assert busy.recover().unknown == 12
    ends_well(busy, unknown=12)


def test_a_claim_whose_journal_is_gone_was_never_started(busy: World) -> None:
    busy.in_a_process("claim committed:1", concurrency=AT_ONCE)
    (journal,) = busy.journals
    journal.unlink()

    assert busy.recover().released == 12
    ends_well(busy, unknown=0)


def test_a_journal_of_a_claim_that_was_never_committed_is_thrown_away(busy: World) -> None:
    busy.in_a_process("journal created:1", concurrency=AT_ONCE)
    assert len(busy.journals) == 1

    assert busy.recover().claims == 0
    assert busy.journals == []
    ends_well(busy, unknown=0)


def test_an_attempt_that_was_cut_off_is_closed_with_what_is_known(busy: World) -> None:
    busy.in_a_process("call returned:1", concurrency=1)

    busy.recover()

    assert busy.query(
        "select outcome, reason, count(*) from tidegate.attempts where message_key is not null group by all order by 1"
    ) == [
        ("retry", "not_started", 11),
        ("unknown", "interrupted", 1),
    ]


def test_ctrl_c_lets_calls_end_settles_them_and_nothing_is_lost(busy: World) -> None:
    busy.platform.slow = 0.15
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.delivery.process", busy.asked(concurrency=AT_ONCE)],
        cwd=busy.checkout,
        stderr=subprocess.PIPE,
    )
    while not busy.platform.calls:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    busy.platform.slow = 0

    assert process.returncode != 0
    assert busy.journals == []
    assert 0 < busy.count("accepted") < 12
    assert busy.count("unknown") == busy.count("claimed") == 0
    ends_well(busy, unknown=0)


def test_a_message_that_the_platform_would_know_again_is_sent_again_after_the_run_was_killed(busy: World) -> None:
    busy.in_a_process("call returned:1", concurrency=1, connector="WireThatDropsRepeats")

    recovered = busy.recover()

    assert (recovered.in_doubt, recovered.unknown) == (1, 0)
    busy.later()
    busy.gate()
    assert busy.deliver(WireThatDropsRepeats).problem == ""
    assert set(busy.states().values()) == {"accepted"}


def test_and_is_not_once_the_platform_has_forgotten_it(busy: World) -> None:
    busy.in_a_process("call returned:1", concurrency=1, connector="WireThatDropsRepeats")
    busy.recover()
    busy.query("update tidegate.attempts set claimed_at = claimed_at - interval 23 hours where outcome = 'unknown'")
    busy.later()
    busy.gate()

    busy.deliver(WireThatDropsRepeats)

    assert (busy.count("unknown"), busy.count("accepted")) == (1, 11)
    assert set(busy.platform.received.values()) == {1}
