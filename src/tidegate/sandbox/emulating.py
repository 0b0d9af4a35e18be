"""The emulations on the sandbox's HTTP server: `/NAME/...` is answered by `platforms/NAME.py`."""

from __future__ import annotations

import asyncio
import sqlite3

from aiohttp import web

from tidegate.sandbox import platforms
from tidegate.sandbox.asked import Asked
from tidegate.sandbox.calls import Call, note
from tidegate.sandbox.emulation import Emulation, Handled, handle
from tidegate.sandbox.exchange import STORE, misbehave, status_of


def routes() -> list[web.RouteDef]:
    return [web.route("*", f"/{{connector:{name}}}{{rest:(?:/.*)?}}", _answer) for name in platforms.names()]


async def _answer(request: web.Request) -> web.StreamResponse:
    connector = request.match_info["connector"]
    emulation = platforms.find(connector)
    assert emulation is not None
    headers = {name.lower(): value for name, value in request.headers.items()}
    # as sent: an encoded slash is not a slash
    prefix = f"/{connector}"
    path = request.raw_path.partition("?")[0].removeprefix(prefix) or "/"
    search = request.query_string
    asked = Asked(request.method, path, dict(request.query), headers, await request.read(), search, prefix)
    try:
        handled = await asyncio.wrap_future(request.app[STORE].write(lambda at: _logged(emulation, asked, at)))
    except sqlite3.Error:  # the disk is full, or somebody holds the file: nothing was kept
        return emulation.failed(503).response()
    fault = handled.fault
    if fault is None or fault.kind in ("throttle", "error"):
        return handled.answer.response()
    return await misbehave(request, fault, handled.answer.status, handled.answer.content())


def _logged(emulation: Emulation, asked: Asked, connection: sqlite3.Connection) -> Handled:
    handled = handle(emulation, asked, connection)
    status = handled.answer.status if handled.fault is None else status_of(handled.fault, handled.answer.status)
    call = Call(emulation.connector, handled.operation, status, handled.offered, handled.answer.took, handled.struck)
    note(connection, call)
    return handled
