"""Contacts and tags at Intercom: created first, found by what Intercom answers, one row a call."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Row, Target
from tidegate.errors import Closed, InDoubt, Refused, Retryable, Unsupported
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.intercom import Intercom as Platform
from tidegate.testing import Answer, Asked, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.judging import Operation

from .conftest import ROOT
from .mailing import answering, opened, verdicts

Intercom = registry.load("intercom", ROOT)
VIPS = Target("list", "VIP customers")
CONTACTS = Target("object", "contact")


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"access_token": SECRET, "base_url": wire.url, **more}


class TestTags(NetworkContract):
    kind = Intercom
    emulation = Platform
    secrets = (SECRET,)

    #: how many people Intercom knows already: events go to those only
    known = 40

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        # Somebody who is to be removed is looked up first: only whom Intercom knows is worth the call that may fail.
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("7", "VIP customers")
            for number in range(self.known):
                own = {"type": "contact", "id": f"c{number}", "custom_attributes": {}, "tags": []}
                wire.shelf.put("contacts", f"c{number}", {**own, **self.row(number).identifiers})
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)

    def message(self, number: int) -> Message:
        return told(f"v{number}")


class TestContacts(TestTags):
    target = CONTACTS
    known = 1  # nobody is left to be sent anything once they are removed

    def message(self, number: int) -> Message:
        return told("v0", f"event {number}")

    def operations(self, connector: Connector) -> dict[str, Operation]:
        return {name: operation for name, operation in super().operations(connector).items() if name != "send"}


class TestContactsByEmail(TestContacts):
    def row(self, number: int) -> Row:
        return Row(f"p{number}", {"email": f"person.{number}@example.com"}, {"score": number, "name": f"No. {number}"})

    # Messages go by external_id; and one way to find people stands for the other where whole runs are looked at.
    test_rows_that_are_refused_are_named_and_the_others_taken = None
    test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice = None


def told(person: str, campaign: str = "vip-welcome", **properties: Any) -> Message:
    content = {"campaign": campaign, "properties": properties}
    return Message(f"key:{campaign}:{person}", person, "crm", "", datetime(2026, 3, 1, tzinfo=UTC), content)


def ada(**traits: Any) -> Row:
    return Row("ada", {"external_id": "ada"}, traits)


def paths(wire: HttpWire) -> list[str]:
    return [f"{asked.method} {asked.path}" for asked in wire.asked]


async def test_times_are_written_in_seconds_and_so_is_a_date_whose_name_says_that_it_is_one() -> None:
    traits = {"last_order": "2026-03-01 09:30:00+01", "renews_at": "2026-03-01", "seat": "2026-03-01", "met_at": "Rome"}
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        await connector.upsert(CONTACTS, [Row("ada", {"external_id": "ada"}, traits)])
    custom = {"last_order": 1772353800, "renews_at": 1772323200, "seat": "2026-03-01", "met_at": "Rome"}
    assert wire.asked[0].json()["custom_attributes"] == custom


async def test_a_contact_is_written_as_intercom_wants_it() -> None:
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        who = {"external_id": "ada", "email": "ada@example.com"}
        traits = {"name": "Ada", "signed_up_at": "2026-03-01 09:30:00+01", "tier": "gold", "renews": "2026-03-01"}
        assert verdicts(await connector.upsert(CONTACTS, [Row("ada", who, traits)])) == [("accepted", "")]
        assert verdicts(await connector.upsert(CONTACTS, [Row("ada", who, {"tier": None})])) == [("accepted", "")]
        held = {"name": "Ada", "signed_up_at": 1772353800, "renews": "2026-03-01"}
        assert wire.emulation.held(wire.shelf, CONTACTS) == {"ada": held}
    assert wire.asked[0].headers["intercom-version"] == "2.14"
    assert wire.asked[0].json() == {
        "role": "user",
        "name": "Ada",
        "signed_up_at": 1772353800,
        "external_id": "ada",
        "email": "ada@example.com",
        "custom_attributes": {"tier": "gold", "renews": "2026-03-01"},
    }
    assert [path.split("/")[:2] for path in paths(wire)] == [
        ["POST ", "contacts"],
        ["POST ", "contacts"],
        ["PUT ", "contacts"],
    ]


async def test_an_archived_contact_is_taken_out_of_the_archive() -> None:
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        [outcome] = await connector.upsert(CONTACTS, [ada(tier="gold")])
        held = wire.shelf.get("contacts", str(outcome.provider_id))
        assert held
        wire.shelf.put("contacts", held["id"], {**held, "archived": True})
        assert wire.emulation.held(wire.shelf, CONTACTS) == {}
        await connector.upsert(CONTACTS, [ada(tier="silver")])
        assert wire.emulation.held(wire.shelf, CONTACTS) == {"ada": {"tier": "silver"}}


async def test_update_finds_by_external_id_at_once_and_by_email_through_the_search() -> None:
    update = Target("object", "contact", "update")
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        await connector.upsert(CONTACTS, [Row("a/b", {"external_id": "a/b"}), Row("bob", {"email": "bob@example.com"})])
        before = len(wire.asked)
        for row in (Row("a/b", {"external_id": "a/b"}, {"x": 1}), Row("bob", {"email": "bob@example.com"}, {"x": 2})):
            assert verdicts(await connector.upsert(update, [row])) == [("accepted", "")]
        assert verdicts(await connector.upsert(update, [ada()])) == [("rejected", "not_found")]
    asked = paths(wire)[before:]
    assert asked[0] == "GET /contacts/find_by_external_id/a%2Fb"
    assert asked[2] == "POST /contacts/search"
    assert wire.asked[before + 2].json()["query"] == {"field": "email", "operator": "=", "value": "bob@example.com"}


async def test_an_address_of_several_contacts_is_nobodys() -> None:
    two = {"type": "list", "data": [{"id": "1"}, {"id": "2"}]}
    async with answering(200, two) as wire, opened(Intercom, given(wire)) as connector:
        with pytest.raises(Refused, match="ambiguous"):
            await connector.remove(CONTACTS, [Row("bob", {"email": "bob@example.com"})])
    assert len(wire.asked) == 1


async def test_a_tag_is_found_whatever_its_case_and_created_where_there_is_none() -> None:
    async with EmulatedWire(Platform) as wire:
        wire.shelf.new_list("3", "vip Customers")
        for _ in range(2):
            async with opened(Intercom, given(wire)) as connector:
                for _ in range(2):
                    assert verdicts(await connector.upsert(VIPS, [ada()])) == [("accepted", "")]
                    await connector.upsert(Target("list", "Lapsed"), [ada()])
        assert list(wire.shelf.lists().values()) == ["vip Customers", "Lapsed"]
        assert list(wire.emulation.held(wire.shelf, Target("list", "Lapsed"))) == ["ada"]
        await connector_removes(wire)
        assert wire.emulation.held(wire.shelf, Target("list", "Lapsed")) == {}
        assert list(wire.emulation.held(wire.shelf, Target("list", "vip Customers"))) == ["ada"]


async def connector_removes(wire: EmulatedWire) -> None:
    async with opened(Intercom, given(wire)) as connector:
        assert verdicts(await connector.remove(Target("list", "Lapsed"), [ada()])) == [("accepted", "")]
        assert verdicts(await connector.remove(Target("list", "Nobody's"), [ada()])) == [("accepted", "")]
        assert verdicts(await connector.remove(VIPS, [Row("eve", {"external_id": "eve"})])) == [("accepted", "")]


async def test_a_tag_deleted_under_way_is_created_again_by_the_next_call() -> None:
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        await connector.upsert(VIPS, [ada()])
        wire.shelf.drop_list(next(iter(wire.shelf.lists())))
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ada()])
        assert verdicts(await connector.upsert(VIPS, [ada()])) == [("accepted", "")]
        wire.shelf.drop_list(next(iter(wire.shelf.lists())))
        assert verdicts(await connector.remove(VIPS, [ada()])) == [("accepted", "")]


async def test_whoever_was_deleted_meanwhile_is_gone_already() -> None:
    def platform(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"type": "contact", "id": "c1"})
        return Answer(404, {"type": "error.list", "errors": [{"code": "not_found", "message": "User Not Found"}]})

    async with HttpWire(platform) as wire, opened(Intercom, given(wire)) as connector:
        assert verdicts(await connector.remove(CONTACTS, [ada()])) == [("accepted", "")]


async def test_one_row_is_not_the_others_fate() -> None:
    rows = [ada(), Row("eve", {}), Row("bob", {"external_id": "bob"}), Row("kim", {"external_id": "kim"})]
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        wire.order(kind="refuse", match="bob", reason="Custom attribute 'tier' does not exist")
        outcomes = await connector.upsert(CONTACTS, rows)
    assert [outcome.reason for outcome in outcomes] == ["", "no_identifier", "parameter_invalid", ""]
    assert outcomes[2].detail == "parameter_invalid Custom attribute 'tier' does not exist"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "parameter_invalid", ("rejected", "parameter_invalid")),
        (409, "conflict", ("rejected", "conflict")),
        (422, "data_invalid", ("rejected", "data_invalid")),
        (429, "rate_limit_exceeded", ("retry", "throttled")),
        (500, "server_error", ("retry", "server_error")),
        (503, "service_unavailable", ("retry", "unavailable")),
    ],
)
async def test_every_code_means_one_thing(status: int, code: str, expected: tuple[str, str]) -> None:
    body = {"type": "error.list", "errors": [{"code": code, "message": "not ada@example.com"}]}
    async with answering(status, body) as wire, opened(Intercom, given(wire)) as connector:
        outcomes = await connector.upsert(CONTACTS, [ada(), Row("bob", {"external_id": "bob"})])
    assert verdicts(outcomes) == [expected] * 2
    assert "ada@" not in outcomes[0].detail
    assert len(wire.asked) == (1 if expected[1] == "throttled" else 2)


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, "unauthorized"), (403, "forbidden"), (400, "token_revoked"), (403, "api_plan_restricted")],
)
async def test_a_token_that_is_not_good_enough_closes_the_destination(status: int, code: str) -> None:
    body = {"type": "error.list", "errors": [{"code": code, "message": "no"}]}
    async with answering(status, body) as wire, opened(Intercom, given(wire)) as connector:
        with pytest.raises(Closed, match="unauthorized"):
            await connector.upsert(CONTACTS, [ada(), Row("bob", {"external_id": "bob"})])
        with pytest.raises(Closed, match="unauthorized"):
            await connector.prove()
    assert len(wire.asked) == 2


async def test_the_next_window_is_waited_for() -> None:
    reset = {"x-ratelimit-reset": str(int(time.time()) + 60)}
    async with answering(429, {}, reset) as wire, opened(Intercom, given(wire)) as connector:
        with pytest.raises(Retryable, match="throttled") as raised:
            await connector.upsert(CONTACTS, [ada()])
    assert raised.value.after is not None
    assert 50 < raised.value.after <= 60


async def test_a_message_is_an_event_of_the_person_known_by_the_key() -> None:
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        await connector.upsert(CONTACTS, [ada()])
        outcomes = await connector.send([told("ada", order=7), told("eve")])
        assert verdicts(outcomes) == [("accepted", ""), ("rejected", "not_found")]
        assert [(one["to"], one["subject"]) for one in wire.shelf.messages()] == [("ada", "vip-welcome")]
    assert wire.asked[1].json() == {
        "event_name": "vip-welcome",
        "created_at": 1772323200,
        "user_id": "ada",
        "metadata": {"order": 7},
    }


async def test_an_event_in_doubt_is_never_repeated() -> None:
    body = {"type": "error.list", "errors": [{"code": "server_error", "message": "Server Error"}]}
    for status in (500, 502):
        async with answering(status, body) as wire, opened(Intercom, given(wire)) as connector:
            with pytest.raises(InDoubt):
                await connector.send([told("ada")])
    async with answering(200, "welcome back") as wire, opened(Intercom, given(wire)) as connector:
        with pytest.raises(InDoubt):
            await connector.send([told("ada")])


async def test_only_contacts_are_written() -> None:
    async with EmulatedWire(Platform) as wire, opened(Intercom, given(wire)) as connector:
        with pytest.raises(Unsupported, match="write `object: contact`"):
            await connector.upsert(Target("object", "company"), [ada()])
        assert await connector.upsert(CONTACTS, []) == []
