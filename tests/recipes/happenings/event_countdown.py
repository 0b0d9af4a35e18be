"""Of those who registered for a workshop one in five cancels on the next day; of the others most come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tests.recipes.invoices import orders, synthetic_number
from tests.recipes.story import Story


@dataclass(frozen=True)
class Registration:
    registration_id: str
    customer_id: int
    registered_at: datetime
    starts_on: date

    @property
    def cancelled_at(self) -> datetime | None:
        gone = synthetic_number(self.registration_id, "comes", 5) == 0
        at = self.registered_at + timedelta(days=1)
        return at if gone and at.date() < self.starts_on else None

    @property
    def came_at(self) -> datetime | None:
        if self.cancelled_at or synthetic_number(self.registration_id, "comes", 5) == 4:
            return None
        return datetime.combine(self.starts_on, time(14, 5), ZoneInfo("Europe/London"))

    @property
    def ended_at(self) -> datetime | None:
        """When there was nothing to count down to any more."""
        return self.cancelled_at or self.came_at


def registrations() -> Iterator[Registration]:
    for order in orders().iter_rows(named=True):
        number = order["invoice_no"]
        if synthetic_number(number, "workshop", 3) == 0:
            day = order["at"].date() + timedelta(days=synthetic_number(number, "workshop_day", 21))
            saturday = day + timedelta(days=(5 - day.weekday()) % 7)
            yield Registration(f"R{number}", order["customer_id"], order["at"], saturday)


def before(story: Story, at: datetime) -> None:
    for one in registrations():
        for name, moment in (("registration_cancelled", one.cancelled_at), ("registration_attended", one.came_at)):
            if moment and story.just_now(moment):
                story.did(name, one.customer_id, moment, registration_id=one.registration_id)
