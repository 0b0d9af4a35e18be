from __future__ import annotations

from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from filelock import FileLock

from tests.recipes.invoices import orders
from tests.recipes.story import LATE_RECIPES, LATE_TICKS, SATURDAY_TICKS, TICKS, Story, raw_lines
from tidegate import recipes


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Story:
    """Of all recipes but those of the late story."""
    names = tuple(name for name in recipes.library() if name not in LATE_RECIPES)
    return _told(tmp_path_factory, worker_id, "recipes", TICKS, names)


@pytest.fixture(scope="session")
def late_story(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Story:
    """Of a few recipes only, and into December."""
    return _told(tmp_path_factory, worker_id, "late_recipes", LATE_TICKS, LATE_RECIPES)


@pytest.fixture(scope="session")
def saturday_story(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Story:
    """Of a workshop on a Saturday, with a run on each of three days in a row."""
    return _told(tmp_path_factory, worker_id, "saturday_recipes", SATURDAY_TICKS, ("event_countdown", "nearby_shop"))


def _told(
    factory: pytest.TempPathFactory,
    worker: str,
    name: str,
    ticks: tuple[datetime, ...],
    names: tuple[str, ...],
) -> Story:
    """Told once, also where several processes share the tests: whoever comes first tells it, the others wait."""
    own = factory.getbasetemp()
    shared = (own if worker == "master" else own.parent) / name
    with FileLock(shared.with_suffix(".lock")):
        if not (shared / "told").exists():
            # A telling that broke off is told anew, from an empty folder.
            number = len(list(shared.glob("*"))) if shared.exists() else 0
            root = shared / f"shop_{number}"
            root.mkdir(parents=True)
            Story(root, ticks[0], ticks, names).tell()
            (shared / "told").write_text(str(root))
    return Story(Path((shared / "told").read_text()), ticks[-1], ticks, names)


@pytest.fixture(scope="session")
def ordered_at() -> dict[int, list[datetime]]:
    """When each customer ordered, by the raw lines alone."""
    found: dict[int, list[datetime]] = {}
    for order in orders().iter_rows(named=True):
        found.setdefault(order["customer_id"], []).append(order["at"])
    return found


@pytest.fixture(scope="session")
def lines() -> pl.DataFrame:
    """The story's invoice lines as they are in the file: what the tests reckon from."""
    return raw_lines()


#: each is told once, by whoever comes first, while the others wait for it: minutes
_STORIES = {"story", "late_story", "saturday_story"}


@pytest.hookimpl(tryfirst=True)  # before tests are chosen by their marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(1200))
            if _STORIES & {*getattr(item, "fixturenames", ())}:
                item.add_marker(pytest.mark.slow)
