"""A word to whoever has just come near a shop, or none at all."""

from __future__ import annotations

import math
from datetime import timedelta

import polars as pl

from tests.recipes.story import SATURDAY_TICKS as TICKS
from tests.recipes.story import Story

EARTH = 6371.0088


def km(lat: float, lon: float, to_lat: float, to_lon: float) -> float:
    """By the law of cosines, where the macro has the haversine."""
    one, two = math.radians(lat), math.radians(to_lat)
    turn = math.radians(to_lon - lon)
    angle = math.sin(one) * math.sin(two) + math.cos(one) * math.cos(two) * math.cos(turn)
    return EARTH * math.acos(min(1.0, angle))


def test_only_who_came_near_within_the_hour_is_told(saturday_story: Story) -> None:
    walks = saturday_story.walks("nearby_shop")
    seen = [min(tick for tick in TICKS if tick >= at) - at for at in walks["entered_at"]]

    assert walks.height > 15
    assert max(seen) <= timedelta(hours=1)
    late = saturday_story.refused("nearby_shop").filter(pl.col("disposition") == "too_old")
    assert late.height > 100, "the others came when nothing ran"


def test_they_were_there_and_had_come_from_elsewhere(saturday_story: Story) -> None:
    """The last run's positions are still there to be measured."""
    shops = {
        row["shop"]: row for row in saturday_story.read("select * from shop.nearby_shop_shops").iter_rows(named=True)
    }
    positions = saturday_story.read("select * from shop.nearby_shop_positions order by customer_id, seen_at")
    near: dict[tuple[int, str], set[object]] = {}
    for (customer,), own in positions.group_by("customer_id", maintain_order=True):
        for name, shop in shops.items():
            was = None
            for row in own.iter_rows(named=True):
                is_near = km(row["latitude"], row["longitude"], shop["latitude"], shop["longitude"]) <= shop["km"]
                if is_near and was is False:
                    near.setdefault((int(str(customer)), name), set()).add(row["seen_at"])
                was = is_near
    arrivals = saturday_story.read("select customer_id, shop, occurred_at from shop.nearby_shop")
    found: dict[tuple[int, str], set[object]] = {}
    for customer, name, at in arrivals.iter_rows():
        found.setdefault((customer, name), set()).add(at)

    assert found == near
    assert len(near) > 50


def test_nobody_is_told_twice_in_two_weeks(saturday_story: Story) -> None:
    walks = saturday_story.walks("nearby_shop").sort("customer_id", "entered_at")
    apart = walks.select(pl.col("entered_at").diff().over("customer_id"))["entered_at"].drop_nulls()
    again = {
        row["customer_id"]
        for row in saturday_story.refused("nearby_shop").iter_rows(named=True)
        if row["disposition"] == "too_soon"
    }

    assert apart.is_empty() or apart.min() >= timedelta(days=14)
    assert again
    assert again <= set(walks["customer_id"])


def test_whoever_did_not_agree_to_notifications_does_not_enter(saturday_story: Story) -> None:
    people = saturday_story.read("select customer_id from shop.people where push_token is null or not push_consent")
    assert not set(people["customer_id"]) & set(saturday_story.walks("nearby_shop")["customer_id"])
