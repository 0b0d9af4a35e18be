"""Quiet hours in everybody's own time.

Whether it is quiet is worked out once for each time zone that people live in, by its own clock on the wall.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import duckdb

from tidegate import queries
from tidegate.channels import TELLING
from tidegate.decision import zones
from tidegate.spec.objects import ModelColumns, Project, Window
from tidegate.spec.quantities import quiet_minutes

_QUARTER = 15


def keep(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    people: ModelColumns,
    channels: Collection[str],
    as_of: datetime,
) -> None:
    """Hold back what would go out in somebody's quiet hours."""
    quiet = {name: windows for name, windows in _by_channel(project.quiet_hours).items() if name in channels}
    minutes = [(channel, *span) for channel, windows in quiet.items() for span in quiet_minutes(windows)]
    if not minutes:
        return
    connection.executemany(queries.text("gate/add_quiet_time"), minutes)
    zones.find(connection, project, people, queries.tree("gate/disturbed"))
    apart = sorted({0, *(closes % _QUARTER for _, _, closes in minutes)})
    connection.execute(queries.text("gate/quiet_zones"), {"as_of": as_of, "apart": apart})
    connection.execute(queries.text("gate/keep_quiet"))


def _by_channel(written: Mapping[str, tuple[Window, ...]]) -> dict[str, tuple[Window, ...]]:
    """`any` is for the channels that have no windows of their own."""
    anyhow = dict.fromkeys(TELLING, written["any"]) if "any" in written else {}
    return {**anyhow, **{name: windows for name, windows in written.items() if name != "any"}}
