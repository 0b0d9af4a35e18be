"""Upgrades of the state: what an earlier version wrote down is still there, and means the same."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tidegate import migrations

WIDE = """
insert into tidegate.owed by name
select
    'ads' as destination, 'Best' as list, 'p' || i as person, 'add' as operation, md5('p' || i) as identity,
    '{}' as identifiers, '{}' as traits, 'submitted' as state, i % 7 = 0 as in_doubt, i as attempts,
    timestamptz '2026-03-01 09:00:00+00' as next_try, 'run-1' as run_id, 'job-1' as job, i as job_position
from range(300000) as numbers(i)
"""
COLUMNS = "select column_name, data_type, is_nullable from information_schema.columns where table_name = 'owed'"
ROWS = "select count(*), sum(job_position), sum(attempts), count(distinct identity) from tidegate.owed"


def test_what_was_owed_before_an_upgrade_is_owed_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, every = tmp_path / "warehouse.duckdb", migrations.available()
    with monkeypatch.context() as earlier, duckdb.connect(path) as connection:
        earlier.setattr(migrations, "available", lambda: [one for one in every if one[0] < 9])
        migrations.apply(connection)
        connection.execute(WIDE)
        columns, rows = connection.execute(COLUMNS).fetchall(), connection.execute(ROWS).fetchall()

    with duckdb.connect(path) as connection:
        migrations.apply(connection)
    with duckdb.connect(path) as connection:
        assert connection.execute(ROWS).fetchall() == rows
        assert connection.execute(COLUMNS).fetchall() == columns
        left = "select table_name from information_schema.tables where table_name like 'owed%'"
        assert connection.execute(left).fetchall() == [("owed",)]
