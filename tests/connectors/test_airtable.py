"""A table in Airtable that equals the segment: one record a person, however often it is written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Row, Target
from tidegate.errors import Closed, Refused, Retryable
from tidegate.sandbox import SECRET
from tidegate.sandbox.platforms.airtable import Airtable as Platform
from tidegate.testing import Answer, EmulatedWire, HttpWire, NetworkContract

from .conftest import ROOT

Airtable = registry.load("airtable", ROOT)
TABLE = Target("object", "Best customers")


class TestContract(NetworkContract):
    kind = Airtable
    secrets = (SECRET,)
    emulation = Platform
    description = "airtable.json"
    target = TABLE

    @pytest.fixture
    async def wire(self, described: Any) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            # Somebody whom a removal finds: else there is no call that anything could befall.
            wire.shelf.put("Best customers", "rec0", dict(self.row(0).identifiers))
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"access_token": SECRET, "base": "appShop", "base_url": wire.url}


@asynccontextmanager
async def airtable(wire: Any, **settings: Any) -> AsyncIterator[tuple[Connector, Any]]:
    async with wire, aiohttp.ClientSession() as session:
        connector = Airtable(Airtable.Settings.model_validate({**TestContract().settings(wire), **settings}))
        await connector.open(session)
        yield connector, wire


def ada(**traits: Any) -> Row:
    return Row("ada", {"email": "ada@example.com", "phone": "+12025550100"}, traits)


async def test_a_person_written_twice_has_one_record_and_keeps_what_was_not_mentioned() -> None:
    async with airtable(EmulatedWire(Platform)) as (connector, wire):
        [first] = await connector.upsert(TABLE, [ada(Tier="gold", Spend=12.5)])
        [again] = await connector.upsert(TABLE, [ada(Tier=None, Visits=3)])
        [(_, fields)] = wire.shelf.all("Best customers").items()
    assert first.provider_id == again.provider_id
    assert fields == {"email": "ada@example.com", "phone": "+12025550100", "Spend": 12.5, "Visits": 3}


async def test_the_fields_are_called_what_the_table_calls_them() -> None:
    async with airtable(EmulatedWire(Platform), fields={"email": "E-mail"}, typecast=False) as (connector, wire):
        await connector.upsert(TABLE, [ada(Tier="gold")])
        assert wire.emulation.held(wire.shelf, TABLE) == {"ada@example.com": {"Tier": "gold"}}
    [asked] = wire.asked
    assert asked.path == "/v0/appShop/Best%20customers"
    assert asked.json() == {
        "performUpsert": {"fieldsToMergeOn": ["E-mail"]},
        "records": [{"fields": {"E-mail": "ada@example.com", "phone": "+12025550100", "Tier": "gold"}}],
        "typecast": False,
    }


async def test_rows_known_by_different_identifiers_go_in_calls_of_their_own_and_come_back_in_order() -> None:
    rows = [ada(), Row("bob", {"phone": "+12025550111"}), Row("nobody", {}), Row("eve", {"email": "eve@example.com"})]
    async with airtable(EmulatedWire(Platform)) as (connector, wire):
        outcomes = await connector.upsert(TABLE, rows)
    assert [outcome.verdict for outcome in outcomes] == ["accepted", "accepted", "rejected", "accepted"]
    assert outcomes[2].reason == "no_identifier"
    assert [asked.json()["performUpsert"]["fieldsToMergeOn"] for asked in wire.asked] == [["email"], ["phone"]]


async def test_of_two_rows_for_one_record_the_last_counts() -> None:
    async with airtable(EmulatedWire(Platform)) as (connector, wire):
        outcomes = await connector.upsert(TABLE, [ada(Tier="silver"), ada(Tier="gold")])
        assert [fields["Tier"] for fields in wire.shelf.all("Best customers").values()] == ["gold"]
    assert [outcome.verdict for outcome in outcomes] == ["accepted", "accepted"]


@pytest.mark.parametrize("email", ["o'hara@example.com", "back\\slash@example.com", "}')&''@example.com"])
async def test_whoever_is_removed_is_found_by_exactly_their_value(email: str) -> None:
    async with airtable(EmulatedWire(Platform), fields={"email": "E{ma}il"}) as (connector, wire):
        await connector.upsert(TABLE, [Row("p", {"email": email}), ada()])
        await connector.remove(TABLE, [Row("p", {"email": email}), Row("stranger", {"email": "x@example.com"})])
        assert [fields["E{ma}il"] for fields in wire.shelf.all("Best customers").values()] == ["ada@example.com"]


async def test_all_records_of_a_person_go_though_there_be_more_than_a_call_takes() -> None:
    async with airtable(EmulatedWire(Platform)) as (connector, wire):
        for number in range(205):
            wire.shelf.put("Best customers", f"rec{number}", {"email": "ada@example.com"})
        await connector.remove(TABLE, [ada()])
        assert wire.shelf.all("Best customers") == {}
    deleted = [len(asked.every("records[]")) for asked in wire.asked if asked.method == "DELETE"]
    assert deleted == [10] * 20 + [5]


async def test_one_value_that_a_field_does_not_take_refuses_the_call_so_that_it_is_halved() -> None:
    async with airtable(EmulatedWire(Platform)) as (connector, wire):
        wire.order(kind="refuse", match="eve@*", reason="not an option")
        with pytest.raises(Refused, match="not an option"):
            await connector.upsert(TABLE, [ada(), Row("eve", {"email": "eve@example.com"})])
        assert wire.shelf.all("Best customers") == {}
        [outcome] = await connector.upsert(TABLE, [ada()])
    assert outcome.verdict == "accepted"


async def test_who_asked_too_often_waits_for_the_thirty_seconds_that_airtable_wants() -> None:
    async with airtable(HttpWire(lambda asked: Answer(429, {"errors": [{"error": "RATE_LIMIT_REACHED"}]}))) as (
        connector,
        _,
    ):
        with pytest.raises(Retryable) as raised:
            await connector.upsert(TABLE, [ada()])
    assert (raised.value.reason, raised.value.after) == ("throttled", 30.0)


@pytest.mark.parametrize(
    ("status", "error", "kind", "reason"),
    [
        (401, {"type": "AUTHENTICATION_REQUIRED"}, Closed, "unauthorized"),
        (403, {"type": "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"}, Closed, "unauthorized"),
        (404, "NOT_FOUND", Retryable, "no_table"),
        (422, {"type": "UNKNOWN_FIELD_NAME", "message": 'Unknown field name: "Tier"'}, Retryable, "no_field"),
        (422, {"type": "INVALID_VALUE_FOR_COLUMN", "message": "no"}, Refused, "refused"),
        (503, {"type": "SERVICE_UNAVAILABLE"}, Retryable, "unavailable"),
    ],
)
async def test_every_error_means_one_thing(status: int, error: Any, kind: type[Exception], reason: str) -> None:
    async with airtable(HttpWire(lambda asked: Answer(status, {"error": error}))) as (connector, _):
        with pytest.raises(kind, match=reason) as raised:
            await connector.upsert(TABLE, [ada(Tier="gold")])
    assert type(raised.value) is kind


@pytest.mark.parametrize("shape", ["error", "errors"])
async def test_a_month_whose_calls_are_used_up_is_not_waited_for_by_the_half_minute(shape: str) -> None:
    error = {"type": "PUBLIC_API_BILLING_LIMIT_EXCEEDED", "message": "API billing plan limit exceeded."}
    body = {"error": error} if shape == "error" else {"errors": [{"error": error["type"], "message": "limit"}]}
    async with airtable(HttpWire(lambda asked: Answer(429, body))) as (connector, _):
        with pytest.raises(Closed, match="needs_plan"):
            await connector.upsert(TABLE, [ada()])


async def test_an_answer_with_fewer_records_than_were_given_is_no_success() -> None:
    async with airtable(HttpWire(lambda asked: Answer(200, {"records": []}))) as (connector, _):
        with pytest.raises(Retryable, match="partly_taken"):
            await connector.upsert(TABLE, [ada()])
