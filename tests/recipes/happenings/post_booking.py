"""One booking in five is cancelled on the next day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tests.recipes.invoices import orders, synthetic_number
from tests.recipes.story import Story


@dataclass(frozen=True)
class Booking:
    booking_id: str
    customer_id: int
    booked_at: datetime
    arrives_on: date
    leaves_on: date

    @property
    def cancelled_at(self) -> datetime | None:
        return self.booked_at + timedelta(days=1) if synthetic_number(self.booking_id, "stays", 5) == 0 else None


def bookings() -> Iterator[Booking]:
    for order in orders().iter_rows(named=True):
        number = order["invoice_no"]
        if synthetic_number(number, "booking", 3) == 0:
            arrives = order["at"].date() + timedelta(days=1 + synthetic_number(number, "stay", 20))
            leaves = arrives + timedelta(days=1 + synthetic_number(number, "nights", 4))
            yield Booking(f"B{number}", order["customer_id"], order["at"], arrives, leaves)


def before(story: Story, at: datetime) -> None:
    for one in bookings():
        if one.cancelled_at and story.just_now(one.cancelled_at):
            story.did("booking_cancelled", one.customer_id, one.cancelled_at, booking_id=one.booking_id)
