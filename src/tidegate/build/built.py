"""What a build made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.spec.objects import ModelColumns


@dataclass(frozen=True, slots=True)
class BuiltModel:
    """A model (or seed, or snapshot) that was built.

    `relation` is quoted, as dbt writes it; `columns` are filled by `describe`; `definition` is the compiled SQL
    and `definition_hash` changes when and only when what it selects may have changed. `upstream` names every model
    that it stands on, however far away.
    """

    name: str
    relation: str
    definition: str
    definition_hash: str
    upstream: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WrittenContract:
    """The value of a model's `config: meta: contract:` as dbt read it, and the yml it stands in."""

    raw: object
    file: str


@dataclass(frozen=True, slots=True)
class Built:
    """`failed`: why each other model was not built, by model: the file, the line and what is wrong.

    Of these, nothing is wrong with the `stopped` themselves: they stand on one that failed.
    """

    models: Mapping[str, BuiltModel]
    failed: Mapping[str, str]
    contracts: Mapping[str, WrittenContract]
    stopped: frozenset[str] = frozenset()

    def model_columns(self) -> dict[str, ModelColumns]:
        return {name: ModelColumns(name, model.relation, model.columns) for name, model in self.models.items()}


def describe(connection: duckdb.DuckDBPyConnection, built: Built) -> Built:
    """The same, with the columns that the relations have and their types as the warehouse names them."""
    tables = {name: queries.relation(model.relation) for name, model in built.models.items()}
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for catalog, schema in {(table.catalog, table.db) for table in tables.values()}:
        parameters = {"catalog": catalog, "schema": schema}
        for table, column, kind in connection.execute(queries.text("build/columns"), parameters).fetchall():
            found.setdefault((catalog, schema, table), {})[column] = kind
    models = {
        name: replace(model, columns=found.get((tables[name].catalog, tables[name].db, tables[name].name), {}))
        for name, model in built.models.items()
    }
    return replace(built, models=models)


def drop_scratch(connection: duckdb.DuckDBPyConnection, scratch: str) -> None:
    """Remove a scratch schema and everything in it, if it is there."""
    name = exp.Table(db=exp.to_identifier(scratch, quoted=True))
    connection.execute(exp.Drop(tables=[name], kind="SCHEMA", exists=True, cascade=True).sql(queries.DIALECT))
