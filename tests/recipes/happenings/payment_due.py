"""Instalments are paid: some before anybody reminds, some the day before they are due, some late, some never."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from tests.recipes.invoices import orders, synthetic_number
from tests.recipes.story import Story


def instalments() -> Iterator[tuple[str, int, date]]:
    """The instalment, whose it is, and when it is due."""
    for order in orders().filter(orders()["amount"].round(2) >= 500).iter_rows(named=True):
        for number in (1, 2, 3):
            due_on = order["at"].date() + timedelta(days=30 * number)
            yield f"{order['invoice_no']}:{number}", order["customer_id"], due_on


def paid_at(instalment: str, due_on: date) -> datetime | None:
    habit = synthetic_number(instalment, "pays", 10)
    days = -7 if habit < 4 else -2 if habit < 7 else 4 if habit < 9 else None
    return datetime.combine(due_on + timedelta(days=days), time(15, 30), UTC) if days is not None else None


def before(story: Story, at: datetime) -> None:
    for instalment, customer, due_on in instalments():
        paid = paid_at(instalment, due_on)
        if paid and story.just_now(paid):
            story.did("instalment_paid", customer, paid, instalment_id=instalment)
