"""Local times against Python's zoneinfo, which says the same in another way: minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.journeys.waiting import Waiting, until, utc
from tidegate.spec.journey_objects import Until
from tidegate.spec.objects import Window

ZONES = (
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Chatham",
    "UTC",
)
MINUTE = timedelta(minutes=1)
#: minutes around which clocks change somewhere in 2026
CHANGES = ("2026-03-08 06:00", "2026-11-01 05:00", "2026-04-04 14:00", "2026-10-03 14:00", "2026-03-29 00:00")
MOMENTS = st.one_of(
    st.builds(lambda minute: utc("2024-01-01 00:00") + minute * MINUTE, st.integers(0, 4 * 366 * 1440)),
    st.builds(lambda near, minute: utc(near) + minute * MINUTE, st.sampled_from(CHANGES), st.integers(-2000, 400)),
).flatmap(lambda moment: st.sampled_from([moment, moment + timedelta(seconds=42.5)]))


@pytest.fixture(scope="module")
def waiting(one_clock: Waiting) -> Waiting:
    """Somebody in each of the zones."""
    for zone in ZONES:
        one_clock.world.person(zone, time_zone=zone)
    return one_clock


def wall(zone: str, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def first_at_or_after(zone: str, local: datetime) -> datetime:
    """Two days around it are looked through, a minute at a time."""
    moment = local.replace(tzinfo=UTC) - timedelta(hours=15)
    while wall(zone, moment) < local:
        moment += MINUTE
    return moment


@settings(max_examples=40, deadline=None)
@given(moment=MOMENTS, count=st.integers(1, 3), minute=st.integers(0, 1439))
def test_days_end_at_the_first_moment_at_which_the_clock_shows_it(
    waiting: Waiting, moment: datetime, count: int, minute: int
) -> None:
    at = time(minute // 60, minute % 60)

    ends = waiting.ends(dict.fromkeys(ZONES, moment), until(Until(days=count, at=at)))

    for zone in ZONES:
        local = datetime.combine(wall(zone, moment).date() + timedelta(days=count), at)
        assert ends[zone] == (first_at_or_after(zone, local), False), zone


def opens(zone: str, slot: tuple[Window, ...], began: datetime) -> datetime:
    """At once within a window; else when one begins, or would have, had the clocks not been put forward over that."""

    def minute_of_week(local: datetime) -> int:
        return local.weekday() * 1440 + local.hour * 60 + local.minute

    within = {
        ((day - 1) * 1440 + minute) % 10080
        for one in slot
        for day in one.days
        for minute in range(one.opens, max(one.closes, one.opens + 1))
    }
    beginnings = {minute for minute in within if (minute - 1) % 10080 not in within} or within
    moment = began.replace(second=0, microsecond=0)
    before = wall(zone, moment - MINUTE)
    while True:
        local = wall(zone, moment)
        left_out = int((local - before) / MINUTE) - 1
        if minute_of_week(local) in within or any(
            minute_of_week(before + step * MINUTE) in beginnings for step in range(1, left_out + 1)
        ):
            return max(moment, began)
        before, moment = local, moment + MINUTE


@settings(max_examples=30, deadline=None)
@given(
    moment=MOMENTS,
    slot=st.lists(
        st.builds(
            lambda begins, length, days: Window(begins, begins + length, frozenset(days)),
            st.integers(0, 1439),
            st.sampled_from((0, 1, 30, 480, 1439)),
            st.sets(st.integers(1, 7), min_size=3, max_size=7),
        ),
        min_size=1,
        max_size=2,
    ).map(tuple),
    zones=st.sets(st.sampled_from(ZONES), min_size=2, max_size=3),
)
def test_slots_open_as_the_clock_says_minute_by_minute(
    waiting: Waiting, moment: datetime, slot: tuple[Window, ...], zones: set[str]
) -> None:
    ends = waiting.ends(dict.fromkeys(sorted(zones), moment), until(Until(slot=slot)))

    for zone in zones:
        assert ends[zone] == (opens(zone, slot, moment), False), zone
