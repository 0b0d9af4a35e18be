"""Some ask to be told when a thing that is sold out comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

import polars as pl

from tests.recipes.invoices import goods, orders, synthetic_number
from tests.recipes.story import LATE_TICKS, Story

FIRST, LAST = LATE_TICKS[0], LATE_TICKS[-1]


@dataclass(frozen=True)
class Return:
    stock_code: str
    out_since: date
    back_at: datetime

    @property
    def asked_at(self) -> datetime:
        return datetime.combine(self.out_since + timedelta(days=5), time(12), UTC)


@lru_cache
def came_back() -> tuple[Return, ...]:
    """What sold on ten days of sixty, then to nobody for two weeks, then again in the story's time."""
    sold = goods().filter((pl.col("Quantity") > 0) & ~pl.col("InvoiceNo").str.starts_with("C"))
    days = sold.group_by("StockCode", pl.col("InvoiceDate").dt.date().alias("day")).agg(pl.col("at").min())
    found = []
    for (code,), product in days.sort("day").group_by("StockCode"):
        all_days = product["day"].to_list()
        for last, day, at in zip(all_days, all_days[1:], product["at"].to_list()[1:], strict=False):
            lately = [one for one in all_days if 1 <= (day - one).days <= 60]
            if (day - last).days >= 14 and len(lately) >= 10 and day >= date(2011, 10, 31):
                found.append(Return(str(code), last, at))
    return tuple(sorted(found, key=lambda one: (one.back_at, one.stock_code)))


def stopped_ordering() -> list[int]:
    """Whose last order before the story was four months ago or longer."""
    before = orders().filter(pl.col("at") <= FIRST).group_by("customer_id").agg(pl.col("at").max())
    return before.filter(pl.col("at") <= FIRST - timedelta(days=120))["customer_id"].sort().to_list()


def asking(back: Return) -> list[int]:
    """Any four; for what comes back last, all who stopped ordering."""
    last = max(one.back_at for one in came_back() if one.back_at <= LAST)
    if back.back_at == last:
        return stopped_ordering()
    customers = orders()["customer_id"].unique().sort().to_list()
    start = synthetic_number(back.stock_code, "asks", len(customers) - 4)
    return customers[start : start + 4]


def requests() -> Iterator[tuple[Return, int]]:
    for back in came_back():
        for customer in asking(back):
            yield back, customer


def before(story: Story, at: datetime) -> None:
    for back, customer in requests():
        if story.just_now(back.asked_at):
            story.did("stock_alert_requested", customer, back.asked_at, stock_code=back.stock_code)
