"""Somebody looks at those who wait for a gift ahead of every run, and gives one to every second of them."""

from __future__ import annotations

from datetime import datetime

from tests.recipes.story import TICKS, Story


def gets_a_gift(customer: int) -> bool:
    return customer % 2 == 0


def before(story: Story, at: datetime) -> None:
    if at == TICKS[0]:
        return
    waiting = story.walks("best_customers").filter(status="active", step="gift")["customer_id"]
    chosen = [customer for customer in waiting if gets_a_gift(customer)]
    if chosen:
        story.approves("best_customers", "gift", chosen)
