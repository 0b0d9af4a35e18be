"""One person's story: what happened, in order, and why not where something did not. No addresses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb
import sqlglot
from sqlglot import exp

from tidegate import queries
from tidegate.spec.objects import ModelColumns
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
]

NEAR = 5


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened, at a time of the run's clock (UTC), or of who reported it.

    `source` is the audience, or the list where `what` is about one, or the channel and topic of a consent. `reason` is
    the cause of entering and leaving, the disposition of an occurrence, the link that was clicked, or why not.
    `until` is when it is looked at again; `times` how often it befell.
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


def story(warehouse: Warehouse, person: str, *, people: ModelColumns | None = None, key: str = "person") -> Story:
    """The story of the person with this key.

    `people` is the address book as built and `key` its key column; without it, only the state is asked.
    Raises WarehouseError when the warehouse is locked.
    """
    if not warehouse.path.exists():
        return Story(person, False, ())
    with warehouse.session() as connection:
        rows = connection.execute(queries.bind("story/moments"), {"person": person}).fetchall()
        moments = tuple(Moment(at, *rest) for at, _turn, *rest in rows)
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
