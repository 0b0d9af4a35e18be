"""The warehouse: short sessions on a DuckDB file.

One process at a time may hold the file, so nobody keeps it: a session is opened for a few statements and
closed before the network is waited for. Who finds it held waits, and then says who holds it.
"""

from __future__ import annotations

import atexit
import re
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from tidegate import disk, migrations
from tidegate.errors import WarehouseError

_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")

_UNUSABLE = (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException)


class Warehouse:
    """A DuckDB file that holds the models and the schema `tidegate`.

    `wait` is how many seconds a session waits for another process to let go of the file.
    """

    #: Seconds for which the file stays open after a session, in case the next one comes at once: opening and
    #: closing cost more than most statements.
    linger = 0.03

    def __init__(self, path: Path, *, wait: float = 60.0, memory_limit: str | None = None) -> None:
        self.path = path
        self.wait = wait
        self.memory_limit = memory_limit
        self._in_process = threading.RLock()
        self._root: duckdb.DuckDBPyConnection | None = None
        self._closing: threading.Timer | None = None
        self._migrated = False
        atexit.register(_release, weakref.ref(self))

    @property
    def home(self) -> Path:
        """The folder beside the file for the run's lock, the journal and the sandbox."""
        return self.path.with_suffix(".tidegate")

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of its own with the state's schema in place; the file is released soon after it ends.

        Sessions of one process take turns. Raises WarehouseError when the file stays locked, is not a
        warehouse, or the disk is full.
        """
        with self._in_process:
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None
            try:
                if self._root is None:
                    self._root = self._open()
                connection = self._root.cursor()
                try:
                    connection.execute("set timezone = 'UTC'")
                    # Else a table that is not there is looked for among the variables of our own code.
                    connection.execute("set python_enable_replacements = false")
                    if not self._migrated:
                        migrations.apply(connection)
                        self._migrated = True
                    yield connection
                finally:
                    connection.close()
            except BaseException as fault:
                with suppress(duckdb.Error):  # a full disk may keep the file from being closed in order, too
                    self.release()
                if isinstance(fault, duckdb.Error) and disk.is_full(fault):
                    raise WarehouseError(disk.sentence(self.path)) from fault
                if isinstance(fault, _UNUSABLE) or _uncommitted(fault):
                    raise WarehouseError(f"{self.path}: {_first_line(fault)}") from fault
                raise
            self._closing = threading.Timer(self.linger, self.release)
            self._closing.start()

    def release(self) -> None:
        """Let go of the file now."""
        with self._in_process:
            if self._closing is not None:
                self._closing.cancel()
                self._closing = None
            if self._root is not None:
                root, self._root = self._root, None
                root.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.wait
        pause = 0.02
        while True:
            try:
                connection = duckdb.connect(str(self.path))
            except duckdb.IOException as fault:
                if disk.is_full(fault):
                    raise WarehouseError(disk.sentence(self.path)) from fault
                if "lock" not in str(fault).lower():
                    raise WarehouseError(f"{self.path}: {_first_line(fault)}") from fault
                if time.monotonic() > deadline:
                    raise WarehouseError(self._locked(str(fault))) from fault
                time.sleep(pause)
                pause = min(pause * 1.5, 0.5)
                continue
            except duckdb.Error as fault:
                raise WarehouseError(f"{self.path}: {_first_line(fault)}") from fault
            # DuckDB 2.0.0 loses sight of rows that several threads insert, until the file is opened again, where an
            # insert of none into the same table came before in the transaction: but only if it keeps their order.
            connection.execute("set preserve_insertion_order = false")
            if self.memory_limit:
                connection.execute("set memory_limit = $limit", {"limit": self.memory_limit})
            return connection

    def _locked(self, words: str) -> str:
        holder = _HOLDER.search(words)
        who = f"{holder['program']} (process {holder['pid']})" if holder else "another process"
        return f"{self.path} is locked by {who}, and still was after {self.wait:g} s; end it, or try again later"


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit at the end, roll back on any exception."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        with suppress(duckdb.Error):  # there is none any more where the warehouse itself gave up
            connection.execute("rollback")
        raise
    connection.execute("commit")


def _release(reference: weakref.ref[Warehouse]) -> None:
    warehouse = reference()
    if warehouse is not None:
        warehouse.release()


def _uncommitted(fault: BaseException) -> bool:
    """Whether a commit did not get to disk; a transaction may also be misused, which is no fault of the warehouse."""
    return isinstance(fault, duckdb.TransactionException) and "Failed to commit" in str(fault)


def _first_line(fault: BaseException) -> str:
    words = str(fault).splitlines()[0].removeprefix("IO Error: ")
    if "not a valid DuckDB database" in words:
        return "is no DuckDB database; is it the `path` that profiles.yml should name?"
    return words
