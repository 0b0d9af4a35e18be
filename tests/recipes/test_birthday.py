"""The cards go to those whose birthday it is, and the reminder to those who have not ordered since."""

from __future__ import annotations

from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.recipes.story import TICKS, Story

REMINDER = timedelta(days=5)


def celebrated(born: date, year: int) -> date:
    if (born.month, born.day) == (2, 29) and not isleap(year):
        return date(year, 2, 28)
    return born.replace(year=year)


@pytest.fixture(scope="module")
def mornings(story: Story) -> dict[int, datetime]:
    """Nine o'clock where they live on their birthday, of those whose birthday a run saw at most two days later."""
    people = story.read("select customer_id, birthday, time_zone, first_seen_at from shop.people")
    found = {}
    for person, born, zone, since in people.iter_rows():
        day = celebrated(born, 2011)
        morning = datetime.combine(day, time(9), ZoneInfo(zone or "Europe/London")).astimezone(UTC)
        seen = next((tick for tick in TICKS if tick >= morning), None)
        before = max((tick for tick in TICKS if tick < morning), default=None)
        if seen and before and since <= before and seen - morning <= timedelta(days=2):
            found[person] = morning
    return found


def test_whoever_has_birthday_enters_at_nine_on_their_own_clock(story: Story, mornings: dict[int, datetime]) -> None:
    walks = story.walks("birthday")

    assert len(mornings) > 20
    assert dict(zip(walks["customer_id"], walks["entered_at"], strict=True)) == mornings


def test_everybody_gets_one_card_or_a_reason_why_not(story: Story, mornings: dict[int, datetime]) -> None:
    cards = story.messages("birthday", "birthday_card")
    withheld = cards.filter(pl.col("state") == "skipped")

    assert sorted(cards["customer_id"]) == sorted(mornings)
    assert set(withheld["reason"]) <= {"no_consent", "unreachable", "holdout", "suppressed"}
    assert story.sent("birthday", "birthday_card").height > 15


def test_nobody_who_ordered_after_the_birthday_is_reminded_of_the_present(
    story: Story, mornings: dict[int, datetime], ordered_at: dict[int, list[datetime]]
) -> None:
    reminded = story.messages("birthday", "birthday_reminder")
    ordered = {
        person
        for person, morning in mornings.items()
        for at in ordered_at.get(person, [])
        if morning < at <= min(morning + REMINDER, TICKS[-1])
    }

    assert ordered
    assert not ordered & set(reminded["customer_id"])
    ends = story.walks("birthday").filter(pl.col("customer_id").is_in(ordered))
    assert set(ends["exit_reason"]) == {"goal"}


def test_everybody_else_is_reminded_once_five_days_later(
    story: Story, mornings: dict[int, datetime], ordered_at: dict[int, list[datetime]]
) -> None:
    reminded = story.messages("birthday", "birthday_reminder")
    due = {row["customer_id"]: row["due_at"] for row in reminded.iter_rows(named=True)}

    assert len(due) == reminded.height
    assert len(due) > 15
    for person, at in due.items():
        assert not [one for one in ordered_at.get(person, []) if mornings[person] < one <= at]
    idle = {
        person
        for person, morning in mornings.items()
        if not [one for one in ordered_at.get(person, []) if one > morning] and morning + timedelta(days=9) < TICKS[-1]
    }
    assert idle <= set(due)
