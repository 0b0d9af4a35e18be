"""Quiet hours, in everybody's own time: vectors around the world and across clock changes, then whole decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from tests.decision.world import World, of, welcome
from tidegate import queries
from tidegate.spec.objects import Send, Window
from tidegate.spec.quantities import quiet_minutes, window, windows

NIGHT = "21:00-08:00"


@pytest.fixture(scope="module")
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for statement in queries.statements("decide/working_tables"):
        connection.execute(statement)
    yield connection
    connection.close()


def until(tables: duckdb.DuckDBPyConnection, zone: str, found: tuple[Window, ...], moment: datetime) -> datetime | None:
    """When it is not quiet in a zone any more; None when it is not quiet now."""
    minutes = quiet_minutes(found)
    for name in ("quiet", "quiet_times", "living"):
        tables.execute(exp.delete(name).sql("duckdb"))
    tables.executemany(queries.text("gate/add_quiet_time"), [("sms", *span) for span in minutes])
    tables.execute("insert into living values ('ada', $zone, null, null)", {"zone": zone})
    apart = sorted({0, *(closes % 15 for _, closes in minutes)})
    tables.execute(queries.text("gate/quiet_zones"), {"as_of": moment, "apart": apart})
    row = tables.execute("select until from quiet").fetchone()
    return row[0].astimezone(UTC) if row else None


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "written", "now", "ends"),
    [
        # 08:00 in Tokyo is 23:00 UTC of the day before.
        ("Asia/Tokyo", NIGHT, "2026-06-10 22:59", "2026-06-10 23:00"),
        ("Asia/Tokyo", NIGHT, "2026-06-10 23:00", None),
        ("Asia/Tokyo", NIGHT, "2026-06-11 11:59", None),
        ("Asia/Tokyo", NIGHT, "2026-06-11 12:00", "2026-06-11 23:00"),
        # Monday begins in Tokyo while it is Sunday in Los Angeles.
        ("Asia/Tokyo", "00:00-24:00 on mon", "2026-06-07 15:00", "2026-06-08 15:00"),
        ("Asia/Tokyo", "00:00-24:00 on mon", "2026-06-07 14:59", None),
        ("America/Los_Angeles", "00:00-24:00 on mon", "2026-06-07 15:00", None),
        ("America/Los_Angeles", "00:00-24:00 on mon", "2026-06-08 07:00", "2026-06-09 07:00"),
        ("America/Los_Angeles", NIGHT, "2026-06-10 03:59", None),
        ("America/Los_Angeles", NIGHT, "2026-06-10 04:00", "2026-06-10 15:00"),
        # New York: 08:00 is 13:00 UTC in winter and 12:00 UTC in summer; clocks go forward on 8 March 2026 ...
        ("America/New_York", NIGHT, "2026-03-08 02:00", "2026-03-08 12:00"),
        ("America/New_York", NIGHT, "2026-03-07 02:00", "2026-03-07 13:00"),
        ("America/New_York", "01:00-02:30", "2026-03-08 06:30", "2026-03-08 07:00"),  # 02:00 is 03:00 at once
        ("America/New_York", "02:00-03:00", "2026-03-08 06:59", None),  # an hour that there is not on this day
        ("America/New_York", "02:00-03:00", "2026-03-08 07:00", None),
        # ... and back on 1 November, when 01:00 to 02:00 comes twice.
        ("America/New_York", NIGHT, "2026-11-01 01:00", "2026-11-01 13:00"),
        ("America/New_York", NIGHT, "2026-10-31 01:00", "2026-10-31 12:00"),
        ("America/New_York", "01:00-01:30", "2026-11-01 05:10", "2026-11-01 05:30"),
        ("America/New_York", "01:00-01:30", "2026-11-01 05:30", None),
        ("America/New_York", "01:00-01:30", "2026-11-01 06:10", "2026-11-01 06:30"),
        ("America/New_York", "01:00-02:00", "2026-11-01 05:10", "2026-11-01 07:00"),
        # Half hours and quarters.
        ("Asia/Kathmandu", NIGHT, "2026-06-10 15:14", None),
        ("Asia/Kathmandu", NIGHT, "2026-06-10 15:15", "2026-06-11 02:15"),
        ("Asia/Kolkata", NIGHT, "2026-06-10 15:30", "2026-06-11 02:30"),
        ("Australia/Lord_Howe", NIGHT, "2026-04-04 12:00", "2026-04-04 21:30"),  # back by half an hour in the night
        ("Pacific/Chatham", NIGHT, "2026-06-10 08:15", "2026-06-10 19:15"),
        # Windows that cross midnight belong to the day on which they begin.
        ("Europe/London", "22:00-06:00 on fri", "2026-06-12 21:30", "2026-06-13 05:00"),
        ("Europe/London", "22:00-06:00 on fri", "2026-06-12 04:00", None),
        ("Europe/London", "22:00-06:00 on sun", "2026-06-15 04:00", "2026-06-15 05:00"),
        ("Europe/London", "22:00-06:00 on mon..fri", "2026-06-13 23:00", None),
        # Odd minutes and seconds.
        ("Europe/London", "21:07-08:03", "2026-01-10 21:06:59", None),
        ("Europe/London", "21:07-08:03", "2026-01-10 21:07", "2026-01-11 08:03"),
        ("Europe/London", "21:07-08:03", "2026-01-11 08:02:59.9", "2026-01-11 08:03"),
        ("UTC", "00:00-24:00 on sat..sun", "2026-06-13 00:00", "2026-06-15 00:00"),
    ],
)
def test_quiet_hours_end_where_the_clock_on_the_wall_says_so(
    tables: duckdb.DuckDBPyConnection, zone: str, written: str, now: str, ends: str | None
) -> None:
    found = until(tables, zone, (window(written),), utc(now))

    assert found == (utc(ends) if ends else None)


def test_windows_that_meet_are_one_quiet_time(tables: duckdb.DuckDBPyConnection) -> None:
    found = windows(["20:00-24:00", "00:00-07:00", "00:00-24:00 on sun"])

    assert until(tables, "Europe/Paris", found, utc("2026-06-13 19:00")) == utc("2026-06-15 05:00")


def is_quiet(zone: str, found: tuple[Window, ...], moment: datetime) -> bool:
    """Said in another way, by another library: the wall's clock stands in a window that began today or yesterday."""
    wall = moment.astimezone(ZoneInfo(zone))
    minute = wall.hour * 60 + wall.minute
    today, yesterday = wall.isoweekday(), (wall.isoweekday() - 2) % 7 + 1
    return any(
        (today in one.days and one.opens <= minute < one.closes)
        or (yesterday in one.days and one.opens <= minute + 1440 < one.closes)
        for one in found
    )


