"""Signed calls to one's own service: verifiable, repeatable, and stopped where the receiver is gone."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import standardwebhooks

from tidegate import registry
from tidegate.connector import Connector, Message, Row, Target
from tidegate.errors import Closed, Refused, Retryable
from tidegate.sandbox import SECRET
from tidegate.sandbox.platforms.webhook import Receiver
from tidegate.testing import Answer, Asked, EmulatedWire, HttpWire, NetworkContract

from .conftest import ROOT

Webhook = registry.load("webhook", ROOT)
LAPSED = Target("list", "Lapsed")


def receiver(asked: Asked) -> Answer:
    """Takes nothing that it cannot verify."""
    if asked.method == "HEAD":
        return Answer(405)
    event = standardwebhooks.Webhook(SECRET).verify(asked.body, dict(asked.headers))
    return Answer(204, took=len(event["data"].get("rows", [1])))


class TestContract(NetworkContract):
    kind = Webhook
    emulation = Receiver
    description = "standard_webhooks.json"
    secrets = (SECRET, SECRET.removeprefix("whsec_"))
    undescribed = ("HEAD *",)
    status_is_enough = True  # "Any 2xx is success" (Standard Webhooks)
    judges_rows = False

    def told(self, wire: EmulatedWire) -> Counter[Any]:
        return Counter(wire.shelf.all("_told").keys())

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"url": f"{wire.url}/webhook", "secret": SECRET}


@asynccontextmanager
async def webhook(
    platform: Callable[[Asked], Answer] = receiver, watch: Any = lambda asked: None
) -> AsyncIterator[tuple[Connector, HttpWire]]:
    async with HttpWire(platform, watch=watch) as wire, aiohttp.ClientSession() as session:
        connector = Webhook(Webhook.Settings.model_validate(TestContract().settings(wire)))
        await connector.open(session)
        yield connector, wire


def message(body: Any = '{"basket": 3}') -> Message:
    return replace(TestContract().message(1), content={"body": body})


async def test_each_request_is_one_that_the_standard_describes(description: Any) -> None:
    checker = description("standard_webhooks.json")
    async with webhook(watch=checker) as (connector, _):
        await connector.send([message()])
        await connector.upsert(LAPSED, [Row("ada", {"email": "ada@example.com"})])
        await connector.remove(LAPSED, [Row("ada", {"email": "ada@example.com"})])
        await connector.upsert(Target("object", "contact"), [Row("ada", {"external_id": "7"}, {"tier": "vip"})])
    assert checker.checked == ["receive"] * 4


async def test_what_happened_to_whom_is_in_the_event() -> None:
    async with webhook() as (connector, wire):
        await connector.upsert(Target("object", "contact"), [Row("ada", {"email": "ada@example.com"}, {"tier": "vip"})])
        await connector.remove(LAPSED, [Row("ada", {"email": "ada@example.com"})])
        await connector.send([message()])
    upserted, removed, sent = (asked.json() for asked in wire.asked)
    row = {"person": "ada", "identifiers": {"email": "ada@example.com"}}
    assert (upserted["type"], upserted["data"]) == (
        "object.upserted",
        {"object": "contact", "rows": [{**row, "traits": {"tier": "vip"}}]},
    )
    assert (removed["type"], removed["data"]) == ("list.removed", {"list": "Lapsed", "rows": [row]})
    assert sent["type"] == "message"
    assert sent["timestamp"] == "2026-03-01T09:30:00+00:00"
    assert sent["data"] == {"key": message().key, "person": "p1", "body": {"basket": 3}}


async def test_a_message_sent_twice_carries_the_same_id_so_that_the_receiver_can_tell() -> None:
    async with webhook() as (connector, wire):
        await connector.send([message()])
        await connector.send([message()])
    assert {asked.headers["webhook-id"] for asked in wire.asked} == {message().key}


@pytest.mark.parametrize(
    ("body", "kept"),
    [(b'{"score": 87}', '{"score":87}'), (b"OK", "null"), (b"", "null"), (b"[87]", "null")],
)
async def test_what_the_service_answers_is_handed_back_to_whom_it_matters(body: bytes, kept: str) -> None:
    async with webhook(lambda asked: Answer(200, body, took=1)) as (connector, _):
        (heard,) = await connector.send([replace(message(), answers=True)])
        (unheard,) = await connector.send([message()])

    assert (heard.verdict, heard.answer) == ("accepted", kept)
    assert (unheard.verdict, unheard.answer) == ("accepted", None)


async def test_rows_repeated_in_a_run_carry_the_same_id_but_not_those_of_the_next_run() -> None:
    rows = [Row("ada", {"email": "ada@example.com"})]
    ids = []
    for _ in range(2):
        async with webhook() as (connector, wire):
            await connector.upsert(LAPSED, rows)
            await connector.upsert(LAPSED, rows)
            ids.append({asked.headers["webhook-id"] for asked in wire.asked})
    assert [len(found) for found in ids] == [1, 1]
    assert ids[0] != ids[1]


async def test_a_body_that_is_no_json_is_refused_without_a_call() -> None:
    async with webhook() as (connector, wire):
        [outcome] = await connector.send([message('{"basket": ')])
        assert (outcome.verdict, outcome.reason) == ("rejected", "not_json")
        assert wire.asked == []


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (410, Closed, "gone"),
        (401, Closed, "unauthorized"),
        (413, Refused, "too_large"),
        (400, Refused, "http_400"),
        (422, Refused, "http_422"),
        (404, Retryable, "http_404"),
        (302, Retryable, "http_302"),
        (502, Retryable, "http_502"),
    ],
)
async def test_every_status_means_what_the_standard_says(status: int, kind: type[Exception], reason: str) -> None:
    async with webhook(lambda asked: Answer(status)) as (connector, _):
        with pytest.raises(kind, match=reason):
            await connector.upsert(LAPSED, [Row("ada", {"email": "ada@example.com"})])


async def test_a_message_that_is_not_understood_is_tried_again_as_the_standard_says() -> None:
    async with webhook(lambda asked: Answer(400)) as (connector, _):
        with pytest.raises(Retryable, match="http_400"):
            await connector.send([message()])


async def test_a_receiver_that_goes_away_between_two_messages_leaves_the_first_one_sent() -> None:
    answers = iter([Answer(204), Answer(410), Answer(410)])
    async with webhook(lambda asked: next(answers)) as (connector, _):
        outcomes = await connector.send([message(), message(), message()])
    assert [outcome.verdict for outcome in outcomes] == ["accepted", "retry", "retry"]


@pytest.mark.parametrize("secret", ["hunter2", "whsec_", "whsec_????", "whsec_" + base64.b64encode(b"short").decode()])
def test_a_secret_that_is_no_key_is_refused_without_being_shown(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 random bytes") as raised:
        Webhook.Settings.model_validate({"url": "https://example.com/", "secret": secret})
    assert "hunter2" not in str(raised.value)
