"""What a replay comes to."""

from __future__ import annotations

from datetime import UTC, datetime

from tidegate.cli.totals import totals
from tidegate.results import Decision, JourneyDecision, Report


def report(day: int, journey: JourneyDecision) -> Report:
    at = datetime(2024, 3, day, tzinfo=UTC)
    return Report(f"run-{day}", "replay", at, "finished", decision=Decision(journeys=(journey,)))


def test_walks_of_all_days_are_added_up_and_who_is_inside_is_as_on_the_last() -> None:
    first = JourneyDecision("winback", "applied", entered=3, inside=3, refused={"condition": 1}, planned={"hello": 3})
    last = JourneyDecision("winback", "applied", entered=2, inside=4, ended={"goal": 1}, refused={"condition": 2})

    (winback,) = totals([report(1, first), report(2, last)], {}).journeys

    assert (winback.entered, winback.inside, winback.refused) == (5, 4, {"condition": 3})
    assert (winback.ended, winback.planned) == ({"goal": 1}, {"hello": 3})


def test_what_a_blocked_journey_would_have_done_is_not_counted_and_its_reason_is_told() -> None:
    moved = JourneyDecision("winback", "applied", entered=3, inside=3)
    blocked = JourneyDecision("winback", "blocked", "900 would enter", entered=900, inside=3, planned={"hello": 900})

    (winback,) = totals([report(1, moved), report(2, blocked)], {}).journeys

    assert (winback.entered, winback.planned, winback.verdict, winback.reason) == (3, {}, "blocked", "900 would enter")
