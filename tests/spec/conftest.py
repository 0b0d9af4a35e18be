from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.written_project import Written


@pytest.fixture
def shop(tmp_path: Path) -> Written:
    return Written(tmp_path)
