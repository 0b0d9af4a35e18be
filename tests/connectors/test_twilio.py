"""Messages through Twilio: once each, and every code of theirs means one thing to us."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.platforms.twilio import Twilio as Platform
from tidegate.testing import Answer, Asked, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT

SID = "AC" + "0a" * 16
TOKEN = "d41d8cd98f00b204e9800998ecf8427e"
CONTENT = "HX" + "3d" * 16
Twilio = registry.load("twilio", ROOT)


def platform(asked: Asked) -> Answer:
    if asked.method == "GET":
        return Answer(200, {"sid": SID, "status": "active", "friendly_name": "Shop"})
    return Answer(
        201, {"sid": "SM" + "1b" * 16, "status": "queued", "error_code": None, "to": asked.form()["To"]}, took=1
    )


class TestContract(NetworkContract):
    kind = Twilio
    secrets = (SECRET, base64.b64encode(f"{SID}:{SECRET}".encode()).decode())
    emulation = Platform
    description = "twilio.json"

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"account_sid": SID, "auth_token": SECRET, "from": "+12025550100", "base_url": wire.url}


class TestContractOfWhatsApp(TestContract):
    # What comes of faults in the long run does not hang on what is said in a message.
    test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice = None

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {**super().settings(wire), "from": "whatsapp:+12025550100"}

    def message(self, number: int) -> Message:
        content = {"text": "", "template": CONTENT, "parameters": ["Ada", f"No. {number}"]}
        return replace(super().message(number), channel="whatsapp", content=content)


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
        await send(wire, whatsapp(image="https://shop.example.com/a.png"), **{"from": "whatsapp:+12025550100"})
    assert checker.checked == ["CreateMessage"] * 4


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
        (503, 20503, "unknown", "unavailable"),
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


@pytest.mark.parametrize(
    ("code", "verdict", "reason"),
    [(21614, "rejected", "not_mobile"), (30001, "retry", "throttled"), (30002, "retry", "account_suspended")],
)
async def test_a_message_that_failed_as_soon_as_it_was_made_is_as_its_code_says(
    code: int, verdict: str, reason: str
) -> None:
    failed = {"sid": "SM1", "status": "failed", "error_code": code, "error_message": "no"}
    async with HttpWire(lambda asked: Answer(201, failed)) as wire:
        try:
            [outcome] = await send(wire, text())
        except Closed as fault:
            outcome = Outcome.of(fault)
    assert (outcome.verdict, outcome.reason) == (verdict, reason)


@pytest.mark.parametrize("code", [10001, 20003, 20005, 21606, 21660, 21661])
async def test_a_wrong_account_or_sender_is_nobodys_row(code: int) -> None:
    async with HttpWire(lambda asked: Answer(400, {"code": code, "message": "no"})) as wire:
        with pytest.raises(Closed):
            await send(wire, text(), text())
        assert len(wire.asked) == 1


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


def whatsapp(words: str = "It is back", **content: Any) -> Message:
    return replace(text(), channel="whatsapp", content={"text": words, **content})


async def test_a_whatsapp_text_goes_from_a_whatsapp_number_to_one() -> None:
    async with EmulatedWire(Platform) as wire:
        given = {"auth_token": SECRET, "from": "whatsapp:+12025550100"}
        [outcome] = await send(wire, whatsapp(image="https://shop.example.com/a.png"), **given)
        [kept] = wire.shelf.messages()
    assert outcome.verdict == "accepted"
    assert wire.asked[0].form() == {
        "To": "whatsapp:+447700900123",
        "Body": "It is back",
        "MediaUrl": "https://shop.example.com/a.png",
        "From": "whatsapp:+12025550100",
    }
    assert (kept["channel"], kept["to"]) == ("whatsapp", "+447700900123")


@pytest.mark.parametrize(
    ("parameters", "variables"),
    [
        (["Ada", "żółć"], {"1": "Ada", "2": "żółć"}),
        ({"name": "Ada"}, {"name": "Ada"}),
        (None, None),
    ],
)
async def test_a_template_is_named_by_its_sid_and_filled_in(parameters: Any, variables: Any) -> None:
    service = {"from": None, "messaging_service_sid": "MG" + "2c" * 16, "channel": "whatsapp", "auth_token": SECRET}
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, whatsapp("", template=CONTENT, parameters=parameters, language="en"), **service)
    form = wire.asked[0].form()
    assert outcome.verdict == "accepted"
    assert form["ContentSid"] == CONTENT
    assert "Body" not in form
    assert json.loads(form.get("ContentVariables", "null")) == variables


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (whatsapp("", template="back_in_stock"), "no_such_template"),
        (whatsapp("", template=CONTENT, parameters=["Ada", ""]), "template_parameters"),
        (whatsapp("", template=CONTENT, image="https://shop.example.com/a.png"), "unsupported"),
        (whatsapp("", template=CONTENT, url="p/7"), "unsupported"),
        (whatsapp(" "), "empty"),
    ],
)
async def test_what_twilio_cannot_say_on_whatsapp_is_not_even_asked(message: Message, reason: str) -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, message, **{"from": "whatsapp:+12025550100"})
        assert (outcome.verdict, outcome.reason) == ("rejected", reason)
        assert wire.asked == []


@pytest.mark.parametrize(
    ("settings", "channel"),
    [
        ({"from": "+12025550100"}, "sms"),
        ({"from": "whatsapp:+12025550100"}, "whatsapp"),
        ({"from": "whatsapp:${NUMBER}"}, "whatsapp"),
        ({"from": "${NUMBER}"}, "sms"),
        ({"from": "${NUMBER}", "channel": "whatsapp"}, "whatsapp"),
        ({"messaging_service_sid": "MG" + "2c" * 16}, "sms"),
        ({"messaging_service_sid": "MG" + "2c" * 16, "channel": "whatsapp"}, "whatsapp"),
    ],
)
def test_a_destination_sends_one_of_the_two(settings: dict[str, str], channel: str) -> None:
    known = {"account_sid": SID, "auth_token": TOKEN, **settings}
    assert Twilio.channel_of(known) == channel
    resolved = {name: value.replace("${NUMBER}", "+12025550100") for name, value in known.items()}
    assert Twilio(Twilio.Settings.model_validate(resolved)).channel == channel


async def test_a_number_from_the_environment_that_is_of_the_other_kind_is_told() -> None:
    async with EmulatedWire(Platform) as wire:
        with pytest.raises(Closed, match="write `channel: whatsapp` beside it"):
            await send(wire, text(), **{"from": "whatsapp:+12025550100"})
        assert wire.asked == []


def test_a_whatsapp_number_cannot_send_texts() -> None:
    given = {"account_sid": SID, "auth_token": TOKEN, "from": "whatsapp:+12025550100", "channel": "sms"}
    with pytest.raises(ValueError, match="`channel` says sms"):
        Twilio.Settings.model_validate(given)


async def test_a_redirect_is_not_followed_with_the_credentials() -> None:
    async with HttpWire(platform) as other:
        async with HttpWire(lambda asked: Answer(307, "", {"location": other.url})) as wire:
            [outcome] = await send(wire, text())
        assert outcome.verdict == "retry"
        assert other.asked == []


async def test_an_address_where_there_is_no_such_api_costs_no_message() -> None:
    async with HttpWire(lambda asked: Answer(404, "<html>Not Found</html>")) as wire:
        with pytest.raises(Closed, match="bad_address"):
            await send(wire, text(), text())
    assert len(wire.asked) == 1


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
