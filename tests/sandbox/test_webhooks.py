"""The receiver of signed calls."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from tests.sandbox.conftest import Client
from tidegate.sandbox import SECRET

BODY = json.dumps({"type": "audience.entered", "timestamp": "2011-10-01T06:00:00Z", "data": {"person": "12347"}})


async def call(
    client: Client, *, body: str = BODY, at: datetime | None = None, **changed: str | None
) -> tuple[int, str]:
    at = at or datetime.now(UTC)
    headers: dict[str, str | None] = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", at, body),
        "Content-Type": "application/json",
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    given = {name: value for name, value in headers.items() if value is not None}
    async with client.session.post(f"{client.sandbox.http_url}/webhook/crm", data=body, headers=given) as answer:
        return answer.status, await answer.text()


async def test_a_signed_call_is_kept_and_answered_204(client: Client) -> None:
    assert await call(client) == (204, "")

    (kept,) = await client.api("/api/webhooks")
    assert (kept["destination"], kept["webhook_id"], kept["type"]) == ("crm", "msg_1", "audience.entered")
    assert json.loads(kept["body"])["data"] == {"person": "12347"}


async def test_a_repeated_call_is_shown_as_one(client: Client) -> None:
    await call(client)
    await call(client)

    assert [kept["repeats"] for kept in await client.api("/api/webhooks")] == [1, 0]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"webhook_signature": "v1,bm90IHRoZSBzaWduYXR1cmU="}, 401),
        ({"webhook_signature": "nonsense"}, 401),
        ({"webhook_id": "msg_2"}, 401),
        ({"webhook_signature": None}, 400),
        ({"webhook_timestamp": None}, 400),
    ],
)
async def test_a_call_that_is_not_signed_right_is_refused(client: Client, changed: dict[str, str], status: int) -> None:
    assert (await call(client, **changed))[0] == status
    assert await client.api("/api/webhooks") == []


async def test_an_old_call_is_refused_as_a_replay(client: Client) -> None:
    status, words = await call(client, at=datetime.now(UTC) - timedelta(minutes=6))

    assert status == 401
    assert "too old" in words


async def test_a_signed_body_that_is_not_json_is_refused(client: Client) -> None:
    assert (await call(client, body="hello"))[0] == 400


async def test_a_receiver_answers_what_it_was_told_to_and_the_same_person_the_same(client: Client) -> None:
    told = {"channel": "webhook", "answers": {"crm": [{"score": 87}, {"score": 12}]}}
    async with client.session.post(f"{client.sandbox.http_url}/control/behave", json=told) as answer:
        assert answer.status == 204
    said: dict[str, set[str]] = {}
    for _ in range(2):
        for person in map(str, range(12)):
            status, words = await call(client, body=json.dumps({"type": "message", "data": {"person": person}}))
            assert status == 200
            said.setdefault(person, set()).add(words)

    assert all(len(one) == 1 for one in said.values())
    assert {json.loads(words)["score"] for one in said.values() for words in one} == {87, 12}


async def test_a_receiver_answers_messages_alone_and_only_where_it_was_told_to(client: Client) -> None:
    told = {"channel": "webhook", "answers": {"another": {"score": 87}}}
    async with client.session.post(f"{client.sandbox.http_url}/control/behave", json=told):
        pass

    assert await call(client, body=json.dumps({"type": "message", "data": {"person": "12347"}})) == (204, "")
