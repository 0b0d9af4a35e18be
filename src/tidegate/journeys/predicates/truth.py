"""Whom a predicate holds for, and what a value is: each function is a join of its own, what is around it stays SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from tidegate.journeys.predicates import fates, people, remembered
from tidegate.journeys.predicates.asking import HERE, Asking
from tidegate.journeys.predicates.did import did
from tidegate.journeys.walk import Walk
from tidegate.spec.calls import FATES, TEXTS, Call, is_call, read


@dataclass(frozen=True, slots=True)
class Found:
    """What a call found: `relation` has whom it holds for, by `by` (`instance` or `person`), a text also `value`."""

    relation: exp.Expr
    by: str
    text: bool = False

    @property
    def mine(self) -> exp.Expr:
        return exp.column(self.by, table=HERE)

    @property
    def holds(self) -> exp.Expr:
        """True or false of a row of `here`, never null."""
        return exp.In(this=self.mine, query=exp.select(self.by).from_(self.relation.copy()).subquery())


def first_true(walk: Walk, trees: Sequence[exp.Expr], table: str = HERE) -> exp.Select:
    """(instance, way) of the rows of `table`, which has the columns of `here`, for which a tree is true: `way` is the
    index of the first that is. NULL is false. Trees are as `tidegate.spec.predicates.qualify` leaves them."""
    asking = Asking(walk, table)
    if not trees or not asking.extent.people:
        return _nobody()
    remembered.begin(walk)
    return _first_true(asking, trees)


def value(walk: Walk, tree: exp.Expr, table: str = HERE) -> exp.Select:
    """(instance, value) of every row of `table`: SQL over `person` and `entry`, and the functions of predicates."""
    asking = Asking(walk, table)
    remembered.begin(walk)
    found = _cheap(asking, [tree])
    everybody = exp.select("*").from_(asking.relation())
    found |= _dear(asking, [tree], everybody)
    query = exp.select(
        exp.alias_(exp.column("instance", table=HERE), "instance"), exp.alias_(_put(asking, tree, found), "value")
    )
    return _joined(asking, query.from_(asking.relation()), [tree], found)


def _nobody() -> exp.Select:
    columns = {"instance": "bigint", "way": "integer"}
    nulls = [exp.alias_(exp.cast(exp.null(), kind), name) for name, kind in columns.items()]
    return exp.select(*nulls).where(exp.false())


def _first_true(asking: Asking, trees: Sequence[exp.Expr]) -> exp.Select:
    found = _cheap(asking, trees)
    supported = _supported(trees, found)
    base = exp.select("*").from_(asking.relation())
    if supported:
        # Nobody else can be in what comes out: the rest is worked out for these alone.
        base = base.where(exp.or_(*[found[key].holds for key in sorted(supported)]))
    found |= _dear(asking, trees, base)
    conditions = [_put(asking, tree, found) for tree in trees]
    instance = exp.alias_(exp.column("instance", table=HERE), "instance")
    query = exp.select(instance).from_(base.subquery(HERE))
    query = _joined(asking, query, trees, found)
    if len(trees) == 1:
        query = query.select(exp.alias_(exp.Literal.number(0), "way"))
        return query if is_call(trees[0]) and supported else query.where(*conditions)
    way = exp.Case()
    for number, condition in enumerate(conditions):
        way = way.when(condition, exp.Literal.number(number))
    query = query.select(exp.alias_(way, "way"))
    some = exp.column("way", table="ways").is_(exp.null()).not_()
    return exp.select("instance", "way").from_(query.subquery("ways")).where(some)


def _key(node: exp.Expr) -> str:
    return node.sql("duckdb")


def _calls(trees: Sequence[exp.Expr]) -> dict[str, Call]:
    return {_key(node): read(node)[0] for tree in trees for node in tree.walk() if is_call(node)}


def _cheap(asking: Asking, trees: Sequence[exp.Expr]) -> dict[str, Found]:
    """What all calls find but those that ask the gate."""
    found = {}
    for key, call in _calls(trees).items():
        what = asking.what(key)
        if call.name == "did":
            found[key] = Found(did(asking, call, what), "instance")
        elif call.name in FATES:
            found[key] = Found(fates.met(asking, call, what), "instance")
        elif call.name == "answer":
            found[key] = Found(fates.answer(asking, call, what), "instance", text=True)
        elif call.name == "in_segment":
            found[key] = Found(asking.members(call.about).subquery("members"), "person")
        elif call.name in ("has_tag", "trait"):
            found[key] = Found(people.worn(asking, call, what), "person", text=call.name in TEXTS)
    return found


def _dear(asking: Asking, trees: Sequence[exp.Expr], base: exp.Select) -> dict[str, Found]:
    """What the gate says, which hashes addresses: only of those for whom the answer can matter."""
    found = {}
    for key, call in _calls(trees).items():
        if call.name in ("reachable", "consented"):
            asked = exp.select("person").from_(base.subquery(HERE))
            found[key] = Found(people.permitted(asking, call, asking.what(key), asked), "person")
    return found


def _supported(trees: Sequence[exp.Expr], found: Mapping[str, Found]) -> frozenset[str]:
    """Calls of which at least one holds wherever a tree is true; none where nothing can be said."""
    parts = [_support(tree, found) for tree in trees]
    return frozenset() if None in parts else frozenset().union(*[part for part in parts if part is not None])


def _support(tree: exp.Expr, found: Mapping[str, Found]) -> frozenset[str] | None:
    match tree:
        case exp.Paren():
            return _support(tree.this, found)
        case exp.And() | exp.Or():
            left, right = _support(tree.left, found), _support(tree.right, found)
            if isinstance(tree, exp.Or):
                return left | right if left is not None and right is not None else None
            return min((one for one in (left, right) if one is not None), key=len, default=None)
        case exp.Anonymous() if is_call(tree):
            key = _key(tree)
            return frozenset({key}) if key in found and not found[key].text else None
        case _:
            return None


def _put(asking: Asking, tree: exp.Expr, found: Mapping[str, Found]) -> exp.Expr:
    """The tree over `here` and `person`, with what its calls found in their place."""
    order = list(found)

    def put(node: exp.Expr) -> exp.Expr:
        if not is_call(node):
            return asking.entered(node)
        one = found[_key(node)]
        return exp.column("value", table=_alias(order.index(_key(node)))) if one.text else one.holds

    return tree.transform(put)


def _joined(asking: Asking, query: exp.Select, trees: Sequence[exp.Expr], found: Mapping[str, Found]) -> exp.Select:
    """The query with the people model, and with the texts, as far as the trees use them."""
    needed = exp.Tuple(expressions=[_put(asking, tree, found) for tree in trees])
    query = asking.with_people(query, person=exp.column("person", table=HERE), needed=needed)
    for number, one in enumerate(found.values()):
        if one.text:
            alias = _alias(number)
            same = one.mine.eq(exp.column(one.by, table=alias))
            query = query.join(exp.alias_(one.relation.copy(), alias, table=True), on=same, join_type="left")
    return query


def _alias(number: int) -> str:
    return f"text_{number}"