ZONES = ("America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Europe/London", "Pacific/Apia", "UTC")
SOME_WINDOWS = st.lists(
    st.builds(
        lambda opens, length, days: Window(opens, opens + length, frozenset(days)),
        st.integers(0, 1439),
        st.integers(1, 1440),
        st.sets(st.integers(1, 7), min_size=1, max_size=5),
    ),
    min_size=1,
    max_size=2,
).map(tuple)


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    found=SOME_WINDOWS,
    moment=st.one_of(
        st.integers(0, 9 * 366 * 1440).map(lambda minutes: utc("2020-01-01 00:00") + timedelta(minutes=minutes)),
        st.integers(-2000, 2000).map(lambda minutes: utc("2026-11-01 06:00") + timedelta(minutes=minutes)),
        st.integers(-2000, 2000).map(lambda minutes: utc("2026-03-29 01:00") + timedelta(minutes=minutes)),
    ),
)
def test_it_is_quiet_until_the_first_moment_that_is_not(
    tables: duckdb.DuckDBPyConnection, zone: str, found: tuple[Window, ...], moment: datetime
) -> None:
    if quiet_minutes(found) == [(0, 7 * 1440)]:
        return
    ends = until(tables, zone, found, moment)

    assert (ends is not None) == is_quiet(zone, found, moment)
    if ends is not None:
        assert not is_quiet(zone, found, ends)
        step = moment
        while step < ends:
            assert is_quiet(zone, found, step), step
            step = (step + timedelta(minutes=1)).replace(second=0, microsecond=0)


@pytest.fixture
def world(world: World) -> World:
    """Texts are sent on entering, but not at night."""
    world.settings["quiet_hours"] = {"sms": windows(NIGHT)}
    world.audience(welcome(on_enter=(Send("welcome", ("texts",)),), expires_after=timedelta(hours=24)))
    world.decide()
    world.as_of = utc("2011-10-04 12:00")
    return world


