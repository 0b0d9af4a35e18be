"""Who is wanted on a destination list: the owners' segments, and whom journeys put there, together, as queries."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

import duckdb
from sqlglot import exp

from tidegate import queries
from tidegate.connector import Connector, Identifier
from tidegate.decision.occurrences import with_person
from tidegate.decision.owned import OwnedList, owned_lists, personal
from tidegate.decision.stays import entries, person_of
from tidegate.spec.objects import Audience, ModelColumns, Project, Sync

__all__ = ["OwnedList", "Wanted", "fields", "owned_lists", "scheme", "withdrawals"]


def scheme(owned: OwnedList) -> str:
    """How the fingerprints of a list are made: the engine's hash of these fields, in this order."""
    return f"duckdb {duckdb.__version__} hash({', '.join([*fields(owned), *_besides(owned)])})"


def _besides(owned: OwnedList) -> list[str]:
    """What counts beside the values: where nulls begin to empty fields, whoever has one is told again."""
    return ["nulls"] if owned.sync.overwrite_with_null else []


def fields(owned: OwnedList) -> list[str]:
    match = sorted({*owned.matched, *(name for _, sync in owned.owners for name in sync.match)})
    traits = sorted({name for _, sync in owned.owners for name in sync.set})
    return [*(f"match.{name}" for name in match), *(f"set.{name}" for name in traits)]


def withdrawals(connection: duckdb.DuckDBPyConnection, as_of: datetime) -> frozenset[str]:
    """The channels that people have withdrawn their consent to, by records; makes the table that `Wanted` asks."""
    connection.execute(queries.text("lists/withdrawals"), {"as_of": as_of})
    found = connection.execute(queries.text("lists/withdrawn_channels")).fetchall()
    return frozenset(channel for (channel,) in found)


