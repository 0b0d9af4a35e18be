"""Mailchimp: contacts and tags as the segment says, and nobody subscribed again who has unsubscribed."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Connector, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET, Answer, Asked
from tidegate.sandbox.platforms.mailchimp import Mailchimp
from tidegate.testing import EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description

from . import opening
from .conftest import ROOT
from .opening import verdicts

Kind = registry.load("mailchimp", ROOT)
VIPS, MEMBER = Target("list", "VIP customers"), Target("object", "member")


class TestTags(NetworkContract):
    kind = Kind
    emulation = Mailchimp
    description = "mailchimp_marketing.json"
    description_base = "/3.0"
    secrets = (SECRET, base64.b64encode(f"tidegate:{SECRET}".encode()).decode())

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Mailchimp, watch=described.watch) as wire:
            # Nobody is taken off a tag that does not exist.
            wire.shelf.new_list("900", "VIP customers")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"api_key": SECRET, "audience": "a1b2c3d4e5", "create_missing": True, "base_url": wire.url}

    def row(self, number: int) -> Row:
        return Row(f"p{number}", {"email": f"person.{number}@example.com"}, self.traits(number))

    def traits(self, number: int) -> dict[str, Any]:
        return {}


class TestMembers(TestTags):
    target = MEMBER

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Mailchimp, watch=described.watch) as wire:
            yield wire

    def traits(self, number: int) -> dict[str, Any]:
        return {"score": number, "tier": "vip"}


def opened(wire: HttpWire, **settings: Any) -> AbstractAsyncContextManager[Connector]:
    given = {"api_key": SECRET, "audience": "a1b2c3d4e5", "base_url": wire.url, **settings}
    return opening.opened(Kind, given)


@pytest.fixture
async def mailchimp() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Mailchimp) as wire:
        yield wire


def person(name: str, **traits: Any) -> Row:
    return Row(name, {"email": f"{name}@example.com"}, traits)


def statuses(wire: EmulatedWire) -> dict[str, str]:
    return {one["email_address"]: one["status"] for one in wire.shelf.all("members").values()}


def writes(wire: HttpWire) -> list[Asked]:
    return [asked for asked in wire.asked if asked.method != "GET"]


async def test_whoever_unsubscribed_is_changed_and_stays_unsubscribed(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp) as connector:
        await connector.upsert(MEMBER, [person("ada", TIER="a"), person("eve", TIER="a")])
        [ada] = [id for id, one in mailchimp.shelf.all("members").items() if one["email_address"].startswith("ada")]
        mailchimp.shelf.put("members", ada, {**(mailchimp.shelf.get("members", ada) or {}), "status": "unsubscribed"})
        rows = [person("ada", TIER="b"), person("eve", TIER="b"), person("bob", TIER="b")]
        assert verdicts(await connector.upsert(MEMBER, rows)) == ["accepted"] * 3
    assert statuses(mailchimp) == {
        "ada@example.com": "unsubscribed",
        "eve@example.com": "subscribed",
        "bob@example.com": "subscribed",
    }
    assert {one["merge_fields"]["TIER"] for one in mailchimp.shelf.all("members").values()} == {"b"}


async def test_an_archived_contact_is_not_said_to_be_in_the_audience(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp) as connector:
        await connector.upsert(MEMBER, [person("ada", TIER="a")])
        [ada] = mailchimp.shelf.all("members")
        mailchimp.shelf.put("members", ada, {**(mailchimp.shelf.get("members", ada) or {}), "status": "archived"})
        [outcome] = await connector.upsert(MEMBER, [person("ada", TIER="b")])
    assert (outcome.verdict, outcome.reason) == ("rejected", "archived")


async def test_somebody_who_comes_back_is_unarchived_where_that_is_wanted(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp, unarchive=True, status_if_new="pending") as connector:
        await connector.upsert(MEMBER, [person("ada", TIER="a")])
        [ada] = mailchimp.shelf.all("members")
        mailchimp.shelf.put("members", ada, {**(mailchimp.shelf.get("members", ada) or {}), "status": "archived"})
        assert verdicts(await connector.upsert(MEMBER, [person("ada", TIER="b")])) == ["accepted"]
    found = mailchimp.shelf.get("members", ada) or {}
    assert (found["status"], found["merge_fields"]["TIER"]) == ("pending", "b")


async def test_the_id_of_a_contact_is_the_hash_of_the_address_in_lower_case(mailchimp: EmulatedWire) -> None:
    row = Row("ada", {"email": "Ada.Lovelace@Example.COM"}, {"TIER": "a"})
    async with opened(mailchimp) as connector:
        await connector.upsert(MEMBER, [row])
        await connector.upsert(MEMBER, [row])
    assert writes(mailchimp)[-1].path == "/3.0/lists/a1b2c3d4e5/members/2b9150605ac374d671a306b5fcee60a0"


async def test_merge_fields_are_written_as_their_types_want_them(mailchimp: EmulatedWire) -> None:
    traits = {
        "fname": "Ada",
        "BIRTHDAY": "1815-12-10",
        "lastorder": "2026-03-01 23:30:00-02",
        "SCORE": 1.5,
        "TIER": None,
        "CITY": "2026-03-01 09:30:00",
        "SEGMENT": ["a", "b"],
        "language": "fr",
        "vip": True,
    }
    async with opened(mailchimp, status_if_new="pending") as connector:
        assert verdicts(await connector.upsert(MEMBER, [person("ada", **traits)])) == ["accepted"]
    [asked] = writes(mailchimp)
    assert asked.query == {"skip_merge_validation": "true"}
    assert asked.json() == {
        "update_existing": False,
        "members": [
            {
                "email_address": "ada@example.com",
                "status": "pending",
                "language": "fr",
                "vip": True,
                "merge_fields": {
                    "FNAME": "Ada",
                    "BIRTHDAY": "12/10",
                    "LASTORDER": "2026-03-02",
                    "SCORE": 1.5,
                    "TIER": "",
                    "CITY": "2026-03-01T09:30:00+00:00",
                    "SEGMENT": "a, b",
                },
            }
        ],
    }


async def test_a_merge_field_that_does_not_exist_is_not_dropped_in_silence(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp) as connector:
        outcomes = await connector.upsert(MEMBER, [person("ada", TEIR="a"), person("eve", TIER="a")])
    assert [one.reason for one in outcomes] == ["unknown_field", ""]
    assert list(statuses(mailchimp)) == ["eve@example.com"]


async def test_one_bad_contact_is_rejected_alone(mailchimp: EmulatedWire) -> None:
    mailchimp.order(kind="refuse", match="bob@example.com", reason="bob@example.com looks fake or invalid")
    async with opened(mailchimp) as connector:
        outcomes = await connector.upsert(MEMBER, [person("ada"), person("bob"), person("eve")])
    assert verdicts(outcomes) == ["accepted", "rejected", "accepted"]
    assert outcomes[1].reason == "error_generic"
    assert "looks fake" in outcomes[1].detail
    assert "bob@" not in outcomes[1].detail


async def test_two_people_with_one_address_are_never_in_one_call(mailchimp: EmulatedWire) -> None:
    twin = Row("twin", {"email": "ADA@example.com"}, {"TIER": "b"})
    async with opened(mailchimp) as connector:
        assert verdicts(await connector.upsert(MEMBER, [person("ada", TIER="a"), twin])) == ["accepted"] * 2
    [member] = mailchimp.shelf.all("members").values()
    assert member["merge_fields"] == {"TIER": "b"}


async def test_create_leaves_alone_and_update_makes_nobody(mailchimp: EmulatedWire) -> None:
    create, update = Target("object", "member", "create"), Target("object", "member", "update")
    async with opened(mailchimp) as connector:
        assert verdicts(await connector.upsert(create, [person("ada", TIER="old")])) == ["accepted"]
        assert verdicts(await connector.upsert(create, [person("ada", TIER="new")])) == ["accepted"]
        outcomes = await connector.upsert(update, [person("ada", SCORE=1), person("eve", SCORE=1)])
    assert [one.reason for one in outcomes] == ["", "not_found"]
    [member] = mailchimp.shelf.all("members").values()
    assert member["merge_fields"] == {"TIER": "old", "SCORE": 1}


async def test_removal_archives_the_contact_and_nobody_else(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp) as connector:
        await connector.upsert(MEMBER, [person("ada"), person("eve")])
        rows = [person("ada"), person("stranger"), Row("nobody", {})]
        assert verdicts(await connector.remove(MEMBER, rows)) == ["accepted"] * 3
    assert list(statuses(mailchimp)) == ["eve@example.com"]


async def test_a_tag_is_made_once_and_only_contacts_have_it(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp) as connector:
        await connector.upsert(MEMBER, [person("ada"), person("eve")])
    for _ in range(2):
        async with opened(mailchimp) as connector:
            outcomes = await connector.upsert(VIPS, [person("ada"), person("stranger"), Row("nobody", {})])
            assert [one.reason for one in outcomes] == ["", "not_found", "no_identifier"]
    assert list(mailchimp.shelf.lists().values()) == ["VIP customers"]
    assert Mailchimp().held(mailchimp.shelf, VIPS) == {"ada@example.com": {}}
    assert len(statuses(mailchimp)) == 2


async def test_whoever_gets_a_tag_becomes_a_contact_where_that_is_wanted(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp, create_missing=True, status_if_new="unsubscribed") as connector:
        assert verdicts(await connector.upsert(VIPS, [person("ada"), person("eve")])) == ["accepted"] * 2
        assert verdicts(await connector.remove(VIPS, [person("ada"), person("stranger")])) == ["accepted"] * 2
    assert Mailchimp().held(mailchimp.shelf, VIPS) == {"eve@example.com": {}}
    assert set(statuses(mailchimp).values()) == {"unsubscribed"}


async def test_taking_a_tag_that_does_not_exist_is_done_already(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp) as connector:
        assert verdicts(await connector.remove(VIPS, [person("ada")])) == ["accepted"]
    assert writes(mailchimp) == []


async def test_a_tag_deleted_under_way_is_made_again_by_the_next_call(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp, create_missing=True) as connector:
        await connector.upsert(VIPS, [person("ada")])
        mailchimp.shelf.drop_list(next(iter(mailchimp.shelf.lists())))
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [person("ada")])
        assert verdicts(await connector.upsert(VIPS, [person("ada")])) == ["accepted"]


async def test_tags_are_found_on_whatever_page_they_are(mailchimp: EmulatedWire) -> None:
    for number in range(1, 1003):
        mailchimp.shelf.new_list(str(number), f"Tag {number}")
    async with opened(mailchimp, create_missing=True) as connector:
        await connector.upsert(Target("list", "Tag 1002"), [person("ada")])
    assert [one["email"] for one in mailchimp.shelf.members("1002")] == ["ada@example.com"]
    assert len(mailchimp.shelf.lists()) == 1002


async def test_what_befalls_one_change_is_not_the_others_fate() -> None:
    def platform(asked: Asked) -> Answer:
        if asked.method == "POST":
            known = [one["email_address"] for one in asked.json()["members"]]
            errors = [{"email_address": one, "error_code": "ERROR_CONTACT_EXISTS", "error": "known"} for one in known]
            return Answer(200, {"new_members": [], "updated_members": [], "errors": errors})
        bad = asked.json()["email_address"].startswith("bob")
        return Answer(503, "later") if bad else Answer(200, {"id": "1"})

    async with HttpWire(platform) as wire, opened(wire) as connector:
        outcomes = await connector.upsert(MEMBER, [person("ada"), person("bob"), person("eve")])
    assert verdicts(outcomes) == ["accepted", "retry", "accepted"]


def problem(status: int, title: str, **headers: str) -> Answer:
    body = {"type": "x", "title": title, "status": status, "detail": "no ada@example.com", "instance": "1"}
    return Answer(status, body, headers)


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "after"),
    [
        (problem(429, "Too Many Requests"), Retryable, "throttled", None),
        (problem(401, "API Key Invalid"), Closed, "unauthorized", None),
        (problem(403, "User Disabled"), Closed, "unauthorized", None),
        (problem(404, "Resource Not Found"), Closed, "no_audience", None),
        (problem(400, "Invalid Resource"), Refused, "invalid_resource", None),
        (problem(500, "Internal Server Error"), Retryable, "http_500", None),
        (Answer(503, "later", {"retry-after": "9"}), Retryable, "unavailable", 9.0),
        (Answer(200, {"new_members": []}), Retryable, "garbled", None),
        (Answer(200, ["?"]), Retryable, "garbled", None),
    ],
)
async def test_every_answer_means_one_thing(
    answer: Answer, kind: type[DestinationError], reason: str, after: float | None
) -> None:
    async with HttpWire(lambda asked: answer) as wire, opened(wire) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(MEMBER, [person("ada")])
    assert (type(raised.value), raised.value.reason, raised.value.after) == (kind, reason, after)
    assert "ada@" not in raised.value.detail


async def test_there_are_members_and_nothing_else(mailchimp: EmulatedWire) -> None:
    async with opened(mailchimp) as connector:
        for asked in (connector.upsert, connector.remove):
            assert [one.reason for one in await asked(Target("object", "order"), [person("ada")])] == ["unknown_object"]


def test_a_key_without_a_data_centre_is_refused() -> None:
    with pytest.raises(ValueError, match="data centre"):
        Kind.Settings.model_validate({"api_key": "0123456789abcdef-", "audience": "a1"})
    assert Kind.Settings.model_validate({"api_key": "0123456789abcdef-us21", "audience": "a1"})
