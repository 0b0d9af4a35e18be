"""A real SMTP server for tests: it takes mail, keeps it, and fails on demand at an exact point of the dialogue."""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tidegate.testing.faults import Fault

#: among replies: the connection is cut in the stead of one, or none comes
CUT, HANG = "(cut)", "(hang)"


@dataclass(frozen=True, slots=True)
class Taken:
    """A mail that was accepted. `content` is as sent, with CRLF, without the dots that transport adds."""

    sender: str
    to: str
    content: bytes
    options: tuple[str, ...]
    secure: bool
    user: str | None


class SmtpWire:
    """Listens on `host` and `port`. Replies can also be set one by one: `replies["RCPT"] = "550 no such user"`; `once`
    holds others, each given to the first who comes to that step. Steps are the commands, `220` for the greeting, `.`
    for the end of the content, and `250` for the answer to a mail that was taken; a reply may be `CUT` or `HANG`, too.

    `cut` and `hang` come after the recipient was named, `cut_after` and `hang_after` when the mail was taken;
    `garbage` is a reply to the content that is no SMTP. `tls` is a certificate's context: with `starttls`
    it is offered, otherwise the connection begins with it.
    """

    # Only what follows the final dot is in doubt; a cut before it is not.
    doubtful: frozenset[Fault] = frozenset({"hang_after", "cut_after", "garbage"})
    throttled_for: float | None = None

    def __init__(
        self,
        *,
        password: str | None = None,
        tls: ssl.SSLContext | None = None,
        starttls: bool = False,
        extensions: tuple[str, ...] = ("8BITMIME", "SIZE 10000000"),
    ) -> None:
        self.mails: list[Taken] = []
        self.connections = 0
        self.replies: dict[str, str] = {}
        self.once: list[tuple[str, str]] = []
        self.commands: list[str] = []
        self._password = password
        self._tls = tls
        self._starttls = starttls
        self._extensions = extensions
        self._fault: Fault | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def taken(self) -> int:
        return len(self.mails)

    def fail(self, fault: Fault) -> None:
        self._fault = fault
        if fault == "unauthorized":
            self.drop()

    def mend(self) -> None:
        self._fault = None

    def reply(self, step: str) -> str | None:
        """What is to be said there, where it was set."""
        for place, (where, reply) in enumerate(self.once):
            if where == step:
                del self.once[place]
                return reply
        return self.replies.get(step)

    def drop(self) -> None:
        """Let all idle connections go, as servers do after some minutes."""
        for writer in list(self._open):
            writer.close()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**24)
        self.host, self.port = self._server.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            if self._tls and not self._starttls:
                await _secure(writer, self._tls)
            await _Dialogue(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            self._open.discard(writer)
            with suppress(ConnectionError, ssl.SSLError):
                writer.close()


async def _secure(writer: asyncio.StreamWriter, context: ssl.SSLContext) -> None:
    before = writer.transport
    try:
        await writer.start_tls(context)
    except AttributeError:
        # The client went away in the handshake: Python 3.11 then finds no transport, and would again when
        # the writer is collected.
        writer._transport = before  # type: ignore[attr-defined]
        raise ConnectionResetError from None


class _Dialogue:
    def __init__(self, wire: SmtpWire, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.wire, self.reader, self.writer = wire, reader, writer
        self.secure = writer.get_extra_info("sslcontext") is not None
        self.user: str | None = None
        self.sender = self.to = ""
        self.admitted = False
        self.options: tuple[str, ...] = ()

    async def run(self) -> None:
        await self.say(self.wire.reply("220") or "220 tests ESMTP")
        while line := (await self.reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            self.wire.commands.append(verb)
            if verb == "QUIT":
                return await self.say("221 bye")
            await self.answer(verb, line)

    async def answer(self, verb: str, line: str) -> None:
        wire = self.wire
        if verb in ("EHLO", "AUTH") and (reply := wire.reply(verb)):
            await self.say(reply)
        elif verb == "EHLO":
            await self.greet()
        elif verb == "STARTTLS":
            await self.say("220 go ahead")
            assert wire._tls is not None
            await _secure(self.writer, wire._tls)
            self.secure = True
        elif verb == "AUTH":
            await self.sign_in(line)
        elif verb == "MAIL":
            self.sender, *options = line[len("MAIL FROM:") :].split()
            self.options, self.to = tuple(options), ""
            reply = wire.reply(verb) or self.admission()
            self.admitted = reply.startswith("2")
            await self.say(reply)
        elif verb == "RCPT":
            reply = (wire.reply(verb) or "250 fine") if self.admitted else "503 5.5.1 MAIL first"
            self.to = line[len("RCPT TO:") :].strip("<>") if reply.startswith("2") else ""
            await self.say(reply)
        elif verb == "DATA":
            await self.data()
        else:
            await self.say("250 fine")

    def admission(self) -> str:
        if self.wire._fault == "unauthorized":
            return f"530 5.7.0 authentication required for {self.sender}"
        if self.wire._fault == "throttled":
            return f"421 4.7.0 too many connections, {self.sender}"
        return "250 fine"

    async def greet(self) -> None:
        offers = list(self.wire._extensions)
        if self.wire._starttls and not self.secure:
            offers.append("STARTTLS")
        if self.wire._password:
            offers.append("AUTH PLAIN")
        lines = ["tests", *offers]
        for offer in lines[:-1]:
            await self.say(f"250-{offer}")
        await self.say(f"250 {lines[-1]}")

    async def sign_in(self, line: str) -> None:
        _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
        if password != self.wire._password or self.wire._fault == "unauthorized":
            return await self.say(f"535 5.7.8 wrong credentials {user} {password}")
        self.user = user
        await self.say("235 welcome")

    async def data(self) -> None:
        wire = self.wire
        if not self.to:
            return await self.say("503 5.5.1 RCPT first")
        if wire._fault == "cut":
            return self.writer.transport.abort()
        if wire._fault == "hang":
            await asyncio.sleep(3600)
        first = wire.reply("DATA") or ("451 4.3.0 for now, " + self.to if wire._fault == "error" else "354 go on")
        await self.say(first)
        if not first.startswith("354"):
            return
        content = await self.reader.readuntil(b"\r\n.\r\n")
        body = b"\r\n".join(line[1:] if line.startswith(b".") else line for line in content[:-3].split(b"\r\n"))
        reply = wire.reply(".") or "250 taken"
        if wire._fault == "garbage":
            reply = f"<html>hello {self.to}</html>"
        if reply.startswith("250") or wire._fault == "garbage":
            wire.mails.append(Taken(self.sender.strip("<>"), self.to, body, self.options, self.secure, self.user))
        if wire._fault == "cut_after":
            return self.writer.transport.abort()
        if wire._fault == "hang_after":
            await asyncio.sleep(3600)
        await self.say((wire.reply("250") or reply) if reply.startswith("250") else reply)

    async def say(self, text: str) -> None:
        if text == HANG:
            await asyncio.sleep(3600)
        if text == CUT:
            self.writer.transport.abort()
            raise ConnectionResetError
        self.writer.write(f"{text}\r\n".encode())
        await self.writer.drain()
