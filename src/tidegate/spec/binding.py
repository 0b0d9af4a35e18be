"""Asks the engine itself whether an expression makes sense over columns of these types."""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tidegate.spec.expressions import DIALECT


class Binder:
    """Binds expressions over empty rows. `scopes`: for `entry` and `person`, the columns and their types."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def fault(
        self,
        tree: exp.Expr,
        scopes: Mapping[str, Mapping[str, str]],
        *,
        condition: bool = False,
        moment: bool = False,
    ) -> str | None:
        """What is wrong with a qualified expression, or None. A `condition` is true or false, a `moment` a time."""
        used = {(column.table, column.name) for column in tree.find_all(exp.Column)}
        query = exp.select(exp.alias_(tree.copy(), "value", quoted=True))
        for scope, columns in scopes.items():
            row = [
                exp.alias_(
                    exp.cast(exp.null(), kind) if (kind := column_type(columns[name])) else exp.null(),
                    name,
                    quoted=True,
                )
                for name in columns
                if (scope, name) in used
            ]
            source = exp.select(*(row or [exp.alias_(exp.null(), "nothing")])).subquery(scope)
            query = query.from_(source) if not query.args.get("from_") else query.join(source, join_type="cross")
        try:
            (described,) = self.connection.execute(exp.Describe(this=query).sql(DIALECT)).fetchall()
        except duckdb.Error as fault:
            return _words(fault)
        if condition and described[1] not in ("BOOLEAN", '"NULL"', "NULL"):
            return f"is {described[1]}, not true or false; compare it with something"
        if moment and not described[1].startswith(("TIMESTAMP", "DATE")):
            return f"is {described[1]}; make it a timestamp"
        return None


def column_type(written: str) -> exp.DataType | None:
    """A column's type from its name in the engine's words; None where it is nothing known."""
    try:
        return exp.DataType.build(written, dialect=DIALECT)
    except (SqlglotError, ValueError):
        return None


def _words(fault: duckdb.Error) -> str | None:
    text = str(fault)
    if "extension" in text.splitlines()[0]:
        # Functions of extensions are there once the warehouse has loaded them; here they are not.
        return None
    first = re.sub(r"^\w+ Error: ", "", text.splitlines()[0])
    first = re.sub(r"Scalar Function with name (\S+) does not exist!", r"no function `\1`", first)
    near = re.search(r'Did you mean "(\w+)"\?', text)
    return first + (f"; did you mean `{near[1]}`?" if near else "")
