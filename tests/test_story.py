"""One person's story, told from the state."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tidegate.spec.objects import ModelColumns
from tidegate.story import story
from tidegate.warehouse import Warehouse

NOON = datetime(2011, 12, 9, 12, tzinfo=UTC)
PEOPLE = ModelColumns("people", '"main"."people"', {"customer_id": "BIGINT"})


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    with warehouse.session() as connection:
        connection.execute("create table main.people as select unnest([12347, 12348, 12747, 90001]) as customer_id")
        for day in range(3):
            connection.execute(
                "insert into tidegate.runs (run_id, kind, target, as_of, version, status, started_at)"
                " values ($run_id, 'run', 'dev', $as_of, '0', 'finished', now())",
                {"run_id": f"r{day}", "as_of": NOON + timedelta(days=day)},
            )
        connection.execute(
            "insert into tidegate.stays values ('vip', '12347', 1, $day0, 'r0', 'data', $day2, 'r2', 'definition')",
            {"day0": NOON, "day2": NOON + timedelta(days=2)},
        )
        connection.execute(
            "insert into tidegate.outbox (message_key, source, person, entry, step, visit, message, channels, channel,"
            " destination, context, due_at, expires_at, priority, state, attempts, planned_run, planned_at) values"
            " ('vip:12347:1:enter:1', 'vip', '12347', '1', 'enter', 1, 'vip_welcome', '[]', 'email', 'email', '{}',"
            " $day0, $day2, 0, 'accepted', 2, 'r0', $day0)",
            {"day0": NOON, "day2": NOON + timedelta(days=2)},
        )
        for run_id in ("r0", "r1"):
            connection.execute(
                "insert into tidegate.decisions values ('vip:12347:1:enter:1', $run_id, 'hold', 'quiet_hours',"
                " $until, now())",
                {"run_id": run_id, "until": NOON + timedelta(days=1)},
            )
        for number, outcome in ((1, "retry"), (2, "accepted")):
            connection.execute(
                "insert into tidegate.attempts (message_key, destination, claim, attempt, rows, run_id, claimed_at,"
                " outcome, reason) values ('vip:12347:1:enter:1', 'email', 'c', $number, 1, $run_id, now(), $outcome,"
                " $reason)",
                {
                    "number": number,
                    "run_id": f"r{number}",
                    "outcome": outcome,
                    "reason": "throttled" if outcome == "retry" else None,
                },
            )
        connection.execute(
            "insert into tidegate.delivered values ('meta_ads', 'VIP', '12347', 'i', '{\"email\": \"a@example.com\"}',"
            " '{}', 1, $day0, 'r0')",
            {"day0": NOON},
        )
    return warehouse


def test_a_story_is_told_in_the_order_of_the_runs_clock(warehouse: Warehouse) -> None:
    told = story(warehouse, "12347", people=PEOPLE, key="customer_id")

    assert told.known
    assert [(moment.at - NOON, moment.what, moment.reason) for moment in told.moments] == [
        (timedelta(0), "entered", "data"),
        (timedelta(0), "planned", None),
        (timedelta(0), "held", "quiet_hours"),
        (timedelta(0), "listed", None),
        (timedelta(days=1), "put off", "throttled"),
        (timedelta(days=2), "left", "definition"),
        (timedelta(days=2), "sent", None),
    ]


def test_a_verdict_that_fell_again_and_again_is_one_line_with_its_count(warehouse: Warehouse) -> None:
    held = [moment for moment in story(warehouse, "12347").moments if moment.what == "held"]

    assert [(moment.times, moment.until) for moment in held] == [(2, NOON + timedelta(days=1))]


def test_addresses_are_no_part_of_a_story(warehouse: Warehouse) -> None:
    assert "example.com" not in repr(story(warehouse, "12347", people=PEOPLE, key="customer_id"))


def test_somebody_in_the_address_book_to_whom_nothing_happened_is_known(warehouse: Warehouse) -> None:
    told = story(warehouse, "90001", people=PEOPLE, key="customer_id")

    assert told.known
    assert told.moments == ()


def test_a_mistyped_key_suggests_the_nearest_ones(warehouse: Warehouse) -> None:
    told = story(warehouse, "12349", people=PEOPLE, key="customer_id")

    assert not told.known
    assert told.near == ("12347", "12348", "12747")


def test_without_an_address_book_the_state_is_asked(warehouse: Warehouse) -> None:
    gone = ModelColumns("people", '"main"."not_built_yet"', {"customer_id": "BIGINT"})

    assert story(warehouse, "12346", people=gone, key="customer_id").near == ("12347",)


def test_an_address_book_that_was_never_built_is_not_taken_for_something_else(warehouse: Warehouse) -> None:
    gone = ModelColumns("people", '"shop"."people"', {"customer_id": "BIGINT"})

    assert story(warehouse, "12346", people=gone, key="customer_id").near == ("12347",)


def test_before_anything_ran_nobody_is_known(tmp_path: Path) -> None:
    told = story(Warehouse(tmp_path / "none.duckdb"), "1")

    assert (told.known, told.moments, told.near) == (False, (), ())
