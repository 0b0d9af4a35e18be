"""Where in a dbt model's yml its contract stands, so that an error can name the line."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


def contract_lines(path: Path, model: str) -> list[int]:
    """The line of each entry of `model`'s contract in the file, counted from 1; empty where it cannot be told."""
    try:
        content = _content(path, path.stat().st_mtime_ns)
    except (OSError, UnicodeDecodeError, YAMLError):
        return []
    described = _get(content, "models")
    for entry in described if isinstance(described, list) else []:
        if _get(entry, "name") == model:
            # dbt takes `meta` at the model's top level as well as under `config`
            for holder in (_get(entry, "config"), entry):
                entries = _get(_get(holder, "meta"), "contract")
                if isinstance(entries, list):
                    return [entries.lc.item(index)[0] + 1 for index in range(len(entries))]  # type: ignore[attr-defined]
    return []


@lru_cache(maxsize=256)
def _content(path: Path, _modified: int) -> Any:
    """A replay reads the same files every day."""
    return YAML(typ="rt").load(path.read_text(encoding="utf-8"))


def _get(holder: Any, key: str) -> Any:
    return holder.get(key) if isinstance(holder, dict) else None
