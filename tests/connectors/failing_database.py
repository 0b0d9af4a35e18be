"""A real PostgreSQL behind a wire of the test's own, and what befalls either."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from .postgresql import PASSWORD, USER, Server

#: on the wire: nobody listens, nobody answers, cut before and after the commit, no answer to it, no PostgreSQL
WIRE = ("refused", "hang", "cut", "cut_after", "hang_after", "garbage")
#: what a statement meets, by SQLSTATE: serialization failure, deadlock, no room, no slot, a bug of the server's
STATES = ("40001", "40P01", "53100", "53300", "XX000")
FAULTS = (*WIRE, *STATES, "ended", "read_only", "password")

MEETS = """
create or replace function public.meets() returns trigger language plpgsql as $$ begin {} return null; end $$;
create or replace trigger meets before insert or update or delete on "{}" for each statement
execute function public.meets()
"""


class Database:
    """`port` is where the connector is to look for it; `patience` how many seconds it should wait."""

    def __init__(self, server: Server, connection: Any, table: str) -> None:
        self.server = server
        self.patience = 30.0
        self._connection = connection
        self._table = table
        self._fault = ""

    @property
    def port(self) -> int:
        if self._fault != "refused":
            return self._port
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            return int(one.getsockname()[1])

    async def fail(self, fault: str) -> None:
        await self.mend()
        self._fault = fault
        if fault in ("hang", "hang_after", "garbage"):
            # Of what is no PostgreSQL a client waits for the rest.
            self.patience = 0.3
        if fault in STATES:
            await self._met(f"raise exception 'so it is' using errcode = '{fault}';")
        elif fault == "ended":
            await self._met("perform pg_terminate_backend(pg_backend_pid());")
        elif fault == "read_only":
            await self._connection.execute("alter database postgres set default_transaction_read_only = on")
        elif fault == "password":
            await self._connection.execute(f"alter user {USER} password 'another'")

    async def mend(self) -> None:
        self._fault, self.patience = "", 30.0
        # This connection was made before anything was read-only.
        await self._connection.execute("alter database postgres reset default_transaction_read_only")
        await self._connection.execute(f"alter user {USER} password '{PASSWORD}'")
        if await self._connection.fetchval("select to_regprocedure('public.meets()')") is not None:
            await self._connection.execute("drop function public.meets() cascade")

    async def addresses(self) -> set[str]:
        return {row[0] for row in await self._connection.fetch(f'select email from "{self._table}"')}  # noqa: S608

    async def drop(self) -> None:
        await self._connection.execute(f'drop table "{self._table}"')

    async def _met(self, what: str) -> None:
        await self._connection.execute(MEETS.format(what, self._table))

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Database]:
        async with await asyncio.start_server(self._carry, "127.0.0.1", 0) as wire:
            self._port = wire.sockets[0].getsockname()[1]
            yield self
            await self.mend()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault == "garbage":
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n\x00\xff")
        if self._fault in ("garbage", "hang"):
            with suppress(OSError):
                await reader.read()
            writer.close()
            return
        inner, outer = await asyncio.open_connection("127.0.0.1", self.server.port)
        committed = asyncio.Event()

        async def ask() -> None:
            while some := await reader.read(65536):
                if self._fault == "cut" and b"tidegate_rows" in some:
                    writer.transport.abort()
                    break
                if b"COMMIT;" in some:
                    committed.set()
                outer.write(some)
            outer.close()

        async def answer() -> None:
            while some := await inner.read(65536):
                if committed.is_set() and self._fault == "hang_after":
                    continue
                if committed.is_set() and self._fault == "cut_after":
                    writer.transport.abort()
                    break
                writer.write(some)
            writer.close()

        await asyncio.gather(ask(), answer(), return_exceptions=True)
