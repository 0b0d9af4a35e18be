"""Uses the warehouse for a delivery, in a thread of its own, and no longer than there is something to do."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self, TypeVar

import duckdb

from tidegate.warehouse import Warehouse

#: seconds after which others get their turn, even if there is more to do
_LONGEST_SESSION = 2.0

Result = TypeVar("Result")
Work = Callable[[duckdb.DuckDBPyConnection], Any]
_Job = tuple[Work, "asyncio.Future[Any]"]


class Clerk:
    """Does one thing after the other. What waits meanwhile shares a session: opening and closing the
    warehouse costs as much as settling thousands of rows."""

    def __init__(self, warehouse: Warehouse, name: str) -> None:
        self._warehouse = warehouse
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._serve, name=f"tidegate-{name}", daemon=True)

    async def do(self, work: Callable[[duckdb.DuckDBPyConnection], Result]) -> Result:
        """The result of `work`, done with a connection in the clerk's thread. Raises WarehouseError, too."""
        future: asyncio.Future[Result] = self._loop.create_future()
        self._jobs.put((work, future))
        return await future

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)

    def _serve(self) -> None:
        job = self._jobs.get()
        while job is not None:
            work, future = job
            try:
                with self._warehouse.session() as connection:
                    opened = time.monotonic()
                    while True:
                        self._tell(future, work(connection), None)
                        if time.monotonic() - opened > _LONGEST_SESSION:
                            break
                        try:
                            job = self._jobs.get_nowait()
                        except queue.Empty:
                            break
                        if job is None:
                            return
                        work, future = job
            except BaseException as fault:
                self._tell(future, None, fault)
            job = self._jobs.get()

    def _tell(self, future: asyncio.Future[Any], result: Any, fault: BaseException | None) -> None:
        def tell() -> None:
            if future.done():
                return
            if fault is not None:
                future.set_exception(fault)
            else:
                future.set_result(result)

        try:
            self._loop.call_soon_threadsafe(tell)
        except RuntimeError:  # the loop is closed: nobody waits for it any more
            return
