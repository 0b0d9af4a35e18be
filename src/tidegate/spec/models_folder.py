"""Which models a dbt project has, by file: enough to tell a name that does not exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tidegate.errors import SpecError
from tidegate.spec.documents import read_yaml

_KINDS = (
    ("model-paths", "models", (".sql", ".py")),
    ("snapshot-paths", "snapshots", (".sql",)),
    ("seed-paths", "seeds", (".csv",)),
)


def names(root: Path) -> frozenset[str]:
    """Everything that `ref()` may name: models, snapshots and seeds, in the folders that dbt_project.yml says."""
    said = _dbt_project(root)
    return frozenset(
        path.stem
        for key, default, endings in _KINDS
        for folder in said.get(key) or [default]
        for path in (root / str(folder)).rglob("*")
        if path.suffix in endings
    )


def _dbt_project(root: Path) -> dict[str, Any]:
    path = root / "dbt_project.yml"
    try:
        found = read_yaml(path, root).value if path.is_file() else None
    except SpecError:
        return {}  # dbt itself says what is wrong there, and better
    return found if isinstance(found, dict) else {}
