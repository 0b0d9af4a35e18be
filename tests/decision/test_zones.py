"""Where people live, asked by everything that goes by their clocks."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from sqlglot import exp

from tests.decision.world import World
from tidegate import queries
from tidegate.decision import zones


@pytest.fixture
def asking(world: World) -> Iterator[duckdb.DuckDBPyConnection]:
    """Ada says where she lives; Grace has a telephone in Tokyo; of Mary nothing is known."""
    world.person("ada", time_zone="america/new_york", phone="+818012345678")
    world.person("grace", time_zone="Tokyo", phone="+81 80 1234 5678")
    world.person("mary", time_zone=" ", phone=None)
    with world.warehouse.session() as connection:
        world.build(connection)
        for statement in queries.statements("decide/working_tables"):
            connection.execute(statement)
        yield connection


def ask(world: World, connection: duckdb.DuckDBPyConnection, *people: str) -> dict[str, str]:
    asked = exp.values([(exp.convert(person),) for person in people], alias="asked", columns=["person"])
    facts = world.facts()
    zones.find(connection, facts.project, facts.people, exp.select("person").from_(asked))
    found = connection.execute("select person, zone from living").fetchall()
    assert len(found) == len(dict(found))
    return dict(found)


def test_people_live_where_they_say_else_where_their_telephone_does_else_where_the_project_does(
    world: World, asking: duckdb.DuckDBPyConnection
) -> None:
    assert ask(world, asking, "ada", "grace", "mary", "nobody") == {
        "ada": "America/New_York",
        "grace": "Asia/Tokyo",
        "mary": "Europe/London",
        "nobody": "Europe/London",
    }


def test_whoever_is_asked_about_again_is_known_already(world: World, asking: duckdb.DuckDBPyConnection) -> None:
    ask(world, asking, "ada", "ada")

    assert set(ask(world, asking, "ada", "grace", "ada")) == {"ada", "grace"}


def test_a_zone_that_there_is_not_is_told_however_often_it_is_asked_for(
    world: World, asking: duckdb.DuckDBPyConnection
) -> None:
    project = world.project
    ask(world, asking, "ada", "mary")
    assert zones.notes(asking, project) == ()
    ask(world, asking, "grace")
    ask(world, asking, "grace", "mary")

    (note,) = zones.notes(asking, project)

    assert "no time zone is called `Tokyo` (1 person;" in note
