"""Sends what one destination is owed: messages that are ready, then rows to put there, then rows to take away.

Where the platform composes messages itself, of the record that it has of a person, and where it takes onto lists whom
it has a record of, the records come first."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import aiohttp
import duckdb

from tidegate import queries
from tidegate.connecting.lists import noticing
from tidegate.connector import Connector, Outcome
from tidegate.decision.permission import Recheck
from tidegate.delivery import jobs, messages
from tidegate.delivery.breaker import Breaker, mending, problem, words
from tidegate.delivery.calls import Caller
from tidegate.delivery.clerk import Clerk
from tidegate.delivery.conveyor import Conveyor
from tidegate.delivery.ledger import account
from tidegate.delivery.made_anew import ListIds
from tidegate.delivery.messages import Outbox, Render
from tidegate.delivery.pacing import listen, sharing
from tidegate.delivery.portion import Claims, Stock, batches
from tidegate.delivery.request_log import RequestLog
from tidegate.delivery.rows import Owed
from tidegate.results import Delivery
from tidegate.spec.objects import ModelColumns
from tidegate.warehouse import Warehouse

#: seconds that calls under way get to end, once the delivery is interrupted
_GRACE = 10.0
_HEED_EVERY = 0.05
#: objects made, less those freed
_COLLECT_AFTER = 10_000
#: by whole hours, so that none of the last 24 is left out
_DAY = timedelta(hours=25)
_TIMEOUT = aiohttp.ClientTimeout(total=60, sock_connect=10)
#: for so long after, a platform is asked what became of a message
_ASK_FOR = timedelta(days=3)
_ASK_AT_ONCE = 500


def deliver(
    warehouse: Warehouse,
    *,
    run_id: str,
    as_of: datetime,
    destination: str,
    connector: Connector,
    people: ModelColumns,
    key: str,
    render: Render,
    per_second: float | None = None,
    per_day: float | None = None,
    concurrency: int | None = None,
    time_budget: float = 600.0,
    on_progress: Callable[[Delivery], None] | None = None,
    stop: threading.Event | None = None,
    recheck: Recheck | None = None,
) -> Delivery:
    """Send what `destination` is owed, and say what came of it. Opens and closes the connector.

    `as_of` is the run's clock, `people` the people model and `key` its key column. `per_second`, `per_day` and
    `concurrency` limit the calls, otherwise the connector's own limits do (infinite: nothing does). After
    `time_budget` seconds no call is started. `on_progress` is called some times a second, in this thread. `stop`
    ends the delivery early from another thread; so does Ctrl-C from the main one: calls under way get ten seconds,
    everything is settled, and KeyboardInterrupt goes on. `recheck` asks in the instant before a claim who may not be
    written to any more.

    A platform that fails raises nothing: `Delivery.problem` says what the matter was. Raises WarehouseError
    where the warehouse or the journal beside it cannot be used; the next start's `recover` then settles.
    """
    work = _Work(
        warehouse=warehouse,
        run_id=run_id,
        as_of=as_of,
        destination=destination,
        connector=connector,
        people=people,
        key=key,
        render=render,
        concurrency=max(concurrency or connector.limits.concurrency, 1),
        per_second=per_second or connector.limits.per_second,
        per_day=per_day or connector.limits.per_day,
        time_budget=time_budget,
        on_progress=on_progress,
        stop=stop,
        recheck=recheck,
        ids=ListIds(destination),
    )
    with _collecting_seldom():
        return asyncio.run(work.run())


def _add(tally: Counter[str], judged: Counter[str]) -> None:
    """Count rows of jobs that are judged by now."""
    owed = judged["retry"] + judged["unknown"]
    tally.update(accepted=judged["accepted"], rejected=judged["rejected"], owed=owed)


#: deliveries that collect seldom, and the thresholds from before the first of them
_seldom: list[tuple[int, int, int]] = []
_collecting = threading.Lock()


@contextmanager
def _collecting_seldom() -> Iterator[None]:
    """Calls under way hold many objects for a moment: to look through these for garbage every 700 costs 6 %.

    Destinations are delivered to side by side: the last one to end puts things back as the first one found them.
    """
    with _collecting:
        before = _seldom[0] if _seldom else gc.get_threshold()
        _seldom.append(before)
        if 0 < before[0] < _COLLECT_AFTER:
            gc.set_threshold(_COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        with _collecting:
            _seldom.pop()
            if not _seldom:
                gc.set_threshold(*before)


@dataclass(slots=True, kw_only=True)
class _Work:
    warehouse: Warehouse
    run_id: str
    as_of: datetime
    destination: str
    connector: Connector
    people: ModelColumns
    key: str
    render: Render
    concurrency: int
    per_second: float | None
    per_day: float | None
    time_budget: float
    on_progress: Callable[[Delivery], None] | None
    stop: threading.Event | None
    recheck: Recheck | None
    ids: ListIds

    async def run(self) -> Delivery:
        noticing.set(self.ids.found)
        breaker = Breaker(self.concurrency, mending(self.connector, self.destination))
        with sharing(account(self.connector), self.per_second, self.per_day) as pacer:
            log = RequestLog(
                self.destination,
                self.run_id,
                heard=lambda exchange: listen(pacer, exchange, max(len(caller.calling) - 1, 0)),
            )
            caller = Caller(self.connector, pacer, breaker, time_budget=self.time_budget, log=log)
            async with Clerk(self.warehouse, self.destination) as clerk:
                if pacer.per_day is not None:
                    pacer.spent_before(await clerk.do(self._requests_of_the_day))
                return await self._until_told(caller, self._send(caller, breaker, clerk))

    async def _until_told(self, caller: Caller, work: Coroutine[Any, Any, Delivery]) -> Delivery:
        if self._told_to_stop:
            caller.stop("interrupted")
        sending = asyncio.create_task(work)
        heeding = asyncio.create_task(self._heed(caller, sending))
        try:
            return await asyncio.shield(sending)
        except asyncio.CancelledError:
            await self._interrupt(caller, sending)
            await asyncio.wait([sending])
            raise
        finally:
            heeding.cancel()

    @property
    def _told_to_stop(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    async def _heed(self, caller: Caller, sending: asyncio.Task[Delivery]) -> None:
        while not self._told_to_stop:  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(_HEED_EVERY)
        await self._interrupt(caller, sending)

    async def _interrupt(self, caller: Caller, sending: asyncio.Task[Delivery]) -> None:
        caller.stop("interrupted")
        await asyncio.wait([sending], timeout=_GRACE)
        caller.abandon(0.0)

    async def _send(self, caller: Caller, breaker: Breaker, clerk: Clerk) -> Delivery:
        began = time.monotonic()
        claims = Claims()
        tally: Counter[str] = Counter()
        waiting = await clerk.do(partial(self._waiting, claims))
        later = jobs.Jobs(self.destination, caller, claims, clerk, run_id=self.run_id, as_of=self.as_of)
        # One more than calls at once, for a connector that has something to ask besides.
        pool = aiohttp.TCPConnector(limit=self.concurrency + 1)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(connector=pool, timeout=_TIMEOUT, cookie_jar=jar) as session:
            try:
                with caller.log.watch():
                    opened = await self._open(session, caller, breaker)
                    if opened:
                        await self._reconcile(clerk)
                if opened:
                    judged = await later.settle(0.0)
                    if judged:
                        _add(tally, judged)
                        waiting = await clerk.do(partial(self._waiting, claims))
                    unjudged = 0
                    for stock, patience in self._stocks(claims, waiting):
                        emptied = await self._empty(stock, tally, caller, claims, clerk)
                        tally += emptied
                        unjudged += emptied["pending"]
                        if unjudged and patience:
                            _add(tally, await later.settle(patience))
                            unjudged = 0
                    tally["pending"] = await later.waiting()
            finally:
                await self._close(caller)
        await clerk.do(caller.log.write)
        if breaker.reason or tally["owed"]:
            tally["owed"] += sum(await clerk.do(partial(self._waiting, claims)))
        result = replace(self._delivery(tally, caller), seconds=time.monotonic() - began)
        unmade = result.owed or result.unknown or result.pending
        if breaker.reason or caller.failed or ((caller.given_up or later.unanswered) and unmade):
            what = "messages" if not sum(waiting[1:]) else "rows" if not waiting[0] else "messages and rows"
            said = caller.failed or breaker.said
            result = replace(result, problem=problem(self.destination, said, result, what))
        elif self.ids.said:
            result = replace(result, problem=f"{self.destination}: {self.ids.said}")
        return result

    def _requests_of_the_day(self, connection: duckdb.DuckDBPyConnection) -> int:
        """Also those of a machine that is gone, whose ledger went with it."""
        found = connection.execute(
            queries.text("requests/day"), {"destination": self.destination, "since": datetime.now(UTC) - _DAY}
        ).fetchone()
        return int(found[1]) if found else 0

    def _waiting(self, claims: Claims, connection: duckdb.DuckDBPyConnection) -> tuple[int, int, int]:
        """Messages that are ready; rows to put there; rows to take away."""
        found = connection.execute(
            queries.text("delivery/waiting"),
            {"destination": self.destination, "as_of": self.as_of, "delivery": claims.prefix},
        ).fetchone()
        assert found is not None
        return found

    def _stocks(self, claims: Claims, waiting: tuple[int, int, int]) -> Iterator[tuple[Stock, float]]:
        """What is to be emptied, one after the other, and how long to wait after each for rows judged later."""
        ready, puts, removals = waiting
        where: dict[str, Any] = {"destination": self.destination, "run_id": self.run_id, "as_of": self.as_of}

        def owed(*, removing: bool, objects: bool = False) -> Stock:
            rows: dict[str, Any] = {"removing": removing, "objects": objects, "delivery": claims.prefix}
            return Owed(self.warehouse, self.connector, ids=self.ids, **rows, **where)

        composes = self.connector.channel == "crm"
        if puts and composes:
            yield owed(removing=False, objects=True), 0.0
        if ready:
            person: dict[str, Any] = {"people": self.people, "key": self.key}
            outbox = Outbox(self.warehouse, self.connector, render=self.render, recheck=self.recheck, **person, **where)
            yield outbox, 0.0
        if puts and not composes and self.connector.modes >= {"object", "list"}:
            yield owed(removing=False, objects=True), 0.0
        if puts:
            yield owed(removing=False), jobs.PATIENCE
        if puts or removals:  # putting somebody there under a new address makes a removal of the old one
            yield owed(removing=True), jobs.PATIENCE
            if self.connector.finds_profiles:
                yield owed(removing=False), jobs.PATIENCE

    async def _empty(
        self, stock: Stock, before: Counter[str], caller: Caller, claims: Claims, clerk: Clerk
    ) -> Counter[str]:
        def counted(verdicts: Counter[str]) -> Counter[str]:
            # What may be repeated is sent again.
            owed = verdicts["retry"] + (verdicts["unknown"] if stock.repeatable else 0)
            unknown = 0 if stock.repeatable else verdicts["unknown"]
            return Counter(
                accepted=verdicts["accepted"],
                rejected=verdicts["rejected"],
                owed=owed,
                unknown=unknown,
                pending=verdicts["pending"],
            )

        def look(verdicts: Counter[str]) -> None:
            if self.on_progress is not None:
                self.on_progress(self._delivery(before + counted(verdicts), caller))

        conveyor = Conveyor(stock, caller, claims, clerk, concurrency=self.concurrency, look=look)
        await conveyor.run()
        return counted(conveyor.settled)

    def _delivery(self, tally: Counter[str], caller: Caller) -> Delivery:
        return Delivery(
            self.destination,
            accepted=tally["accepted"],
            rejected=tally["rejected"],
            owed=tally["owed"],
            unknown=tally["unknown"],
            pending=tally["pending"],
            calls=caller.count,
        )

    async def _open(self, session: aiohttp.ClientSession, caller: Caller, breaker: Breaker) -> bool:
        try:
            await self.connector.open(session)
        except Exception as fault:
            caller.stop(breaker.told(fault))
            return False
        return True

    async def _close(self, caller: Caller) -> None:
        try:
            await self.connector.close()
        except Exception as fault:
            caller.failed = f"could not be closed ({words(fault)})"

    async def _reconcile(self, clerk: Clerk) -> None:
        """Ask a platform that can be asked what became of messages that are unknown since earlier runs."""
        if not self.connector.can_look_up:
            return
        known: dict[str, Outcome] = {}
        for keys in batches(await clerk.do(self._unknown), _ASK_AT_ONCE):
            try:
                told = await self.connector.lookup(keys)
            except Exception:
                break  # they stay unknown, and are asked for at the next run
            known |= {key: told[key] for key in keys if key in told and told[key].verdict in ("accepted", "rejected")}
        if known:
            await clerk.do(partial(self._settle_unknown, known))

    def _unknown(self, connection: duckdb.DuckDBPyConnection) -> list[str]:
        found = connection.execute(
            queries.text("delivery/unknown_messages"),
            {"destination": self.destination, "since": self.as_of - _ASK_FOR},
        ).fetchall()
        return [key for (key,) in found]

    def _settle_unknown(self, known: Mapping[str, Outcome], connection: duckdb.DuckDBPyConnection) -> None:
        connection.register("judged", messages.table(list(known), list(known.values()), repeatable=False))
        connection.execute(
            queries.text("delivery/settle_unknown"),
            {"destination": self.destination, "run_id": self.run_id, "as_of": self.as_of},
        )
        connection.unregister("judged")
