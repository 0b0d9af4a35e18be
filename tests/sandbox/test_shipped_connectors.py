"""The shipped connectors deliver to the sandbox as they would to the platforms, and see its faults as theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Client, sha256
from tests.sandbox.test_running import SPECS
from tidegate import registry
from tidegate.connector import Connector, Message, Outcome, Row, Target
from tidegate.errors import DestinationError
from tidegate.sandbox import settings_for

AT = datetime(2011, 10, 1, 6, tzinfo=UTC)
CONTENT: dict[str, dict[str, Any]] = {
    "email": {"subject": "Welcome", "html": "<p>Hello</p>", "text": "Hello"},
    "sms": {"text": "Hello"},
    "hook": {"body": {"hello": "Ada"}},
}


class Destinations:
    """Each destination's connector, opened when it is first asked for."""

    def __init__(self, client: Client, session: aiohttp.ClientSession) -> None:
        self.client = client
        self.session = session
        self.open: dict[str, Connector] = {}

    async def __call__(self, name: str) -> Connector:
        if name not in self.open:
            kind = registry.load(SPECS[name].connector, Path(__file__).parents[2])
            settings = settings_for(SPECS[name], kind, self.client.sandbox.endpoints)
            self.open[name] = kind(kind.Settings.model_validate(settings))
            await self.open[name].open(self.session)
        return self.open[name]

    async def send(self, name: str, to: str) -> Outcome:
        connector = await self(name)
        key = f"vips:{to}:1:0:0"
        (outcome,) = await connector.send([Message(key, to, connector.channel, to, AT, CONTENT[name])])
        return outcome


@pytest.fixture
async def destinations(client: Client) -> AsyncIterator[Destinations]:
    async with aiohttp.ClientSession() as session:
        opened = Destinations(client, session)
        yield opened
        for connector in opened.open.values():
            await connector.close()


@pytest.mark.parametrize("name", SPECS)
async def test_every_connector_can_prove_its_credentials(destinations: Destinations, name: str) -> None:
    assert await (await destinations(name)).prove()


async def test_messages_arrive_once_where_they_should(client: Client, destinations: Destinations) -> None:
    for name, to in (("email", "ada@example.com"), ("sms", "+447700900123"), ("hook", "https://example.com")):
        assert (await destinations.send(name, to)).verdict == "accepted"

    assert {(row["channel"], row["recipient"]) for row in await client.inbox()} == {
        ("email", "ada@example.com"),
        ("sms", "+447700900123"),
    }
    assert len(await client.api("/api/webhooks")) == 1


async def test_a_list_is_made_filled_and_emptied(client: Client, destinations: Destinations) -> None:
    ads = await destinations("ads")
    target = Target("list", "VIP customers")
    ada, grace = [Row(who, {"email": sha256(who), "phone": sha256(f"+{who}")}) for who in ("ada", "grace")]

    added = await ads.upsert(target, [ada, grace])
    removed = await ads.remove(target, [ada])

    assert [outcome.verdict for outcome in (*added, *removed)] == ["accepted"] * 3
    (listed,) = await client.api("/api/lists")
    assert listed["name"] == "VIP customers"
    members = await client.api(f"/api/lists/{listed['id']}/members")
    assert [member["identifiers"] for member in members] == [dict(grace.identifiers)]


@pytest.mark.parametrize(("name", "to"), [("email", "ada@example.com"), ("sms", "+447700900123")])
@pytest.mark.parametrize(
    ("fault", "verdict", "kept"),
    [
        ({"kind": "refuse", "match": "*"}, "rejected", 0),
        ({"kind": "throttle"}, "retry", 0),
        ({"kind": "close", "accept": "all"}, "unknown", 1),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
async def test_a_fault_becomes_the_outcome_it_should(
    client: Client,
    destinations: Destinations,
    name: str,
    to: str,
    fault: dict[str, Any],
    verdict: str,
    kept: int,
) -> None:
    client.fault(**fault, times=1)

    try:
        found = (await destinations.send(name, to)).verdict
    except DestinationError as raised:
        found = {"Refused": "rejected", "Retryable": "retry", "InDoubt": "unknown"}[type(raised).__name__]

    assert found == verdict
    assert len(await client.inbox()) == kept
