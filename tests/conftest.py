"""For all tests: nothing is written into the home of whoever runs them, and what takes long begins first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

#: By processor time. The first three each tell one of the recipes' stories, for which the other recipes' tests wait:
#: so they are first, and those others come when they come.
LONGEST = (
    "recipes/test_best_customers.py",
    "recipes/test_back_in_stock.py",
    "recipes/test_event_countdown.py",
    "cli/test_shop.py",
    "runs/test_killed.py",
    "runs/test_bad_weather.py",
    "test_build.py",
    "delivery/test_crashes.py",
    "runs/test_bad_files.py",
    "simulation/test_simulate.py",
    "runs/test_feedback.py",
    "runs/test_interrupted.py",
    "runs/test_killed_journeys.py",
    "runs/test_run.py",
    "journeys/test_walk_clocks.py",
    "journeys/test_walk_properties.py",
)
FOLDER = Path(__file__).parent


@pytest.fixture(autouse=True, scope="session")
def _state_of_their_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Else a file of a minute is begun last, and one process works where three could."""
    places = {FOLDER / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))
