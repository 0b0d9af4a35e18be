"""A real HTTP server for tests: it answers as told, keeps what it was asked, and fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tidegate.sandbox.asked import Answer, Asked
from tidegate.testing.faults import Fault


class HttpWire:
    """Serves `platform(request) -> Answer` on a free port of the loopback; `url` is where.

    A fault befalls the calls for which `writes` is true (by default all but GET and HEAD). Every fault that
    has an answer repeats the request in it, as careless platforms do: nothing of it may come to light.
    """

    doubtful: frozenset[Fault] = frozenset(
        {"error", "hang", "hang_after", "cut", "cut_after", "garbage", "empty", "html"}
    )
    throttled_for: float | None = 7.0

    def __init__(
        self,
        platform: Callable[[Asked], Answer],
        *,
        writes: Callable[[Asked], bool] = lambda asked: asked.method not in ("GET", "HEAD"),
        watch: Callable[[Asked], None] = lambda asked: None,
    ) -> None:
        self.platform = platform
        self.asked: list[Asked] = []
        self.taken = 0
        self._writes = writes
        self._watch = watch
        self._fault: Fault | None = None
        self._objections: list[BaseException] = []

    def fail(self, fault: Fault) -> None:
        self._fault = fault

    def mend(self) -> None:
        self._fault = None

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(_application(self._handle), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()
        if fault is None and self._objections:
            raise self._objections[0]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        # The path as sent: an encoded slash is not a slash.
        path = request.raw_path.partition("?")[0]
        asked = Asked(request.method, path, dict(request.query), headers, await request.read(), request.query_string)
        self.asked.append(asked)
        try:
            self._watch(asked)
        except Exception as objection:
            self._objections.append(objection)
        fault = self._fault if self._writes(asked) else None
        if fault in ("hang", "cut"):
            return await self._silence(request, fault)
        if fault in ("throttled", "unauthorized", "error"):
            return self._failing(fault, asked).response()  # the platform has heard of nothing
        try:
            answer = self.platform(asked)
        except Exception as objection:
            self._objections.append(objection)
            return web.Response(status=500)
        self.taken += answer.took
        if fault in ("hang_after", "cut_after"):
            return await self._silence(request, fault)
        return (self._failing(fault, asked) if fault else answer).response()

    def _failing(self, fault: Fault, asked: Asked) -> Answer:
        return failing(fault, asked, self.throttled_for)

    async def _silence(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        if fault.startswith("hang"):
            await asyncio.sleep(3600)
        if request.transport is not None:
            request.transport.abort()
        return web.Response()


def _application(handler: Callable[[web.Request], Any]) -> web.Application:
    application = web.Application(client_max_size=64 * 1024 * 1024)
    application.router.add_route("*", "/{path:.*}", handler)
    return application


def failing(fault: Fault, asked: Asked, throttled_for: float | None) -> Answer:
    """What a platform answers under a fault, repeating the request as careless ones do."""
    echo = echoed(asked)
    page = {"content-type": "text/html"}
    answers = {
        "throttled": Answer(429, {"message": echo}, {"retry-after": f"{throttled_for or 0:g}"}),
        "unauthorized": Answer(401, {"message": echo}),
        "error": Answer(500, f"<html><body>{echo}</body></html>", page),
        "html": Answer(200, f"<html><title>Welcome back</title><body>{echo}</body></html>", page),
        "garbage": Answer(200, b'{"sid": "SM\x00\xff', {"content-type": "application/json"}),
        "empty": Answer(200, b"", {"content-type": "application/json"}),
    }
    return answers[fault]


def echoed(asked: Asked) -> str:
    return f"you sent {dict(asked.headers)} {asked.body[:2000].decode(errors='replace')}"
