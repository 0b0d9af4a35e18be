"""The sandbox's mail server (RFC 5321), with STARTTLS and AUTH, which can fail at every step of the dialogue."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

from tidegate.sandbox.dialogue import Dialogue
from tidegate.sandbox.store import Store


class SmtpServer:
    """Keeps every message that it answers 250 for.

    `tls`: offers STARTTLS with this context, or with `wrapped` speaks TLS from the first byte. With `sign_in`
    it takes no message from who has not signed in (any user, the sandbox's secret).
    """

    def __init__(
        self, store: Store, *, tls: ssl.SSLContext | None = None, wrapped: bool = False, sign_in: bool = False
    ) -> None:
        self._store = store
        self._tls = tls
        self._wrapped = wrapped
        self._sign_in = sign_in
        self._dialogues: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> tuple[str, int]:
        """Listen; returns host and port."""
        context = self._tls if self._wrapped else None
        self._server = await asyncio.start_server(self._connected, host, port, ssl=context, backlog=512)
        bound: tuple[str, int] = self._server.sockets[0].getsockname()[:2]
        return bound

    async def stop(self) -> None:
        """Stop listening, and break off what is being said."""
        if self._server is not None:
            self._server.close()
        for dialogue in list(self._dialogues):
            dialogue.cancel()
        await asyncio.gather(*self._dialogues, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._dialogues.add(task)
        task.add_done_callback(self._dialogues.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tls = None if self._wrapped else self._tls
        try:
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await Dialogue(self._store, reader, writer, tls=tls, sign_in=self._sign_in).run()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
