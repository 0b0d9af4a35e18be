"""What a journey's file means, as a hash: the same however it is formatted, commented and described."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import time, timedelta
from typing import Any

from sqlglot import exp

from tidegate.spec.expressions import DIALECT
from tidegate.spec.journey_objects import Journey

#: where something is written, and what says how a journey is run: not where people go in it
_BESIDES = frozenset(
    {"line", "path", "file", "source", "hash", "name", "description", "status", "in_flight", "redirects", "guard"}
)
#: ... but of these objects a name or a file is what they mean
_MEANT = {"Entry": {"name", "file"}, "EventStep": {"name"}, "Way": {"name"}}


def with_hash(journey: Journey) -> Journey:
    """`hash` changes when what people walk through does: a new version."""
    said = json.dumps(_plain(journey), sort_keys=True, ensure_ascii=False)
    return replace(journey, hash=hashlib.sha256(said.encode()).hexdigest())


def _plain(value: Any) -> Any:
    if isinstance(value, exp.Expr):
        return value.sql(DIALECT, normalize=True, comments=False)
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value).__name__
        besides = _BESIDES - _MEANT.get(kind, set())
        said = {one.name: _plain(getattr(value, one.name)) for one in fields(value) if one.name not in besides}
        return {"is": kind, **said}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value.isoformat() if isinstance(value, time) else value
