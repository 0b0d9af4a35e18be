"""What the sandbox keeps: one SQLite file, written and read by several processes at once.

A change is durable before its future is done: it survives the death of every process and of the machine.
To be fast all the same, one thread commits whatever has come together since the last commit.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tidegate.errors import TidegateError
from tidegate.sandbox import reported
from tidegate.sandbox.queries import query, statements
from tidegate.sandbox.times import now, stamp

T = TypeVar("T")
Change = Callable[[sqlite3.Connection], T]

_SCHEMATA = ("schema", "schema_2", "schema_3", "schema_4")
SCHEMA = len(_SCHEMATA)
_TOGETHER = 500
_PATIENCE = 60.0
_Job = tuple[Change[Any], "Future[Any]"]


class Store:
    """The sandbox's folder: `sandbox.sqlite`, and `files/` for what file destinations write; beside it, `feedback/`.

    Safe for threads. Raises TidegateError where the folder holds the store of another version.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.files = self.folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        #: where what people did with messages is written, for a run to land: see docs/feedback.md
        self.reports = self.folder.parent / "feedback"
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._create()
        self._writer = threading.Thread(target=self._write, name="sandbox-writer", daemon=True)
        self._writer.start()

    def read(self, topic: str, name: str, /, **values: Any) -> list[sqlite3.Row]:
        """The rows of a query."""
        return self._connection().execute(query(topic, name), values).fetchall()

    def read_one(self, topic: str, name: str, /, **values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection().execute(query(topic, name), values).fetchone()
        return row

    def write(self, change: Change[T]) -> Future[T]:
        """Have `change` made in a transaction; done once committed. A change that raises changes nothing."""
        future: Future[T] = Future()
        with self._guard:
            if self._closed:
                raise RuntimeError("the sandbox's store is closed")
            self._jobs.put((change, future))
        return future

    def set_clock(self, at: datetime) -> None:
        """What is received from now on, by any process, is shown on this day of the run's clock."""
        values = {"at": stamp(at), "now": now()}
        self.write(lambda connection: connection.execute(query("store", "set_clock"), values)).result()

    def clock(self) -> str | None:
        row = self.read_one("store", "clock")
        return row["at"] if row else None

    def label(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Tell whose an address, number or hash is: pairs of identifier and person."""
        rows = [{"identifier": identifier, "person": person} for identifier, person in pairs]
        self.write(lambda connection: connection.executemany(query("store", "label"), rows)).result()

    def trace(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Tell what messages are from: pairs of the platform's id and an audience, or a journey and its step."""
        rows = [{"provider_id": provider_id, "origin": origin} for provider_id, origin in pairs]
        self.write(lambda connection: connection.executemany(query("store", "trace"), rows)).result()

    def reset(self) -> None:
        """Forget everything received, all faults and the clock; labels stay."""

        def forget(connection: sqlite3.Connection) -> None:
            for statement in statements("reset"):
                connection.execute(statement)

        self.write(forget).result()

    def close(self) -> None:
        """Commit what is waiting, and let go of the file."""
        with self._guard:
            if self._closed:
                return
            self._closed = True
            self._jobs.put(None)
        self._writer.join()
        for connection in self._connections:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        connection = _opened(self.folder / "sandbox.sqlite")
        connection.execute("pragma synchronous = full")
        return connection

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._open()
            with self._guard:
                self._connections.append(connection)
        return connection

    def _create(self) -> None:
        connection = self._open()
        try:
            _to_wal(connection)
            connection.execute("begin immediate")
            version = connection.execute("pragma user_version").fetchone()[0]
            if version <= SCHEMA:
                build(connection, version)
            connection.execute("commit")
        finally:
            connection.close()
        if version > SCHEMA:
            raise TidegateError(f"{self.folder}: was written by another version of Tidegate; remove the folder")

    def _write(self) -> None:
        connection = self._open()
        try:
            waiting: _Job | None = self._jobs.get()
            while waiting is not None:
                jobs = [waiting]
                waiting = None
                try:
                    while len(jobs) < _TOGETHER:
                        following = self._jobs.get_nowait()
                        if following is None:
                            self._jobs.put(None)
                            break
                        jobs.append(following)
                except queue.Empty:
                    pass
                running = [job for job in jobs if job[1].set_running_or_notify_cancel()]
                _commit(connection, running, lambda: reported.write(connection, self.reports))
                waiting = self._jobs.get()
        finally:
            connection.close()


def in_memory() -> sqlite3.Connection:
    """A store's tables, empty and in memory: for one test, and for whichever thread it runs in."""
    connection = _opened(":memory:")
    build(connection, 0)
    return connection


def build(connection: sqlite3.Connection, version: int) -> None:
    """Create what a store of `version` (0: none) lacks."""
    for following in range(version, SCHEMA):
        for statement in statements(_SCHEMATA[following]):
            connection.execute(statement)
    connection.execute(f"pragma user_version = {SCHEMA}")


def _opened(place: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("pragma foreign_keys = on")
    return connection


def _commit(connection: sqlite3.Connection, jobs: list[_Job], committed: Callable[[], None]) -> None:
    done: list[tuple[Future[Any], Any]] = []
    try:
        connection.execute("begin immediate")
        for change, future in jobs:
            connection.execute("savepoint one")
            try:
                result = change(connection)
            except Exception as fault:
                connection.execute("rollback to one")
                future.set_exception(fault)
            else:
                done.append((future, result))
            connection.execute("release one")
        connection.execute("commit")
    except sqlite3.Error as fault:
        if connection.in_transaction:
            connection.execute("rollback")
        for _, future in jobs:
            if not future.done():
                future.set_exception(fault)
        return
    committed()
    for future, result in done:
        future.set_result(result)


def _to_wal(connection: sqlite3.Connection) -> None:
    # the switch asks for the whole file and does not wait for its turn as statements do
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
