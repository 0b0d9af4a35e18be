"""Messages to a channel at Discord: by a bot or a webhook, and never a second time where the first may be there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message
from tidegate.errors import Closed, InDoubt, Retryable
from tidegate.sandbox import SECRET
from tidegate.sandbox.platforms.discord import Discord as Platform
from tidegate.testing import Answer, Asked, HttpWire, NetworkContract

from .conftest import ROOT

Discord = registry.load("discord", ROOT)
BOT = {"bot_token": SECRET, "channel": "41771983423143937"}
WEBHOOK = {"webhook_id": "223704706495545344", "webhook_token": SECRET}


class TestContract(NetworkContract):
    kind = Discord
    secrets = (SECRET,)
    emulation = Platform
    description = "discord.json"

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {**BOT, "base_url": wire.url}


class TestContractOfWebhooks(TestContract):
    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {**WEBHOOK, "base_url": wire.url}


def message(text: str, key: str = "audience:big_order:ada:1:0:0", **content: Any) -> Message:
    return Message(key, "ada", "chat", "", datetime(2026, 3, 1, tzinfo=UTC), {"text": text, **content})


@asynccontextmanager
async def discord(
    answer: Callable[[Asked], Answer], given: Mapping[str, Any] = BOT, **settings: Any
) -> AsyncIterator[tuple[Connector, HttpWire]]:
    timeout = aiohttp.ClientTimeout(total=0.5)
    async with HttpWire(answer) as wire, aiohttp.ClientSession(timeout=timeout) as session:
        connector = Discord(Discord.Settings.model_validate({**given, "base_url": wire.url, **settings}))
        await connector.open(session)
        yield connector, wire


def posted(asked: Asked) -> Answer:
    return Answer(200, {"id": "162701077035089920", "content": "x"})


async def test_a_bots_message_carries_a_nonce_of_its_key_and_calls_nobody() -> None:
    async with discord(posted) as (connector, wire):
        [one] = await connector.send([message("@everyone: an order", title="Big order")])
        await connector.send([message("@everyone: an order", title="Big order")])
        await connector.send([message("another", key="another")])
    assert one.provider_id == "162701077035089920"
    first, again, other = (asked.json() for asked in wire.asked)
    assert wire.asked[0].path == "/channels/41771983423143937/messages"
    assert first["content"] == "**Big order**\n@everyone: an order"
    assert first["allowed_mentions"] == {"parse": []}
    assert first["enforce_nonce"] is True
    assert first["nonce"] == again["nonce"] != other["nonce"]
    assert len(first["nonce"]) == 25


async def test_people_are_called_where_the_settings_allow_it() -> None:
    async with discord(posted, mentions=True) as (connector, wire):
        await connector.send([message("@everyone")])
    assert "allowed_mentions" not in wire.asked[0].json()


async def test_a_webhook_waits_until_the_message_is_there() -> None:
    async with discord(posted, WEBHOOK) as (connector, wire):
        await connector.send([message("hello")])
    [asked] = wire.asked
    assert asked.path == f"/webhooks/223704706495545344/{SECRET}"
    assert asked.query == {"wait": "true"}
    assert "authorization" not in asked.headers
    assert "nonce" not in asked.json()


async def test_a_bots_doubt_is_resolved_by_asking_again_at_once() -> None:
    said = [Answer(502, "bad gateway"), Answer(200, {"id": "7"})]
    async with discord(lambda asked: said.pop(0)) as (connector, wire):
        [outcome] = await connector.send([message("hello")])
    assert (outcome.verdict, outcome.provider_id) == ("accepted", "7")
    assert wire.asked[0].body == wire.asked[1].body


async def test_a_doubt_that_remains_is_not_made_into_a_certainty_by_a_refusal() -> None:
    said = [Answer(502, "bad gateway"), Answer(429, {"retry_after": 1.5, "message": "slow down", "global": False})]
    async with discord(lambda asked: said.pop(0)) as (connector, _):
        with pytest.raises(InDoubt, match="throttled"):
            await connector.send([message("hello")])


async def test_a_webhooks_doubt_stays_one() -> None:
    async with discord(lambda asked: Answer(502, "bad gateway"), WEBHOOK) as (connector, wire):
        with pytest.raises(InDoubt):
            await connector.send([message("hello")])
    assert len(wire.asked) == 1


async def test_two_thousand_characters_and_no_more() -> None:
    async with discord(posted) as (connector, wire):
        [fits] = await connector.send([message("x" * 2000)])
        [too_long] = await connector.send([message("x" * 2001)])
    assert (fits.verdict, too_long.reason, len(wire.asked)) == ("accepted", "too_long", 1)


@pytest.mark.parametrize("status", [429, 400])
async def test_too_many_messages_wait_for_the_fraction_of_a_second_that_discord_says(status: int) -> None:
    body = {"message": "slow down", "retry_after": 0.65, "global": True, "code": 20028}
    async with discord(lambda asked: Answer(status, body, {"retry-after": "1"})) as (connector, _):
        with pytest.raises(Retryable) as raised:
            await connector.send([message("hello")])
    assert (raised.value.reason, raised.value.after) == ("throttled", 0.65)


async def test_a_page_of_cloudflare_is_throttling_too() -> None:
    page = Answer(429, "<html>banned</html>", {"content-type": "text/html", "retry-after": "60"})
    async with discord(lambda asked: page) as (connector, _):
        with pytest.raises(Retryable) as raised:
            await connector.send([message("hello")])
    assert (raised.value.reason, raised.value.after) == ("throttled", 60.0)


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(401, 0, "unauthorized"), (403, 50001, "unauthorized"), (404, 10003, "bad_channel"), (404, 10015, "bad_webhook")],
)
async def test_a_bot_without_access_or_a_channel_that_is_gone_closes_the_destination(
    status: int, code: int, reason: str
) -> None:
    async with discord(lambda asked: Answer(status, {"code": code, "message": "no"})) as (connector, _):
        with pytest.raises(Closed, match=reason):
            await connector.send([message("hello")])
        with pytest.raises(Closed, match=reason):
            await connector.prove()


async def test_any_other_code_is_about_the_message() -> None:
    said = Answer(400, {"code": 50035, "message": "Invalid Form Body", "errors": {}})
    async with discord(lambda asked: said) as (connector, _):
        [outcome] = await connector.send([message("hello")])
    assert (outcome.verdict, outcome.reason) == ("rejected", "discord_50035")


@pytest.mark.parametrize(
    "given", [{}, {"bot_token": "x"}, {"channel": "1"}, {**BOT, **WEBHOOK}, {**BOT, "webhook_id": "1"}]
)
def test_there_is_one_way_to_the_channel(given: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match="give either"):
        Discord.Settings.model_validate(given)
