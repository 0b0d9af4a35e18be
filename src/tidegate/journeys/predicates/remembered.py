"""Temporary tables of one decision: what does not depend on who is asked is worked out once.

They are known by a table of their own, so that a decision that is rolled back, or made again with another clock,
finds nothing of what was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.walk import Walk

Parameters = Mapping[str, object]


def begin(walk: Walk) -> None:
    """Let go of what an earlier decision of the session left behind."""
    if walk.facts.noticed.begun:
        return
    walk.connection.execute(queries.text("journeys/predicates/remembered"))
    decision = {"run_id": walk.run_id, "as_of": walk.as_of}
    for (name,) in walk.connection.execute(queries.text("journeys/predicates/outdated"), decision).fetchall():
        drop = exp.Drop(tables=[_table(name)], kind="TABLE", exists=True)
        walk.connection.execute(drop.sql(queries.DIALECT))
        walk.connection.execute(queries.text("journeys/predicates/forget"), {"name": name})
    walk.facts.noticed.begun = True


def once(walk: Walk, what: str, query: exp.Expr, parameters: Parameters | None = None) -> exp.Table:
    """The table of `query`, made when it is asked for first. `what` says which, for the whole decision."""
    name = _name(what)
    if name not in walk.facts.noticed.tables and not _is_there(walk, name):
        _make(walk, name, query, parameters)
    walk.facts.noticed.tables.add(name)
    return _table(name)


def anew(walk: Walk, what: str, query: exp.Expr, parameters: Parameters | None = None) -> exp.Table:
    """The table of `query` as things are now, in the place of the last one of this name."""
    name = _name(what)
    _make(walk, name, query, parameters)
    return _table(name)


def _is_there(walk: Walk, name: str) -> bool:
    is_remembered = queries.text("journeys/predicates/is_remembered")
    return walk.connection.execute(is_remembered, {"name": name}).fetchone() is not None


def _make(walk: Walk, name: str, query: exp.Expr, parameters: Parameters | None) -> None:
    create = exp.Create(
        this=_table(name),
        kind="TABLE",
        replace=True,
        properties=exp.Properties(expressions=[exp.TemporaryProperty()]),
        expression=query,
    )
    walk.connection.execute(create.sql(queries.DIALECT), dict(parameters) if parameters else None)
    if name not in walk.facts.noticed.tables:
        made = {"name": name, "run_id": walk.run_id, "as_of": walk.as_of}
        walk.connection.execute(queries.text("journeys/predicates/remember"), made)
        walk.facts.noticed.tables.add(name)


def _name(what: str) -> str:
    return f"predicate_{hashlib.sha256(what.encode()).hexdigest()[:20]}"


def _table(name: str) -> exp.Table:
    return exp.Table(this=exp.to_identifier(name))
