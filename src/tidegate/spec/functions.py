"""What the warehouse's functions are: which exist, which sum rows up, which answer differently each time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import duckdb
from sqlglot import exp

#: functions that sqlglot knows by a node of their own and whose answer depends on when or by whom it is asked
UNSTEADY: tuple[type[Any], ...] = (
    exp.CurrentDate,
    exp.CurrentDatetime,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.CurrentUser,
    exp.Localtime,
    exp.Localtimestamp,
    exp.Rand,
    exp.Uuid,
)


@dataclass(frozen=True, slots=True)
class Functions:
    """Names in lower case."""

    scalar: frozenset[str]
    aggregate: frozenset[str]
    unsteady: frozenset[str]


@cache
def known() -> Functions:
    """The functions of the DuckDB that is installed, without anything that a warehouse adds."""
    connection = duckdb.connect()
    try:
        rows = connection.execute(
            "select lower(function_name), function_type, coalesce(stability, '') from duckdb_functions()"
        ).fetchall()
    finally:
        connection.close()
    scalar = {name for name, kind, _ in rows if kind in ("scalar", "macro")}
    # Some names are both, such as `list_sum` in one version and an aggregate in another: a scalar wins.
    aggregate = {name for name, kind, _ in rows if kind in ("aggregate", "window")} - scalar
    unsteady = {name for name, _, stability in rows if stability in ("VOLATILE", "CONSISTENT_WITHIN_QUERY")}
    return Functions(frozenset(scalar), frozenset(aggregate), frozenset(unsteady))
