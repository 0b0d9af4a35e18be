"""Access tokens: asked for once, kept until shortly before they end, and never to be seen."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tidegate.connecting import oauth
from tidegate.connecting.oauth import ClientCredentials, JwtBearer, RefreshToken, ServiceAccount
from tidegate.errors import Closed, Retryable
from tidegate.testing import Answer, HttpWire
from tidegate.testing.http_wire import Asked

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(oauth, "clock", clock)
    monkeypatch.setattr(oauth, "_kept", {})
    return clock


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        yield session


class TokenServer:
    """Grants token-1, token-2 and so on, each for an hour."""

    def __init__(self, life: Any = 3600, **more: Any) -> None:
        self.asked: list[Asked] = []
        self.answer: Answer | None = None
        self.more = {"expires_in": life, **more} if life is not None else more

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        return self.answer or Answer(200, {"access_token": f"token-{len(self.asked)}", **self.more})


@pytest.fixture
def server() -> TokenServer:
    return TokenServer()


@pytest.fixture
async def url(server: TokenServer) -> AsyncIterator[str]:
    async with HttpWire(server) as wire:
        yield f"{wire.url}/token"


def refresh(url: str, **more: Any) -> RefreshToken:
    return RefreshToken(url, "shop", "s3cr3t-of-the-shop", "granted-long-ago", **more)


async def test_a_token_is_asked_for_once_and_used_until_a_minute_before_its_end(
    server: TokenServer, url: str, session: aiohttp.ClientSession, clock: Clock
) -> None:
    flow = refresh(url)
    assert await flow.get(session) == "token-1"
    clock.now += 3600 - 61
    assert await flow.get(session) == "token-1"
    clock.now += 2
    assert await flow.get(session) == "token-2"


async def test_a_life_shorter_than_two_minutes_is_used_by_half(
    server: TokenServer, url: str, session: aiohttp.ClientSession, clock: Clock
) -> None:
    server.more = {"expires_in": "40"}
    assert await refresh(url).get(session) == "token-1"
    clock.now += 19
    assert await refresh(url).get(session) == "token-1"
    clock.now += 2
    assert await refresh(url).get(session) == "token-2"


async def test_destinations_with_one_account_share_its_token_and_others_do_not(
    server: TokenServer, url: str, session: aiohttp.ClientSession
) -> None:
    assert await refresh(url).get(session) == await refresh(url).get(session) == "token-1"
    assert await RefreshToken(url, "shop", "another secret", "granted-long-ago").get(session) == "token-2"
    assert await refresh(url, more={"scope": "less"}).get(session) == "token-3"


async def test_however_many_wait_one_asks(server: TokenServer, url: str, session: aiohttp.ClientSession) -> None:
    found = await asyncio.gather(*(refresh(url).get(session) for _ in range(20)))

    assert (set(found), len(server.asked)) == ({"token-1"}, 1)


async def test_deliveries_in_threads_of_their_own_wait_for_the_same_exchange(server: TokenServer) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(asked: Asked) -> Answer:
        inside.set()
        go_on.wait(5)
        return server(asked)

    async def serve(ready: Callable[[str], None], ended: threading.Event) -> None:
        async with HttpWire(slow) as wire:
            ready(f"{wire.url}/token")
            await asyncio.to_thread(ended.wait, 10)

    async def ask(url: str) -> str:
        async with aiohttp.ClientSession() as session:
            return await refresh(url).get(session)

    found: list[str] = []
    address: list[str] = []
    known, ended = threading.Event(), threading.Event()
    serving = threading.Thread(
        target=lambda: asyncio.run(serve(lambda url: (address.append(url), known.set())[1], ended))  # type: ignore[func-returns-value]
    )
    serving.start()
    assert known.wait(5)
    asking = [threading.Thread(target=lambda: found.append(asyncio.run(ask(address[0])))) for _ in range(4)]
    for thread in asking:
        thread.start()
    assert inside.wait(5)
    go_on.set()
    for thread in asking:
        await asyncio.to_thread(thread.join, 5)
    ended.set()
    await asyncio.to_thread(serving.join, 5)

    assert (found, len(server.asked)) == (["token-1"] * 4, 1)


async def test_who_is_interrupted_while_asking_lets_the_next_ask(session: aiohttp.ClientSession) -> None:
    answering = asyncio.Event()
    count = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        await reader.readuntil(b"granted-long-ago")
        count += 1
        if count == 1:
            answering.set()
            await reader.read()  # until the client hangs up
        else:
            body = b'{"access_token": "late", "expires_in": 3600}'
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()

    found = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with found:
        url = f"http://127.0.0.1:{found.sockets[0].getsockname()[1]}/token"
        flow = RefreshToken(url, "shop", "x", "granted-long-ago")
        first = asyncio.create_task(flow.get(session))
        await answering.wait()
        second = asyncio.create_task(flow.get(session))
        await asyncio.sleep(0)
        first.cancel()
        assert await asyncio.wait_for(second, 5) == "late"


async def test_a_token_that_was_not_taken_is_asked_for_anew_but_not_by_all_who_used_it(
    server: TokenServer, url: str, session: aiohttp.ClientSession
) -> None:
    flow = refresh(url)
    all_refused = asyncio.Barrier(8)

    async def work() -> str:
        await flow.get(session)
        await all_refused.wait()  # the platform answers 401 to each
        flow.forget()
        return await flow.get(session)

    assert set(await asyncio.gather(*(work() for _ in range(8)))) == {"token-2"}
    assert len(server.asked) == 2


async def test_a_platform_that_hands_out_a_new_refresh_token_gets_that_one_next_time(
    server: TokenServer, url: str, session: aiohttp.ClientSession
) -> None:
    server.more = {"expires_in": 3600, "refresh_token": "the next one"}
    await refresh(url).get(session)
    refresh(url).forget()
    await refresh(url).get(session)

    assert [asked.form()["refresh_token"] for asked in server.asked] == ["granted-long-ago", "the next one"]


async def test_each_flow_asks_as_its_rfc_has_it(server: TokenServer, url: str, session: aiohttp.ClientSession) -> None:
    await refresh(url).get(session)
    basic_flow = refresh(url, in_header=True)
    basic_flow.forget()
    await basic_flow.get(session)
    await ClientCredentials(url, "shop", "s3cr3t", {"scope": "send"}).get(session)

    body, basic, client = server.asked
    assert body.form() == {
        "grant_type": "refresh_token",
        "refresh_token": "granted-long-ago",
        "client_id": "shop",
        "client_secret": "s3cr3t-of-the-shop",
    }
    assert basic.form() == {"grant_type": "refresh_token", "refresh_token": "granted-long-ago"}
    assert base64.b64decode(basic.headers["authorization"].removeprefix("Basic ")) == b"shop:s3cr3t-of-the-shop"
    assert client.form() == {
        "grant_type": "client_credentials",
        "scope": "send",
        "client_id": "shop",
        "client_secret": "s3cr3t",
    }


def opened(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The head and the claims of an assertion, its signature verified with the public key."""
    head, claims, signature = (base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in assertion.split("."))
    signed = assertion.rpartition(".")[0].encode()
    KEY.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    return json.loads(head), json.loads(claims)


