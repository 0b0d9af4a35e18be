from pathlib import Path

import pytest

from tests.journeys.world import World
from tidegate.warehouse import Warehouse


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, Warehouse(tmp_path / "warehouse.duckdb"))
