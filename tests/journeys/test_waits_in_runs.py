"""Waits by everybody's own clock, in whole runs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.journeys.world import World

HOUR = timedelta(hours=1)


def waits(wait: str, *, besides: str = "") -> str:
    return f"""
journey: week
enter: {{on: enter ref('leads')}}
expires_after: 3 days
{besides}
steps:
  - wait: {wait}
  - send: hello
    by: email
"""


def begin(world: World, written: str) -> None:
    world.segment("leads")
    world.journey(written)
    world.run()
    world.joins("leads", *world.people)


def due(world: World) -> dict[object, datetime]:
    """When each person's message was due."""
    return {
        person: moment.astimezone(UTC)
        for person, moment in world.rows("select person, due_at from tidegate.outbox")  # type: ignore[attr-defined]
    }


def test_monday_at_eight_comes_to_tokyo_first(world: World) -> None:
    world.person("tokyo", time_zone="Asia/Tokyo")
    world.person("la", time_zone="America/Los_Angeles")
    begin(world, waits('{until: "08:00 on mon"}'))

    world.run("2026-03-02 17:00")  # nine in the morning of Monday in Los Angeles, Tuesday in Tokyo
    world.run("2026-03-08 22:59")
    assert world.sent() == []
    world.run("2026-03-08 23:00")
    assert world.sent() == [("tokyo", "hello")]
    world.run("2026-03-09 14:59")
    assert world.sent("la") == []
    world.run("2026-03-09 15:00")  # clocks went forward the night before
    assert world.sent("la") == ["hello"]


@pytest.mark.parametrize("hours", [3, 7, 24])
def test_however_often_it_runs_everybody_is_due_at_nine_on_their_own_clock(world: World, hours: int) -> None:
    world.person("ny", time_zone="America/New_York")
    world.person("kolkata", time_zone="Asia/Kolkata")
    begin(world, waits('{for: 1 day, at: "09:00"}'))
    world.run("2026-03-07 10:00")

    for _ in range(0, 48, hours):
        world.run(after=hours * HOUR)

    assert due(world) == {
        "ny": datetime(2026, 3, 8, 13, 0, tzinfo=UTC),  # clocks went forward in the night
        "kolkata": datetime(2026, 3, 8, 3, 30, tzinfo=UTC),
    }
    assert {person for person, _ in world.sent()} == {"ny", "kolkata"}  # type: ignore[misc]


@pytest.mark.parametrize(("past", "sent", "ended"), [("continue", ["hello"], "completed"), ("exit", [], "expired")])
def test_whose_date_is_over_or_unknown_goes_on_or_leaves(world: World, past: str, sent: list[str], ended: str) -> None:
    world.person("over", birthday=date(2026, 3, 1))
    world.person("unknown", birthday=None)
    world.person("ahead", birthday=date(2026, 3, 4))
    begin(world, waits(f"{{until: person.birthday, past: {past}}}"))

    world.run(after=HOUR)

    assert (world.sent("over"), world.sent("unknown")) == (sent, sent)
    assert (world.ended("over"), world.ended("unknown")) == (ended, ended)
    assert world.stands("ahead") == "wait"


def test_the_best_time_is_when_somebody_opened_what_they_were_sent(world: World) -> None:
    world.person("ada", time_zone="Asia/Tokyo")
    begin(world, waits("{until: best_time}").replace("  - wait:", "  - {send: first, by: email}\n  - wait:"))
    world.run(after=HOUR)  # eight in the evening in Tokyo
    assert world.stands("ada") == "wait"
    world.run("2026-03-03 00:59")
    assert world.sent("ada") == ["first"]

    world.run("2026-03-03 01:00")  # ten in the morning: nobody has opened anything yet

    assert world.sent("ada") == ["first", "hello"]


def test_a_zone_that_there_is_not_is_told_by_the_run(world: World) -> None:
    world.person("ada", time_zone="London")
    begin(world, waits('{until: "09:00-20:00 on mon..fri"}'))

    decision = world.run(after=HOUR)

    assert world.sent("ada") == ["hello"]
    (note,) = decision.notes
    assert "no time zone is called `London` (1 person; write one such as `Europe/London`)" in note
