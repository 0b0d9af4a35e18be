"""Platforms the sandbox does not speak for: it says so, and the call reaches nobody."""

from __future__ import annotations

from aiohttp import web

from tidegate.sandbox.exchange import Reply, decline


def routes() -> list[web.RouteDef]:
    """Wherever no platform is mounted: what a connector of the user's own would call."""
    return [web.route("*", "/{connector}/{rest:.*}", _answer)]


async def _answer(request: web.Request) -> web.StreamResponse:
    if "text/html" in request.headers.get("Accept", ""):
        raise web.HTTPNotFound
    connector = request.match_info["connector"]
    words = f"the sandbox does not speak the API of {connector}, or not this part of it"
    return await decline(request, connector, f"{request.method} {request.path}", Reply(501, {"error": words}))
