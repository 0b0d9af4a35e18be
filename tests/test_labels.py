"""Whose an address is, in the platform's own words for it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.decision.world import World, welcome
from tidegate.labels import labels
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse

PEOPLE = {"customer_id": "VARCHAR", "email": "VARCHAR", "web_push_subscription": "VARCHAR"}


@pytest.mark.parametrize(
    ("channel", "address", "label"),
    [
        ("email", "ada@example.com", "ada@example.com"),
        ("web_push", json.dumps({"endpoint": "https://push.example.net/1", "keys": {}}), "https://push.example.net/1"),
        ("web_push", "no subscription", None),
    ],
)
def test_whoever_is_written_to_is_labelled_by_what_the_platform_sees(
    tmp_path: Path, channel: str, address: str, label: str | None
) -> None:
    world = World(Warehouse(tmp_path / "shop.duckdb"))
    world.audience(welcome())
    world.decide()
    world.in_segment("vips", "ada")
    world.decide()
    facts = world.facts()
    facts = replace(facts, models={**facts.models, "people": ModelColumns("people", '"main"."people"', PEOPLE)})
    with world.warehouse.session() as connection:
        connection.execute("update tidegate.outbox set channel = $channel", {"channel": channel})
        connection.execute("drop table people")
        connection.execute(
            "create table people as select 'ada' as customer_id, $address as email, $address as web_push_subscription",
            {"address": address},
        )

        found = labels(connection, facts)

    assert [pair for pair in found if pair[0]] == ([(label, "ada")] if label else [])


def test_a_first_name_says_not_whose_a_row_is(tmp_path: Path) -> None:
    world = World(Warehouse(tmp_path / "shop.duckdb"))
    world.audience(welcome())
    world.decide()
    given = {"email": "ada@example.com", "first_name": "Ada", "country": "6959097001d10501ac7d54c0bdb8db61"}
    with world.warehouse.session() as connection:
        connection.execute(
            "insert into tidegate.owed (destination, list, person, operation, identity, identifiers, traits, state, "
            "in_doubt, attempts, next_try, run_id) "
            "values ('meta_ads', 'VIP', 'ada', 'add', '1', $given, '{}', 'due', false, 0, $now, 'run')",
            {"given": json.dumps(given), "now": world.as_of},
        )

        found = labels(connection, world.facts())

    assert [pair for pair in found if pair[0]] == [("ada@example.com", "ada")]
