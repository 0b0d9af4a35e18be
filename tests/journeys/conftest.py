import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.waiting import Waiting
from tests.journeys.world import World
from tidegate.warehouse import Warehouse


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse in which nothing ever happened: to make its tables takes longer than to copy them."""
    warehouse = Warehouse(tmp_path_factory.mktemp("empty") / "warehouse.duckdb")
    with warehouse.session():
        pass
    warehouse.release()
    return warehouse.path


@pytest.fixture
def world(tmp_path: Path, empty_warehouse: Path) -> Iterator[World]:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.linger = 10.0  # nobody else waits for the file
    shutil.copy(empty_warehouse, warehouse.path)
    yield World(tmp_path, warehouse)
    warehouse.release()


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
