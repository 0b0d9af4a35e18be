"""How SQLAlchemy, and so Great Expectations, speaks to a DuckDB connection that is already open.

Loaded only when contracts are validated.
"""

from __future__ import annotations

import atexit
import sys
from typing import Any

import duckdb
import duckdb_engine
import sqlalchemy

from tidegate import queries

NAME = "tidegate"


@atexit.register
def _let_go() -> None:
    """Drop DuckDB's types, of which SQLAlchemy and Great Expectations together keep some until the very end.

    DuckDB 2.0's binding prints each of them on the terminal as a leak (seen November 2026).
    """
    constants = vars(sys.modules.get("duckdb.value.constant", sys))
    for name in [name for name, value in constants.items() if type(value).__name__ == "DuckDBPyType"]:
        del constants[name]


class WarehouseDialect(duckdb_engine.Dialect):
    """DuckDB, with the columns of a relation asked from DuckDB's own catalogue.

    The inherited reflection goes through an imitation of PostgreSQL's catalogue: slow, and (SQLAlchemy 2.1,
    duckdb-engine 0.17) wrong for some types.
    """

    supports_statement_cache = False

    def get_columns(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        database, schema_name = self.identifier_preparer._separate(schema)
        found = connection.exec_driver_sql(
            queries.text("contracts/columns"),
            {"database": database, "schema": schema_name, "relation": str(table_name)},
        ).fetchall()
        if not found:
            raise sqlalchemy.exc.NoSuchTableError(table_name)
        return [
            {"name": name, "type": self._type(data_type), "nullable": nullable, "default": None}
            for name, data_type, nullable in found
        ]

    def get_pk_constraint(self, connection: Any, table_name: str, schema: str | None = None, **_: Any) -> Any:
        return {"constrained_columns": [], "name": None}

    def _type(self, data_type: str) -> Any:
        return self.ischema_names.get(data_type.split("(")[0].lower(), sqlalchemy.types.NullType)()


def engine(connection: duckdb.DuckDBPyConnection) -> sqlalchemy.Engine:
    """An engine whose only connection is the given one; disposing of the engine closes it."""
    sqlalchemy.dialects.registry.register(NAME, __name__, WarehouseDialect.__name__)
    return sqlalchemy.create_engine(
        f"{NAME}://",
        creator=lambda: duckdb_engine.ConnectionWrapper(connection),
        poolclass=sqlalchemy.pool.StaticPool,
    )
