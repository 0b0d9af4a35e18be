"""Entering, leaving and being in a segment, through stays that are kept under the journey's own name."""

from __future__ import annotations

from sqlglot import exp

from tidegate import queries
from tidegate.decision import stays
from tidegate.errors import SpecError
from tidegate.journeys.entries.looking import Looking, row_as_json

_ONE_ROW = "a segment has one row for each person"


def enter(looking: Looking) -> None:
    """Those whose stay begins."""
    entry = looking.rows(looking.model())
    compare(looking, entry)
    looking.run_over(
        "enter",
        {"entry": entry},
        journey=looking.journey.name,
        kind="enter",
        as_of=looking.walk.as_of,
        disposition=looking.refusal,
    )


def leave(looking: Looking) -> None:
    """Those whose stay ends."""
    compare(looking, looking.rows(looking.model()))
    looking.run("exit", journey=looking.journey.name, as_of=looking.walk.as_of, disposition=looking.refusal)


def stand(looking: Looking) -> None:
    """Those who are there and not inside the journey, in every run."""
    model = looking.model()
    entry = stays.entries(model, looking.key, context=row_as_json(model))
    compare(looking, entry)
    looking.run_over(
        "in",
        {"entry": entry},
        journey=looking.journey.name,
        as_of=looking.walk.as_of,
        cause=looking.cause,
        backfill=looking.entry.backfill,
        overlap=looking.entry.overlap,
    )


def compare(looking: Looking, entry: exp.Expr, *, one_row: str = _ONE_ROW) -> None:
    """Fill `changes` with who came and who went. Raises SpecError for keys that are null, empty or repeated."""
    stays.compare(
        looking.walk.connection, looking.journey.name, entry, looking.key, trouble=looking.trouble, one_row=one_row
    )


def check_keys(looking: Looking, entry: exp.Expr, *, one_row: str = _ONE_ROW) -> None:
    """The same without looking at who came and went."""
    connection = looking.walk.connection
    query = queries.bind("journeys/entries/whole_keys", entry=entry)
    ((without_person, repeated),) = connection.execute(query).fetchall()
    _refuse_nobodys(looking, without_person)
    if repeated:
        rows = connection.execute(queries.bind("decide/repeated_keys", entry=entry)).fetchall()
        named = ", ".join(f"{person} ({times} times)" for person, times in rows)
        raise SpecError(looking.trouble(f"{looking.key} is not unique: {named}; {one_row}"))


def check_people(looking: Looking, entry: exp.Expr) -> None:
    """Of a model in which somebody may have several rows: that each is somebody's."""
    query = queries.bind("journeys/entries/nobodys", entry=entry)
    ((without_person,),) = looking.walk.connection.execute(query).fetchall()
    _refuse_nobodys(looking, without_person)


def _refuse_nobodys(looking: Looking, count: int) -> None:
    if count:
        raise SpecError(looking.trouble(f"{stays.lacking(count, looking.key)}; leave out such rows in the model"))
