"""Views looked at once: a view may answer differently each time it is asked, and a decision asks several times."""

from __future__ import annotations

from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import replace

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.spec.objects import ModelColumns


def pin(
    connection: duckdb.DuckDBPyConnection,
    models: Mapping[str, ModelColumns],
    names: Collection[str],
    views: MutableMapping[str, bool],
) -> dict[str, ModelColumns]:
    """The models, with those of `names` that are views copied into temporary tables. `views` is what the decision
    knows of relations already."""
    pinned = dict(models)
    for name in sorted(set(names) & set(models)):
        if not is_view(connection, models[name].relation, views):
            continue
        relation = queries.relation(models[name].relation)
        copy = exp.Table(this=exp.to_identifier(f"pinned_{name}", quoted=True))
        create = exp.Create(
            this=copy,
            kind="TABLE",
            replace=True,
            properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
            expression=exp.select("*").from_(relation),
        )
        connection.execute(create.sql(queries.DIALECT))
        pinned[name] = replace(models[name], relation=copy.sql(queries.DIALECT))
    return pinned


def is_view(connection: duckdb.DuckDBPyConnection, written: str, views: MutableMapping[str, bool]) -> bool:
    """Whether a relation, by its quoted name, is one; asked once for a decision."""
    if written not in views:
        relation = queries.relation(written)
        parameters = {"catalog": relation.catalog or None, "schema": relation.db, "name": relation.name}
        views[written] = connection.execute(queries.text("decide/is_view"), parameters).fetchone() is not None
    return views[written]
