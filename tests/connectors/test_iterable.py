"""Users, lists and campaigns at Iterable: whom a bulk call did not take is named, and only they are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Message, Outcome, Row, Target
from tidegate.errors import Closed, InDoubt, Refused, Retryable, Unsupported
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.iterable import Iterable as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT
from .mailing import answering, opened, verdicts

Iterable = registry.load("iterable", ROOT)
VIPS = Target("list", "VIP customers")
USERS = Target("object", "user")


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"api_key": SECRET, "base_url": wire.url, **more}


def told(person: str, campaign: str = "123", **properties: Any) -> Message:
    content = {"campaign": campaign, "properties": properties}
    return Message(f"key:{campaign}:{person}", person, "crm", "", datetime(2026, 3, 1, tzinfo=UTC), content)


class TestLists(NetworkContract):
    kind = Iterable
    emulation = Platform
    description = "iterable.json"
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("7", "VIP customers")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)

    def message(self, number: int) -> Message:
        return told(f"p{number}", order=number)


class TestUsers(TestLists):
    target = USERS


def ada(**identifiers: str) -> Row:
    return Row("ada", identifiers or {"external_id": "ada"}, {"tier": "gold"})


async def test_a_list_is_created_once_and_found_again() -> None:
    async with EmulatedWire(Platform) as wire:
        wire.shelf.new_list("3", "Others")
        for _ in range(2):
            async with opened(Iterable, given(wire)) as connector:
                await connector.upsert(VIPS, [ada()])
                await connector.upsert(VIPS, [ada()])
        assert list(wire.shelf.lists().values()) == ["Others", "VIP customers"]


async def test_of_lists_with_one_name_the_oldest_is_taken_and_dynamic_ones_are_left_alone() -> None:
    lists = [
        {"id": 5, "name": "VIP customers", "listType": "Dynamic", "createdAt": 1},
        {"id": 30, "name": "VIP customers", "listType": "Standard", "createdAt": 1},
        {"id": 9, "name": "VIP customers", "listType": "Standard", "createdAt": 1},
    ]

    def platform(asked: Any) -> Answer:
        return Answer(200, {"lists": lists} if asked.method == "GET" else {"successCount": 1, "failCount": 0})

    async with HttpWire(platform) as wire, opened(Iterable, given(wire)) as connector:
        await connector.upsert(VIPS, [ada()])
    assert wire.asked[-1].json() == {"listId": 9, "subscribers": [{"userId": "ada"}]}


async def test_taking_people_off_a_list_that_does_not_exist_is_done_already() -> None:
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire)) as connector:
        assert await connector.remove(VIPS, [ada()]) == [Outcome.accepted()]
        assert wire.shelf.lists() == {}


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call() -> None:
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire)) as connector:
        await connector.upsert(VIPS, [ada()])
        wire.shelf.drop_list(next(iter(wire.shelf.lists())))
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ada()])
        assert await connector.upsert(VIPS, [ada()]) == [Outcome.accepted()]


async def test_a_user_is_written_as_iterable_wants_it() -> None:
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire)) as connector:
        row = Row("ada", {"external_id": "ada", "email": "ada@example.com"}, {"tier": None, "spend": 1.5})
        await connector.upsert(USERS, [row, Row("eve", {})])
    assert wire.asked[0].headers["api-key"] == SECRET
    assert wire.asked[0].json() == {
        "users": [{"userId": "ada", "email": "ada@example.com", "dataFields": {"tier": None, "spend": 1.5}}]
    }


async def test_a_time_is_written_so_that_its_field_becomes_a_date() -> None:
    traits = {"lastOrder": "2026-03-01 09:30:00.25+01", "birthday": "1990-02-16"}
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire)) as connector:
        await connector.upsert(USERS, [Row("ada", {"external_id": "ada"}, traits)])
    fields = wire.asked[0].json()["users"][0]["dataFields"]
    assert fields == {"lastOrder": "2026-03-01 08:30:00 +00:00", "birthday": "1990-02-16"}


async def test_each_reason_of_a_failure_is_that_of_its_own_row() -> None:
    names = ("bob", "eve", "kim", "lea", "max")
    rows = [Row(name, {"email": f"{name}@example.com"}) for name in names] + [Row("zoe", {"external_id": "Zoe"}), ada()]
    body = {
        "successCount": 1,
        "failCount": 6,
        "invalidEmails": ["bob@example.com"],
        "failedUpdates": {
            "conflictEmails": ["eve@example.com"],
            "forgottenEmails": ["KIM@example.com"],
            "invalidDataEmails": ["lea@example.com"],
            "notFoundEmails": ["max@example.com"],
            "invalidUserIds": ["Zoe"],
        },
    }
    async with answering(200, body) as wire, opened(Iterable, given(wire)) as connector:
        outcomes = await connector.upsert(USERS, rows)
    assert [outcome.reason or outcome.verdict for outcome in outcomes] == [
        "invalid_identifier",
        "conflict",
        "forgotten",
        "invalid_data",
        "not_found",
        "invalid_identifier",
        "accepted",
    ]


async def test_failures_that_name_nobody_have_the_call_halved() -> None:
    body = {"successCount": 1, "failCount": 1}
    async with answering(200, body) as wire, opened(Iterable, given(wire)) as connector:
        with pytest.raises(Refused, match="1 of 2 users failed, 0 of them named"):
            await connector.upsert(USERS, [ada(), Row("bob", {"external_id": "bob"})])


async def test_a_field_that_the_project_does_not_take_is_no_success() -> None:
    body = {"successCount": 2, "failCount": 0, "filteredOutFields": ["tier"]}
    async with answering(200, body) as wire, opened(Iterable, given(wire)) as connector:
        outcomes = await connector.upsert(USERS, [ada(), Row("bob", {"external_id": "bob"}, {"spend": 1})])
    assert verdicts(outcomes) == [("rejected", "field_refused"), ("accepted", "")]


async def test_whom_iterable_does_not_know_is_off_the_list_already() -> None:
    known = {"lists": [{"id": 9, "name": "VIP customers", "listType": "Standard", "createdAt": 1}]}
    body = {"successCount": 0, "failCount": 1, "failedUpdates": {"notFoundUserIds": ["ada"]}}
    answer = HttpWire(lambda asked: Answer(200, known if asked.method == "GET" else body))
    async with answer as wire, opened(Iterable, given(wire)) as connector:
        assert verdicts(await connector.remove(VIPS, [ada()])) == [("accepted", "")]
        assert verdicts(await connector.upsert(VIPS, [ada()])) == [("rejected", "not_found")]


async def test_deleting_quotes_the_identifier_and_is_done_where_there_is_nobody() -> None:
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire)) as connector:
        await connector.upsert(USERS, [Row("a", {"external_id": "a/b"}), Row("b", {"email": "b+c@example.com"})])
        gone = [Row("a", {"external_id": "a/b"}), Row("b", {"email": "b+c@example.com"}), ada()]
        assert verdicts(await connector.remove(USERS, gone)) == [("accepted", "")] * 3
        assert wire.shelf.all("users") == {}
    assert wire.asked[1].path == "/api/users/byUserId/a%2Fb"
    assert wire.asked[2].path == "/api/users/b%2Bc@example.com"


@pytest.mark.parametrize(("medium", "path"), [("email", "email"), ("whatsapp", "whatsApp"), ("in_app", "inApp")])
async def test_a_campaign_goes_out_by_the_medium_of_the_destination(medium: str, path: str) -> None:
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire, medium=medium)) as connector:
        assert verdicts(await connector.send([told("ada", order=7)])) == [("accepted", "")]
    assert wire.asked[0].path == f"/api/{path}/target"
    assert wire.asked[0].json() == {"campaignId": 123, "recipientUserId": "ada", "dataFields": {"order": 7}}


async def test_a_campaign_that_is_no_number_is_refused_before_the_call() -> None:
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire)) as connector:
        assert verdicts(await connector.send([told("ada", "welcome")])) == [("rejected", "bad_campaign")]
    assert wire.asked == []


@pytest.mark.parametrize(
    ("status", "code", "kind", "reason"),
    [
        (400, "BadApiKey", Closed, "unauthorized"),
        (401, "BadApiKey", Closed, "unauthorized"),
        (403, "Forbidden", Closed, "unauthorized"),
        (429, "RateLimitExceeded", Retryable, "throttled"),
        (400, "RateLimitExceeded", Retryable, "throttled"),
        (503, "GenericError", Retryable, "unavailable"),
        (500, "GenericError", Retryable, "http_500"),
        (400, "InvalidEmailAddressError", Refused, "invalid_email_address_error"),
        (413, "BatchTooLarge", Refused, "batch_too_large"),
        (400, "ForgottenUserError", Refused, "forgotten"),
        (400, "DatabaseError", Retryable, "server_error"),
        (400, "Success", Refused, "http_400"),
    ],
)
async def test_every_code_means_one_thing(status: int, code: str, kind: type[Exception], reason: str) -> None:
    async with answering(status, {"msg": "no", "code": code}) as wire, opened(Iterable, given(wire)) as connector:
        with pytest.raises(kind, match=reason):
            await connector.upsert(USERS, [ada()])


async def test_a_message_that_may_be_queued_stays_in_doubt() -> None:
    async with answering(400, {"msg": "no", "code": "QueueEmailError"}) as wire, opened(Iterable, given(wire)) as one:
        with pytest.raises(InDoubt, match="server_error"):
            await one.send([told("ada")])


async def test_whoever_was_forgotten_is_gone_already() -> None:
    gone = {"msg": "no", "code": "ForgottenUserError"}
    async with answering(400, gone) as wire, opened(Iterable, given(wire)) as connector:
        assert await connector.remove(USERS, [ada()]) == [Outcome.accepted()]


async def test_iterable_has_users_and_no_other_objects() -> None:
    async with EmulatedWire(Platform) as wire, opened(Iterable, given(wire)) as connector:
        with pytest.raises(Unsupported, match="write `object: user`"):
            await connector.upsert(Target("object", "company"), [ada()])
