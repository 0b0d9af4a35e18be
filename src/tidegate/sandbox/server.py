"""The sandbox's HTTP server: the platforms, the control API and the page, over one store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web

from tidegate.sandbox import control, emulating, page, strangers
from tidegate.sandbox.exchange import CLOSING, STORE
from tidegate.sandbox.page import feedback_view
from tidegate.sandbox.store import Store

_LARGEST = 64 * 1024 * 1024
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(store: Store, *, smtp: tuple[str, int] | None = None, shared: bool = False) -> web.Application:
    """Everything under one roof, with the platforms only where there is a mail server (`smtp`) too.

    `shared`: for other machines to look at; the page alone, by which nothing can be changed.
    """
    app = web.Application(client_max_size=_LARGEST, middlewares=[] if shared else [_own_host])
    app[STORE] = store
    app[CLOSING] = asyncio.Event()
    app[feedback_view.SHARED] = shared
    app.add_routes(page.routes())
    if not shared:
        app.add_routes(control.routes())
    if smtp is not None:
        app[control.SMTP] = smtp
        app.add_routes(emulating.routes())
        app.add_routes(strangers.routes())
    return app


class HttpServer:
    """An application on a port of its own."""

    def __init__(self, app: web.Application) -> None:
        self._app = app
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen; returns host and port."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port, backlog=512)
        await site.start()
        return cast("tuple[str, int]", self._runner.addresses[0][:2])

    async def stop(self) -> None:
        self._app[CLOSING].set()
        await self._runner.cleanup()


@web.middleware
async def _own_host(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Only who asked for this machine by name is answered: a foreign name that leads here is an attack."""
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    if host not in ("127.0.0.1", "localhost", "[::1]"):
        raise web.HTTPMisdirectedRequest(text="the sandbox answers on 127.0.0.1 and localhost only")
    return await handler(request)
