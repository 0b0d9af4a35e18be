from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.platform import Platform
from tests.delivery.world import World


@pytest.fixture
def platform() -> Iterator[Platform]:
    with Platform().serving() as platform:
        yield platform


@pytest.fixture
def world(tmp_path: Path, platform: Platform) -> World:
    return World(tmp_path, platform)
