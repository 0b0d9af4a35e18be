"""One question, by two ways, and no answer without a reply."""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl
import pytest

from tests.recipes.happenings.nps import answers_to, score
from tests.recipes.invoices import orders, returns
from tests.recipes.story import TICKS, Story

J = "nps"


@pytest.fixture(scope="module")
def answered(story: Story) -> dict[int, datetime]:
    rows = story.read("select customer_id, min(occurred_at) from shop.events where name = 'nps_answered' group by 1")
    return dict(rows.iter_rows())


def test_each_entry_is_an_order_of_the_two_days_before_a_run_and_nobody_enters_twice(story: Story) -> None:
    walks = story.walks(J)
    bought = set(orders().select("customer_id", "at").iter_rows())

    assert walks.height > 80
    assert walks["customer_id"].is_unique().all()
    assert set(walks.select("customer_id", "entered_at").iter_rows()) <= bought


def test_who_called_an_order_off_before_the_question_is_not_asked(story: Story) -> None:
    back = returns()
    asked = dict(story.messages(J, "nps_ask").select("customer_id", "due_at").iter_rows())
    called_off = 0
    for walk in story.walks(J).iter_rows(named=True):
        person = walk["customer_id"]
        until = asked.get(person, TICKS[-1])
        came_back = back.filter(
            (pl.col("customer_id") == person) & (pl.col("at") > walk["entered_at"]) & (pl.col("at") <= until)
        )
        if not came_back.is_empty():
            called_off += 1
            assert person not in asked
            assert walk["exit_reason"] == "rule"
    assert called_off > 5


def test_the_second_way_is_for_those_who_did_not_answer_the_first_in_three_days(
    story: Story, answered: dict[int, datetime]
) -> None:
    asked = dict(story.sent(J, "nps_ask").select("customer_id", "settled_at").iter_rows())
    short = story.messages(J, "nps_ask_short")
    for row in short.iter_rows(named=True):
        if row["customer_id"] in asked:
            at = answered.get(row["customer_id"])
            assert at is None or at > asked[row["customer_id"]] + timedelta(days=3)
    reached = short.filter(pl.col("state") == "accepted")

    assert reached.height > 5
    assert set(reached["channel"]) <= {"push", "sms"}
    assert not {person for person in asked if answers_to("nps_ask", person)} & set(short["customer_id"])


def test_each_answer_gets_the_reply_that_fits_it(story: Story, answered: dict[int, datetime]) -> None:
    expected = {
        "nps_alert": {person for person in answered if score(person) <= 6},
        "nps_thanks": {person for person in answered if 7 <= score(person) <= 8},
        "nps_friend": {person for person in answered if score(person) >= 9},
    }
    over = set(story.walks(J).filter(exit_reason="completed")["customer_id"])

    assert len(answered) > 20
    for message, people in expected.items():
        assert people & over, message
        assert set(story.messages(J, message)["customer_id"]) == people & over, message


def test_tags_say_who_is_what(story: Story, answered: dict[int, datetime]) -> None:
    tags = story.read(
        "select person::integer as customer_id, name from tidegate.traits where kind = 'tag' and value is not null "
        "and journey = 'nps'"
    )
    of = {name: set(rows["customer_id"]) for (name,), rows in tags.group_by("name")}

    assert of["nps_detractor"] == {person for person in answered if score(person) <= 6} & set(tags["customer_id"])
    assert of["nps_promoter"] <= {person for person in answered if score(person) >= 9}
    assert not of["nps_silent"] & set(answered)
