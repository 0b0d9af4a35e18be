"""A list of people that somebody wrote: a CSV file of the project."""

from __future__ import annotations

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.build import wording
from tidegate.decision import stays
from tidegate.errors import Problem, SpecError
from tidegate.journeys.entries import segments
from tidegate.journeys.entries.looking import Looking, row_as_json
from tidegate.spec.nearest import several
from tidegate.spec.objects import ModelColumns

_ENTRY_LIST = "entry_list"


def stand(looking: Looking) -> None:
    """Those who are on the list for the first time, or again: also at the first run, since that is what it says.

    Raises SpecError for a file that is not there, is no CSV, or lacks the project's key.
    """
    model = _read(looking)
    entry = stays.entries(model, looking.key, context=row_as_json(model))
    segments.compare(looking, entry, one_row="a list has one row for each person")
    looking.run_over(
        "enter",
        {"entry": entry},
        journey=looking.journey.name,
        kind="list",
        as_of=looking.walk.as_of,
        disposition=None,
    )


def _read(looking: Looking) -> ModelColumns:
    written, connection = looking.entry.file or "", looking.walk.connection
    path = looking.walk.facts.project.root / written
    if not path.is_file():
        raise SpecError(looking.trouble(f"no file `{written}`"))
    try:
        connection.execute(queries.text("journeys/entries/read_list"), {"file": str(path)})
    except (duckdb.InvalidInputException, duckdb.IOException) as fault:
        raise SpecError(Problem(written, 0, "", f"is no CSV file: {wording.said(str(fault))}")) from fault
    described = connection.execute(queries.text("journeys/entries/list_columns")).fetchall()
    columns = dict(described)
    if looking.key not in columns:
        text = f"no column `{looking.key}`, the project's key; {several(looking.key, columns)}"
        raise SpecError(Problem(written, 1, "", text))
    return ModelColumns(written, exp.to_identifier(_ENTRY_LIST, quoted=True).sql(queries.DIALECT), columns)
