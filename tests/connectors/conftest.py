"""Where the connectors are, and the platforms' API descriptions where there are any."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tidegate.testing import RequestChecker

ROOT = Path(__file__).parents[2]
SPECS = Path(os.environ.get("TIDEGATE_SPECS") or ROOT.parent / "shared" / "specs")


@pytest.fixture
def root() -> Path:
    return ROOT


@pytest.fixture
def description() -> Callable[..., RequestChecker]:
    """`description("twilio.json")`: a checker, or a skipped test where that file is not to be had."""

    def load(name: str, texts: Mapping[str, str] | None = None) -> RequestChecker:
        path = SPECS / name
        if not path.is_file():
            pytest.skip(f"no API description {name}; name its folder in TIDEGATE_SPECS")
        return RequestChecker.load(path, texts=texts)

    return load
