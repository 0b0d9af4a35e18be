"""Waits for what people have of their own: a date or time, and the hour in which they mostly look."""

from __future__ import annotations

import json
from datetime import date, datetime, time, timedelta

import pytest
from sqlglot import exp

from tests.journeys.waiting import Waiting, until, utc
from tidegate.spec import predicates
from tidegate.spec.journey_objects import Goal, Until

BEST = Until(best_time=True)


def column(table: str, name: str) -> exp.Expr:
    return exp.column(name, table=table, quoted=True)


BIRTHDAY = column("person", "birthday")


@pytest.mark.parametrize(
    ("zone", "birthday", "wait", "ends"),
    [
        # A day is one on the person's clock; without a time it begins at midnight.
        ("Asia/Tokyo", date(2026, 6, 20), Until(moment=BIRTHDAY, at=time(10)), "2026-06-20 01:00"),
        ("Asia/Tokyo", date(2026, 6, 20), Until(moment=BIRTHDAY), "2026-06-19 15:00"),
        (
            "America/Los_Angeles",
            date(2026, 6, 20),
            Until(moment=BIRTHDAY, at=time(10), offset=timedelta(days=-7)),
            "2026-06-13 17:00",
        ),
        # Seven days before, at ten, though clocks change in between.
        (
            "America/New_York",
            date(2026, 11, 3),
            Until(moment=BIRTHDAY, at=time(10), offset=timedelta(days=-7)),
            "2026-10-27 14:00",
        ),
        ("Europe/London", date(2028, 3, 1), Until(moment=BIRTHDAY, offset=timedelta(days=-1)), "2028-02-29 00:00"),
        # A time is a moment, and what is added to it is exact ...
        ("Asia/Tokyo", utc("2026-11-01 05:00"), Until(moment=BIRTHDAY), "2026-11-01 05:00"),
        (
            "America/New_York",
            utc("2026-10-31 12:00"),
            Until(moment=BIRTHDAY, offset=timedelta(days=1)),
            "2026-11-01 12:00",
        ),
        (
            "Asia/Tokyo",
            utc("2026-11-01 05:00"),
            Until(moment=BIRTHDAY, offset=timedelta(minutes=-90)),
            "2026-11-01 03:30",
        ),
        # ... unless a time of its day is asked for, which in Tokyo is the next.
        ("Asia/Tokyo", utc("2026-06-20 16:00"), Until(moment=BIRTHDAY, at=time(9)), "2026-06-21 00:00"),
        ("Europe/London", utc("2026-06-20 16:00"), Until(moment=BIRTHDAY, at=time(18)), "2026-06-20 17:00"),
        # Text says the same.
        ("Asia/Tokyo", "2026-06-20", Until(moment=BIRTHDAY, at=time(10)), "2026-06-20 01:00"),
        ("Asia/Tokyo", "2026-06-20 10:00:00", Until(moment=BIRTHDAY), "2026-06-20 10:00"),
        ("Asia/Tokyo", "2026-06-20T10:00:00+09:00", Until(moment=BIRTHDAY), "2026-06-20 01:00"),
    ],
)
def test_a_date_of_somebodys_own_is_waited_for(
    waiting: Waiting, zone: str, birthday: object, wait: Until, ends: str
) -> None:
    assert waiting.end_and_past(zone, "2026-06-10 12:00", wait, birthday=birthday) == (utc(ends), False)


@pytest.mark.parametrize(
    "birthday", [date(2026, 6, 9), utc("2026-06-10 11:59:59"), "2026-06-09", "soon", "infinity", None]
)
def test_what_is_over_or_unknown_is_past_and_keeps_nobody(waiting: Waiting, birthday: object) -> None:
    waiting.world.person("grace", birthday=birthday if birthday is not None else "2026-06-09")
    waiting.world.person("ada", birthday=birthday)

    ends = waiting.ends({"ada": utc("2026-06-10 12:00")}, until(Until(moment=BIRTHDAY)))

    assert ends == {"ada": (utc("2026-06-10 12:00"), True)}


def test_what_is_now_is_not_past(waiting: Waiting) -> None:
    now = "2026-06-10 12:00"

    assert waiting.end_and_past("UTC", now, Until(moment=BIRTHDAY), birthday=utc(now)) == (utc(now), False)


