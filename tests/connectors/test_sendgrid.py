"""SendGrid: mail, and contacts that are taken into jobs which tell later which rows were refused."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Connector, Row, Target
from tidegate.errors import Closed, Retryable
from tidegate.sandbox.emulation import SECRET, Answer, Asked
from tidegate.sandbox.platforms.sendgrid import Sendgrid as Platform
from tidegate.testing import HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire
from tidegate.testing.judging import settled

from .conftest import ROOT
from .mailing import UNSUBSCRIBE, WHOLE, answering, judged, letter, opened, verdicts

Sendgrid = registry.load("sendgrid", ROOT)
VIPS, CONTACTS = Target("list", "VIP customers"), Target("object", "contact")


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"api_key": SECRET, "from": "Shop <hello@shop.example.com>", "base_url": wire.url, **more}


def row(number: int, **traits: Any) -> Row:
    return Row(f"p{number}", {"email": f"person.{number}@example.com"}, traits)


class TestLists(NetworkContract):
    kind = Sendgrid
    emulation = Platform
    description = "sendgrid.json"
    # not in the file: the key's own scopes, the fields of contacts, and the link to a job's errors
    undescribed = ("/v3/scopes", "/v3/marketing/field_definitions", "*/errors.csv")
    secrets = (SECRET,)

    @pytest.fixture
    async def wire(self, described: Any) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            wire.shelf.new_list("ca1ff7ee-2a5b-4b4a-9b4e-0b6f3f1d9e01", "VIP customers")
            wire.shelf.put("contacts", "person.0@example.com", {"id": "ca1ff7ee-0000"})
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


class TestObjects(TestLists):
    target = CONTACTS

    @pytest.fixture
    async def wire(self, described: Any) -> AsyncIterator[EmulatedWire]:
        async with EmulatedWire(Platform, watch=described.watch) as wire:
            yield wire

    def row(self, number: int) -> Row:
        return Row(f"p{number}", {"email": f"person.{number}@example.com"}, {"city": f"Town {number}"})


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_mail_says_what_it_should_and_carries_its_key(wire: EmulatedWire) -> None:
    async with opened(Sendgrid, given(wire, unsubscribe_group=7)) as connector:
        [outcome] = await connector.send([letter(**WHOLE)])
    assert wire.asked[0].json() == {
        "personalizations": [
            {"to": [{"email": "person.1@example.com"}], "custom_args": {"tidegate_key": "journey:ada:step:1"}}
        ],
        "from": {"email": "hello@shop.example.com", "name": "Sklep, Żółw"},
        "reply_to": {"email": "help@shop.example.com"},
        "subject": WHOLE["subject"],
        "content": [
            {"type": "text/plain", "value": WHOLE["text"]},
            {"type": "text/html", "value": WHOLE["html"]},
        ],
        "headers": {"List-Unsubscribe": f"<{UNSUBSCRIBE}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        "asm": {"group_id": 7},
    }
    [kept] = wire.shelf.messages()
    assert (kept["id"], kept["key"]) == (outcome.provider_id, "journey:ada:step:1")


@pytest.mark.parametrize(
    ("status", "words", "field", "verdict", "reason"),
    [
        (400, "Does not contain a valid address.", "personalizations.0.to.0.email", "rejected", "bad_recipient"),
        (400, "The subject is required.", "subject", "rejected", "bad_message"),
        (413, "too large", None, "rejected", "http_413"),
        (429, "too many requests", None, "retry", "throttled"),
        (500, "oh", None, "unknown", "http_500"),
    ],
)
async def test_every_error_means_one_thing(
    status: int, words: str, field: str | None, verdict: str, reason: str
) -> None:
    said = {"errors": [{"message": f"{words} person.1@example.com", "field": field}]}
    async with answering(status, said) as wire, opened(Sendgrid, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert "person.1" not in outcome.detail


async def test_the_end_of_a_throttled_window_is_told_as_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_000.0)
    headers = {"X-RateLimit-Reset": "1800000031"}
    async with answering(429, {"errors": []}, headers) as wire, opened(Sendgrid, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.reason, outcome.after) == ("throttled", 31.0)


@pytest.mark.parametrize(
    ("status", "words", "field", "reason"),
    [
        (401, "The provided authorization grant is invalid", None, "unauthorized"),
        (401, "Maximum credits exceeded", None, "not_enough_credits"),
        (403, "The from address does not match a verified Sender Identity.", "from", "bad_sender"),
        (403, "access forbidden", None, "unauthorized"),
    ],
)
async def test_an_account_at_fault_closes_the_destination(
    status: int, words: str, field: str | None, reason: str
) -> None:
    said = {"errors": [{"message": words, "field": field}]}
    async with answering(status, said) as wire, opened(Sendgrid, given(wire)) as connector:
        with pytest.raises(Closed, match=reason):
            await connector.send([letter(1), letter(2)])
        assert len(wire.asked) == 1


async def test_a_sender_of_the_messages_own_is_the_messages_fault() -> None:
    said = {"errors": [{"message": "does not match a verified Sender Identity", "field": "from"}]}
    async with answering(403, said) as wire, opened(Sendgrid, given(wire)) as connector:
        assert verdicts(await judged(connector, letter(**{"from": "x@else.example"}))) == [("rejected", "bad_sender")]


@pytest.mark.parametrize(("status", "headers"), [(200, {"X-Message-Id": "a"}), (202, {}), (204, {})])
async def test_an_answer_that_is_not_sendgrids_leaves_the_message_in_doubt(
    status: int, headers: dict[str, str]
) -> None:
    async with answering(status, "", headers) as wire, opened(Sendgrid, given(wire)) as connector:
        assert verdicts(await judged(connector, letter())) == [("unknown", "garbled")]


async def test_rows_are_pending_until_their_job_is_done(wire: EmulatedWire) -> None:
    async with opened(Sendgrid, given(wire)) as connector:
        outcomes = await connector.upsert(VIPS, [row(1), row(2)])
        [job] = {outcome.job or "" for outcome in outcomes}
        first = await connector.poll(job, VIPS, [row(1), row(2)], removing=False)
        second = await connector.poll(job, VIPS, [row(1), row(2)], removing=False)
    assert [outcome.verdict for outcome in [*outcomes, *first, *second]] == ["pending"] * 4 + ["accepted"] * 2
    assert len(Platform().held(wire.shelf, VIPS)) == 2


async def test_a_job_with_errors_names_the_rows_and_the_others_are_there(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match="person.2@example.com", reason="invalid email person.2@example.com")
    async with opened(Sendgrid, given(wire)) as connector:
        outcomes = await settled(connector, VIPS, [row(number) for number in range(1, 5)])
    assert verdicts(outcomes) == [("accepted", ""), ("rejected", "import_error"), ("accepted", ""), ("accepted", "")]
    assert "invalid email" in outcomes[1].detail
    assert "person.2" not in outcomes[1].detail
    assert "authorization" not in wire.asked[-1].headers


async def test_where_the_file_of_errors_names_nobody_sendgrid_is_asked_who_is_there() -> None:
    def vague(asked: Asked) -> Answer:
        if asked.path.endswith("/search/emails"):
            return Answer(200, {"result": {"Person.1@example.com": {"contact": {"id": "1"}}}})
        return Answer(200, {"status": "errored", "results": {"errored_count": 1}})

    async with HttpWire(vague) as wire, opened(Sendgrid, given(wire)) as connector:
        outcomes = await connector.poll("j", VIPS, [row(1), row(2)], removing=False)
    assert verdicts(outcomes) == [("accepted", ""), ("rejected", "import_error")]


async def test_an_address_where_there_is_no_such_api_costs_no_message() -> None:
    body = {"errors": [{"message": "resource not found"}]}
    async with answering(404, body) as wire, opened(Sendgrid, given(wire)) as connector:
        with pytest.raises(Closed, match="bad_address"):
            await connector.send([letter()])


async def test_a_dead_link_to_a_jobs_errors_is_not_the_fault_of_the_account() -> None:
    def expired(asked: Asked) -> Answer:
        if asked.path.endswith("/errors.csv"):
            return Answer(403, "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>")
        if asked.path.endswith("/search/emails"):
            return Answer(200, {"result": {"person.1@example.com": {"contact": {"id": "1"}}}})
        return Answer(200, {"status": "errored", "results": {"errored_count": 1, "errors_url": "v3/errors.csv"}})

    async with HttpWire(expired) as wire, opened(Sendgrid, given(wire)) as connector:
        outcomes = await connector.poll("j", VIPS, [row(1), row(2)], removing=False)
    assert verdicts(outcomes) == [("accepted", ""), ("rejected", "import_error")]


async def test_an_address_within_anothers_is_not_blamed_for_it() -> None:
    def told(asked: Asked) -> Answer:
        if asked.path.endswith("/errors.csv"):
            return Answer(200, "email,error\nashperson.1@example.com,invalid\n")
        return Answer(200, {"status": "errored", "results": {"errored_count": 1, "errors_url": "v3/errors.csv"}})

    rows = [row(1), Row("2", {"email": "ashperson.1@example.com"})]
    async with HttpWire(told) as wire, opened(Sendgrid, given(wire)) as connector:
        outcomes = await connector.poll("j", VIPS, rows, removing=False)
    assert verdicts(outcomes) == [("accepted", ""), ("rejected", "import_error")]


@pytest.mark.parametrize(
    ("status", "body", "verdict", "reason"),
    [
        (200, {"status": "failed", "results": {}}, "rejected", "import_failed"),
        (200, {"status": "pending"}, "pending", ""),
        (200, {"status": "something new"}, "pending", ""),
        (404, {"errors": [{"message": "not found"}]}, "retry", "job_gone"),
    ],
)
async def test_every_state_of_a_job_is_an_outcome(status: int, body: Any, verdict: str, reason: str) -> None:
    async with answering(status, body) as wire, opened(Sendgrid, given(wire)) as connector:
        outcomes = await connector.poll("j", VIPS, [row(1), row(2)], removing=False)
    assert verdicts(outcomes) == [(verdict, reason)] * 2


async def test_a_field_that_is_not_there_is_refused_and_the_others_go_by_their_ids(wire: EmulatedWire) -> None:
    rows = [row(1, first_name="Ada", tier="gold", score=7), row(2, shoe_size=44), row(3, tier=None, city=None)]
    async with opened(Sendgrid, given(wire)) as connector:
        outcomes = await settled(connector, CONTACTS, rows)
    [put] = [asked.json() for asked in wire.asked if asked.method == "PUT"]
    assert put == {
        "contacts": [
            {"email": "person.1@example.com", "first_name": "Ada", "custom_fields": {"e1_T": "gold", "e3_N": 7}},
            {"email": "person.3@example.com", "city": "", "custom_fields": {"e1_T": None}},
        ]
    }
    assert verdicts(outcomes) == [("accepted", ""), ("rejected", "no_such_field"), ("accepted", "")]


async def test_people_leave_a_list_a_hundred_a_call_and_stay_contacts(wire: EmulatedWire) -> None:
    rows = [row(number) for number in range(250)]
    async with opened(Sendgrid, given(wire)) as connector:
        await settled(connector, VIPS, rows)
        calls = len(wire.asked)
        outcomes = await settled(connector, VIPS, [*rows[:240], row(900)], removing=True)
    assert {outcome.verdict for outcome in outcomes} == {"accepted"}
    assert len(outcomes) == 241
    assert [asked.method for asked in wire.asked[calls:]] == ["POST", "DELETE"] * 3
    assert len(Platform().held(wire.shelf, VIPS)) == 10
    assert len(Platform().held(wire.shelf, CONTACTS)) == 250


async def test_nobody_is_taken_off_a_list_that_is_not_there_and_none_is_made(wire: EmulatedWire) -> None:
    async with opened(Sendgrid, given(wire)) as connector:
        assert verdicts(await connector.remove(VIPS, [row(1)])) == [("accepted", "")]
    assert wire.shelf.lists() == {}


async def test_lists_are_found_on_every_page() -> None:
    def paged(asked: Asked) -> Answer:
        if asked.method == "PUT":
            return Answer(202, {"job_id": "j"})
        if asked.query.get("page_token") == "two":
            return Answer(200, {"result": [{"id": "9", "name": "VIP customers"}], "_metadata": {}})
        more = "https://api.sendgrid.com/v3/marketing/lists?page_size=1000&page_token=two"
        return Answer(200, {"result": [{"id": "1", "name": "Others"}], "_metadata": {"next": more}})

    async with HttpWire(paged) as wire, opened(Sendgrid, given(wire)) as connector:
        await connector.upsert(VIPS, [row(1)])
    assert wire.asked[-1].json()["list_ids"] == ["9"]


async def test_a_row_without_an_address_is_rejected_and_holds_nobody_back(wire: EmulatedWire) -> None:
    nobody = Row("p0", {"email": ""}, {})
    async with opened(Sendgrid, given(wire)) as connector:
        outcomes = await settled(connector, VIPS, [nobody, row(1)])
    assert verdicts(outcomes) == [("rejected", "no_identifier"), ("accepted", "")]


async def test_lists_need_no_sender_and_mail_does(wire: EmulatedWire) -> None:
    async with opened(Sendgrid, {"api_key": SECRET, "base_url": wire.url}) as connector:
        assert verdicts(await settled(connector, VIPS, [row(1)])) == [("accepted", "")]
        with pytest.raises(Closed, match="no_sender"):
            await connector.send([letter()])


async def test_a_key_that_may_not_send_does_not_prove_itself() -> None:
    async with answering(200, {"scopes": ["marketing.read"]}) as wire:
        async with opened(Sendgrid, given(wire)) as connector:
            with pytest.raises(Closed, match="may not send"):
                await connector.prove()
        async with opened(Sendgrid, {"api_key": SECRET, "base_url": wire.url}) as connector:
            assert "1 things" in await connector.prove()


async def test_an_answer_without_a_job_is_asked_again(wire: EmulatedWire) -> None:
    async with answering(200, {"result": []}) as wire, opened(Sendgrid, given(wire)) as connector:
        assert isinstance(connector, Connector)
        with pytest.raises(Retryable, match="garbled"):
            await connector.upsert(CONTACTS, [row(1, city="York")])
