"""Where in an SMTP dialogue a fault strikes, and what the client gets to see of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from tidegate.sandbox.calls import Call, note
from tidegate.sandbox.faults import UNHARMED, Fault, Place, Strike, may_strike, strike
from tidegate.sandbox.store import Store

CONNECTOR = "smtp"


class Over(Exception):
    """The connection is to be closed now."""


class Answered(Exception):
    """A fault has answered the command."""


class DialogueFaults:
    """The faults of one connection.

    Refusals strike at RCPT, everything else at DATA unless a fault says where: before the message was heard
    to its end, or after the final dot where `accept` lets recipients have it.
    """

    def __init__(self, store: Store, writer: asyncio.StreamWriter) -> None:
        self._store = store
        self._writer = writer

    async def befall(self, place: Place, recipients: Sequence[str]) -> Strike:
        if not may_strike(self._store, CONNECTOR):
            return UNHARMED
        rows = [(recipient,) for recipient in recipients]

        def here(fault: Fault) -> bool:
            return _place(fault) == place

        return await asyncio.wrap_future(
            self._store.write(lambda connection: strike(connection, CONNECTOR, rows, here))
        )

    async def whole(self, place: Place) -> None:
        """Let a fault of the connection strike that has nothing to do with a recipient."""
        fault = (await self.befall(place, ())).fault
        await self.log(fault, 0)
        await self.strike(fault)

    async def strike(self, fault: Fault | None) -> None:
        """Do what a fault says. Returns only where there is none; raises Over or Answered."""
        if fault is None:
            return
        number = code(fault)
        if number:
            words = fault.reason or ("Too many messages, slow down" if fault.kind == "throttle" else "Local error")
            detail = "7.1" if fault.kind == "throttle" else "3.0"
            await self._say(f"{number} {number // 100}.{detail} {words}\r\n".encode())
            # 421 says that the connection is closed, whatever the command was
            raise Over if number == 421 else Answered
        match fault.kind:
            case "hang":
                await asyncio.sleep(fault.hold)
            case "cut":
                await self._say(b"25")
            case "garbage":
                await self._say(b"\x00\x07 maybe\r\n")
            case "html":
                await self._say(b"<!doctype html><html><h1>Bad Gateway</h1></html>\r\n")
        raise Over

    async def log(self, fault: Fault | None, offered: int) -> None:
        if fault is not None:
            call = Call(CONNECTOR, "message", code(fault), offered, 0, fault.kind)
            await asyncio.wrap_future(self._store.write(lambda connection: note(connection, call)))

    async def _say(self, words: bytes) -> None:
        self._writer.write(words)
        await self._writer.drain()


def code(fault: Fault) -> int:
    """The reply code a fault answers with; 0 where it gives no answer that could be understood."""
    match fault.kind:
        case "refuse":
            return fault.code or 550
        case "throttle":
            return fault.code or 450
        case "error":
            return fault.code or (421 if fault.at == "connect" else 451)
        case _:
            return 0


def _place(fault: Fault) -> Place:
    if fault.kind == "refuse":
        return "rcpt"
    return "data" if fault.at is None or fault.at == "dot" else fault.at
