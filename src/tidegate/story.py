"""One person's story: what happened, in order, and why not where something did not. No addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from operator import itemgetter
from typing import Literal

import duckdb
import sqlglot
from sqlglot import exp

from tidegate import queries
from tidegate.journeys.seeing.path import passages, plain
from tidegate.spec.objects import ModelColumns, Project
from tidegate.warehouse import Warehouse

What = Literal[
    "entered",
    "left",
    "occurred",
    "planned",
    "held",
    "skipped",
    "sent",
    "refused",
    "put off",
    "unknown",
    "under way",
    "listed",
    "list owed",
    "list in doubt",
    "list refused",
    "delivered",
    "opened",
    "clicked",
    "bounced",
    "complained",
    "unsubscribed",
    "replied",
    "consented",
    "withdrew",
    "suppressed",
    "came to",
    "goal",
    "ended",
    "not let in",
    "set",
    "tagged",
    "untagged",
    "emitted",
    "onto list",
    "off list",
    "answered",
    "approved",
    "rejected",
]

NEAR = 5


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, at a time of the run's clock (UTC), or of who reported it.

    `source` is the audience or journey, or the list where `what` is about one, or the channel and topic of a consent.
    `message` is the step where `what` is about a walk. `reason` is the cause of entering and leaving, the turn that was
    taken and why, the disposition of an occurrence, the link that was clicked, or why not. `until` is when it is looked
    at again, or a wait's deadline; `times` how often it befell.
    """

    at: datetime
    what: What
    source: str
    message: str | None
    destination: str | None
    reason: str | None
    until: datetime | None
    times: int
    run_id: str


@dataclass(frozen=True, slots=True)
class Story:
    """`known`: the address book or the state has this key. `near`: keys that may have been meant, when not."""

    person: str
    known: bool
    moments: tuple[Moment, ...]
    near: tuple[str, ...] = ()


def story(
    warehouse: Warehouse,
    person: str,
    *,
    people: ModelColumns | None = None,
    key: str = "person",
    project: Project | None = None,
) -> Story:
    """The story of the person with this key.

    `people` is the address book as built and `key` its key column; without it, only the state is asked. With `project`,
    the turns of journeys are told with their conditions.
    Raises WarehouseError when the warehouse is locked.
    """
    if not warehouse.path.exists():
        return Story(person, False, ())
    with warehouse.session() as connection:
        rows = connection.execute(queries.bind("story/moments"), {"person": person}).fetchall()
        walked = passages(connection, person, project)
        turns = merge(
            ((at, turn, (at, *rest)) for at, turn, *rest in rows),
            ((one.at, one.turn, plain(one)) for one in walked),
            key=itemgetter(0, 1),
        )
        moments = tuple(Moment(*values) for _at, _turn, values in turns)
        if moments:
            return Story(person, True, moments)
        book = _keys(connection, people, key)
        known = connection.execute(queries.bind("story/known", people=book), {"person": person}).fetchone()
        if known and known[0]:
            return Story(person, True, ())
        near = connection.execute(queries.bind("story/near", people=book), {"person": person, "count": NEAR}).fetchall()
    return Story(person, False, (), tuple(row[0] for row in near))


def _keys(connection: duckdb.DuckDBPyConnection, people: ModelColumns | None, key: str) -> exp.Query:
    """The keys of the address book, or of the state where there is none yet."""
    if people is not None:
        relation = queries.relation(people.relation)
        book = queries.select(
            relation, {"person": exp.cast(exp.column(key, quoted=True), "varchar", dialect=queries.DIALECT)}
        )
        try:
            connection.execute(book.limit(0).sql(queries.DIALECT))
        except duckdb.CatalogException:
            pass  # not built yet
        else:
            return book
    met = sqlglot.parse_one(queries.text("story/keys"), read=queries.DIALECT)
    assert isinstance(met, exp.Query)
    return met
