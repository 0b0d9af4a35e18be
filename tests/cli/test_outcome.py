"""What many runs come to, and the exit code that results call for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from tidegate.cli import outcome
from tidegate.cli.commands import tidegate
from tidegate.cli.kinds import DURATION, INSTANT
from tidegate.cli.totals import totals
from tidegate.results import AudienceDecision, Decision, Delivery, ListDecision, Report

NOON = datetime(2011, 12, 9, 12, tzinfo=UTC)


def report(day: int, *audiences: AudienceDecision, deliveries: tuple[Delivery, ...] = ()) -> Report:
    return Report(
        f"r{day}",
        "replay",
        NOON + timedelta(days=day),
        "finished",
        decision=Decision(audiences=audiences),
        deliveries=deliveries,
    )


def test_a_replay_adds_up_who_entered_and_left_and_shows_the_members_of_its_end() -> None:
    added_up = totals(
        [
            report(0, AudienceDecision("vip", "applied", entered=5, members=5, planned=5, withheld={"no_consent": 1})),
            report(1, AudienceDecision("vip", "applied", entered=2, left=3, members=4, planned=2)),
            report(2, AudienceDecision("vip", "approved", entered=1, members=5, withheld={"no_consent": 2})),
        ],
        owed={},
    )

    [vip] = added_up.audiences
    assert (vip.entered, vip.left, vip.members, vip.planned, vip.withheld) == (8, 3, 5, 7, {"no_consent": 3})
    assert (added_up.runs, added_up.first, added_up.last) == (3, NOON, NOON + timedelta(days=2))


@pytest.mark.parametrize("first", [True, False])
def test_whom_a_guard_held_back_did_not_enter(first: bool) -> None:
    moved = AudienceDecision("vip", "applied", entered=5, members=5)
    blocked = AudienceDecision("vip", "blocked", entered=900, left=7, members=5)

    [vip] = totals(
        [report(0, *([blocked] if first else [moved])), report(1, moved if first else blocked)], {}
    ).audiences

    assert (vip.entered, vip.left) == (5, 0)
    assert vip.verdict == ("applied" if first else "blocked")


def test_a_destinations_owed_rows_are_those_of_now_and_the_rest_is_added_up() -> None:
    added_up = totals(
        [
            report(0, deliveries=(Delivery("ads", accepted=10, owed=3, unknown=1, problem="throttled"),)),
            report(1, deliveries=(Delivery("ads", accepted=3, rejected=2),)),
        ],
        owed={"ads": 2, "crm": 4},
    )

    ads, crm = added_up.destinations
    assert (ads.accepted, ads.rejected, ads.owed, ads.unknown, ads.problem) == (13, 2, 2, 1, "throttled")
    assert (crm.destination, crm.owed, crm.accepted) == ("crm", 4, 0)


def test_no_run_comes_to_nothing() -> None:
    assert totals([], {}).audiences == ()


@pytest.mark.parametrize(
    ("verdicts", "held", "problem", "code"),
    [
        ([], "", "", 0),
        (["applied", "approved"], "", "", 0),
        (["applied", "blocked"], "", "", 3),
        (["applied"], "vip", "", 3),
        (["blocked", "contract"], "", "", 5),
        (["failed"], "", "", 5),
        (["blocked", "failed"], "", "the token has expired", 4),
        (["applied"], "", "the token has expired", 4),
    ],
)
def test_the_exit_code_is_of_what_most_needs_looking_at(
    verdicts: list[str], held: str, problem: str, code: int
) -> None:
    decided = Decision(
        audiences=tuple(AudienceDecision(f"a{n}", verdict) for n, verdict in enumerate(verdicts)),  # type: ignore[arg-type]
        lists=(ListDecision("ads", "VIP", ("vip",), blocked=held),),
    )

    assert outcome.exit_code(decided, [Delivery("ads", problem=problem)]) == code


def test_a_time_without_a_zone_is_utc() -> None:
    assert INSTANT.convert("2011-12-09", None, None) == datetime(2011, 12, 9, tzinfo=UTC)
    assert INSTANT.convert("2011-12-09T13:00+01:00", None, None) == NOON


def test_a_duration_is_written_as_in_the_files() -> None:
    assert DURATION.convert("1d", None, None) == timedelta(days=1)
    assert DURATION.convert("1 day 12 hours", None, None) == timedelta(hours=36)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "autumn", "--to", "2011-12-09"], "`autumn` is no date or time"),
        (["--from", "2011-10-01", "--to", "2011-12-09", "--every", "1 month"], "no fixed length"),
    ],
)
def test_a_wrong_time_is_told_with_what_would_be_right(words: list[str], said: str) -> None:
    result = CliRunner().invoke(tidegate, ["replay", *words])

    assert result.exit_code == 2
    assert said in result.stderr
