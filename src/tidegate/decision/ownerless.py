"""Lists that no audience or journey of the project owns any more: whoever is on them stays, goes, or is asked about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import duckdb

from tidegate import queries
from tidegate.decision import absent
from tidegate.decision.wanted import OwnedList
from tidegate.results import ListDecision

#: `on_delete` of a list that a person released, to be emptied
RELEASED = "remove_now"
#: what a person reads who is to choose
ASKED = (
    "nobody owns this list any more; what it holds stays until you choose: `tidegate release {list} --keep` or "
    "`--remove`"
)
WAITS = (
    "nobody owns this list any more; it is emptied once the additions that wait for its destination are made, "
    "and none of its other lists is blocked"
)


def settle(
    connection: duckdb.DuckDBPyConnection,
    owned: Sequence[OwnedList],
    blocked: Collection[str],
    destinations: Collection[str],
    *,
    lost: bool,
    as_of: datetime,
    run_id: str,
) -> tuple[ListDecision, ...]:
    """Do to such lists what their `on_delete` says, and name those that hold or are owed anything.

    Where it says nothing, as of a list that only journeys put people on, the list is held: nothing is added, nothing
    is taken away, and whoever owns it again takes it up as it is. A list that is emptied may have been renamed, so
    nobody goes before whoever is still to be added somewhere at the same destination has been. At `blocked`
    destinations a list does not move in this run, which may be the one that it was renamed to. A project without a
    single owner (`lost`) has more likely lost its folder than its wish for them: then only what a person released is
    emptied. Of lists at none of the project's `destinations` `absent` tells.
    """
    decided = []
    emptied = (RELEASED,) if lost else (RELEASED, "remove")
    ours = {(one.destination, one.name) for one in owned}
    for destination, name, on_delete in sorted(connection.execute(queries.text("decide/known_lists")).fetchall()):
        if (destination, name) in ours:
            continue
        which: dict[str, object] = {"destination": destination, "list": name}
        if on_delete in (RELEASED, "remove"):
            on_delete = "remove" if on_delete in emptied else None
        if destination not in destinations:
            absent.settle(connection, which, forget=on_delete == "keep")
            if on_delete != "keep":
                continue
        may_go = destination not in blocked
        decision = _settle(connection, which, on_delete, {"as_of": as_of, "run_id": run_id}, may_go=may_go)
        if decision is not None:
            decided.append(decision)
    return tuple(decided)


def _settle(
    connection: duckdb.DuckDBPyConnection,
    which: dict[str, object],
    on_delete: str | None,
    run: dict[str, object],
    *,
    may_go: bool,
) -> ListDecision | None:
    destination, name = str(which["destination"]), str(which["list"])
    if on_delete == "keep":
        connection.execute(queries.text("lists/dismiss"), {**which, **run})
        connection.execute(queries.text("lists/let_everyone_go"), which)
        connection.execute(queries.text("lists/clear_owed"), which)
    if not _true(connection, "decide/holds_anything", which):
        if on_delete is not None:
            connection.execute(queries.text("lists/forget"), which)
        return None
    if on_delete == "remove" and may_go and not _true(connection, "lists/additions_wait", {"destination": destination}):
        connection.execute(queries.text("lists/dismiss"), {**which, **run})
        connection.execute(queries.text("lists/owed_before"), which)
        connection.execute(queries.text("lists/clear_owed"), which)
        connection.execute(queries.text("lists/take_down"), {**which, **run})
        row = connection.execute(queries.text("lists/owed_counts"), which).fetchone()
        assert row is not None
        return ListDecision(destination, name, (), *row)
    connection.execute(queries.text("lists/hold"), which)
    asked = ASKED.format(list=f"{destination} '{name}'")
    return ListDecision(destination, name, (), blocked=WAITS if on_delete == "remove" else asked)


def _true(connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, object]) -> bool:
    row = connection.execute(queries.text(query), parameters).fetchone()
    return row is not None and bool(row[0])
