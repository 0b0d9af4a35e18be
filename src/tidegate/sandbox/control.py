"""The control API: `/control/...`, for tests and for people with curl. It speaks JSON both ways.

GET    /control/endpoints          where the sandbox listens
POST   /control/clock              {"at": "2011-10-01T06:00:00Z"}: the run's clock
POST   /control/labels             [["ada@example.com", "12347"], ...]: whose an address is
POST   /control/origins            [["id-at-the-platform", "winback: reminder"], ...]: what a message is from
GET    /control/faults             those that still strike
POST   /control/faults             a `Fault`: {"kind": "throttle", "connector": "twilio", "times": 3}
DELETE /control/faults             no more faults; `?connector=smtp`: of that connector
POST   /control/feedback           {"to": "*@example.com", "kind": "opened"}: somebody did this with messages
GET    /control/behave             how people behave by themselves
POST   /control/behave             {"opens": 0.3, "clicks": 0.1, "bounces": 0.01, "seed": 7}: from now on, so;
                                   {"channel": "webhook", "answers": {"customer_care": {"score": 87}}}
DELETE /control/behave             they do nothing by themselves any more
GET    /control/calls              the log: `?connector=smtp&after=0&count=1000`
POST   /control/reset              forget everything received, the faults, the behaviour and the clock
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from datetime import datetime, timedelta
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.types import AwareDatetime

from tidegate.feedback.format import Kind
from tidegate.sandbox import behaviour, calls, faults, platforms, reported
from tidegate.sandbox.behaviour import Behaviour
from tidegate.sandbox.endpoints import Endpoints
from tidegate.sandbox.exchange import STORE
from tidegate.sandbox.faults import Fault
from tidegate.sandbox.queries import query
from tidegate.spec.nearest import hint

SMTP: web.AppKey[tuple[str, int]] = web.AppKey("smtp", tuple)
T = TypeVar("T")


class Clock(BaseModel):
    at: AwareDatetime


class Did(BaseModel):
    """`message` is the platform's id, the sender's key or the sandbox's number; `to` a pattern of recipients.

    It happened `after` seconds on the run's clock; without, now.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    message: str | None = None
    to: str | None = None
    channel: str | None = None
    permanent: bool | None = None
    topic: str | None = None
    url: str | None = None
    detail: str | None = None
    after: float | None = None


_CLOCK = TypeAdapter(Clock)
_DID = TypeAdapter(Did)
_BEHAVIOUR = TypeAdapter(Behaviour)
_LABELS = TypeAdapter(list[tuple[str, str]])
_FAULT = TypeAdapter(Fault)


def routes() -> list[web.RouteDef]:
    return [
        web.get("/control/endpoints", _endpoints),
        web.post("/control/clock", _set_clock),
        web.post("/control/labels", _label),
        web.post("/control/origins", _trace),
        web.get("/control/faults", _faults),
        web.post("/control/faults", _set_fault),
        web.delete("/control/faults", _clear_faults),
        web.post("/control/feedback", _did),
        web.get("/control/behave", _behaviour),
        web.post("/control/behave", _behave),
        web.delete("/control/behave", _behave_no_more),
        web.get("/control/calls", _calls),
        web.post("/control/reset", _reset),
    ]


async def _endpoints(request: web.Request) -> web.Response:
    if SMTP not in request.app:
        return web.json_response({"error": "no platforms are served here, only the page"}, status=404)
    url = f"{request.scheme}://{request.host}"
    return web.json_response(
        Endpoints(request.app[SMTP], url, request.app[STORE].files, request.app[STORE].reports).as_json()
    )


async def _set_clock(request: web.Request) -> web.Response:
    at: datetime = (await _body(request, _CLOCK)).at
    await asyncio.to_thread(request.app[STORE].set_clock, at)
    return web.Response(status=204)


async def _label(request: web.Request) -> web.Response:
    pairs = await _body(request, _LABELS)
    await asyncio.to_thread(request.app[STORE].label, pairs)
    return web.Response(status=204)


async def _trace(request: web.Request) -> web.Response:
    pairs = await _body(request, _LABELS)
    await asyncio.to_thread(request.app[STORE].trace, pairs)
    return web.Response(status=204)


async def _faults(request: web.Request) -> web.Response:
    return web.json_response(await asyncio.to_thread(faults.active, request.app[STORE]))


async def _set_fault(request: web.Request) -> web.Response:
    fault = await _body(request, _FAULT)
    known = ("smtp", *platforms.names())
    if fault.connector and fault.connector not in known:
        raise web.HTTPUnprocessableEntity(
            text=f"the sandbox does not play `{fault.connector}`; {hint(fault.connector, known)}"
        )
    number = await asyncio.to_thread(faults.set_fault, request.app[STORE], fault)
    return web.json_response({"id": number}, status=201)


async def _clear_faults(request: web.Request) -> web.Response:
    await asyncio.to_thread(faults.clear, request.app[STORE], request.query.get("connector"))
    return web.Response(status=204)


async def _did(request: web.Request) -> web.Response:
    did = await _body(request, _DID)
    if did.message is None and did.to is None:
        raise web.HTTPUnprocessableEntity(text="name the messages: `message`, or a pattern `to`")

    def change(connection: sqlite3.Connection) -> int:
        asked = {"message": did.message, "to": did.to, "channel": did.channel}
        found = connection.execute(query("feedback", "matching"), asked).fetchall()
        for row in found:
            reported.record(
                connection,
                row["id"],
                did.kind,
                after=None if did.after is None else timedelta(seconds=did.after),
                permanent=did.permanent,
                topic=did.topic,
                url=did.url,
                detail=did.detail,
            )
        return len(found)

    events = await asyncio.wrap_future(request.app[STORE].write(change))
    if not events:
        raise web.HTTPNotFound(text="no message fits")
    return web.json_response({"events": events}, status=201)


async def _behaviour(request: web.Request) -> web.Response:
    rows = await asyncio.to_thread(request.app[STORE].read, "feedback", "rules")
    return web.json_response([json.loads(row["rule"]) for row in rows])


async def _behave(request: web.Request) -> web.Response:
    rule = await _body(request, _BEHAVIOUR)
    await asyncio.wrap_future(request.app[STORE].write(lambda connection: behaviour.tell(connection, rule)))
    return web.Response(status=204)


async def _behave_no_more(request: web.Request) -> web.Response:
    forget = query("feedback", "forget_rules")
    await asyncio.wrap_future(request.app[STORE].write(lambda connection: connection.execute(forget)))
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
