"""Salesforce: records written by an external id, few at once or thousands in a job, each with its own outcome."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tidegate import registry
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET, Answer, Asked
from tidegate.sandbox.platforms.salesforce import Salesforce
from tidegate.testing import EmulatedWire, HttpWire, NetworkContract
from tidegate.testing.descriptions import Description
from tidegate.testing.judging import settled

from . import opening
from .conftest import ROOT
from .opening import verdicts

Kind = registry.load("salesforce", ROOT)
CONTACT = Target("object", "Contact")
APP = {"client_id": "3MVG9consumerkey", "client_secret": SECRET}


class TestContract(NetworkContract):
    kind = Kind
    emulation = Salesforce
    description = "salesforce.json"
    # deletions of collections; creations and updates share their path, and are held to the description below
    undescribed = ("/services/data/*/composite/sobjects",)
    secrets = (SECRET,)
    target = CONTACT

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Salesforce, watch=described.watch) as wire:
            # Whoever is not there is not asked to be deleted.
            wire.shelf.put("Contact", "0035e0000000000AAA", {"External_Id__c": "v0", "LastName": "No. 0"})
            wire.shelf.put(
                "_known", "0035e0000000000AAA", {"value": "v0", "field": "External_Id__c", "kind": "Contact"}
            )
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {**APP, "base_url": wire.url, "token_url": f"{wire.url}/oauth/token"}

    def row(self, number: int) -> Row:
        return Row(f"p{number}", {"external_id": f"v{number}"}, {"Score__c": number, "LastName": f"No. {number}"})


class TestJobs(TestContract):
    """Everything as jobs."""

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {**super().settings(wire), "bulk_from": 1}


def opened(wire: HttpWire, **settings: Any) -> AbstractAsyncContextManager[Connector]:
    given = {**APP, "base_url": wire.url, **settings}
    return opening.opened(Kind, given)


@pytest.fixture
async def salesforce() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Salesforce) as wire:
        yield wire


def person(name: str, **traits: Any) -> Row:
    return Row(name, {"external_id": name}, {"LastName": name.title(), **traits})


def crowd(count: int, **traits: Any) -> list[Row]:
    return [person(f"p{number}", **traits) for number in range(count)]


def written(wire: HttpWire) -> list[Asked]:
    return [asked for asked in wire.asked if asked.method in ("POST", "PATCH") and "sobjects" in asked.path]


async def answered(platform: Callable[[Asked], Answer], *rows: Row, target: Target = CONTACT) -> list[Outcome]:
    def with_token(asked: Asked) -> Answer:
        token = {"access_token": "t", "instance_url": "https://example.my.salesforce.com"}
        return Answer(200, token) if asked.path.endswith("token") else platform(asked)

    async with HttpWire(with_token) as wire, opened(wire) as connector:
        return await connector.upsert(target, rows or [person("ada")])


def said(status: int, code: str, message: str = "no") -> Answer:
    return Answer(status, [{"message": message, "errorCode": code}])


def failure(code: str, message: str = "no") -> dict[str, Any]:
    return {"success": False, "errors": [{"statusCode": code, "message": message, "fields": []}]}


async def test_values_are_written_in_the_form_that_salesforce_reads(salesforce: EmulatedWire) -> None:
    traits = {
        "Score__c": 12.5,
        "Is_Vip__c": True,
        "Colours__c": ["red", "blue"],
        "Birthdate": "1997-02-16",
        "Last_Order__c": "2026-03-01 09:30:00+01",
        "Tier__c": None,
    }
    async with opened(salesforce) as connector:
        assert verdicts(await connector.upsert(CONTACT, [person("ada", **traits)])) == ["accepted"]
    [asked] = written(salesforce)
    assert asked.path == "/services/data/v65.0/composite/sobjects/Contact/External_Id__c"
    assert asked.json() == {
        "allOrNone": False,
        "records": [
            {
                "attributes": {"type": "Contact"},
                "External_Id__c": "ada",
                "LastName": "Ada",
                "Score__c": 12.5,
                "Is_Vip__c": True,
                "Colours__c": "red;blue",
                "Birthdate": "1997-02-16",
                "Last_Order__c": "2026-03-01T08:30:00.000Z",
                "Tier__c": None,
            }
        ],
    }


async def test_a_job_has_an_empty_cell_for_what_stays_and_a_mark_for_what_is_emptied(salesforce: EmulatedWire) -> None:
    rows = [
        *crowd(201),
        person("ada", Tier__c=None, Note__c='5" wide,\ntall', Is_Vip__c=False),
        person("eve", Tier__c="a"),
    ]
    async with opened(salesforce, bulk_from=201) as connector:
        assert verdicts(await settled(connector, CONTACT, rows)) == ["accepted"] * 203
    [upload] = [asked for asked in salesforce.asked if asked.method == "PUT"]
    table = list(csv.reader(io.StringIO(upload.body.decode(), newline="")))
    assert upload.headers["content-type"] == "text/csv"
    assert table[0] == ["External_Id__c", "Is_Vip__c", "LastName", "Note__c", "Tier__c"]
    assert table[1] == ["p0", "", "P0", "", ""]
    assert table[-2:] == [["ada", "false", "Ada", '5" wide,\ntall', "#N/A"], ["eve", "", "Eve", "", "a"]]


async def test_hundreds_go_in_collections_of_two_hundred_and_thousands_in_one_job(salesforce: EmulatedWire) -> None:
    async with opened(salesforce, bulk_from=500) as connector:
        outcomes = await connector.upsert(CONTACT, crowd(450))
        assert verdicts(outcomes) == ["accepted"] * 450
        assert [len(asked.json()["records"]) for asked in written(salesforce)] == [200, 200, 50]
        outcomes = await connector.upsert(CONTACT, crowd(500))
        assert {outcome.verdict for outcome in outcomes} == {"pending"}
        [job] = {outcome.job for outcome in outcomes}
        assert verdicts(await connector.poll(job, CONTACT, crowd(500), removing=False)) == ["pending"] * 500
        assert verdicts(await connector.poll(job, CONTACT, crowd(500), removing=False)) == ["accepted"] * 500


async def test_the_rows_that_failed_in_a_job_are_named_with_salesforces_reason(salesforce: EmulatedWire) -> None:
    rows = crowd(300)
    rows[7] = Row("p7", {"external_id": "p7"}, {"LastName": None})
    salesforce.order(kind="refuse", match="p9", reason="Tier must be one of a, b")
    async with opened(salesforce, bulk_from=201) as connector:
        outcomes = await settled(connector, CONTACT, rows)
    bad = {place: outcome for place, outcome in enumerate(outcomes) if outcome.verdict != "accepted"}
    assert {place: (one.verdict, one.reason) for place, one in bad.items()} == {
        7: ("rejected", "required_field_missing"),
        9: ("rejected", "field_custom_validation_exception"),
    }
    assert "Tier must be one of" in bad[9].detail
    assert len(salesforce.shelf.all("Contact")) == 298


async def test_of_a_large_job_there_are_several(salesforce: EmulatedWire, monkeypatch: pytest.MonkeyPatch) -> None:
    module = __import__(Kind.__module__)
    monkeypatch.setattr(module, "LARGEST_JOB", 2_000)
    async with opened(salesforce, bulk_from=201) as connector:
        outcomes = await connector.upsert(CONTACT, crowd(300, Note__c="x" * 20))
        assert len({outcome.job for outcome in outcomes}) > 3
    async with opened(salesforce, bulk_from=201) as connector:
        assert verdicts(await settled(connector, CONTACT, crowd(300))) == ["accepted"] * 300


@pytest.mark.parametrize(
    ("job", "verdict", "reason"),
    [
        (Answer(200, {"id": "7", "state": "Aborted"}), "retry", "job_failed"),
        (Answer(200, {"id": "7", "state": "Failed", "errorMessage": "InternalServerError"}), "retry", "job_failed"),
        (
            Answer(200, {"id": "7", "state": "Failed", "errorMessage": "InvalidBatch : Field name not found : Teir"}),
            "rejected",
            "job_failed",
        ),
        (said(404, "NOT_FOUND"), "retry", "job_gone"),
    ],
)
async def test_a_job_that_came_to_nothing_says_so(job: Answer, verdict: str, reason: str) -> None:
    def platform(asked: Asked) -> Answer:
        return Answer(200, {"access_token": "t"}) if asked.path.endswith("token") else job

    async with HttpWire(platform) as wire, opened(wire) as connector:
        outcomes = await connector.poll("7", CONTACT, crowd(2), removing=False)
    assert [(one.verdict, one.reason) for one in outcomes] == [(verdict, reason)] * 2


async def test_failures_that_cannot_be_read_are_not_taken_for_successes() -> None:
    def platform(asked: Asked) -> Answer:
        if asked.path.endswith("token"):
            return Answer(200, {"access_token": "t"})
        if asked.path.endswith("failedResults"):
            return Answer(200, "<html>welcome</html>")
        return Answer(200, {"id": "7", "state": "JobComplete", "numberRecordsProcessed": 2, "numberRecordsFailed": 1})

    async with HttpWire(platform) as wire, opened(wire) as connector:
        with pytest.raises(Retryable, match="garbled"):
            await connector.poll("7", CONTACT, crowd(2), removing=False)


async def test_whoever_is_in_a_job_twice_waits_for_the_next_call(salesforce: EmulatedWire) -> None:
    async with opened(salesforce, bulk_from=201) as connector:
        outcomes = await connector.upsert(CONTACT, [*crowd(201), person("P0")])
    assert verdicts(outcomes) == ["pending"] * 201 + ["retry"]


async def test_two_rows_of_one_record_are_never_in_one_collection(salesforce: EmulatedWire) -> None:
    async with opened(salesforce) as connector:
        outcomes = await connector.upsert(CONTACT, [person("ada", Tier__c="a"), person("ada", Tier__c="b")])
    assert verdicts(outcomes) == ["accepted"] * 2
    assert [one["Tier__c"] for one in salesforce.shelf.all("Contact").values()] == ["b"]


async def test_create_and_update_are_as_described(salesforce: EmulatedWire, description: Any) -> None:
    checker = description("salesforce.json")
    async with opened(salesforce) as connector:
        await connector.upsert(CONTACT, [person("ada", Tier__c="old")])
        create, update = Target("object", "Contact", "create"), Target("object", "Contact", "update")
        assert verdicts(await connector.upsert(create, [person("ada", Tier__c="x"), person("eve")])) == ["accepted"] * 2
        outcomes = await connector.upsert(update, [person("eve", Tier__c="new"), person("o'neil\\")])
    for asked in salesforce.asked:
        checker(asked)
    assert [(one.verdict, one.reason) for one in outcomes] == [("accepted", ""), ("rejected", "not_found")]
    assert [one.get("Tier__c") for one in salesforce.shelf.all("Contact").values()] == ["old", "new"]


async def test_somebody_with_a_quote_in_their_id_is_found_and_nobody_else(salesforce: EmulatedWire) -> None:
    names = ["o'neil\\", "x') OR Name != ('", "line\nfeed"]
    rows = [Row(name, {"external_id": name}, {"LastName": "N"}) for name in names]
    async with opened(salesforce) as connector:
        await connector.upsert(CONTACT, [*rows, person("ada")])
        assert verdicts(await connector.remove(CONTACT, rows)) == ["accepted"] * 3
    assert [one["External_Id__c"] for one in salesforce.shelf.all("Contact").values()] == ["ada"]


async def test_two_ids_that_differ_in_their_case_alone_are_two_records(salesforce: EmulatedWire) -> None:
    rows = [Row(name, {"external_id": name}, {"LastName": name}) for name in ("c-1a", "c-1A")]
    async with opened(salesforce) as connector:
        await connector.upsert(CONTACT, [*rows, person("ada")])
        assert verdicts(await connector.remove(CONTACT, rows)) == ["accepted"] * 2
    assert [one["External_Id__c"] for one in salesforce.shelf.all("Contact").values()] == ["ada"]


async def test_records_can_be_known_by_salesforces_own_id(salesforce: EmulatedWire) -> None:
    async with opened(salesforce) as connector:
        [outcome] = await connector.upsert(CONTACT, [person("ada")])
        record = outcome.provider_id
        row = Row("ada", {"record_id": str(record), "external_id": "c-1"}, {"Tier__c": "vip"})
        assert verdicts(await connector.upsert(CONTACT, [row])) == ["accepted"]
        stranger = Row("eve", {"record_id": "0035e0000000009AAA"}, {"Tier__c": "vip"})
        assert [one.reason for one in await connector.upsert(CONTACT, [stranger])] == ["not_found"]
        assert [one.reason for one in await connector.upsert(Target("object", "Contact", "create"), [stranger])] == [
            "no_external_id"
        ]
    async with opened(salesforce, bulk_from=1) as connector:
        # A job would write over what is there.
        row = Row("ada", {"record_id": str(record)}, {"Tier__c": "none"})
        assert [one.reason for one in await connector.upsert(Target("object", "Contact", "create"), [row])] == [
            "no_external_id"
        ]
    async with opened(salesforce) as connector:
        assert salesforce.shelf.get("Contact", str(record)) == {
            "External_Id__c": "c-1",
            "LastName": "Ada",
            "Tier__c": "vip",
        }
        assert verdicts(await connector.remove(CONTACT, [row, stranger])) == ["accepted"] * 2
    assert salesforce.shelf.all("Contact") == {}


async def test_a_field_that_does_not_exist_rejects_the_rows_that_set_it_in_one_call_more(
    salesforce: EmulatedWire,
) -> None:
    rows = [person("ada", NoSuch__c=1), person("eve"), person("bob", NoSuch__c=None)]
    async with opened(salesforce) as connector:
        outcomes = await connector.upsert(CONTACT, rows)
    assert [one.reason for one in outcomes] == ["unknown_field", "", "unknown_field"]
    assert len(written(salesforce)) == 2


@pytest.mark.parametrize(
    ("code", "verdict", "reason"),
    [
        ("UNABLE_TO_LOCK_ROW", "retry", "unable_to_lock_row"),
        ("SERVER_UNAVAILABLE", "retry", "server_unavailable"),
        ("REQUEST_LIMIT_EXCEEDED", "retry", "throttled"),
        ("STORAGE_LIMIT_EXCEEDED", "retry", "storage_limit_exceeded"),
        ("REQUIRED_FIELD_MISSING", "rejected", "required_field_missing"),
        ("STRING_TOO_LONG", "rejected", "string_too_long"),
        ("DUPLICATE_VALUE", "rejected", "duplicate_value"),
        ("ENTITY_IS_DELETED", "rejected", "not_found"),
    ],
)
async def test_a_200_with_a_record_that_failed_is_that_records_outcome(code: str, verdict: str, reason: str) -> None:
    results = [{"id": "0035", "success": True, "errors": []}, failure(code, "no eve@example.com")]
    outcomes = await answered(lambda asked: Answer(200, results), person("ada"), person("eve"))
    assert outcomes[0] == Outcome.accepted("0035")
    assert (outcomes[1].verdict, outcomes[1].reason) == (verdict, reason)
    assert "eve@" not in outcomes[1].detail


async def test_another_field_that_must_be_unique_is_no_reason_to_call_a_record_created() -> None:
    results = [
        failure("DUPLICATE_VALUE", "duplicate value found: Loyalty_No__c duplicates value on record with id: 0035")
    ]
    [outcome] = await answered(lambda asked: Answer(200, results), target=Target("object", "Contact", "create"))
    assert (outcome.verdict, outcome.reason) == ("rejected", "duplicate_value")


@pytest.mark.parametrize("code", ["NOT_FOUND", "INVALID_TYPE", "INVALID_FIELD"])
async def test_an_object_that_does_not_exist_is_not_asked_for_row_by_row(code: str) -> None:
    outcomes = await answered(lambda asked: said(404 if code == "NOT_FOUND" else 400, code), *crowd(3))
    assert [(one.verdict, one.reason) for one in outcomes] == [("rejected", code.lower())] * 3


async def test_an_objects_name_cannot_lead_elsewhere(salesforce: EmulatedWire) -> None:
    async with opened(salesforce) as connector:
        for name in ("Contact/../Account", "Contact WHERE Id != ''"):
            assert [one.reason for one in await connector.upsert(Target("object", name), crowd(1))] == ["invalid_type"]
            assert [one.reason for one in await connector.remove(Target("object", name), crowd(1))] == ["invalid_type"]
    assert salesforce.asked == []


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "after"),
    [
        (said(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."), Retryable, "throttled", 3600.0),
        (said(403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests Limit exceeded."), Retryable, "throttled", 10.0),
        (said(503, "SERVER_UNAVAILABLE"), Retryable, "unavailable", None),
        (said(500, "UNKNOWN_EXCEPTION"), Retryable, "unavailable", None),
        (said(401, "INVALID_SESSION_ID"), Closed, "unauthorized", None),
        (said(403, "API_DISABLED_FOR_ORG"), Closed, "unauthorized", None),
        (said(400, "JSON_PARSER_ERROR"), Refused, "json_parser_error", None),
        (Answer(200, []), Retryable, "garbled", None),
        (Answer(200, {"id": 1}), Retryable, "garbled", None),
    ],
)
async def test_every_answer_means_one_thing(
    answer: Answer, kind: type[DestinationError], reason: str, after: float | None
) -> None:
    with pytest.raises(kind) as raised:
        await answered(lambda asked: answer)
    assert (type(raised.value), raised.value.reason, raised.value.after) == (kind, reason, after)


async def test_what_befalls_a_later_collection_does_not_undo_the_first() -> None:
    calls = iter([Answer(200, [{"id": "1", "success": True, "errors": []}] * 200), said(503, "SERVER_UNAVAILABLE")])
    outcomes = await answered(lambda asked: next(calls), *crowd(300))
    assert verdicts(outcomes) == ["accepted"] * 200 + ["retry"] * 100


async def test_a_token_can_be_had_with_a_refresh_token_or_a_key(salesforce: EmulatedWire) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    async with opened(salesforce, refresh_token="5Aep861") as connector:
        assert await connector.prove()
    async with opened(salesforce, client_secret=None, private_key=pem, username="sync@example.com") as connector:
        assert await connector.prove()
    forms = [asked.form() for asked in salesforce.asked if asked.path.endswith("/services/oauth2/token")]
    assert [form["grant_type"].rpartition(":")[2] for form in forms] == ["refresh_token", "jwt-bearer"]


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"client_secret": "s", "private_key": "k", "username": "u"},
        {"private_key": "k"},
        {"username": "u", "client_secret": "s"},
        {"private_key": "k", "username": "u", "refresh_token": "r"},
    ],
)
def test_there_is_exactly_one_way_in(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="client_secret"):
        Kind.Settings.model_validate({"base_url": "https://shop.my.salesforce.com", "client_id": "c", **given})
