"""Rows that are dictionaries, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import duckdb
from sqlglot import exp

KINDS: dict[type, str] = {
    bool: "BOOLEAN",
    int: "BIGINT",
    float: "DOUBLE",
    str: "VARCHAR",
    datetime: "TIMESTAMP WITH TIME ZONE",
    date: "DATE",
}

#: so many rows in one statement
TOGETHER = 200


def kinds(declared: Mapping[str, str], rows: Iterable[Mapping[str, object]]) -> dict[str, str]:
    """The columns' types: as declared, else by the first value that is there."""
    found = dict(declared)
    for row in rows:
        for name, value in row.items():
            if name not in found and value is not None:
                found[name] = KINDS[type(value)]
    return found


def write(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], rows: Iterable[Mapping[str, object]]
) -> None:
    """The table `main.NAME`, made anew."""
    table = exp.to_table(name, db="main", quoted=True)
    written = [
        exp.ColumnDef(this=exp.to_identifier(column, quoted=True), kind=exp.DataType.build(kind, dialect="duckdb"))
        for column, kind in columns.items()
    ]
    schema = exp.Schema(this=table.copy(), expressions=written)
    connection.execute(exp.Create(this=schema, kind="TABLE", replace=True).sql("duckdb"))
    everybody = [*rows]
    for first in range(0, len(everybody), TOGETHER):  # a statement for each row takes most of a test's time
        some = everybody[first : first + TOGETHER]
        blanks = exp.values([tuple(exp.Placeholder() for _ in columns) for _ in some])
        values = [row.get(column) for row in some for column in columns]
        connection.execute(exp.insert(blanks, table).sql("duckdb"), values)
