"""Keeps destination lists equal to segments: what is wanted less what was delivered is what is owed.

A list is wanted by its owners (audiences and journeys) together. Planning looks at fingerprints of the mapped source
values; only for people whose fingerprint differs are identifiers normalised and hashed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl
from sqlglot import exp

from tidegate import queries
from tidegate.connector import Connector, Identifier
from tidegate.decision.wanted import OwnedList, Wanted, scheme
from tidegate.errors import Problem, SpecError
from tidegate.identifiers import as_sent
from tidegate.spec.objects import ModelColumns, Project

_PAGE = 100_000


@dataclass(frozen=True, slots=True)
class ListCounts:
    add: int
    update: int
    remove: int
    unusable: int
    held: int


def plan(
    connection: duckdb.DuckDBPyConnection,
    owned: OwnedList,
    project: Project,
    models: Mapping[str, ModelColumns],
    connector: type[Connector],
    withdrawn: Collection[str] = (),
) -> ListCounts:
    """Fill `planned_rows` for one list; `withdrawn` as in `Wanted`. Raises SpecError where somebody is there twice."""
    wanted = Wanted(owned, project, models, connector, withdrawn)
    parameters: dict[str, object] = {**owned.parameters}
    made = connection.execute(queries.text("lists/known"), parameters).fetchone()
    everything = made is not None and made[2] != wanted.scheme
    if made is not None and made[3] == "create" and owned.sync.write != "create":
        connection.execute(queries.text("lists/distrust"), parameters)
    keys = wanted.keys()
    connection.execute(queries.text("lists/doubtful_people"), {**parameters, "by_person": connector.keyed_by_person})
    connection.execute(queries.bind("lists/moves", desired=keys), {**parameters, "everything": everything})
    connection.execute(queries.bind("lists/doubts", desired=keys), parameters)
    repeated = connection.execute(queries.text("lists/repeated"), parameters).fetchall()
    if repeated:
        named = ", ".join(person for (person,) in repeated)
        text = f"{project.people} has several rows for {named}"
        raise SpecError(Problem(owned.files[0], owned.sync.line, "sync", text))
    for frame in _pages(connection, owned, wanted.rows()):
        _plan_upserts(connection, owned, wanted, frame)
    _plan_removals(connection, owned, project, models[project.people])
    row = connection.execute(queries.text("lists/counts"), parameters).fetchone()
    assert row is not None
    return ListCounts(*row)


def apply(
    connection: duckdb.DuckDBPyConnection,
    owned: OwnedList,
    connector: type[Connector],
    *,
    as_of: datetime,
    run_id: str,
) -> None:
    """What `plan` found becomes what is owed; rows that need no call are settled here."""
    parameters: dict[str, object] = {**owned.parameters}
    connection.execute(queries.text("lists/refresh"), parameters)
    removes = owned.sync.on_leave == "remove"
    owing = {**parameters, "as_of": as_of, "run_id": run_id, "removes": removes}
    connection.execute(queries.text("lists/owed_before"), parameters)
    connection.execute(queries.text("lists/clear_owed"), parameters)
    connection.execute(queries.text("lists/owe"), owing)
    connection.execute(queries.text("lists/let_go"), parameters)
    made = {
        "mode": owned.sync.mode,
        "keyed_by": connector.keyed_by(),
        "scheme": scheme(owned),
        "write": owned.sync.write,
        "on_delete": owned.sync.on_delete,
    }
    if connection.execute(queries.text("lists/known"), parameters).fetchone() != tuple(made.values()):
        known = connection.execute(queries.text("lists/forget"), parameters).fetchone()
        more = {"run_id": run_id, "platform_id": known[0] if known else None}
        connection.execute(queries.text("lists/remember"), {**parameters, **made, **more})


def hold(connection: duckdb.DuckDBPyConnection, owned: OwnedList) -> None:
    """Nothing of a blocked list is sent."""
    connection.execute(queries.text("lists/hold"), owned.parameters)


def _pages(connection: duckdb.DuckDBPyConnection, owned: OwnedList, rows: exp.Select) -> Iterator[pl.DataFrame]:
    """The source rows of those who are added or updated, in frames of a bounded size."""
    connection.execute(queries.bind("lists/source_rows", desired=rows), owned.parameters)
    first = 1
    while True:
        page = {"first": first, "last": first + _PAGE - 1}
        frame = connection.sql(queries.text("lists/source_page"), params=page).pl()
        if frame.is_empty():
            return
        yield frame
        first += _PAGE


def _plan_upserts(connection: duckdb.DuckDBPyConnection, owned: OwnedList, wanted: Wanted, frame: pl.DataFrame) -> None:
    # How a telephone number is read: by the country that is matched by, else by the person's.
    of_person = "phone" in wanted.identifiers and "country" not in wanted.identifiers
    raw = frame.select(
        *[pl.col(f"match.{name}").alias(name) for name in wanted.identifiers],
        *([pl.col("country")] if of_person else []),
    )
    sent = as_sent(raw, wanted.identifiers)
    traits = [name for name in wanted.fields if name.startswith("set.")]
    ready = frame.select("person", "operation", "fingerprint", "doubtful", *traits).with_columns(
        sent[name].alias(f"match.{name}") for name in wanted.identifiers
    )
    connection.register("normalised", ready)
    try:
        rows = queries.select(
            exp.to_table("normalised"),
            {
                **{name: exp.column(name) for name in ("person", "operation", "fingerprint", "doubtful")},
                "identifiers": _filled(
                    {name: _hash_or_text(f"match.{name}", rule) for name, rule in wanted.identifiers.items()}
                ),
                "traits": _traits(
                    traits,
                    nulls=owned.sync.overwrite_with_null,
                    emptied=wanted.identifiers if wanted.empties_identifiers else (),
                ),
            },
        )
        how = {"creates": owned.sync.write == "create", "nulls": owned.sync.overwrite_with_null}
        connection.execute(queries.bind("lists/plan_upserts", as_sent=rows), {**owned.parameters, **how})
    finally:
        connection.unregister("normalised")


def _object(columns: Mapping[str, str]) -> exp.Expr:
    """A JSON object of columns, by the keys they get."""
    return exp.JSONObject(
        expressions=[
            exp.JSONKeyValue(this=exp.Literal.string(key), expression=exp.column(column, quoted=True))
            for key, column in columns.items()
        ]
    )


def _traits(names: Sequence[str], *, nulls: bool, emptied: Collection[str] = ()) -> exp.Expr:
    """A JSON object as text; without `nulls` a field that is null is not in it, so that it overwrites nothing.
    With them, each of the identifiers `emptied` that is null is in it as one more field."""
    if nulls:
        values = exp.cast(_object({name.removeprefix("set."): name for name in names}), "varchar")
        missing = [name for name in emptied if f"set.{name}" not in names]
        return _before(values, missing, comma=bool(names)) if missing else values
    return _filled({name.removeprefix("set."): _written(exp.column(name, quoted=True)) for name in names})


def _before(values: exp.Expr, missing: Sequence[str], *, comma: bool) -> exp.Expr:
    """The JSON object `values`, as text, with null for each of these identifiers that is null put first."""
    told: list[exp.Expr] = [
        exp.Case().when(
            exp.Is(this=exp.column(f"match.{name}", quoted=True), expression=exp.null()),
            exp.Literal.string(f"{json.dumps(name)}:null{',' if comma else ''}"),
        )
        for name in missing
    ]
    between = exp.Literal.string("" if comma else ",")
    together = exp.Anonymous(this="concat_ws", expressions=[between, *told])
    rest = exp.Anonymous(this="substr", expressions=[values, exp.Literal.number(2)])
    return exp.DPipe(this=exp.DPipe(this=exp.Literal.string("{"), expression=together), expression=rest)


def _filled(members: Mapping[str, exp.Expr]) -> exp.Expr:
    """A JSON object as text, of values written as JSON; those that are null are not in it."""
    inside: exp.Expr = exp.Literal.string("")
    if members:
        keys = {key: exp.Literal.string(f"{json.dumps(key, ensure_ascii=False)}:") for key in members}
        # A fraction of the time of `json_object`. NULL where the value is; concat_ws leaves it out.
        pairs = [exp.DPipe(this=keys[key], expression=value) for key, value in members.items()]
        inside = exp.Anonymous(this="concat_ws", expressions=[exp.Literal.string(","), *pairs])
    return exp.DPipe(
        this=exp.DPipe(this=exp.Literal.string("{"), expression=inside), expression=exp.Literal.string("}")
    )


def _written(value: exp.Expr) -> exp.Expr:
    """As JSON; NULL where it is null."""
    return exp.cast(exp.Anonymous(this="to_json", expressions=[value]), "varchar")


def _hash_or_text(name: str, rule: Identifier) -> exp.Expr:
    """An identifier as JSON. A hash is hexadecimal digits, of which none has to be escaped."""
    value = exp.column(name, quoted=True)
    if rule.hash is None:
        return _written(value)
    quote = exp.Literal.string('"')
    return exp.DPipe(this=exp.DPipe(this=quote, expression=value), expression=quote.copy())


def _plan_removals(
    connection: duckdb.DuckDBPyConnection, owned: OwnedList, project: Project, people: ModelColumns
) -> None:
    on_leave = owned.sync.on_leave
    values = [
        exp.JSONKeyValue(this=exp.Literal.string(name), expression=value.copy())
        for name, value in sorted(owned.sync.on_leave_set.items())
    ]
    leaver = exp.alias_(exp.to_table("moves"), "entry", table=True)
    farewell = with_person_text(
        queries.select(
            leaver,
            {
                "person": exp.column("person", table="entry"),
                "traits": exp.cast(exp.JSONObject(expressions=values), "varchar"),
            },
        ),
        people,
        project.key,
    ).where(
        exp.column("destination", table="entry").eq(exp.Literal.string(owned.destination)),
        exp.column("list", table="entry").eq(exp.Literal.string(owned.name)),
        exp.true() if on_leave == "set" else exp.false(),
    )
    leave = {"remove": "remove", "keep": "keep", "set": "leave"}[on_leave]
    connection.execute(
        queries.bind("lists/plan_removals", farewell=farewell),
        {**owned.parameters, "mode": owned.sync.mode, "leave": leave},
    )


def with_person_text(query: exp.Select, people: ModelColumns, key: str) -> exp.Select:
    """The query with the people model joined as `person`, where `entry` has the key as text already."""
    person = exp.alias_(queries.relation(people.relation), "person", table=True)
    same = exp.column("person", table="entry").eq(exp.cast(exp.column(key, table="person", quoted=True), "varchar"))
    return query.join(person, on=same, join_type="left")
