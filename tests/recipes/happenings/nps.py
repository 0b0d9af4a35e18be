"""Every second customer answers the e-mail, and every third the notification, five hours after it went."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.recipes.story import TICKS, Story

SCORES = 11


def score(customer: int) -> int:
    return customer // 5 % SCORES


def answers_to(message: str, customer: int) -> bool:
    return customer % (2 if message == "nps_ask" else 3) == 0


def before(story: Story, at: datetime) -> None:
    if at == TICKS[0]:
        return
    answered: set[int] = set()
    for asked in story.sent("nps").iter_rows(named=True):
        moment = asked["settled_at"] + timedelta(hours=5)
        customer, message = asked["customer_id"], asked["message"]
        if message.startswith("nps_ask") and answers_to(message, customer) and story.just_now(moment):
            if customer not in answered:
                story.did("nps_answered", customer, moment, score=score(customer))
            answered.add(customer)
