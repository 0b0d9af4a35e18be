"""Where people live, as a time zone: whatever happens by somebody's own clock asks here.

The column `time_zone` of the people model, in capitals or not, where there is a zone of this name; else where the
telephone number is from; else where the project is. Zones have IANA's names (`Europe/London`), so that the
warehouse's functions know their clock changes.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa
from sqlglot import exp

from tidegate import queries
from tidegate.decision import dialling
from tidegate.decision.stays import person_of
from tidegate.spec.objects import ModelColumns, Project


def find(connection: duckdb.DuckDBPyConnection, project: Project, people: ModelColumns, asked: exp.Expr) -> None:
    """Put into `living` (person, zone) everybody of `asked`, a table or query with `person`, who is not there yet.

    Every one of them has a zone afterwards, once; `asked` may name them repeatedly, and people who are in no model.
    """
    connection.execute(queries.bind("zones/living", asked=asked, books=_books(project, people)))
    ((without_zone, with_phone),) = connection.execute(queries.text("zones/homeless")).fetchall()
    if with_phone:
        _dial(connection, project)
    if without_zone:
        connection.execute(queries.text("zones/at_home"), {"zone": project.time_zone})


def notes(connection: duckdb.DuckDBPyConnection, project: Project) -> tuple[str, ...]:
    """A sentence where people who were asked about have a time zone that there is not."""
    ((count, names),) = connection.execute(queries.text("zones/misnamed")).fetchall()
    return (_misnamed(count, names, project.people),) if count else ()


def _books(project: Project, people: ModelColumns) -> exp.Select:
    """(person, time_zone, phone) from the people model."""

    def text(name: str) -> exp.Expr:
        column: exp.Expr = exp.column(name, table="person", quoted=True) if name in people.columns else exp.null()
        return exp.cast(column, "varchar")

    columns = {"person": person_of(project.key, "person"), "time_zone": text("time_zone"), "phone": text("phone")}
    return queries.select(exp.alias_(queries.relation(people.relation), "person", table=True), columns)


def _dial(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    ((known,),) = connection.execute(queries.text("zones/dialled")).fetchall()
    if not known:
        zones = dialling.zones(project.time_zone)
        connection.register("given", pa.table({"prefix": list(zones), "zone": list(zones.values())}))
        connection.execute(queries.text("zones/add_dialled"))
        connection.unregister("given")
    connection.execute(queries.text("zones/by_phone"))


def _misnamed(count: int, names: list[str], people: str) -> str:
    """
    >>> _misnamed(2, ["London"], "people")
    'time_zone of people: no time zone is called `London` (2 people; write one such as `Europe/London`); they are taken to live where their telephone number is from, else where the project is'
    """  # noqa: E501
    who = "1 person" if count == 1 else f"{count:,} people"
    called = ", ".join(f"`{name}`" for name in names)
    return (
        f"time_zone of {people}: no time zone is called {called} ({who}; write one such as `Europe/London`); they are "
        "taken to live where their telephone number is from, else where the project is"
    )
