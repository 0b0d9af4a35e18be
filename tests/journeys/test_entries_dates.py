"""Entering by dates of one's own and by schedules: due once, on everybody's own clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.journeys.coming_in import context, entered, opens, reasons
from tests.journeys.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def hourly(world: World, until: str) -> None:
    while world.now < world.moment(until):
        world.run(after=HOUR)


def came_at(world: World, person: str = "ada") -> list[str]:
    found = world.rows("select entered_at from tidegate.instances where person = $person order by 1", person=person)
    return [moment.strftime("%Y-%m-%d %H:%M") for (moment,) in found]  # type: ignore[attr-defined]


def test_nine_in_the_morning_is_nine_where_the_person_lives(world: World) -> None:
    for name, zone in (("ada", "Asia/Tokyo"), ("grace", "America/Los_Angeles"), ("asha", "Asia/Kolkata")):
        world.person(name, time_zone=zone, renews_on=date(2026, 3, 12))
    opens(world, "date ref('people').renews_on", offset="-7 days", at='"09:00"')
    world.run("2026-03-03 10:00")
    world.run("2026-03-05 00:00")
    world.run("2026-03-05 12:00")
    assert came_at(world, "ada") == ["2026-03-05 00:00"]
    assert came_at(world, "asha") == ["2026-03-05 03:30"]
    assert entered(world) == ["ada", "asha"]
    world.run("2026-03-05 17:00")

    assert came_at(world, "grace") == ["2026-03-05 17:00"]
    assert context(world, "ada", "renews_on") == "2026-03-12"
    assert str(context(world, "ada", "due_at")).startswith("2026-03-05 00:00:00")


def test_without_a_time_a_day_begins_at_midnight_there(world: World) -> None:
    world.person("ada", time_zone="Europe/Paris", renews_on=date(2026, 3, 5))
    opens(world, "date ref('people').renews_on")
    world.run()
    world.run("2026-03-04 22:59")
    assert entered(world) == []
    world.run("2026-03-04 23:00")

    assert came_at(world) == ["2026-03-04 23:00"]


def test_nine_o_clock_stays_nine_o_clock_when_the_clocks_change(world: World) -> None:
    for day in (7, 8, 9):
        world.person(f"march {day}", time_zone="America/New_York", renews_on=date(2026, 3, day))
    opens(world, "date ref('people').renews_on", at='"09:00"')
    world.run()
    for day in (7, 8, 9):
        world.run(f"2026-03-{day:02} 23:00")

    assert came_at(world, "march 7") == ["2026-03-07 14:00"]
    assert came_at(world, "march 8") == ["2026-03-08 13:00"]
    assert came_at(world, "march 9") == ["2026-03-09 13:00"]


def test_a_time_is_that_moment_unless_a_time_of_the_day_is_asked_for(world: World) -> None:
    moment = datetime(2026, 3, 5, 2, 30, tzinfo=UTC)
    world.person("ada", time_zone="America/New_York", appointment_at=moment)
    opens(world, "date ref('people').appointment_at", name="hour", offset="-2 hours")
    opens(world, "date ref('people').appointment_at", name="evening", offset="-1 day", at='"18:00"')
    world.run()
    world.run("2026-03-03 22:59")
    world.run("2026-03-03 23:00")  # six in the evening there, where the appointment is on the 4th
    assert entered(world, "evening") == ["ada"]
    world.run("2026-03-05 00:30")

    assert came_at(world) == ["2026-03-03 23:00", "2026-03-05 00:30"]


@pytest.mark.parametrize("every", [MINUTE * 13, HOUR, HOUR * 11])
def test_however_often_a_run_looks_a_date_is_due_once_and_at_its_own_time(world: World, every: timedelta) -> None:
    world.person("ada", renews_on=date(2026, 3, 3))
    opens(world, "date ref('people').renews_on", again="every 1 minute", steps="- {send: hello, by: email}\n")
    world.run("2026-03-02 22:00")
    while world.now < world.moment("2026-03-03 01:00"):
        world.run(after=every)

    assert came_at(world) == ["2026-03-03 00:00"]
    assert reasons(world, "ada") == ["acted"]


def test_dates_of_the_past_let_nobody_in_at_first_nor_later(world: World) -> None:
    world.person("ada", renews_on=date(2026, 3, 2))
    opens(world, "date ref('people').renews_on")
    world.run()
    world.person("grace", renews_on=date(2026, 3, 1))
    world.run(after=HOUR)

    assert entered(world) == []


def test_with_backfill_what_was_due_lately_counts_at_first(world: World) -> None:
    world.person("ada", renews_on=date(2026, 3, 2))
    world.person("grace", renews_on=date(2026, 3, 1))
    opens(world, "date ref('people').renews_on", backfill=True)
    world.run()

    assert entered(world) == ["ada"]


def test_dates_that_passed_during_an_outage_are_told_as_too_old(world: World) -> None:
    world.person("ada", renews_on=date(2026, 3, 4))
    world.person("grace", renews_on=date(2026, 3, 8))
    opens(world, "date ref('people').renews_on")
    world.run()
    world.run("2026-03-08 12:00")

    assert world.refused("welcome") == {"too_old": {"ada"}}
    assert entered(world) == ["grace"]


def test_a_date_that_is_put_off_is_another_date(world: World) -> None:
    world.person("ada", renews_on=date(2026, 3, 4))
    opens(world, "date ref('people').renews_on", again="every 1 minute", steps="- {send: hello, by: email}\n")
    world.run()
    world.run("2026-03-04 01:00")
    world.person("ada", renews_on=date(2026, 3, 6))
    world.run("2026-03-06 01:00")

    assert came_at(world) == ["2026-03-04 00:00", "2026-03-06 00:00"]


def test_each_appointment_counts_for_itself(world: World) -> None:
    world.segment("appointments", day="DATE", number="VARCHAR")
    for number in ("a", "b", "c"):
        world.person("ada")
        world.segments["appointments"][number] = {"customer_id": "ada", "day": date(2026, 3, 4), "number": number}
    world.segments["appointments"]["c"]["day"] = date(2026, 3, 5)
    opens(world, "date ref('appointments').day", again="per number")
    world.run()
    world.run("2026-03-04 01:00")
    world.run("2026-03-05 01:00")

    assert sorted(world.rows("select entry_key from tidegate.instances")) == [("a",), ("b",), ("c",)]


def test_a_date_that_is_nobodys_stops_the_journey(world: World) -> None:
    world.segment("appointments", day="DATE")
    opens(world, "date ref('appointments').day")
    world.run()
    world.segments["appointments"]["a"] = {"customer_id": None, "day": date(2026, 3, 2)}
    world.run(after=HOUR)

    assert "1 row has no customer_id; leave out such rows in the model" in world.of("welcome").reason


def birthdays(world: World, first: str, last: str) -> list[str]:
    world.run(first)
    while world.now < world.moment(last):
        world.run(after=12 * HOUR)
    return came_at(world)


YEARLY = {"yearly": True, "at": '"09:00"', "again": "every 300 days", "steps": "- {send: hello, by: email}\n"}


def test_a_birthday_comes_every_year(world: World) -> None:
    world.person("ada", birthday=date(1990, 3, 4))
    opens(world, "date ref('people').birthday", **YEARLY)  # type: ignore[arg-type]
    assert birthdays(world, "2026-03-03 12:00", "2026-03-05 12:00") == ["2026-03-04 09:00"]
    world.run("2027-03-03 12:00")
    world.run("2027-03-04 12:00")

    assert came_at(world)[1:] == ["2027-03-04 09:00"]
    assert reasons(world, "ada") == ["acted", "acted"]


def test_the_29th_of_february_is_kept_on_the_28th_in_other_years(world: World) -> None:
    world.person("ada", birthday=date(1996, 2, 29))
    opens(world, "date ref('people').birthday", **YEARLY)  # type: ignore[arg-type]

    assert birthdays(world, "2027-02-26 12:00", "2027-03-02 12:00") == ["2027-02-28 09:00"]
    assert birthdays(world, "2028-02-26 12:00", "2028-03-02 12:00")[1:] == ["2028-02-29 09:00"]


def test_a_week_before_a_birthday_in_january_is_in_december(world: World) -> None:
    world.person("ada", birthday=date(1990, 1, 3))
    opens(world, "date ref('people').birthday", offset="-7 days", **YEARLY)  # type: ignore[arg-type]

    assert birthdays(world, "2026-12-26 12:00", "2026-12-28 12:00") == ["2026-12-27 09:00"]


def test_the_first_anniversary_is_a_year_later(world: World) -> None:
    world.person("ada", member_since=date(2026, 3, 4))
    opens(world, "date ref('people').member_since", **YEARLY)  # type: ignore[arg-type]
    world.run()
    world.run("2026-03-04 12:00")
    assert entered(world) == []
    world.run("2027-03-03 12:00")
    world.run("2027-03-04 12:00")

    assert came_at(world) == ["2027-03-04 09:00"]


# --- schedules -------------------------------------------------------------------------------------------------


def test_everybody_in_the_segment_enters_when_the_clock_says_so(world: World) -> None:
    world.joins("readers", "ada", "grace")
    opens(
        world,
        "schedule '0 9 * * tue'",
        for_="ref('readers')",
        again="every 1 day",
        steps="- {send: hello, by: email}\n",
    )
    world.run()
    assert entered(world) == []
    world.run("2026-03-03 09:10")
    world.run("2026-03-03 09:20")
    assert entered(world) == ["ada", "grace"]
    assert came_at(world) == ["2026-03-03 09:00"]
    world.joins("readers", "edith")
    world.run("2026-03-10 09:00")

    assert entered(world)[2:] == ["ada", "edith", "grace"]


def test_of_several_firings_that_were_missed_the_latest_counts(world: World) -> None:
    world.joins("readers", "ada")
    opens(world, "schedule '0 * * * *'", for_="ref('readers')", again="every 1 minute", overlap=True)
    world.run("10:30")
    world.run("15:30")

    assert came_at(world) == ["2026-03-02 15:00"]


def test_a_firing_that_was_missed_for_long_is_told_as_too_old(world: World) -> None:
    world.joins("readers", "ada")
    opens(world, "schedule '0 9 * * tue'", for_="ref('readers')")
    world.run()
    world.run("2026-03-05 12:00")

    assert reasons(world, "ada") == ["too_old"]


def test_a_schedule_goes_by_the_projects_clock(world: World) -> None:
    world.settings["time_zone"] = "America/New_York"
    world.joins("readers", "ada")
    opens(
        world, "schedule '0 9 * * *'", for_="ref('readers')", again="every 1 hour", steps="- {send: hello, by: email}\n"
    )
    world.run("2026-03-06 23:00")
    for day in (7, 8, 9):
        world.run(f"2026-03-{day:02} 23:00")

    assert came_at(world) == ["2026-03-07 14:00", "2026-03-08 13:00", "2026-03-09 13:00"]


def test_whoever_must_leave_first_enters_at_the_first_firing_of_each_stay(world: World) -> None:
    world.joins("sleepers", "ada")
    opens(
        world,
        "schedule '0 9 * * *'",
        for_="ref('sleepers')",
        again="after leaving",
        steps="- {send: hello, by: email}\n",
    )
    world.run()
    world.run("2026-03-03 09:30")
    world.run("2026-03-04 09:30")
    assert reasons(world, "ada") == ["acted", "not_left"]
    world.leaves("sleepers", "ada")
    world.run("2026-03-04 20:00")
    world.joins("sleepers", "ada")
    world.run("2026-03-05 08:00")
    world.run("2026-03-05 09:30")

    assert reasons(world, "ada") == ["acted", "not_left", "acted"]
