"""How a call to a platform ends where a fault has it: in silence, in a page of a proxy, in half an answer."""

from __future__ import annotations

import asyncio

from aiohttp import web

from tidegate.sandbox.faults import Fault
from tidegate.sandbox.store import Store

STORE = web.AppKey("store", Store)
CLOSING = web.AppKey("closing", asyncio.Event)
PAGE = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
GARBAGE = b"\x00\xef\xbf\xbd{]\xff\xfe--not what was expected--\x00"


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
