"""Messages to a channel at Slack: each once, nobody called who should not be, and a 200 that refuses is a refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tidegate import registry
from tidegate.connector import Connector, Message
from tidegate.errors import Closed, InDoubt, Refused, Retryable
from tidegate.sandbox import SECRET
from tidegate.sandbox.platforms.slack import Slack as Platform
from tidegate.testing import Answer, Asked, HttpWire, NetworkContract

from .conftest import ROOT

Slack = registry.load("slack", ROOT)


class TestContract(NetworkContract):
    kind = Slack
    secrets = (SECRET,)
    emulation = Platform
    description = "slack.json"

    def settings(self, wire: HttpWire) -> Mapping[str, Any]:
        return {"token": SECRET, "channel": "C012AB3CD", "base_url": wire.url}


def message(text: str, **content: Any) -> Message:
    return Message("k1", "ada", "chat", "", datetime(2026, 3, 1, tzinfo=UTC), {"text": text, **content})


@asynccontextmanager
async def slack(answer: Callable[[Asked], Answer], **settings: Any) -> AsyncIterator[tuple[Connector, HttpWire]]:
    async with HttpWire(answer) as wire, aiohttp.ClientSession() as session:
        connector = Slack(Slack.Settings.model_validate({**TestContract().settings(wire), **settings}))
        await connector.open(session)
        yield connector, wire


def posted(asked: Asked) -> Answer:
    return Answer(200, {"ok": True, "channel": "C012AB3CD", "ts": "1503435956.000247", "message": {"text": "x"}})


def refused(code: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Callable[[Asked], Answer]:
    return lambda asked: Answer(status, {"ok": False, "error": code}, headers or {})


async def test_the_message_and_its_title_go_to_the_configured_channel() -> None:
    async with slack(posted) as (connector, wire):
        [outcome] = await connector.send([message("An order of £5,000.", title="Big order")])
    assert wire.asked[0].path == "/chat.postMessage"
    assert wire.asked[0].json() == {"channel": "C012AB3CD", "text": "*Big order*\nAn order of £5,000."}
    assert (outcome.verdict, outcome.provider_id) == ("accepted", "C012AB3CD/1503435956.000247")


@pytest.mark.parametrize("call", ["<!channel>", "<!here>", "<!everyone>", "<@U012AB3CD>", "<!subteam^S1>"])
async def test_nobody_is_called_by_a_persons_own_words_unless_asked_for(call: str) -> None:
    for mentions in (False, True):
        async with slack(posted, mentions=mentions) as (connector, wire):
            await connector.send([message(f"{call} says <https://example.com|hello>")])
        sent = wire.asked[0].json()["text"]
        assert (call in sent) is mentions
        assert sent.endswith("says <https://example.com|hello>")


async def test_a_text_that_slack_would_cut_is_rejected_before_it_is_sent() -> None:
    async with slack(posted) as (connector, wire):
        [outcome] = await connector.send([message("x" * 40_001)])
    assert (outcome.verdict, outcome.reason, wire.asked) == ("rejected", "too_long", [])


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        ("invalid_auth", Closed, "unauthorized"),
        ("token_revoked", Closed, "unauthorized"),
        ("missing_scope", Closed, "unauthorized"),
        ("channel_not_found", Closed, "bad_channel"),
        ("not_in_channel", Closed, "bad_channel"),
        ("is_archived", Closed, "bad_channel"),
        ("ratelimited", Retryable, "throttled"),
        ("service_unavailable", Retryable, "unavailable"),
        ("internal_error", InDoubt, "error"),
        ("fatal_error", InDoubt, "error"),
        ("msg_too_long", Refused, "refused"),
        ("something_new", Refused, "refused"),
    ],
)
async def test_a_refusal_within_a_200_means_one_thing(code: str, kind: type[Exception], reason: str) -> None:
    async with slack(refused(code, headers={"retry-after": "3"})) as (connector, _):
        if kind is Refused:
            [outcome] = await connector.send([message("hello")])
            assert (outcome.verdict, outcome.reason, outcome.detail) == ("rejected", reason, code)
            return
        with pytest.raises(kind) as raised:
            await connector.send([message("hello")])
    assert type(raised.value) is kind
    assert raised.value.reason == reason  # type: ignore[attr-defined]
    assert code in str(raised.value)
    assert raised.value.after == (3.0 if kind is Retryable else None)  # type: ignore[attr-defined]


async def test_which_permission_is_missing_is_said() -> None:
    async with slack(
        lambda asked: Answer(200, {"ok": False, "error": "missing_scope", "needed": "chat:write", "provided": "x"})
    ) as (connector, _):
        with pytest.raises(Closed, match="chat:write"):
            await connector.prove()


@pytest.mark.parametrize("body", [{"ts": "1"}, {"ok": "yes"}, {"ok": True}, ["ok"], {"ok": True, "ts": 7}])
async def test_an_answer_that_says_neither_leaves_it_in_doubt(body: Any) -> None:
    async with slack(lambda asked: Answer(200, body)) as (connector, _):
        with pytest.raises(InDoubt):
            await connector.send([message("hello")])


async def test_the_token_goes_in_a_header_and_nowhere_else() -> None:
    async with slack(posted) as (connector, wire):
        await connector.send([message("hello")])
    [asked] = wire.asked
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in f"{asked.path}{asked.query}{asked.body!r}"
