"""A real morning of carts: who is reminded, of what, and when, reckoned from the events by hand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from tests.recipes.electronics import COUPON_ENDS, DATA, SELLS_OUT_AT, TICKS, ZONES, Electronics, clock, told

HOUR = timedelta(hours=1)


def waits_for_the_morning() -> int:
    """A visitor from Dubai who leaves a cart of something that can be had, and does nothing more."""
    events = pl.read_parquet(DATA).filter(pl.col("event_type") != "view")
    carts = events.filter(
        (pl.col("event_type") == "cart") & (pl.col("user_id") % 3 == 0) & (pl.col("product_id") % 5 > 0)
    )
    buyers = events.filter(event_type="purchase")["user_id"]
    left = carts.filter(~pl.col("user_id").is_in(buyers.to_list()) & (pl.col("user_id") % 10 > 0))
    return int(left.sort("event_time", "user_id")["user_id"][0])  # the earliest: seen by a run before they come back


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Electronics:
    return told(tmp_path_factory.mktemp("electronics"), waits_for_the_morning())


@dataclass(frozen=True)
class Cart:
    """A visitor's, as it stands at a time."""

    last_change: datetime
    products: frozenset[int]  # that can be had, and were not bought
    dearest: int | None


def cart(shop: Electronics, visitor: int, at: datetime) -> Cart | None:
    seen = shop.site.filter((pl.col("user_id") == visitor) & (pl.col("event_time") <= at))
    bought = seen.filter(event_type="purchase")
    added = seen.filter(event_type="cart")
    if not bought.is_empty():
        added = added.filter(pl.col("event_time") > bought["event_time"].max())
    if added.is_empty():
        return None
    prices = {
        row["product_id"]: row["price"]
        for row in added.sort("event_time").iter_rows(named=True)
        if row["product_id"] not in set(bought["product_id"])
        and row["product_id"] % 10 != 0
        and not (row["product_id"] % 10 == 5 and at >= SELLS_OUT_AT)
    }
    dearest = max(prices, key=lambda product: (prices[product], str(product))) if prices else None
    return Cart(added["event_time"].max(), frozenset(prices), dearest)


def opens_at(visitor: int, at: datetime) -> datetime:
    """From when on they may be reminded: between eight and ten at night, where they live."""
    zone = ZoneInfo(ZONES[visitor % 3])
    local = at.astimezone(zone)
    if time(8) <= local.time() < time(22):
        return at
    day = local.date() if local.time() < time(8) else local.date() + timedelta(days=1)
    return datetime.combine(day, time(8), zone).astimezone(UTC)


@dataclass(frozen=True)
class Expected:
    entered_at: datetime
    product: int
    sent_at: datetime | None  # the run's clock; none where they had left before
    coupon: bool


@pytest.fixture(scope="module")
def expected(shop: Electronics) -> dict[int, Expected]:
    found: dict[int, Expected] = {}
    for visitor in shop.site.filter(event_type="cart")["user_id"].unique():
        for tick in TICKS:
            before = cart(shop, visitor, tick)
            if before is None or not before.products or before.last_change + HOUR > tick:
                continue
            entered = before.last_change + HOUR
            sent = next(one for one in TICKS if one >= max(tick, opens_at(visitor, entered)))
            on_the_way = [cart(shop, visitor, one) for one in TICKS if tick <= one <= sent]
            assert before.dearest is not None
            found[visitor] = Expected(
                entered,
                before.dearest,
                sent if all(one and one.products for one in on_the_way) else None,
                visitor % 2 == 0 and sent + timedelta(days=1) <= COUPON_ENDS,
            )
            break
    return found


def outbox(shop: Electronics) -> pl.DataFrame:
    return shop.read(
        "select person::integer as visitor, planned.as_of as planned_at, "
        "(context->>'product_id')::integer as product, outbox.* exclude (planned_at) from tidegate.outbox "
        "inner join tidegate.runs as planned on outbox.planned_run = planned.run_id"
    )


def test_every_cart_that_was_left_for_an_hour_with_something_to_be_had_in_it_enters_when_the_hour_is_over(
    shop: Electronics, expected: dict[int, Expected]
) -> None:
    entered = shop.read("select person::integer as visitor, entered_at from tidegate.instances")

    assert len(expected) > 25
    assert dict(entered.iter_rows()) == {visitor: one.entered_at for visitor, one in expected.items()}


def test_who_bought_between_the_cart_and_the_reminder_gets_none(shop: Electronics) -> None:
    carts = shop.site.filter(event_type="cart").group_by("user_id").agg(pl.col("event_time").max().alias("left_at"))
    buys = shop.site.filter(event_type="purchase").join(carts, on="user_id")
    came_back = set(buys.filter(pl.col("event_time") >= pl.col("left_at"))["user_id"])

    assert len(came_back) > 40
    assert not came_back & set(outbox(shop)["visitor"])


def test_who_buys_while_the_reminder_waits_for_the_morning_gets_none(
    shop: Electronics, expected: dict[int, Expected]
) -> None:
    visitor = waits_for_the_morning()
    walk = shop.read(f"select exit_reason, entered_at from tidegate.instances where person = '{visitor}'").row(0)  # noqa: S608

    assert walk == ("goal", expected[visitor].entered_at)
    assert visitor not in set(outbox(shop)["visitor"])


def test_what_sells_out_in_the_night_is_not_advertised_in_the_morning(
    shop: Electronics, expected: dict[int, Expected]
) -> None:
    sold_out = {visitor for visitor, one in expected.items() if one.sent_at is None} - {waits_for_the_morning()}
    reasons = dict(shop.read("select person::integer, exit_reason from tidegate.instances").iter_rows())

    assert sold_out
    assert {reasons[visitor] for visitor in sold_out} == {"rule"}
    assert not sold_out & set(outbox(shop)["visitor"])


def test_everybody_else_is_reminded_once_of_the_dearest_by_day(
    shop: Electronics, expected: dict[int, Expected]
) -> None:
    planned = outbox(shop)

    assert planned["visitor"].is_unique().all()
    assert dict(zip(planned["visitor"], planned["planned_at"], strict=True)) == {
        visitor: one.sent_at for visitor, one in expected.items() if one.sent_at
    }
    assert {visitor: expected[visitor].product for visitor in planned["visitor"]} == dict(
        zip(planned["visitor"], planned["product"], strict=True)
    )
    assert set(planned["planned_at"]) > {clock(4), clock(12)}, "some in the morning, some at once"


def test_a_coupon_is_named_only_while_it_is_good_for_another_day(
    shop: Electronics, expected: dict[int, Expected]
) -> None:
    planned = outbox(shop)
    named = set(planned.filter(message="abandoned_cart_coupon")["visitor"])
    had_one_at_night = shop.read(
        "select person::integer as v from tidegate.instances where context->>'coupon' is not null"
    )
    without = set(planned.filter(message="abandoned_cart_reminder")["visitor"])

    assert named
    assert named == {visitor for visitor, one in expected.items() if one.sent_at and one.coupon}
    assert set(had_one_at_night["v"]) & without, "one ended in the night"


def test_who_may_not_be_written_to_is_not(shop: Electronics) -> None:
    planned = outbox(shop)
    sent = planned.filter(state="accepted")

    assert sent.height > 15
    assert (sent["visitor"] % 10 > 0).all()
    assert set(planned.filter(pl.col("state") != "accepted")["reason"]) <= {"no_consent", "holdout"}
