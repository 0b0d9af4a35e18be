"""Reading SMTP off a connection: lines, and a message up to the dot that ends it."""

from __future__ import annotations

import asyncio

_DOT = b"\r\n.\r\n"


class TooLong(Exception):
    """A line or message longer than the server takes. A message has been read off all the same."""


class Wire:
    """A connection's bytes. Raises ConnectionError when the other side is gone."""

    def __init__(self, reader: asyncio.StreamReader, *, line: int, message: int) -> None:
        self._reader = reader
        self._buffer = bytearray()
        self._line = line
        self._message = message

    async def line(self) -> bytes:
        """The next line without its end. Raises TooLong."""
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > self._line:
                raise TooLong
            await self._more()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    async def first_bytes(self) -> None:
        """Wait until some of a message has come."""
        if not self._buffer:
            await self._more()

    async def message(self) -> bytes:
        """A message with its doubled dots made single. Only CRLF.CRLF ends it: nothing can be smuggled in."""
        self._buffer[:0] = b"\r\n"
        searched = 0
        length = 0
        while (end := self._buffer.find(_DOT, searched)) < 0:
            if len(self._buffer) > self._message:
                length += len(self._buffer) - len(_DOT)
                del self._buffer[: -len(_DOT)]
            searched = max(0, len(self._buffer) - len(_DOT))
            await self._more()
        message = bytes(self._buffer[2 : end + 2]) if not length else b""
        del self._buffer[: end + len(_DOT)]
        if length or len(message) > self._message:
            raise TooLong
        return message[1:].replace(b"\r\n.", b"\r\n") if message[:1] == b"." else message.replace(b"\r\n.", b"\r\n")

    def drop(self) -> None:
        """Forget what was read ahead: after STARTTLS nothing said before counts (RFC 3207, section 4.2)."""
        self._buffer.clear()

    async def _more(self) -> None:
        chunk = await self._reader.read(1 << 16)
        if not chunk:
            raise ConnectionResetError("the client is gone")
        self._buffer += chunk
