"""Audiences at LinkedIn: each user has a status of its own, and a new segment is given time to be there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from tidegate import registry
from tidegate.connector import Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.linkedin_audiences import LinkedIn as Platform
from tidegate.testing import Answer, EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description

from .adlists import hashed, refuse_once
from .conftest import ROOT
from .opening import opened, verdicts

LinkedIn = registry.load("linkedin_audiences", ROOT)
VIPS = Target("list", "VIP customers")
ADA = Row(
    "ada",
    {
        "email": hashed("ada@example.com"),
        "google_advertiser_id": "38400000-8cf0-11bd-b23e-10b96e40000d",
        "first_name": "Ada",
        "last_name": "King",
        "title": "Countess",
        "company": "Example Ltd",
        "country": "GB",
    },
)
BOB = Row("bob", {"email": hashed("bob@example.com")})


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"account": "123456", "access_token": SECRET, "settle_seconds": 0, "base_url": wire.url, **more}


def with_application(wire: HttpWire) -> dict[str, Any]:
    app = {"client_id": "app", "client_secret": SECRET, "refresh_token": "r", "token_url": f"{wire.url}/oauth/token"}
    return {name: value for name, value in given(wire, **app).items() if name != "access_token"}


def streamed(wire: HttpWire) -> list[list[dict[str, Any]]]:
    return [asked.json()["elements"] for asked in wire.asked if asked.path.endswith("/users")]


class TestContract(NetworkContract):
    kind = LinkedIn
    emulation = Platform
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("7", "VIP customers", type="USER")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_user_is_told_with_everything_that_is_known(wire: EmulatedWire) -> None:
    async with opened(LinkedIn, given(wire, api_version="202610")) as connector:
        assert verdicts(await connector.upsert(VIPS, [ADA, BOB])) == ["accepted", "accepted"]
    assert streamed(wire) == [
        [
            {
                "action": "ADD",
                "userIds": [
                    {"idType": "SHA256_EMAIL", "idValue": ADA.identifiers["email"]},
                    {"idType": "GOOGLE_AID", "idValue": "38400000-8cf0-11bd-b23e-10b96e40000d"},
                ],
                "firstName": "Ada",
                "lastName": "King",
                "title": "Countess",
                "company": "Example Ltd",
                "country": "GB",
            },
            {"action": "ADD", "userIds": [{"idType": "SHA256_EMAIL", "idValue": BOB.identifiers["email"]}]},
        ]
    ]
    headers = wire.asked[-1].headers
    assert headers["x-restli-method"] == "BATCH_CREATE"
    assert (headers["linkedin-version"], headers["x-restli-protocol-version"]) == ("202610", "2.0.0")
    assert not [asked for asked in wire.asked if SECRET in asked.search]


async def test_a_name_is_enough_and_half_of_one_is_not(wire: EmulatedWire) -> None:
    named = Row("ada", {"first_name": "Ada", "last_name": "King"})
    half = Row("bob", {"first_name": "Bob", "company": "Example Ltd"})
    async with opened(LinkedIn, given(wire)) as connector:
        outcomes = await connector.upsert(VIPS, [named, half])
    assert [(one.verdict, one.reason) for one in outcomes] == [("accepted", ""), ("rejected", "no_identifier")]
    assert streamed(wire) == [[{"action": "ADD", "firstName": "Ada", "lastName": "King"}]]


async def test_each_user_is_judged_by_its_own_status(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match=BOB.identifiers["email"], reason="not an address")
    eve = Row("eve", {"email": hashed("eve@example.com")})
    async with opened(LinkedIn, given(wire)) as connector:
        outcomes = await connector.upsert(VIPS, [ADA, BOB, eve])
    assert verdicts(outcomes) == ["accepted", "rejected", "accepted"]
    assert (outcomes[1].reason, outcomes[1].detail) == ("linkedin_400", "not an address")
    assert len(Platform().held(wire.shelf, VIPS)) == 2


@pytest.mark.parametrize(
    ("elements", "found"),
    [
        ([{"status": 429}, {"status": 201}], ["retry", "accepted"]),
        ([{"status": 500, "error": {"message": "no"}}, {"status": 201}], ["retry", "accepted"]),
        ([{"id": 1}, {"status": 201}], ["retry", "accepted"]),
    ],
)
async def test_a_status_within_an_answer_means_what_it_means_alone(
    wire: EmulatedWire, elements: list[Any], found: list[str]
) -> None:
    answered = wire.platform
    some = Answer(200, {"elements": elements})
    wire.platform = lambda asked: some if asked.path.endswith("/users") else answered(asked)
    async with opened(LinkedIn, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [ADA, BOB])) == found


async def test_fewer_statuses_than_users_are_no_judgement(wire: EmulatedWire) -> None:
    answered = wire.platform
    few = Answer(200, {"elements": [{"status": 201}]})
    wire.platform = lambda asked: few if asked.path.endswith("/users") else answered(asked)
    async with opened(LinkedIn, given(wire)) as connector:
        with pytest.raises(Retryable, match="1 statuses for 2 users"):
            await connector.upsert(VIPS, [ADA, BOB])


async def test_a_segment_is_created_for_users_and_found_again_among_others(wire: EmulatedWire) -> None:
    for number in range(120):
        wire.shelf.new_list(str(300 + number), f"Segment {number}", type="USER")
    wire.shelf.new_list("5", "VIP customers", type="COMPANY")
    for _ in range(2):
        async with opened(LinkedIn, given(wire, source_platform="TIDEGATE")) as connector:
            await connector.upsert(VIPS, [ADA])
    [body] = [asked.json() for asked in wire.asked if asked.method == "POST" and asked.path.endswith("/dmpSegments")]
    assert body == {
        "name": "VIP customers",
        "account": "urn:li:sponsoredAccount:123456",
        "type": "USER",
        "sourcePlatform": "TIDEGATE",
        "destinations": [{"destination": "LINKEDIN"}],
    }
    assert len([name for name in wire.shelf.lists().values() if name == "VIP customers"]) == 2


async def test_people_are_taken_off_by_what_they_were_put_on_by(wire: EmulatedWire) -> None:
    async with opened(LinkedIn, given(wire)) as connector:
        assert await connector.remove(VIPS, [ADA]) == [Outcome.accepted()]
        assert wire.shelf.lists() == {}
        await connector.upsert(VIPS, [ADA, BOB])
        assert verdicts(await connector.remove(VIPS, [ADA])) == ["accepted"]
    assert list(Platform().held(wire.shelf, VIPS)) == [BOB.identifiers["email"]]


async def test_a_segment_deleted_under_way_is_created_again_by_the_next_call(wire: EmulatedWire) -> None:
    async with opened(LinkedIn, given(wire)) as connector:
        await connector.upsert(VIPS, [ADA])
        [old] = wire.shelf.lists()
        wire.shelf.drop_list(old)
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ADA])
        assert verdicts(await connector.upsert(VIPS, [ADA])) == ["accepted"]


async def test_a_token_that_ran_out_is_asked_for_once_more(wire: EmulatedWire) -> None:
    refuse_once(wire, Platform().unauthorized(), lambda asked: asked.path.endswith("/users"))
    async with opened(LinkedIn, with_application(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [ADA])) == ["accepted"]
    assert len([asked for asked in wire.asked if asked.path == "/oauth/token"]) == 2


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Answer(401, {"status": 401, "message": "no"}), Closed, "unauthorized"),
        (Answer(403, {"status": 403, "serviceErrorCode": 100, "message": "no"}), Closed, "unauthorized"),
        (Answer(426, {"status": 426, "message": "Requested version is not active"}), Closed, "version_not_active"),
        (Answer(429, {"status": 429, "message": "no"}), Retryable, "throttled"),
        (Answer(500, {"status": 500, "message": "no"}), Retryable, "http_500"),
        (Answer(400, {"status": 400, "message": "no"}), Refused, "http_400"),
        (Answer(200, {"value": 1}), Retryable, "garbled"),
        (Answer(200, [1]), Retryable, "garbled"),
    ],
)
async def test_every_other_answer_means_one_thing(
    wire: EmulatedWire, answer: Answer, kind: type[DestinationError], reason: str
) -> None:
    answered = wire.platform
    wire.platform = lambda asked: answer if asked.path.endswith("/users") else answered(asked)
    async with opened(LinkedIn, given(wire)) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(VIPS, [ADA])
    assert raised.value.reason == reason
    assert isinstance(raised.value, Closed) == (kind is Closed)


def test_there_is_one_way_in() -> None:
    LinkedIn.Settings.model_validate({"account": "1", "access_token": "t"})
    for wrong in ({}, {"access_token": "t", "client_id": "x"}, {"client_id": "x", "client_secret": "y"}):
        with pytest.raises(ValidationError):
            LinkedIn.Settings.model_validate({"account": "1", **wrong})