async def test_a_service_account_signs_who_it_is(server: TokenServer, url: str, session: aiohttp.ClientSession) -> None:
    key = {"client_email": "robot@shop.iam", "private_key": PEM, "private_key_id": "k1", "token_uri": "http://evil/"}
    flow = ServiceAccount(json.dumps(key), ["https://a/one", "https://a/two"], token_uri=url)
    assert await flow.get(session) == "token-1"

    form = server.asked[0].form()
    head, claims = opened(form["assertion"])
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert (head["alg"], head["kid"]) == ("RS256", "k1")
    assert (claims["iss"], claims["scope"]) == ("robot@shop.iam", "https://a/one https://a/two")
    assert claims["aud"] == "https://oauth2.googleapis.com/token"
    assert 0 < claims["exp"] - claims["iat"] <= 3600


async def test_salesforce_says_no_life_but_where_its_instance_is(
    server: TokenServer, url: str, session: aiohttp.ClientSession, clock: Clock
) -> None:
    server.more = {"instance_url": "https://shop.my.salesforce.com"}
    flow = JwtBearer(
        url, issuer="consumer", subject="robot@shop", audience="https://login.salesforce.com", private_key=PEM
    )
    assert (await flow.granted(session)).said["instance_url"] == "https://shop.my.salesforce.com"
    _, claims = opened(server.asked[0].form()["assertion"])
    assert {key: claims[key] for key in ("iss", "sub", "aud")} == {
        "iss": "consumer",
        "sub": "robot@shop",
        "aud": "https://login.salesforce.com",
    }
    clock.now += 800
    assert await flow.get(session) == "token-1"
    clock.now += 60
    assert await flow.get(session) == "token-2"


