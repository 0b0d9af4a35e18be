"""Brings the schema `tidegate` to the version that this code writes."""

from __future__ import annotations

from importlib.resources import files

import duckdb

from tidegate.errors import WarehouseError


def available() -> list[tuple[int, str]]:
    """Every migration as (number, SQL), in order."""
    folder = files("tidegate").joinpath("sql", "migrations")
    found = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda entry: entry.name)
    return [(int(entry.name.split("_")[0]), entry.read_text(encoding="utf-8")) for entry in found]


def apply(connection: duckdb.DuckDBPyConnection) -> None:
    """Run what has not run yet, all in one transaction. Refuses a warehouse that a newer Tidegate wrote."""
    migrations = available()
    newest = migrations[-1][0]
    connection.execute("create schema if not exists tidegate")
    connection.execute(
        "create table if not exists tidegate.migrations (number integer not null, applied_at timestamptz not null)"
    )
    row = connection.execute("select coalesce(max(number), 0) from tidegate.migrations").fetchone()
    present = row[0] if row else 0
    if present > newest:
        raise WarehouseError(
            f"the warehouse's state has version {present}, this Tidegate knows {newest}; upgrade Tidegate"
        )
    if present == newest:
        return
    connection.execute("begin transaction")
    try:
        for number, sql in migrations:
            if number > present:
                connection.execute(sql)
                connection.execute("insert into tidegate.migrations values ($number, now())", {"number": number})
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
