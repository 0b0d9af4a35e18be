"""One SMTP connection: what the client says, what the server answers, and where a fault strikes."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import sqlite3
import ssl
from collections.abc import Awaitable, Callable

from tidegate.sandbox.calls import Call, note
from tidegate.sandbox.credentials import SECRET
from tidegate.sandbox.faults import Fault
from tidegate.sandbox.glance import glance
from tidegate.sandbox.inbox import Received, keep
from tidegate.sandbox.smtp_faults import CONNECTOR, Answered, DialogueFaults, Over, code
from tidegate.sandbox.store import Store
from tidegate.sandbox.wire import TooLong, Wire

_SIZE = 25 * 1024 * 1024
_PATH = re.compile(r"(?:FROM|TO):\s*<([^<>]*)>(.*)", re.IGNORECASE)
_MOST_RECIPIENTS = 100


class Dialogue:
    """Runs until the client says QUIT, is gone, or a fault ends it."""

    def __init__(
        self,
        store: Store,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        tls: ssl.SSLContext | None,
        sign_in: bool,
    ) -> None:
        self._store = store
        self._wire = Wire(reader, line=12_288, message=_SIZE)
        self._writer = writer
        self._tls = tls
        self._must_sign_in = sign_in
        self._faults = DialogueFaults(store, writer)
        self._user = ""
        self._sender: str | None = None
        self._recipients: list[str] = []
        self._commands: dict[str, Callable[[str], Awaitable[None]]] = {
            "EHLO": self._ehlo,
            "HELO": self._helo,
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda _: self._say("250 2.0.0 OK"),
            "VRFY": lambda _: self._say("252 2.1.5 Send it and see"),
            "QUIT": self._quit,
        }

    async def run(self) -> None:
        try:
            await self._faults.whole("connect")
            await self._say("220 sandbox.tidegate.localhost ESMTP")
            while True:
                try:
                    line = (await self._wire.line()).decode("utf-8", "replace")
                except TooLong:
                    await self._say("500 5.5.2 Line too long")
                    return
                verb, _, rest = line.strip().partition(" ")
                command = self._commands.get(verb.upper())
                if command is None:
                    await self._say("500 5.5.2 No such command")
                    continue
                with contextlib.suppress(Answered):
                    await command(rest.strip())
        except Over:
            return

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()

    async def _helo(self, rest: str) -> None:
        self._forget()
        await self._say("250 sandbox.tidegate.localhost" if rest else "501 5.5.4 Say who you are")

    async def _ehlo(self, rest: str) -> None:
        if not rest:
            await self._say("501 5.5.4 Say who you are")
            return
        self._forget()
        offers = ["sandbox.tidegate.localhost", "PIPELINING", f"SIZE {_SIZE}", "8BITMIME", "SMTPUTF8"]
        offers += ["STARTTLS"] if self._tls else []
        offers += ["AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES"]
        await self._say(*[f"250-{offer}" for offer in offers[:-1]], f"250 {offers[-1]}")

    async def _starttls(self, rest: str) -> None:
        if self._tls is None:
            await self._say("502 5.5.1 No TLS here")
            return
        await self._say("220 2.0.0 Go ahead")
        self._wire.drop()
        self._forget()
        self._user = ""
        await self._writer.start_tls(self._tls)
        self._tls = None

    async def _auth(self, rest: str) -> None:
        mechanism, _, first = rest.partition(" ")
        try:
            match mechanism.upper():
                case "PLAIN":
                    _, user, password = _decoded(first or await self._ask("")).split("\0")
                case "LOGIN":
                    user = _decoded(first or await self._ask("Username:"))
                    password = _decoded(await self._ask("Password:"))
                case _:
                    await self._say("504 5.5.4 PLAIN or LOGIN")
                    return
        except ValueError:
            await self._say("501 5.5.2 Cannot decode that")
            return
        if password != SECRET:
            await self._say("535 5.7.8 Authentication credentials invalid")
            return
        self._user = user
        await self._say("235 2.7.0 Authentication succeeded")

    async def _ask(self, question: str) -> str:
        await self._say(f"334 {base64.b64encode(question.encode()).decode()}")
        return (await self._wire.line()).decode("ascii", "replace")

    async def _mail(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if self._must_sign_in and not self._user:
            await self._say("530 5.7.0 Authentication required")
        elif path is None or not rest.upper().startswith("FROM:"):
            await self._say("501 5.5.4 MAIL FROM:<address>")
        elif self._sender is not None:
            await self._say("503 5.5.1 One message at a time")
        elif (size := re.search(r"SIZE=(\d+)", path[2], re.IGNORECASE)) and int(size[1]) > _SIZE:
            await self._say("552 5.3.4 Message too big")
        else:
            await self._faults.whole("mail")
            self._sender = path[1]
            await self._say("250 2.1.0 OK")

    async def _rcpt(self, rest: str) -> None:
        path = _PATH.fullmatch(rest)
        if self._sender is None:
            await self._say("503 5.5.1 MAIL first")
        elif path is None or not rest.upper().startswith("TO:"):
            await self._say("501 5.5.4 RCPT TO:<address>")
        elif "@" not in path[1] or path[1].startswith("@") or path[1].endswith("@"):
            await self._say("501 5.1.3 Bad recipient address syntax")
        elif len(self._recipients) >= _MOST_RECIPIENTS:
            await self._say("452 4.5.3 Too many recipients")
        else:
            befallen = await self._faults.befall("rcpt", [path[1]])
            if befallen.refused:
                fault = befallen.refused[0]
                words = fault.reason or f"<{path[1]}>: Recipient address rejected: User unknown"
                await self._faults.log(fault, 1)
                await self._say(f"{code(fault)} 5.1.1 {words}")
                return
            await self._faults.log(befallen.fault, len(self._recipients))
            await self._faults.strike(befallen.fault)
            self._recipients.append(path[1])
            await self._say("250 2.1.5 OK")

    async def _data(self, rest: str) -> None:
        if not self._recipients:
            await self._say("503 5.5.1 RCPT first" if self._sender is not None else "503 5.5.1 MAIL first")
            return
        fault = (await self._faults.befall("data", self._recipients)).fault
        late = fault is not None and (fault.at == "dot" or fault.accept != 0)
        if fault is not None and not late and fault.kind in ("throttle", "error"):
            await self._faults.log(fault, len(self._recipients))
            self._forget()
            await self._faults.strike(fault)
        await self._say("354 End with a dot on a line of its own")
        if fault is not None and not late:
            await self._wire.first_bytes()
            await self._faults.log(fault, len(self._recipients))
            await self._faults.strike(fault)
        try:
            raw = await self._wire.message()
        except TooLong:
            self._forget()
            await self._say("552 5.3.4 Message too big")
            return
        taken = self._recipients if fault is None else fault.accepted(self._recipients)
        try:
            number = await self._keep(raw, list(taken), fault)
        except sqlite3.Error:
            self._forget()
            await self._say("452 4.3.1 Cannot keep it now")
            return
        self._forget()
        await self._faults.strike(fault)
        await self._say(f"250 2.0.0 OK: kept as {number}")

    async def _keep(self, raw: bytes, recipients: list[str], fault: Fault | None) -> int:
        seen = glance(raw)
        sender = seen.sender or self._sender or ""
        status = 250 if fault is None else code(fault)
        call = Call(CONNECTOR, "message", status, len(self._recipients), len(recipients), fault.kind if fault else "")

        def change(connection: sqlite3.Connection) -> int:
            number = 0
            for recipient in recipients:
                number = keep(
                    connection,
                    Received(
                        "email",
                        self._user,
                        seen.message_id,
                        sender,
                        recipient,
                        seen.subject,
                        seen.preview,
                        seen.text,
                        raw,
                    ),
                )
            note(connection, call)
            return number

        return await asyncio.wrap_future(self._store.write(change))

    async def _rset(self, rest: str) -> None:
        self._forget()
        await self._say("250 2.0.0 OK")

    async def _quit(self, rest: str) -> None:
        await self._say("221 2.0.0 Bye")
        raise Over

    def _forget(self) -> None:
        self._sender = None
        self._recipients = []


def _decoded(text: str) -> str:
    return base64.b64decode(text, validate=True).decode()
