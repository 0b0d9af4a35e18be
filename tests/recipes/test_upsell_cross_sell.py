"""What is offered makes sense for this very customer, by the invoices."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.recipes.invoices import goods, returns
from tests.recipes.story import TICKS, Story

J = "upsell_cross_sell"


@pytest.fixture(scope="module")
def offers(story: Story) -> list[dict[str, object]]:
    """What each who entered was to be offered, and when a run saw it."""
    rows = story.read(
        """
        select
            person::integer as customer_id, entered_at, entered_run, exit_reason, goal_at, ended_at,
            context->>'occurrence_id' as invoice, context->>'offer' as offer, context->>'offered_code' as code,
            (context->>'bulk_pieces')::integer as pieces, (context->>'bulk_price')::decimal(10, 3) as price,
            as_of as seen_at
        from tidegate.instances
        inner join tidegate.runs on instances.entered_run = runs.run_id
        where journey = 'upsell_cross_sell'
        """
    )
    return rows.to_dicts()


def sold_until(seen_at: datetime) -> pl.DataFrame:
    sold = goods().filter(~pl.col("InvoiceNo").str.starts_with("C") & (pl.col("Quantity") > 0))
    return sold.filter((pl.col("at") <= seen_at) & (pl.col("at") > seen_at - timedelta(days=180)))


def test_a_cross_sell_is_what_others_have_on_the_same_invoice_most_often_and_this_customer_never_had(
    offers: list[dict[str, object]],
) -> None:
    crosses = [one for one in offers if one["offer"] == "cross_sell"]
    assert len(crosses) > 40
    for one in crosses[::6]:
        sold = sold_until(one["seen_at"])  # type: ignore[arg-type]
        mine = (
            sold.filter(pl.col("InvoiceNo") == one["invoice"])
            .group_by("StockCode")
            .agg((pl.col("Quantity") * pl.col("UnitPrice")).sum().alias("amount"))
        )
        main = mine.sort(["amount", "StockCode"], descending=[True, False])["StockCode"][0]
        with_it = sold.filter(pl.col("InvoiceNo").is_in(sold.filter(StockCode=main)["InvoiceNo"].unique().to_list()))
        together = (
            with_it.filter(pl.col("StockCode") != main)
            .group_by("StockCode")
            .agg(pl.col("InvoiceNo").n_unique().alias("n"))
        )
        had = goods().filter((pl.col("CustomerID") == one["customer_id"]) & (pl.col("at") <= one["seen_at"]))
        left = together.filter(~pl.col("StockCode").is_in(had["StockCode"].unique().to_list()))
        # what the customer was given or had taken off counts as known too, so ours may know of less
        best = left.sort(["n", "StockCode"], descending=[True, False])
        assert one["code"] in set(best["StockCode"])
        count = best.filter(StockCode=one["code"])["n"][0]
        assert count >= 4
        assert count * 7 >= with_it["InvoiceNo"].n_unique()
        assert count == best["n"].max()


def test_an_upsell_is_the_third_order_of_the_same_and_somebody_paid_a_tenth_less_for_more(
    offers: list[dict[str, object]],
) -> None:
    upsells = [one for one in offers if one["offer"] == "upsell"]
    assert upsells
    for one in upsells:
        sold = sold_until(one["seen_at"]).filter(StockCode=one["code"])  # type: ignore[arg-type]
        mine = sold.filter(CustomerID=one["customer_id"])
        usual = mine.group_by("InvoiceNo").agg(pl.col("Quantity").sum(), pl.col("UnitPrice").min())
        assert usual.height >= 3
        assert one["pieces"] > usual["Quantity"].max()
        assert one["price"] <= usual["UnitPrice"].min() * 9 / 10  # type: ignore[operator]
        assert not sold.filter(Quantity=one["pieces"], UnitPrice=one["price"]).is_empty()


def test_who_bought_it_meanwhile_is_not_offered_it(story: Story, offers: list[dict[str, object]]) -> None:
    asked = {row["customer_id"]: row["due_at"] for row in story.messages(J).iter_rows(named=True)}
    bought = goods().filter(~pl.col("InvoiceNo").str.starts_with("C"))

    assert len(asked) > 60
    for one in offers:
        later = bought.filter(
            (pl.col("CustomerID") == one["customer_id"])
            & (pl.col("StockCode") == one["code"])
            & (pl.col("at") > one["entered_at"])
        )["at"]
        due = asked.get(one["customer_id"])
        if due is not None and not later.is_empty():
            assert later.min() > due


def test_nothing_is_offered_with_what_was_sent_back(story: Story, offers: list[dict[str, object]]) -> None:
    asked = dict(story.messages(J).select("customer_id", "due_at").iter_rows())
    back = returns()
    off = 0
    for one in offers:
        until = asked.get(one["customer_id"], TICKS[-1])
        came = back.filter(
            (pl.col("customer_id") == one["customer_id"]) & (pl.col("at") > one["entered_at"]) & (pl.col("at") <= until)
        )
        if not came.is_empty():
            off += 1
            assert one["customer_id"] not in asked
    assert off


def test_one_offer_a_month_and_it_is_the_one_of_the_entry(story: Story, offers: list[dict[str, object]]) -> None:
    messages = story.messages(J)
    kinds = {one["customer_id"]: one["offer"] for one in offers}

    assert messages["customer_id"].is_unique().all()
    for row in messages.iter_rows(named=True):
        larger = row["message"] == "upsell_cross_sell_larger_box"
        assert larger == (kinds[row["customer_id"]] == "upsell")
