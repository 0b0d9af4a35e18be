"""Whether the models and files that people enter a journey by have what that takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import duckdb
from sqlglot import exp

from tidegate.errors import Problem
from tidegate.spec.binding import column_type
from tidegate.spec.documents import parse_yaml
from tidegate.spec.entry_columns import entry_columns, entry_name
from tidegate.spec.expressions import DIALECT, place
from tidegate.spec.fit import Fit, is_number, is_time
from tidegate.spec.journey_objects import Change, Entry, Journey
from tidegate.spec.nearest import several
from tidegate.spec.predicates import EVENTS

#: what tells one event from another, what it is and when it was
_OF_EVENTS = ("event_id", "name", "occurred_at")


def entry_problems(journey: Journey, fit: Fit) -> Iterator[Problem]:
    """What is missing, each with its place in the journey's file."""
    entry = journey.entry
    key = "enter.for" if entry.kind == "schedule" else "enter.on"
    if entry.model is not None:
        occurrences = entry.kind == "occur"
        yield from fit.model_problems(entry.model, journey.file, entry.line, key, occurrences=occurrences)
    for at, text in _texts(entry, fit):
        yield Problem(journey.file, _line(journey, at), at, text)
    model = fit.models.get(entry.model or "")
    if entry.change is not None and model is not None:
        yield from _values(entry.change, entry.column or "", model.columns, fit)


def _texts(entry: Entry, fit: Fit) -> Iterator[tuple[str, str]]:
    """By the key that is at fault."""
    project, columns = fit.project, entry_columns(entry, fit.project, fit.models)
    model = fit.models.get(entry.model or "")
    if entry.column is not None and model is not None:
        yield from _of_column(entry, model.columns)
    if entry.kind == "event":
        if EVENTS not in fit.models:
            yield "enter.on", f"there is no model `{EVENTS}`: one row an event, see docs/predicates.md"
        for needed in (project.key, *_OF_EVENTS) if columns else ():
            if needed not in columns:
                yield "enter.on", f"no column `{needed}` in {EVENTS}; {several(needed, columns)}"
    if entry.kind == "list" and project.key not in columns:
        text = f"no column `{project.key}`, the project's key, on the first line of {entry.file}"
        yield "enter.on", f"{text}; {several(project.key, columns)}"
    per = entry.again.per
    if per is not None and columns and per not in columns:
        yield "enter.again", f"no column `{per}` in {entry_name(entry)}; {several(per, columns)}"


def _of_column(entry: Entry, columns: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    column = entry.column or ""
    kind = columns.get(column)
    if kind is None:
        yield "enter.on", f"no column `{column}` in {entry.model}; {several(column, columns)}"
    elif entry.kind == "date" and not is_time(kind):
        yield "enter.on", f"`{column}` in {entry.model} is {kind}, not a date; cast it in the model"
    elif entry.change is not None and entry.change.by is not None and not is_number(kind):
        yield "enter.by", f"`{column}` in {entry.model} is {kind}, not a number that rises or falls"


def _line(journey: Journey, key: str) -> int:
    """Of a key of `enter`, which an entry does not remember."""
    return (
        parse_yaml(journey.source, journey.file).line(tuple(key.split("."))) if journey.source else journey.entry.line
    )


def _values(change: Change, column: str, columns: Mapping[str, str], fit: Fit) -> Iterator[Problem]:
    """`from` and `to` that the column never holds."""
    kind = column_type(columns[column]) if column in columns else None
    for value in (change.before, change.after):
        if value is not None and kind is not None:
            try:
                fit.binder.connection.execute(exp.select(exp.cast(value.copy(), kind)).sql(DIALECT))
            except duckdb.Error:
                text = f"{value.sql(DIALECT)} is no value of `{column}`, which is {columns[column]}"
                yield Problem(*place(value), text)
