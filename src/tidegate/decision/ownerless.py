"""Lists that no audience of the project owns any more: nothing is added, and nothing is taken away."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from tidegate import queries
from tidegate.decision.wanted import OwnedList
from tidegate.results import ListDecision

SAID = "no audience owns this list any more; what it holds stays"


def hold(connection: duckdb.DuckDBPyConnection, owned: Sequence[OwnedList]) -> tuple[ListDecision, ...]:
    """Hold what is owed to such lists, and name those that hold or are owed anything.

    An audience that owns the list again takes it up as it is.
    """
    known = connection.execute(queries.text("decide/known_lists")).fetchall()
    decided = []
    for destination, name in sorted(set(known) - {(one.destination, one.name) for one in owned}):
        parameters = {"destination": destination, "list": name}
        row = connection.execute(queries.text("decide/holds_anything"), parameters).fetchone()
        if row is None or not row[0]:
            continue
        connection.execute(queries.text("lists/hold"), parameters)
        decided.append(ListDecision(destination, name, (), blocked=SAID))
    return tuple(decided)
