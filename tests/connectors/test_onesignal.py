"""Notifications through OneSignal: once each however often they are tried, and a 200 is not success."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.platforms.onesignal import OneSignal as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT

OneSignal = registry.load("onesignal", ROOT)
APP = "5eb5a37e-b458-11e3-ac11-000c2940e62c"
DEVICE = "1dd608f2-c6a1-11e3-851d-000c2940e62c"


def settings(wire: HttpWire, **more: Any) -> dict[str, Any]:
    return {"app_id": APP, "api_key": SECRET, "base_url": wire.url, **more}


class TestContract(NetworkContract):
    kind = OneSignal
    secrets = (SECRET,)
    emulation = Platform
    description = "onesignal.json"

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return settings(wire)


class TestContractByAlias(TestContract):
    # What comes of faults in the long run does not hang on what is said in a message.
    test_after_any_fault_a_healthy_run_leaves_it_equal_and_nobody_told_twice = None

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return settings(wire, alias="external_id", ttl=3600)


def notice(to: str = DEVICE, key: str = "audience:stock:p1:1:0:0", **content: Any) -> Message:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    return Message(key, "p1", "push", to, at, {"title": "It is back", "text": "The lamp", **content})


async def send(wire: HttpWire, *messages: Message, **more: Any) -> list[Outcome]:
    connector: Connector = OneSignal(OneSignal.Settings.model_validate(settings(wire, **more)))
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        try:
            return await connector.send(messages)
        except Closed:
            raise
        except DestinationError as fault:
            return [Outcome.of(fault)] * len(messages)


async def test_a_plain_notice_says_no_more_than_it_must() -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, notice())
    body = wire.asked[0].json()
    assert outcome.verdict == "accepted"
    assert wire.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert UUID(body.pop("idempotency_key"))
    assert body == {
        "app_id": APP,
        "headings": {"en": "It is back"},
        "contents": {"en": "The lamp"},
        "include_subscription_ids": [DEVICE],
    }


async def test_whoever_has_an_alias_is_reached_on_every_device() -> None:
    picture = "https://shop.example.com/lamp.png"
    message = notice("ada", url="https://shop.example.com/7", image=picture, data={"order": "7"})
    async with EmulatedWire(Platform) as wire:
        await send(wire, message, alias="customer", ttl=60)
    body = wire.asked[0].json()
    assert body["include_aliases"] == {"customer": ["ada"]}
    assert body["target_channel"] == "push"
    assert "include_subscription_ids" not in body
    assert (body["url"], body["ttl"], body["data"]) == ("https://shop.example.com/7", 60, {"order": "7"})
    assert body["big_picture"] == body["chrome_web_image"] == body["ios_attachments"]["image"] == picture


async def test_the_same_message_tried_twice_arrives_once_and_another_one_too() -> None:
    async with EmulatedWire(Platform) as wire:
        first = await send(wire, notice())
        again = await send(wire, notice())
        other = await send(wire, notice(key="audience:stock:p1:2:0:0"))
        assert first == again != other
        assert len(wire.shelf.messages()) == 2


@pytest.mark.parametrize(
    ("status", "body", "verdict", "reason"),
    [
        (200, {"id": "", "errors": ["All included players are not subscribed"]}, "rejected", "unregistered"),
        (200, {"id": "x", "errors": {"invalid_aliases": {"external_id": ["ada"]}}}, "rejected", "unregistered"),
        (200, {"id": "x", "errors": {"invalid_player_ids": [DEVICE]}}, "rejected", "unregistered"),
        (200, {"id": "", "errors": ["something else"]}, "rejected", "refused"),
        (200, {"id": "x", "errors": ["a warning"]}, "accepted", ""),
        (200, {"recipients": 1}, "unknown", "garbled"),
        (400, {"errors": ["Message Notifications must have English language content"]}, "rejected", "refused"),
        (409, {"errors": ["in progress"]}, "retry", "in_progress"),
        (500, {"errors": ["Internal server error"]}, "unknown", "http_500"),
    ],
)
async def test_every_answer_means_one_thing(status: int, body: Any, verdict: str, reason: str) -> None:
    async with HttpWire(lambda asked: Answer(status, body)) as wire:
        [outcome] = await send(wire, notice())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert DEVICE not in outcome.detail


@pytest.mark.parametrize(
    ("status", "words"), [(400, "app_id not found"), (403, "Access denied"), (400, "This app has been disabled")]
)
async def test_a_wrong_app_or_key_is_nobodys_message(status: int, words: str) -> None:
    async with HttpWire(lambda asked: Answer(status, {"errors": [words]})) as wire:
        with pytest.raises(Closed):
            await send(wire, notice(), notice())
    assert len(wire.asked) == 1


@pytest.mark.parametrize(
    ("message", "reason"), [(notice(to=" "), "unregistered"), (notice(data={"a": "x" * 2100}), "too_long")]
)
async def test_what_onesignal_would_not_take_is_not_even_asked(message: Message, reason: str) -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, message)
    assert (outcome.verdict, outcome.reason) == ("rejected", reason)
    assert wire.asked == []
