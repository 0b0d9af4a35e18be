"""A return is confirmed, the refund told when it was paid, and customer care told when it was not."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.return_follow_up import refunded_at
from tests.recipes.invoices import returns, seen_within
from tests.recipes.story import TICKS, Story


def of(messages: pl.DataFrame) -> set[str]:
    return set(messages.select(pl.col("context").str.json_path_match("$.return_id"))["context"])


@pytest.fixture(scope="module")
def since_the_first_run() -> dict[str, datetime]:
    """When returns of five pounds or more arrived that a run saw within four days."""
    worth_it = returns().filter(pl.col("amount").round(2) <= -5)
    arrived = zip(worth_it["invoice_no"], worth_it["at"], strict=True)
    return {number: at for number, at in arrived if seen_within(at, days=4)}


def test_every_return_is_confirmed(story: Story, since_the_first_run: dict[str, datetime]) -> None:
    assert of(story.messages("return_follow_up", "return_follow_up_arrived")) == set(since_the_first_run)
    assert len(since_the_first_run) > 30


def test_a_refund_is_told_of_once_it_was_paid_and_only_then(
    story: Story, since_the_first_run: dict[str, datetime]
) -> None:
    paid = {one: refunded_at(one, at) for one, at in since_the_first_run.items()}
    told = of(story.messages("return_follow_up", "return_follow_up_refunded"))

    assert told == {one for one, at in paid.items() if at and at <= TICKS[-1]}
    assert len(told) > 20


def test_after_ten_days_without_a_refund_a_person_looks_into_it(
    story: Story, since_the_first_run: dict[str, datetime]
) -> None:
    stuck = of(story.messages("return_follow_up", "return_follow_up_stuck"))
    never = {one for one, at in since_the_first_run.items() if refunded_at(one, at) is None}
    surely = {one for one in never if since_the_first_run[one] + timedelta(days=14) < TICKS[-1]}

    assert surely <= stuck <= never
    assert surely


def test_nobody_is_asked_what_was_wrong_before_they_have_their_money(
    story: Story, since_the_first_run: dict[str, datetime]
) -> None:
    questions = story.messages("return_follow_up", "return_follow_up_question")
    for row in questions.with_columns(pl.col("context").str.json_path_match("$.return_id")).iter_rows(named=True):
        paid = refunded_at(row["context"], since_the_first_run[row["context"]])
        assert paid is not None
        assert row["due_at"] > paid + timedelta(days=3)

    assert questions.height > 10
