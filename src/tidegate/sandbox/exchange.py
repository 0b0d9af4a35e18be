"""One HTTP call to a platform: answered as the platform would, or as a fault has it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from tidegate.sandbox.calls import Call, note
from tidegate.sandbox.faults import UNHARMED, Addresses, Fault, Strike, may_strike, strike
from tidegate.sandbox.store import Store

STORE = web.AppKey("store", Store)
CLOSING = web.AppKey("closing", asyncio.Event)
PAGE = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
GARBAGE = b"\x00\xef\xbf\xbd{]\xff\xfe--not what was expected--\x00"


@dataclass(frozen=True, slots=True)
class Reply:
    """A platform's answer; `body` is JSON-ready, None is no body. `accepted` counts the rows it took."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    accepted: int = 0

    def response(self) -> web.Response:
        if self.body is None:
            return web.Response(status=self.status, headers=self.headers)
        return web.json_response(self.body, status=self.status, headers=self.headers)


class Declined(Exception):
    """The platform does not take the call: wrong credentials, a field missing, no such thing."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


class Platform(Protocol):
    """How a platform words what every platform has to say."""

    connector: str

    def throttled(self, fault: Fault) -> Reply: ...

    def failed(self, fault: Fault) -> Reply: ...


#: Takes the rows at these positions, given those that are refused; within a `Store.write`.
Apply = Callable[[sqlite3.Connection, Sequence[int], Mapping[int, Fault]], Reply]


async def exchange(
    request: web.Request, platform: Platform, operation: str, rows: Sequence[Addresses], apply: Apply
) -> web.StreamResponse:
    """Apply a call and answer it. The call is kept and logged before the answer leaves."""
    store = request.app[STORE]
    connector = platform.connector
    befallen: Strike = UNHARMED
    if may_strike(store, connector):
        befallen = await asyncio.wrap_future(store.write(lambda connection: strike(connection, connector, rows)))
    fault = befallen.fault

    def perform(connection: sqlite3.Connection) -> Reply:
        everyone = range(len(rows))
        if fault is None:
            taken: Sequence[int] = [position for position in everyone if position not in befallen.refused]
            reply = _decided(apply, connection, taken, befallen.refused)
        elif fault.kind == "throttle":
            reply = platform.throttled(fault)
        elif fault.kind == "error" or fault.accept == 0:
            reply = platform.failed(fault)
        else:
            reply = _decided(apply, connection, fault.accepted(everyone), {})
        status = reply.status if fault is None else status_of(fault, reply.status)
        note(connection, Call(connector, operation, status, len(rows), reply.accepted, befallen.name))
        return reply

    try:
        reply = await asyncio.wrap_future(store.write(perform))
    except sqlite3.Error:  # the disk is full, or somebody holds the file: nothing was kept
        return platform.failed(Fault(kind="error", status=503)).response()
    if fault is None or fault.kind in ("throttle", "error"):
        return reply.response()
    return await misbehave(request, fault, reply.status, json.dumps(reply.body).encode())


async def decline(request: web.Request, connector: str, operation: str, reply: Reply) -> web.Response:
    """Answer a call that a platform does not take, and log it."""
    call = Call(connector, operation, reply.status)
    await asyncio.wrap_future(request.app[STORE].write(lambda connection: note(connection, call)))
    return reply.response()


def _decided(apply: Apply, connection: sqlite3.Connection, taken: Sequence[int], refused: Mapping[int, Fault]) -> Reply:
    try:
        return apply(connection, taken, refused)
    except Declined as declined:
        return declined.reply


def status_of(fault: Fault, status: int) -> int:
    """The status that a call ends with under a fault, where the platform would have said `status`; 0 is none."""
    match fault.kind:
        case "hang" | "close":
            return 0
        case "garbage" | "cut":
            return fault.status or 200
        case "html":
            return fault.status or 502
        case _:
            return status


async def misbehave(request: web.Request, fault: Fault, status: int, whole: bytes) -> web.StreamResponse:
    """Answer as a fault has it, where the platform's own answer would be `status` and `whole`."""
    status = status_of(fault, status)
    match fault.kind:
        case "garbage":
            return web.Response(status=status, body=GARBAGE, content_type="application/json")
        case "html":
            return web.Response(status=status, body=PAGE, content_type="text/html")
        case "cut":
            broken = web.StreamResponse(status=status, headers={"Content-Length": str(len(whole) + 1)})
            broken.content_type = "application/json"
            await broken.prepare(request)
            await broken.write(whole[: max(1, len(whole) // 2)])
            _drop(request)
            return broken
        case _:
            if fault.kind == "hang":
                await _silence(request, fault.hold)
            _drop(request)
            return web.Response(status=503)  # never written: the connection is gone


async def _silence(request: web.Request, seconds: float) -> None:
    """Say nothing: until the time is over, the other side leaves or the server stops."""
    deadline = asyncio.get_running_loop().time() + seconds
    while (left := deadline - asyncio.get_running_loop().time()) > 0:
        if request.transport is None or request.transport.is_closing():
            return
        try:
            await asyncio.wait_for(request.app[CLOSING].wait(), min(left, 0.1))
        except TimeoutError:
            continue
        return


def _drop(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()
