"""E-mail through Mailgun: its errors are words, and a mail in doubt is found by the Message-ID that it was given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from tidegate import registry
from tidegate.errors import Closed
from tidegate.sandbox.emulation import SECRET
from tidegate.sandbox.platforms.mailgun import Mailgun as Platform
from tidegate.testing import HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT
from .mailing import UNSUBSCRIBE, WHOLE, answering, judged, letter, opened, verdicts

Mailgun = registry.load("mailgun", ROOT)


def given(wire: HttpWire, **more: Any) -> dict[str, Any]:
    sender = {"domain": "mg.shop.example.com", "from": "Shop <hello@shop.example.com>"}
    return {"api_key": SECRET, "base_url": wire.url, **sender, **more}


class TestContract(NetworkContract):
    kind = Mailgun
    emulation = Platform
    secrets = (SECRET,)

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return given(wire)


@pytest.fixture
async def wire() -> AsyncIterator[EmulatedWire]:
    async with EmulatedWire(Platform) as wire:
        yield wire


async def test_a_mail_says_what_it_should_and_carries_its_key(wire: EmulatedWire) -> None:
    async with opened(Mailgun, given(wire)) as connector:
        [outcome] = await connector.send([letter(**WHOLE)])
    assert wire.asked[0].path == "/v3/mg.shop.example.com/messages"
    form = wire.asked[0].form()
    assert form.pop("h:Message-Id") == outcome.provider_id
    assert form == {
        "from": '"Sklep, Żółw" <hello@shop.example.com>',
        "to": "person.1@example.com",
        "subject": WHOLE["subject"],
        "text": WHOLE["text"],
        "html": WHOLE["html"],
        "v:tidegate_key": "journey:ada:step:1",
        "h:Reply-To": "help@shop.example.com",
        "h:List-Unsubscribe": f"<{UNSUBSCRIBE}>",
        "h:List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert [mail["key"] for mail in wire.shelf.messages()] == ["journey:ada:step:1"]


async def test_the_message_id_is_always_the_same_and_tells_nothing(wire: EmulatedWire) -> None:
    ids = []
    for settings in (given(wire), given(wire)):
        async with opened(Mailgun, settings) as connector:
            ids += [outcome.provider_id or "" for outcome in await connector.send([letter(1), letter(2)])]
    assert ids[:2] == ids[2:]
    assert len(set(ids)) == 2
    assert all(one.endswith("@mg.shop.example.com>") and "ada" not in one for one in ids)


@pytest.mark.parametrize("own", [{}, {"from": "Else <else@example.org>"}])
async def test_what_was_taken_before_the_connection_broke_is_found_again(
    wire: EmulatedWire, own: dict[str, str]
) -> None:
    async with opened(Mailgun, given(wire)) as connector:
        wire.fail("cut_after")
        [outcome] = await judged(connector, letter(1, **own))
        wire.mend()
        found = await connector.lookup(["journey:ada:step:1", "journey:ada:step:2"])
    assert (outcome.verdict, outcome.reason) == ("unknown", "cut_off")
    assert {key: one.provider_id for key, one in found.items()} == {
        "journey:ada:step:1": wire.shelf.messages()[0]["id"]
    }


@pytest.mark.parametrize(
    ("status", "words", "verdict", "reason", "after"),
    [
        (400, "to parameter is not a valid address. please check documentation", "rejected", "bad_recipient", None),
        (400, "'to' parameter is not a valid address: person.1@example.com", "rejected", "bad_recipient", None),
        (400, "Need at least one of 'text' or 'html'", "rejected", "bad_message", None),
        (403, "Sandbox subdomains are for test purposes only.", "rejected", "sandbox_domain", None),
        (413, "Request Entity Too Large", "rejected", "http_413", None),
        (429, "Too Many Requests", "retry", "throttled", None),
        (403, "Domain x.example is not allowed to send: recipient limit exceeded.", "retry", "throttled", 3600.0),
        (500, "Internal Server Error", "unknown", "http_500", None),
    ],
)
async def test_every_error_means_one_thing(
    status: int, words: str, verdict: str, reason: str, after: float | None
) -> None:
    async with answering(status, {"message": words}) as wire, opened(Mailgun, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.verdict, outcome.reason, outcome.after) == (verdict, reason, after)
    assert "person.1" not in outcome.detail


async def test_an_hourly_limit_is_waited_for_as_long_as_mailgun_says() -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(minutes=20)).replace("+0000", "UTC")
    words = f"Domain x.example is not allowed to send: request limit exceeded, try again after {until}"
    async with answering(403, {"message": words}) as wire, opened(Mailgun, given(wire)) as connector:
        [outcome] = await judged(connector, letter())
    assert (outcome.verdict, outcome.reason) == ("retry", "throttled")
    assert 1000 < (outcome.after or 0) <= 1200


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (401, "Forbidden", "unauthorized"),
        (403, "Domain x.example is not allowed to send: Free accounts are for test purposes only.", "domain"),
        (404, "Domain not found: x.example", "domain_not_allowed"),
        (402, "Payment required", "domain_not_allowed"),
        (400, "from parameter is not a valid address. please check documentation", "bad_sender"),
    ],
)
async def test_an_account_at_fault_closes_the_destination(status: int, words: str, reason: str) -> None:
    async with answering(status, {"message": words}) as wire, opened(Mailgun, given(wire)) as connector:
        with pytest.raises(Closed, match=reason):
            await connector.send([letter(1), letter(2)])
        assert len(wire.asked) == 1


async def test_a_sender_of_the_messages_own_is_the_messages_fault() -> None:
    words = "from parameter is not a valid address. please check documentation"
    async with answering(400, {"message": words}) as wire, opened(Mailgun, given(wire)) as connector:
        outcomes = await judged(connector, letter(**{"from": "x@else.example"}))
    assert verdicts(outcomes) == [("rejected", "bad_sender")]


async def test_one_bad_address_does_not_hold_back_the_others(wire: EmulatedWire) -> None:
    wire.order(kind="refuse", match="person.2@example.com", reason="to parameter is not a valid address")
    async with opened(Mailgun, given(wire)) as connector:
        outcomes = await connector.send([letter(1), letter(2), letter(3, to="nobody"), letter(4)])
    assert verdicts(outcomes) == [
        ("accepted", ""),
        ("rejected", "bad_recipient"),
        ("rejected", "unsendable"),
        ("accepted", ""),
    ]


@pytest.mark.parametrize("body", [{}, [], {"message": "Queued. Thank you."}])
async def test_an_answer_without_an_id_leaves_the_message_in_doubt(body: Any) -> None:
    async with answering(200, body) as wire, opened(Mailgun, given(wire)) as connector:
        assert verdicts(await judged(connector, letter())) == [("unknown", "garbled")]


async def test_a_domain_that_is_not_active_does_not_prove_itself() -> None:
    said = {"domain": {"name": "mg.shop.example.com", "state": "unverified"}}
    async with answering(200, said) as wire, opened(Mailgun, given(wire)) as connector:
        with pytest.raises(Closed, match="unverified"):
            await connector.prove()


@pytest.mark.parametrize("domain", ["a/../b", "mg.example.com/messages", "a b", ""])
def test_a_domain_is_one_and_no_path(domain: str) -> None:
    with pytest.raises(ValueError, match="domain"):
        Mailgun.Settings.model_validate({"api_key": "k", "domain": domain, "from": "a@example.com"})
