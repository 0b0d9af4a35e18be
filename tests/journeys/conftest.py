from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.waiting import Waiting
from tests.journeys.world import World
from tidegate.warehouse import Warehouse


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, Warehouse(tmp_path / "warehouse.duckdb"))


@pytest.fixture(scope="module")
def one_clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waiting]:
    folder = tmp_path_factory.mktemp("waiting")
    warehouse = Warehouse(folder / "warehouse.duckdb")
    with warehouse.session() as connection:
        yield Waiting(World(folder, warehouse), connection)


@pytest.fixture
def waiting(one_clock: Waiting) -> Waiting:
    """Nobody is known, and nobody did anything."""
    one_clock.world.people.clear()
    one_clock.world.events.clear()
    one_clock.connection.execute("delete from tidegate.feedback")
    return one_clock
