"""When waits end, on everybody's own clock: vectors around the world and across clock changes."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from tests.journeys.waiting import Waiting, until, utc
from tidegate.spec.journey_objects import ApproveStep, Until
from tidegate.spec.moments import slot

MONDAY = Until(slot=(slot("08:00 on mon"),))
OFFICE = Until(slot=(slot("09:00-20:00 on mon..fri"),))
NIGHT = Until(slot=(slot("22:00-06:00"),))
FRIDAY_NIGHT = Until(slot=(slot("22:00-06:00 on fri"),))


def days(count: int, hour: int = 9, minute: int = 0) -> Until:
    return Until(days=count, at=time(hour, minute))


@pytest.mark.parametrize(
    ("zone", "began", "wait", "ends"),
    [
        # A length is exact, whatever clocks show: 24 hours over a clock change are 24 hours.
        ("America/New_York", "2026-03-07 15:00", Until(duration=timedelta(hours=24)), "2026-03-08 15:00"),
        ("America/New_York", "2026-03-07 15:00", Until(duration=timedelta(days=3)), "2026-03-10 15:00"),
        ("Asia/Tokyo", "2026-03-07 15:00:07", Until(duration=timedelta(seconds=90.5)), "2026-03-07 15:01:37.5"),
        # 09:00 in New York is 14:00 UTC in winter, 13:00 in summer; clocks go forward on 8 March 2026 ...
        ("America/New_York", "2026-03-04 15:00", days(3), "2026-03-07 14:00"),
        ("America/New_York", "2026-03-06 15:00", days(3), "2026-03-09 13:00"),
        ("America/New_York", "2026-03-07 15:00", days(1), "2026-03-08 13:00"),
        ("America/New_York", "2026-03-07 15:00", days(1, 2, 30), "2026-03-08 07:00"),  # 02:30 is left out: 03:00
        # ... and back on 1 November, when 01:30 comes twice: the first counts.
        ("America/New_York", "2026-10-28 15:00", days(3), "2026-10-31 13:00"),
        ("America/New_York", "2026-10-31 15:00", days(1), "2026-11-01 14:00"),
        ("America/New_York", "2026-10-31 15:00", days(1, 1, 30), "2026-11-01 05:30"),
        ("America/New_York", "2026-10-31 15:00", days(1, 2, 0), "2026-11-01 07:00"),
        # The days are those of the person's calendar: half past three in London is tomorrow in Tokyo.
        ("Asia/Tokyo", "2026-06-10 14:59:59", days(1), "2026-06-11 00:00"),
        ("Asia/Tokyo", "2026-06-10 15:00", days(1), "2026-06-12 00:00"),
        ("Asia/Kolkata", "2026-06-10 18:29", days(1), "2026-06-11 03:30"),
        ("Asia/Kolkata", "2026-06-10 18:30", days(1), "2026-06-12 03:30"),
        ("Asia/Kathmandu", "2026-06-10 18:14", days(1), "2026-06-11 03:15"),
        # Lord Howe's clocks change by half an hour: back on 5 April, forward on 4 October 2026.
        ("Australia/Lord_Howe", "2026-04-03 00:00", days(1), "2026-04-03 22:00"),
        ("Australia/Lord_Howe", "2026-04-03 00:00", days(2), "2026-04-04 22:30"),
        ("Australia/Lord_Howe", "2026-04-03 00:00", days(2, 1, 45), "2026-04-04 14:45"),
        ("Australia/Lord_Howe", "2026-10-02 00:00", days(2, 2, 15), "2026-10-03 15:30"),
        # Where a whole day was left out (Samoa, 30 December 2011), the first moment after it.
        ("Pacific/Apia", "2011-12-28 20:00", days(1), "2011-12-29 19:00"),
        ("Pacific/Apia", "2011-12-28 20:00", days(2), "2011-12-30 10:00"),
        ("Pacific/Apia", "2011-12-28 20:00", days(3), "2011-12-30 19:00"),
        # 29 February, where there is one.
        ("Europe/London", "2028-02-28 10:00", days(1), "2028-02-29 09:00"),
        ("Europe/London", "2028-02-29 10:00", days(1), "2028-03-01 09:00"),
        ("Europe/London", "2027-02-28 10:00", days(1), "2027-03-01 09:00"),
        ("Europe/London", "2028-02-29 10:00", days(365), "2029-02-28 09:00"),
    ],
)
def test_days_are_those_of_the_person_and_lengths_are_exact(
    waiting: Waiting, zone: str, began: str, wait: Until, ends: str
) -> None:
    assert waiting.end_and_past(zone, began, wait) == (utc(ends), False)


@pytest.mark.parametrize(
    ("zone", "began", "wait", "ends"),
    [
        # Monday 08:00 comes to Tokyo 16 hours before it comes to Los Angeles.
        ("Asia/Tokyo", "2026-06-05 12:00", MONDAY, "2026-06-07 23:00"),
        ("America/Los_Angeles", "2026-06-05 12:00", MONDAY, "2026-06-08 15:00"),
        ("Asia/Tokyo", "2026-06-07 22:59:59", MONDAY, "2026-06-07 23:00"),
        ("Asia/Tokyo", "2026-06-07 23:00:30", MONDAY, "2026-06-07 23:00:30"),
        ("Asia/Tokyo", "2026-06-07 23:01", MONDAY, "2026-06-14 23:00"),
        ("America/Los_Angeles", "2026-10-26 16:00", MONDAY, "2026-11-02 16:00"),  # clocks went back meanwhile
        # Within the slot already: at once.
        ("Europe/London", "2026-06-10 08:00", OFFICE, "2026-06-10 08:00"),
        ("Europe/London", "2026-06-10 18:59:59", OFFICE, "2026-06-10 18:59:59"),
        ("Europe/London", "2026-06-10 19:00", OFFICE, "2026-06-11 08:00"),
        ("Europe/London", "2026-06-10 07:59:59", OFFICE, "2026-06-10 08:00"),
        ("Europe/London", "2026-06-12 19:30", OFFICE, "2026-06-15 08:00"),
        ("Asia/Kolkata", "2026-06-12 14:30", OFFICE, "2026-06-15 03:30"),
        ("America/New_York", "2026-03-06 23:00", Until(slot=(slot("09:00-10:00 on sun"),)), "2026-03-08 13:00"),
        # Windows that cross midnight belong to the day on which they begin.
        ("Europe/London", "2026-06-10 12:00", NIGHT, "2026-06-10 21:00"),
        ("Europe/London", "2026-06-10 23:00", NIGHT, "2026-06-10 23:00"),
        ("Europe/London", "2026-06-11 04:59", NIGHT, "2026-06-11 04:59"),
        ("Europe/London", "2026-06-11 05:00", NIGHT, "2026-06-11 21:00"),
        ("Europe/London", "2026-06-13 03:00", FRIDAY_NIGHT, "2026-06-13 03:00"),
        ("Europe/London", "2026-06-12 03:00", FRIDAY_NIGHT, "2026-06-12 21:00"),
        ("Europe/London", "2026-06-13 05:00", FRIDAY_NIGHT, "2026-06-19 21:00"),
        ("Europe/London", "2026-06-14 23:30", Until(slot=(slot("22:00-06:00 on sun"),)), "2026-06-14 23:30"),
        # Several windows; one minute of several days.
        (
            "Europe/Paris",
            "2026-06-10 10:30",
            Until(slot=(slot("08:00-12:00"), slot("14:00-18:00"))),
            "2026-06-10 12:00",
        ),
        ("Europe/Paris", "2026-06-10 16:30", Until(slot=(slot("18:15 on tue, sat"),)), "2026-06-13 16:15"),
        # What is left out when clocks go forward opens with the first moment after.
        ("America/New_York", "2026-03-08 01:00", Until(slot=(slot("02:30 on sun"),)), "2026-03-08 07:00"),
        ("America/New_York", "2026-03-08 01:00", Until(slot=(slot("02:00-03:00"),)), "2026-03-08 07:00"),
        ("Australia/Lord_Howe", "2026-10-03 12:00", Until(slot=(slot("02:10"),)), "2026-10-03 15:30"),
        # What comes twice when they go back is waited for the first time, or the second by who came between.
        ("America/New_York", "2026-11-01 04:00", Until(slot=(slot("01:30-05:00"),)), "2026-11-01 05:30"),
        ("America/New_York", "2026-11-01 06:10", Until(slot=(slot("01:30-05:00"),)), "2026-11-01 06:30"),
        ("America/New_York", "2026-11-01 05:40", Until(slot=(slot("01:30"),)), "2026-11-01 06:30"),
        ("America/New_York", "2026-11-01 06:40", Until(slot=(slot("01:30"),)), "2026-11-02 06:30"),
    ],
)
def test_slots_open_where_the_clock_on_the_wall_says_so(
    waiting: Waiting, zone: str, began: str, wait: Until, ends: str
) -> None:
    assert waiting.end_and_past(zone, began, wait) == (utc(ends), False)


def test_a_slot_of_the_whole_week_is_open(waiting: Waiting) -> None:
    always = Until(slot=(slot("00:00-24:00"),))

    assert waiting.end("Asia/Tokyo", "2026-06-10 14:17:03", always) == utc("2026-06-10 14:17:03")


@pytest.mark.parametrize(
    ("person", "ends"),
    [
        ({"time_zone": "asia/tokyo"}, "2026-06-11 00:00"),
        ({"time_zone": "Mars/Phobos"}, "2026-06-11 08:00"),
        ({"time_zone": "Mars/Phobos", "phone": "+818012345678"}, "2026-06-11 00:00"),
        ({"time_zone": None, "phone": "+12065550100"}, "2026-06-11 16:00"),
        ({"time_zone": None, "phone": None}, "2026-06-11 08:00"),
    ],
)
def test_of_whom_no_zone_is_known_lives_where_the_telephone_does_or_the_project(
    waiting: Waiting, person: dict[str, object], ends: str
) -> None:
    zone = person.pop("time_zone")

    assert waiting.end(zone, "2026-06-10 12:00", days(1), **person) == utc(ends)  # type: ignore[arg-type]


def test_everybody_has_an_end_of_their_own(waiting: Waiting) -> None:
    waiting.world.people.clear()
    waiting.world.person("tokyo", time_zone="Asia/Tokyo")
    waiting.world.person("la", time_zone="America/Los_Angeles")
    began = {"tokyo": utc("2026-06-05 12:00"), "la": utc("2026-06-05 12:00"), "gone": utc("2026-06-06 12:00")}

    ends = waiting.ends(began, until(MONDAY))

    assert {name: moment for name, (moment, _) in ends.items()} == {
        "tokyo": utc("2026-06-07 23:00"),
        "la": utc("2026-06-08 15:00"),
        "gone": utc("2026-06-08 07:00"),
    }


def test_whoever_is_asked_has_until_the_limit(waiting: Waiting) -> None:
    step = ApproveStep(id="ask", path="steps[0]", line=1, question="?", up_to=timedelta(days=3), rejected=None)

    assert waiting.ends({"ada": utc("2026-06-05 12:00")}, step) == {"ada": (utc("2026-06-08 12:00"), False)}
