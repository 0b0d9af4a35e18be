"""Queries as temporary views: who is to be asked is looked up where the answer is worked out, and never copied."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache

import duckdb
from sqlglot import exp

from tidegate import queries

Value = str | int | float | datetime | timedelta | None


def show(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    query: str,
    tables: Mapping[str, exp.Expr] | None = None,
    /,
    **values: Value,
) -> None:
    """Make the temporary view of `sql/QUERY.sql`, with `tables` in the place of those so named. A view has no
    parameters, so that values become literals."""
    written = _created(view, query, tables or {}, values) if tables or values else _always(view, query)
    connection.execute(written)


@cache
def _always(view: str, query: str) -> str:
    return _created(view, query, {}, {})


def _created(view: str, query: str, tables: Mapping[str, exp.Expr], values: Mapping[str, Value]) -> str:
    tree = queries.tree(query, **tables)
    for placeholder in list(tree.find_all(exp.Placeholder)):
        placeholder.replace(literal(values[placeholder.name]))
    create = exp.Create(
        this=exp.to_table(view),
        kind="VIEW",
        replace=True,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        expression=tree,
    )
    return create.sql(queries.DIALECT, copy=False)


def literal(value: Value) -> exp.Expr:
    match value:
        case None:
            return exp.cast(exp.null(), "interval")
        case datetime():
            return exp.cast(exp.Literal.string(value.isoformat()), "timestamptz")
        case timedelta():
            microseconds = exp.Literal.number(value // timedelta(microseconds=1))
            return exp.func("to_microseconds", microseconds)
        case str():
            return exp.Literal.string(value)
        case _:
            return exp.Literal.number(value)
