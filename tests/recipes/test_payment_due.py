"""Whoever has paid is not reminded, whoever has not is, and everybody is thanked: once for each instalment."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.payment_due import instalments, paid_at
from tests.recipes.invoices import seen_within
from tests.recipes.story import TICKS, Story


def of(messages: pl.DataFrame) -> pl.Series:
    return messages.select(pl.col("context").str.json_path_match("$.instalment_id"))["context"]


@pytest.fixture(scope="module")
def payments() -> dict[str, datetime | None]:
    return {instalment: paid_at(instalment, due_on) for instalment, _, due_on in instalments()}


def test_nobody_is_reminded_of_an_instalment_that_they_have_paid(
    story: Story, payments: dict[str, datetime | None]
) -> None:
    sent = story.sent("payment_due")
    paid_first = 0
    for instalment, planned_at in zip(of(sent), sent["planned_at"], strict=True):
        paid = payments[instalment]
        paid_first += paid is not None
        assert paid is None or paid > planned_at

    assert sent.height > 30
    assert paid_first > 10, "some paid after a reminder"


def test_whoever_paid_before_we_would_have_reminded_does_not_even_enter(
    story: Story, payments: dict[str, datetime | None]
) -> None:
    due = {instalment: due_on for instalment, _, due_on in instalments()}
    entered = set(story.walks("payment_due")["entry_key"])
    early = {
        instalment
        for instalment, paid in payments.items()
        if paid and paid < datetime.combine(due[instalment], time(), UTC) - timedelta(days=5)
    }

    assert early
    assert not {key for key in entered if key in early}


def test_paying_ends_the_walk_of_that_instalment_and_of_no_other(
    story: Story, payments: dict[str, datetime | None]
) -> None:
    walks = story.walks("payment_due")
    for row in walks.iter_rows(named=True):
        paid = payments[row["entry_key"]]
        has_paid = paid is not None and paid <= TICKS[-1]
        assert has_paid == (row["exit_reason"] == "rule")

    # Somebody paid another one of theirs, and is still asked for this one.
    paying = {customer for one, customer, _ in instalments() if (at := payments[one]) and at <= TICKS[-1]}
    assert set(walks.filter(pl.col("exit_reason").is_null())["customer_id"]) & paying


def test_every_instalment_is_thanked_for_once(story: Story, payments: dict[str, datetime | None]) -> None:
    thanks = story.messages("payment_due_thanks")
    thanked = of(thanks).to_list()
    # What a run saw within three days of the payment.
    seen = {instalment for instalment, paid in payments.items() if paid and seen_within(paid, days=3)}

    assert len(thanked) == len(set(thanked))
    assert set(thanked) == seen
    assert len(seen) > 50
