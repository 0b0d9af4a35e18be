"""What a delivery asked of its platform and what that said, on its way into `tidegate.requests`.

A delivery may make a million requests. All are counted by the hour; kept are failures, and of the successes so
many between two visits to the warehouse as an operator would read: each stands for those of its kind after it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

import duckdb
import pyarrow as pa

from tidegate import queries
from tidegate.connecting.exchange import Exchange, watching, written
from tidegate.connector import Outcome
from tidegate.delivery.verdicts import all_accepted
from tidegate.errors import DestinationError
from tidegate.mask import mask

#: kept of a destination in the warehouse: as many failures, and as many others
NEWEST = 1000
#: kept between two visits to the warehouse
_SUCCESSES, _FAILURES = 50, 300
#: of what happened by the hour
_DAYS = 30
_HOUR = timedelta(hours=1)

_REQUESTS = pa.schema(
    {
        "made_at": pa.timestamp("us", "UTC"),
        "method": pa.string(),
        "path": pa.string(),
        "status": pa.int32(),
        "seconds": pa.float64(),
        "rows": pa.int64(),
        "failed": pa.bool_(),
        "said": pa.string(),
        "limits": pa.string(),
        "times": pa.int64(),
    }
)
_HOURS = pa.schema({"hour": pa.timestamp("us", "UTC"), "requests": pa.int64(), "failed": pa.int64()})


@dataclass(slots=True)
class _Kept:
    at: datetime
    exchange: Exchange
    times: int = 1


class RequestLog:
    """Of one delivery. `heard` is told at once of every exchange in which the platform says something of its rates."""

    def __init__(
        self,
        destination: str,
        run_id: str,
        *,
        heard: Callable[[Exchange], None] = lambda exchange: None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._destination = destination
        self._run_id = run_id
        self.heard = heard
        self._clock = clock
        self._lock = threading.Lock()
        self._clear()

    def _clear(self) -> None:
        self._kept: dict[bool, list[_Kept]] = {False: [], True: []}
        self._latest: dict[tuple[object, ...], _Kept] = {}
        self._hours: Counter[tuple[datetime, bool]] = Counter()
        self._hour_is_over = self._hour = datetime.min.replace(tzinfo=UTC)
        self._of_hour = [0, 0]

    def watch(self, rows: int | None = None) -> Watched:
        """Exchanges of this task, and of those that it starts, are kept once it ends; they are for so many rows.

        A connector that tells of no exchange (it writes files, or talks to a database) gets one for the whole call.
        """
        return Watched(self, rows)

    def keep(self, exchanges: Sequence[Exchange]) -> None:
        now = self._clock()
        with self._lock:
            if not self._hour <= now < self._hour_is_over:
                self._turn_the_hour(now)
            for exchange in exchanges:
                failed = exchange.failed
                self._of_hour[failed] += 1
                kept = self._kept[failed]
                kind = (failed, exchange.method, exchange.path, exchange.status)
                if len(kept) < (_FAILURES if failed else _SUCCESSES):
                    self._latest[kind] = self._latest[kind[:1]] = one = _Kept(now, exchange)
                    kept.append(one)
                else:
                    (self._latest.get(kind) or self._latest[kind[:1]]).times += 1

    def _turn_the_hour(self, now: datetime) -> None:
        for failed, count in enumerate(self._of_hour):
            if count:
                self._hours[self._hour, bool(failed)] += count
        self._of_hour = [0, 0]
        self._hour = now.replace(minute=0, second=0, microsecond=0)
        self._hour_is_over = self._hour + _HOUR

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Put into the warehouse what was kept since the last time. A log that cannot be written is lost: it must
        not endanger what it tells of."""
        with self._lock:
            self._turn_the_hour(self._clock())
            kept, hours = sorted(self._kept[False] + self._kept[True], key=lambda one: one.at), self._hours
            self._clear()
        if not hours:
            return
        try:
            connection.register("asked", _table(kept))
            connection.register("counted", _counted(hours))
            where = {"destination": self._destination}
            connection.execute(queries.text("requests/add"), {**where, "run_id": self._run_id})
            connection.execute(queries.text("requests/count"), where)
            connection.execute(queries.text("requests/trim"), {**where, "newest": NEWEST})
            connection.execute(queries.text("requests/trim_hours"), {**where, "days": _DAYS})
            connection.unregister("asked")
            connection.unregister("counted")
        except duckdb.Error:
            return


class Watched:
    """What is exchanged for one call, and what became of its rows (`outcomes`), as only the connector can tell.

    One object is the context manager, what it gives and who is told: a million requests are watched.
    """

    __slots__ = ("_began", "_log", "_rows", "_token", "exchanges", "outcomes")

    def __init__(self, log: RequestLog, rows: int | None) -> None:
        self._log = log
        self._rows = rows
        self.exchanges: list[Exchange] = []
        self.outcomes: Sequence[Outcome] = ()

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._token = watching.set(self)
        return self

    def __call__(self, exchange: Exchange) -> None:
        if exchange.limits:
            self._log.heard(exchange)
        if exchange.rows is None:
            exchange.rows = self._rows
        self.exchanges.append(exchange)

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        watching.reset(self._token)
        if not self.exchanges and self._rows is not None:
            seconds = time.perf_counter() - self._began
            raised = fault if isinstance(fault, Exception) else None
            self(Exchange("call", "", None, seconds, self._rows, raised is not None, _said(raised)))
        if self.outcomes and not all_accepted(self.outcomes):
            self._understand()
        if self.exchanges:
            self._log.keep(self.exchanges)

    def _understand(self) -> None:
        """Let the last exchange of a call tell what its rows came to, where the status alone says that all is well."""
        last = self.exchanges[-1] if self.exchanges else None
        if last is None or last.failed:
            return
        wrong = [one for one in self.outcomes if one.verdict != "accepted" and one.verdict != "pending"]
        if not wrong:
            return
        counts = Counter(one.verdict for one in wrong).most_common()
        counted = ", ".join(f"{count} {verdict}" for verdict, count in counts)
        first = wrong[0]
        said = f"{counted} of {len(self.outcomes)}: {first.reason}" + (f" ({first.detail})" if first.detail else "")
        self.exchanges[-1] = replace(last, failed=True, said=mask(said))


def _said(fault: Exception | None) -> str:
    """What went wrong. Of an unexpected exception only its type: its text may hold personal data."""
    if fault is None:
        return ""
    return mask(str(fault)) if isinstance(fault, DestinationError) else type(fault).__name__


def _table(kept: Sequence[_Kept]) -> pa.Table:
    asked = [one.exchange for one in kept]
    return pa.table(
        [
            [one.at for one in kept],
            [one.method for one in asked],
            [one.path for one in asked],
            [one.status for one in asked],
            [one.seconds for one in asked],
            [one.rows for one in asked],
            [one.failed for one in asked],
            [one.said for one in asked],
            [written(one.limits) for one in asked],
            [one.times for one in kept],
        ],
        schema=_REQUESTS,
    )


def _counted(hours: Counter[tuple[datetime, bool]]) -> pa.Table:
    known = sorted({hour for hour, _ in hours})
    return pa.table(
        [
            known,
            [hours[hour, False] + hours[hour, True] for hour in known],
            [hours[hour, True] for hour in known],
        ],
        schema=_HOURS,
    )
