"""Google's Customer Match: rows that are wrong are named at once, and so is what fails later, where Google can."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from tidegate import registry
from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import Closed, DestinationError, Refused, Retryable
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.google_customer_match import GoogleDataManager
from tidegate.testing import Answer, Asked, EmulatedWire, HttpWire, NetworkContract, settled
from tidegate.testing.descriptions import Description

from .adlists import hashed, refuse_once
from .conftest import ROOT
from .opening import opened, verdicts

Google = registry.load("google_customer_match", ROOT)
VIPS = Target("list", "VIP customers")
ADA = Row("ada", {"email": hashed("ada@example.com"), "phone": hashed("+12025550100")})
BOB = Row("bob", {"email": hashed("bob@example.com")})


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {
        "account": "123-456-7890",
        "customer_match_terms": "accepted",
        "client_id": "client",
        "client_secret": SECRET,
        "refresh_token": "1//refresh-token",
        "base_url": wire.url,
        "token_url": f"{wire.url}/oauth/token",
        **more,
    }


class TestContract(NetworkContract):
    kind = Google
    emulation = GoogleDataManager
    description = "google_data_manager.json"
    secrets = (SECRET, "1//refresh-token")

    @pytest.fixture
    async def wire(self, described: Description) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(GoogleDataManager, watch=described.watch) as wire:
            wire.shelf.new_list("7", "VIP customers", kinds=["CONTACT_ID"])
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(GoogleDataManager) as wire:
        yield wire


def sent(wire: HttpWire, verb: str) -> list[dict[str, Any]]:
    return [asked.json() for asked in wire.asked if asked.path.endswith(f":{verb}")]


async def test_what_is_uploaded_says_the_account_the_terms_and_the_consent(wire: EmulatedWire) -> None:
    settings = given(wire, login_account="999-000-1111", ad_user_data="granted", ad_personalization="denied")
    async with opened(Google, settings) as connector:
        await settled(connector, VIPS, [ADA])
    [body] = sent(wire, "ingest")
    [list_id] = wire.shelf.lists()
    assert body == {
        "destinations": [
            {
                "operatingAccount": {"accountType": "GOOGLE_ADS", "accountId": "1234567890"},
                "productDestinationId": list_id,
                "loginAccount": {"accountType": "GOOGLE_ADS", "accountId": "9990001111"},
            }
        ],
        "audienceMembers": [
            {
                "userData": {
                    "userIdentifiers": [
                        {"emailAddress": ADA.identifiers["email"]},
                        {"phoneNumber": ADA.identifiers["phone"]},
                    ]
                }
            }
        ],
        "encoding": "HEX",
        "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
        "consent": {"adUserData": "CONSENT_GRANTED", "adPersonalization": "CONSENT_DENIED"},
    }
    about_lists = [asked for asked in wire.asked if asked.path.endswith("/userLists")]
    assert {asked.headers["login-account"] for asked in about_lists} == {"accountTypes/GOOGLE_ADS/accounts/9990001111"}


async def test_an_address_is_sent_whole_or_not_at_all(wire: EmulatedWire) -> None:
    address = {"first_name": hashed("ada"), "last_name": hashed("king"), "country": "GB", "postcode": "M1 1AE"}
    without_postcode = {key: value for key, value in address.items() if key != "postcode"}
    async with opened(Google, given(wire)) as connector:
        rows = [Row("ada", address), Row("bob", without_postcode), Row("eve", {"email": "e" * 64} | without_postcode)]
        outcomes = await settled(connector, VIPS, rows)
    assert verdicts(outcomes) == ["accepted", "rejected", "accepted"]
    assert outcomes[1].reason == "no_identifier"
    members = [one["userData"]["userIdentifiers"] for one in sent(wire, "ingest")[0]["audienceMembers"]]
    theirs = {"givenName": hashed("ada"), "familyName": hashed("king"), "regionCode": "GB", "postalCode": "M1 1AE"}
    assert members == [[{"address": theirs}], [{"emailAddress": "e" * 64}]]


@pytest.mark.parametrize(
    ("identifiers", "kind", "member"),
    [
        ({"user_id": "C-7"}, "USER_ID", {"userIdData": {"userId": "C-7"}}),
        ({"mobile_advertiser_id": "a-b"}, "MOBILE_ID", {"mobileData": {"mobileIds": ["a-b"]}}),
    ],
)
async def test_a_list_is_of_one_kind_and_its_rows_are_too(
    wire: EmulatedWire, identifiers: dict[str, str], kind: str, member: dict[str, Any]
) -> None:
    app = {"mobile_app_id": "com.example", "mobile_platform": "ANDROID"}
    async with opened(Google, given(wire, **app)) as connector:
        assert verdicts(await settled(connector, VIPS, [Row("ada", identifiers)])) == ["accepted"]
        assert verdicts(await settled(connector, VIPS, [BOB])) == ["rejected"]
    assert [wire.shelf.list_details(one) for one in wire.shelf.lists()] == [{"kinds": [kind]}]
    assert sent(wire, "ingest")[0]["audienceMembers"] == [member]
    assert len(sent(wire, "ingest")) == 1


async def test_a_list_of_mobile_ids_needs_to_know_the_app(wire: EmulatedWire) -> None:
    async with opened(Google, given(wire)) as connector:
        with pytest.raises(Closed, match="mobile_app_id"):
            await connector.upsert(VIPS, [Row("ada", {"mobile_advertiser_id": "a-b"})])


async def test_a_list_is_found_by_name_on_whatever_page_and_by_its_id(wire: EmulatedWire) -> None:
    for number in range(1002):
        wire.shelf.new_list(str(100 + number), f"List {number}", kinds=["CONTACT_ID"])
    async with opened(Google, given(wire)) as connector:
        await settled(connector, Target("list", "List 1001"), [ADA])
        await settled(connector, Target("list", "105"), [BOB])
    assert [one["destinations"][0]["productDestinationId"] for one in sent(wire, "ingest")] == ["1101", "105"]
    assert len(wire.shelf.lists()) == 1002


async def test_rows_that_google_names_are_rejected_and_the_others_are_sent_without_them(wire: EmulatedWire) -> None:
    broken = Row("eve", {"email": "no hash"})
    async with opened(Google, given(wire)) as connector:
        outcomes = await settled(connector, VIPS, [ADA, broken, BOB])
    assert verdicts(outcomes) == ["accepted", "rejected", "accepted"]
    assert outcomes[1].reason == "invalid_sha256_format"
    assert [len(body["audienceMembers"]) for body in sent(wire, "ingest")] == [3, 2]


PEOPLE = [Row(f"p{n}", {"email": f"{n:064x}"}) for n in range(9)]


def told(wire: EmulatedWire, change: Callable[[dict[str, Any]], None]) -> None:
    """Have what is said of why rows failed changed on its way."""
    answered = wire.platform

    def platform(asked: Asked) -> Answer:
        answer = answered(asked)
        if asked.path.endswith("/requestStatus:retrieve"):
            for status in answer.body.get("requestStatusPerDestination", []):
                for one in (status.get("errorInfo") or {}).get("errorCounts", []):
                    change(one)
        return answer

    wire.platform = platform


async def test_what_fails_later_is_named_by_its_place_and_nobody_is_sent_again(wire: EmulatedWire) -> None:
    wire.shelf.put("_late", f"{4:064x}", {"reason": "PROCESSING_ERROR_REASON_INVALID_FORMAT"})
    wire.shelf.put("_late", f"{7:064x}", {"reason": "PROCESSING_ERROR_REASON_INTERNAL_ERROR"})
    people = [Row("nobody", {}), Row("broken", {"email": "no hash"}), *PEOPLE]
    async with opened(Google, given(wire)) as connector:
        outcomes = await settled(connector, VIPS, people)
    found = {row.person: (one.verdict, one.reason) for row, one in zip(people, outcomes, strict=True)}
    assert {person: one for person, one in found.items() if one[0] != "accepted"} == {
        "nobody": ("rejected", "no_identifier"),
        "broken": ("rejected", "invalid_sha256_format"),
        "p4": ("rejected", "invalid_format"),
        "p7": ("retry", "processing_failed"),
    }
    assert [len(body["audienceMembers"]) for body in sent(wire, "ingest")] == [10, 9]


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.pop("recordIndices"),
        lambda one: one.update(recordIndices=[]),
        lambda one: one.update(recordIndices=one["recordIndices"][:1], recordCount="2"),
        lambda one: one.update(recordIndices=[9], recordCount="1"),
    ],
    ids=["no places", "empty", "some only", "of another request"],
)
async def test_where_google_names_no_rows_they_are_sent_again_in_parts_by_the_delivery(
    wire: EmulatedWire, change: Callable[[dict[str, Any]], None]
) -> None:
    wire.shelf.put("_late", f"{4:064x}", {"reason": "PROCESSING_ERROR_REASON_INVALID_FORMAT"})
    told(wire, change)
    async with opened(Google, given(wire)) as connector:
        [*_, pending] = await connector.upsert(VIPS, PEOPLE)
        assert pending.job is not None
        parts = await connector.poll(pending.job, VIPS, PEOPLE, removing=False)
        assert len(sent(wire, "ingest")) == 1
        outcomes = await settled(connector, VIPS, PEOPLE)
    assert {(one.verdict, one.reason) for one in parts} == {("retry", "failed_in_part")}
    assert len({one.job for one in parts}) >= 4
    assert [row.person for row, one in zip(PEOPLE, outcomes, strict=True) if one.verdict == "rejected"] == ["p4"]
    assert (outcomes[4].reason, outcomes[0].verdict) == ("invalid_format", "accepted")
    assert len(GoogleDataManager().held(wire.shelf, VIPS)) == 8


async def test_places_count_only_while_all_rows_of_the_request_are_there(wire: EmulatedWire) -> None:
    wire.shelf.put("_late", f"{4:064x}", {"reason": "PROCESSING_ERROR_REASON_INVALID_FORMAT"})
    async with opened(Google, given(wire)) as connector:
        [*_, pending] = await connector.upsert(VIPS, PEOPLE)
        assert pending.job is not None
        left = PEOPLE[1:]  # somebody was forgotten meanwhile
        assert set(verdicts(await connector.poll(pending.job, VIPS, left, removing=False))) == {"retry"}


async def test_a_request_that_fails_as_a_whole_for_one_reason_is_not_sent_again(wire: EmulatedWire) -> None:
    for row in (ADA, BOB):
        wire.shelf.put("_late", row.identifiers["email"], {"reason": "PROCESSING_ERROR_REASON_NO_CONSENT"})
    told(wire, lambda one: one.pop("recordIndices"))
    async with opened(Google, given(wire)) as connector:
        outcomes = await settled(connector, VIPS, [ADA, BOB])
    assert [(one.verdict, one.reason) for one in outcomes] == [("rejected", "no_consent")] * 2
    assert len(sent(wire, "ingest")) == 1


@pytest.mark.parametrize("reason", ["INTERNAL_ERROR", "DESTINATION_TOO_RECENTLY_CREATED"])
async def test_googles_own_trouble_in_processing_is_no_rows_fault(wire: EmulatedWire, reason: str) -> None:
    wire.shelf.put("_late", BOB.identifiers["email"], {"reason": f"PROCESSING_ERROR_REASON_{reason}"})
    told(wire, lambda one: one.pop("recordIndices"))
    async with opened(Google, given(wire)) as connector:
        assert verdicts(await settled(connector, VIPS, [ADA, BOB])) == ["retry", "retry"]


async def test_a_job_is_pending_while_google_works_and_lost_when_google_forgot_it(wire: EmulatedWire) -> None:
    async with opened(Google, given(wire, judged_after=90)) as connector:
        [outcome] = await connector.upsert(VIPS, [ADA])
        assert (outcome.verdict, outcome.after) == ("pending", 90)
        assert outcome.job is not None
        [(name, request)] = wire.shelf.all("_requests").items()
        wire.shelf.put("_requests", name, {**request, "status": "PROCESSING"})
        [later] = await connector.poll(outcome.job, VIPS, [ADA], removing=False)
        assert (later.verdict, later.job, later.after) == ("pending", outcome.job, 30)
        wire.shelf.drop("_requests", name)
        assert verdicts(await connector.poll(outcome.job, VIPS, [ADA], removing=False)) == ["retry"]


async def test_taking_people_off_says_nothing_of_consent_and_of_no_list_that_is_not_there(wire: EmulatedWire) -> None:
    async with opened(Google, given(wire, ad_user_data="granted")) as connector:
        assert await connector.remove(VIPS, [ADA]) == [Outcome.accepted()]
        await settled(connector, VIPS, [ADA, BOB])
        assert verdicts(await settled(connector, VIPS, [ADA], removing=True)) == ["accepted"]
    [body] = sent(wire, "remove")
    assert set(body) == {"destinations", "audienceMembers", "encoding"}
    assert list(GoogleDataManager().held(wire.shelf, VIPS)) == [BOB.identifiers["email"]]


async def test_rows_can_be_tried_without_changing_anything(wire: EmulatedWire) -> None:
    broken = Row("eve", {"email": "no hash"})
    async with opened(Google, given(wire)) as connector:
        assert verdicts(await connector.validate_rows(VIPS, [ADA])) == ["accepted"]
        assert wire.shelf.lists() == {}
        await settled(connector, VIPS, [BOB])
        before = wire.everything()
        outcomes = await connector.validate_rows(VIPS, [ADA, broken, Row("x", {})])
    assert verdicts(outcomes) == ["accepted", "rejected", "rejected"]
    assert wire.everything() == before


async def test_a_list_deleted_under_way_is_created_again_by_the_next_call(wire: EmulatedWire) -> None:
    async with opened(Google, given(wire)) as connector:
        await settled(connector, VIPS, [ADA])
        [old] = wire.shelf.lists()
        wire.shelf.drop_list(old)
        with pytest.raises(Retryable, match="list_gone"):
            await connector.upsert(VIPS, [ADA])
        assert verdicts(await settled(connector, VIPS, [ADA])) == ["accepted"]
    assert old not in wire.shelf.lists()


async def test_a_token_that_ran_out_is_asked_for_once_more(wire: EmulatedWire) -> None:
    refuse_once(wire, GoogleDataManager().unauthorized(), lambda asked: asked.path.endswith(":ingest"))
    async with opened(Google, given(wire)) as connector:
        assert verdicts(await settled(connector, VIPS, [ADA])) == ["accepted"]
    assert len([asked for asked in wire.asked if asked.path == "/oauth/token"]) == 2


async def test_a_service_account_signs_for_its_token(wire: EmulatedWire) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = json.dumps({"client_email": "shop@example.iam.gserviceaccount.com", "private_key": key.decode()})
    settings = given(wire, service_account_key=file)
    for name in ("client_id", "client_secret", "refresh_token"):
        del settings[name]
    async with opened(Google, settings) as connector:
        assert "123-456-7890" in await connector.prove()
    [asked] = [asked for asked in wire.asked if asked.path == "/oauth/token"]
    assert asked.form()["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"


def error(status: int, reason: str, **info: Any) -> Answer:
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    details = [{"@type": kind, "reason": reason, **info}]
    return Answer(status, {"error": {"code": status, "message": "no", "status": "NO", "details": details}})


@pytest.mark.parametrize(
    ("answer", "kind", "reason", "after"),
    [
        (error(429, "RESOURCE_EXHAUSTED"), Retryable, "throttled", 60.0),
        (
            error(429, "RESOURCE_EXHAUSTED", metadata={"quota_limit": "IngestionMutateRequestsPerDayPerProject"}),
            Retryable,
            "throttled",
            3600.0,
        ),
        (error(403, "PERMISSION_DENIED"), Closed, "unauthorized", None),
        (error(400, "TERMS_AND_CONDITIONS_NOT_SIGNED"), Closed, "terms_and_conditions_not_signed", None),
        (error(400, "INVALID_USER_LIST_TYPE"), Retryable, "wrong_kind_of_list", None),
        (error(400, "INVALID_USER_LIST_ID"), Retryable, "list_gone", None),
        (error(400, "INVALID_ARGUMENT"), Refused, "invalid_argument", None),
        (error(503, "INTERNAL_ERROR"), Retryable, "unavailable", None),
        (Answer(200, {}), Retryable, "garbled", None),
        (Answer(200, ["?"]), Retryable, "garbled", None),
    ],
)
async def test_every_other_answer_means_one_thing(
    wire: EmulatedWire, answer: Answer, kind: type[DestinationError], reason: str, after: float | None
) -> None:
    answered = wire.platform
    wire.platform = lambda asked: answer if asked.path.endswith(":ingest") else answered(asked)
    async with opened(Google, given(wire)) as connector:
        with pytest.raises(kind) as raised:
            await connector.upsert(VIPS, [ADA])
    assert (raised.value.reason, raised.value.after) == (reason, after)
    assert isinstance(raised.value, Closed) == (kind is Closed)


def test_the_terms_are_accepted_by_whoever_writes_the_settings_and_by_nobody_else() -> None:
    class Nowhere:
        url = "http://127.0.0.1:1"

    settings = given(Nowhere())  # type: ignore[arg-type]
    for wrong in ({"customer_match_terms": None}, {"client_secret": None}, {"service_account_key": "{}"}):
        with pytest.raises(ValidationError):
            Google.Settings.model_validate({**settings, **wrong})
    assert isinstance(Google(Google.Settings.model_validate(settings)), Connector)
