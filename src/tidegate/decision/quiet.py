"""Quiet hours in everybody's own time.

Where people live: the column `time_zone` of the people model, else where their telephone number is from, else where
the project is. Whether it is quiet is worked out once for each time zone, by its own clock on the wall.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import duckdb
import pyarrow as pa
from sqlglot import exp

from tidegate import queries
from tidegate.channels import TELLING
from tidegate.decision import dialling
from tidegate.decision.stays import person_of
from tidegate.spec.objects import ModelColumns, Project, Window
from tidegate.spec.quantities import quiet_minutes

_QUARTER = 15


def keep(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    people: ModelColumns,
    channels: Collection[str],
    as_of: datetime,
) -> tuple[str, ...]:
    """Hold back what would go out in somebody's quiet hours. Returns a sentence where time zones have no such name."""
    quiet = {name: windows for name, windows in _by_channel(project.quiet_hours).items() if name in channels}
    minutes = [(channel, *span) for channel, windows in quiet.items() for span in quiet_minutes(windows)]
    if not minutes:
        return ()
    connection.executemany(queries.text("gate/add_quiet_time"), minutes)
    connection.execute(queries.bind("gate/living", books=_books(project, people)))
    ((without_zone, with_phone, misnamed, names),) = connection.execute(queries.text("gate/homeless")).fetchall()
    if with_phone:
        _dial(connection, project)
    if without_zone:
        connection.execute(queries.text("gate/at_home"), {"zone": project.time_zone})
    apart = sorted({0, *(closes % _QUARTER for _, _, closes in minutes)})
    connection.execute(queries.text("gate/quiet_zones"), {"as_of": as_of, "apart": apart})
    connection.execute(queries.text("gate/keep_quiet"))
    return (_misnamed(misnamed, names, project.people),) if misnamed else ()


def _by_channel(written: Mapping[str, tuple[Window, ...]]) -> dict[str, tuple[Window, ...]]:
    """`any` is for the channels that have no windows of their own."""
    anyhow = dict.fromkeys(TELLING, written["any"]) if "any" in written else {}
    return {**anyhow, **{name: windows for name, windows in written.items() if name != "any"}}


def _books(project: Project, people: ModelColumns) -> exp.Select:
    """(person, time_zone, phone) from the people model."""

    def text(name: str) -> exp.Expr:
        column: exp.Expr = exp.column(name, table="person", quoted=True) if name in people.columns else exp.null()
        return exp.cast(column, "varchar")

    columns = {"person": person_of(project.key, "person"), "time_zone": text("time_zone"), "phone": text("phone")}
    return queries.select(exp.alias_(queries.relation(people.relation), "person", table=True), columns)


def _dial(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    zones = dialling.zones(project.time_zone)
    connection.register("given", pa.table({"prefix": list(zones), "zone": list(zones.values())}))
    connection.execute(queries.text("gate/add_dialled"))
    connection.unregister("given")
    connection.execute(queries.text("gate/by_phone"))


def _misnamed(count: int, names: list[str], people: str) -> str:
    """
    >>> _misnamed(2, ["London"], "people")
    'time_zone of people: no time zone is called `London` (2 people; write one such as `Europe/London`); they are taken to live where their telephone number is from, else where the project is'
    """  # noqa: E501
    who = "1 person" if count == 1 else f"{count:,} people"
    called = ", ".join(f"`{name}`" for name in names)
    return (
        f"time_zone of {people}: no time zone is called {called} ({who}; write one such as `Europe/London`); they are "
        "taken to live where their telephone number is from, else where the project is"
    )
