"""What a warehouse must not lose sight of, however many rows there are."""

from __future__ import annotations

from pathlib import Path

from tidegate.warehouse import Warehouse, transaction


def test_many_rows_are_seen_in_the_transaction_that_inserts_them_also_where_none_were_inserted_before(
    tmp_path: Path,
) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    with warehouse.session() as connection:
        connection.execute("set threads = 2")
        connection.execute("create table numbers as select i from range(200000) as numbers (i)")
        connection.execute("create table taken (i bigint)")
        with transaction(connection):
            connection.execute("insert into taken select i from numbers where i < 0")
            connection.execute("insert into taken select i from numbers")
            inside = connection.execute("select count(*) from numbers where i in (select i from taken)").fetchone()
        after = connection.execute("select count(*) from numbers where i in (select i from taken)").fetchone()

    assert inside == after == (200_000,)
