"""Puts the starter's files into the wheel, under `tidegate/starter_files`; an editable install has them already."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class StarterHook(BuildHookInterface):  # type: ignore[type-arg]
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        # By path: the package is not importable while it is being built, and this module needs nothing of it.
        spec = importlib.util.spec_from_file_location("starter", root / "src/tidegate/starter.py")
        assert spec is not None
        assert spec.loader is not None
        starter = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(starter)
        for name in starter.SHIPPED:
            build_data["force_include"][str(root / name)] = f"tidegate/starter_files/{name}"
