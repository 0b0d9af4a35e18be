"""Which versions of a journey people walk in a run, and what a changed file does to those who are inside.

A tick asks `prepare` first, for each journey. That writes nothing to the state; it fills, until the next journey's
turn, two temporary tables and a view:

- `leavers` (instance, reason): whose walk ends in this run wherever they stand, with the reason `migrated` or
  `stopped`;
- `migrants` (instance, version, step, at, turn): who comes to `step` of the newest version in this run, at their own
  clock `at`, as people come to a step from the one before it. Where `turn` is null they stand at this very step
  already: no row in `steps` is due, and a wait's deadline is counted from `at`, when they entered it;
- `inside`: the active instances without the leavers, as they are after moving over; `migrates` tells who does.

Then `walks` are advanced in their order, and once the guard let the journey through `publish` records its version.
`on_hold` is why nobody may enter in this run, as a disposition; the sends of a journey that is `sends_paused` are held
by the gate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import duckdb

from tidegate import queries
from tidegate.decision.standing import Facts
from tidegate.errors import SpecError
from tidegate.journeys import moving_over
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import Journey
from tidegate.spec.objects import Project

OnHold = Literal["", "draft", "stopped", "entries_paused", "draining"]
#: how many people stand at each step of each version
Standing = Mapping[tuple[int, str], int]


@dataclass(frozen=True, slots=True)
class Life:
    """What a run makes of a journey's versions. `newest` is the file's, `older` are those walked to their end.

    `published`: this run is the first of the newest one. `notes` are sentences for the plan.
    """

    newest: Walk
    published: bool
    older: tuple[Walk, ...] = ()
    on_hold: OnHold = ""
    notes: tuple[str, ...] = field(default_factory=tuple)

    @property
    def walks(self) -> tuple[Walk, ...]:
        """Whose people are to be advanced, oldest first."""
        return (*self.older, self.newest)


def prepare(connection: duckdb.DuckDBPyConnection, facts: Facts, journey: Journey) -> Life:
    """`journey` is the file's, qualified. Raises SpecError for people who would have no step to stand at."""
    for statement in queries.statements("journeys/versions/working_tables"):
        connection.execute(statement)
    live = journey.status not in ("draft", "stopped")
    version, changed = _number(connection, journey)
    newest = Walk(connection, facts, journey, version)
    before = _standing(connection, journey.name, version)
    life = Life(newest, published=changed and live, on_hold=_on_hold(journey, bool(before)))
    if journey.status == "stopped":
        _leave(connection, journey, version + 1, "stopped")
        inside = _standing(connection, journey.name, version + 1)
        return replace(life, notes=_told(life, inside, "leave: it is stopped"))
    if not before:
        return life
    if journey.in_flight == "exit" and live:
        _leave(connection, journey, version, "migrated")
        return replace(life, notes=_told(life, before, "leave"))
    kept, unread = _reread(life, sorted({number for number, _ in before}))
    if journey.in_flight == "migrate" and live:
        crossings = moving_over.crossings(journey, before, {one.version: one.journey for one in kept})
        moving_over.migrate(newest, crossings)
        return replace(life, notes=_told(life, before, moving_over.told(crossings, before)))
    notes = _still(journey, before, unread)
    if life.published or life.on_hold == "draining":
        notes = (*_told(life, before, _finishing(before, unread, life.on_hold)), *notes)
    return replace(life, older=kept, notes=notes)


def publish(life: Life) -> None:
    """Record the newest version, where this run is its first. For after the guard."""
    if not life.published:
        return
    walk = life.newest
    walk.connection.execute(
        queries.text("journeys/versions/publish"),
        {
            "journey": walk.journey.name,
            "version": walk.version,
            "hash": walk.journey.hash,
            "source": walk.journey.source,
            "run_id": walk.run_id,
            "as_of": walk.as_of,
        },
    )


