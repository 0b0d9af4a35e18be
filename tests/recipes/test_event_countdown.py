"""Seven days, one day, the morning itself, and a word after: to those who come, and only of what is still ahead."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.recipes.happenings.event_countdown import Registration, registrations
from tests.recipes.invoices import seen_within
from tests.recipes.story import SATURDAY_TICKS as TICKS
from tests.recipes.story import Story


def of(messages: pl.DataFrame) -> list[str]:
    return messages.select(pl.col("context").str.json_path_match("$.registration_id"))["context"].to_list()


@pytest.fixture(scope="module")
def everybody() -> dict[str, Registration]:
    return {one.registration_id: one for one in registrations() if seen_within(one.registered_at, 4, TICKS)}


@pytest.fixture(scope="module")
def zones(saturday_story: Story) -> dict[int, ZoneInfo]:
    people = saturday_story.read("select customer_id, coalesce(time_zone, 'Europe/London') as zone from shop.people")
    return {customer: ZoneInfo(zone) for customer, zone in people.iter_rows()}


def test_every_registration_is_walked_by_itself(saturday_story: Story, everybody: dict[str, Registration]) -> None:
    walks = saturday_story.walks("event_countdown")
    over_at_once = {
        one.registration_id
        for one in everybody.values()
        if one.ended_at and one.ended_at <= min(tick for tick in TICKS if tick >= one.registered_at)
    }

    assert set(walks["entry_key"]) == set(everybody) - over_at_once
    assert over_at_once
    assert walks["customer_id"].n_unique() < walks.height, "somebody registered twice"


def test_each_word_is_due_on_its_morning_where_the_person_lives(
    saturday_story: Story, everybody: dict[str, Registration], zones: dict[int, ZoneInfo]
) -> None:
    mornings = {
        "event_countdown_week": (-7, time(10)),
        "event_countdown_tomorrow": (-1, time(10)),
        "event_countdown_today": (0, time(8)),
    }
    for message, (days, clock) in mornings.items():
        planned = saturday_story.messages("event_countdown", message)
        assert planned.height > 3
        assert not saturday_story.sent("event_countdown", message).is_empty()
        for number, customer, due_at in zip(of(planned), planned["customer_id"], planned["due_at"], strict=True):
            day = everybody[number].starts_on + timedelta(days=days)
            assert due_at >= datetime.combine(day, clock, zones[customer]).astimezone(UTC)
            assert due_at.astimezone(zones[customer]).date() <= everybody[number].starts_on


def test_whoever_registers_late_gets_only_what_is_ahead(
    saturday_story: Story, everybody: dict[str, Registration]
) -> None:
    week = of(saturday_story.messages("event_countdown", "event_countdown_week"))
    assert all((everybody[one].starts_on - everybody[one].registered_at.date()).days > 8 for one in week)
    today = of(saturday_story.messages("event_countdown", "event_countdown_today"))
    assert all(everybody[one].starts_on > everybody[one].registered_at.date() for one in today)


def test_whoever_cancelled_hears_nothing_more(saturday_story: Story, everybody: dict[str, Registration]) -> None:
    sent = saturday_story.sent("event_countdown")
    gone = {number for number, one in everybody.items() if one.cancelled_at and one.cancelled_at <= TICKS[-1]}
    heard = {
        number
        for number, planned_at in zip(of(sent), sent["planned_at"], strict=True)
        if number in gone and planned_at > everybody[number].cancelled_at
    }
    walks = saturday_story.walks("event_countdown").filter(pl.col("entry_key").is_in(gone))

    assert not heard
    assert set(walks["exit_reason"]) == {"rule"}


def test_who_came_is_thanked_and_who_did_not_was_missed(saturday_story: Story) -> None:
    everybody = {one.registration_id: one for one in registrations()}
    thanked = of(saturday_story.messages("event_countdown_after", "event_countdown_thanks"))
    missed = of(saturday_story.messages("event_countdown_after", "event_countdown_missed"))

    assert len(thanked) > 10
    assert missed
    assert all(everybody[one].came_at for one in thanked)
    assert not any(everybody[one].came_at or everybody[one].cancelled_at for one in missed)
