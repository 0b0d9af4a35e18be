"""Whoever asked is told first, whoever buys it regularly a day later, and nobody who bought it meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.back_in_stock import came_back, requests
from tests.recipes.invoices import goods
from tests.recipes.story import LATE_TICKS as TICKS
from tests.recipes.story import Story


def of(rows: pl.DataFrame) -> list[str]:
    return rows.select(pl.col("context").str.json_path_match("$.stock_code"))["context"].to_list()


def seen_in_time(moment: datetime) -> bool:
    """By a run at most two days later, and not by the first."""
    tick = next((one for one in TICKS if one >= moment), None)
    return moment > TICKS[0] and tick is not None and tick - moment <= timedelta(days=2)


@pytest.fixture(scope="module")
def asked(late_story: Story) -> set[tuple[int, str]]:
    """Who is among the people of that day and asked while it was out."""
    since = dict(late_story.read("select customer_id, first_seen_at from shop.people").iter_rows())
    return {
        (customer, back.stock_code)
        for back, customer in requests()
        if seen_in_time(back.back_at) and since[customer] <= back.back_at
    }


def test_everybody_who_asked_is_told_of_each_thing(late_story: Story, asked: set[tuple[int, str]]) -> None:
    messages = late_story.messages("back_in_stock", "back_in_stock_asked")
    told = list(zip(messages["customer_id"], of(messages), strict=True))
    left = late_story.walks("back_in_stock").filter(pl.col("exit_reason") == "goal")
    bought_at_once = set(late_story.refused("back_in_stock").filter(pl.col("disposition") == "goal")["customer_id"])

    assert len(told) == len(set(told))
    assert set(told) <= asked
    missing = asked - set(told)
    assert {customer for customer, _ in missing} <= set(left["customer_id"]) | bought_at_once
    assert len(told) > 100


def test_things_come_back_that_really_were_gone(late_story: Story) -> None:
    back = {(one.stock_code, one.back_at) for one in came_back()}
    walks = late_story.walks("back_in_stock")

    assert set(zip(of(walks), walks["entered_at"], strict=True)) <= back


def test_regular_buyers_are_told_on_the_next_morning(late_story: Story, asked: set[tuple[int, str]]) -> None:
    messages = late_story.messages("back_in_stock", "back_in_stock_regular")
    walks = late_story.walks("back_in_stock")
    entered = dict(zip(walks["instance"], walks["entered_at"], strict=True))
    bought = goods().filter((pl.col("Quantity") > 0) & ~pl.col("InvoiceNo").str.starts_with("C"))
    days = {
        (customer, code): list(zip(all_days, all_at, strict=True))
        for customer, code, all_days, all_at in bought.group_by("CustomerID", "StockCode")
        .agg(pl.col("at").dt.date().alias("day"), pl.col("at").alias("when"))
        .iter_rows()
    }

    assert messages.height > 50
    for customer, code, instance, due_at in zip(
        messages["customer_id"], of(messages), messages["instance"], messages["due_at"], strict=True
    ):
        since = entered[instance]
        before = {day for day, at in days[customer, code] if since - timedelta(days=180) < at < since}
        assert (customer, code) not in asked
        assert len(before) >= 2
        assert due_at - since >= timedelta(hours=10)
        assert not [at for _, at in days[customer, code] if since < at <= due_at]