def forsaken(connection: duckdb.DuckDBPyConnection, project: Project) -> tuple[str, ...]:
    """A sentence for each journey whose file is gone while people are inside: they stay, and nothing moves."""
    rows = connection.execute(queries.text("journeys/versions/forsaken"), {"journeys": list(project.journeys)})
    return tuple(
        f"journey {name}: there is no such file any more; {_people(count)} inside, of whom nobody moves and nothing is "
        "sent; bring the file back, with `status: stopped` to let them leave"
        for name, count in rows.fetchall()
    )


def _number(connection: duckdb.DuckDBPyConnection, journey: Journey) -> tuple[int, bool]:
    """The version that the file is, and whether it is not published yet."""
    known = connection.execute(queries.text("journeys/versions/newest"), {"journey": journey.name}).fetchone()
    if known is None:
        return 1, True
    version, known_hash = known
    return (version, False) if known_hash == journey.hash else (version + 1, True)


def _standing(connection: duckdb.DuckDBPyConnection, journey: str, before: int) -> dict[tuple[int, str], int]:
    """Only older versions are looked into: mostly there is nobody, and that is known without reading everybody."""
    parameters = {"journey": journey, "before": before}
    rows = connection.execute(queries.text("journeys/versions/standing"), parameters).fetchall()
    return {(version, step): people for version, step, people in rows}


def _on_hold(journey: Journey, anyone_before: bool) -> OnHold:
    if journey.status == "draft" or journey.status == "stopped" or journey.status == "entries_paused":
        return journey.status
    return "draining" if journey.in_flight == "drain" and anyone_before else ""


def _leave(connection: duckdb.DuckDBPyConnection, journey: Journey, before: int, reason: str) -> None:
    parameters = {"journey": journey.name, "before": before, "reason": reason}
    connection.execute(queries.text("journeys/versions/leave"), parameters)


def _reread(life: Life, versions: Iterable[int]) -> tuple[tuple[Walk, ...], dict[int, SpecError]]:
    """Older versions as they were, and why those cannot be walked that do not read any more.

    What says how the journey is run, not where people go, is the newest file's: a pause holds for everybody.
    """
    from tidegate.spec.binding import Binder
    from tidegate.spec.journey_columns import qualify
    from tidegate.spec.journeys import reread

    walk = life.newest
    now, facts = walk.journey, walk.facts
    kept, unread = [], {}
    with duckdb.connect() as empty:
        for version in versions:
            parameters = {"journey": now.name, "version": version}
            ((source,),) = walk.connection.execute(queries.text("journeys/versions/source"), parameters).fetchall()
            try:
                read, problems = qualify(reread(source, facts.project), facts.project, facts.models, Binder(empty))
                if problems:
                    raise SpecError(problems)
            except SpecError as fault:
                unread[version] = fault
                continue
            run_as_now = replace(read, status=now.status, in_flight=now.in_flight, guard=now.guard, file=now.file)
            kept.append(Walk(walk.connection, facts, run_as_now, version))
    return tuple(kept), unread


def _told(life: Life, standing: Standing, becomes: str) -> tuple[str, ...]:
    people = sum(standing.values())
    return (f"version {life.newest.version}: {_people(people)} inside: {becomes}",) if people else ()


def _finishing(before: Standing, unread: Mapping[int, SpecError], on_hold: OnHold) -> str:
    finishing = ", ".join(
        f"{people:,} {'stay where they are in' if version in unread else 'finish'} version {version}"
        for version, people in sorted(_by_version(before).items(), reverse=True)
    )
    return f"{finishing}; nobody enters until they have" if on_hold == "draining" else finishing


def _still(journey: Journey, before: Standing, unread: Mapping[int, SpecError]) -> tuple[str, ...]:
    """Whose version does not read any more."""
    inside = _by_version(before)
    return tuple(
        f"version {version}: {_people(inside[version])} stay where they are, because the file as it was does not fit "
        f"the project any more: {'; '.join(problem.text for problem in fault.problems)}; mend that, or write "
        f"`in_flight: migrate` or `in_flight: exit` in {journey.file}"
        for version, fault in sorted(unread.items())
    )


def _by_version(standing: Standing) -> dict[int, int]:
    found: dict[int, int] = {}
    for (version, _), people in standing.items():
        found[version] = found.get(version, 0) + people
    return found


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"
