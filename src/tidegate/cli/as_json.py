"""Results as JSON: the same objects that the tables show, with times in UTC ISO, lengths of time in seconds, and
nothing left out."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any


def plain(value: Any) -> Any:
    """`value` as what JSON knows: dataclasses become objects, sets become sorted lists."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Path():
            return str(value)
        case Mapping():
            return {_key(key): plain(item) for key, item in value.items()}
        case set() | frozenset():
            return sorted(plain(item) for item in value)
        case list() | tuple():
            return [plain(item) for item in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
        case _:
            raise TypeError(f"{type(value).__name__} has no JSON form")


def _key(key: Any) -> str:
    """A move from one step to another is `intro -> wait`; '' is outside."""
    return " -> ".join(part or "(outside)" for part in key) if isinstance(key, tuple) else str(key)


def show(value: Any) -> None:
    """Print `value` on stdout as one JSON document, and nothing else."""
    sys.stdout.write(json.dumps(plain(value), indent=2, ensure_ascii=False) + "\n")
