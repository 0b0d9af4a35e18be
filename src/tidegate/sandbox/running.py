"""A sandbox that is up: in this process, or in another one that is asked over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import threading
import urllib.request
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tidegate.errors import WarehouseError
from tidegate.sandbox import behaviour
from tidegate.sandbox.behaviour import Behaviour
from tidegate.sandbox.endpoints import Endpoints
from tidegate.sandbox.server import HttpServer, application
from tidegate.sandbox.smtp import SmtpServer
from tidegate.sandbox.store import Store
from tidegate.sandbox.times import stamp

ENVIRONMENT = "TIDEGATE_SANDBOX"


class Sandbox:
    """The sandbox's servers in a thread of this process, from `with` to its end.

    `folder` keeps what they receive. Port 0 is any free one. `tls` offers STARTTLS, with `tls_wrapped` TLS
    from the first byte; `sign_in` takes no mail without. Raises WarehouseError where it cannot listen.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        smtp_port: int = 0,
        tls: ssl.SSLContext | None = None,
        tls_wrapped: bool = False,
        sign_in: bool = False,
    ) -> None:
        self.folder = folder
        self._ports = smtp_port, port
        self._mail = {"tls": tls, "wrapped": tls_wrapped, "sign_in": sign_in}

    def __enter__(self) -> Self:
        self.store = Store(self.folder)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        try:
            self.endpoints = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()
        except OSError as fault:
            self._end()
            raise WarehouseError(f"the sandbox cannot listen: {fault.strerror or fault}") from fault
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()
        self._end()

    @property
    def smtp(self) -> tuple[str, int]:
        return self.endpoints.smtp

    @property
    def http_url(self) -> str:
        return self.endpoints.http_url

    def set_clock(self, at: datetime) -> None:
        """What is received from now on is shown on this day of the run's clock."""
        self.store.set_clock(at)

    def label(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Tell whose an address, number or hash is: pairs of identifier and person."""
        self.store.label(pairs)

    def trace(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Tell what messages are from: pairs of the platform's id and an audience, or a journey and its step."""
        self.store.trace(pairs)

    def behave(self, rule: Mapping[str, Any]) -> None:
        """What people do by themselves from now on: keys as in `behaviour.Behaviour`."""
        told = Behaviour.model_validate(rule)
        self.store.write(lambda connection: behaviour.tell(connection, told)).result()

    async def _start(self) -> Endpoints:
        smtp_port, http_port = self._ports
        self._smtp = SmtpServer(self.store, **self._mail)  # type: ignore[arg-type]
        smtp = await self._smtp.start(port=smtp_port)
        try:
            self._http = HttpServer(application(self.store, smtp=smtp))
            host, port = await self._http.start(port=http_port)
        except OSError:
            await self._smtp.stop()
            raise
        return Endpoints(smtp, f"http://{host}:{port}", self.store.files, self.store.reports)

    async def _stop(self) -> None:
        await self._smtp.stop()
        await self._http.stop()
        await asyncio.get_running_loop().shutdown_default_executor()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.store.close()


class RunningSandbox:
    """A sandbox that another process runs, found by the URL of its HTTP server. Use `connect`."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """It goes on running."""

    @property
    def smtp(self) -> tuple[str, int]:
        return self.endpoints.smtp

    @property
    def http_url(self) -> str:
        return self.endpoints.http_url

    def set_clock(self, at: datetime) -> None:
        """What is received from now on is shown on this day of the run's clock."""
        _ask(f"{self.http_url}/control/clock", {"at": stamp(at)})

    def label(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Tell whose an address, number or hash is: pairs of identifier and person."""
        _ask(f"{self.http_url}/control/labels", list(pairs))

    def trace(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Tell what messages are from: pairs of the platform's id and an audience, or a journey and its step."""
        _ask(f"{self.http_url}/control/origins", list(pairs))

    def behave(self, rule: Mapping[str, Any]) -> None:
        """What people do by themselves from now on: keys as in `behaviour.Behaviour`."""
        _ask(f"{self.http_url}/control/behave", dict(rule))


def connect(url: str) -> RunningSandbox:
    """The sandbox whose HTTP server is at `url`. Raises WarehouseError where none answers."""
    return RunningSandbox(Endpoints.from_json(_ask(f"{url.rstrip('/')}/control/endpoints")))


def sandbox_for(folder: Path) -> Sandbox | RunningSandbox:
    """The sandbox that the environment variable TIDEGATE_SANDBOX names, else one of our own on `folder`."""
    url = os.environ.get(ENVIRONMENT)
    return connect(url) if url else Sandbox(folder)


def _ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        # no proxy: the sandbox is on this machine
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            read = answer.read()
    except OSError as fault:
        raise WarehouseError(f"no sandbox answers at {url}: {fault}") from fault
    return json.loads(read) if read else None
