"""HubSpot: contacts as the segment says they are, static lists equal to it, and each record judged by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET, Answer, Asked
from tidegate.sandbox.platforms.hubspot import HubSpot
from tidegate.testing import EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description

from . import opening
from .conftest import ROOT
from .opening import verdicts

Kind = registry.load("hubspot", ROOT)
VIPS, CONTACT = Target("list", "VIP customers"), Target("object", "contact")


class TestLists(NetworkContract):
    kind = Kind
    emulation = HubSpot
    description = "hubspot.json"
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(HubSpot, watch=described.watch) as wire:
            wire.shelf.new_list("900", "VIP customers", processingType="MANUAL")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"access_token": SECRET, "create_missing": True, "base_url": wire.url}


class TestObjects(TestLists):
    target = CONTACT

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        app = {"client_id": "app", "client_secret": SECRET, "refresh_token": "rt-0b1c2d3e4f"}
        return {**app, "base_url": wire.url, "token_url": f"{wire.url}/oauth/token"}


def opened(wire: HttpWire, **settings: Any) -> AbstractAsyncContextManager[Connector]:
    given = {"access_token": SECRET, "base_url": wire.url, **settings}
    return opening.opened(Kind, given)


@pytest.fixture
async def hubspot() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(HubSpot) as wire:
        yield wire


def person(name: str, **traits: Any) -> Row:
    return Row(name, {"email": f"{name}@example.com"}, traits)


def numbered(name: str, **traits: Any) -> Row:
    return Row(name, {"external_id": f"c-{name}"}, traits)


async def answered(answer: Answer | Callable[[Asked], Answer], *rows: Row, target: Target = CONTACT) -> list[Outcome]:
    platform = answer if callable(answer) else lambda asked: answer
    async with HttpWire(platform) as wire, opened(wire) as connector:
        return await connector.upsert(target, rows or [numbered("ada")])


def said(status: int, category: str, message: str = "no", **more: Any) -> Answer:
    return Answer(status, {"status": "error", "category": category, "message": message, **more})


def result(trace: str, id: str = "1", **properties: str) -> dict[str, Any]:
    return {"id": id, "objectWriteTraceId": trace, "properties": properties, "new": True}


def error(category: str, message: str = "no", **context: list[str]) -> dict[str, Any]:
    return {"status": "error", "category": category, "message": message, "context": context, "errors": [], "links": {}}


async def test_values_are_written_in_the_form_that_hubspot_reads(hubspot: EmulatedWire) -> None:
    traits = {
        "tier": "vip",
        "orders": 3,
        "spend": 1e20,
        "score": 12.5,
        "is_vip": True,
        "colours": ["red", "blue"],
        "birthday": "1997-02-16",
        "last_order_at": "2026-03-01 09:30:00.5+01",
        "first_order_at": "2026-03-01 09:30:00",
        "empty": None,
    }
    async with opened(hubspot) as connector:
        [outcome] = await connector.upsert(CONTACT, [numbered("ada", **traits)])
    assert outcome.verdict == "accepted"
    assert hubspot.asked[-1].json()["inputs"] == [
        {
            "id": "c-ada",
            "idProperty": "external_id",
            "objectWriteTraceId": "0",
            "properties": {
                "tier": "vip",
                "orders": "3",
                "spend": "100000000000000000000",
                "score": "12.5",
                "is_vip": "true",
                "colours": "red;blue",
                "birthday": "1997-02-16",
                "last_order_at": "2026-03-01T08:30:00.500Z",
                "first_order_at": "2026-03-01T09:30:00.000Z",
                "empty": "",
            },
        }
    ]


async def test_an_emptied_trait_empties_the_field_and_one_that_is_not_given_stays(hubspot: EmulatedWire) -> None:
    async with opened(hubspot) as connector:
        await connector.upsert(CONTACT, [person("ada", tier="vip", city="Paris")])
        await connector.upsert(CONTACT, [person("ada", tier=None)])
    assert HubSpot().held(hubspot.shelf, CONTACT) == {"ada@example.com": {"city": "Paris"}}


async def test_people_can_be_known_by_a_property_of_ones_own(hubspot: EmulatedWire) -> None:
    row = Row("ada", {"external_id": "c-1", "email": "ada@example.com"}, {"tier": "vip"})
    async with opened(hubspot, unique_property="customer_id") as connector:
        await connector.upsert(CONTACT, [row])
    [contact] = hubspot.shelf.all("contacts").values()
    assert contact == {"customer_id": "c-1", "email": "ada@example.com", "tier": "vip"}


async def test_a_changed_address_of_somebody_known_by_their_id_stays_one_contact(hubspot: EmulatedWire) -> None:
    async with opened(hubspot) as connector:
        for address in ("ada@example.com", "countess@example.com"):
            await connector.upsert(CONTACT, [Row("ada", {"external_id": "c-1", "email": address})])
    assert [one["email"] for one in hubspot.shelf.all("contacts").values()] == ["countess@example.com"]


async def test_one_bad_record_is_rejected_alone_and_the_others_are_written(hubspot: EmulatedWire) -> None:
    hubspot.order(kind="refuse", match="bob@example.com", reason="Email address bob@example.com is invalid")
    async with opened(hubspot) as connector:
        outcomes = await connector.upsert(CONTACT, [person("ada"), person("bob"), person("eve")])
    assert verdicts(outcomes) == ["accepted", "rejected", "accepted"]
    assert outcomes[1].reason == "validation_error"
    assert "bob" not in outcomes[1].detail
    assert set(HubSpot().held(hubspot.shelf, CONTACT)) == {"ada@example.com", "eve@example.com"}


async def test_two_people_with_one_address_are_never_in_one_call(hubspot: EmulatedWire) -> None:
    twin = Row("twin", {"email": "Ada@example.com"}, {"tier": "b"})
    async with opened(hubspot) as connector:
        outcomes = await connector.upsert(CONTACT, [person("ada", tier="a"), twin, person("eve")])
    assert verdicts(outcomes) == ["accepted"] * 3
    assert [(asked.path.rpartition("/")[2], len(asked.json()["inputs"])) for asked in hubspot.asked] == [
        ("read", 2),
        ("create", 2),
        ("read", 1),
        ("update", 1),
    ]
    assert sorted(one["tier"] for one in hubspot.shelf.all("contacts").values() if "tier" in one) == ["b"]


async def test_create_leaves_alone_whoever_is_there(hubspot: EmulatedWire, description: Any) -> None:
    checker = description("hubspot.json")
    async with opened(hubspot) as connector:
        await connector.upsert(CONTACT, [person("ada", tier="old")])
        target = Target("object", "contact", "create")
        rows = [person("ada", tier="new"), person("eve", tier="new")]
        assert verdicts(await connector.upsert(target, rows)) == ["accepted"] * 2
    for asked in hubspot.asked:
        checker(asked)
    assert {one["email"]: one["tier"] for one in hubspot.shelf.all("contacts").values()} == {
        "ada@example.com": "old",
        "eve@example.com": "new",
    }


async def test_somebody_who_came_to_be_meanwhile_is_left_alone_too() -> None:
    def platform(asked: Asked) -> Answer:
        return Answer(200, {"results": []}) if asked.path.endswith("read") else said(409, "CONFLICT", "exists already")

    assert verdicts(await answered(platform, target=Target("object", "contact", "create"))) == ["accepted"]


async def test_what_is_not_set_stays_where_people_are_known_by_their_address(
    hubspot: EmulatedWire, description: Any
) -> None:
    checker = description("hubspot.json")
    async with opened(hubspot) as connector:
        await connector.upsert(CONTACT, [person("ada", tier="vip", city="Paris")])
        rows = [person("ada", tier="gold"), person("eve", tier="new")]
        assert verdicts(await connector.upsert(CONTACT, rows)) == ["accepted"] * 2
    for asked in hubspot.asked:
        checker(asked)
    held = {"ada@example.com": {"tier": "gold", "city": "Paris"}, "eve@example.com": {"tier": "new"}}
    assert HubSpot().held(hubspot.shelf, CONTACT) == held


async def test_somebody_whom_the_look_up_does_not_find_is_changed_all_the_same() -> None:
    asked_for: list[tuple[str, Any]] = []

    def platform(asked: Asked) -> Answer:
        asked_for.append((asked.path.rpartition("/")[2], asked.json()["inputs"][0].get("id")))
        if asked.path.endswith("read"):
            return Answer(200, {"results": []})
        if asked.path.endswith("create"):
            exists = error("CONFLICT", "Contact already exists. Existing ID: 512", objectWriteTraceId=["0"])
            return Answer(207, {"results": [], "errors": [exists]})
        return Answer(200, {"results": [{"id": "512", "properties": {"email": "countess@example.com"}}]})

    assert await answered(platform, person("ada", tier="vip")) == [Outcome.accepted("512")]
    assert asked_for == [("read", "ada@example.com"), ("create", None), ("update", "512")]


async def test_update_says_who_is_not_there(hubspot: EmulatedWire, description: Any) -> None:
    checker = description("hubspot.json")
    async with opened(hubspot) as connector:
        await connector.upsert(CONTACT, [person("ada", tier="old")])
        target = Target("object", "contact", "update")
        outcomes = await connector.upsert(target, [person("ada", tier="new"), person("eve")])
    for asked in hubspot.asked:
        checker(asked)
    assert [(one.verdict, one.reason) for one in outcomes] == [("accepted", ""), ("rejected", "not_found")]
    assert [one["tier"] for one in hubspot.shelf.all("contacts").values()] == ["new"]


async def test_removal_archives_the_contact_and_nobody_else(hubspot: EmulatedWire) -> None:
    async with opened(hubspot) as connector:
        await connector.upsert(CONTACT, [person("ada"), person("eve")])
        assert verdicts(await connector.remove(CONTACT, [person("ada"), person("stranger")])) == ["accepted"] * 2
    assert [one["email"] for one in hubspot.shelf.all("contacts").values()] == ["eve@example.com"]


async def test_companies_are_objects_too(hubspot: EmulatedWire) -> None:
    async with opened(hubspot, unique_property="account_no") as connector:
        await connector.upsert(Target("object", "company"), [Row("acme", {"external_id": "7"}, {"tier": "gold"})])
    assert list(hubspot.shelf.all("companies").values()) == [{"account_no": "7", "tier": "gold"}]


async def test_a_property_that_does_not_exist_costs_one_call_and_not_one_for_each_row(hubspot: EmulatedWire) -> None:
    rows = [numbered("ada", NoSuch="x"), numbered("eve", tier="vip"), numbered("bob", NoSuch=None)]
    async with opened(hubspot) as connector:
        outcomes = await connector.upsert(CONTACT, rows)
    assert verdicts(outcomes) == ["rejected", "accepted", "rejected"]
    assert outcomes[0].reason == "unknown_property"
    assert "NoSuch" in outcomes[0].detail
    assert len(hubspot.asked) == 2


async def test_the_property_is_found_in_hubspots_sentence_too() -> None:
    words = r'Property values were not valid: [{"message":"Property \"tier\" does not exist","name":"tier"}]'
    [outcome] = await answered(said(400, "VALIDATION_ERROR", words), numbered("ada", tier="vip"))
    assert (outcome.verdict, outcome.reason) == ("rejected", "unknown_property")


async def test_a_list_is_created_once_and_holds_those_who_are_contacts(hubspot: EmulatedWire) -> None:
    async with opened(hubspot) as connector:
        await connector.upsert(CONTACT, [person("ada"), person("eve")])
    for _ in range(2):
        async with opened(hubspot) as connector:
            outcomes = await connector.upsert(VIPS, [person("ada"), person("stranger"), Row("nobody", {})])
            assert [one.reason for one in outcomes] == ["", "not_found", "no_identifier"]
    assert list(hubspot.shelf.lists().values()) == ["VIP customers"]
    assert HubSpot().held(hubspot.shelf, VIPS) == {"ada@example.com": {}}
    assert len(hubspot.shelf.all("contacts")) == 2


async def test_whoever_is_put_on_a_list_becomes_a_contact_where_that_is_wanted(hubspot: EmulatedWire) -> None:
    async with opened(hubspot, create_missing=True) as connector:
        assert verdicts(await connector.upsert(VIPS, [person("ada"), person("eve")])) == ["accepted"] * 2
        assert verdicts(await connector.remove(VIPS, [person("ada")])) == ["accepted"]
    assert HubSpot().held(hubspot.shelf, VIPS) == {"eve@example.com": {}}
    assert len(hubspot.shelf.all("contacts")) == 2


async def test_a_name_with_a_slash_is_one_name(hubspot: EmulatedWire) -> None:
    async with opened(hubspot, create_missing=True) as connector:
        await connector.upsert(Target("list", "A/B & ü?"), [person("ada")])
    async with opened(hubspot) as connector:
        await connector.remove(Target("list", "A/B & ü?"), [person("ada")])
    assert list(hubspot.shelf.lists().values()) == ["A/B & ü?"]


async def test_taking_people_off_a_list_that_does_not_exist_is_done_already(hubspot: EmulatedWire) -> None:
    async with opened(hubspot) as connector:
        assert verdicts(await connector.remove(VIPS, [person("ada")])) == ["accepted"]
    assert hubspot.shelf.lists() == {}


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call(hubspot: EmulatedWire) -> None:
    async with opened(hubspot, create_missing=True) as connector:
        await connector.upsert(VIPS, [person("ada")])
        hubspot.shelf.drop_list(next(iter(hubspot.shelf.lists())))
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [person("ada")])
        await connector.upsert(VIPS, [person("ada")])
    assert HubSpot().held(hubspot.shelf, VIPS) == {"ada@example.com": {}}


async def test_an_active_list_is_hubspots_own(hubspot: EmulatedWire) -> None:
    hubspot.shelf.new_list("7", "VIP customers", processingType="DYNAMIC")
    async with opened(hubspot) as connector:
        assert [one.reason for one in await connector.upsert(VIPS, [person("ada")])] == ["active_list"]
        assert [one.reason for one in await connector.remove(VIPS, [person("ada")])] == ["active_list"]


async def test_a_contact_is_found_by_an_address_that_is_not_its_first() -> None:
    def platform(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"list": {"listId": "5", "processingType": "MANUAL"}})
        if asked.path.endswith("read"):
            known = {"email": "countess@example.com", "hs_additional_emails": "lady@example.com;ada@example.com"}
            return Answer(200, {"results": [{"id": "77", "properties": known}]})
        return Answer(200, {"recordsIdsAdded": asked.json(), "recordIdsRemoved": [], "recordIdsMissing": []})

    [outcome] = await answered(platform, person("ada"), target=VIPS)
    assert outcome == Outcome.accepted("77")


async def test_a_record_that_went_away_under_way_is_tried_again() -> None:
    def platform(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"list": {"listId": "5", "processingType": "MANUAL"}})
        if asked.path.endswith("read"):
            return Answer(200, {"results": [{"id": "77", "properties": {"email": "ada@example.com"}}]})
        return Answer(200, {"recordsIdsAdded": [], "recordIdsRemoved": [], "recordIdsMissing": ["77"]})

    [outcome] = await answered(platform, person("ada"), target=VIPS)
    assert (outcome.verdict, outcome.reason) == ("retry", "contact_gone")


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ([error("VALIDATION_ERROR", objectWriteTraceId=["1"])], [("accepted", ""), ("rejected", "validation_error")]),
        ([error("VALIDATION_ERROR", ids=["c-eve"])], [("accepted", ""), ("rejected", "validation_error")]),
        ([error("RATE_LIMITS", objectWriteTraceId=["1"])], [("accepted", ""), ("retry", "throttled")]),
        ([error("INTERNAL_ERROR", objectWriteTraceId=["1"])], [("accepted", ""), ("retry", "unavailable")]),
        ([], [("accepted", ""), ("retry", "no_outcome")]),
    ],
)
async def test_every_record_of_a_207_is_judged(errors: list[Any], expected: list[tuple[str, str]]) -> None:
    body = {"status": "COMPLETE", "results": [result("0", external_id="c-ada")], "errors": errors}
    outcomes = await answered(Answer(207, body), numbered("ada"), numbered("eve"))
    assert [(one.verdict, one.reason) for one in outcomes] == expected


async def test_a_fault_that_names_no_record_is_halved_until_it_does() -> None:
    body = {
        "status": "COMPLETE",
        "results": [result("9", external_id="x")],
        "errors": [error("VALIDATION_ERROR")],
    }
    with pytest.raises(Refused, match="unattributed"):
        await answered(Answer(207, body), numbered("ada"), numbered("eve"))
    [outcome] = await answered(Answer(207, {**body, "results": []}), numbered("eve"))
    assert (outcome.verdict, outcome.reason) == ("rejected", "validation_error")


async def test_records_that_come_back_under_other_names_are_accepted_all_the_same() -> None:
    known = [{"id": "1", "properties": {"external_id": "another"}}, {"id": "2", "properties": {}}]
    outcomes = await answered(Answer(200, {"results": known}), numbered("ada"), numbered("eve"))
    assert verdicts(outcomes) == ["accepted"] * 2


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "after"),
    [
        (said(429, "RATE_LIMITS", policyName="TEN_SECONDLY_ROLLING"), Retryable, "throttled", 10.0),
        (said(429, "RATE_LIMITS", policyName="DAILY"), Retryable, "throttled", 3600.0),
        (said(429, "RATE_LIMITS", policyName="SECONDLY"), Retryable, "throttled", 1.0),
        (Answer(423, "locked", {"retry-after": "2"}), Retryable, "unavailable", 2.0),
        (Answer(477, {"message": "moving"}, {"retry-after": "60"}), Retryable, "unavailable", 60.0),
        (said(500, "INTERNAL_ERROR"), Retryable, "http_500", None),
        (said(401, "INVALID_AUTHENTICATION"), Closed, "unauthorized", None),
        (said(403, "MISSING_SCOPES"), Closed, "unauthorized", None),
        (said(403, "BANNED"), Closed, "unauthorized", None),
        (said(400, "VALIDATION_ERROR"), Refused, "validation_error", None),
        (said(409, "CONFLICT"), Refused, "conflict", None),
        (Answer(200, {"status": "COMPLETE"}), Retryable, "garbled", None),
        (Answer(200, ["?"]), Retryable, "garbled", None),
    ],
)
async def test_every_answer_means_one_thing(
    answer: Answer, kind: type[DestinationError], reason: str, after: float | None
) -> None:
    with pytest.raises(kind) as raised:
        await answered(answer)
    assert isinstance(raised.value, kind)
    assert (raised.value.reason, raised.value.after) == (reason, after)


async def test_a_token_that_ended_is_exchanged_for_another_and_the_call_made_again() -> None:
    tokens = iter(["first", "second", "third"])

    def platform(asked: Asked) -> Answer:
        if asked.path.endswith("token"):
            return Answer(200, {"access_token": next(tokens), "expires_in": 1800})
        if asked.headers["authorization"] == "Bearer first":
            return said(401, "EXPIRED_AUTHENTICATION")
        return Answer(200, {"results": [result("0", external_id="c-ada")]})

    async with HttpWire(platform) as wire:
        app = {"client_id": "a", "client_secret": "s3cret", "refresh_token": "rt", "access_token": None}
        async with opened(wire, **app, token_url=f"{wire.url}/oauth/token") as connector:
            assert verdicts(await connector.upsert(CONTACT, [numbered("ada")])) == ["accepted"]
            assert verdicts(await connector.upsert(CONTACT, [numbered("ada")])) == ["accepted"]
    assert [asked.headers.get("authorization") for asked in wire.asked] == [
        None,
        "Bearer first",
        None,
        "Bearer second",
        "Bearer second",
    ]


@pytest.mark.parametrize(
    "given",
    [{}, {"access_token": "t", "client_id": "c"}, {"client_id": "c", "client_secret": "s"}],
)
def test_there_is_exactly_one_way_in(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either `access_token`"):
        Kind.Settings.model_validate(given)
