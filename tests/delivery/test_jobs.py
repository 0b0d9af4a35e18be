"""Platforms that take rows now and judge them later: nothing counts before it is judged, and nothing is forgotten."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tests.delivery.wire import Wire, WireThatJudgesLater
from tests.delivery.world import World, on_list
from tidegate.connector import Outcome, Row, Target
from tidegate.delivery import jobs
from tidegate.errors import Refused, Retryable


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_FIRST_PAUSE", 0.02)
    monkeypatch.setattr(jobs, "PATIENCE", 0.3)


def test_rows_count_once_the_platform_has_judged_them(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    world.platform.unfinished = 2

    delivery = world.deliver(WireThatJudgesLater, batch=10)

    assert (delivery.accepted, delivery.pending, delivery.problem) == (2, 0, "")
    assert world.held() == world.believed() == on_list("a@x", "b@x")
    assert world.owed() == []
    assert [what for what, _ in world.platform.calls] == ["submit", "poll", "poll", "poll"]


def test_a_job_that_outlasts_the_run_is_asked_about_in_the_next(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.unfinished = 10_000

    first = world.deliver(WireThatJudgesLater)
    assert (first.accepted, first.pending, first.owed, first.problem) == (0, 1, 0, "")
    assert world.believed() == set()
    assert world.query("select state, job from tidegate.owed") == [("submitted", "job-1")]

    world.platform.unfinished = 0
    second = world.run(connector=WireThatJudgesLater)

    assert (second.accepted, second.pending) == (1, 0)
    assert world.believed() == world.held() == on_list("a@x")
    assert [what for what, _ in world.platform.calls].count("submit") == 1


def test_of_a_job_each_row_is_judged_by_itself(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x", "3": "c@x"})
    world.platform.refused.add('{"email": "b@x"}')

    delivery = world.deliver(WireThatJudgesLater, batch=10)

    assert (delivery.accepted, delivery.rejected) == (2, 1)
    assert world.believed() == world.held() == on_list("a@x", "c@x")
    assert world.query("select person, state, reason from tidegate.owed") == [("2", "refused", "told_to_refuse")]


class WireThatJudgesTheWhole(WireThatJudgesLater):
    """The platform says that something in a job was wrong, and not what: the job is made anew in halves."""

    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        outcomes = await super().poll(job, target, rows, removing=removing)
        if len(rows) == 1 or all(outcome.verdict != "rejected" for outcome in outcomes):
            return outcomes
        half = len(rows) // 2
        return [
            Outcome.retry("failed_in_part", together=f"{job} {'first' if place < half else 'second'}")
            for place in range(len(rows))
        ]


def submitted(world: World) -> list[int]:
    """How many rows each job had."""
    return [count for what, count in world.platform.calls if what == "submit"]


def test_a_job_of_which_a_part_failed_is_sent_again_in_parts_by_the_next_runs(world: World) -> None:
    people = {str(number): f"p{number}@x" for number in range(7)}
    world.owe("add", people)
    world.platform.refused.add('{"email": "p4@x"}')

    first = world.deliver(WireThatJudgesTheWhole, batch=10)
    assert (first.accepted, first.rejected, first.owed, len(submitted(world))) == (0, 0, 7, 1)
    for _ in range(3):
        world.later()
        world.deliver(WireThatJudgesTheWhole, batch=10)

    assert world.believed() == world.held() == on_list(*(f"p{number}@x" for number in range(7) if number != 4))
    assert world.query("select person, state, reason from tidegate.owed") == [("4", "refused", "told_to_refuse")]
    assert submitted(world)[0] == 7
    assert sorted(submitted(world)[1:3]) == [3, 4]
    assert max(submitted(world)[3:]) <= 2


def test_who_is_new_does_not_go_with_a_part_of_a_job_that_failed(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "bad@x"})
    world.platform.refused.add('{"email": "bad@x"}')
    world.deliver(WireThatJudgesTheWhole, batch=10)
    world.later()
    world.owe("add", {"3": "new@x"})
    world.platform.calls.clear()

    world.deliver(WireThatJudgesTheWhole, batch=10)

    assert submitted(world) == [1, 1, 1]


def test_a_part_stays_a_part_when_its_call_fails(world: World) -> None:
    world.owe("add", {"1": "a@x", "2": "bad@x"})
    world.platform.refused.add('{"email": "bad@x"}')
    world.deliver(WireThatJudgesTheWhole, batch=10)
    parts = world.query("select person, job from tidegate.owed order by person")
    assert len({job for _, job in parts}) == 2

    world.later()
    world.deliver(WireThatIsAway, batch=10)

    assert world.query("select person, job from tidegate.owed order by person") == parts


class WireThatIsAway(WireThatJudgesLater):
    async def upsert(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        raise Retryable("throttled", "come back tomorrow", after=86_400)


def test_a_job_that_the_platform_has_forgotten_is_submitted_again(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLater)
    world.platform.jobs.clear()
    world.platform.unfinished = 0

    told = world.run(connector=WireThatJudgesLater)
    assert (told.accepted, told.owed) == (0, 1)
    delivery = world.run(connector=WireThatJudgesLater)

    assert delivery.accepted == 1
    assert world.believed() == world.held() == on_list("a@x")


def test_what_a_job_did_not_do_is_not_repeated_before_it_was_decided_on_again(world: World) -> None:
    world.owe("add", {"1": "withdrew@x", "2": "blocked@x"})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLater, batch=10)
    world.platform.jobs.clear()
    world.platform.unfinished = 0
    world.platform.calls.clear()

    world.run(connector=WireThatJudgesLater, batch=10)

    assert [what for what, _ in world.platform.calls] == ["poll"]
    assert world.owed() == [("1", "add", "due", "no_such_job"), ("2", "add", "due", "no_such_job")]
    assert world.query("select distinct in_doubt from tidegate.owed") == [(True,)]


class WireThatRefusesToTell(WireThatJudgesLater):
    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        raise Refused("http_404", "no such job")


class WireThatGarbles(WireThatJudgesLater):
    async def poll(self, job: str, target: Target, rows: Sequence[Row], *, removing: bool) -> list[Outcome]:
        raise Retryable("garbled", "half a table")


@pytest.mark.parametrize("connector", [WireThatRefusesToTell, WireThatGarbles])
def test_a_job_that_is_never_told_of_is_given_up_after_three_days(world: World, connector: type[Wire]) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLater)
    assert world.run(connector=connector).pending == 1
    world.query("update tidegate.owed set submitted_at = now() - interval '73 hours'")

    world.run(connector=connector)

    assert world.owed() == [("1", "add", "due", "job_lost")]


def test_jobs_that_nobody_tells_of_keep_nothing_else_from_the_destination(world: World) -> None:
    world.owe("add", {str(number): f"p{number}@x" for number in range(20)})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLater, batch=1, concurrency=1)
    world.later()
    world.owe("add", {"99": "new@x"}, name="Others")

    world.deliver(WireThatGarbles, batch=1, concurrency=1)

    assert world.query("select state from tidegate.owed where list = 'Others'") == [("submitted",)]


def test_who_is_not_judged_yet_is_not_taken_off_for_somebody_else(world: World) -> None:
    world.owe("add", {"1": "shared@x"})
    world.deliver()
    world.later()
    world.owe("add", {"2": "shared@x"}, more={"phone": "7"})
    world.owe("remove", {"1": "shared@x"})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLaterWhatIsAdded)
    assert world.held() == on_list("shared@x")

    world.platform.unfinished = 0
    world.run(connector=WireThatJudgesLaterWhatIsAdded)

    assert "remove" not in [what for what, _ in world.platform.calls]
    assert world.query("select person from tidegate.delivered") == [("2",)]


class WireThatJudgesLaterWhatIsAdded(WireThatJudgesLater):
    async def remove(self, target: Target, rows: Sequence[Row]) -> list[Outcome]:
        return await Wire.remove(self, target, rows)


def test_while_the_platform_is_down_its_jobs_wait(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLater)
    world.platform.faults.extend(["503"] * 1000)

    down = world.run(connector=WireThatJudgesLater)
    assert (down.accepted, down.pending) == (0, 1)
    assert "unavailable" in down.problem
    world.platform.faults.clear()
    world.platform.unfinished = 0
    world.run(connector=WireThatJudgesLater)

    assert world.believed() == on_list("a@x")


def test_an_address_that_changed_is_taken_off_only_once_the_new_one_is_there(world: World) -> None:
    world.owe("add", {"1": "old@x"})
    world.deliver(WireThatJudgesLater)
    world.later()
    world.owe("update", {"1": "new@x"})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLater)
    assert world.held() == on_list("old@x")
    world.platform.unfinished = 0

    world.run(connector=WireThatJudgesLater)

    assert world.held() == world.believed() == on_list("new@x")


def test_a_destination_that_has_no_jobs_any_more_is_given_the_rows_again(world: World) -> None:
    world.owe("add", {"1": "a@x"})
    world.platform.unfinished = 10_000
    world.deliver(WireThatJudgesLater)

    world.run(connector=Wire)
    delivery = world.run(connector=Wire)

    assert delivery.accepted == 1
    assert world.believed() == world.held() == on_list("a@x")


@pytest.mark.parametrize("point", ["claim committed", "call returned", "settle uncommitted", "settle committed"])
@pytest.mark.parametrize("then", ["job uncommitted", "job settled"])
def test_killed_at_any_step_nothing_is_forgotten(world: World, point: str, then: str) -> None:
    world.owe("add", {"1": "a@x", "2": "b@x"})
    assert world.in_a_process(point, connector="WireThatJudgesLater", batch=10) == -9
    world.later()
    world.recover()
    world.in_a_process(then, connector="WireThatJudgesLater", batch=10)

    world.run(connector=WireThatJudgesLater, batch=10)
    world.run(connector=WireThatJudgesLater, batch=10)

    assert world.believed() == world.held() == on_list("a@x", "b@x")
    assert world.owed() == []


def test_a_job_is_asked_about_in_the_order_of_its_rows_also_after_a_crash(world: World) -> None:
    world.owe("add", {str(number): f"p{number}@x" for number in (7, 3, 9, 1, 5)})
    world.platform.unfinished = 10_000
    assert world.in_a_process("outcome written", connector="WireThatJudgesLater", batch=10) == -9
    [job] = world.platform.jobs.values()

    world.later()
    world.recover()

    kept = world.query("select identifiers from tidegate.owed where state = 'submitted' order by job_position")
    assert [json.loads(identifiers) for (identifiers,) in kept] == [row["identifiers"] for row in job["rows"]]
