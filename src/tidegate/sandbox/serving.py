"""Serving in the foreground: the page alone, or everything."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable
from pathlib import Path

from tidegate.errors import WarehouseError
from tidegate.sandbox.running import Sandbox
from tidegate.sandbox.server import HttpServer, application
from tidegate.sandbox.store import Store

PORT = 8025
_OWN = ("127.0.0.1", "localhost", "::1")


def serve(
    folder: Path, port: int = PORT, *, host: str = "127.0.0.1", ready: Callable[[str], None] = lambda url: None
) -> None:
    """Serve the page of the sandbox in `folder` until interrupted; `ready` is told its URL once it answers.

    With `host="0.0.0.0"` a telephone on the same network can look too; the control API is left out then.
    Raises WarehouseError where it cannot listen.
    """
    store = Store(folder)
    try:
        asyncio.run(_serve_page(store, host, port, ready))
    except OSError as fault:
        words = f"the sandbox's page cannot listen on port {port} ({fault.strerror or fault}); name another with --port"
        raise WarehouseError(words) from fault
    finally:
        store.close()


def serve_everything(folder: Path, port: int = 0, smtp_port: int = 0) -> None:
    """Serve platforms, control API and page until interrupted; prints one JSON line of endpoints when ready."""
    with Sandbox(folder, port=port, smtp_port=smtp_port) as sandbox:
        line = json.dumps(sandbox.endpoints.as_json())
        asyncio.run(_until_interrupted(lambda: print(line, flush=True)))


async def _serve_page(store: Store, host: str, port: int, ready: Callable[[str], None]) -> None:
    server = HttpServer(application(store, shared=host not in _OWN))
    _, bound = await server.start(host, port)
    try:
        url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{bound}"
        await _until_interrupted(lambda: ready(url))
    finally:
        await server.stop()


async def _until_interrupted(ready: Callable[[], None]) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, over.set)
    # only now: who starts us may well stop us as soon as we are ready
    ready()
    await over.wait()
