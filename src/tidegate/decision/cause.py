"""Why people move: because their data did, because a definition was edited, or because nobody had looked before."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import duckdb
from sqlglot import exp

from tidegate import queries

Cause = Literal["data", "definition", "baseline"]


def look(
    connection: duckdb.DuckDBPyConnection, name: str, kind: str, sql_hash: str | None, looks: exp.Expr
) -> tuple[Cause, datetime | None]:
    """The cause for an audience or a journey, and the clock of the last run in which it moved.

    `looks` is what each run made of everybody: a table or query with `audience`, `run_id`, `kind`, `sql_hash` and
    `verdict`. Who was away for a run is looked at for the first time again, and so is a segment that became a
    trigger: of what happened meanwhile nobody is told.
    """
    last = connection.execute(queries.bind("decide/last_applied", looks=looks), {"audience": name}).fetchone()
    if last is None:
        return "baseline", None
    last_hash, last_kind, as_of, was_away = last
    if was_away or last_kind != kind:
        return "baseline", as_of
    return "definition" if sql_hash is not None and last_hash != sql_hash else "data", as_of
