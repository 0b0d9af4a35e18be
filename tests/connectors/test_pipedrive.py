"""Pipedrive: each person is found before they are made, and each field written as its type wants it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
import yaml

from tidegate import registry
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET, Answer
from tidegate.sandbox.platforms.pipedrive import Pipedrive, key_of
from tidegate.testing import EmulatedWire, HttpWire, NetworkContract

from . import opening
from .conftest import ROOT
from .opening import verdicts

Kind = registry.load("pipedrive", ROOT)
PERSON = Target("object", "person")


class TestContract(NetworkContract):
    """Pipedrive publishes no description of version 2, and version 1, which there is one of, has ended."""

    kind = Kind
    emulation = Pipedrive
    secrets = (SECRET,)
    target = PERSON

    @pytest.fixture
    async def wire(self) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Pipedrive) as wire:
            # Whoever is not there is not asked to be deleted.
            address = self.row(0).identifiers["email"]
            wire.shelf.put("persons", "1000", {"name": address, "emails": [{"value": address, "primary": True}]})
            wire.shelf.put("_known", "1000", {"value": address})
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"api_token": SECRET, "base_url": wire.url}


def opened(wire: HttpWire, **settings: Any) -> AbstractAsyncContextManager[Connector]:
    return opening.opened(Kind, {"api_token": SECRET, "base_url": wire.url, **settings})


@pytest.fixture
async def pipedrive() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Pipedrive) as wire:
        yield wire


def person(who: str, **traits: Any) -> Row:
    return Row(who, {"email": f"{who}@example.com"}, traits)


def field(wire: EmulatedWire, name: str, kind: str, *options: str) -> None:
    labels = [{"id": 10 + place, "label": label} for place, label in enumerate(options)]
    code = key_of(name)
    wire.shelf.put("_fields", code, {"field_name": name, "field_code": code, "field_type": kind, "options": labels})


def methods(wire: HttpWire) -> list[str]:
    return [asked.method for asked in wire.asked if asked.method != "GET"]


async def test_a_person_is_made_once_and_changed_after(pipedrive: EmulatedWire) -> None:
    async with opened(pipedrive) as connector:
        [made] = await connector.upsert(PERSON, [person("ada", name="Ada", Tier="gold")])
        [changed] = await connector.upsert(PERSON, [person("ada", Tier=None)])
    assert made == changed
    assert methods(pipedrive) == ["POST", "PATCH"]
    assert pipedrive.shelf.get("persons", str(made.provider_id)) == {
        "name": "Ada",
        "email": "ada@example.com",
        "emails": [{"value": "ada@example.com", "primary": True, "label": "work"}],
        "custom_fields": {key_of("Tier"): None},
    }


async def test_the_token_is_in_a_header_and_never_in_an_url(pipedrive: EmulatedWire) -> None:
    async with opened(pipedrive) as connector:
        await connector.upsert(PERSON, [person("ada")])
    assert {asked.headers["x-api-token"] for asked in pipedrive.asked} == {SECRET}
    assert not [asked for asked in pipedrive.asked if SECRET in f"{asked.path} {asked.query}"]


async def test_fields_are_written_as_their_types_want_them(pipedrive: EmulatedWire) -> None:
    field(pipedrive, "Colour", "enum", "Red", "Blue")
    field(pipedrive, "Hobbies", "set", "Chess", "Mathematics")
    field(pipedrive, "Spend", "monetary")
    field(pipedrive, "Wake up", "time")
    traits = {
        "colour": "blue",
        "Hobbies": ["Mathematics", "chess"],
        "Spend": 12.5,
        "Wake up": "2026-03-01 09:30:00",
        "Last order": "2026-03-01 23:30:00-02",
        "Orders": 3,
        key_of("Tier"): 7,
        "marketing_status": "subscribed",
        "phone": "+442071234567",
    }
    async with opened(pipedrive, currency="EUR") as connector:
        assert verdicts(await connector.upsert(PERSON, [person("ada", **traits)])) == ["accepted"]
    body = pipedrive.asked[-1].json()
    assert body["custom_fields"] == {
        key_of("Colour"): 11,
        key_of("Hobbies"): [11, 10],
        key_of("Spend"): {"value": 12.5, "currency": "EUR"},
        key_of("Wake up"): {"value": "09:30:00"},
        key_of("Last order"): "2026-03-02",
        key_of("Orders"): 3,
        key_of("Tier"): "7",
    }
    assert body["marketing_status"] == "subscribed"
    assert body["phones"] == [{"value": "+442071234567", "primary": True, "label": "work"}]


async def test_the_sandboxs_account_has_the_fields_that_the_page_writes(pipedrive: EmulatedWire) -> None:
    blocks = (ROOT / "docs" / "connectors" / "pipedrive.md").read_text("utf-8").split("```yaml\n")[1:]
    [destination, audience] = [yaml.safe_load(block.partition("```")[0]) for block in blocks]
    number = destination["destinations"]["pipedrive"]["external_id_field"]
    [sync] = audience["sync"]
    values = {"name": "Ada", "Tier": "vip", "Lifetime value": 12.5}
    match = [name for name in Kind.identifiers if name in sync["match"]]
    row = Row("ada", {name: f"ada@{name}" for name in match}, {name: values[name] for name in sync["set"]})
    async with opened(pipedrive, external_id_field=number) as connector:
        [made] = await connector.upsert(PERSON, [row])
        assert made == (await connector.upsert(PERSON, [row]))[0]
    assert pipedrive.asked[-1].json()["custom_fields"] == {
        key_of(number): "ada@external_id",
        key_of("Tier"): "vip",
        key_of("Lifetime value"): 12.5,
    }
    # By values of their own the sandbox finds whom a record is about.
    for name, value in row.identifiers.items():
        assert [id for id, _ in pipedrive.shelf.find("persons", **{name: value})] == [made.provider_id]
    assert Pipedrive().held(pipedrive.shelf, PERSON) == {
        "ada@email": {"name": "Ada", "tier": "vip", "lifetime value": 12.5}
    }


async def test_what_the_account_has_no_field_or_option_for_is_rejected_without_a_call(pipedrive: EmulatedWire) -> None:
    field(pipedrive, "Colour", "enum", "Red")
    async with opened(pipedrive) as connector:
        rows = [person("ada", Teir="gold"), person("eve", Colour="mauve"), person("bob")]
        outcomes = await connector.upsert(PERSON, rows)
    assert [one.reason for one in outcomes] == ["unknown_field", "unknown_option", ""]
    assert methods(pipedrive) == ["POST"]


async def test_a_value_in_another_field_is_not_the_persons_id(pipedrive: EmulatedWire) -> None:
    stranger = Row("eve", {"external_id": "c-1"}, {"Tier": "x"})
    async with opened(pipedrive) as connector:
        await connector.upsert(PERSON, [person("ada", Tier="c-1")])
        await connector.upsert(PERSON, [stranger])
        await connector.upsert(PERSON, [stranger])
    assert methods(pipedrive) == ["POST", "POST", "PATCH"]
    assert len(pipedrive.shelf.all("persons")) == 2


async def test_a_new_address_goes_before_those_that_are_there(pipedrive: EmulatedWire) -> None:
    async with opened(pipedrive) as connector:
        for address in ("ada@example.com", "countess@example.com"):
            await connector.upsert(PERSON, [Row("ada", {"external_id": "c-1", "email": address})])
    [found] = pipedrive.shelf.all("persons").values()
    assert [(one["value"], one["primary"]) for one in found["emails"]] == [
        ("countess@example.com", True),
        ("ada@example.com", False),
    ]


async def test_an_address_that_is_set_takes_none_away_and_a_null_takes_them_all(pipedrive: EmulatedWire) -> None:
    number = [{"value": "+44 20 7123-4567", "primary": True, "label": "home"}]
    pipedrive.shelf.put("persons", "5", {"name": "Ada", "emails": [{"value": "ada@example.com"}], "phones": number})
    async with opened(pipedrive) as connector:
        await connector.upsert(PERSON, [person("ada", email="countess@example.com", phone="+442079460000")])
        held = pipedrive.shelf.get("persons", "5") or {}
        assert [one["value"] for one in held["emails"]] == ["countess@example.com", "ada@example.com"]
        assert [one["value"] for one in held["phones"]] == ["+442079460000", "+44 20 7123-4567"]
        await connector.upsert(PERSON, [person("ada", phone=None)])
    assert (pipedrive.shelf.get("persons", "5") or {})["phones"] == []


async def test_a_telephone_number_is_the_same_however_it_is_written(pipedrive: EmulatedWire) -> None:
    pipedrive.shelf.put("persons", "5", {"name": "Ada", "phones": [{"value": "+44 20 7123-4567", "primary": True}]})
    async with opened(pipedrive) as connector:
        row = Row("ada", {"phone": "442071234567"}, {"Tier": "gold"})
        assert await connector.upsert(PERSON, [row]) == [Outcome.accepted("5")]


async def test_of_several_persons_the_oldest_is_taken(pipedrive: EmulatedWire) -> None:
    for id in ("30", "9", "100"):
        pipedrive.shelf.put("persons", id, {"name": "Ada", "emails": [{"value": "Ada@example.com"}]})
    async with opened(pipedrive) as connector:
        assert await connector.upsert(PERSON, [person("ada")]) == [Outcome.accepted("9")]


async def test_one_that_the_search_still_knows_after_it_was_deleted_is_not_there() -> None:
    def platform(asked: Any) -> Answer:
        if asked.path.endswith("search"):
            return Answer(200, {"success": True, "data": {"items": [{"item": {"id": 7}}]}})
        if asked.method == "GET":
            return Answer(404, {"success": False, "error": "Person not found"})
        return Answer(201, {"success": True, "data": {"id": 8}})

    async with HttpWire(platform) as wire, opened(wire) as connector:
        assert await connector.upsert(PERSON, [person("ada")]) == [Outcome.accepted("8")]


async def test_a_person_who_may_have_been_made_is_tried_again_when_the_search_knows() -> None:
    def platform(asked: Any) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"success": True, "data": {"items": []}})
        return Answer(502, "<html>bad gateway</html>")

    async with HttpWire(platform) as wire, opened(wire) as connector:
        with pytest.raises(Retryable) as raised:
            await connector.upsert(PERSON, [person("ada")])
    assert (raised.value.reason, raised.value.after) == ("http_502", 60.0)


async def test_create_leaves_alone_and_update_makes_nobody(pipedrive: EmulatedWire) -> None:
    create, update = Target("object", "person", "create"), Target("object", "person", "update")
    async with opened(pipedrive) as connector:
        await connector.upsert(PERSON, [person("ada", Tier="old")])
        assert verdicts(await connector.upsert(create, [person("ada", Tier="new")])) == ["accepted"]
        assert [one.reason for one in await connector.upsert(update, [person("eve", Tier="new")])] == ["not_found"]
        assert verdicts(await connector.upsert(update, [person("ada", Tier=None)])) == ["accepted"]
    assert methods(pipedrive) == ["POST", "PATCH"]


async def test_there_are_persons_and_nothing_else(pipedrive: EmulatedWire) -> None:
    async with opened(pipedrive) as connector:
        for asked in (connector.upsert, connector.remove):
            assert [one.reason for one in await asked(Target("object", "deal"), [person("ada")])] == ["unknown_object"]


async def test_nobody_is_nobody(pipedrive: EmulatedWire) -> None:
    async with opened(pipedrive) as connector:
        assert [one.reason for one in await connector.upsert(PERSON, [Row("ada", {})])] == ["no_identifier"]
        assert verdicts(await connector.remove(PERSON, [Row("ada", {}), person("stranger")])) == ["accepted"] * 2


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "after"),
    [
        (Answer(429, {"error": "request over limit"}, {"x-ratelimit-reset": "2"}), Retryable, "throttled", 2.0),
        (Answer(429, {"error": "request over limit"}), Retryable, "throttled", None),
        (Answer(401, {"success": False, "error": "unauthorized access"}), Closed, "unauthorized", None),
        (Answer(402, {"success": False, "error": "Payment required"}), Closed, "account_suspended", None),
        (Answer(403, "<html>Access denied</html>"), Closed, "forbidden", None),
        (Answer(400, {"success": False, "error": "term is too short"}), Refused, "http_400", None),
        (Answer(503, "later"), Retryable, "unavailable", None),
        (Answer(200, {"success": True, "data": {}}), Retryable, "garbled", None),
        (Answer(200, ["?"]), Retryable, "garbled", None),
    ],
)
async def test_every_answer_means_one_thing(
    answer: Answer, kind: type[DestinationError], reason: str, after: float | None
) -> None:
    async with HttpWire(lambda asked: answer) as wire, opened(wire) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(PERSON, [person("ada")])
    assert (type(raised.value), raised.value.reason, raised.value.after) == (kind, reason, after)
