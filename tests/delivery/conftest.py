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


@pytest.fixture(autouse=True)
def state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the processes of these tests tell each other of rates stays among them."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"
