from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tidegate import contracts
from tidegate.results import ContractResult
from tidegate.warehouse import Warehouse

AS_OF = datetime(2011, 12, 1, 6, 0, tzinfo=UTC)


class Shop:
    """A warehouse with tables written by hand, and the contracts somebody gave them."""

    as_of = AS_OF

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.relations: dict[str, str] = {}
        connection.execute('create schema "the shop"')

    def has(self, model: str, rows: str) -> None:
        """`rows` is the text after `select * from`."""
        self.connection.execute(f'create or replace table "the shop"."{model}" as select * from {rows}')  # noqa: S608
        self.relations[model] = f'"warehouse"."the shop"."{model}"'

    def check(self, model: str, *entries: object, previous: dict[tuple[str, str], int] | None = None, docs=None):
        parsed, problems = contracts.parse(model, list(entries), f"models/{model}.yml")
        assert problems == []
        return contracts.validate(
            self.connection,
            parsed,
            self.relations,
            as_of=AS_OF,
            key="customer_id",
            previous=previous,
            docs=docs,
        )

    def one(self, model: str, entry: object, **more) -> ContractResult:
        (result,) = self.check(model, entry, **more)
        return result


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


@pytest.fixture
def shop(warehouse: Warehouse) -> Iterator[Shop]:
    with warehouse.session() as connection:
        yield Shop(connection)
