"""Times in traits are recognised as DuckDB writes them, and nothing else is taken for one."""

from __future__ import annotations

import json

import duckdb
import pytest

from tidegate.connecting.moments import iso, moment


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("timestamp '2026-03-01 09:30:00'", "2026-03-01T09:30:00.000Z"),
        ("timestamp '2026-03-01 09:30:00.123456'", "2026-03-01T09:30:00.123Z"),
        ("timestamptz '2026-03-01 09:30:00+01'", "2026-03-01T08:30:00.000Z"),
        ("timestamptz '2026-03-01 09:30:00+05:45'", "2026-03-01T03:45:00.000Z"),
    ],
)
def test_a_time_that_duckdb_writes_into_json_is_the_same_time(sql: str, expected: str) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute("set timezone = 'Asia/Kathmandu'")
        row = connection.execute(f"select json_object('at', {sql})::varchar").fetchone()
    assert row is not None
    assert iso(json.loads(row[0])["at"]) == expected


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01",
        "09:30:00",
        "2026-13-01 09:30:00",
        "at 2026-03-01 09:30:00",
        "2026-03-01 09:30",
        "",
        5,
        None,
        True,
        [],
    ],
)
def test_whatever_is_no_time_is_left_alone(value: object) -> None:
    assert moment(value) is None
    assert iso(value) is None
