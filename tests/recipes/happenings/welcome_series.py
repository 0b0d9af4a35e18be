"""On two days people sign up. Who is asked to confirm does so at once, after the reminder, too late, or never."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.recipes.invoices import orders, synthetic_number
from tests.recipes.story import TICKS, Story

TOPIC = "newsletter"
_HABITS = ("at once", "after the reminder", "too late", "never")


def signed_up() -> dict[int, datetime]:
    """Customers of before November: of those who never agreed to e-mails every second, of the others one in twenty."""
    known = orders().filter(orders()["at"] < TICKS[0])["customer_id"].unique().sort()
    return {
        customer: TICKS[1 + number // 2 % 2] - timedelta(hours=3)
        for number, customer in enumerate(known)
        if number % (20 if agreed_before(customer) else 2) == 0
    }


def agreed_before(customer: int) -> bool:
    return synthetic_number(str(customer), "email_consent", 100) < 85


def habit(customer: int) -> str:
    return _HABITS[customer // 5 % len(_HABITS)]


def before(story: Story, at: datetime) -> None:
    for customer, moment in signed_up().items():
        if story.just_now(moment):
            story.did("signed_up", customer, moment, page="/catalogue")
    if at == TICKS[0]:
        return
    for asked in story.sent("welcome_series").iter_rows(named=True):
        customer, again = asked["customer_id"], asked["message"] == "welcome_series_confirm_again"
        if asked["message"] != "welcome_series_confirm" and not again:
            continue
        after = {
            ("at once", False): timedelta(hours=2),
            ("after the reminder", True): timedelta(days=3),
            ("too late", True): timedelta(days=5, minutes=1),
        }.get((habit(customer), again))
        if after and story.just_now(asked["settled_at"] + after):
            story.consents(customer, asked["settled_at"] + after, topic=TOPIC)
