"""E-mail through Resend: a call in doubt is repeated as it was, under the key that it had, and sends nothing twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from tidegate import registry
from tidegate.connecting.letter import tag
from tidegate.connector import Connector
from tidegate.errors import Closed, Refused
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.resend import Resend as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT
from .mailing import UNSUBSCRIBE, WHOLE, answering, judged, letter, opened, verdicts

Resend = registry.load("resend", ROOT)


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"api_key": SECRET, "from": "Shop <hello@shop.example.com>", "base_url": wire.url, **more}


class TestContract(NetworkContract):
    kind = Resend
    emulation = Platform
    secrets = (SECRET,)

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)

    async def test_what_was_sent_can_be_looked_up_and_nothing_else(self, connector: Connector, wire: Any) -> None:
        # Only what is in doubt is remembered, so only that can be asked after.
        wire.fail("cut_after")
        assert [outcome.verdict for outcome in await judged(connector, self.message(1))] == ["unknown"]
        wire.mend()
        found = await connector.lookup([self.message(1).key, self.message(2).key])
        assert list(found) == [self.message(1).key]
        assert found[self.message(1).key].verdict == "accepted"


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_mail_says_what_it_should_and_carries_its_key(wire: EmulatedWire) -> None:
    async with opened(Resend, given(wire)) as connector:
        [outcome] = await connector.send([letter(**WHOLE)])
    [mail] = wire.asked[0].json()
    assert mail == {
        "from": '"Sklep, Żółw" <hello@shop.example.com>',
        "to": ["person.1@example.com"],
        "subject": WHOLE["subject"],
        "html": WHOLE["html"],
        "text": WHOLE["text"],
        "reply_to": ["help@shop.example.com"],
        "headers": {"List-Unsubscribe": f"<{UNSUBSCRIBE}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
        "tags": [{"name": "tidegate_key", "value": tag("journey:ada:step:1")}],
    }
    [kept] = wire.shelf.messages()
    assert (kept["id"], kept["key"]) == (outcome.provider_id, tag("journey:ada:step:1"))


@pytest.mark.parametrize("key", ["a:b:c", "ż" * 100, "k" * 500])
async def test_whatever_the_key_is_resend_takes_it_as_a_tag(wire: EmulatedWire, key: str) -> None:
    async with opened(Resend, given(wire)) as connector:
        assert verdicts(await connector.send([letter(key=key)])) == [("accepted", "")]


async def test_one_call_carries_a_hundred_and_the_bad_ones_are_named(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match="person.7@example.com", reason="Invalid `to` field: person.7@example.com")
    async with opened(Resend, given(wire)) as connector:
        assert connector.limits.batch == 100
        outcomes = await connector.send([letter(n, to="nobody" if n == 3 else "") for n in range(100)])
    assert len(wire.asked) == 1
    assert verdicts([outcomes[3], outcomes[7]]) == [("rejected", "unsendable"), ("rejected", "validation_error")]
    assert "person.7" not in outcomes[7].detail
    assert [o.provider_id for o in outcomes if o.verdict == "accepted"] == [m["id"] for m in wire.shelf.messages()]


@pytest.mark.parametrize("fault", ["cut_after", "garbage", "empty", "html", "error"])
async def test_a_call_in_doubt_is_asked_after_and_nobody_gets_it_twice(wire: EmulatedWire, fault: Any) -> None:
    async with opened(Resend, given(wire)) as connector:
        wire.fail(fault)
        outcomes = await judged(connector, letter(1), letter(2))
        wire.mend()
        found = await connector.lookup(["journey:ada:step:1", "journey:ada:step:2", "journey:ada:step:3"])
        again = await connector.lookup(["journey:ada:step:1"])
    assert [outcome.verdict for outcome in outcomes] == ["unknown", "unknown"]
    assert [mail["to"] for mail in wire.shelf.messages()] == ["person.1@example.com", "person.2@example.com"]
    assert {key: outcome.provider_id for key, outcome in found.items()} == {
        f"journey:ada:step:{n}": mail["id"] for n, mail in enumerate(wire.shelf.messages(), 1)
    }
    assert again == {}
    first, second = [asked for asked in wire.asked if asked.method == "POST"]
    assert (first.headers["idempotency-key"], first.body) == (second.headers["idempotency-key"], second.body)


async def test_a_call_that_is_still_in_doubt_stays_so(wire: EmulatedWire) -> None:
    async with opened(Resend, given(wire)) as connector:
        wire.fail("cut_after")
        await judged(connector, letter(1))
        assert await connector.lookup(["journey:ada:step:1"]) == {}
        wire.fail("throttled")
        assert await connector.lookup(["journey:ada:step:1"]) == {}
        wire.mend()
        assert verdicts(list((await connector.lookup(["journey:ada:step:1"])).values())) == [("accepted", "")]
    assert len(wire.shelf.messages()) == 1


async def test_a_repeated_call_that_is_refused_was_never_taken() -> None:
    async with answering(500) as wire, opened(Resend, given(wire)) as connector:
        await judged(connector, letter(1), letter(2))
        await judged(connector, letter(3))
        wire.platform = lambda asked: _refusal(422, "validation_error")
        found = await connector.lookup([f"journey:ada:step:{n}" for n in (1, 2, 3)])
    assert verdicts(list(found.values())) == [
        ("retry", "refused_together"),
        ("retry", "refused_together"),
        ("rejected", "validation_error"),
    ]


def _refusal(status: int, name: str) -> Answer:
    return Answer(status, {"statusCode": status, "name": name, "message": "no: person.1@example.com"})


async def test_two_calls_with_other_messages_have_other_keys(wire: EmulatedWire) -> None:
    async with opened(Resend, given(wire)) as connector:
        await connector.send([letter(1), letter(2)])
        await connector.send([letter(2)])
    keys = [asked.headers["idempotency-key"] for asked in wire.asked]
    assert len(set(keys)) == 2
    assert all(len(key) <= 256 for key in keys)


@pytest.mark.parametrize(
    ("status", "name", "verdict", "reason", "after"),
    [
        (422, "validation_error", "rejected", "validation_error", None),
        (422, "missing_required_field", "rejected", "missing_required_field", None),
        (429, "rate_limit_exceeded", "retry", "throttled", 7.0),
        (429, "daily_quota_exceeded", "retry", "throttled", 7.0),
        (409, "invalid_idempotent_request", "unknown", "invalid_idempotent_request", None),
        (409, "concurrent_idempotent_requests", "unknown", "concurrent_idempotent_requests", None),
        (500, "application_error", "unknown", "http_500", None),
    ],
)
async def test_every_error_means_one_thing(
    status: int, name: str, verdict: str, reason: str, after: float | None
) -> None:
    said = {"statusCode": status, "name": name, "message": "no: person.1@example.com"}
    async with answering(status, said, {"retry-after": "7"}) as wire, opened(Resend, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.verdict, outcome.reason, outcome.after) == (verdict, reason, after)
    assert "person.1" not in outcome.detail


async def test_a_used_up_day_is_waited_for_even_where_resend_does_not_say_how_long() -> None:
    said = {"name": "daily_quota_exceeded", "message": "no"}
    async with answering(429, said) as wire, opened(Resend, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.reason, outcome.after) == ("throttled", 3600.0)


@pytest.mark.parametrize(
    ("status", "name", "reason"),
    [
        (401, "missing_api_key", "unauthorized"),
        (403, "invalid_api_key", "unauthorized"),
        (429, "monthly_quota_exceeded", "quota_exceeded"),
        (403, "validation_error", "sender_not_verified"),
        (422, "invalid_from_address", "sender_not_verified"),
    ],
)
async def test_an_account_at_fault_closes_the_destination(status: int, name: str, reason: str) -> None:
    async with answering(status, {"name": name, "message": "no"}) as wire, opened(Resend, given(wire)) as connector:
        with pytest.raises(Closed, match=reason):
            await connector.send([letter(1), letter(2)])


async def test_a_sender_of_a_messages_own_is_found_by_halving_and_closes_nothing() -> None:
    said = {"name": "validation_error", "message": "The else.example domain is not verified."}
    async with answering(403, said) as wire, opened(Resend, given(wire)) as connector:
        with pytest.raises(Refused, match="sender_not_verified") as raised:
            await connector.send([letter(1), letter(2, **{"from": "a@else.example"})])
    assert not isinstance(raised.value, Closed)


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"data": []},
        {"data": [{"id": "a"}]},
        {"data": [{}, {}]},
        {"data": [{"id": "a"}], "errors": ["?"]},
        {"data": [{"id": "a"}], "errors": [{"index": 5, "message": "x"}]},
    ],
)
async def test_an_answer_that_does_not_match_leaves_the_messages_in_doubt(body: Any) -> None:
    async with answering(200, body) as wire, opened(Resend, given(wire)) as connector:
        outcomes = await judged(connector, letter(1), letter(2))
    assert [outcome.verdict for outcome in outcomes] == ["unknown", "unknown"]


async def test_a_key_that_may_only_send_proves_itself() -> None:
    said = {"statusCode": 401, "name": "restricted_api_key", "message": "This API key is restricted to only send"}
    async with answering(401, said) as wire, opened(Resend, given(wire)) as connector:
        assert "may only send" in await connector.prove()
    wrong = {"name": "invalid_api_key", "message": "no"}
    async with answering(400, wrong) as wire, opened(Resend, given(wire)) as connector:
        with pytest.raises(Closed):
            await connector.prove()
