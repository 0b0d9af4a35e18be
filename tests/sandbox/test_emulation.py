"""A platform that a file describes: served, faulted to order, logged, and undone where a fault befalls it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.sandbox.conftest import Client
from tests.sandbox.papers import Platform
from tidegate.sandbox import SECRET, Sandbox, platforms
from tidegate.sandbox.emulation import Answer, Asked, Call, Emulation, Route, handle
from tidegate.sandbox.store import in_memory

SIGNED = {"authorization": f"Bearer {SECRET}"}


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    known, played = platforms.find, Platform()
    monkeypatch.setattr(platforms, "names", lambda: ("papers",))
    monkeypatch.setattr(platforms, "find", lambda name: played if name == "papers" else known(name))
    with Sandbox(tmp_path / "sandbox") as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(sandbox, session)


async def upsert(client: Client, *names: str, **headers: str) -> tuple[int, Any, Any]:
    url = f"{client.sandbox.http_url}/papers/v3/readers"
    body = {"readers": [{"email": f"{name}@example.com"} for name in names]}
    within = aiohttp.ClientTimeout(total=5)
    async with client.session.post(url, json=body, headers=headers or SIGNED, timeout=within) as answer:
        return answer.status, await answer.json(), answer.headers


async def readers(client: Client) -> list[str]:
    return [one["id"].partition("@")[0] for one in reversed(await client.api("/api/records/papers/readers"))]


async def calls(client: Client) -> list[tuple[str, int, int, int, str]]:
    found = await client.api("/control/calls")
    return [(one["operation"], one["status"], one["offered"], one["accepted"], one["fault"]) for one in found]


async def test_what_it_takes_is_kept_and_logged(client: Client) -> None:
    assert (await upsert(client, "ada", "grace"))[:2] == (200, {"errors": []})

    assert await readers(client) == ["ada", "grace"]
    assert await calls(client) == [("upsert readers", 200, 2, 2, "")]


async def test_a_path_is_as_it_was_sent(client: Client) -> None:
    await upsert(client, "ada/1")

    async with client.session.get(f"{client.sandbox.http_url}/papers/v3/readers/ada%2F1@example.com") as answer:
        assert (answer.status, (await answer.json())["email"]) == (200, "ada/1@example.com")


async def test_who_does_not_sign_is_declined_and_uses_up_no_fault(client: Client) -> None:
    client.fault(kind="throttle", connector="papers", times=1)

    status, said, _ = await upsert(client, "ada", authorization="Bearer other")

    assert (status, said) == (401, {"message": "Unauthorized"})
    assert (await upsert(client, "ada"))[0] == 429
    assert (await upsert(client, "ada"))[0] == 200


async def test_rows_are_refused_to_order_and_the_others_taken(client: Client) -> None:
    client.fault(kind="refuse", connector="papers", match="grace@*", reason="no thanks", times=1)

    _, said, _ = await upsert(client, "ada", "grace")

    assert said == {"errors": [{"index": 1, "message": "no thanks"}]}
    assert await readers(client) == ["ada"]
    assert await calls(client) == [("upsert readers", 200, 2, 1, "refuse")]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "throttle", "after": 3}, 429),
        ({"kind": "throttle", "status": 503}, 503),
        ({"kind": "error"}, 500),
        ({"kind": "error", "status": 502}, 502),
    ],
)
async def test_a_fault_of_the_whole_call_keeps_nothing_and_strikes_as_often_as_was_said(
    client: Client, fault: dict[str, Any], status: int
) -> None:
    client.fault(**fault, connector="papers", times=2)

    answers = [await upsert(client, "ada") for _ in range(3)]

    assert [answer[0] for answer in answers] == [status, status, 200]
    assert await readers(client) == ["ada"]
    # the number that the handler had drawn before the fault was given back
    assert client.sandbox.store.read("records", "number", connector="papers")[0]["last"] == 2
    if fault["kind"] == "throttle":
        assert answers[0][2]["retry-after"] == str(fault.get("after", 1))


@pytest.mark.parametrize("accept", [0, 1, "all"])
@pytest.mark.parametrize("kind", ["hang", "close", "garbage", "html", "cut"])
async def test_an_answer_that_is_lost_loses_no_more_than_was_ordered(client: Client, kind: str, accept: Any) -> None:
    client.fault(kind=kind, connector="papers", accept=accept, hold=0.05, times=1)

    with pytest.raises((aiohttp.ClientError, ValueError, asyncio.TimeoutError)):
        await upsert(client, "ada", "grace")

    assert await readers(client) == ["ada", "grace"][: 2 if accept == "all" else accept]
    assert (await calls(client))[0][3:] == (2 if accept == "all" else accept, kind)


async def test_each_nth_row_is_counted_across_calls_and_struck_calls(client: Client) -> None:
    client.fault(kind="refuse", connector="papers", every=3)

    refused = [(await upsert(client, name))[1]["errors"] != [] for name in "abcdef"]

    assert refused == [False, False, True, False, False, True]


async def test_everybody_gets_a_token_who_shows_the_secret(client: Client) -> None:
    url = f"{client.sandbox.http_url}/papers/oauth/token"
    found = []
    for form in (
        {"grant_type": "refresh_token", "refresh_token": SECRET, "client_id": "a"},
        {"grant_type": "client_credentials", "client_id": "a", "client_secret": SECRET},
        {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"},
        {"grant_type": "client_credentials", "client_id": "a", "client_secret": "other"},
        {"client_secret": SECRET},
    ):
        async with client.session.post(url, data=form) as answer:
            found.append((answer.status, (await answer.json()).get("access_token", "")))
    assert found == [(200, SECRET)] * 3 + [(401, ""), (400, "")]


async def test_what_a_platform_does_not_know_it_says(client: Client) -> None:
    async with client.session.delete(f"{client.sandbox.http_url}/papers/v3/readers", headers=SIGNED) as answer:
        assert answer.status == 404
    assert (await calls(client))[0][:2] == ("DELETE /v3/readers", 404)


@pytest.mark.parametrize("name", platforms.names())
def test_every_shipped_platform_lists_its_routes_and_knows_who_did_not_sign(name: str) -> None:
    emulation = platforms.find(name)
    assert emulation is not None
    assert emulation.routes()
    with closing(in_memory()) as connection:
        for route in emulation.routes():
            path = "/".join("x" if "{" in part else part for part in route.path.split("/"))
            asked = Asked(route.method, path, {}, {"content-type": "application/json"}, b"{}")
            if emulation.find(asked) is None:
                continue
            status = handle(emulation, asked, connection).answer.status
            assert status >= 400 or _tells_within(emulation, asked, connection), route.path


def _tells_within(emulation: Emulation, asked: Asked, connection: Any) -> bool:
    """Platforms that answer 200 and say no in the body."""
    body = handle(emulation, asked, connection).answer.content().decode()
    return any(word in body.lower() for word in ("error", "invalid", "false", "fail", "incorrect", "unauthor"))


@pytest.mark.parametrize(
    ("path", "asked", "parts"),
    [
        ("/v3/{id}", "/v3/a%2Fb", {"id": "a/b"}),
        ("/sheets/{id}/values/{range}:append", "/sheets/7/values/A1:append", {"id": "7", "range": "A1"}),
        ("/v{n:\\d+}/x", "/v12/x", {"n": "12"}),
        ("/x/{rest:.*}", "/x/a/b/c", {"rest": "a/b/c"}),
        ("/x/{hash:[0-9a-f]{4}}", "/x/00ff", {"hash": "00ff"}),
        ("/a.b", "/aXb", None),
        ("/v3/{id}", "/v3/a/b", None),
    ],
)
def test_routes_are_found_by_their_path(path: str, asked: str, parts: dict[str, str] | None) -> None:
    class Other(Emulation):
        connector = "other"

        def routes(self) -> list[Route]:
            return [Route("GET", path, "get", lambda call: Answer(200))]

    found = Other().find(Asked("GET", asked, {}, {}, b""))
    assert (None if found is None else found[1]) == parts


@pytest.mark.parametrize(
    ("headers", "query", "signed"),
    [
        ({"authorization": f"Bearer {SECRET}"}, {}, True),
        ({"authorization": f"Klaviyo-API-Key {SECRET}"}, {}, True),
        ({"authorization": "Basic " + base64.b64encode(f"api:{SECRET}".encode()).decode()}, {}, True),
        ({"authorization": SECRET}, {}, True),
        ({"api-key": SECRET}, {}, True),
        ({}, {"api_token": SECRET}, True),
        ({"authorization": "Bearer other"}, {}, False),
        ({"authorization": "Basic ???"}, {}, False),
        ({}, {}, False),
    ],
)
def test_the_secret_is_found_wherever_platforms_want_it(
    headers: dict[str, str], query: dict[str, str], signed: bool
) -> None:
    with closing(in_memory()) as connection:
        asked = Asked("GET", "/", query, headers, b"")
        assert Call(asked, {}, None, connection).signed() is signed  # type: ignore[arg-type]


def test_a_body_that_is_no_json_is_declined() -> None:
    with closing(in_memory()) as connection:
        asked = Asked("POST", "/v3/readers", {}, SIGNED, b"{")
        assert handle(Platform(), asked, connection).answer.status == 400
        asked = Asked("POST", "/v3/readers", {}, SIGNED, json.dumps({"readers": [{}] * 101}).encode())
        assert "at most 100" in handle(Platform(), asked, connection).answer.body["message"]
