"""Reminded of what they are about to run out of, at their own interval or everybody's, and of nothing they have."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from statistics import median

import polars as pl
import pytest

from tests.recipes.invoices import goods
from tests.recipes.story import TICKS, Story

Days = dict[int, dict[str, list[date]]]


@pytest.fixture(scope="module")
def bought() -> Days:
    """On which days who bought what."""
    sold = goods().filter(~pl.col("InvoiceNo").str.starts_with("C"))
    found: Days = defaultdict(dict)
    for customer, code, days in (
        sold.group_by("CustomerID", "StockCode").agg(pl.col("at").dt.date().unique().sort()).iter_rows()
    ):
        found[customer][code] = days
    return found


def gaps(days: Iterable[date]) -> list[int]:
    return [(later - earlier).days for earlier, later in pairwise(days)]


def test_the_interval_is_the_persons_own_or_that_of_all_who_buy_it(story: Story, bought: Days) -> None:
    walks = story.walks("replenishment")
    own = shared = 0
    for row in walks.iter_rows(named=True):
        entry = json.loads(row["context"])
        code, last = entry["stock_code"], date.fromisoformat(entry["last_bought_on"])
        mine = gaps(day for day in bought[row["customer_id"]][code] if day <= last)
        assert entry["is_own_interval"] == (len(mine) >= 2)
        if entry["is_own_interval"]:
            own += 1
            assert abs(entry["every_days"] - median(mine)) <= 0.5
        else:
            shared += 1
            seen = next(tick for tick in TICKS if tick >= row["entered_at"]).date()
            buyers = [[day for day in things.get(code, []) if day < seen] for things in bought.values()]
            everybody = [gap for days in buyers for gap in gaps(days)]
            assert len(everybody) >= 20
            assert 2 * sum(len(days) > 1 for days in buyers) >= sum(bool(days) for days in buyers)
        assert date.fromisoformat(entry["due_on"]) == last + timedelta(days=entry["every_days"])

    assert own > 20
    assert own + shared == walks.height


def test_they_are_reminded_three_days_ahead_and_only_of_what_they_did_not_buy_since(story: Story, bought: Days) -> None:
    for row in story.walks("replenishment").iter_rows(named=True):
        entry = json.loads(row["context"])
        due_on = date.fromisoformat(entry["due_on"])
        seen = next(tick for tick in TICKS if tick >= row["entered_at"])
        assert (due_on - row["entered_at"].date()).days in (3, 4), "ten in the morning may be the day before in UTC"
        days = bought[row["customer_id"]][entry["stock_code"]]
        assert not [day for day in days if date.fromisoformat(entry["last_bought_on"]) < day < seen.date()]


def test_whoever_buys_it_is_not_reminded_again(story: Story, bought: Days) -> None:
    again = story.messages("replenishment", "replenishment_again")
    walks = {row["instance"]: row for row in story.walks("replenishment").iter_rows(named=True)}
    for row in again.iter_rows(named=True):
        walk = walks[row["instance"]]
        entry = json.loads(walk["context"])
        days = bought[row["customer_id"]][entry["stock_code"]]
        assert not [day for day in days if walk["entered_at"].date() < day < row["planned_at"].date()]

    assert again.height > 5
    won = [walk for walk in walks.values() if walk["exit_reason"] == "goal"]
    assert won
    for walk in won:
        days = bought[walk["customer_id"]][json.loads(walk["context"])["stock_code"]]
        assert [day for day in days if datetime.combine(day, datetime.max.time(), UTC) > walk["entered_at"]]


def test_nobody_is_reminded_of_anything_within_two_weeks_of_the_last_time(story: Story) -> None:
    walks = story.walks("replenishment").sort("customer_id", "entered_at")
    apart = walks.select(pl.col("entered_at").diff().over("customer_id"))["entered_at"].drop_nulls()
    assert not apart.is_empty()
    assert apart.min() >= timedelta(days=14)
