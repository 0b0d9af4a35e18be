"""Every second customer gives stars on the e-mail, and every third on the nudge, five hours after it went."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.recipes.story import TICKS, Story


def stars(customer: int) -> int:
    return 1 + customer // 5 % 5


def answers_to(message: str, customer: int) -> bool:
    return customer % (2 if message == "first_purchase_feedback_ask" else 3) == 0


def before(story: Story, at: datetime) -> None:
    if at == TICKS[0]:
        return
    for asked in story.sent("first_purchase_feedback").iter_rows(named=True):
        moment = asked["settled_at"] + timedelta(hours=5)
        customer, message = asked["customer_id"], asked["message"]
        if message.endswith(("_ask", "_nudge")) and answers_to(message, customer) and story.just_now(moment):
            story.did("feedback_given", customer, moment, stars=stars(customer), invoice_no=asked["entry"])
