"""Text messages through Twilio: once each, and every code of theirs means one thing to us."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.testing import Answer, Asked, HttpWire, NetworkContract

from .conftest import ROOT

SID = "AC" + "0a" * 16
TOKEN = "d41d8cd98f00b204e9800998ecf8427e"
Twilio = registry.load("twilio", ROOT)


def platform(asked: Asked) -> Answer:
    if asked.method == "GET":
        return Answer(200, {"sid": SID, "status": "active", "friendly_name": "Shop"})
    return Answer(
        201, {"sid": "SM" + "1b" * 16, "status": "queued", "error_code": None, "to": asked.form()["To"]}, took=1
    )


class TestContract(NetworkContract):
    kind = Twilio
    secrets = (TOKEN, base64.b64encode(f"{SID}:{TOKEN}".encode()).decode())

    @pytest.fixture
    async def wire(self) -> AsyncIterator[HttpWire]:
        async with HttpWire(platform) as wire:
            yield wire

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"account_sid": SID, "auth_token": TOKEN, "from": "+12025550100", "base_url": wire.url}


async def send(wire: HttpWire, *messages: Message, **settings: Any) -> list[Outcome]:
    given = {"account_sid": SID, "auth_token": TOKEN, "from": "+12025550100", "base_url": wire.url, **settings}
    connector: Connector = Twilio(Twilio.Settings.model_validate({k: v for k, v in given.items() if v is not None}))
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        try:
            return await connector.send(messages)
        except Closed:
            raise
        except DestinationError as fault:
            return [Outcome.of(fault)] * len(messages)


def text(body: str = "Your order is on its way", to: str = "+44 7700 900123") -> Message:
    message = TestContract().message(1)
    return Message(message.key, message.person, "sms", to, message.at, {"text": body})


async def test_each_request_is_one_that_twilio_describes(description: Any) -> None:
    checker = description("twilio.json")
    async with HttpWire(platform, watch=checker) as wire:
        await send(wire, text("Żółć & emoji 🎉 = 100%"))
        await send(wire, text(), **{"from": None}, messaging_service_sid="MG" + "2c" * 16)
        await send(wire, text(), status_callback="https://shop.example.com/sms")
        connector = Twilio(Twilio.Settings.model_validate(TestContract().settings(wire)))
        async with aiohttp.ClientSession() as session:
            await connector.open(session)
            assert "active" in await connector.prove()
    assert checker.checked == ["CreateMessage", "CreateMessage", "CreateMessage", "FetchAccount"]


async def test_the_text_arrives_as_it_was_written_and_the_number_in_e164() -> None:
    async with HttpWire(platform) as wire:
        [outcome] = await send(wire, text("Żółć & emoji 🎉 = 100%"))
    assert outcome == Outcome.accepted("SM" + "1b" * 16)
    assert wire.asked[0].form() == {"To": "+447700900123", "Body": "Żółć & emoji 🎉 = 100%", "From": "+12025550100"}


@pytest.mark.parametrize(
    ("status", "code", "verdict", "reason"),
    [
        (400, 21211, "rejected", "bad_number"),
        (400, 21610, "rejected", "unsubscribed"),
        (400, 21408, "rejected", "region_not_enabled"),
        (400, 21999, "rejected", "http_400"),
        (429, 20429, "retry", "throttled"),
        (400, 21611, "retry", "throttled"),
        (500, 20500, "unknown", "http_500"),
        (503, 20503, "retry", "unavailable"),
    ],
)
async def test_every_code_means_one_thing(status: int, code: int, verdict: str, reason: str) -> None:
    def refuses(asked: Asked) -> Answer:
        return Answer(status, {"code": code, "message": f"no {asked.form()['To']}", "status": status})

    async with HttpWire(refuses) as wire:
        [outcome] = await send(wire, text())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert str(code) in outcome.detail
    assert "900123" not in outcome.detail


@pytest.mark.parametrize("code", [20003, 20005, 21606, 21660])
async def test_a_wrong_account_or_sender_is_nobodys_row(code: int) -> None:
    async with HttpWire(lambda asked: Answer(400, {"code": code, "message": "no"})) as wire:
        with pytest.raises(Closed):
            await send(wire, text(), text())
        assert len(wire.asked) == 1


async def test_a_message_that_failed_at_once_is_not_called_sent() -> None:
    failed = {"sid": "SM1", "status": "failed", "error_code": 21614, "error_message": "not mobile"}
    async with HttpWire(lambda asked: Answer(201, failed)) as wire:
        [outcome] = await send(wire, text())
    assert (outcome.verdict, outcome.reason) == ("rejected", "not_mobile")


@pytest.mark.parametrize(
    ("message", "reason"), [(text("x" * 1601), "too_long"), (text(to="07700 900123"), "bad_number")]
)
async def test_what_twilio_would_not_take_is_not_even_asked(message: Message, reason: str) -> None:
    async with HttpWire(platform) as wire:
        [outcome] = await send(wire, message)
        assert (outcome.verdict, outcome.reason) == ("rejected", reason)
        assert wire.asked == []


async def test_one_bad_number_does_not_hold_back_the_others() -> None:
    def picky(asked: Asked) -> Answer:
        bad = asked.form()["To"].endswith("2")
        return Answer(400, {"code": 21211, "message": "bad"}) if bad else platform(asked)

    async with HttpWire(picky) as wire:
        outcomes = await send(wire, *(text(to=f"+4477009001{n:02d}") for n in range(1, 5)))
    assert [outcome.verdict for outcome in outcomes] == ["accepted", "rejected", "accepted", "accepted"]


async def test_a_redirect_is_not_followed_with_the_credentials() -> None:
    async with HttpWire(platform) as other:
        async with HttpWire(lambda asked: Answer(307, "", {"location": other.url})) as wire:
            [outcome] = await send(wire, text())
        assert outcome.verdict == "retry"
        assert other.asked == []


async def test_nobody_there_means_not_sent() -> None:
    async with HttpWire(platform) as wire:
        pass
    [outcome] = await send(wire, text())
    assert (outcome.verdict, outcome.reason) == ("retry", "unreachable")


async def test_a_suspended_account_does_not_prove_itself() -> None:
    async with HttpWire(lambda asked: Answer(200, {"status": "suspended"})) as wire:
        connector = Twilio(Twilio.Settings.model_validate(TestContract().settings(wire)))
        async with aiohttp.ClientSession() as session:
            await connector.open(session)
            with pytest.raises(DestinationError, match="suspended"):
                await connector.prove()


@pytest.mark.parametrize("senders", [{}, {"from": "+12025550100", "messaging_service_sid": "MG" + "2c" * 16}])
def test_there_is_exactly_one_sender(senders: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either `from` or `messaging_service_sid`"):
        Twilio.Settings.model_validate({"account_sid": SID, "auth_token": TOKEN, **senders})
