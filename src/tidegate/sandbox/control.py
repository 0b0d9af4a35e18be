"""The control API: `/control/...`, for tests and for people with curl. It speaks JSON both ways.

GET    /control/endpoints          where the sandbox listens
POST   /control/clock              {"at": "2011-10-01T06:00:00Z"}: the run's clock
POST   /control/labels             [["ada@example.com", "12347"], ...]: whose an address is
GET    /control/faults             those that still strike
POST   /control/faults             a `Fault`: {"kind": "throttle", "connector": "twilio", "times": 3}
DELETE /control/faults             no more faults; `?connector=smtp`: of that connector
GET    /control/calls              the log: `?connector=smtp&after=0&count=1000`
POST   /control/reset              forget everything received, the faults and the clock
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.types import AwareDatetime

from tidegate.sandbox import calls, faults
from tidegate.sandbox.endpoints import Endpoints
from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.faults import Fault

SMTP: web.AppKey[tuple[str, int]] = web.AppKey("smtp", tuple)
T = TypeVar("T")


class Clock(BaseModel):
    at: AwareDatetime


_CLOCK = TypeAdapter(Clock)
_LABELS = TypeAdapter(list[tuple[str, str]])
_FAULT = TypeAdapter(Fault)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/control/endpoints", _endpoints),
        web.post("/control/clock", _set_clock),
        web.post("/control/labels", _label),
        web.get("/control/faults", _faults),
        web.post("/control/faults", _set_fault),
        web.delete("/control/faults", _clear_faults),
        web.get("/control/calls", _calls),
        web.post("/control/reset", _reset),
    ]


async def _endpoints(request: web.Request) -> web.Response:
    if SMTP not in request.app:
        return web.json_response({"error": "no platforms are served here, only the page"}, status=404)
    url = f"{request.scheme}://{request.host}"
    return web.json_response(Endpoints(request.app[SMTP], url, request.app[STORE].files).as_json())


async def _set_clock(request: web.Request) -> web.Response:
    at: datetime = (await _body(request, _CLOCK)).at
    await asyncio.to_thread(request.app[STORE].set_clock, at)
    return web.Response(status=204)


async def _label(request: web.Request) -> web.Response:
    pairs = await _body(request, _LABELS)
    await asyncio.to_thread(request.app[STORE].label, pairs)
    return web.Response(status=204)


async def _faults(request: web.Request) -> web.Response:
    return web.json_response(await asyncio.to_thread(faults.active, request.app[STORE]))


async def _set_fault(request: web.Request) -> web.Response:
    number = await asyncio.to_thread(faults.set_fault, request.app[STORE], await _body(request, _FAULT))
    return web.json_response({"id": number}, status=201)


async def _clear_faults(request: web.Request) -> web.Response:
    await asyncio.to_thread(faults.clear, request.app[STORE], request.query.get("connector"))
    return web.Response(status=204)


async def _calls(request: web.Request) -> web.Response:
    store = request.app[STORE]
    connector = request.query.get("connector")
    after, count = int(request.query.get("after", 0)), int(request.query.get("count", 1000))
    found = await asyncio.to_thread(calls.page, store, connector=connector, after=after, count=count)
    return web.json_response(found)


async def _reset(request: web.Request) -> web.Response:
    await _body(request, TypeAdapter(Any))
    await asyncio.to_thread(request.app[STORE].reset)
    return web.Response(status=204)


async def _body(request: web.Request, kind: TypeAdapter[T]) -> T:
    # a page of another site can post a form to a port of this machine, but not JSON
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send JSON, with Content-Type: application/json")
    try:
        return kind.validate_json(await request.read() or b"null")
    except ValidationError as fault:
        words = "; ".join(f"{'.'.join(map(str, error['loc'])) or 'body'}: {error['msg']}" for error in fault.errors())
        raise web.HTTPUnprocessableEntity(text=words) from None
