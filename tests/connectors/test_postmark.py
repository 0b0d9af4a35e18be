"""E-mail through Postmark: batches in which each message has its own fate, and what is in doubt is looked up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tidegate import registry
from tidegate.connector import Connector, Outcome
from tidegate.errors import Closed
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.postmark import Postmark as Platform
from tidegate.testing import HttpWire, NetworkContract
from tidegate.testing.descriptions import Description
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT
from .mailing import UNSUBSCRIBE, WHOLE, answering, judged, letter, opened, verdicts

Postmark = registry.load("postmark", ROOT)


# The description is of 2022 and knows no streams, no metadata and no search for it (email-api, messages-api, 2026-11).
METADATA = {"type": "object", "maxProperties": 10, "additionalProperties": {"type": "string"}}
MAIL = {"properties": {"MessageStream": {"type": "string"}, "Metadata": METADATA}}
SOUGHT = ("messagestream", "metadata_tidegate_key")
SEARCHED = [{"in": "query", "name": name, "schema": {"type": "string"}} for name in SOUGHT]
LEFT_OUT = json.dumps(
    {
        "components": {"schemas": {"SendEmailRequest": MAIL}},
        "paths": {"/messages/outbound": {"get": {"parameters": SEARCHED}}},
    }
)


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"server_token": SECRET, "from": "Shop <hello@shop.example.com>", "base_url": wire.url, **more}


class TestContract(NetworkContract):
    kind = Postmark
    emulation = Platform
    secrets = (SECRET,)
    description = "postmark.json"
    description_more = LEFT_OUT

    async def test_each_request_is_one_that_postmark_describes(
        self, connector: Connector, described: Description
    ) -> None:
        described.needed()
        await connector.send([letter(1), letter(2, **WHOLE), letter(3, html=""), letter(4, text="")])
        await connector.lookup(["journey:ada:step:1"])
        assert described.checked == ["POST /email/batch", "GET /messages/outbound"]

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_mail_says_what_it_should_and_carries_its_key(wire: EmulatedWire) -> None:
    async with opened(Postmark, given(wire, message_stream="broadcast")) as connector:
        [outcome] = await connector.send([letter(**WHOLE)])
    [mail] = wire.asked[0].json()
    assert mail == {
        "From": '"Sklep, Żółw" <hello@shop.example.com>',
        "To": "person.1@example.com",
        "Subject": WHOLE["subject"],
        "TextBody": WHOLE["text"],
        "HtmlBody": WHOLE["html"],
        "ReplyTo": "help@shop.example.com",
        "MessageStream": "broadcast",
        "Metadata": {"tidegate_key": "journey:ada:step:1"},
        "Headers": [
            {"Name": "List-Unsubscribe", "Value": f"<{UNSUBSCRIBE}>"},
            {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
        ],
    }
    [kept] = wire.shelf.messages()
    assert (kept["id"], kept["key"]) == (outcome.provider_id, "journey:ada:step:1")


async def test_one_call_carries_five_hundred_and_each_has_its_own_fate(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match="person.7@example.com", reason="inactive", code=406)
    async with opened(Postmark, given(wire)) as connector:
        assert connector.limits.batch == 500
        outcomes = await connector.send([letter(n, to="nobody" if n == 3 else "") for n in range(500)])
    assert len(wire.asked) == 1
    assert verdicts([outcomes[3], outcomes[7]]) == [("rejected", "unsendable"), ("rejected", "suppressed")]
    assert sum(outcome.verdict == "accepted" for outcome in outcomes) == 498
    assert {mail["id"] for mail in wire.shelf.messages()} == {o.provider_id for o in outcomes if o.provider_id}


@pytest.mark.parametrize(
    ("code", "verdict", "reason"),
    [
        (300, "rejected", "bad_message"),
        (406, "rejected", "suppressed"),
        (999, "rejected", "postmark_999"),
        (429, "retry", "throttled"),
        (100, "retry", "unavailable"),
        (412, "retry", "account_pending"),
        (400, "retry", "sender_unknown"),
    ],
)
async def test_every_code_within_a_200_means_one_thing(code: int, verdict: str, reason: str) -> None:
    good = {"ErrorCode": 0, "MessageID": "b7bc2f4a", "Message": "OK"}
    bad = {"ErrorCode": code, "Message": "no: person.2@example.com"}
    async with answering(200, [good, bad]) as wire, opened(Postmark, given(wire)) as connector:
        first, second = await connector.send([letter(1), letter(2)])
    assert first == Outcome.accepted("b7bc2f4a")
    assert (second.verdict, second.reason) == (verdict, reason)
    assert str(code) in second.detail
    assert "person.2" not in second.detail


@pytest.mark.parametrize(
    ("status", "code", "verdict", "reason"),
    [
        (422, 300, "rejected", "bad_message"),
        (422, 410, "rejected", "postmark_410"),
        (429, 429, "retry", "throttled"),
        (503, 100, "retry", "unavailable"),
        (500, 0, "unknown", "http_500"),
    ],
)
async def test_a_call_that_fails_as_a_whole(status: int, code: int, verdict: str, reason: str) -> None:
    said = {"ErrorCode": code, "Message": "no"}
    async with answering(status, said, {"retry-after": "9"}) as wire, opened(Postmark, given(wire)) as connector:
        outcomes = await judged(connector, letter(1), letter(2))
    assert verdicts(outcomes) == [(verdict, reason)] * 2
    assert outcomes[0].after == (9.0 if verdict == "retry" else None)


@pytest.mark.parametrize(
    ("status", "code", "reason"), [(401, 10, "unauthorized"), (422, 405, "not_allowed_to_send"), (422, 1235, "stream")]
)
async def test_an_account_at_fault_closes_the_destination(status: int, code: int, reason: str) -> None:
    said = {"ErrorCode": code, "Message": "no"}
    async with answering(status, said) as wire, opened(Postmark, given(wire)) as connector:
        with pytest.raises(Closed, match=reason):
            await connector.send([letter(1), letter(2)])


async def test_a_stream_that_is_not_there_closes_the_destination_although_the_answer_is_200(wire: EmulatedWire) -> None:
    async with opened(Postmark, given(wire, message_stream="newsletter")) as connector:
        with pytest.raises(Closed, match="no_such_stream"):
            await connector.send([letter(1), letter(2)])


async def test_a_sender_of_the_messages_own_is_the_messages_fault() -> None:
    said = [{"ErrorCode": 401, "Message": "not confirmed"}]
    async with answering(200, said) as wire, opened(Postmark, given(wire)) as connector:
        [outcome] = await connector.send([letter(**{"from": "Else <else@example.com>"})])
        assert (outcome.verdict, outcome.reason) == ("rejected", "sender_not_confirmed")
        with pytest.raises(Closed, match="sender_not_confirmed"):
            await connector.send([letter()])


@pytest.mark.parametrize(
    "body", [[], [{"ErrorCode": 0, "MessageID": "a"}], {"ErrorCode": 0}, [{}, {}], ["x", None], [{"ErrorCode": 0}] * 2]
)
async def test_an_answer_that_does_not_match_leaves_the_messages_in_doubt(body: Any) -> None:
    async with answering(200, body) as wire, opened(Postmark, given(wire)) as connector:
        outcomes = await judged(connector, letter(1), letter(2))
    assert [outcome.verdict for outcome in outcomes] == ["unknown", "unknown"]


async def test_what_was_taken_before_the_connection_broke_is_found_again(wire: EmulatedWire) -> None:
    long = "journey:" + "p" * 200 + ":1"
    async with opened(Postmark, given(wire, message_stream="broadcast")) as connector:
        wire.fail("cut_after")
        outcomes = await judged(connector, letter(1), letter(2, key=long))
        wire.mend()
        found = await connector.lookup(["journey:ada:step:1", long, "journey:ada:step:9"])
    assert verdicts(outcomes) == [("unknown", "cut_off")] * 2
    assert sorted(found) == sorted(["journey:ada:step:1", long])
    assert {outcome.provider_id for outcome in found.values()} == {mail["id"] for mail in wire.shelf.messages()}


async def test_a_search_that_answers_nonsense_finds_nothing() -> None:
    async with answering(200, {"Messages": [{}]}) as wire, opened(Postmark, given(wire)) as connector:
        assert await connector.lookup(["k"]) == {}
