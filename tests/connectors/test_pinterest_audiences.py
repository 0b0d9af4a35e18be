"""Customer lists at Pinterest: created with their first records, and made audiences as soon as Pinterest allows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from tidegate import registry
from tidegate.connector import Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.pinterest_audiences import Pinterest as Platform
from tidegate.testing import Answer, EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description

from .adlists import hashed, refuse_once
from .conftest import ROOT
from .opening import opened, verdicts

Pinterest = registry.load("pinterest_audiences", ROOT)
VIPS = Target("list", "VIP customers")
ADA = Row("ada", {"email": hashed("ada@example.com"), "phone": hashed("12025550100"), "external_id": "C-7"})
BOB = Row("bob", {"email": hashed("bob@example.com")})
EVE = Row("eve", {"email": hashed("eve@example.com"), "mobile_advertiser_id": hashed("ea7583cd-a667")})


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"ad_account": "549755885175", "access_token": SECRET, "base_url": wire.url, **more}


def with_application(wire: HttpWire) -> dict[str, Any]:
    app = {"client_id": "app", "client_secret": SECRET, "refresh_token": "r", "token_url": f"{wire.url}/oauth/token"}
    return {name: value for name, value in given(wire, **app).items() if name != "access_token"}


def written(wire: HttpWire) -> list[dict[str, Any]]:
    return [asked.json() for asked in wire.asked if asked.method != "GET" and "/customer_lists" in asked.path]


class TestContract(NetworkContract):
    kind = Pinterest
    emulation = Platform
    secrets = (SECRET,)

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


async def test_a_list_is_created_with_its_first_records_and_extended_by_the_next(wire: EmulatedWire) -> None:
    async with opened(Pinterest, given(wire)) as connector:
        await connector.upsert(VIPS, [BOB])
        await connector.upsert(VIPS, [EVE])
        await connector.remove(VIPS, [BOB])
    bob, eve = BOB.identifiers["email"], ",".join(EVE.identifiers.values())
    assert written(wire) == [
        {"name": "VIP customers", "list_type": "EMAIL", "records": bob},
        {"operation_type": "ADD", "records": eve},
        {"operation_type": "REMOVE", "records": bob},
    ]
    assert list(wire.shelf.lists().values()) == ["VIP customers"]


async def test_what_the_older_form_cannot_say_goes_by_rows(wire: EmulatedWire) -> None:
    async with opened(Pinterest, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [ADA, EVE])) == ["accepted", "accepted"]
    assert written(wire)[0]["records_v2"] == [
        {
            "email": ADA.identifiers["email"],
            "hashed_phone_number": ADA.identifiers["phone"],
            "external_id": "C-7",
        },
        {"email": EVE.identifiers["email"], "maid": EVE.identifiers["mobile_advertiser_id"]},
    ]


async def test_a_list_of_mobile_ids_is_one(wire: EmulatedWire) -> None:
    async with opened(Pinterest, given(wire)) as connector:
        await connector.upsert(VIPS, [Row("eve", {"mobile_advertiser_id": "e" * 64})])
    assert written(wire) == [{"name": "VIP customers", "list_type": "MAID", "records": "e" * 64}]


async def test_batches_at_the_same_time_make_one_list_and_are_all_on_it(wire: EmulatedWire) -> None:
    people = [[Row(f"p{n}", {"email": f"{n:064x}"})] for n in range(6)]
    async with opened(Pinterest, given(wire)) as connector:
        done = await asyncio.gather(*(connector.upsert(VIPS, rows) for rows in people))
    assert [verdicts(outcomes) for outcomes in done] == [["accepted"]] * 6
    assert list(wire.shelf.lists().values()) == ["VIP customers"]
    assert set(Platform().held(wire.shelf, VIPS)) == {rows[0].identifiers["email"] for rows in people}


async def test_a_list_becomes_one_audience_and_no_more(wire: EmulatedWire) -> None:
    for _ in range(2):
        async with opened(Pinterest, given(wire)) as connector:
            await connector.upsert(VIPS, [BOB])
            await connector.upsert(VIPS, [EVE])
    [list_id] = wire.shelf.lists()
    [body] = [asked.json() for asked in wire.asked if asked.method == "POST" and asked.path.endswith("/audiences")]
    assert body == {
        "ad_account_id": "549755885175",
        "name": "VIP customers",
        "audience_type": "CUSTOMER_LIST",
        "rule": {"customer_list_id": list_id},
    }


async def test_an_audience_that_is_still_too_small_is_no_rows_fault_and_is_asked_for_again(wire: EmulatedWire) -> None:
    answered = wire.platform
    small = Answer(400, {"code": 1408, "message": "too few people"})
    wire.platform = lambda asked: small if asked.path.endswith("/audiences") and asked.body else answered(asked)
    async with opened(Pinterest, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [BOB])) == ["accepted"]
        assert verdicts(await connector.upsert(VIPS, [EVE])) == ["accepted"]
    wire.platform = answered
    assert wire.shelf.all("_audiences") == {}
    async with opened(Pinterest, given(wire)) as connector:
        await connector.upsert(VIPS, [BOB])
    assert len(wire.shelf.all("_audiences")) == 1


async def test_a_list_need_not_become_an_audience(wire: EmulatedWire) -> None:
    async with opened(Pinterest, given(wire, make_audience=False)) as connector:
        await connector.upsert(VIPS, [BOB])
    assert not [asked for asked in wire.asked if asked.path.endswith("/audiences")]


async def test_of_lists_with_one_name_the_oldest_is_taken_on_whatever_page_it_is(wire: EmulatedWire) -> None:
    for number in range(600):
        wire.shelf.new_list(str(2000 - number), "VIP customers" if number in (3, 555) else f"List {number}")
    async with opened(Pinterest, given(wire)) as connector:
        [outcome] = await connector.upsert(VIPS, [BOB])
    assert outcome.provider_id == "1445"


async def test_people_are_taken_off_by_everything_they_were_put_on_by(wire: EmulatedWire) -> None:
    async with opened(Pinterest, given(wire)) as connector:
        assert await connector.remove(VIPS, [ADA]) == [Outcome.accepted()]
        assert wire.shelf.lists() == {}
        await connector.upsert(VIPS, [ADA, BOB])
        assert verdicts(await connector.remove(VIPS, [ADA])) == ["accepted"]
    assert list(Platform().held(wire.shelf, VIPS)) == [BOB.identifiers["email"]]


async def test_somebody_with_nothing_to_match_by_is_refused_alone(wire: EmulatedWire) -> None:
    async with opened(Pinterest, given(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [Row("x", {}), BOB])) == ["rejected", "accepted"]
        assert verdicts(await connector.upsert(VIPS, [Row("x", {})])) == ["rejected"]


async def test_records_that_are_refused_are_to_be_halved(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match=BOB.identifiers["email"], reason="invalid record")
    async with opened(Pinterest, given(wire)) as connector:
        with pytest.raises(Refused, match="pinterest_1"):
            await connector.upsert(VIPS, [BOB, EVE])
        assert verdicts(await connector.upsert(VIPS, [EVE])) == ["accepted"]


async def test_a_list_that_comes_back_with_exceptions_was_not_changed(wire: EmulatedWire) -> None:
    wire.shelf.new_list("7", "VIP customers")
    answered = wire.platform
    wrong = Answer(200, {"id": "7", "exceptions": {"code": 2, "message": "Advertiser not found."}})
    wire.platform = lambda asked: wrong if asked.method == "PATCH" else answered(asked)
    async with opened(Pinterest, given(wire)) as connector:
        with pytest.raises(Refused, match="pinterest_2: Advertiser not found"):
            await connector.upsert(VIPS, [BOB])


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call(wire: EmulatedWire) -> None:
    async with opened(Pinterest, given(wire)) as connector:
        await connector.upsert(VIPS, [BOB])
        [old] = wire.shelf.lists()
        wire.shelf.drop_list(old)
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [EVE])
        assert verdicts(await connector.upsert(VIPS, [EVE])) == ["accepted"]


async def test_a_token_that_ran_out_is_asked_for_once_more_with_the_client_in_the_header(wire: EmulatedWire) -> None:
    wire.shelf.new_list("7", "VIP customers")
    refuse_once(wire, Platform().unauthorized(), lambda asked: asked.method == "PATCH")
    async with opened(Pinterest, with_application(wire)) as connector:
        assert verdicts(await connector.upsert(VIPS, [BOB])) == ["accepted"]
    tokens = [asked for asked in wire.asked if asked.path == "/oauth/token"]
    assert len(tokens) == 2
    assert all(asked.headers["authorization"].startswith("Basic ") for asked in tokens)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (Answer(401, {"code": 2, "message": "no"}), Closed, "unauthorized"),
        (Answer(403, {"code": 29, "message": "no"}), Closed, "unauthorized"),
        (Answer(429, {"code": 8, "message": "no"}), Retryable, "throttled"),
        (Answer(500, {"code": 12, "message": "no"}), Retryable, "http_500"),
        (Answer(400, {"code": 1, "message": "no"}), Refused, "pinterest_1"),
        (Answer(400, {"code": 2740, "message": "MALFORMATTED_USER_LIST"}), Refused, "pinterest_2740"),
        (Answer(400, {"code": 1018, "message": "USER_LIST_NOT_FOUND"}), Retryable, "list_gone"),
        (Answer(404, {"code": 1001, "message": "no"}), Retryable, "list_gone"),
        (Answer(200, {"id": "7", "exceptions": {"code": 1018, "message": "no"}}), Retryable, "list_gone"),
        (Answer(400, "no"), Refused, "http_400"),
        (Answer(200, {"status": "READY"}), Retryable, "garbled"),
        (Answer(200, ["?"]), Retryable, "garbled"),
    ],
)
async def test_every_other_answer_means_one_thing(
    wire: EmulatedWire, answer: Answer, kind: type[DestinationError], reason: str
) -> None:
    wire.shelf.new_list("7", "VIP customers")
    answered = wire.platform
    wire.platform = lambda asked: answer if asked.method == "PATCH" else answered(asked)
    async with opened(Pinterest, given(wire)) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(VIPS, [BOB])
    assert raised.value.reason == reason
    assert isinstance(raised.value, Closed) == (kind is Closed)


def test_there_is_one_way_in() -> None:
    Pinterest.Settings.model_validate({"ad_account": "1", "access_token": "t"})
    for wrong in ({}, {"access_token": "t", "client_id": "x"}, {"client_id": "x", "client_secret": "y"}):
        with pytest.raises(ValidationError):
            Pinterest.Settings.model_validate({"ad_account": "1", **wrong})