def test_a_date_that_came_with_the_entry_is_waited_for(waiting: Waiting) -> None:
    waiting.world.person("ada", time_zone="Asia/Tokyo")
    due = exp.cast(column("entry", "due_on"), "date")

    ends = waiting.ends(
        {"ada": utc("2026-06-10 12:00")},
        until(Until(moment=due, at=time(9), offset=timedelta(days=-2))),
        context=json.dumps({"due_on": "2026-06-20"}),
    )

    assert ends == {"ada": (utc("2026-06-18 00:00"), False)}


class TestTheBestTime:
    """As of Monday, 2 March 2026, when the world opens."""

    def lands(self, waiting: Waiting, person: str, what: str, *moments: str) -> None:
        for moment in moments:
            waiting.connection.execute(
                "insert into tidegate.feedback (event_id, kind, happened_at, person, run_id, landed_at) "
                "values (uuid(), ?, ?, ?, '', ?)",
                [what, utc(moment), person, utc(moment)],
            )

    def end(self, waiting: Waiting, began: str = "2026-03-02 10:00", person: str = "ada") -> datetime:
        return waiting.ends({person: utc(began)}, until(BEST))[person][0]

    def test_is_the_hour_in_which_somebody_mostly_opened_clicked_or_bought(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="Asia/Tokyo")
        self.lands(waiting, "ada", "opened", "2026-02-10 11:15", "2026-02-17 03:00")
        self.lands(waiting, "ada", "clicked", "2026-02-11 11:50")
        waiting.world.does("ada", "order_completed", "2026-02-12 11:05")
        waiting.world.does("ada", "visited", "2026-02-13 05:00")
        waiting.world.does("ada", "visited", "2026-02-14 05:00")
        waiting.world.does("ada", "visited", "2026-02-15 05:00")
        waiting.world.does("ada", "visited", "2026-02-16 05:00")

        assert self.end(waiting) == utc("2026-03-02 11:00")

    def test_is_the_next_such_hour_and_within_it_now(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="Asia/Tokyo")
        self.lands(waiting, "ada", "opened", "2026-02-10 11:15")

        assert self.end(waiting, "2026-03-02 11:59:59") == utc("2026-03-02 11:59:59")
        assert self.end(waiting, "2026-03-02 12:00") == utc("2026-03-03 11:00")

    def test_keeps_its_hour_on_the_wall_when_clocks_change(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="America/New_York")
        self.lands(waiting, "ada", "opened", "2026-02-10 23:15", "2026-02-11 23:15")

        assert self.end(waiting, "2026-03-06 10:00") == utc("2026-03-06 23:00")
        assert self.end(waiting, "2026-03-09 10:00") == utc("2026-03-09 22:00")

    def test_counts_an_hour_of_a_day_once_and_of_two_alike_the_earlier(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="UTC")
        self.lands(waiting, "ada", "clicked", "2026-02-10 20:01", "2026-02-10 20:02", "2026-02-10 20:03")
        self.lands(waiting, "ada", "opened", "2026-02-11 15:00")

        assert self.end(waiting) == utc("2026-03-02 15:00")

    def test_leaves_out_what_is_older_than_ninety_days_or_later_than_now(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="UTC")
        self.lands(waiting, "ada", "opened", "2025-12-02 10:00", "2025-11-30 20:00", "2025-11-29 20:00")
        self.lands(waiting, "ada", "opened", "2026-03-02 20:00", "2026-02-20 14:00")

        assert self.end(waiting) == utc("2026-03-02 14:00")

    def test_of_whom_nothing_is_known_is_like_the_others_each_on_their_own_clock(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="Europe/Paris")
        waiting.world.person("tokyo", time_zone="Asia/Tokyo")
        waiting.world.person("la", time_zone="America/Los_Angeles")
        self.lands(waiting, "tokyo", "opened", "2026-02-10 10:10", "2026-02-10 03:00")  # 19:10 there
        self.lands(waiting, "la", "clicked", "2026-02-11 03:30", "2026-02-11 15:00")  # 19:30 there

        assert self.end(waiting) == utc("2026-03-02 18:00")

    def test_where_nobody_did_anything_is_ten_o_clock(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="America/New_York")

        assert self.end(waiting) == utc("2026-03-02 15:00")

    def test_counts_what_the_journey_is_for_as_a_purchase(self, waiting: Waiting) -> None:
        waiting.world.person("ada", time_zone="UTC")
        waiting.world.does("ada", "booked", "2026-02-12 17:05")
        booked = Goal(predicates.parse("did('booked')", "journeys/x.yml", 1, "goal"))

        ends = waiting.ends({"ada": utc("2026-03-02 10:00")}, until(BEST), goal=booked)

        assert ends["ada"] == (utc("2026-03-02 17:00"), False)
