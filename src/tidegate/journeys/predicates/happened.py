"""What people did: the events model, with what journeys emitted beside it.

Only events are looked at that some journey asks for. What happened seldom is copied once, with the columns that are
asked about, so that a tick which asks ten times does not pass by all events ten times; what happened often is read
where it lies. A view is copied in any case: it may answer differently each time.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlglot import exp

from tidegate import queries
from tidegate.decision.pinned import is_view
from tidegate.decision.stays import person_of
from tidegate.journeys.predicates import remembered
from tidegate.journeys.predicates.demand import Demand, columns_of, demand
from tidegate.journeys.walk import Walk
from tidegate.spec.binding import column_type
from tidegate.spec.calls import Call
from tidegate.spec.predicates import EVENTS

SELDOM = 2_000_000
"""So many events are copied from a table at the most, all names together: some 200 MB of memory."""


def happened(walk: Walk, call: Call, *, after: datetime | None) -> exp.Select:
    """(person, occurred_at, and what `call.where` names of the event) of what a call of did() asks about.

    `after`: what happened until then counts for nobody, so that it need not be read. The event's own columns are named
    as by `own`; conditions on them are the caller's.
    """
    columns = columns_of(call)
    found = _named(exp.select("*").from_(_source(walk, call.about).subquery("source")), {call.about})
    found = found.select("person", "occurred_at", *(exp.column(own(name)) for name in columns), append=False)
    if after is not None:
        moment = exp.cast(exp.Literal.string(after.isoformat()), "timestamptz")
        found = found.where(exp.GT(this=exp.column("occurred_at"), expression=moment))
    if not was_emitted(walk, call.about):
        return found
    return exp.select("*").from_(found.union(_emitted(walk, call, columns), distinct=False).subquery("either"))


def was_emitted(walk: Walk, name: str) -> bool:
    """Whether journeys emitted an event of this name, before or in this run."""
    emitted = walk.facts.noticed.emitted
    if name not in emitted:
        row = walk.connection.execute(queries.text("journeys/predicates/was_emitted"), {"name": name}).fetchone()
        emitted[name] = row is None or bool(row[0])
    return emitted[name]


def own(name: str) -> exp.Identifier:
    """How a column of the events model is called here: it could be a `person` too."""
    return exp.to_identifier(f"event.{name}", quoted=True)


def _source(walk: Walk, name: str) -> exp.Select:
    """(name, person, occurred_at, own columns) in which at least all events of a name are."""
    asked = demand(walk)
    written = walk.facts.models[EVENTS].relation
    events = _events(walk, queries.relation(written), asked)
    if is_view(walk.connection, written, walk.facts.noticed.views):
        return _copy(walk, events, asked, asked.names)
    seldom = _seldom(walk, events, asked)
    return _copy(walk, events, asked, seldom) if name in seldom else events


def _events(walk: Walk, relation: exp.Table, asked: Demand) -> exp.Select:
    def column(name: str) -> exp.Expr:
        return exp.column(name, table="source", quoted=True)

    known = [name for name in asked.columns if name in walk.facts.models[EVENTS].columns]
    return exp.select(
        exp.alias_(column("name"), "name"),
        exp.alias_(person_of(walk.facts.project.key, "source"), "person"),
        exp.alias_(exp.cast(column("occurred_at"), "timestamptz"), "occurred_at"),
        *(exp.alias_(column(name), own(name)) for name in known),
    ).from_(exp.alias_(relation, "source", table=True))


def _copy(walk: Walk, events: exp.Select, asked: Demand, names: Collection[str]) -> exp.Select:
    what = "\n".join(("events", *sorted(names), "", *asked.columns))
    return exp.select("*").from_(remembered.once(walk, what, _named(events, names, "source")))


def _seldom(walk: Walk, events: exp.Select, asked: Demand) -> tuple[str, ...]:
    """The names that may be copied."""
    known = walk.facts.noticed.seldom
    if asked.names not in known:
        known[asked.names] = _counted(walk, events, asked)
    return known[asked.names]


def _counted(walk: Walk, events: exp.Select, asked: Demand) -> tuple[str, ...]:
    names = _named(events.select("name", append=False), asked.names, "source")
    query = queries.tree("journeys/predicates/named_events", happened=names)
    counted = remembered.once(walk, "\n".join(("counts", *asked.names)), query)
    rows = walk.connection.execute(queries.bind("journeys/predicates/counted", counted=counted)).fetchall()
    times, found = 0, []
    never = set(asked.names) - {name for name, _ in rows}
    for name, count in rows:
        times += count
        if times <= SELDOM:
            found.append(name)
    return (*sorted(never), *found)


def _named(query: exp.Select, names: Collection[str], table: str = "") -> exp.Select:
    literals = [exp.Literal.string(name) for name in sorted(names)]
    name = exp.column("name", table=table or None, quoted=bool(table))
    return query.where(exp.In(this=name, expressions=literals) if len(literals) != 1 else name.eq(literals[0]))


def _emitted(walk: Walk, call: Call, columns: Collection[str]) -> exp.Select:
    """The same of what journeys emitted: what the events model has beside is null."""
    kinds = walk.facts.models[EVENTS].columns
    values = {
        walk.facts.project.key: exp.column("person"),
        **{name: exp.column(name) for name in ("event_id", "name", "occurred_at", "properties")},
    }
    query = queries.tree("journeys/predicates/emitted")
    for placeholder in list(query.find_all(exp.Placeholder)):
        placeholder.replace(_bound(walk, call, placeholder.name))
    owned = [
        exp.alias_(_as_written(name, values.get(name, exp.null()), column_type(kinds[name])), own(name))
        for name in columns
    ]
    return exp.select("person", "occurred_at", *owned).from_(exp.Subquery(this=query, alias="emitted"))


def _bound(walk: Walk, call: Call, name: str) -> exp.Expr:
    if name == "as_of":
        return exp.cast(exp.Literal.string(walk.as_of.isoformat()), "timestamptz")
    return exp.Literal.string({"journey": walk.journey.name, "name": call.about}[name])


def _as_written(name: str, value: exp.Expr, kind: exp.DataType | None) -> exp.Expr:
    """An emitted event's value as the type that the model has for it."""
    if kind is None:
        return value
    if name == "properties" and not kind.is_type("varchar"):
        value = exp.cast(value, exp.DataType.build("json", dialect=queries.DIALECT))
    return exp.TryCast(this=value, to=kind)
