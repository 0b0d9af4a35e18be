"""Schedules by a clock on the wall."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tidegate.cron import Cron


def firings(written: str, zone: str, first: datetime, last: datetime) -> list[str]:
    """Every moment in (first, last], in UTC, as one finds them from the last to the first."""
    found: list[str] = []
    cron, until = Cron.parse(written), last
    while (moment := cron.latest(zone, first, until)) is not None:
        found.append(moment.strftime("%d %H:%M"))
        until = moment - timedelta(microseconds=1)
    return found[::-1]


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC)


def test_nine_o_clock_stays_nine_o_clock_when_the_clocks_change() -> None:
    # New York: 8 March 2026 and 1 November 2026.
    assert firings("0 9 * * *", "America/New_York", utc(2026, 3, 7), utc(2026, 3, 10)) == [
        "07 14:00",
        "08 13:00",
        "09 13:00",
    ]
    assert firings("0 9 * * *", "America/New_York", utc(2026, 10, 31), utc(2026, 11, 3)) == [
        "31 13:00",
        "01 14:00",
        "02 14:00",
    ]


def test_a_time_that_is_skipped_comes_at_the_first_moment_after() -> None:
    # London skips 01:00 to 02:00 on 29 March 2026.
    assert firings("30 1 * * *", "Europe/London", utc(2026, 3, 28, 12), utc(2026, 3, 30, 12)) == [
        "29 01:00",
        "30 00:30",
    ]


def test_a_time_that_comes_twice_counts_the_first_time() -> None:
    # London has 01:00 to 02:00 twice on 25 October 2026.
    assert firings("30 1 * * *", "Europe/London", utc(2026, 10, 24, 12), utc(2026, 10, 25, 12)) == ["25 00:30"]


def test_every_half_hour_goes_by_the_time_that_passes() -> None:
    back = firings("*/30 * * * *", "Europe/London", utc(2026, 10, 24, 23, 59), utc(2026, 10, 25, 2))
    assert back == ["25 00:00", "25 00:30", "25 01:00", "25 01:30", "25 02:00"]
    forth = firings("*/30 * * * *", "Europe/London", utc(2026, 3, 29, 0, 29), utc(2026, 3, 29, 2))
    assert forth == ["29 00:30", "29 01:00", "29 01:30", "29 02:00"]
    assert firings("15 * * * *", "Europe/London", utc(2026, 3, 29), utc(2026, 3, 29, 2)) == ["29 00:15", "29 01:15"]


def test_a_window_leaves_its_beginning_out_and_holds_its_end() -> None:
    nine = utc(2026, 3, 2, 9)
    daily = Cron.parse("0 9 * * *")
    assert daily.latest("UTC", nine - timedelta(minutes=1), nine) == nine
    assert daily.latest("UTC", nine, nine + timedelta(hours=1)) is None
    assert daily.latest("UTC", nine, nine) is None


def test_of_two_restricted_days_either_is_enough() -> None:
    # The 13th, and Fridays: February 2026 has a Friday the 13th.
    assert firings("0 0 13 * fri", "UTC", utc(2026, 2, 1), utc(2026, 3, 1)) == [
        "06 00:00",
        "13 00:00",
        "20 00:00",
        "27 00:00",
    ]
    assert firings("0 0 13 * *", "UTC", utc(2026, 2, 1), utc(2026, 3, 1)) == ["13 00:00"]


def test_the_29th_of_february_is_found_years_back() -> None:
    assert Cron.parse("0 0 29 2 *").latest("UTC", utc(2023, 1, 1), utc(2026, 3, 1)) == utc(2024, 2, 29)


@pytest.mark.parametrize(
    ("written", "same"),
    [("0 9 * jan mon", "0 9 * 1 1"), ("0 9 * * 7", "0 9 * * 0"), ("0-40/20 9 * * *", "0,20,40 9 * * *")],
)
def test_it_may_be_written_in_several_ways(written: str, same: str) -> None:
    begin, end = utc(2026, 1, 1), utc(2026, 2, 1)
    assert firings(written, "UTC", begin, end) == firings(same, "UTC", begin, end) != []


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("0 9 * *", "write minute, hour, day, month"),
        ("60 9 * * *", "`60` is no minute; write 0 to 59"),
        ("0 9 * * funday", "`funday` is no day of the week; write 0 to 7 or sun to sat"),
        ("0 17-9 * * *", "nothing is in it"),
        ("0 9 0 * *", "`0` is no day of the month; write 1 to 31"),
        ("0 9 30 2 *", "never comes"),
        ("*/0 9 * * *", "nothing is in it"),
        ("0 nine * * *", "`nine` is no hour"),
        ("1-2-3 * * * *", "is no minute"),
    ],
)
def test_what_is_no_schedule_is_refused_with_the_field(written: str, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Cron.parse(written)
