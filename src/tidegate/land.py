"""Loads new event files into raw tables: each file once, each event once where the project says what makes one.

A file is told by its content, so a file that is copied, renamed or touched is not loaded again. What a
file holds either fits the table or is refused whole, with the column and the reason; new columns are added.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.errors import ContractError
from tidegate.results import Landed
from tidegate.spec.objects import Landing
from tidegate.warehouse import Warehouse, transaction

_READERS = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}


def land(warehouse: Warehouse, root: Path, landings: Sequence[Landing], run_id: str) -> list[Landed]:
    """Load what is new. Raises ContractError naming every file that could not be read; the others are loaded."""
    landed: list[Landed] = []
    refused: list[str] = []
    with warehouse.session() as connection:
        for landing in landings:
            landed.append(_land(connection, root, landing, run_id, refused))
    if refused:
        raise ContractError("\n".join(refused))
    return landed


def waiting(warehouse: Warehouse, root: Path, landings: Sequence[Landing]) -> list[Path]:
    """The files that the next `land` would load."""
    with warehouse.session() as connection:
        return [
            path
            for landing in landings
            for path in _files(root, landing)
            if path.stat().st_size and not _known(connection, landing, root, path)
        ]


def make_tables(connection: duckdb.DuckDBPyConnection, root: Path, landings: Sequence[Landing]) -> None:
    """The raw tables without rows, with the columns that the files have; files that cannot be read are left out."""
    for landing in landings:
        table = exp.to_table(landing.into, dialect=queries.DIALECT)
        for path in _files(root, landing):
            file = exp.Anonymous(this=_READERS[path.suffix], expressions=[exp.Literal.string(str(path))])
            try:
                found = _columns(connection, exp.select("*").from_(exp.Table(this=file)))
            except duckdb.Error:
                continue  # `land` refuses it, and says why
            if not _exists(connection, table):
                _create(connection, table, found)
            present = _columns(connection, exp.select("*").from_(table))
            for column, kind in found.items():
                if column not in present:
                    _add_column(connection, table, column, kind)


def _files(root: Path, landing: Landing) -> list[Path]:
    return sorted(path for path in root.glob(landing.files) if path.suffix in _READERS)


def _land(
    connection: duckdb.DuckDBPyConnection, root: Path, landing: Landing, run_id: str, refused: list[str]
) -> Landed:
    files = rows = known = 0
    for path in _files(root, landing):
        if path.stat().st_size == 0:
            continue  # somebody is about to write it
        if _known(connection, landing, root, path):
            known += 1
            continue
        name = path.relative_to(root)
        try:
            with transaction(connection):
                added = _load(connection, landing, path)
                _remember(connection, landing, root, path, run_id, added)
            files, rows = files + 1, rows + added
        except duckdb.Error as fault:
            if "No space left" in str(fault):
                raise  # nothing is wrong with the file
            words = str(fault).splitlines()[0].replace(str(root), ".")
            refused.append(f"{name}: cannot be read ({words}); put a whole file in its place, or move it away")
        except ContractError as fault:
            refused.append(f"{name}: {fault}")
    return Landed(landing.into, files, rows, known)


def _known(connection: duckdb.DuckDBPyConnection, landing: Landing, root: Path, path: Path) -> bool:
    facts = path.stat()
    parameters = {
        "source": landing.into,
        "file": str(path.relative_to(root)),
        "bytes": facts.st_size,
        "modified": datetime.fromtimestamp(facts.st_mtime, UTC),
    }
    if connection.execute(queries.text("land/known_file"), parameters).fetchone():
        return True
    parameters = {"source": landing.into, "sha256": _digest(path)}
    return connection.execute(queries.text("land/known_content"), parameters).fetchone() is not None


def _remember(
    connection: duckdb.DuckDBPyConnection, landing: Landing, root: Path, path: Path, run_id: str, rows: int
) -> None:
    facts = path.stat()
    connection.execute(
        queries.text("land/remember"),
        {
            "source": landing.into,
            "file": str(path.relative_to(root)),
            "sha256": _digest(path),
            "bytes": facts.st_size,
            "modified": datetime.fromtimestamp(facts.st_mtime, UTC),
            "rows": rows,
            "run_id": run_id,
            "landed_at": datetime.now(UTC),
        },
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _load(connection: duckdb.DuckDBPyConnection, landing: Landing, path: Path) -> int:
    """Rows added to the raw table, which is made or widened as needed."""
    file = exp.Anonymous(this=_READERS[path.suffix], expressions=[exp.Literal.string(str(path))])
    table = exp.to_table(landing.into, dialect=queries.DIALECT)
    found = _columns(connection, exp.select("*").from_(exp.Table(this=file)))
    missing = [column for column in landing.unique if column not in found]
    if missing:
        raise ContractError(f"has no column {', '.join(missing)}, which `unique` names; it has {', '.join(found)}")
    if not _exists(connection, table):
        _create(connection, table, found)
    present = _columns(connection, exp.select("*").from_(table))
    for column, kind in found.items():
        if column not in present:
            _add_column(connection, table, column, kind)
    present |= {column: kind for column, kind in found.items() if column not in present}
    _refuse_lossy(connection, file, found, present)

    values = [exp.cast(exp.column(column, table="file", quoted=True), present[column]) for column in found]
    new = exp.select(*values).from_(exp.alias_(exp.Table(this=file), "file", table=True))
    if landing.unique:
        new = _once(new, table, landing.unique)
    columns = [exp.to_identifier(column, quoted=True) for column in found]
    insert = exp.Insert(this=exp.Schema(this=table.copy(), expressions=columns), expression=new)
    counted = connection.execute(insert.sql(queries.DIALECT)).fetchone()
    return int(counted[0]) if counted else 0


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


def _refuse_lossy(
    connection: duckdb.DuckDBPyConnection, file: exp.Expr, found: dict[str, str], present: dict[str, str]
) -> None:
    """A changed type is taken where every value survives the way into the table and back."""
    for column, kind in found.items():
        wanted = present[column]
        if kind == wanted:
            continue
        value = exp.column(column, quoted=True)
        back = exp.TryCast(
            this=exp.TryCast(this=value.copy(), to=exp.DataType.build(wanted, dialect=queries.DIALECT)),
            to=exp.DataType.build(kind, dialect=queries.DIALECT),
        )
        lost = (
            exp.select(exp.Count(this=exp.Star()))
            .from_(exp.Table(this=file.copy()))
            .where(exp.NullSafeNEQ(this=back, expression=value.copy()))
        )
        row = connection.execute(lost.sql(queries.DIALECT)).fetchone()
        if row and row[0]:
            raise ContractError(
                f"column {column} is {kind} here and {wanted} in the table, and {row[0]:,} values do not fit; "
                "send it with the old type, or load it into a table of its own"
            )


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
