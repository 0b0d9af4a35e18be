"""Which lists there are, and who owns them: audiences that are synced to them, and journeys that put people there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.connector import Connector
from tidegate.spec.journey_objects import Journey, ListMove, SyncStep
from tidegate.spec.objects import Audience, Project, Sync

#: (destination, list, journey) of lists that journeys have people on
Wishes = Collection[tuple[str, str, str]]


@dataclass(frozen=True, slots=True, eq=False)
class OwnedList:
    """A list or object of a destination, with the audiences that want people on it, in order of their names.

    `journeys` put people there too, or have put some there; `walkers` says whether anybody may be there because of a
    journey, be it one that is gone. Those are matched by `matched`, over `person`.
    """

    destination: str
    name: str
    owners: tuple[tuple[Audience, Sync], ...]
    journeys: tuple[Journey, ...] = ()
    walkers: bool = False
    matched: Mapping[str, exp.Expr] = field(default_factory=dict)

    @property
    def sync(self) -> Sync:
        """The first audience's: in how the list is kept all say the same. Without one the list just follows."""
        return self.owners[0][1] if self.owners else Sync(self.destination, "list", self.name, self.matched)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the audiences, then of the journeys."""
        return (*(audience.name for audience, _ in self.owners), *(journey.name for journey in self.journeys))

    @property
    def files(self) -> tuple[str, ...]:
        """The owners', in the same order."""
        return (*(audience.file for audience, _ in self.owners), *(journey.file for journey in self.journeys))

    @property
    def parameters(self) -> dict[str, str]:
        return {"destination": self.destination, "list": self.name}


def wishes(connection: duckdb.DuckDBPyConnection) -> Wishes:
    """On which lists journeys have people now."""
    return connection.execute(queries.text("lists/wishes")).fetchall()


def owned_lists(
    project: Project,
    wanted: Wishes = (),
    *,
    people: Collection[str] = (),
    connectors: Mapping[str, type[Connector]] | None = None,
) -> list[OwnedList]:
    """Every list that some audience or journey of the project owns.

    A journey owns a list that it puts people on, unless it is a draft, and one that it has people on (`wanted`). One
    that only takes people off owns nothing. `people` are the columns of the people model and `connectors` those of
    the destinations; without them it is not told how the journeys' people are matched.
    """
    owners: dict[tuple[str, str], list[tuple[Audience, Sync]]] = {}
    for _, audience in sorted(project.audiences.items()):
        for sync in audience.sync:
            owners.setdefault((sync.to, sync.name), []).append((audience, sync))
    journeys: dict[tuple[str, str], set[str]] = {}
    for name, journey in project.journeys.items():
        for move in moves(journey):
            if move.add is not None and journey.status != "draft":
                journeys.setdefault((move.to, move.add), set()).add(name)
    for to, list_, name in wanted:
        if name in project.journeys and to in project.destinations:
            journeys.setdefault((to, list_), set()).add(name)
    walked = {(to, list_) for to, list_, _ in wanted} | set(journeys)
    found = []
    for to, list_ in sorted({*owners, *journeys}):
        mine = tuple(owners.get((to, list_), ()))
        connector = (connectors or {}).get(to)
        matched = _matched(project, to, list_, mine, people, connector) if (to, list_) in walked else {}
        theirs = tuple(project.journeys[name] for name in sorted(journeys.get((to, list_), ())))
        found.append(OwnedList(to, list_, mine, theirs, (to, list_) in walked, matched))
    return found


def moves(journey: Journey) -> Iterator[ListMove]:
    """Every move onto a list or off one."""
    for step in journey.steps:
        if isinstance(step, SyncStep):
            yield from step.moves
    yield from journey.on_complete


def _matched(
    project: Project,
    to: str,
    list_: str,
    owners: Collection[tuple[Audience, Sync]],
    people: Collection[str],
    connector: type[Connector] | None,
) -> dict[str, exp.Expr]:
    """How the journeys' people are matched: as a journey says, as an audience that owns the list does (as far as
    that is a matter of the person), by the columns of the people model that are called what the identifiers are."""
    said: dict[str, exp.Expr] = {}
    for _, journey in sorted(project.journeys.items()):
        for move in moves(journey):
            if (move.to, move.add) == (to, list_):
                said = {**move.match, **said}
    theirs = {name for _, sync in owners for name in sync.match}
    identifiers: Collection[str] = theirs or (() if said or connector is None else connector.identifiers)
    for name in identifiers:
        trees = [sync.match[name] for _, sync in owners if name in sync.match and personal(sync.match[name])]
        if name not in said and (trees or name in people):
            said[name] = trees[0] if trees else exp.column(name, table="person", quoted=True)
    return said


def personal(tree: exp.Expr) -> bool:
    """Whether an expression is over the person alone."""
    return all(column.table == "person" for column in tree.find_all(exp.Column))
