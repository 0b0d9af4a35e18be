"""What `entry` holds in a journey: by how people came in."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from tidegate.spec.fit import ON_EXIT
from tidegate.spec.journey_objects import Entry, Journey
from tidegate.spec.objects import ModelColumns, Project
from tidegate.spec.predicates import EVENTS

_MOMENT = "TIMESTAMP WITH TIME ZONE"
_ON_END: Mapping[str, str] = {"journey": "VARCHAR", "exit_reason": "VARCHAR", "ended_at": _MOMENT}
_SEPARATORS = ",;\t|"


def entry_columns(of: Journey | Entry, project: Project, models: Mapping[str, ModelColumns]) -> Mapping[str, str]:
    """Columns and their types; none where the model or file that they are of is not there."""
    entry = of.entry if isinstance(of, Journey) else of
    if entry.kind == "exit":
        return ON_EXIT
    if entry.kind == "end":
        return _ON_END
    if entry.kind == "list":
        return dict.fromkeys(header(project.root / (entry.file or "")), "VARCHAR")
    model = models.get(EVENTS if entry.kind == "event" else entry.model or "")
    columns = dict(model.columns) if model is not None else {}
    if entry.kind == "date":
        return {**columns, "due_at": _MOMENT}
    if entry.kind == "change":
        kind = columns.get(entry.column or "", "VARCHAR")
        return {**columns, "old": kind, "new": kind, "changed_at": _MOMENT}
    return columns


def entry_name(entry: Entry) -> str:
    """How `entry` is called in an error."""
    if entry.kind == "exit":
        return "a leaving"
    if entry.kind == "end":
        return "a journey's end"
    if entry.kind == "event":
        return EVENTS
    return entry.file or entry.model or "entry"


def header(file: Path) -> list[str]:
    """The names on the first line of a CSV file; none where it cannot be read."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
    except (OSError, UnicodeDecodeError):
        return []
    separator = max(_SEPARATORS, key=first.count)
    return [name.strip() for name in next(csv.reader([first], delimiter=separator), []) if name.strip()]
