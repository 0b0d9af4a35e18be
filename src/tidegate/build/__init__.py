"""Builds the project's models with dbt, in this process.

Importing this is cheap; dbt itself, which takes seconds, is imported by the first call that builds.
"""

from __future__ import annotations

from tidegate.build.building import build, columns
from tidegate.build.built import Built, BuiltModel, WrittenContract, describe, drop_scratch
from tidegate.build.clock import literal
from tidegate.build.profiles import targets, warehouse_path

__all__ = [
    "Built",
    "BuiltModel",
    "WrittenContract",
    "build",
    "columns",
    "describe",
    "drop_scratch",
    "literal",
    "targets",
    "warehouse_path",
]
