"""The engine's SQL: one query a file under `sql/`, valid as it stands.

Names enter through the syntax tree, values as bound parameters; no SQL is put together from strings.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import sqlglot
from sqlglot import exp

DIALECT = "duckdb"


@cache
def text(name: str) -> str:
    """The query `sql/NAME.sql` as written."""
    return files("tidegate").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@cache
def statements(name: str) -> tuple[str, ...]:
    """The statements of `sql/NAME.sql`, in order, in the warehouse's dialect."""
    return tuple(tree.sql(DIALECT) for tree in sqlglot.parse(text(name), read=DIALECT) if tree is not None)


@cache
def _tree(name: str) -> exp.Expr:
    return sqlglot.parse_one(text(name), read=DIALECT)


def bind(name: str, **tables: exp.Expr) -> str:
    """The query `sql/NAME.sql` with the unqualified tables named in `tables` replaced by relations or subqueries.

    >>> bind("diff", segment=exp.to_table("shop.vip_customers"))   # doctest: +SKIP
    """
    key = (name, *((table, _written(value)) for table, value in tables.items()))
    if key not in _BOUND:
        if len(_BOUND) >= _AT_MOST:
            _BOUND.clear()
        _BOUND[key] = tree(name, **tables).sql(DIALECT, copy=False)  # it is a copy already
    return _BOUND[key]


_AT_MOST = 1024
_BOUND: dict[tuple[object, ...], str] = {}
"""A run binds the same tables over and over; to copy and write a long query takes longer than to run it."""


def _written(value: exp.Expr) -> str:
    return value.sql(DIALECT, copy=not isinstance(value, exp.Table))  # to write a query may change it


def tree(name: str, **tables: exp.Expr) -> exp.Expr:
    """The same as a syntax tree, to be bound into another."""
    query = _tree(name).copy()
    unused = set(tables)
    for table in list(query.find_all(exp.Table)):
        replacement = tables.get(table.name) if not table.db else None
        if replacement is None:
            continue
        unused.discard(table.name)
        alias = table.alias or table.name
        if isinstance(replacement, exp.Table):
            table.replace(exp.alias_(replacement, alias, table=True))  # a copy
        else:
            table.replace(exp.Subquery(this=replacement.copy(), alias=exp.TableAlias(this=exp.to_identifier(alias))))
    if unused:
        raise KeyError(f"{name}.sql has no table called {', '.join(sorted(unused))}")
    return query


def relation(name: str) -> exp.Table:
    """A relation from its quoted name, as dbt writes it: `"shop"."main"."people"`."""
    return exp.to_table(name, dialect=DIALECT)


def select(table: exp.Expr, columns: Mapping[str, exp.Expr]) -> exp.Select:
    """`select <expression> as <name>, ... from table`."""
    return exp.select(*[exp.alias_(value, name, quoted=True) for name, value in columns.items()]).from_(table)
