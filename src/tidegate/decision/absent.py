"""Destinations that tidegate.yml has no more, though people are on their lists: nothing can be asked of them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping

import duckdb

from tidegate import queries
from tidegate.results import Absent


def absent(connection: duckdb.DuckDBPyConnection, destinations: Collection[str]) -> tuple[Absent, ...]:
    """Those that are not among `destinations` any more."""
    found = connection.execute(queries.text("lists/absent"), {"destinations": list(destinations)}).fetchall()
    return tuple(Absent(name, tuple(lists), people, owed) for name, lists, people, owed in found)


def settle(connection: duckdb.DuckDBPyConnection, which: Mapping[str, object], *, forget: bool) -> None:
    """What such a destination is owed waits for its coming back; or is forgotten with the list."""
    connection.execute(queries.text("lists/drop_submitted" if forget else "lists/hold"), which)


def in_words(one: Absent) -> str:
    """What is the matter and what to do, as a sentence without its end."""
    waits = "row that it is owed waits" if one.owed == 1 else "rows that it is owed wait"
    owed = f", and {one.owed:,} {waits}" if one.owed else ""
    lists = ", ".join(f"`{name}`" for name in one.lists)
    people = f"{one.people:,} {'person stays' if one.people == 1 else 'people stay'} on {lists}"
    return (
        f"tidegate.yml has no destination `{one.destination}` for this target any more: {people}{owed}. Put it back, "
        f"or forget what is known there: `tidegate release {shlex.quote(one.destination)} --keep`"
    )
