"""Notifications to phones: what each platform is told, and what each of FCM's codes means."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.sandbox.credentials import SECRET, service_account
from tidegate.sandbox.emulation import TOKEN_PATH
from tidegate.sandbox.platforms.fcm import Fcm as Platform
from tidegate.testing import Answer, Asked, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT

Fcm = registry.load("fcm", ROOT)
TOKEN = "dGhlLXRva2VuOg:APA91bHPRgkFLJu0a1b2c3"
AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class TestContract(NetworkContract):
    kind = Fcm
    secrets = (SECRET,)
    emulation = Platform
    description = "fcm.json"

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return settings(wire)


def settings(wire: HttpWire, **more: Any) -> dict[str, Any]:
    base = {"service_account_key": service_account(), "base_url": wire.url, "token_url": wire.url + TOKEN_PATH}
    return {**base, **more}


def notice(to: str = TOKEN, **content: Any) -> Message:
    content = {"title": "It is back", "text": "The lamp is in stock again", **content}
    return Message("audience:stock:p1:1:0:0", "p1", "push", to, AT, content)


async def send(wire: HttpWire, *messages: Message, **more: Any) -> list[Outcome]:
    connector: Connector = Fcm(Fcm.Settings.model_validate(settings(wire, **more)))
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        try:
            return await connector.send(messages)
        except Closed:
            raise
        except DestinationError as fault:
            return [Outcome.of(fault)] * len(messages)


def sent(wire: HttpWire) -> list[Asked]:
    return [asked for asked in wire.asked if asked.path != TOKEN_PATH]


def refusing(status: int, code: str = "", words: str = "no", headers: Mapping[str, str] | None = None) -> HttpWire:
    def platform(asked: Asked) -> Answer:
        if asked.path == TOKEN_PATH:
            return Answer(200, {"access_token": SECRET, "token_type": "Bearer", "expires_in": 3600})
        error: dict[str, Any] = {"code": status, "message": words, "status": "GENERAL"}
        if code:
            error["details"] = [{"@type": "x.BadRequest"}, {"@type": "x.FcmError", "errorCode": code}]
        return Answer(status, {"error": error}, headers or {})

    return HttpWire(platform)


async def test_a_plain_notice_says_no_more_than_it_must() -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, notice())
    [asked] = sent(wire)
    assert outcome.verdict == "accepted"
    assert outcome.provider_id is not None
    assert outcome.provider_id.startswith("projects/sandbox/messages/")
    assert asked.path == "/v1/projects/sandbox/messages:send"
    assert asked.json() == {
        "message": {"token": TOKEN, "notification": {"title": "It is back", "body": "The lamp is in stock again"}}
    }


async def test_each_platform_is_told_in_its_own_way() -> None:
    message = notice(url="https://shop.example.com/1", image="https://shop.example.com/1.png", data={"order": "7"})
    async with EmulatedWire(Platform) as wire:
        await send(wire, message, ttl=3600, high_priority=True, android_channel="offers", project="other")
    [asked] = sent(wire)
    told = asked.json()["message"]
    assert asked.path == "/v1/projects/other/messages:send"
    assert told["data"] == {"order": "7", "url": "https://shop.example.com/1"}
    assert told["notification"]["image"] == "https://shop.example.com/1.png"
    assert told["android"] == {"ttl": "3600s", "priority": "HIGH", "notification": {"channelId": "offers"}}
    assert told["apns"] == {
        "headers": {"apns-expiration": str(int(AT.timestamp()) + 3600)},
        "fcmOptions": {"image": "https://shop.example.com/1.png"},
        "payload": {"aps": {"mutable-content": 1}},
    }
    assert told["webpush"] == {"headers": {"TTL": "3600"}, "fcmOptions": {"link": "https://shop.example.com/1"}}


async def test_an_address_of_the_app_is_not_for_browsers() -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, notice(url="shop://order/7"))
    assert outcome.verdict == "accepted"
    assert sent(wire)[0].json()["message"]["data"] == {"url": "shop://order/7"}
    assert "webpush" not in sent(wire)[0].json()["message"]


@pytest.mark.parametrize(
    ("status", "code", "words", "verdict", "reason"),
    [
        (404, "UNREGISTERED", "Requested entity was not found.", "rejected", "unregistered"),
        (403, "SENDER_ID_MISMATCH", "SenderId mismatch", "rejected", "other_sender"),
        (400, "INVALID_ARGUMENT", "The registration token is not valid", "rejected", "bad_token"),
        (400, "INVALID_ARGUMENT", "Message too big", "rejected", "too_long"),
        (400, "", "Invalid value at 'message.data[0].value'", "rejected", "refused"),
        (401, "THIRD_PARTY_AUTH_ERROR", "Auth error from APNS or Web Push Service", "retry", "apns_or_web_key"),
        (503, "UNAVAILABLE", "The service is overloaded.", "retry", "unavailable"),
        (500, "INTERNAL", "Internal error encountered.", "unknown", "http_500"),
    ],
)  # fmt: skip
async def test_every_code_means_one_thing(status: int, code: str, words: str, verdict: str, reason: str) -> None:
    async with refusing(status, code, words) as wire:
        [outcome] = await send(wire, notice())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert len(sent(wire)) == 1


@pytest.mark.parametrize(("headers", "after"), [({}, 60.0), ({"retry-after": "7"}, 7.0)])
async def test_a_used_up_quota_is_waited_for(headers: dict[str, str], after: float) -> None:
    async with refusing(429, "QUOTA_EXCEEDED", headers=headers) as wire:
        [outcome] = await send(wire, notice())
    assert (outcome.verdict, outcome.reason, outcome.after) == ("retry", "throttled", after)


@pytest.mark.parametrize(("status", "calls"), [(401, 2), (403, 1), (404, 1)])
async def test_a_project_that_is_not_ours_is_nobodys_message(status: int, calls: int) -> None:
    async with refusing(status) as wire:
        with pytest.raises(Closed):
            await send(wire, notice(), notice())
    assert len(sent(wire)) == calls


async def test_a_token_that_ended_early_is_asked_for_anew() -> None:
    given = iter(("old", "new"))

    def platform(asked: Asked) -> Answer:
        if asked.path == TOKEN_PATH:
            return Answer(200, {"access_token": next(given), "token_type": "Bearer", "expires_in": 3600})
        if asked.headers["authorization"] == "Bearer old":
            return Answer(401, {"error": {"code": 401, "message": "expired", "status": "UNAUTHENTICATED"}})
        return Answer(200, {"name": "projects/sandbox/messages/1"})

    async with HttpWire(platform) as wire:
        [outcome] = await send(wire, notice())
    assert outcome == Outcome.accepted("projects/sandbox/messages/1")
    assert len(sent(wire)) == 2


async def test_validating_asks_fcm_about_the_real_token_and_sends_nothing() -> None:
    async with EmulatedWire(Platform) as wire:
        connector = Fcm(Fcm.Settings.model_validate(settings(wire)))
        async with aiohttp.ClientSession() as session:
            await connector.open(session)
            good, bad = await connector.validate([notice(), notice(to="short")])
        assert (good.verdict, bad.verdict, bad.reason) == ("accepted", "rejected", "bad_token")
        assert [asked.json()["validateOnly"] for asked in sent(wire)] == [True, True]
        assert wire.shelf.messages() == []


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (notice(to=" "), "bad_token"),
        (notice(text="x" * 4100), "too_long"),
        (notice(data={"a": "x" * 4100}), "too_long"),
        (notice(data={"google.x": "1"}), "bad_data"),
        (notice(data={"from": "1"}), "bad_data"),
    ],
)
async def test_what_fcm_would_not_take_is_not_even_asked(message: Message, reason: str) -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, message)
    assert (outcome.verdict, outcome.reason) == ("rejected", reason)
    assert sent(wire) == []


@pytest.mark.parametrize("key", ["no json", "{}", '{"client_email": "a@b.c", "private_key": "x", "project_id": "p"}'])
async def test_a_key_that_is_none_is_told_without_showing_it(key: str) -> None:
    async with EmulatedWire(Platform) as wire:
        with pytest.raises(Closed) as raised:
            await send(wire, notice(), service_account_key=key)
    assert sent(wire) == []
    assert key not in str(raised.value)
