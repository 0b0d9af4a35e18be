"""Of a price that really fell: to whoever looked at the thing or has it, and not to whoever just paid more."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.price_drop import LOOKED_AT, lookers
from tests.recipes.invoices import goods
from tests.recipes.story import Story

FELL = date(2011, 12, 2)


@pytest.fixture(scope="module")
def sales() -> pl.DataFrame:
    """Of the board: to whom, on which day, at which price, how many pieces."""
    return (
        goods()
        .filter(pl.col("StockCode") == LOOKED_AT, ~pl.col("InvoiceNo").str.starts_with("C"))
        .select("CustomerID", "at", "UnitPrice", "Quantity", day=pl.col("InvoiceDate").dt.date())
    )


def test_the_price_did_fall(late_story: Story, sales: pl.DataFrame) -> None:
    """By the lines of the file: all that was sold by the piece in the four weeks before was dearer."""
    piecemeal = sales.filter(pl.col("Quantity").is_between(1, 5))
    before = piecemeal.filter(pl.col("day").is_between(FELL - timedelta(days=28), FELL - timedelta(days=1)))
    on_the_day = piecemeal.filter(pl.col("day") == FELL)["UnitPrice"].max()
    walks = late_story.walks("price_drop_watch")

    assert on_the_day is not None
    assert float(on_the_day) <= 0.85 * float(before["UnitPrice"].min())
    told = walks.select(pl.col("context").str.json_path_match("$.stock_code"))["context"]
    assert set(told) == {LOOKED_AT}
    assert set(walks["entered_at"]) == {datetime(2011, 12, 3, tzinfo=UTC)}


def test_who_looked_is_told_as_one_who_looked_and_who_has_it_as_one_who_has(
    late_story: Story, sales: pl.DataFrame
) -> None:
    lately = sales.filter(
        pl.col("at").is_between(
            datetime(2011, 12, 4, 12, tzinfo=UTC) - timedelta(days=180), datetime(2011, 12, 2, tzinfo=UTC)
        )
    )
    have = set(lately["CustomerID"])
    looked = set(late_story.messages("price_drop_watch", "price_drop_looked")["customer_id"])
    bought = set(late_story.messages("price_drop_watch", "price_drop_bought")["customer_id"])

    assert looked <= set(lookers())
    assert len(looked) > 20
    assert bought
    assert bought <= have - set(lookers())


def test_nobody_hears_that_they_could_have_waited(late_story: Story, sales: pl.DataFrame) -> None:
    just_bought = set(
        sales.filter(
            pl.col("at").is_between(
                datetime(2011, 11, 12, tzinfo=UTC), datetime(2011, 12, 3, tzinfo=UTC), closed="right"
            )
        )["CustomerID"]
    )
    refused = late_story.refused("price_drop_watch").filter(pl.col("disposition") == "condition")

    assert set(refused["customer_id"]) & just_bought == set(refused["customer_id"])
    assert refused.height > 0
    assert not just_bought & set(late_story.walks("price_drop_watch")["customer_id"])
