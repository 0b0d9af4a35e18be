"""Messages of every channel reach the sandbox by the connectors' own settings, and are in its inbox."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Client
from tidegate import registry
from tidegate.connector import Connector, Message, Outcome
from tidegate.sandbox import settings_for
from tidegate.sandbox.platforms.web_push import subscription
from tidegate.spec.objects import DestinationSpec

ROOT = Path(__file__).parents[2]
AT = datetime(2011, 10, 1, 6, tzinfo=UTC)
PHONE = "+447700900123"
NOTICE = {"title": "It is back", "text": "The lamp", "url": "https://shop.example.com/7", "data": {"order": "7"}}
TWILIO = {"account_sid": "${SID}", "auth_token": "${TOKEN}"}
TEMPLATE = {"text": "", "template": "welcome", "language": "en", "parameters": ["Ada"]}
#: connector, settings as in a file, channel, address, content, address in the inbox
SENT: list[tuple[str, dict[str, Any], str, str, dict[str, Any], str]] = [
    ("twilio", {**TWILIO, "from": "${FROM}"}, "sms", PHONE, {"text": "Hello"}, PHONE),
    ("twilio", {**TWILIO, "from": "whatsapp:+12025550100"}, "whatsapp", PHONE, {"text": "Hello"}, PHONE),
    ("twilio", {**TWILIO, "from": "${FROM}", "channel": "whatsapp"}, "whatsapp", PHONE, {"text": "Hello"}, PHONE),
    ("whatsapp", {"phone_number_id": "${ID}", "access_token": "${TOKEN}"}, "whatsapp", PHONE, TEMPLATE, PHONE),
    ("telegram", {"token": "${TOKEN}"}, "telegram", "5012345678", {"text": "Hello"}, "5012345678"),
    ("fcm", {"service_account_key": "${KEY}", "project": "${PROJECT}"}, "push", "t" * 40, NOTICE, "t" * 40),
    ("onesignal", {"app_id": "${APP}", "api_key": "${KEY}"}, "push", "t" * 40, NOTICE, "t" * 40),
    (
        "web_push",
        {"vapid_private_key": "${KEY}", "subject": "${SUBJECT}"},
        "web_push",
        subscription("ada"),
        NOTICE,
        "https://push.example.net/push/ada",
    ),
]


@pytest.mark.parametrize(("name", "written", "channel", "to", "content", "shown"), SENT)
async def test_a_message_is_in_the_inbox(
    client: Client, name: str, written: dict[str, Any], channel: str, to: str, content: dict[str, Any], shown: str
) -> None:
    await deliver(client, name, written, channel, to, content)
    assert registry.load(name, ROOT).channel_of(written) == channel
    [kept] = await client.inbox(f"?channel={channel}")
    assert kept["recipient"] == shown


async def deliver(
    client: Client, name: str, written: dict[str, Any], channel: str, to: str, content: dict[str, Any]
) -> Outcome:
    """Send one message by a connector as the sandbox sets it up; it is taken."""
    spec = DestinationSpec("shop", name, written)
    kind = registry.load(name, ROOT)
    settings = kind.Settings.model_validate(settings_for(spec, kind, client.sandbox.endpoints))
    connector: Connector = kind(settings)
    async with aiohttp.ClientSession() as session:
        await connector.open(session)
        assert await connector.prove()
        [outcome] = await connector.send([Message("vips:ada:1:0:0", "ada", channel, to, AT, content)])
        await connector.close()
    assert outcome.verdict == "accepted"
    assert connector.channel == channel
    return outcome
