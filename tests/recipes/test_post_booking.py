"""What people need before they arrive, a question after they left, and nothing to those who cancelled."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.post_booking import Booking, bookings
from tests.recipes.invoices import seen_within
from tests.recipes.story import TICKS, Story


def of(messages: pl.DataFrame) -> list[str]:
    return messages.select(pl.col("context").str.json_path_match("$.booking_id"))["context"].to_list()


@pytest.fixture(scope="module")
def everybody() -> dict[str, Booking]:
    return {one.booking_id: one for one in bookings() if seen_within(one.booked_at, days=4)}


def test_every_booking_is_confirmed_unless_it_was_cancelled_before_anybody_looked(
    story: Story, everybody: dict[str, Booking]
) -> None:
    confirmed = of(story.messages("post_booking", "post_booking_confirmed"))
    gone = {
        number
        for number, one in everybody.items()
        if one.cancelled_at and one.cancelled_at <= min(tick for tick in TICKS if tick >= one.booked_at)
    }

    assert sorted(confirmed) == sorted(set(everybody) - gone)
    assert gone


def test_who_booked_for_tomorrow_is_not_told_everything_twice(story: Story, everybody: dict[str, Booking]) -> None:
    prepared = of(story.messages("post_booking", "post_booking_prepare"))

    assert len(prepared) > 10
    assert all((everybody[one].arrives_on - everybody[one].booked_at.date()).days > 4 for one in prepared)


def test_nobody_is_asked_how_it_was_before_they_have_left(story: Story, everybody: dict[str, Booking]) -> None:
    reviews = story.messages("post_booking", "post_booking_review")
    for number, due_at in zip(of(reviews), reviews["due_at"], strict=True):
        left = datetime.combine(everybody[number].leaves_on, time(), UTC)
        assert due_at > left + timedelta(days=1) - timedelta(hours=14), "the day after, anywhere on the globe"
        assert everybody[number].cancelled_at is None

    assert reviews.height > 20


def test_only_who_did_not_open_the_question_is_asked_once_more(story: Story) -> None:
    asked = story.messages("post_booking").filter(pl.col("message") == "post_booking_review")
    first = asked.filter(pl.col("step") == "post_booking_review")
    again = set(of(asked.filter(pl.col("step") == "post_booking_review_again")))
    heard = first.filter(pl.col("kinds").list.contains("opened") | pl.col("kinds").list.contains("clicked"))

    assert again
    assert not again & set(of(heard))


def test_cancelling_ends_it(story: Story, everybody: dict[str, Booking]) -> None:
    gone = {number for number, one in everybody.items() if one.cancelled_at and one.cancelled_at <= TICKS[-1]}
    walks = story.walks("post_booking").filter(pl.col("entry_key").is_in(gone))

    assert walks.height > 0
    assert set(walks["exit_reason"]) == {"rule"}
