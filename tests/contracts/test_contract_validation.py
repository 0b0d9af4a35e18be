"""What each kind of contract promises, on real tables."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest

PEOPLE = """(values
    ('ada', 'ada@example.com', '+44 20 7946 0018', timestamptz '2011-11-30 12:00:00+00', 10.0),
    ('grace', 'grace@example.com', '+12025550123', timestamptz '2011-12-01 05:59:00+00', 20.0),
    ('edith', null, null, null, 30.0)
) as people (customer_id, email, phone, joined_at, spend)"""

TROUBLE = """(values
    ('ada', 'ada@example.com', '+442079460018', timestamptz '2011-11-30 12:00:00+00', 10.0),
    ('ada', 'ada at example.com', '020 7946 0018', timestamptz '2011-12-01 06:00:01+00', -1.0),
    (null, 'grace@example', '+0123456789', timestamptz '2031-12-01 05:59:00+00', 20.0)
) as people (customer_id, email, phone, joined_at, spend)"""


@pytest.mark.parametrize(
    "contract",
    [
        {"not_null": "customer_id"},
        {"unique": "customer_id"},
        {"not_after_as_of": "joined_at"},
        {"well_formed": {"email": "email"}},
        {"well_formed": {"phone": "phone"}},
        {"fresh": {"column": "joined_at", "within": "1 day"}},
        {"rows_within": "50%"},
        {"no_rows": "select * from {model} where spend < 0"},
        {"expect_column_values_to_be_between": {"column": "spend", "min_value": 0}},
        {"expect_column_sum_to_be_between": {"column": "spend", "max_value": 100}},
        {"expect_table_row_count_to_be_between": {"min_value": 1, "max_value": 3}},
    ],
    ids=lambda contract: next(iter(contract)),
)
def test_good_data_keeps_every_kind_of_contract(shop, contract):
    shop.has("people", PEOPLE)

    result = shop.one("people", contract)

    assert result.passed, result
    assert result.failing_rows == 0
    assert result.examples == ()


@pytest.mark.parametrize(
    ("contract", "failing", "examples"),
    [
        ({"not_null": "customer_id"}, 1, ("null",)),
        ({"unique": "customer_id"}, 2, ("ada",)),
        ({"not_after_as_of": "joined_at"}, 2, ("ada", "null")),
        ({"well_formed": {"email": "email"}}, 2, ("ada", "null")),
        ({"well_formed": {"phone": "phone"}}, 2, ("ada", "null")),
        ({"no_rows": "select * from {model} where spend < 0"}, 1, ("ada",)),
        ({"expect_column_values_to_be_between": {"column": "spend", "min_value": 0}}, 1, ("ada",)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_rows_that_break_a_contract_are_counted_and_named_by_their_key(shop, contract, failing, examples):
    shop.has("people", TROUBLE)

    result = shop.one("people", contract)

    assert not result.passed
    assert result.failing_rows == failing
    assert result.examples == examples


def test_no_address_or_number_is_ever_part_of_a_result(shop):
    shop.has("people", TROUBLE)

    results = shop.check(
        "people",
        {"well_formed": {"email": "email"}},
        {"well_formed": {"phone": "phone"}},
        {"unique": "email"},
        {"expect_column_values_to_be_in_set": {"column": "email", "value_set": ["x@example.com"]}},
        {"expect_column_max_to_be_between": {"column": "email", "max_value": "a"}},
        {"no_rows": "select email, phone from {model}"},
        {"no_rows": "select cast(email as integer) as customer_id from {model}", "name": "cannot be cast"},
        {"expect_column_most_common_value_to_be_in_set": {"column": "phone", "value_set": ["1"]}},
    )

    told = "\n".join(map(repr, results))
    assert not all(result.passed for result in results)
    for private in ("ada@", "ada at", "grace@", "7946", "0123456", "@example"):
        assert private not in told, told


def test_data_that_stopped_arriving_is_not_fresh(shop):
    shop.has("events", "(select timestamptz '2011-11-20 00:00:00+00' as occurred_at)")

    result = shop.one("events", {"fresh": {"column": "occurred_at", "within": "3 days"}})

    assert not result.passed
    assert result.detail == "the newest is of 2011-11-20 00:00 UTC, the run is of 2011-12-01 06:00 UTC"


def test_no_data_at_all_is_not_fresh(shop):
    shop.has("events", "(select timestamptz '2011-11-20 00:00:00+00' as occurred_at where false)")

    assert not shop.one("events", {"fresh": {"column": "occurred_at", "within": "99 days"}}).passed


@pytest.mark.parametrize(
    ("type_", "newest", "passes"),
    [
        ("timestamp", "2011-11-30 06:00:00", True),
        ("timestamp", "2011-11-30 05:59:59", False),
        ("timestamptz", "2011-11-30 06:00:00+00", True),
        ("timestamptz", "2011-11-30 05:59:59+00", False),
        ("date", "2011-11-30", True),
        ("date", "2011-11-29", False),
    ],
)
def test_freshness_is_exact_for_every_type_of_time(shop, type_, newest, passes):
    shop.has("events", f"(select cast('{newest}' as {type_}) as occurred_at)")

    assert shop.one("events", {"fresh": {"column": "occurred_at", "within": "1 day"}}).passed is passes


@pytest.mark.parametrize(
    ("type_", "at", "passes"),
    [
        ("timestamp", "2011-12-01 06:00:00", True),
        ("timestamp", "2011-12-01 06:00:01", False),
        ("timestamptz", "2011-12-01 08:00:00+02", True),
        ("timestamptz", "2011-12-01 08:00:01+02", False),
        ("date", "2011-12-01", True),
        ("date", "2011-12-02", False),
    ],
)
def test_the_runs_clock_itself_is_not_yet_the_future(shop, type_, at, passes):
    shop.has("events", f"(select 'e1' as event_id, cast('{at}' as {type_}) as occurred_at)")

    assert shop.one("events", {"not_after_as_of": "occurred_at"}).passed is passes


def test_the_first_run_has_no_rows_to_be_compared_with(shop):
    shop.has("people", PEOPLE)

    result = shop.one("people", {"rows_within": "10%"})

    assert result.passed
    assert result.detail == "3 rows, nothing to compare with yet"


@pytest.mark.parametrize(("before", "passes"), [(2, True), (6, True), (7, False), (1, False), (0, True)])
def test_a_table_that_shrinks_or_grows_too_much_between_runs_is_noticed(shop, before, passes):
    shop.has("people", PEOPLE)

    result = shop.one("people", {"rows_within": "50%"}, previous={("people", "rows_within: 50%"): before})

    assert result.passed is passes
    assert result.detail == f"3 rows, {before} when it last held"


@pytest.mark.parametrize(("mostly", "passes"), [("90%", True), (0.9, True), ("91%", False), (1, False)])
@pytest.mark.parametrize(
    "contract",
    [{"no_rows": "select * from {model} where spend = 9"}, {"not_null": "optional"}],
    ids=["query", "column"],
)
def test_a_share_of_the_rows_may_break_a_contract_that_says_so(shop, contract, mostly, passes):
    shop.has(
        "people",
        "(select n as customer_id, n as spend, case when n <> 9 then n end as optional from range(10) as numbers (n))",
    )

    result = shop.one("people", {**contract, "mostly": mostly})

    assert result.passed is passes
    assert result.failing_rows == 1


def test_a_query_may_use_the_runs_clock_and_other_models(shop):
    shop.has("people", PEOPLE)
    shop.has(
        "orders", "(values ('o1', 'ada', timestamp '2011-12-01 06:00:01'), ('o2', 'zoe', null)) t (o, customer_id, at_)"
    )

    late, orphans, quoted = shop.check(
        "orders",
        {"no_rows": "select customer_id from {model} where at_ > {as_of}"},
        {
            "no_rows": "select {model}.* from {batch} left join ref('people') as p using (customer_id) "
            "where p.spend is null"
        },
        {"no_rows": "select * from {model} where at_::date > date_trunc('day', timestamp '{as_of}') or o = 'a:b{c}'"},
    )

    assert (late.passed, late.examples) == (False, ("ada",))
    assert (orphans.passed, orphans.examples) == (False, ("zoe",))
    assert quoted.passed, quoted.detail


def test_an_occurrence_is_named_by_its_own_id(shop):
    shop.has("order_completed", "(values ('o1', 'ada', -3.0)) as t (occurrence_id, customer_id, value)")

    result = shop.one("order_completed", {"no_rows": "select * from {model} where value < 0"})

    assert result.examples == ("o1",)


@pytest.mark.parametrize(
    ("contract", "reason"),
    [
        ({"not_null": "costumer_id"}, "no column `costumer_id`; did you mean `customer_id`?"),
        ({"no_rows": "select * from {model} where spent > 1"}, "spent"),
        ({"no_rows": "select * from {model} join ref('folks') using (customer_id)"}, "there is no model `folks`"),
        ({"expect_column_values_to_be_between": {"column": "spend", "minimum": 0}}, "no argument `minimum`"),
        ({"well_formed": {"email": "spend"}}, "could not be evaluated"),
    ],
)
def test_what_cannot_be_evaluated_has_failed_and_says_why(shop, contract, reason):
    shop.has("people", PEOPLE)

    result = shop.one("people", contract)

    assert not result.passed
    assert result.detail.startswith("could not be evaluated: ")
    assert reason in result.detail


def test_a_contract_that_cannot_be_evaluated_does_not_take_its_neighbours_with_it(shop):
    shop.has("people", PEOPLE)

    results = shop.check(
        "people",
        {"well_formed": {"email": "spend"}},
        {"unique": "customer_id"},
        {"not_null": "nothing"},
        {"rows_within": "5%"},
    )

    assert [result.passed for result in results] == [False, True, False, True]


def test_a_model_that_was_not_built_keeps_no_promise(shop):
    (result,) = shop.check("vanished", {"not_null": "customer_id"})

    assert not result.passed
    assert "the model `vanished` is not in the warehouse" in result.detail


def test_results_come_in_the_order_of_the_contracts_and_models_do_not_mix(shop):
    shop.has("people", PEOPLE)
    shop.has("trouble", TROUBLE)

    results = [
        *shop.check("people", {"unique": "customer_id"}, {"not_null": "email"}),
        *shop.check("trouble", {"unique": "customer_id"}, {"not_null": "email"}),
    ]

    assert [(result.model, result.contract, result.passed) for result in results] == [
        ("people", "unique: customer_id", True),
        ("people", "not_null: email", False),
        ("trouble", "unique: customer_id", False),
        ("trouble", "not_null: email", True),
    ]


def test_views_are_checked_as_tables_are(shop):
    shop.has("people", PEOPLE)
    shop.connection.execute('create view "the shop"."grown ups" as select * from "the shop".people')
    shop.relations["grown_ups"] = '"the shop"."grown ups"'

    assert shop.one("grown_ups", {"unique": "customer_id"}).passed


def test_the_callers_transaction_goes_on_as_if_nothing_had_been_asked(shop):
    shop.has("people", PEOPLE)
    shop.connection.execute("begin transaction")
    shop.connection.execute("create table tidegate.mine as select 1 as one")

    shop.one("people", {"unique": "nothing"})

    shop.connection.execute("rollback")
    assert shop.connection.execute("select count(*) from duckdb_tables() where table_name = 'mine'").fetchone() == (0,)


def test_the_warehouse_is_free_for_others_once_the_session_is_over(warehouse, shop):
    shop.has("people", PEOPLE)
    shop.one("people", {"unique": "customer_id"})
    shop.connection.close()
    warehouse.release()

    opened = subprocess.run(
        [sys.executable, "-c", "import duckdb, sys; duckdb.connect(sys.argv[1])", str(warehouse.path)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert opened.returncode == 0, opened.stderr


def test_nothing_is_printed_or_written_beside_the_warehouse(shop, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    shop.has("people", TROUBLE)

    shop.check("people", {"unique": "customer_id"}, {"no_rows": "select * from {model}"}, {"not_null": "nothing"})

    assert capfd.readouterr() == ("", "")
    assert {path.name for path in tmp_path.iterdir()} <= {"warehouse.duckdb", "warehouse.duckdb.wal"}


def test_a_zone_of_the_machine_changes_nothing(shop, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    __import__("time").tzset()
    try:
        shop.has("events", "(select timestamptz '2011-11-30 06:00:00+00' as occurred_at)")
        assert shop.one("events", {"fresh": {"column": "occurred_at", "within": "1 day"}}).passed
        assert not shop.one("events", {"fresh": {"column": "occurred_at", "within": "23 hours"}}).passed
        shop.has("events", f"(select timestamptz '{shop.as_of.isoformat()}' as occurred_at)")
        assert shop.one("events", {"not_after_as_of": "occurred_at"}).passed
        later = shop.as_of + timedelta(seconds=1)
        shop.has("events", f"(select timestamptz '{later.isoformat()}' as occurred_at)")
        assert not shop.one("events", {"not_after_as_of": "occurred_at"}).passed
    finally:
        monkeypatch.undo()
        __import__("time").tzset()


def test_a_process_that_checked_contracts_ends_in_silence(tmp_path):
    script = (
        "import sys, duckdb\n"
        "from datetime import UTC, datetime\n"
        "from tidegate import contracts\n"
        "connection = duckdb.connect(sys.argv[1])\n"
        "connection.execute('create table people as select 1 as customer_id')\n"
        "read, _ = contracts.parse('people', [{'unique': 'customer_id'}], 'people.yml')\n"
        "relations = {'people': 'w.main.people'}\n"
        "(result,) = contracts.validate(connection, read, relations, as_of=datetime.now(UTC), key='customer_id')\n"
        "assert result.passed, result\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "w.duckdb")], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
