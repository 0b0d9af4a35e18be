"""Results are rows, and the next run compares itself with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tidegate import contracts
from tidegate.results import ContractResult

ENTRY = {"rows_within": "50%"}


def ran(shop, run_id: str, results: list[ContractResult], *, status: str = "finished", after: int = 0) -> None:
    started = datetime(2011, 12, 1, tzinfo=UTC) + timedelta(hours=after)
    shop.connection.execute(
        "insert into tidegate.runs (run_id, kind, target, as_of, version, status, started_at) "
        "values ($run_id, 'run', 'dev', $at, '0', $status, $at)",
        {"run_id": run_id, "at": started, "status": status},
    )
    contracts.save_results(shop.connection, run_id, results)


def test_results_are_kept_with_counts_and_keys(shop):
    shop.has("people", "(values ('ada', 'x@'), ('eve', null)) as t (customer_id, email)")

    ran(shop, "r1", shop.check("people", {"well_formed": {"email": "email"}}, {"unique": "customer_id"}))

    kept = shop.connection.execute("from tidegate.contract_results order by passed").fetchall()
    assert kept == [
        ("r1", "people", "well_formed: email email", "email", False, 1, "1 of 2 rows, for example ada"),
        ("r1", "people", "unique: customer_id", "customer_id", True, 0, None),
    ]


def test_the_next_run_is_compared_with_the_last_finished_one(shop):
    shop.has("people", "range(10) as t (customer_id)")
    ran(shop, "r1", shop.check("people", ENTRY), after=1)
    shop.has("people", "range(14) as t (customer_id)")
    ran(shop, "r2", shop.check("people", ENTRY), after=2)
    ran(
        shop,
        "r3",
        [ContractResult("people", "rows_within: 50%", None, True, detail="99 rows, 14")],
        status="abandoned",
        after=3,
    )

    assert contracts.previous_counts(shop.connection) == {("people", "rows_within: 50%"): 14}


def test_an_accident_does_not_become_the_measure_of_the_next_run(shop):
    shop.has("people", "range(10) as t (customer_id)")
    ran(shop, "r1", shop.check("people", ENTRY), after=1)
    shop.has("people", "range(2) as t (customer_id)")

    for number in (2, 3):
        (result,) = shop.check("people", ENTRY, previous=contracts.previous_counts(shop.connection))
        assert not result.passed
        assert result.detail == "2 rows, 10 when it last held"
        ran(shop, f"r{number}", [result], after=number)


def test_an_edited_band_starts_afresh(shop):
    shop.has("people", "range(10) as t (customer_id)")
    ran(shop, "r1", shop.check("people", ENTRY))
    shop.has("people", "range(2) as t (customer_id)")

    assert shop.one("people", {"rows_within": "60%"}, previous=contracts.previous_counts(shop.connection)).passed


def test_no_results_are_no_rows(shop):
    contracts.save_results(shop.connection, "r1", [])

    assert shop.connection.execute("select count(*) from tidegate.contract_results").fetchone() == (0,)
    assert contracts.previous_counts(shop.connection) == {}
