from pathlib import Path

import pytest

from tests.decision.world import World
from tidegate.warehouse import Warehouse


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(Warehouse(tmp_path / "warehouse.duckdb"))
