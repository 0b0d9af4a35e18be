"""Looks at one journey: its graph, and everybody who came by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb

from tidegate import queries
from tidegate.journeys.seeing.graph import Edge, Graph, Node, graph
from tidegate.journeys.seeing.published import Published, published, readable
from tidegate.journeys.seeing.seen import DaySeen, JourneySeen, SendSeen, StepSeen, TurnSeen, VersionSeen
from tidegate.spec.objects import Project
from tidegate.warehouse import Warehouse

_NOWHERE = Graph("", (), ())


@dataclass(slots=True)
class _Counted:
    """What the state says of one step."""

    reached: int = 0
    first: object = None
    last: object = None
    goals: int = 0
    here: int = 0
    left: dict[str, int] = field(default_factory=dict)
    completed: int = 0


def look(
    warehouse: Warehouse, project: Project, name: str, *, version: int | None = None, days: bool = False
) -> JourneySeen:
    """What is seen of the journey `name`, of all its versions together or of one.

    Raises KeyError(name) for a journey that neither the project nor the state has, LookupError for a version that was
    never published, WarehouseError when the warehouse is locked.
    """
    if not warehouse.path.exists():
        if name not in project.journeys:
            raise KeyError(name)
        if version is not None:
            raise LookupError(version)
        return _before_anything_ran(project, name)
    with warehouse.session() as connection:
        return see(connection, project, name, version=version, days=days)


def see(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    name: str,
    *,
    version: int | None = None,
    days: bool = False,
) -> JourneySeen:
    """The same, within a session."""
    versions = published(connection, name)
    if name not in project.journeys and not versions:
        raise KeyError(name)
    if version is not None and version not in {one.version for one in versions}:
        raise LookupError(version)
    which = {"journey": name, "version": version}
    row = connection.execute(queries.text("journeys/seeing/totals"), which).fetchone()
    assert row is not None
    entered, inside, goals, first_entered, last_entered = row
    drawn, written, problems = _drawn(project, name, versions, version)
    counted, ended = _steps(connection, which)
    sends = _sends(connection, which)
    turns = connection.execute(queries.text("journeys/seeing/turns"), {**which, "forks": drawn.forks}).fetchall()
    there = {node.step for node in drawn.nodes}
    found = project.journeys.get(name)
    return JourneySeen(
        journey=name,
        description=found.description if found else "",
        file=found.file if found else "",
        status=found.status if found else "without file",
        entry=drawn.entry,
        version=written,
        only=version,
        edited=bool(found and versions and found.hash != versions[-1].hash),
        entered=entered,
        inside=inside,
        goals=goals,
        has_goal=goals > 0 or (found is not None and found.goal is not None),
        first_entered=first_entered,
        last_entered=last_entered,
        ended=ended,
        refused=dict(connection.execute(queries.text("journeys/seeing/refused"), {"journey": name}).fetchall()),
        steps=tuple(_step(node, counted, sends) for node in drawn.nodes),
        turns=tuple(_turns(drawn, counted, turns, entered)),
        gone=tuple(_step(Node(step, "", "", 0, ""), counted, sends) for step in sorted({*counted, *sends} - there)),
        versions=tuple(
            VersionSeen(one.version, one.published_at, one.entered, one.inside, one.goals) for one in versions
        ),
        days=_days(connection, which) if days else (),
        problems=problems,
    )


def _before_anything_ran(project: Project, name: str) -> JourneySeen:
    journey = project.journeys[name]
    drawn = graph(journey)
    return JourneySeen(
        journey=name,
        description=journey.description,
        file=journey.file,
        status=journey.status,
        entry=drawn.entry,
        version=None,
        only=None,
        edited=False,
        entered=0,
        inside=0,
        goals=0,
        has_goal=journey.goal is not None,
        first_entered=None,
        last_entered=None,
        ended={},
        refused={},
        steps=tuple(_step(node, {}, {}) for node in drawn.nodes),
        turns=tuple(_turns(drawn, {}, [], 0)),
    )


def _drawn(
    project: Project, name: str, versions: tuple[Published, ...], asked: int | None
) -> tuple[Graph, int | None, tuple[str, ...]]:
    """The graph to show: of the version asked for, else of the newest one, else of the file."""
    if asked is None and name in project.journeys:
        journey = project.journeys[name]
        known = next((one.version for one in reversed(versions) if one.hash == journey.hash), None)
        return graph(journey), known, ()
    chosen = [one for one in versions if one.version == asked] if asked is not None else list(versions[-1:])
    read, problems = readable(project, name, chosen)
    number = chosen[0].version
    return (graph(read[number]) if number in read else _NOWHERE), number, problems


def _steps(
    connection: duckdb.DuckDBPyConnection, which: Mapping[str, object]
) -> tuple[dict[str, _Counted], dict[str, int]]:
    """By step what the state says of it, and all walks that ended, by reason."""
    counted: dict[str, _Counted] = defaultdict(_Counted)
    for step, reached, first, last, goals in connection.execute(
        queries.text("journeys/seeing/reached"), which
    ).fetchall():
        counted[step] = _Counted(reached, first, last, goals)
    ended: dict[str, int] = defaultdict(int)
    for step, status, reason, walks in connection.execute(queries.text("journeys/seeing/standing"), which).fetchall():
        if status == "active":
            counted[step].here += walks
            continue
        ended[reason] += walks
        if step is None:
            continue
        if reason == "completed":
            counted[step].completed += walks
        else:
            counted[step].left[reason] = walks
    return dict(counted), dict(ended)


def _sends(connection: duckdb.DuckDBPyConnection, which: Mapping[str, object]) -> dict[str, SendSeen]:
    reasons: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    for step, verdict, reason, messages in connection.execute(
        queries.text("journeys/seeing/withheld"), which
    ).fetchall():
        reasons[step, verdict][reason] = messages
    return {
        step: SendSeen(
            planned, sent, waiting, rejected, unknown, reasons[step, "skip"], reasons[step, "hold"], *reported
        )
        for step, planned, sent, waiting, _withheld, rejected, unknown, *reported in connection.execute(
            queries.text("journeys/seeing/messages"), which
        ).fetchall()
    }


def _step(node: Node, counted: Mapping[str, _Counted], sends: Mapping[str, SendSeen]) -> StepSeen:
    one = counted.get(node.step, _Counted())
    send = sends.get(node.step)
    if send is None and node.kind in ("send", "webhook"):
        send = SendSeen()
    return StepSeen(
        step=node.step,
        kind=node.kind,
        says=node.says,
        depth=node.depth,
        under=node.under,
        reached=one.reached,
        here=one.here,
        passed=one.reached - one.here - sum(one.left.values()),
        left=one.left,
        goals=one.goals,
        first=one.first,  # type: ignore[arg-type]
        last=one.last,  # type: ignore[arg-type]
        send=send,
    )


def _turns(
    drawn: Graph, counted: Mapping[str, _Counted], rows: list[tuple[str, str, str | None, int]], entered: int
) -> list[TurnSeen]:
    """How many took each way. Where there is only one out of a step, everybody who passed it did; to the end of the
    journey several ways may lead, and who ended there is told together."""
    found = []
    for edge in drawn.edges:
        one = counted.get(edge.source, _Counted())
        beside = drawn.turns(edge.source)
        walks: int | None
        if not edge.source:
            walks = entered
        elif not edge.target:
            walks = one.completed if sum(not other.target for other in beside) == 1 else None
        elif len(beside) == 1:
            walks = one.reached - one.here - one.completed - sum(one.left.values())
        else:
            walks = sum(count for source, target, turn, count in rows if _took(edge, beside, source, target, turn))
        found.append(TurnSeen(edge.source, edge.target, edge.turn, edge.when, walks))
    return found


def _took(edge: Edge, beside: tuple[Edge, ...], source: str, target: str, turn: str | None) -> bool:
    """Whether walks from `source` to `target` went this way: the turn tells where several lead to the same step."""
    if (edge.source, edge.target) != (source, target):
        return False
    same = [other.turn for other in beside if other.target == target]
    return len(same) == 1 or turn == edge.turn or (turn not in same and edge.turn == same[-1])


def _days(connection: duckdb.DuckDBPyConnection, which: Mapping[str, object]) -> tuple[DaySeen, ...]:
    rows = connection.execute(queries.text("journeys/seeing/days"), which).fetchall()
    return tuple(DaySeen(*row) for row in rows)
