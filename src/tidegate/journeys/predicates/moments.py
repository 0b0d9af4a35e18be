"""When a predicate first held: for waits, where of several outcomes the earliest wins."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from tidegate.journeys.predicates import fates, remembered
from tidegate.journeys.predicates.asking import HERE, Asking
from tidegate.journeys.predicates.did import first_did
from tidegate.journeys.predicates.truth import first_true
from tidegate.journeys.walk import Walk
from tidegate.spec.calls import FATES, is_call, read


def moments(walk: Walk, trees: Sequence[exp.Expr], table: str = HERE) -> exp.Select:
    """(instance, way, happened_at) of the rows of `table` for which a tree came true by their `at`: the tree of the
    earliest moment, of several at the same one the first.

    Of what people do, and did with a message, the moment is known, and so it is of several such with `and` or `or`
    between them. Of anything else it is the run's clock, so that it counts for those alone whose `at` is that.
    """
    asking = Asking(walk, table)
    columns = {"instance": "bigint", "way": "integer", "happened_at": "timestamptz"}
    if not trees or not asking.extent.people:
        nulls = [exp.alias_(exp.cast(exp.null(), kind), name) for name, kind in columns.items()]
        return exp.select(*nulls).where(exp.false())
    remembered.begin(walk)
    ways = []
    for number, tree in enumerate(trees):
        way = exp.alias_(exp.Literal.number(number), "way")
        ways.append(exp.select("instance", way, "happened_at").from_(_moments(asking, tree).subquery("moments")))
    if len(ways) == 1:
        return ways[0]
    first = exp.Window(
        this=exp.RowNumber(),
        partition_by=[exp.column("instance")],
        order=exp.Order(expressions=[exp.Ordered(this=exp.column(one)) for one in ("happened_at", "way")]),
    )
    ordered = exp.select("*", exp.alias_(first, "place")).from_(_all(ways).subquery("ways"))
    return exp.select(*columns).from_(ordered.subquery("ordered")).where(exp.column("place").eq(1))


def _moments(asking: Asking, tree: exp.Expr) -> exp.Select:
    """(instance, happened_at), one row for an instance."""
    known = _known(asking, tree)
    return known if known is not None else _now(asking, tree)


def _known(asking: Asking, tree: exp.Expr) -> exp.Select | None:
    """The same of a tree whose moment is in what happened; None for any other."""
    match tree:
        case exp.Paren():
            return _known(asking, tree.this)
        case exp.Anonymous() if is_call(tree):
            return _of_call(asking, tree)
        case exp.Or():
            return _either(asking, tree)
        case exp.And():
            return _both(asking, tree)
        case _:
            return None


def _of_call(asking: Asking, node: exp.Expr) -> exp.Select | None:
    call = read(node)[0]
    what = asking.what("first", node.sql("duckdb"))
    if call.name == "did":
        return exp.select("*").from_(first_did(asking, call, what))
    if call.name in FATES:
        return exp.select("*").from_(fates.first_met(asking, call, what))
    return None


def _either(asking: Asking, tree: exp.Or) -> exp.Select | None:
    parts = list(tree.flatten())
    if not any(_is_known(part) for part in parts):
        return None
    every = _all([_moments(asking, part) for part in parts]).subquery("parts")
    earliest = exp.alias_(exp.Min(this=exp.column("happened_at")), "happened_at")
    return exp.select("instance", earliest).from_(every).group_by("instance")


def _both(asking: Asking, tree: exp.And) -> exp.Select | None:
    """Both are true from the later moment on, unless the earlier ceases to be meanwhile: then nothing is known."""
    parts = list(tree.flatten())
    known = [part for part in parts if _is_known(part)]
    if not known or (len(known) > 1 and not all(_lasts(part) for part in known)):
        return None
    every = _all([_moments(asking, part) for part in known]).subquery("parts")
    latest = exp.alias_(exp.Max(this=exp.column("happened_at")), "happened_at")
    found = exp.select("instance", latest).from_(every).group_by("instance")
    found = found.having(exp.Count(this=exp.Star()).eq(len(known)))
    others = [part for part in parts if not _is_known(part)]
    if not others:
        return found
    # What is beside is true now or it is not; it is asked only of those who did their part.
    table = remembered.anew(asking.walk, asking.what("both", tree.sql("duckdb")), found)
    candidates = exp.select("*").from_(asking.relation()).where(_among(exp.column("instance", table=HERE), table))
    narrowed = remembered.anew(asking.walk, asking.what("narrowed", tree.sql("duckdb")), candidates)
    true = first_true(asking.walk, [exp.and_(*others)], narrowed.name)
    return exp.select("*").from_(table.copy()).where(_among(exp.column("instance"), true.subquery("true")))


def _among(instance: exp.Expr, relation: exp.Expr) -> exp.Expr:
    return exp.In(this=instance, query=exp.select("instance").from_(relation.copy()).subquery())


def _is_known(tree: exp.Expr) -> bool:
    match tree:
        case exp.Paren():
            return _is_known(tree.this)
        case exp.Or():
            return any(_is_known(part) for part in tree.flatten())
        case exp.And():
            known = [part for part in tree.flatten() if _is_known(part)]
            return len(known) == 1 or (len(known) > 1 and all(_lasts(part) for part in known))
        case exp.Anonymous() if is_call(tree):
            return read(tree)[0].name in ("did", *FATES)
        case _:
            return False


def _lasts(tree: exp.Expr) -> bool:
    """Whether what came true stays so: what happened within a time ceases to."""
    return not any(is_call(node) and read(node)[0].within is not None for node in tree.walk())


def _now(asking: Asking, tree: exp.Expr) -> exp.Select:
    clock = exp.cast(exp.Literal.string(asking.walk.as_of.isoformat()), "timestamptz")
    late = exp.column("at", table=HERE) < clock
    present = exp.select("*").from_(asking.relation()).where(late.not_())
    table = remembered.anew(asking.walk, asking.what("now", tree.sql("duckdb")), present)
    true = first_true(asking.walk, [tree], table.name)
    return exp.select("instance", exp.alias_(clock.copy(), "happened_at")).from_(true.subquery("true"))


def _all(parts: Sequence[exp.Select]) -> exp.Query:
    return exp.union(*parts, distinct=False) if len(parts) > 1 else parts[0]
