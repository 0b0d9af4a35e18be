"""One look for people who enter: what every kind of entry is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp

from tidegate import queries
from tidegate.decision.cause import Cause
from tidegate.decision.pinned import pin
from tidegate.decision.stays import entries
from tidegate.errors import Problem
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import Entry, Journey
from tidegate.spec.objects import ModelColumns


@dataclass(frozen=True, slots=True)
class Looking:
    """`last_as_of` is the clock of the last run in which the journey moved."""

    walk: Walk
    cause: Cause
    last_as_of: datetime | None

    @property
    def journey(self) -> Journey:
        return self.walk.journey

    @property
    def entry(self) -> Entry:
        return self.walk.journey.entry

    @property
    def key(self) -> str:
        return self.walk.facts.project.key

    @property
    def oldest(self) -> datetime:
        """What happened before is too old."""
        return self.walk.as_of - self.entry.not_older_than

    @property
    def acts_after(self) -> datetime:
        """What happened up to then was to be seen by an earlier run."""
        return self.last_as_of or self.walk.as_of

    @property
    def oldest_looked_at(self) -> datetime:
        """Nothing is looked at that happened up to then, so that history is not read again: what is too old is told
        only where no run could have seen it in time."""
        return min(self.oldest, self.acts_after)

    @property
    def refusal(self) -> str | None:
        """Why nobody enters who is found to be there, or to have come, by an edit or at first sight."""
        return self.cause if self.cause != "data" and not self.entry.backfill else None

    @property
    def unwatched(self) -> str | None:
        """Why nobody enters whose time has come, where times tell what is new: nobody was looking then."""
        return "baseline" if self.refusal == "baseline" else None

    @property
    def key_path(self) -> str | None:
        """Where in `entry` the key is by which people enter, as a JSON path; None where they enter once each."""
        per = self.entry.again.per
        return '$."' + per.replace('"', r"\"") + '"' if per is not None else None

    def model(self) -> ModelColumns:
        """What people enter by; a view is looked at once, since it may answer differently each time."""
        assert self.entry.model is not None
        facts = self.walk.facts
        return pin(self.walk.connection, facts.models, [self.entry.model], facts.noticed.views)[self.entry.model]

    def rows(self, model: ModelColumns, **columns: exp.Expr) -> exp.Select:
        """The model's rows as `entry`, with `person` and, where anybody may enter, `context`."""
        context = row_as_json(model) if self.refusal is None else exp.Literal.string("{}")
        return entries(model, self.key, context=context, **columns)

    def trouble(self, text: str) -> Problem:
        return Problem(self.journey.file, self.entry.line, "enter.on", text)

    def run(self, query: str, **parameters: object) -> None:
        """Execute `sql/journeys/entries/QUERY.sql`."""
        self.walk.connection.execute(queries.text(f"journeys/entries/{query}"), parameters or None)

    def run_over(self, query: str, tables: Mapping[str, exp.Expr], **parameters: object) -> None:
        """The same, with tables replaced by what they stand for."""
        self.walk.connection.execute(queries.bind(f"journeys/entries/{query}", **tables), parameters or None)

    def welcome(self) -> int:
        """How many may still enter."""
        ((count,),) = self.walk.connection.execute(queries.text("journeys/entries/welcome")).fetchall()
        return int(count)


def row_as_json(model: ModelColumns, *, table: str = "entry", without: str = "", **first: exp.Expr) -> exp.Expr:
    """A row of the model as the text of a JSON object. `first` are further values, in place of columns so named."""
    columns = {name: exp.column(name, table=table, quoted=True) for name in model.columns if name != without}
    values = {**first, **{name: column for name, column in columns.items() if name not in first}}
    pairs = [exp.JSONKeyValue(this=exp.Literal.string(name), expression=value) for name, value in values.items()]
    return exp.cast(exp.JSONObject(expressions=pairs), "varchar")
