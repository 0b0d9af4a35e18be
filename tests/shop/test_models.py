from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import phonenumbers
import polars as pl
import pytest
from email_validator import EmailNotValidError, validate_email
from ruamel.yaml import YAML

from tests.shop.conftest import AS_OF, Shop
from tidegate import contracts
from tidegate.build import clock, invocation
from tidegate.starter import folder as starter

NOT_PRODUCTS = ["POST", "DOT", "C2", "M", "m", "D", "S", "B", "CRUK", "AMAZONFEE", "BANK CHARGES"]


def goods(lines: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Lines for goods to known customers, in UTC; reckoned apart from the models, in polars."""
    return (
        lines.filter(
            pl.col("CustomerID").is_not_null() & (pl.col("UnitPrice") > 0) & ~pl.col("StockCode").is_in(NOT_PRODUCTS)
        )
        .with_columns(
            at=pl.col("InvoiceDate").dt.replace_time_zone("Europe/London").dt.convert_time_zone("UTC"),
            cancelled=pl.col("InvoiceNo").str.starts_with("C"),
            amount=pl.col("Quantity").cast(pl.Float64) * pl.col("UnitPrice").cast(pl.Float64),
        )
        .filter(pl.col("at") <= as_of)
    )


def orders(lines: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    return goods(lines, as_of).group_by("InvoiceNo", "CustomerID", "cancelled").agg(pl.min("at"), pl.sum("amount"))


def dbt(shop: Shop, *arguments: str) -> dict[str, str]:
    """Statuses by the name of what was run."""
    call = invocation.Invocation(
        shop.root, "dev", shop.root / ".tidegate" / "dev" / "warehouse.tidegate" / "dbt" / "run"
    )
    manifest = invocation.parse(call)
    os.environ[clock.VARIABLE] = clock.literal(AS_OF)
    try:
        answer = invocation._invoke([*arguments, *call.arguments()], manifest)
    finally:
        del os.environ[clock.VARIABLE]
    assert answer.exception is None
    return {result.node.name: f"{result.status} {result.message or ''}".strip() for result in answer.result}


def test_every_promise_of_the_models_is_kept_on_the_real_data(shop: Shop) -> None:
    outcome = dbt(shop, "test", "--exclude-resource-type", "unit_test")
    assert len(outcome) > 40
    assert {name: said for name, said in outcome.items() if not said.startswith("pass")} == {}


def test_the_models_say_at_their_edges_what_their_tests_expect(shop: Shop) -> None:
    outcome = dbt(shop, "test", "--resource-type", "unit_test")
    assert len(outcome) > 25
    assert {name: said for name, said in outcome.items() if not said.startswith("pass")} == {}


def test_every_segment_and_trigger_has_its_yml_a_grain_and_a_test_at_its_edge() -> None:
    models = sorted(path for name in ("segments", "triggers") for path in (starter() / "models" / name).glob("*.sql"))
    assert len([path for path in models if path.parent.name == "segments"]) >= 8
    assert len([path for path in models if path.parent.name == "triggers"]) >= 4
    for path in models:
        said = YAML(typ="safe").load(path.with_suffix(".yml").read_text())
        (model,) = said["models"]
        assert model["name"] == path.stem
        assert model["description"].startswith("One row per "), path
        assert any(test["model"] == path.stem for test in said["unit_tests"]), path
        assert all(len(test["name"].split("_")) > 4 for test in said["unit_tests"]), "a test is named as a sentence"


def test_no_model_asks_the_clock_on_the_wall() -> None:
    now = re.compile(
        r"\b(now|today|current_date|current_timestamp|get_current_timestamp)\b *\(|\bcurrent_(date|timestamp)\b"
    )
    for path in [*(starter() / "models").rglob("*.sql"), *(starter() / "macros").rglob("*.sql")]:
        sql = re.sub(r"\{#.*?#\}|--.*", "", path.read_text(), flags=re.DOTALL)
        assert not now.search(sql.replace("now()", "") if path.stem == "as_of" else sql), path


def test_every_contract_can_be_read(shop: Shop) -> None:
    built = shop.build(AS_OF)
    assert {"orders", "events", "people", "vip_customers"} <= set(built.contracts)
    for model, written in built.contracts.items():
        parsed, problems = contracts.parse(model, written.raw, written.file, root=shop.root)
        assert problems == []
        assert parsed


class TestSegments:
    def test_vips_are_those_who_spent_two_thousand_pounds_in_a_year_net(self, shop: Shop, lines: pl.DataFrame) -> None:
        year = orders(lines, AS_OF).filter(pl.col("at") > AS_OF - timedelta(days=365))
        spent = year.group_by("CustomerID").agg(pl.sum("amount").round(2)).filter(pl.col("amount") >= 2000)
        buyers = set(orders(lines, AS_OF).filter(~pl.col("cancelled"))["CustomerID"])
        expected = set(spent["CustomerID"]) & buyers
        assert len(expected) > 700
        assert shop.keys("vip_customers") == expected

    def test_lapsed_are_those_whose_last_order_is_older_than_ninety_days(self, shop: Shop, lines: pl.DataFrame) -> None:
        last = orders(lines, AS_OF).filter(~pl.col("cancelled")).group_by("CustomerID").agg(pl.max("at"))
        expected = set(last.filter(pl.col("at") < AS_OF - timedelta(days=90))["CustomerID"])
        assert len(expected) > 1400
        assert shop.keys("lapsed_90_days") == expected

    def test_whoever_bought_once_is_new_for_thirty_days_and_then_bought_once(
        self, shop: Shop, lines: pl.DataFrame
    ) -> None:
        bought = orders(lines, AS_OF).filter(~pl.col("cancelled"))
        once = bought.group_by("CustomerID").agg(pl.len(), pl.min("at")).filter(pl.col("len") == 1)
        new = set(once.filter(pl.col("at") >= AS_OF - timedelta(days=30))["CustomerID"])
        assert shop.keys("first_time_buyers") == new
        assert shop.keys("bought_once") == set(once["CustomerID"]) - new

    def test_frequent_returners_cancel_three_times_and_a_third_of_the_time(
        self, shop: Shop, lines: pl.DataFrame
    ) -> None:
        year = orders(lines, AS_OF).filter(pl.col("at") > AS_OF - timedelta(days=365))
        counts = year.group_by("CustomerID").agg(
            cancelled=pl.col("cancelled").sum(), orders=(~pl.col("cancelled")).sum()
        )
        expected = counts.filter((pl.col("cancelled") >= 3) & (pl.col("cancelled") * 3 >= pl.col("orders")))
        buyers = set(orders(lines, AS_OF).filter(~pl.col("cancelled"))["CustomerID"])
        assert shop.keys("frequent_returners") == set(expected["CustomerID"]) & buyers

    def test_nobody_is_lapsed_and_about_to_lapse(self, shop: Shop) -> None:
        assert len(shop.keys("high_spenders_about_to_lapse")) > 40
        assert not shop.keys("high_spenders_about_to_lapse") & shop.keys("lapsed_90_days")

    def test_germany_is_the_second_country(self, shop: Shop) -> None:
        assert 80 <= len(shop.keys("customers_in_germany")) <= 95

    def test_about_a_fiftieth_has_its_birthday_in_a_week(self, shop: Shop) -> None:
        assert 40 <= len(shop.keys("birthday_this_week")) <= 130


class TestTriggers:
    def test_an_order_occurs_when_it_was_placed(self, shop: Shop, lines: pl.DataFrame) -> None:
        found = shop.read("select occurrence_id, occurred_at from shop.order_completed")
        expected = orders(lines, AS_OF).filter(~pl.col("cancelled") & (pl.col("at") > AS_OF - timedelta(days=7)))
        assert dict(found.iter_rows()) == dict(expected.select("InvoiceNo", "at").iter_rows())

    def test_a_cancellation_gives_back_what_it_says(self, shop: Shop, lines: pl.DataFrame) -> None:
        found = shop.read("select occurrence_id, value::double as value from shop.order_cancelled")
        expected = orders(lines, AS_OF).filter(pl.col("cancelled") & (pl.col("at") > AS_OF - timedelta(days=7)))
        assert dict(found.iter_rows()) == pytest.approx(
            {number: -amount for number, amount in expected.select("InvoiceNo", "amount").iter_rows()}, abs=0.006
        )

    def test_a_first_order_is_the_customers_first(self, shop: Shop, lines: pl.DataFrame) -> None:
        first = (
            orders(lines, AS_OF)
            .filter(~pl.col("cancelled"))
            .sort("at", "InvoiceNo")
            .unique("CustomerID", keep="first", maintain_order=True)
        )
        expected = set(first.filter(pl.col("at") > AS_OF - timedelta(days=7))["InvoiceNo"])
        found = set(shop.read("select occurrence_id from shop.first_order")["occurrence_id"])
        assert found == expected

    def test_who_hears_of_a_price_drop_paid_more_before(self, shop: Shop, lines: pl.DataFrame) -> None:
        shop.build(datetime(2011, 12, 6, tzinfo=UTC))
        try:
            found = shop.read(
                "select customer_id, stock_code, price_now::double as now, occurred_at from shop.price_drop"
            )
        finally:
            shop.build(AS_OF)
        assert len(found) > 100
        paid = goods(lines, AS_OF + timedelta(days=30)).filter(~pl.col("cancelled"))
        for customer, stock_code, now, occurred_at in found.sample(40, seed=1).iter_rows():
            before = paid.filter(
                (pl.col("CustomerID") == customer)
                & (pl.col("StockCode") == stock_code)
                & (pl.col("at") < occurred_at - timedelta(days=1))
            )
            assert before["UnitPrice"].cast(pl.Float64).max() > now


class TestPeople:
    def test_they_are_the_customers_seen_so_far(self, shop: Shop, lines: pl.DataFrame) -> None:
        seen = lines.filter(pl.col("InvoiceDate") <= AS_OF.replace(tzinfo=None))["CustomerID"].drop_nulls()
        assert shop.keys("people") == set(seen)

    def test_an_address_is_the_same_in_every_run(self, shop: Shop) -> None:
        columns = (
            "customer_id, email, phone, push_token, birthday, first_name, "
            "email_consent, sms_consent, push_consent, ads_consent"
        )
        query = f"select {columns} from shop.people where customer_id <= 13000 order by 1"  # noqa: S608
        before = shop.read(query)
        shop.build(datetime(2011, 6, 1, tzinfo=UTC))
        try:
            earlier = shop.read(query)
        finally:
            shop.build(AS_OF)
        assert 0 < len(earlier) < len(before)
        assert before.join(earlier.select("customer_id"), on="customer_id", how="semi").equals(earlier)
        known = before.filter(pl.col("customer_id") == 12347).row(0, named=True)
        assert known["email"] == "simon.12347@example.org"
        assert known["birthday"] == date(1949, 7, 13)

    def test_addresses_reach_nobody(self, shop: Shop) -> None:
        people = shop.read("select email, phone, push_token from shop.people")
        domains = people["email"].drop_nulls().str.to_lowercase().str.extract(r"(?:@|\(at\))(.+)$").unique()
        assert set(domains) == {"example.com", "example.org", "example.net"}
        reserved = r"^(\+447700900\d{3}|\+120255501\d{2}|\+3363998\d{4})$"
        assert people["phone"].drop_nulls().str.contains(reserved).all()
        tokens = people["push_token"].drop_nulls()
        assert tokens.str.contains(r"^no-device-[0-9a-f]{32}$").all()
        assert tokens.is_unique().all()
        assert 0.25 < len(tokens) / len(people) < 0.35

    def test_most_addresses_are_well_formed_and_some_are_not(self, shop: Shop) -> None:
        people = shop.read("select email, phone, country_code from shop.people")
        emails = people["email"].drop_nulls()
        wrong = [email for email in emails if not _is_address(email.strip())]
        assert 0 < len(wrong) < 0.01 * len(emails)
        assert 0.02 < people["email"].null_count() / len(people) < 0.04
        assert all(phonenumbers.is_possible_number(phonenumbers.parse(phone)) for phone in people["phone"].drop_nulls())
        british = people.filter((pl.col("country_code") == "GB") & pl.col("phone").is_not_null())["phone"]
        assert len(british) > 500
        assert british.is_unique().all()

    def test_every_time_zone_is_one(self, shop: Shop) -> None:
        known = set(shop.read("select name from pg_timezone_names()")["name"])
        assert set(shop.read("select distinct time_zone from shop.people")["time_zone"].drop_nulls()) <= known


class TestEvents:
    def test_they_add_up_to_the_orders(self, shop: Shop) -> None:
        sums = shop.read(
            "select name, count(*) as events, sum((properties ->> 'amount')::double) as amount "
            "from shop.events group by name"
        )
        by_name: dict[str, Any] = {row["name"]: row for row in sums.iter_rows(named=True)}
        facts = shop.read(
            "select count(*) filter (where not is_cancellation) as orders, "
            "count(*) filter (where is_cancellation) as cancellations, "
            "sum(amount) filter (where not is_cancellation)::double as amount from shop.orders"
        ).row(0, named=True)
        assert by_name["order_completed"]["events"] == facts["orders"]
        assert by_name["order_cancelled"]["events"] == facts["cancellations"]
        assert by_name["order_completed"]["amount"] == pytest.approx(facts["amount"])
        assert by_name["item_bought"]["amount"] == pytest.approx(facts["amount"], rel=1e-6)

    def test_nothing_is_seen_before_it_happened(self, shop: Shop) -> None:
        row = shop.read("select max(occurred_at) as newest, count(*) as events from shop.events").row(0, named=True)
        assert row["newest"] <= AS_OF
        assert row["events"] > 300_000


def _is_address(text: str) -> bool:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def test_the_data_is_shipped_with_its_source_and_terms() -> None:
    said = Path(starter() / "data" / "README.md").read_text()
    for word in ("CC0", "Daqing Chen", "UCI", "synthetic"):
        assert word in said
