"""Refunds are paid: most within days, a few never."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.recipes.invoices import returns, synthetic_number
from tests.recipes.story import Story


def refunded_at(return_id: str, at: datetime) -> datetime | None:
    habit = synthetic_number(return_id, "refund", 4)
    return at + timedelta(days=2 if habit < 2 else 6) if habit < 3 else None


def before(story: Story, at: datetime) -> None:
    for row in returns().iter_rows(named=True):
        paid = refunded_at(row["invoice_no"], row["at"])
        if paid and story.just_now(paid):
            story.did("refund_paid", row["customer_id"], paid, return_id=row["invoice_no"])