@pytest.mark.parametrize(
    ("status", "error", "mend"),
    [
        (400, "invalid_grant", "`refresh_token` is no longer good"),
        (401, "invalid_client", "check `client_id`, `client_secret` and `refresh_token`"),
        (200, "bad_refresh_token", "check `client_id`, `client_secret` and `refresh_token`"),
    ],
)
async def test_wrong_credentials_say_what_a_person_must_mend(
    server: TokenServer, url: str, session: aiohttp.ClientSession, status: int, error: str, mend: str
) -> None:
    server.answer = Answer(status, {"error": error, "error_description": "not for s3cr3t-of-the-shop"})
    with pytest.raises(Closed) as raised:
        await refresh(url).get(session)
    assert raised.value.reason == "unauthorized"
    assert error in raised.value.detail
    assert mend in raised.value.detail
    assert "s3cr3t" not in str(raised.value)


async def test_a_wrong_address_of_the_token_server_is_named(
    server: TokenServer, url: str, session: aiohttp.ClientSession
) -> None:
    server.answer = Answer(404, "<html><title>Not here</title></html>", {"content-type": "text/html"})
    with pytest.raises(Closed, match=r"HTTP 404 Not here; check `token_url`"):
        await refresh(url).get(session)


@pytest.mark.parametrize("key", ["", "{", "[]", json.dumps({"client_email": "robot@shop.iam"})])
async def test_a_key_file_that_is_none_is_named_before_anything_is_asked(
    key: str, server: TokenServer, url: str, session: aiohttp.ClientSession
) -> None:
    with pytest.raises(Closed, match="put the whole text of the key file into the settings"):
        await ServiceAccount(key, ["a"], token_uri=url).get(session)
    assert server.asked == []


async def test_a_key_cut_short_is_named_and_not_shown(
    server: TokenServer, url: str, session: aiohttp.ClientSession
) -> None:
    key = json.dumps({"client_email": "robot@shop.iam", "private_key": PEM[:600]})
    with pytest.raises(Closed, match="no RSA key in PEM") as raised:
        await ServiceAccount(key, ["a"], token_uri=url).get(session)
    assert PEM[100:120] not in str(raised.value)
    assert server.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(429, {"error": "rate_limited"}, {"retry-after": "9"}),
        Answer(500, "<html>"),
        Answer(503, ""),
        Answer(400, {"error": "temporarily_unavailable"}),
        Answer(200, b""),
        Answer(200, {"token": "elsewhere"}),
        Answer(200, ["access_token"]),
        Answer(302, ""),
    ],
    ids=lambda answer: f"{answer.status}",
)
async def test_a_server_in_trouble_may_be_asked_again_and_then_is(
    server: TokenServer, url: str, session: aiohttp.ClientSession, answer: Answer
) -> None:
    server.answer = answer
    with pytest.raises(Retryable) as raised:
        await refresh(url).get(session)
    assert not isinstance(raised.value, Closed)
    server.answer = None
    assert await refresh(url).get(session) == "token-2"


async def test_without_network_it_may_be_tried_again(session: aiohttp.ClientSession) -> None:
    with pytest.raises(Retryable) as raised:
        await refresh("http://127.0.0.1:9/token").get(session)
    assert not isinstance(raised.value, Closed)
    assert raised.value.reason == "unreachable"


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.DEBUG)
    return caplog


async def test_nothing_secret_is_logged_or_shown(
    server: TokenServer,
    url: str,
    session: aiohttp.ClientSession,
    everything_logged: pytest.LogCaptureFixture,
) -> None:
    flow = refresh(url)
    granted = await flow.granted(session)
    shown = everything_logged.text + repr(granted) + repr(flow) + repr(vars(oauth)["_kept"])
    assert not [text for text in ("token-1", "s3cr3t", "granted-long-ago") if text in shown]
