"""Whoever is unhappy with a first order is heard of at once, and silence is left alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.first_purchase_feedback import answers_to, stars
from tests.recipes.invoices import orders, returns
from tests.recipes.story import TICKS, Story

J = "first_purchase_feedback"


@pytest.fixture(scope="module")
def first_orders() -> dict[int, datetime]:
    return dict(orders().group_by("customer_id").agg(pl.col("at").min()).iter_rows())


@pytest.fixture(scope="module")
def answered(story: Story) -> set[int]:
    return set(story.read("select distinct customer_id from shop.events where name = 'feedback_given'")["customer_id"])


def test_only_first_orders_count_and_each_that_a_run_saw_within_three_days(
    story: Story, first_orders: dict[int, datetime]
) -> None:
    walks = dict(story.walks(J).select("customer_id", "entered_at").iter_rows())
    seen = {
        person: at
        for person, at in first_orders.items()
        if TICKS[0] < at <= TICKS[-1] and min(tick for tick in TICKS if tick >= at) - at <= timedelta(days=3)
    }
    came_back = {
        person
        for person, at in returns().select("customer_id", "at").iter_rows()
        if person in seen and seen[person] < at <= min(tick for tick in TICKS if tick >= seen[person])
    }

    assert len(seen) > 20
    assert walks == {person: at for person, at in seen.items() if person not in came_back}


def test_who_called_it_off_within_the_week_is_not_asked(story: Story) -> None:
    asked = dict(story.messages(J, "first_purchase_feedback_ask").select("customer_id", "due_at").iter_rows())
    walks = dict(story.walks(J).select("customer_id", "entered_at").iter_rows())
    off = {
        person
        for person, at in returns().select("customer_id", "at").iter_rows()
        if person in walks and walks[person] < at <= walks[person] + timedelta(days=7) and at <= TICKS[-1]
    }

    assert off
    assert not off & set(asked)
    assert set(story.walks(J).filter(pl.col("customer_id").is_in(off))["exit_reason"]) == {"rule"}


def test_the_question_comes_a_week_after_the_order_and_once_more_after_four_days_of_silence(story: Story) -> None:
    asked = story.messages(J, "first_purchase_feedback_ask")
    entered = dict(story.walks(J).select("customer_id", "entered_at").iter_rows())
    nudged = story.messages(J, "first_purchase_feedback_nudge")
    sent = dict(story.sent(J, "first_purchase_feedback_ask").select("customer_id", "settled_at").iter_rows())

    assert asked.height > 10
    for row in asked.iter_rows(named=True):
        assert (row["due_at"].date() - entered[row["customer_id"]].date()).days == 7
    assert nudged.height > 3
    assert nudged["customer_id"].is_unique().all()
    for row in nudged.iter_rows(named=True):
        person = row["customer_id"]
        assert person not in sent or not answers_to("first_purchase_feedback_ask", person)
        assert person not in sent or row["due_at"] >= sent[person] + timedelta(days=4)


def test_one_to_three_stars_tell_customer_care_and_four_or_five_are_asked_for_a_review(
    story: Story, answered: set[int]
) -> None:
    cared_for = set(story.sent(J, "first_purchase_feedback_alert")["customer_id"])
    reviewers = set(story.messages(J, "first_purchase_feedback_review")["customer_id"])

    assert cared_for == {person for person in answered if stars(person) <= 3}
    assert set(story.messages(J, "first_purchase_feedback_sorry")["customer_id"]) == cared_for
    assert reviewers
    assert reviewers <= {person for person in answered if stars(person) >= 4}


def test_silence_is_left_alone(story: Story, answered: set[int]) -> None:
    silent = set(story.walks(J).filter(exit_reason="completed", step="end")["customer_id"])
    told = story.messages(J).filter(pl.col("customer_id").is_in(silent))

    assert silent
    assert not silent & answered
    assert set(told["message"]) <= {"first_purchase_feedback_ask", "first_purchase_feedback_nudge"}
