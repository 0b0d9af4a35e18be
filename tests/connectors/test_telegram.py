"""A bot's messages: once each, and every refusal of Telegram's means one thing."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connecting.exchange import Exchange, watching
from tidegate.connector import Connector, Message, Outcome
from tidegate.errors import Closed, DestinationError
from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.platforms.telegram import Telegram as Platform
from tidegate.testing import Answer, HttpWire, NetworkContract
from tidegate.testing.emulated_wire import EmulatedWire

from .conftest import ROOT

Telegram = registry.load("telegram", ROOT)


class TestContract(NetworkContract):
    kind = Telegram
    secrets = (SECRET,)
    emulation = Platform
    description = "telegram.json"

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"token": SECRET, "base_url": wire.url}


def text(words: str = "It is in stock again", to: str = "5012345678", **content: Any) -> Message:
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    return Message("audience:stock:p1:1:0:0", "p1", "telegram", to, at, {"text": words, **content})


async def send(wire: HttpWire, *messages: Message, **settings: Any) -> list[Outcome]:
    connector: Connector = Telegram(
        Telegram.Settings.model_validate({"token": SECRET, "base_url": wire.url, **settings})
    )
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        try:
            return await connector.send(messages)
        except Closed:
            raise
        except DestinationError as fault:
            return [Outcome.of(fault)] * len(messages)


async def test_the_text_arrives_as_it_was_written() -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, text("Żółć *& emoji* 🎉 <b>"))
        [kept] = wire.shelf.messages()
    assert outcome.verdict == "accepted"
    assert wire.asked[0].json() == {"chat_id": 5012345678, "text": "Żółć *& emoji* 🎉 <b>"}
    assert (kept["to"], kept["text"]) == ("5012345678", "Żółć *& emoji* 🎉 <b>")


async def test_a_picture_stands_above_its_text() -> None:
    async with EmulatedWire(Platform) as wire:
        await send(wire, text("Look", "@our_shop", image="https://shop.example.com/a.png"), silent=True)
    assert wire.asked[0].path.endswith("/sendPhoto")
    assert wire.asked[0].json() == {
        "chat_id": "@our_shop",
        "photo": "https://shop.example.com/a.png",
        "caption": "Look",
        "disable_notification": True,
    }


async def test_links_need_not_be_shown_with_their_pages() -> None:
    async with EmulatedWire(Platform) as wire:
        await send(wire, text(), link_preview=False)
    assert wire.asked[0].json()["link_preview_options"] == {"is_disabled": True}


@pytest.mark.parametrize(
    ("status", "description", "verdict", "reason"),
    [
        (403, "Forbidden: bot was blocked by the user", "rejected", "blocked"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "rejected", "blocked"),
        (403, "Forbidden: user is deactivated", "rejected", "unregistered"),
        (403, "Forbidden: bot can't initiate conversation with a user", "rejected", "not_started"),
        (403, "Forbidden: bot can't send messages to bots", "rejected", "is_a_bot"),
        (403, "Forbidden: something new", "rejected", "forbidden"),
        (400, "Bad Request: chat not found", "rejected", "not_started"),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", "rejected", "moved"),
        (400, "Bad Request: not enough rights to send text messages to the chat", "rejected", "no_rights"),
        (400, "Bad Request: message is too long", "rejected", "too_long"),
        (400, "Bad Request: failed to get HTTP URL content", "rejected", "bad_image"),
        (400, "Bad Request: something new", "rejected", "refused"),
        (500, "Internal Server Error", "unknown", "http_500"),
        (502, "Bad Gateway", "unknown", "http_502"),
    ],
)
async def test_every_refusal_means_one_thing(status: int, description: str, verdict: str, reason: str) -> None:
    said = {"ok": False, "error_code": status, "description": description}
    async with HttpWire(lambda asked: Answer(status, said)) as wire:
        [outcome] = await send(wire, text())
    assert (outcome.verdict, outcome.reason) == (verdict, reason)
    assert description.split(": ")[-1] in outcome.detail


async def test_telegram_says_how_long_to_wait_in_the_body() -> None:
    said = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 35}}
    async with HttpWire(lambda asked: Answer(429, said)) as wire:
        [outcome] = await send(wire, text())
    assert (outcome.verdict, outcome.reason, outcome.after) == ("retry", "throttled", 35.0)


@pytest.mark.parametrize(("status", "description"), [(401, "Unauthorized"), (404, "Not Found")])
async def test_a_token_that_is_none_is_nobodys_message(status: int, description: str) -> None:
    said = {"ok": False, "error_code": status, "description": description}
    async with HttpWire(lambda asked: Answer(status, said)) as wire:
        with pytest.raises(Closed):
            await send(wire, text(), text())
        assert len(wire.asked) == 1


async def test_a_refusal_within_a_200_is_one() -> None:
    said = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    async with HttpWire(lambda asked: Answer(200, said)) as wire:
        [outcome] = await send(wire, text())
    assert (outcome.verdict, outcome.reason) == ("rejected", "blocked")


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (text("x" * 4097), "too_long"),
        (text("🎉" * 2049), "too_long"),
        (text("x" * 1025, image="https://shop.example.com/a.png"), "too_long"),
        (text(" "), "empty"),
        (text(to="ada"), "bad_chat_id"),
        (text(to="501234567.0"), "bad_chat_id"),
    ],
)
async def test_what_telegram_would_not_take_is_not_even_asked(message: Message, reason: str) -> None:
    async with EmulatedWire(Platform) as wire:
        [outcome] = await send(wire, message)
        assert (outcome.verdict, outcome.reason) == ("rejected", reason)
        assert wire.asked == []


async def test_one_who_blocked_the_bot_does_not_hold_back_the_others() -> None:
    async with EmulatedWire(Platform) as wire:
        wire.order(kind="refuse", match="5012345679")
        outcomes = await send(wire, *(text(to=str(5012345678 + n)) for n in range(3)))
    assert [(one.verdict, one.reason) for one in outcomes] == [
        ("accepted", ""),
        ("rejected", "blocked"),
        ("accepted", ""),
    ]


@pytest.mark.parametrize("nobody_there", [True, False])
async def test_the_token_in_the_path_never_shows(nobody_there: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"

    async with HttpWire(lambda asked: Answer(404, f"no page {asked.path}")) as wire:
        url = "http://127.0.0.1:9" if nobody_there else wire.url
        connector = Telegram(Telegram.Settings.model_validate({"token": token, "base_url": url}))
        async with aiohttp.ClientSession() as session:
            await connector.open(session)
            with pytest.raises(DestinationError) as raised:
                await connector.prove()

    shown = f"{raised.value} {raised.value!r} {raised.value.__cause__!r} {connector.settings!r} {caplog.text}"
    assert token.split(":")[1] not in shown


async def test_the_log_of_requests_does_not_tell_the_token() -> None:
    token = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
    told: list[Exchange] = []
    watching.set(told.append)
    async with HttpWire(lambda asked: Answer(404, f"no page {asked.path}")) as wire:
        with pytest.raises(Closed, match="bad_address"):
            await send(wire, text(), token=token)
    assert len(told) == 1
    assert "sendMessage" in told[0].path
    assert "AAHdqTcv" not in repr(told)
    assert "110201543" not in repr(told)
