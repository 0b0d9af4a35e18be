"""Thirty people look at a board for drawing, a week before its price falls."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.recipes.invoices import orders
from tests.recipes.story import Story

LOOKED_AT = "21592"
LOOKED = datetime(2011, 11, 25, 10, tzinfo=UTC)


def lookers() -> list[int]:
    """Some have it, most have not."""
    return orders()["customer_id"].unique().sort().to_list()[100:130]


def before(story: Story, at: datetime) -> None:
    if story.just_now(LOOKED):
        for customer in lookers():
            story.did("product_viewed", customer, LOOKED, stock_code=LOOKED_AT)
