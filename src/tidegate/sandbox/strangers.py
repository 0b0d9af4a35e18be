"""Platforms the sandbox does not play: it says so, and the call reaches nobody."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tidegate.sandbox.asked import Answer
from tidegate.sandbox.calls import Call, note
from tidegate.sandbox.exchange import STORE


def routes() -> list[web.RouteDef]:
    """Wherever no platform is mounted: what a connector of the user's own would call."""
    return [web.route("*", "/{connector}/{rest:.*}", _answer)]


async def _answer(request: web.Request) -> web.StreamResponse:
    if "text/html" in request.headers.get("Accept", ""):
        raise web.HTTPNotFound
    connector = request.match_info["connector"]
    call = Call(connector, f"{request.method} {request.path}", 501)
    await asyncio.wrap_future(request.app[STORE].write(lambda connection: note(connection, call)))
    words = (
        f"the sandbox does not play {connector}, so nobody answers this call and nothing left this machine; "
        "test the connector with tidegate.testing, or run the target in which it calls the platform"
    )
    return Answer(501, {"error": words}).response()
