"""One HTTP call: whether it may have happened decides whether it may be made again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tidegate.connecting.exchange import Exchange, watching
from tidegate.connecting.http import LARGEST_BODY, Reply, call, retry_after
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable
from tidegate.testing import Answer, HttpWire


async def post(url: str, *, safe: bool = False, **more: Any) -> Reply:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as session:
        return await call(session, "POST", url, safe_to_repeat=safe, **{"json": {"a": 1}, **more})


async def fault(answer: Answer, *, safe: bool = False) -> DestinationError:
    async with HttpWire(lambda asked: answer) as wire:
        with pytest.raises(DestinationError) as raised:
            await post(wire.url, safe=safe)
    return raised.value


async def test_an_answer_is_read_as_it_is() -> None:
    async with HttpWire(lambda asked: Answer(201, {"id": 7}, {"X-Thing": "yes"})) as wire:
        reply = await post(wire.url)
    assert (reply.status, reply.json(), reply.headers["x-thing"]) == (201, {"id": 7}, "yes")
    assert wire.asked[0].headers["content-type"] == "application/json"
    assert wire.asked[0].json() == {"a": 1}


@pytest.mark.parametrize(
    ("status", "unsafe", "safe"),
    [
        (400, Refused, Refused),
        (401, Closed, Closed),
        (403, Closed, Closed),
        (404, Refused, Refused),
        (408, Retryable, Retryable),
        (413, Refused, Refused),
        (429, Retryable, Retryable),
        (500, InDoubt, Retryable),
        (502, InDoubt, Retryable),
        (503, InDoubt, Retryable),
        (504, InDoubt, Retryable),
        (302, Retryable, Retryable),
        (303, InDoubt, Retryable),
    ],
)
async def test_a_status_says_whether_it_happened(status: int, unsafe: type[Exception], safe: type[Exception]) -> None:
    assert type(await fault(Answer(status))) is unsafe
    assert type(await fault(Answer(status), safe=True)) is safe


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(503, {"error": "maintenance"}, {"retry-after": "60"}), Retryable),
        (Answer(503, "upstream connect error or disconnect/reset before headers"), InDoubt),
        (Answer(503, "<html><title>503 Backend fetch failed</title></html>", {"retry-after": "5"}), InDoubt),
    ],
)
async def test_a_server_that_turns_a_call_away_is_not_a_gateway_that_lost_the_answer(
    answer: Answer, kind: type[Exception]
) -> None:
    assert type(await fault(answer)) is kind
    assert (await fault(answer)).reason == "unavailable"


@pytest.mark.parametrize("body", [b"", b"  ", b"<html><title>Log in</title></html>", b'{"id": ', b"\xff\xfe"])
async def test_success_that_cannot_be_understood_is_in_doubt(body: bytes) -> None:
    async with HttpWire(lambda asked: Answer(200, body)) as wire:
        reply, repeatable = await post(wire.url), await post(wire.url, safe=True)
    with pytest.raises(InDoubt):
        reply.json()
    with pytest.raises(Retryable):
        repeatable.json()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("30", 30.0),
        ("0.5", 0.5),
        ("-3", 0.0),
        ("Sun, 01 Mar 2026 09:31:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 09:29:00 GMT", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, datetime(2026, 3, 1, 9, 30, tzinfo=UTC)) == seconds


async def test_what_the_other_side_says_is_kept_without_addresses_and_short() -> None:
    words = {
        "error": "no such user ada@example.com, phone +44 7700 900123, token EAABsbCS1iHgBO7ZAcm3",
        "more": "x" * 999,
    }
    found = await fault(Answer(400, words))
    assert "no such user" in found.detail
    assert not [text for text in ("ada@", "900123", "EAABsb") if text in found.detail]
    assert len(found.detail) <= 210


async def test_of_a_web_page_only_its_title_is_kept() -> None:
    page = "<html><head><style>x{}</style><title>Bad &amp; gateway</title></head><body>secret</body></html>"
    assert (await fault(Answer(502, page, {"content-type": "text/html"}))).detail == "HTTP 502 Bad & gateway"


async def raw_server(behave: Any) -> tuple[asyncio.Server, str]:
    server = await asyncio.start_server(behave, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_body_that_could_not_be_handed_over_whole_did_not_happen() -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.transport.abort()

    server, url = await raw_server(hang_up)
    async with server:
        with pytest.raises(Retryable):
            await post(url, json=None, body=b"x" * 64_000_000)


async def test_who_never_answers_is_told_in_words_and_not_by_the_name_of_an_exception() -> None:
    gone = asyncio.Event()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    server, url = await raw_server(silence)
    async with server:
        with pytest.raises(InDoubt) as raised:
            await post(url, within=0.05)
        await gone.wait()
    assert (raised.value.reason, raised.value.detail) == ("timeout", "no answer came in time")


@pytest.mark.parametrize(
    "reply", [b"", b"HTTP/9.9 what\r\n\r\n", b"\x00\x01\x02\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"]
)
async def test_once_the_request_has_left_silence_nonsense_and_half_an_answer_are_doubt(reply: bytes) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(reply)
        await writer.drain()
        writer.close()

    server, url = await raw_server(nonsense)
    async with server:
        with pytest.raises(InDoubt):
            await post(url)
        with pytest.raises(Retryable):
            await post(url, safe=True)


async def test_a_refusal_stands_even_where_its_body_was_cut() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"HTTP/1.1 422 No\r\nContent-Length: 99\r\n\r\nhalf")
        await writer.drain()
        writer.close()

    server, url = await raw_server(refuse)
    async with server:
        with pytest.raises(Refused, match="http_422"):
            await post(url)


async def test_a_refusal_stands_even_where_its_body_does_not_come() -> None:
    over = asyncio.Event()

    async def trail_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 422 No\r\nContent-Length: 100\r\n\r\nwe do not take that")
        await writer.drain()
        await reader.read()
        writer.close()
        await writer.wait_closed()
        over.set()

    server, url = await raw_server(trail_off)
    async with server:
        with pytest.raises(Refused) as raised:
            await post(url)
        await over.wait()
    assert "we do not take that" in raised.value.detail


async def test_an_endless_answer_is_not_read_to_its_end() -> None:
    endless = Answer(200, b"[" + b" " * (LARGEST_BODY + 1_000_000))
    async with HttpWire(lambda asked: endless) as wire, aiohttp.ClientSession() as session:
        reply = await call(session, "GET", wire.url, safe_to_repeat=True)
    assert len(reply.body) < LARGEST_BODY + 600_000


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://no-such-host.invalid/"])
async def test_nobody_there_means_it_did_not_happen(url: str) -> None:
    with pytest.raises(Retryable, match="unreachable"):
        await post(url)


@pytest.mark.parametrize("url", ["not an url", "ftp://example.com/", "http://"])
async def test_an_address_that_is_none_is_for_a_person_to_mend(url: str) -> None:
    with pytest.raises(Closed, match="bad_address"):
        await post(url)


async def test_the_error_holds_no_trace_of_the_request() -> None:
    async with HttpWire(lambda asked: Answer(200)) as wire:
        wire.fail("cut")
        with pytest.raises(InDoubt) as raised:
            await post(wire.url, headers={"Authorization": "Bearer hush"}, hide=["hush"])
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


async def told(url: str, **more: Any) -> list[Exchange]:
    found: list[Exchange] = []
    before = watching.set(found.append)
    try:
        await post(url, **more)
    except DestinationError:
        pass
    finally:
        watching.reset(before)
    return found


async def test_whoever_watches_is_told_of_each_call_without_its_query() -> None:
    async with HttpWire(lambda asked: Answer(200, {}, {"X-RateLimit-Remaining": "7", "Server": "x"})) as wire:
        (found,) = await told(f"{wire.url}/v1/send?key=value", params={"to": "ada@example.com"}, rows=3)

    assert (found.method, found.path, found.status, found.rows) == ("POST", "/v1/send", 200, 3)
    assert (found.failed, found.said) == (False, "")
    assert found.limits == {"x-ratelimit-remaining": "7"}
    assert 0 < found.seconds < 5


async def test_whoever_watches_is_told_what_was_said_about_a_failure_and_nothing_personal() -> None:
    answer = Answer(422, {"error": "ada@example.com is unknown, says t0p-secret"})
    async with HttpWire(lambda asked: answer) as wire:
        (found,) = await told(f"{wire.url}/t0p-secret/people/ada@example.com", hide=("t0p-secret",))

    assert (found.status, found.failed) == (422, True)
    assert found.path == "/(secret)/people/(address)"
    assert found.said.startswith("http_422: HTTP 422")
    assert "ada@" not in found.said
    assert "t0p-secret" not in found.said


@pytest.mark.parametrize(
    ("url", "path"),
    [("http://127.0.0.1:9/v1/send", "/v1/send"), ("no url at all", "/"), ("http://[/?x=/ada@example.com", "/")],
)
async def test_whoever_watches_is_told_of_a_call_that_got_no_answer(url: str, path: str) -> None:
    (found,) = await told(url)

    assert (found.path, found.status, found.failed) == (path, None, True)


async def test_what_a_judge_makes_of_an_answer_is_what_is_told() -> None:
    async with HttpWire(lambda asked: Answer(400, {})) as wire:
        (found,) = await told(wire.url, judge=lambda reply: Retryable("throttled", "code 613"))

    assert found.said == "throttled: code 613"


def answered(body: str, *, safe: bool = True, **headers: str) -> Reply:
    return Reply(200, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode(), safe)


@pytest.mark.parametrize("body", ["", "[]", "7", '{"name": "vips"}', "<html>"])
def test_an_answer_without_what_it_should_have_leaves_it_in_doubt(body: str) -> None:
    with pytest.raises(Retryable):
        answered(body).object("id")
    with pytest.raises(InDoubt):
        answered(body, safe=False).told("id")


def test_an_answer_tells_its_id_as_text_and_an_empty_one_is_none() -> None:
    assert answered('{"id": 7, "name": null}').object("id", "name") == {"id": 7, "name": None}
    assert answered('{"id": 7}').told("id") == "7"
    for nothing in ('{"id": null}', '{"id": ""}'):
        with pytest.raises(Retryable, match="garbled"):
            answered(nothing).told("id")


def test_a_look_at_what_is_not_there_harms_nobody() -> None:
    reply = answered('{"error": {"code": 4}, "list": [1]}')
    assert reply.peek("error", "code") == 4
    assert reply.peek("error", "code", "deeper") is None
    assert reply.peek("list", "first") is None
    assert answered("<html>").peek("error") is None
    assert answered("[1]").peek() == [1]


def test_a_reset_told_as_a_time_is_seconds_and_retry_after_wins() -> None:
    at = str(datetime.now(UTC).timestamp() + 60)
    assert answered("", x_reset=at).until("x-reset") == pytest.approx(60, abs=5)
    assert answered("", x_reset=at, retry_after="2").until("x-reset") == 2.0
    assert answered("", x_reset="1000").until("x-reset") == 0.0
    assert answered("", x_reset="soon").until("x-reset") is None
    assert answered("").until("x-reset") is None
