"""Who stopped ordering is asked three times; who answers nothing is left in peace from then on."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from tests.recipes.invoices import orders
from tests.recipes.story import LATE_TICKS as TICKS
from tests.recipes.story import Story

LETTERS = ("reactivation_letter", "reactivation_offer", "reactivation_last_call")


def tagged(late_story: Story) -> pl.DataFrame:
    return late_story.read(
        "select person::integer as customer_id, set_at from tidegate.traits where name = 'sunset' and kind = 'tag'"
    )


def answered(messages: pl.DataFrame) -> set[int]:
    heard = messages.filter(pl.col("kinds").list.contains("opened") | pl.col("kinds").list.contains("clicked"))
    return set(heard["customer_id"])


def test_those_enter_who_ordered_twice_and_not_for_four_months(late_story: Story) -> None:
    walks = late_story.walks("reactivation")
    for customer, entered in zip(walks["customer_id"], walks["entered_at"], strict=True):
        own = orders().filter((pl.col("customer_id") == customer) & (pl.col("at") <= entered))
        assert own.height >= 2
        assert timedelta(days=120) <= entered - own["at"].max() < timedelta(days=365)
    assert walks.height > 60


def test_whoever_orders_leaves_and_hears_nothing_more(late_story: Story) -> None:
    sent = late_story.sent("reactivation")
    won = 0
    for walk in late_story.walks("reactivation").iter_rows(named=True):
        own = orders().filter(
            (pl.col("customer_id") == walk["customer_id"]) & pl.col("at").is_between(walk["entered_at"], TICKS[-1])
        )
        if own.is_empty() or (walk["ended_at"] and walk["ended_at"] < own["at"].min()):
            continue
        won += 1
        assert walk["exit_reason"] == "goal"
        later = sent.filter((pl.col("instance") == walk["instance"]) & (pl.col("planned_at") > own["at"].min()))
        assert later.is_empty()
    assert won


def test_the_tag_is_for_those_who_answered_nothing_of_what_they_got(late_story: Story) -> None:
    gone = set(tagged(late_story)["customer_id"])

    assert gone
    letter, _, last_call = (late_story.sent("reactivation", name) for name in LETTERS)
    assert gone <= set(letter["customer_id"]) & set(last_call["customer_id"])
    assert not gone & answered(letter)
    assert not gone & answered(last_call)
    steps = late_story.sent("reactivation", "reactivation_offer").filter(
        pl.col("step") == "reactivation_offer_elsewhere"
    )
    assert not gone & answered(steps)


def test_whoever_got_no_letter_is_not_blamed_for_not_opening_it(late_story: Story) -> None:
    withheld = late_story.messages("reactivation", "reactivation_letter").filter(pl.col("state") == "skipped")
    assert withheld.height > 0
    assert not set(withheld["customer_id"]) & set(tagged(late_story)["customer_id"])


def test_nobody_who_was_let_go_gets_anything_that_they_do_not_need(late_story: Story) -> None:
    let_go = dict(tagged(late_story).iter_rows())
    sunset = set(late_story.read("select customer_id from shop.reactivation_sunset")["customer_id"])
    orders_since = {
        customer
        for customer, at in let_go.items()
        if not orders()
        .filter((pl.col("customer_id") == customer) & (pl.col("at") > at) & (pl.col("at") <= TICKS[-1]))
        .is_empty()
    }
    assert sunset == set(let_go) - orders_since

    asked = late_story.read("select customer_id from shop.reactivation_people where is_sunset")
    assert set(asked["customer_id"]) == sunset


def test_other_journeys_do_not_reach_them_either(late_story: Story) -> None:
    """They asked to be told of a thing that is back: so did others who stopped ordering, and those are told."""
    sunset = late_story.read("select customer_id, sunset_at from shop.reactivation_sunset")
    planned = late_story.messages("back_in_stock").join(sunset, on="customer_id")
    later = planned.filter(pl.col("planned_at") > pl.col("sunset_at"))
    same_time = late_story.sent("back_in_stock").filter(pl.col("planned_at") == TICKS[-1])

    assert later.height > 0
    assert set(later["reason"]) == {"no_consent"}
    assert set(same_time["customer_id"]) & set(late_story.walks("reactivation")["customer_id"])


def test_the_segment_lets_go_of_them_too(late_story: Story) -> None:
    segment = set(late_story.read("select customer_id from shop.reactivation")["customer_id"])
    assert segment
    assert not segment & set(tagged(late_story)["customer_id"])
