"""The gate between "planned" and "sent": a few statements over the whole outbox, in the order of docs/gate.md.

Each waiting message gets a verdict: `send`, `hold` until a time, or `skip`; the last two are rows in `decisions`
with their reason. What a project does not configure costs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import duckdb

from tidegate import queries
from tidegate.channels import TELLING
from tidegate.decision import permission, quiet
from tidegate.spec.objects import ModelColumns, Project

Rows = Sequence[tuple[object, ...]]


def judge(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    people: ModelColumns,
    channels: Mapping[str, str],
    blocked: Collection[str],
    *,
    as_of: datetime,
    run_id: str,
) -> None:
    """Fill `verdicts` and carry them out. `channels` gives each destination's channel."""
    permission.prepare(connection, project)
    _fill(connection, "decide/add_blocked", [(audience,) for audience in blocked])
    connection.execute(queries.text("decide/waiting"), {"as_of": as_of})
    # What waits was planned by earlier files as well: its own channels count, as far as there are such still.
    waiting = connection.execute(queries.text("decide/waiting_channels")).fetchall()
    if not waiting:
        return
    routes = [
        (written, position, destination, channels[destination])
        for (written,) in waiting
        for position, destination in enumerate(json.loads(written))
        if destination in channels
    ]
    _fill(connection, "decide/add_route", routes)
    used = sorted({channel for *_, channel in routes})
    run = {"as_of": as_of, "run_id": run_id}
    connection.execute(queries.text("gate/want_waiting"))
    permission.ask(connection, project, people, used, as_of=as_of)
    connection.execute(queries.text("gate/judge"), {"as_of": as_of})
    paused = [name for name, journey in project.journeys.items() if journey.status == "sends_paused"]
    if paused:
        connection.execute(queries.text("gate/pause"), {"journeys": paused})
    _hold_out(connection, project, run)
    quiet.keep(connection, project, people, used, as_of)
    throttles = _throttles(connection, project, as_of)
    if throttles:
        connection.execute(queries.text("gate/throttled_out"), throttles)
    _cap(connection, project, as_of)
    if throttles:
        connection.execute(queries.text("gate/throttle"), throttles)
    connection.execute(queries.text("decide/record_decisions"), run)
    connection.execute(queries.text("decide/apply_verdicts"), run)


def _hold_out(connection: duckdb.DuckDBPyConnection, project: Project, run: Mapping[str, object]) -> None:
    holdouts: list[tuple[object, ...]] = []
    if project.holdout:
        holdouts.append(("holdout", None, f"{project.name}:holdout", project.holdout))
    for name, audience in project.audiences.items():
        if audience.holdout:
            experiment = f"holdout:{name}"
            holdouts.append((experiment, name, f"{project.name}:{experiment}", audience.holdout))
    for name, journey in project.journeys.items():
        if journey.holdout:
            experiment = f"holdout:{name}"
            holdouts.append((experiment, name, f"{project.name}:{experiment}", journey.holdout))
    if holdouts:
        _fill(connection, "gate/add_holdout", holdouts)
        telling = {"telling": list(TELLING)}
        connection.execute(queries.text("gate/assign"), {**run, **telling})
        connection.execute(queries.text("gate/hold_out"), telling)


def _cap(connection: duckdb.DuckDBPyConnection, project: Project, as_of: datetime) -> None:
    rows = [
        (number, channel, cap.channel == "any", cap.most, cap.per)
        for number, cap in enumerate(project.caps)
        for channel in (TELLING if cap.channel == "any" else (cap.channel,))
    ]
    if rows:
        _fill(connection, "gate/add_cap", rows)
        longest = max(cap.per for cap in project.caps)
        connection.execute(queries.text("gate/cap"), {"as_of": as_of, "longest": longest})


def _throttles(connection: duckdb.DuckDBPyConnection, project: Project, as_of: datetime) -> dict[str, object]:
    """The parameters of the statements about throttles; none where there are no throttles."""
    found = {name: spec.throttle for name, spec in project.destinations.items() if spec.throttle is not None}
    if not found:
        return {}
    _fill(connection, "gate/add_throttle", [(name, one.most, one.per) for name, one in found.items()])
    return {"as_of": as_of, "longest": max(one.per for one in found.values())}


def _fill(connection: duckdb.DuckDBPyConnection, statement: str, rows: Rows) -> None:
    if rows:
        connection.executemany(queries.text(statement), rows)
