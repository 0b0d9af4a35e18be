"""did(): a join of those who are asked with what happened, each within a window of their own."""

from __future__ import annotations

from datetime import datetime

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.predicates import remembered
from tidegate.journeys.predicates.asking import HERE, Asking, uses
from tidegate.journeys.predicates.happened import happened, own
from tidegate.spec.calls import Call


def did(asking: Asking, call: Call, what: str) -> exp.Table:
    """(instance) of those for whom it is true at `at`."""
    after = _after(call, "at")
    happenings = _restricted(call, happened(asking.walk, call, after=_earliest(asking, call, "asked_at")))
    asked = asking.select(**_columns("instance", "person"), after=after, until=_column("at"))
    query = queries.tree("journeys/predicates/did", asked=asked, happened=happenings)
    if call.at_least == 1 and not _personal(call):
        return remembered.anew(asking.walk, what, query)
    pairs = _pairs(asking, call, what, after, happenings)
    often = queries.tree("journeys/predicates/often", pairs=pairs)
    return remembered.anew(asking.walk, what, often, {"at_least": call.at_least})


def first_did(asking: Asking, call: Call, what: str) -> exp.Table:
    """(instance, happened_at): the first moment from `since` up to `at` at which it was true."""
    after = _after(call, "since")
    happenings = _restricted(call, happened(asking.walk, call, after=_earliest(asking, call, "since")))
    pairs = _pairs(asking, call, what, after, happenings)
    if call.at_least == 1:
        return remembered.anew(asking.walk, what, queries.tree("journeys/predicates/first", pairs=pairs))
    query = queries.tree("journeys/predicates/first_often", pairs=pairs)
    return remembered.anew(asking.walk, what, query, {"others": call.at_least - 1, "width": call.within})


def _after(call: Call, moment: str) -> exp.Expr:
    """From when on it counts, that moment left out, for somebody who is asked at a `moment` of theirs."""
    if call.within is not None:
        return exp.Sub(this=_column(moment), expression=_interval(call))
    if call.since == "ever":
        return exp.cast(exp.Literal.string("-infinity"), "timestamptz")
    return _column("entered_at" if call.since == "entry" else "since")


def _earliest(asking: Asking, call: Call, moment: str) -> datetime | None:
    extent = asking.extent
    if call.within is not None:
        first = extent.asked_at if moment == "asked_at" else extent.since
        return first - call.within if first is not None else None
    if call.since == "ever":
        return None
    return extent.entered_at if call.since == "entry" else extent.since


def _interval(call: Call) -> exp.Expr:
    assert call.within is not None
    micros = round(call.within.total_seconds() * 1_000_000)
    return exp.Interval(this=exp.Literal.string(str(micros)), unit=exp.Var(this="MICROSECONDS"))


def _restricted(call: Call, query: exp.Select) -> exp.Select:
    """The events of which `where` is true, as far as it speaks of nothing but them."""
    if call.where is None or _personal(call):
        return query
    return exp.select("*").from_(query.subquery("event")).where(_of_event(call.where))


def _personal(call: Call) -> bool:
    return call.where is not None and uses(call.where, "entry", "person")


def _of_event(tree: exp.Expr) -> exp.Expr:
    def put(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table == "event":
            return exp.column(own(node.name), table="event")
        return node

    return tree.transform(put)


def _pairs(asking: Asking, call: Call, what: str, after: exp.Expr, happenings: exp.Select) -> exp.Select:
    asked = asking.select(**_columns("instance", "person", "since"), after=after, until=_column("at"))
    if call.where is None or not _personal(call):
        pairs = queries.tree("journeys/predicates/pairs", asked=asked, happened=happenings)
        assert isinstance(pairs, exp.Select)
        return pairs
    # What stands in `entry` is read out of JSON: only for those who did something in their window at all.
    near = queries.tree("journeys/predicates/did", asked=asked.copy(), happened=happenings.copy())
    ones = remembered.anew(asking.walk, f"{what}\nnear", near)
    asked = asked.select(exp.alias_(_column("context"), "context"))
    asked = asked.where(exp.In(this=_column("instance"), query=exp.select("instance").from_(ones).subquery()))
    pairs = queries.tree("journeys/predicates/pairs", asked=asked, happened=happenings)
    assert isinstance(pairs, exp.Select)
    pairs = asking.with_people(pairs, person=exp.column("person", table="asked"), needed=call.where)
    return pairs.where(_of_event(call.where).transform(lambda node: asking.entered(node, "asked")))


def _columns(*names: str) -> dict[str, exp.Expr]:
    return {name: _column(name) for name in names}


def _column(name: str) -> exp.Expr:
    return exp.column(name, table=HERE)
