"""The shop as it ships, copied to a folder of its own, with its raw data loaded."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from tidegate import build
from tidegate.starter import folder as starter
from tidegate.warehouse import Warehouse

AS_OF = datetime(2011, 11, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Shop:
    root: Path

    @property
    def path(self) -> Path:
        return build.warehouse_path(self.root, "dev")

    def build(self, as_of: datetime) -> build.Built:
        built = build.build(self.root, "dev", as_of)
        assert built.failed == {}
        return built

    def read(self, query: str) -> pl.DataFrame:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.sql(query).pl()

    def keys(self, model: str) -> set[Any]:
        return set(self.read(f"select customer_id from shop.{model}")["customer_id"])  # noqa: S608


@pytest.fixture(scope="session")
def lines() -> pl.DataFrame:
    """The invoice lines as they are in the file."""
    return pl.read_parquet(starter() / "data" / "online_retail" / "invoice_lines.parquet")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Built as of the 15th of November 2011, midnight in London."""
    root = tmp_path_factory.mktemp("shop")
    for name in ("models", "macros", "data"):
        shutil.copytree(starter() / name, root / name)
    for name in ("dbt_project.yml", "profiles.yml", "tidegate.yml"):
        shutil.copy(starter() / name, root)
    shop = Shop(root)
    shop.path.parent.mkdir(parents=True)
    with duckdb.connect(str(shop.path)) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.invoice_lines as from read_parquet($files)",
            {"files": str(root / "data" / "online_retail" / "*.parquet")},
        )
    state = Warehouse(shop.path)
    with state.session():
        """As a run finds it: reports read Tidegate's own tables."""
    state.release()
    shop.build(AS_OF)
    return shop
