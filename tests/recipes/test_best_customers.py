"""The tenth that spent most is thanked once, with a gift where a person said so, and whoever slips is asked why."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import polars as pl

from tests.recipes.happenings.best_customers import gets_a_gift
from tests.recipes.invoices import invoices
from tests.recipes.story import TICKS, Story


def best(at: datetime) -> set[int]:
    """Of those who ordered in the year before, the tenth that spent most and has three orders, by the file's lines."""
    seen = invoices().filter(pl.col("at") <= at)
    ordered = seen.filter(~pl.col("invoice_no").str.starts_with("C"))["customer_id"].unique()
    year = seen.filter((pl.col("at") > at - timedelta(days=365)) & pl.col("customer_id").is_in(ordered.to_list()))
    spent = (
        year.group_by("customer_id")
        .agg(
            pl.col("amount").sum().round(2).alias("spent"),
            (~pl.col("invoice_no").str.starts_with("C")).sum().alias("orders"),
        )
        .filter(pl.col("orders") > 0)
        .with_columns(((pl.col("spent").rank("min", descending=True) - 1) / (pl.len() - 1)).alias("better"))
    )
    return set(spent.filter((pl.col("better") < 0.1) & (pl.col("orders") >= 3))["customer_id"])


def test_who_comes_among_the_best_after_the_first_run_enters_once(story: Story) -> None:
    walks = story.walks("best_customers")
    among = [best(tick) for tick in TICKS]
    came: dict[int, datetime] = {}
    for before, now, tick in zip(among, among[1:], TICKS[1:], strict=False):
        for person in now - before:
            came.setdefault(person, tick)

    assert len(came) > 5
    assert dict(walks.select("customer_id", "entered_at").iter_rows()) == came


def test_a_gift_goes_to_those_for_whom_somebody_said_yes_and_thanks_to_the_others(story: Story) -> None:
    gifts = set(story.messages("best_customers", "best_customers_gift")["customer_id"])
    thanks = set(story.messages("best_customers", "best_customers_thanks")["customer_id"])
    over = set(story.walks("best_customers").filter(status="ended")["customer_id"])

    assert thanks
    assert gifts
    assert gifts | thanks == over
    assert all(gets_a_gift(person) for person in gifts)
    assert not any(gets_a_gift(person) for person in thanks)


def test_the_ad_list_is_the_best_who_may_be_shown_ads(story: Story) -> None:
    held = story.read("select person::integer as customer_id from tidegate.delivered where list = 'Best customers'")
    may = story.read(
        "select customer_id from shop.people where ads_consent and (email is not null or phone is not null)"
    )
    missing = best(TICKS[-1]) & set(may["customer_id"]) - set(held["customer_id"])
    malformed = story.read("select customer_id from shop.people where phone is null and email like '%(at)%'")

    assert held.height > 30
    assert set(held["customer_id"]) <= best(TICKS[-1]) & set(may["customer_id"])
    assert missing <= set(malformed["customer_id"])


def test_who_slips_is_asked_two_weeks_later_unless_they_ordered(
    story: Story, ordered_at: dict[int, list[datetime]]
) -> None:
    walks = story.walks("best_customers_slipping")
    asked = story.messages("best_customers_slipping", "best_customers_what_was_missing")
    left = [best(before) - best(now) for before, now in pairwise(TICKS)]

    assert walks.height > 3
    assert set(walks["customer_id"]) <= set().union(*left)
    assert not asked.is_empty()
    entered = dict(walks.select("customer_id", "entered_at").iter_rows())
    for row in asked.iter_rows(named=True):
        person = row["customer_id"]
        assert (row["due_at"].date() - entered[person].date()).days == 14
        assert not [at for at in ordered_at[person] if entered[person] < at <= row["due_at"]]
    for walk in walks.filter(exit_reason="goal").iter_rows(named=True):
        assert [at for at in ordered_at[walk["customer_id"]] if walk["entered_at"] < at <= walk["ended_at"]]