class Wanted:
    """Who is to be on a list, as queries over the owners' segments. `withdrawn` is what `withdrawals` found."""

    def __init__(
        self,
        owned: OwnedList,
        project: Project,
        models: Mapping[str, ModelColumns],
        connector: type[Connector],
        withdrawn: Collection[str] = (),
    ) -> None:
        self._owned = owned
        self._project = project
        self._models = models
        self._people = models[project.people]
        settings = project.destinations[owned.destination].settings
        self._channel = connector.channel_of(settings)
        self._consent = project.consent.get(self._channel)
        self._asks_records = self._channel in withdrawn
        self.fields = fields(owned)
        #: in the platform's order of preference, which the stored JSON keeps: the first decides who a row is
        self.identifiers: Mapping[str, Identifier] = {
            name: rule for name, rule in connector.identifiers.items() if f"match.{name}" in self.fields
        }
        #: whether who has lost one of them is to lose it there too
        self.empties_identifiers = connector.keeps_identifiers and owned.sync.overwrite_with_null
        self.scheme = scheme(owned)

    def keys(self) -> exp.Select:
        """(person, fingerprint)"""
        counts = [*self.fields, "country"] if self._needs_country else self.fields
        values: list[exp.Expr] = [exp.column(name, quoted=True) for name in counts]
        values += [exp.Literal.string(one) for one in _besides(self._owned)]
        fingerprint = exp.Anonymous(this="hash", expressions=values)
        return queries.select(
            self._everyone(country=self._needs_country).subquery("everyone"),
            {"person": exp.column("person"), "fingerprint": fingerprint},
        )

    @property
    def _needs_country(self) -> bool:
        """Whether a telephone number means what it means only together with the person's country."""
        return "country" in self._people.columns and "phone" in self.identifiers

    def rows(self) -> exp.Select:
        """(person, one column a field, country)"""
        return self._everyone(country=True)

    def _everyone(self, country: bool = False) -> exp.Select:
        parts = [self._of(audience, sync, rank, country) for rank, (audience, sync) in enumerate(self._owned.owners)]
        if self._owned.walkers:
            parts.append(self._of_journeys(country))
        if len(parts) == 1:
            return parts[0]
        # Each field as the first owner has it who has a value for it: what one owner does not know, another fills.
        columns: dict[str, exp.Expr] = {"person": exp.column("person")}
        columns |= {name: self._first(name) for name in self.fields}
        if country:
            columns["country"] = exp.AnyValue(this=exp.column("country"))
        together = exp.union(*parts, distinct=False).subquery("owned")
        return queries.select(together, columns).group_by(exp.column("person"))

    def _first(self, name: str) -> exp.Expr:
        kind, _, field = name.partition(".")
        said = [sync.match if kind == "match" else sync.set for _, sync in self._owned.owners]
        if self._owned.walkers:
            said.append(self._owned.matched if kind == "match" else self._set_of_journeys())
        ranks = [rank for rank, one in enumerate(said) if field in one]
        values: list[exp.Expr] = [
            exp.AnyValue(
                this=exp.Case().when(
                    exp.column("owner_rank").eq(exp.Literal.number(rank)), exp.column(name, quoted=True)
                )
            )
            for rank in ranks
        ]
        return values[0] if len(values) == 1 else exp.func("coalesce", *values)

    def _of(self, audience: Audience, sync: Sync, rank: int, country: bool) -> exp.Select:
        columns = self._columns(sync.match, sync.set, rank, country)
        query = entries(self._models[audience.model], self._project.key, **columns)
        conditions = self._conditions(person_of(self._project.key))
        needs = [*columns.values(), *conditions]
        if any(column.table == "person" for value in needs for column in value.find_all(exp.Column)):
            query = with_person(query, self._people, self._project.key)
        return query.where(*conditions)

    def _of_journeys(self, country: bool) -> exp.Select:
        """Whom journeys put there, as far as they are still among the people."""
        key = person_of(self._project.key, "person")
        walker = exp.column("person", table="walker")
        columns = self._columns(self._owned.matched, self._set_of_journeys(), len(self._owned.owners), country)
        person = exp.alias_(queries.relation(self._people.relation), "person", table=True)
        source = exp.Subquery(
            this=queries.tree("lists/walkers"), alias=exp.TableAlias(this=exp.to_identifier("walker"))
        )
        query = queries.select(source, {"person": walker, **columns})
        return query.join(person, on=walker.copy().eq(key), join_type="inner").where(*self._conditions(key.copy()))

    def _set_of_journeys(self) -> Mapping[str, exp.Expr]:
        """What an audience sets of everybody on the list, as far as that is a matter of the person."""
        said: dict[str, exp.Expr] = {}
        for _, sync in self._owned.owners:
            said = {**{name: tree for name, tree in sync.set.items() if personal(tree)}, **said}
        return said

    def _columns(
        self, match: Mapping[str, exp.Expr], set_: Mapping[str, exp.Expr], rank: int, country: bool
    ) -> dict[str, exp.Expr]:
        columns: dict[str, exp.Expr] = {}
        for name in self.fields:
            kind, _, field = name.partition(".")
            value = (match if kind == "match" else set_).get(field)
            value = value.copy() if value is not None else exp.null()
            columns[name] = exp.cast(value, "varchar") if kind == "match" else value
        if len(self._owned.owners) + self._owned.walkers > 1:
            columns["owner_rank"] = exp.Literal.number(rank)
        if country:
            of_person = exp.cast(exp.column("country", table="person", quoted=True), "varchar")
            columns["country"] = of_person if self._needs_country else exp.null()
        return columns

    def _conditions(self, person: exp.Expr) -> list[exp.Expr]:
        conditions = [self._consent.copy()] if self._consent is not None else []
        if self._asks_records:
            conditions.append(exp.Not(this=self._withdrawn(person)))
        return conditions

    def _withdrawn(self, person: exp.Expr) -> exp.Expr:
        """Whether the person withdrew their consent, later than the condition's columns say what they say."""
        record = exp.select("1").from_("list_withdrawals")
        record = record.where(
            exp.column("channel", table="list_withdrawals").eq(exp.Literal.string(self._channel)),
            exp.column("person", table="list_withdrawals").eq(person),
        )
        since = self._project.consent_since.get(self._channel)
        if since is not None:
            dated = exp.cast(since.copy(), "timestamptz")
            withdrawn_at = exp.column("withdrawn_at", table="list_withdrawals")
            record = record.where(
                exp.or_(exp.Is(this=dated, expression=exp.null()), exp.GT(this=withdrawn_at, expression=dated.copy()))
            )
        return exp.Exists(this=record)
