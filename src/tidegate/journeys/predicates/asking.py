"""Who is asked: a table with the columns of `here`, and how the rows of `entry` and `person` come to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from sqlglot import exp

from tidegate import queries
from tidegate.decision.pinned import is_view
from tidegate.decision.stays import person_of
from tidegate.journeys.predicates import remembered
from tidegate.journeys.walk import Walk
from tidegate.spec.binding import column_type

HERE = "here"


@dataclass(frozen=True, slots=True)
class Extent:
    """How many are asked; the earliest moments of theirs, None where nobody is."""

    people: int
    entered_at: datetime | None
    since: datetime | None
    asked_at: datetime | None


@dataclass(frozen=True)
class Asking:
    """`rows` says where they are: a table's name, or of a part of them."""

    walk: Walk
    table: str

    @cached_property
    def extent(self) -> Extent:
        query = queries.bind("journeys/predicates/extent", here=exp.to_table(self.table))
        row = self.walk.connection.execute(query).fetchone()
        assert row is not None
        return Extent(*row)

    @cached_property
    def entry(self) -> dict[str, str]:
        from tidegate.spec.journey_columns import entry_columns

        facts = self.walk.facts
        return dict(entry_columns(self.walk.journey, facts.project, facts.models))

    def what(self, *words: object) -> str:
        """A name for what is worked out for these people."""
        return "\n".join(map(str, (self.table, self.walk.journey.name, self.walk.version, *words)))

    def relation(self, alias: str = HERE) -> exp.Expr:
        return exp.alias_(exp.to_table(self.table), alias, table=True)

    def select(self, **columns: exp.Expr) -> exp.Select:
        """Those asked, as `here`."""
        return queries.select(self.relation(), columns)

    def entered(self, node: exp.Expr, alias: str = HERE) -> exp.Expr:
        """The value in the place of a column of `entry`; any other node as it is."""
        if isinstance(node, exp.Column) and node.table == "entry":
            return self._entry_value(node.name, alias)
        return node

    def with_people(self, query: exp.Select, *, person: exp.Expr, needed: exp.Expr) -> exp.Select:
        """The query with the people model joined as `person`, where `needed` has columns of it."""
        if not uses(needed, "person"):
            return query
        key = self.walk.facts.project.key
        people = exp.alias_(self._model(self.walk.facts.project.people), "person", table=True)
        return query.join(people, on=exp.EQ(this=person, expression=person_of(key, "person")), join_type="left")

    def members(self, segment: str) -> exp.Select:
        """(person) of a segment as it is now."""
        key = self.walk.facts.project.key
        source = exp.alias_(self._model(segment), "member", table=True)
        known = exp.column(key, table="member", quoted=True).is_(exp.null()).not_()
        return queries.select(source, {"person": person_of(key, "member")}).where(known)

    def _entry_value(self, name: str, alias: str) -> exp.Expr:
        """A column of `entry`, out of the JSON object that it is kept in; null where it is no such value."""
        context = exp.column("context", table=alias)
        kind = column_type(self.entry.get(name, "VARCHAR"))
        path = exp.Literal.string('$."' + name.replace('"', r"\"") + '"')
        if kind is not None and kind.is_type(*exp.DataType.NESTED_TYPES, "json"):
            return exp.TryCast(this=exp.Anonymous(this="json_extract", expressions=[context, path]), to=kind)
        text = exp.Anonymous(this="json_extract_string", expressions=[context, path])
        return text if kind is None or kind.is_type("varchar") else exp.TryCast(this=text, to=kind)

    def _model(self, name: str) -> exp.Table:
        """A model's relation; a view is looked at once, since it may answer differently each time."""
        written = self.walk.facts.models[name].relation
        relation = queries.relation(written)
        if is_view(self.walk.connection, written, self.walk.facts.noticed.views):
            return remembered.once(self.walk, f"model\n{name}", exp.select("*").from_(relation))
        return relation


def uses(tree: exp.Expr, *tables: str) -> bool:
    return any(column.table in tables for column in tree.find_all(exp.Column))
