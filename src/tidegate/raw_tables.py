"""The tables that event files are loaded into: made from the first file, widened by later ones, never narrowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate import event_files, queries
from tidegate.errors import ContractError
from tidegate.spec.objects import Landing


def make(connection: duckdb.DuckDBPyConnection, root: Path, landings: Sequence[Landing]) -> None:
    """The raw tables without rows, with the columns that the files have; files that cannot be read are left out."""
    for landing in landings:
        table = exp.to_table(landing.into, dialect=queries.DIALECT)
        for path in event_files.matching(root, landing):
            try:
                if event_files.is_empty(path):
                    continue
                found = _columns(connection, exp.select("*").from_(event_files.source(path)))
            except (duckdb.Error, ContractError, OSError):
                continue  # `land` refuses it, and says why
            if not _exists(connection, table):
                _create(connection, table, found)
            present = _columns(connection, exp.select("*").from_(table))
            for column, kind in found.items():
                if column not in present:
                    _add_column(connection, table, column, kind)


def load(connection: duckdb.DuckDBPyConnection, landing: Landing, path: Path) -> int:
    """Rows added to the raw table, which is made or widened as needed."""
    file = event_files.source(path)
    table = exp.to_table(landing.into, dialect=queries.DIALECT)
    found = _columns(connection, exp.select("*").from_(file.copy()))
    present = _columns(connection, exp.select("*").from_(table)) if _exists(connection, table) else {}
    count = _count(connection, exp.select(exp.Count(this=exp.Star())).from_(file.copy()))
    if not count and list(found) == ["json"]:
        return 0  # an empty list
    _refuse_strangers(landing, found, present)
    if present and not count:
        return 0  # a heading alone says nothing about types
    if present and not _count(connection, exp.select(exp.Count(this=exp.Star())).from_(table.copy())):
        # It was made from a heading.
        connection.execute(exp.Drop(tables=[table.copy()], kind="TABLE").sql(queries.DIALECT))
        found, present = {**{name: "VARCHAR" for name in present if name not in found}, **found}, {}
    if not present:
        _create(connection, table, found)
    for column, kind in found.items():
        if present and column not in present:
            _add_column(connection, table, column, kind)
    present = {**found, **present}
    given = _columns(connection, exp.select("*").from_(file.copy()))
    present |= _fitted(connection, landing, table, file, given, present)

    values = [exp.cast(exp.column(column, table="file", quoted=True), present[column]) for column in given]
    new = exp.select(*values).from_(exp.alias_(file.copy(), "file", table=True))
    if landing.unique:
        _refuse_nameless(connection, landing, file)
        new = _once(new, table, landing.unique)
    columns = [exp.to_identifier(column, quoted=True) for column in given]
    insert = exp.Insert(this=exp.Schema(this=table.copy(), expressions=columns), expression=new)
    return _count(connection, insert)


def _count(connection: duckdb.DuckDBPyConnection, query: exp.Expr) -> int:
    row = connection.execute(query.sql(queries.DIALECT)).fetchone()
    return int(row[0]) if row else 0


def _columns(connection: duckdb.DuckDBPyConnection, query: exp.Select) -> dict[str, str]:
    rows = connection.execute(exp.Describe(this=query).sql(queries.DIALECT)).fetchall()
    return {name: kind for name, kind, *_ in rows}


def _exists(connection: duckdb.DuckDBPyConnection, table: exp.Table) -> bool:
    parameters = {"schema": table.db or "main", "name": table.name}
    return connection.execute(queries.text("land/table_exists"), parameters).fetchone() is not None


def _create(connection: duckdb.DuckDBPyConnection, table: exp.Table, columns: dict[str, str]) -> None:
    if table.db:
        schema = exp.Create(this=exp.Table(db=exp.to_identifier(table.db, quoted=True)), kind="SCHEMA", exists=True)
        connection.execute(schema.sql(queries.DIALECT))
    definitions = [_definition(column, kind) for column, kind in columns.items()]
    create = exp.Create(this=exp.Schema(this=table.copy(), expressions=definitions), kind="TABLE")
    connection.execute(create.sql(queries.DIALECT))


def _add_column(connection: duckdb.DuckDBPyConnection, table: exp.Table, column: str, kind: str) -> None:
    alter = exp.Alter(this=table.copy(), kind="TABLE", actions=[_definition(column, kind)])
    connection.execute(alter.sql(queries.DIALECT))


def _definition(column: str, kind: str) -> exp.ColumnDef:
    return exp.ColumnDef(
        this=exp.to_identifier(column, quoted=True), kind=exp.DataType.build(kind, dialect=queries.DIALECT)
    )


def _refuse_strangers(landing: Landing, found: Mapping[str, str], present: Mapping[str, str]) -> None:
    """A file without the columns that name an event, or with no column that the table has, belongs elsewhere.

    Of a file without a heading the first line is data, so its words are not repeated.
    """
    missing = [column for column in landing.unique if column not in found]
    if missing:
        near = [column for column in found if column in present]
        has = f"; it has {', '.join(near)}" if near else "; does its first line name the columns?"
        if list(found) == ["json"]:
            has = "; it holds no objects with names and values"
        raise ContractError(f"has no column {', '.join(missing)}, which `unique` names{has}")
    if present and not any(column in present for column in found):
        some = ", ".join(list(present)[:5])
        raise ContractError(f"has none of the columns of {landing.into} ({some} ...); is it meant to be loaded there?")


def _refuse_nameless(connection: duckdb.DuckDBPyConnection, landing: Landing, file: exp.Table) -> None:
    """Events without anything that names them would all be one."""
    nothing = exp.and_(*[exp.column(column, quoted=True).is_(exp.null()) for column in landing.unique])
    count = _count(connection, exp.select(exp.Count(this=exp.Star())).from_(file.copy()).where(nothing))
    if count:
        rows = "a row has" if count == 1 else f"{count:,} rows have"
        raise ContractError(
            f"{rows} no {', '.join(landing.unique)}, which names an event; give them one, or leave them out"
        )


def _fitted(
    connection: duckdb.DuckDBPyConnection,
    landing: Landing,
    table: exp.Table,
    file: exp.Table,
    found: Mapping[str, str],
    present: Mapping[str, str],
) -> dict[str, str]:
    """Columns of the table whose type was widened, so that every value of the file fits.

    A changed type is taken where every value survives the way into the table and back. Numbers may widen the
    table's numbers, and times its dates; anything else is refused.
    """
    widened: dict[str, str] = {}
    for column, kind in found.items():
        wanted = present[column]
        if kind == wanted:
            continue
        lost = _lost(column, kind, wanted)
        count = _count(connection, exp.select(exp.Count(this=exp.Star())).from_(file.copy()).where(lost.copy()))
        if not count:
            continue
        back = exp.select(exp.Count(this=exp.Star())).from_(table.copy()).where(_lost(column, wanted, kind))
        if _family(kind) == _family(wanted) != "" and not _count(connection, back):
            _change_type(connection, table, column, kind)
            widened[column] = kind
            continue
        values = "1 value does" if count == 1 else f"{count:,} values do"
        raise ContractError(
            f"column {column} is {kind} here and {wanted} in {landing.into}, and {values} not fit"
            f"{_examples(connection, landing, file, lost)}; send it with the old type, or land it into another table"
        )
    return widened


def _lost(column: str, kind: str, wanted: str) -> exp.Expr:
    """Whether a value of the type `kind` does not come back from `wanted` as it went."""
    value = exp.column(column, quoted=True)
    there = exp.TryCast(this=value.copy(), to=exp.DataType.build(wanted, dialect=queries.DIALECT))
    back = exp.TryCast(this=there, to=exp.DataType.build(kind, dialect=queries.DIALECT))
    return exp.NullSafeNEQ(this=back, expression=value)


def _family(kind: str) -> str:
    name = kind.upper().split("(")[0]
    if name.endswith("INT") or name in ("INTEGER", "DECIMAL", "FLOAT", "DOUBLE"):
        return "number"
    return "time" if name.startswith(("DATE", "TIMESTAMP")) else ""


def _change_type(connection: duckdb.DuckDBPyConnection, table: exp.Table, column: str, kind: str) -> None:
    change = exp.AlterColumn(
        this=exp.to_identifier(column, quoted=True), dtype=exp.DataType.build(kind, dialect=queries.DIALECT)
    )
    alter = exp.Alter(this=table.copy(), kind="TABLE", actions=[change])
    connection.execute(alter.sql(queries.DIALECT))


def _examples(connection: duckdb.DuckDBPyConnection, landing: Landing, file: exp.Table, lost: exp.Expr) -> str:
    """Up to three events by what names them; nothing where the project does not say what does."""
    if not landing.unique:
        return ""
    names = [exp.cast(exp.column(column, quoted=True), "varchar") for column in landing.unique]
    query = exp.select(*names).from_(file.copy()).where(lost).limit(3)
    rows = connection.execute(query.sql(queries.DIALECT)).fetchall()
    return f", such as that of {', '.join(landing.unique)} {', '.join('/'.join(map(str, row)) for row in rows)}"


def _once(new: exp.Select, table: exp.Table, unique: Sequence[str]) -> exp.Select:
    """One row for each event in the file, less those that the table has."""
    keys = [exp.column(column, table="file", quoted=True) for column in unique]
    same = exp.and_(
        *[
            exp.NullSafeEQ(
                this=exp.column(column, table="present", quoted=True),
                expression=exp.column(column, table="file", quoted=True),
            )
            for column in unique
        ]
    )
    there = exp.select("1").from_(exp.alias_(table.copy(), "present", table=True)).where(same)
    return new.distinct(*keys).where(exp.Not(this=exp.Exists(this=there)))
