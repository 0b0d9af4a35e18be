"""The tables that models read, without their rows: enough to learn the models' columns before there is data."""

from __future__ import annotations

from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate import queries, raw_tables
from tidegate.spec.documents import read_yaml
from tidegate.spec.objects import Landing
from tidegate.warehouse import Warehouse


def copy(root: Path, warehouse: Path, schema: str, into: Warehouse) -> None:
    """Make the tables of `warehouse` outside the models' `schema`, and those that files will be landed in."""
    known = _tables(warehouse, schema) if warehouse.is_file() else {}
    with into.session() as connection:
        for (place, name), columns in known.items():
            _create(connection, place, name, columns)
        raw_tables.make(connection, root, _landings(root))


def _tables(warehouse: Path, schema: str) -> dict[tuple[str, str], dict[str, str]]:
    found: dict[tuple[str, str], dict[str, str]] = {}
    with Warehouse(warehouse).session() as connection:
        rows = connection.execute(queries.text("build/tables"), {"schema": schema}).fetchall()
    for place, name, column, kind in rows:
        found.setdefault((place, name), {})[column] = kind
    return found


def _create(connection: duckdb.DuckDBPyConnection, place: str, name: str, columns: dict[str, str]) -> None:
    schema = exp.Create(this=exp.Table(db=exp.to_identifier(place, quoted=True)), kind="SCHEMA", exists=True)
    connection.execute(schema.sql(queries.DIALECT))
    table = exp.table_(name, db=place, quoted=True)
    definitions = [
        exp.ColumnDef(this=exp.to_identifier(column, quoted=True), kind=exp.DataType.build(kind, queries.DIALECT))
        for column, kind in columns.items()
    ]
    create = exp.Create(this=exp.Schema(this=table, expressions=definitions), kind="TABLE")
    connection.execute(create.sql(queries.DIALECT))


def _landings(root: Path) -> list[Landing]:
    """What tidegate.yml lands, as far as it is well-formed; whoever loads the project says what is not."""
    path = root / "tidegate.yml"
    said = read_yaml(path, root).value if path.is_file() else None
    written = said.get("land") if isinstance(said, dict) else None
    return [
        Landing(each["files"], each["into"])
        for each in (written if isinstance(written, list) else [])
        if isinstance(each, dict) and isinstance(each.get("files"), str) and isinstance(each.get("into"), str)
    ]
