"""Moves portions through claim, calls and settling, so that the network never waits for the warehouse.

While the calls of one portion are under way, the next is claimed and the last is settled; the warehouse is
opened for these two alone.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable
from functools import partial

import duckdb

from tidegate.checkpoints import checkpoint
from tidegate.delivery.calls import Caller
from tidegate.delivery.clerk import Clerk
from tidegate.delivery.journal import Journal
from tidegate.delivery.portion import Call, Claims, Portion, Stock

#: portions claimed and not settled; more of them wait only for stragglers that are tried again
_OPEN = 4
#: seconds between two looks at what came of the calls
_LOOK_EVERY = 0.05
#: outcomes are synced to disk for at most this share of the time, as lines wait for it; at least so often, in seconds
_SYNCING_SHARE, _SYNC_EVERY = 0.05, 0.5
#: seconds that calls under way get to end, once the delivery cannot go on
_GRACE = 10.0
#: the next portion is larger where claiming took more than this share of the time the last one lasted
_CLAIMING_SHARE = 0.05


class Conveyor:
    """Empties one stock."""

    def __init__(
        self,
        stock: Stock,
        caller: Caller,
        claims: Claims,
        clerk: Clerk,
        *,
        concurrency: int,
        look: Callable[[Counter[str]], None],
    ) -> None:
        self.settled: Counter[str] = Counter()
        self._stock = stock
        self._caller = caller
        self._claims = claims
        self._clerk = clerk
        self._concurrency = concurrency
        self._look = look
        self._queue: deque[Call] = deque()
        self._idle: list[asyncio.Future[None]] = []
        self._later: dict[int, tuple[asyncio.TimerHandle, Call]] = {}
        self._open: dict[str, Portion] = {}
        self._moved = asyncio.Event()
        self._over = False
        self._fault: BaseException | None = None

    async def run(self) -> None:
        """Raises what the warehouse raises; then the journals tell the next start what has happened."""
        workers = {asyncio.create_task(self._work()) for _ in range(self._concurrency)}
        feeding = asyncio.create_task(self._feed())
        watching = asyncio.create_task(self._watch())
        running = {feeding, watching, *workers}
        while not feeding.done() and not self._fault:
            ended, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                if fault := task.exception():
                    self._fail(fault)
        if not feeding.done():
            await asyncio.wait({feeding}, timeout=_GRACE)
            self._caller.abandon(0.0)
        watching.cancel()
        feeding.cancel()
        self._over = True
        self._wake(self._concurrency)
        await asyncio.wait(workers)
        if self._fault is not None:
            raise self._fault

    def tally(self) -> Counter[str]:
        """Verdicts so far, also of portions not settled yet."""
        total = Counter(self.settled)
        for portion in self._open.values():
            total.update(portion.tally)
        return total

    async def _feed(self) -> None:
        try:
            await self._claim_all()
        except Exception as fault:
            self._fail(fault)
        while self._open:
            await self._move()
        self._over = True
        self._wake(self._concurrency)

    async def _claim_all(self) -> None:
        size, largest = self._stock.sizes
        while not self._caller.stopped:
            began = time.monotonic()
            portion = await self._clerk.do(partial(self._stock.claim, claim=next(self._claims), size=size))
            if portion is None:
                return
            claimed = time.monotonic()
            self._open[portion.claim] = portion
            self._queue.extend(portion.calls)
            self._wake(len(portion.calls))
            # The next portion is claimed as soon as the first call of this one is taken.
            fresh = len(portion.calls)
            while (len(self._queue) >= fresh or len(self._open) >= _OPEN) and self._open and not self._caller.stopped:
                await self._move()
            if claimed - began > _CLAIMING_SHARE * (time.monotonic() - claimed):
                size = min(size * 2, largest)

    async def _work(self) -> None:
        while True:
            while not self._queue:
                if self._over:
                    return
                waiter = asyncio.get_running_loop().create_future()
                self._idle.append(waiter)
                await waiter
            call = self._queue.popleft()
            self._moved.set()
            await self._caller.perform(call, repeatable=self._stock.repeatable, again=self._again)
            if call.portion.open == 0 and not call.portion.settling:
                call.portion.settling = asyncio.create_task(self._settle(call.portion))

    async def _watch(self) -> None:
        """Bring outcomes to disk in groups; they count, for whoever looks on, once they are there."""
        due = 0.0
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self._caller.abandon()
            if self._caller.stopped:
                self._hurry()
            journals = [portion.journal for portion in self._open.values() if portion.journal.unsynced]
            short = [journal for journal in journals if journal.runs_short]
            if journals and not short and time.monotonic() < due:
                continue
            tally = self.tally()
            if journals:
                began = time.monotonic()
                for journal in short:
                    self._caller.extend(journal)
                await asyncio.to_thread(_sync, journals)
                took = time.monotonic() - began
                due = began + min(took / _SYNCING_SHARE, _SYNC_EVERY)
            self._look(tally)

    def _again(self, delay: float, call: Call) -> None:
        if delay <= 0:
            self._queue.appendleft(call)
            self._wake(1)
            return
        key = id(call)
        timer = asyncio.get_running_loop().call_later(delay, self._due, key)
        self._later[key] = (timer, call)

    def _due(self, key: int) -> None:
        _, call = self._later.pop(key)
        self._queue.append(call)
        self._wake(1)

    def _hurry(self) -> None:
        """Nothing more is sent: what waits for another try is handed to the workers, who give it up."""
        for key, (timer, _) in list(self._later.items()):
            timer.cancel()
            self._due(key)
        self._moved.set()

    async def _settle(self, portion: Portion) -> None:
        try:
            await self._clerk.do(partial(self._close, portion))
            self.settled.update(portion.tally)
        except Exception as fault:
            self._fail(fault)
        finally:
            portion.journal.close()
            del self._open[portion.claim]
            self._moved.set()

    def _close(self, portion: Portion, connection: duckdb.DuckDBPyConnection) -> None:
        portion.journal.sync()
        checkpoint("journal synced")
        self._stock.settle(connection, portion.claim, portion.judgement())
        portion.journal.delete()
        checkpoint("journal deleted")
        self._caller.log.write(connection)

    def _fail(self, fault: BaseException) -> None:
        """Without its warehouse or its journal a delivery claims no more, and ends what it has begun."""
        self._fault = self._fault or fault
        self._caller.stop(type(fault).__name__)
        self._hurry()

    def _wake(self, count: int) -> None:
        while count and self._idle:
            waiter = self._idle.pop()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    async def _move(self) -> None:
        """Until something was taken from the queue, or settled."""
        self._moved.clear()
        await self._moved.wait()


def _sync(journals: list[Journal]) -> None:
    for journal in journals:
        journal.sync()