def welcomed(world: World) -> set[str]:
    """Who may be written to now."""
    return {str(key).split(":")[1] for key in world.planned()}


def test_everybody_is_let_sleep_where_they_live(world: World) -> None:
    world.person("tokyo", time_zone="Asia/Tokyo")
    world.person("la", time_zone="America/Los_Angeles")
    world.person("ny", time_zone=" america/new_york ")
    world.person("seattle", phone="+12065550100")
    world.person("boston", phone="+16175550100")
    world.person("delhi", phone="+911123456789", time_zone="")
    world.person("london", phone="+442079460000")
    world.in_segment("vips", "tokyo", "la", "ny", "seattle", "boston", "delhi", "london")

    decision = world.decide(after=timedelta())

    assert welcomed(world) == {"ny", "boston", "delhi", "london"}
    assert of(decision, "vips").held == {"quiet_hours": 3}
    assert set(world.told()) == {
        ("tokyo", "hold", "quiet_hours", utc("2011-10-04 23:00")),
        ("la", "hold", "quiet_hours", utc("2011-10-04 15:00")),
        ("seattle", "hold", "quiet_hours", utc("2011-10-04 15:00")),
    }


def test_a_zone_of_an_unknown_name_is_told_once_and_others_are_gone_by(world: World) -> None:
    world.person("ada", time_zone="Mars/Phobos", phone="+818012345678")
    world.person("grace", time_zone="London")
    world.in_segment("vips", "ada", "grace")

    decision = world.decide(after=timedelta())

    assert welcomed(world) == {"grace"}
    (note,) = decision.notes
    assert "no time zone is called `London`, `Mars/Phobos` (2 people" in note


def test_a_hold_is_recorded_once_and_ends_with_the_night(world: World) -> None:
    world.person("la", time_zone="America/Los_Angeles")
    world.in_segment("vips", "la")

    for _ in range(3):
        world.decide(after=timedelta(minutes=30))
    assert len(world.told()) == 1
    assert world.planned() == {}
    world.as_of = utc("2011-10-04 15:00")
    world.decide(after=timedelta())

    assert welcomed(world) == {"la"}
    assert len(world.told()) == 1
    assert world.rows("select held_until, reason from tidegate.outbox") == [(None, None)]


def test_what_would_expire_in_the_night_is_skipped_at_once(world: World) -> None:
    world.audience(welcome(on_enter=(Send("welcome", ("texts",)),), expires_after=timedelta(hours=3)))
    world.person("la", time_zone="America/Los_Angeles")
    world.in_segment("vips", "la")

    decision = world.decide(after=timedelta())

    assert of(decision, "vips").withheld == {"quiet_hours": 1}
    assert world.told() == [("la", "skip", "quiet_hours", utc("2011-10-04 15:00"))]


def test_receipts_and_other_channels_know_no_quiet_hours(world: World) -> None:
    world.topics["welcome"] = "transactional"
    world.person("la", time_zone="America/Los_Angeles")
    world.in_segment("vips", "la")
    world.audience(welcome("others", on_enter=(Send("offer", ("mail",)),)))
    world.decide(after=timedelta())
    world.in_segment("others", "la")
    world.decide(after=timedelta())

    assert set(world.planned().values()) == {"texts", "mail"}


def test_any_is_for_the_channels_without_hours_of_their_own(world: World) -> None:
    world.settings["quiet_hours"] = {"sms": windows("00:00-01:00"), "any": windows(NIGHT)}
    world.audience(welcome("others", on_enter=(Send("offer", ("mail",)),)))
    world.decide(after=timedelta())
    world.person("la", time_zone="America/Los_Angeles")
    world.in_segment("vips", "la")
    world.in_segment("others", "la")

    decision = world.decide(after=timedelta())

    assert of(decision, "vips").held == {}
    assert of(decision, "others").held == {"quiet_hours": 1}


def test_people_without_anything_live_where_the_project_does(world: World) -> None:
    world.audience(welcome("others", on_enter=(Send("offer", ("mail",)),)))
    world.settings["quiet_hours"] = {"email": windows(NIGHT)}
    world.settings["time_zone"] = "Asia/Tokyo"
    world.decide(after=timedelta())
    world.person("ada", phone=None)
    world.in_segment("others", "ada")

    decision = world.decide(after=timedelta())

    assert of(decision, "others").held == {"quiet_hours": 1}
