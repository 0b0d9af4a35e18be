"""The warehouse: short sessions on a DuckDB file.

One process at a time may hold the file, so nobody keeps it: a session is opened for a few statements and
closed before the network is waited for. Who finds it held waits, and then says who holds it.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tidegate import migrations
from tidegate.errors import WarehouseError

_HOLDER = re.compile(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)")


class Warehouse:
    """A DuckDB file that holds the models and the schema `tidegate`.

    `wait` is how many seconds a session waits for another process to let go of the file.
    """

    def __init__(self, path: Path, *, wait: float = 60.0, memory_limit: str | None = None) -> None:
        self.path = path
        self.wait = wait
        self.memory_limit = memory_limit
        self._in_process = threading.RLock()
        self._migrated = False

    @property
    def home(self) -> Path:
        """The folder beside the file for the run's lock, the journal and the sandbox."""
        return self.path.with_suffix(".tidegate")

    @contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with the state's schema in place, closed (and the file released) at the end.

        Sessions of one process take turns. Raises WarehouseError when the file stays locked, is not a
        warehouse, or the disk is full.
        """
        with self._in_process:
            connection = self._open()
            try:
                if not self._migrated:
                    migrations.apply(connection)
                    self._migrated = True
                yield connection
            except duckdb.IOException as fault:
                raise WarehouseError(f"{self.path}: {_first_line(fault)}") from fault
            finally:
                connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.wait
        pause = 0.02
        while True:
            try:
                connection = duckdb.connect(str(self.path))
            except duckdb.IOException as fault:
                if "lock" not in str(fault).lower():
                    raise WarehouseError(f"{self.path}: {_first_line(fault)}") from fault
                if time.monotonic() > deadline:
                    raise WarehouseError(self._locked(str(fault))) from fault
                time.sleep(pause)
                pause = min(pause * 1.5, 0.5)
                continue
            except duckdb.Error as fault:
                raise WarehouseError(f"{self.path}: {_first_line(fault)}") from fault
            connection.execute("set timezone = 'UTC'")
            if self.memory_limit:
                connection.execute("set memory_limit = $limit", {"limit": self.memory_limit})
            return connection

    def _locked(self, words: str) -> str:
        holder = _HOLDER.search(words)
        who = f"{holder['program']} (process {holder['pid']})" if holder else "another process"
        return f"{self.path} is locked by {who}, and still was after {self.wait:g} seconds; end it, or try again later"


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit at the end, roll back on any exception."""
    connection.execute("begin transaction")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _first_line(fault: BaseException) -> str:
    return str(fault).splitlines()[0]
