"""The query of a `no_rows` contract: `{model}` (or `{batch}`) is the model, `{as_of}` the run's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from tidegate.queries import DIALECT, relation

_MODEL = "tidegate__model"
_AS_OF = "tidegate__as_of"


class QueryError(ValueError):
    """Why it cannot be the query of a contract, in words for its author."""


def parsed(query: str) -> exp.Query:
    """The query's tree, with the placeholders as names of ours. Raises QueryError."""
    text = query.strip().rstrip(";")
    for placeholder, name in (("{model}", _MODEL), ("{batch}", _MODEL), ("{as_of}", _AS_OF)):
        text = text.replace(placeholder, name)
    try:
        trees = sqlglot.parse(text, read=DIALECT)
    except SqlglotError as error:
        first = str(error).splitlines()[0]
        raise QueryError(f"is not SQL that can be read: {first}") from None
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise QueryError("must be one select statement that finds the rows that break the promise")
    if not any(table.name == _MODEL for table in trees[0].find_all(exp.Table)):
        raise QueryError("must read the model: `select ... from {model} where ...`")
    return trees[0]


def bound(query: str, own: exp.Table, as_of: datetime, relations: Mapping[str, str]) -> exp.Query:
    """The query on the warehouse's relations: `own` for `{model}`, and `relations` by model for `ref('...')`.

    Raises QueryError where `ref` names a model that is not there.
    """
    tree = parsed(query)
    clock = as_of.astimezone(UTC).isoformat(sep=" ")
    for table in list(tree.find_all(exp.Table)):
        target = _target(table, own, relations)
        if target is not None:
            table.replace(exp.alias_(target.copy(), table.alias or target.name, table=True))
    for column in list(tree.find_all(exp.Column)):
        if column.name == _AS_OF and not column.table:
            column.replace(exp.cast(exp.Literal.string(clock), "timestamptz", dialect=DIALECT))
        elif column.table == _MODEL:
            column.set("table", exp.to_identifier(own.name, quoted=True))
    for literal in list(tree.find_all(exp.Literal)):
        if literal.is_string and _AS_OF in literal.name:
            literal.replace(exp.Literal.string(literal.name.replace(_AS_OF, clock)))
    return tree


def _target(table: exp.Table, own: exp.Table, relations: Mapping[str, str]) -> exp.Table | None:
    if table.name == _MODEL:
        return own
    call = table.this
    if isinstance(call, exp.Anonymous) and call.name.lower() == "ref" and len(call.expressions) == 1:
        model = call.expressions[0].name
        if model not in relations:
            raise QueryError(f"there is no model `{model}`")
        return relation(relations[model])
    return None
