"""Customer match at Microsoft: one kind of item a call, and what is not taken is named by its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.microsoft_audiences import Microsoft as Platform
from tidegate.testing import Answer, EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description

from .adlists import hashed, refuse_once
from .conftest import ROOT
from .opening import opened, verdicts

Microsoft = registry.load("microsoft_audiences", ROOT)
VIPS = Target("list", "VIP customers")
ADA = Row("ada", {"email": hashed("ada@example.com"), "phone": hashed("+12025550100")})
BOB = Row("bob", {"email": hashed("bob@example.com")})
EVE = Row("eve", {"phone": hashed("+12025550101"), "crm_id": "C-42"})


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {
        "customer_id": "11",
        "account_id": "22",
        "developer_token": "developer-token-7",
        "client_id": "app",
        "client_secret": SECRET,
        "refresh_token": "M.C500_refresh",
        "base_url": wire.url,
        "token_url": f"{wire.url}/oauth/token",
        **more,
    }


def applied(wire: HttpWire) -> list[dict[str, Any]]:
    return [asked.json()["CustomerListUserData"] for asked in wire.asked if asked.path.endswith("/Apply")]


class TestContract(NetworkContract):
    kind = Microsoft
    emulation = Platform
    description = "microsoft_ads.json"
    # The description knows an Audience without any field, and no query for them.
    undescribed = ("/CampaignManagement/v13/Audiences*",)
    secrets = (SECRET, "developer-token-7", "M.C500_refresh")

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("7", "VIP customers")
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_call_carries_one_kind_of_item_and_the_accounts(wire: EmulatedWire) -> None:
    async with opened(Microsoft, given(wire, customer_match_terms="accepted")) as connector:
        assert verdicts(await connector.upsert(VIPS, [ADA, BOB, EVE])) == ["accepted"] * 3
    [list_id] = wire.shelf.lists()
    same = {"AudienceId": list_id, "ActionType": "Add", "AcceptCustomerMatchTerm": True}
    emails = [ADA.identifiers["email"], BOB.identifiers["email"]]
    phones = [ADA.identifiers["phone"], EVE.identifiers["phone"]]
    assert applied(wire) == [
        {**same, "CustomerListItemSubType": "Email", "CustomerListItems": emails},
        {**same, "CustomerListItemSubType": "Phone", "CustomerListItems": phones},
        {**same, "CustomerListItemSubType": "CRM", "CustomerListItems": ["C-42"]},
    ]
    headers = wire.asked[-1].headers
    assert (headers["customerid"], headers["customeraccountid"]) == ("11", "22")
    assert headers["developertoken"] == "developer-token-7"
    [token] = [asked for asked in wire.asked if asked.path == "/oauth/token"]
    assert token.form()["scope"] == "https://ads.microsoft.com/msads.manage offline_access"


async def test_the_terms_are_accepted_only_where_the_settings_say_so(wire: EmulatedWire) -> None:
    async with opened(Microsoft, given(wire)) as connector:
        await connector.upsert(VIPS, [BOB])
    assert "AcceptCustomerMatchTerm" not in applied(wire)[0]


async def test_a_list_is_created_once_and_found_again(wire: EmulatedWire) -> None:
    wire.shelf.new_list("5", "Others")
    for _ in range(2):
        async with opened(Microsoft, given(wire, membership_days=90)) as connector:
            await connector.upsert(VIPS, [ADA])
    [body] = [asked.json() for asked in wire.asked if asked.path.endswith("/v13/Audiences")]
    assert body == {
        "Audiences": [
            {
                "Type": "CustomerList",
                "Name": "VIP customers",
                "Description": "Kept equal to a segment",
                "ParentId": "22",
                "Scope": "Account",
                "MembershipDuration": 90,
            }
        ]
    }
    assert sorted(wire.shelf.lists().values()) == ["Others", "VIP customers"]


async def test_an_item_that_is_not_taken_is_one_rows_fault(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match=BOB.identifiers["email"], reason="not an address")
    async with opened(Microsoft, given(wire)) as connector:
        outcomes = await connector.upsert(VIPS, [ADA, BOB, EVE])
    assert verdicts(outcomes) == ["accepted", "rejected", "accepted"]
    assert outcomes[1].reason == "microsoft_8002"
    assert "not an address" in outcomes[1].detail


async def test_one_value_that_is_taken_is_enough_to_be_known_by(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match=ADA.identifiers["email"], reason="no")
    wire.order(kind="refuse", match=EVE.identifiers["phone"], reason="no")
    async with opened(Microsoft, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [ADA, EVE])) == ["accepted", "accepted"]
    assert set(Platform().held(wire.shelf, VIPS)) == {ADA.identifiers["phone"], "C-42"}


async def test_somebody_with_nothing_to_match_by_is_refused_alone(wire: EmulatedWire) -> None:
    async with opened(Microsoft, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [Row("x", {})])) == ["rejected"]
        assert wire.shelf.lists() == {}
        assert verdicts(await connector.upsert(VIPS, [Row("x", {}), BOB])) == ["rejected", "accepted"]


async def test_people_are_taken_off_by_everything_they_were_put_on_by(wire: EmulatedWire) -> None:
    async with opened(Microsoft, given(wire)) as connector:
        assert await connector.remove(VIPS, [ADA]) == [Outcome.accepted()]
        assert wire.shelf.lists() == {}
        await connector.upsert(VIPS, [ADA, BOB])
        assert verdicts(await connector.remove(VIPS, [ADA])) == ["accepted"]
    assert list(Platform().held(wire.shelf, VIPS)) == [BOB.identifiers["email"]]


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call(wire: EmulatedWire) -> None:
    async with opened(Microsoft, given(wire)) as connector:
        await connector.upsert(VIPS, [ADA])
        [old] = wire.shelf.lists()
        wire.shelf.drop_list(old)
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ADA])
        assert verdicts(await connector.upsert(VIPS, [ADA])) == ["accepted"]


async def test_a_token_that_ran_out_is_asked_for_once_more(wire: EmulatedWire) -> None:
    refuse_once(wire, Platform().unauthorized(), lambda asked: asked.path.endswith("/Apply"))
    async with opened(Microsoft, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [BOB])) == ["accepted"]
    assert len([asked for asked in wire.asked if asked.path == "/oauth/token"]) == 2


def errors(*found: Mapping[str, Any], within: str = "Errors", status: int = 400) -> Answer:
    return Answer(status, {"TrackingId": "1", within: list(found)})


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (errors({"Code": 117, "ErrorCode": "CallRateExceeded"}), Retryable, "throttled"),
        (
            errors({"Code": 207, "ErrorCode": "ConcurrentRequestOverLimit"}, within="OperationErrors"),
            Retryable,
            "throttled",
        ),
        (errors({"Code": 0, "ErrorCode": "InternalError"}, status=500), Retryable, "unavailable"),
        (errors({"Code": 105, "ErrorCode": "InvalidCredentials"}), Closed, "unauthorized"),
        (errors({"Code": 106, "ErrorCode": "UserIsNotAuthorized"}), Closed, "unauthorized"),
        (errors({"Code": 8003}), Closed, "terms_not_accepted"),
        (
            errors({"ErrorCode": "CustomerListTermsAndConditionsNotAccepted"}, within="PartialErrors", status=200),
            Closed,
            "terms_not_accepted",
        ),
        (errors({"Code": 117, "Index": 0}, within="PartialErrors", status=200), Retryable, "throttled"),
        (errors({"Code": 8001, "ErrorCode": "X"}, within="PartialErrors", status=200), Refused, "microsoft_8001"),
        (errors({"Code": 8001, "ErrorCode": "X"}), Refused, "microsoft_8001"),
        (Answer(401, {}), Closed, "unauthorized"),
        (Answer(200, {"PartialErrors": "?"}), Retryable, "garbled"),
        (Answer(200, {"message": "welcome"}), Retryable, "garbled"),
        (Answer(200, ["?"]), Retryable, "garbled"),
    ],
)
async def test_every_other_answer_means_one_thing(
    wire: EmulatedWire, answer: Answer, kind: type[DestinationError], reason: str
) -> None:
    answered = wire.platform
    wire.platform = lambda asked: answer if asked.path.endswith("/Apply") else answered(asked)
    async with opened(Microsoft, given(wire)) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(VIPS, [BOB])
    assert raised.value.reason == reason
    assert isinstance(raised.value, Closed) == (kind is Closed)


async def test_an_empty_answer_says_that_nothing_went_wrong(wire: EmulatedWire) -> None:
    answered = wire.platform
    wire.platform = lambda asked: (
        Answer(200, {"PartialErrors": None}) if asked.path.endswith("/Apply") else answered(asked)
    )
    async with opened(Microsoft, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [BOB])) == ["accepted"]
