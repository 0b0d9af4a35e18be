"""WhatsApp through Meta: templates filled in, and every code of Meta's means one thing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.platforms.whatsapp import WhatsApp as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT

WhatsApp = registry.load("whatsapp", ROOT)
NUMBER = "106540352242922"
PICTURE = "https://shop.example.com/lamp.png"


def settings(wire: HttpWire) -> dict[str, Any]:
    return {"phone_number_id": NUMBER, "access_token": SECRET, "base_url": wire.url}


class TestContract(NetworkContract):
    kind = WhatsApp
    secrets = (SECRET,)
    emulation = Platform
    description = "whatsapp.json"

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return settings(wire)


class TestContractOfTemplates(TestContract):
    # What comes of faults in the long run does not hang on what is said in a message.
    test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice = None

    def message(self, number: int) -> Message:
        content = {"text": "", "template": "welcome", "language": "en_GB", "parameters": [f"No. {number}"]}
        return replace(super().message(number), content={**content, "image": PICTURE})


def note(to: str = "+44 7700 900123", **content: Any) -> Message:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    return Message("audience:stock:p1:1:0:0", "p1", "whatsapp", to, at, {"text": "Hello", **content})


async def send(wire: HttpWire, *messages: Message) -> list[Outcome]:
    connector: Connector = WhatsApp(WhatsApp.Settings.model_validate(settings(wire)))
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        try:
            return await connector.send(messages)
        except Closed:
            raise
        except DestinationError as fault:
            return [Outcome.of(fault)] * len(messages)


def refusing(status: int, code: int, headers: Mapping[str, str] | None = None) -> HttpWire:
    data = {"messaging_product": "whatsapp", "details": "no, +447700900123"}
    error = {"message": f"(#{code}) words", "type": "OAuthException", "code": code, "error_data": data}
    return HttpWire(lambda asked: Answer(status, {"error": error}, headers or {}))


async def test_a_text_goes_as_it_was_written() -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, note(text="Żółć 🎉"))
        [kept] = wire.shelf.messages()
    assert outcome.verdict == "accepted"
    assert (outcome.provider_id or "").startswith("wamid.")
    assert (kept["to"], kept["text"]) == ("+447700900123", "Żółć 🎉")
    assert wire.asked[0].path == f"/v23.0/{NUMBER}/messages"
    assert wire.asked[0].json() == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+447700900123",
        "type": "text",
        "text": {"body": "Żółć 🎉", "preview_url": True},
    }


async def test_a_picture_has_the_text_below_it() -> None:
    async with EmulatedWire(Platform) as wire:
        await send(wire, note(image=PICTURE))
    assert wire.asked[0].json()["image"] == {"link": PICTURE, "caption": "Hello"}


@pytest.mark.parametrize(
    ("parameters", "filled"),
    [
        (["Ada", "a lamp"], [{"type": "text", "text": "Ada"}, {"type": "text", "text": "a lamp"}]),
        ({"2": "a lamp", "1": "Ada"}, [{"type": "text", "text": "Ada"}, {"type": "text", "text": "a lamp"}]),
        ({"name": "Ada"}, [{"type": "text", "parameter_name": "name", "text": "Ada"}]),
    ],
)
async def test_a_template_is_filled_in_by_place_or_by_name(parameters: Any, filled: list[Any]) -> None:
    message = note(template="back_in_stock", language="pt-BR", parameters=parameters, image=PICTURE, url="p/7")
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, message)
    assert outcome.verdict == "accepted"
    assert wire.asked[0].json()["template"] == {
        "name": "back_in_stock",
        "language": {"policy": "deterministic", "code": "pt_BR"},
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"link": PICTURE}}]},
            {"type": "body", "parameters": filled},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "p/7"}]},
        ],
    }


async def test_a_template_without_places_has_no_components() -> None:
    async with EmulatedWire(Platform) as wire:
        await send(wire, note(template="welcome", language="en"))
    assert "components" not in wire.asked[0].json()["template"]


@pytest.mark.parametrize(
    ("status", "code", "verdict", "reason"),
    [
        (400, 130429, "retry", "throttled"),
        (400, 80007, "retry", "throttled"),
        (400, 131048, "retry", "spam_limit"),
        (400, 132015, "retry", "template_paused"),
        (500, 131016, "retry", "unavailable"),
        (400, 131026, "rejected", "undeliverable"),
        (400, 131047, "rejected", "outside_window"),
        (400, 131050, "rejected", "unsubscribed"),
        (400, 132000, "rejected", "template_parameters"),
        (404, 132001, "rejected", "no_such_template"),
        (400, 100, "rejected", "refused"),
        (400, 199999, "rejected", "http_400"),
        (500, 131000, "unknown", "error_131000"),
        (400, 131000, "unknown", "error_131000"),
        (500, 1, "unknown", "error_1"),
    ],
)
async def test_every_code_means_one_thing(status: int, code: int, verdict: str, reason: str) -> None:
    async with refusing(status, code) as wire:
        [outcome] = await send(wire, note())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert str(code) in outcome.detail
    assert "900123" not in outcome.detail


async def test_a_number_that_the_token_does_not_see_costs_no_message() -> None:
    words = "Unsupported post request. Object with ID '1' does not exist, cannot be loaded due to missing permissions"
    body = {"error": {"message": words, "type": "GraphMethodException", "code": 100, "error_subcode": 33}}
    async with HttpWire(lambda asked: Answer(400, body)) as wire:
        with pytest.raises(Closed, match="bad_phone_number_id"):
            await send(wire, note())


@pytest.mark.parametrize("code", [0, 10, 190, 200, 299, 368, 131031, 131042, 133010])
async def test_a_wrong_account_is_nobodys_message(code: int) -> None:
    async with refusing(400, code) as wire:
        with pytest.raises(Closed):
            await send(wire, note(), note())
    assert len(wire.asked) == 1


async def test_a_person_is_not_written_to_faster_than_whatsapp_allows() -> None:
    async with refusing(400, 131056) as wire:
        [outcome] = await send(wire, note())
    assert (outcome.reason, outcome.after) == ("throttled", 6.0)


async def test_an_error_within_a_200_is_one() -> None:
    async with refusing(200, 131026) as wire:
        [outcome] = await send(wire, note())
    assert (outcome.verdict, outcome.reason) == ("rejected", "undeliverable")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (note(to="07700 900123"), "bad_number"),
        (note(text=" "), "empty"),
        (note(text="x" * 4097), "too_long"),
        (note(text="x" * 1025, image=PICTURE), "too_long"),
        (note(template="welcome", parameters=["Ada", " "]), "template_parameters"),
        (note(template="welcome", parameters={"name": ""}), "template_parameters"),
    ],
)
async def test_what_meta_would_not_take_is_not_even_asked(message: Message, reason: str) -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, message)
    assert (outcome.verdict, outcome.reason) == ("rejected", reason)
    assert wire.asked == []


def test_every_code_is_on_the_page() -> None:
    page = (ROOT / "docs" / "connectors" / "whatsapp.md").read_text(encoding="utf-8")
    source = (ROOT / "connectors" / "whatsapp.py").read_text(encoding="utf-8")
    codes = set(re.findall(r"\b1[0-9]{5}\b|\b80007\b", source))
    assert codes <= set(re.findall(r"\b1[0-9]{5}\b|\b80007\b", page))
