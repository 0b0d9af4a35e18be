"""The orders and returns of the story, reckoned from the file's lines, and what is made up with them: the same whoever
reckons it, as it hangs on the invoice's number."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import md5

import polars as pl

from tests.recipes.story import TICKS, raw_lines

NO_PRODUCTS = ["POST", "DOT", "C2", "M", "m", "D", "S", "B", "CRUK", "AMAZONFEE", "BANK CHARGES"]


@lru_cache
def goods() -> pl.DataFrame:
    """Lines of products that cost something, with the minute at which they were sold, in UTC."""
    return (
        raw_lines()
        .filter((pl.col("UnitPrice") > 0) & ~pl.col("StockCode").is_in(NO_PRODUCTS))
        .with_columns(
            pl.col("InvoiceDate").dt.replace_time_zone("Europe/London").dt.convert_time_zone("UTC").alias("at")
        )
    )


@lru_cache
def invoices() -> pl.DataFrame:
    """One row an order or return: invoice_no, customer_id, at (UTC), amount (negative where it came back)."""
    return (
        goods()
        .group_by(pl.col("InvoiceNo").alias("invoice_no"), pl.col("CustomerID").alias("customer_id"))
        .agg(pl.col("at").min(), (pl.col("Quantity") * pl.col("UnitPrice")).sum().alias("amount"))
        .sort("at", "invoice_no")
    )


def orders() -> pl.DataFrame:
    return invoices().filter(~pl.col("invoice_no").str.starts_with("C"))


def returns() -> pl.DataFrame:
    return invoices().filter(pl.col("invoice_no").str.starts_with("C"))


def synthetic_number(key: str, salt: str, below: int) -> int:
    """As the macro of that name."""
    return int(md5(f"{salt}{key}".encode()).hexdigest()[:7], 16) % below


def seen_within(moment: datetime, days: int, ticks: tuple[datetime, ...] = TICKS) -> bool:
    """Whether a run, not the first one, came to see it so soon."""
    tick = next((one for one in ticks if one >= moment), None)
    return moment > ticks[0] and tick is not None and tick - moment <= timedelta(days=days)
