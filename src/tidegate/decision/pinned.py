"""Views looked at once: a view may answer differently each time it is asked, and a decision asks several times."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.spec.objects import ModelColumns


def pin(
    connection: duckdb.DuckDBPyConnection, models: Mapping[str, ModelColumns], names: Collection[str]
) -> dict[str, ModelColumns]:
    """The models, with those of `names` that are views copied into temporary tables."""
    pinned = dict(models)
    for name in sorted(set(names) & set(models)):
        relation = queries.relation(models[name].relation)
        parameters = {"catalog": relation.catalog or None, "schema": relation.db, "name": relation.name}
        if connection.execute(queries.text("decide/is_view"), parameters).fetchone() is None:
            continue
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
