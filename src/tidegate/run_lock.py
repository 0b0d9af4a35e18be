"""One run at a time on a warehouse, whoever starts it.

The warehouse's own lock is free while the network is waited for, so a run holds a lock of its own beside
the file. The operating system releases it when the process ends, however it ends.
"""

from __future__ import annotations

import json
import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from tidegate.errors import WarehouseError


class RunLock:
    """Held from `acquire` to `release`. `wait` is in seconds; 0 refuses at once."""

    def __init__(self, home: Path) -> None:
        self._path = home / "run.lock"
        self._holder = home / "run.holder"
        self._lock = FileLock(self._path, thread_local=False)

    def acquire(self, wait: float = 0.0) -> None:
        """Raises WarehouseError that says who holds it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=wait)
        except Timeout:
            raise WarehouseError(self._refusal(wait)) from None
        said = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        try:
            self._holder.write_text(json.dumps(said))
        except OSError:
            self._lock.release()
            raise

    def release(self) -> None:
        if self._lock.is_locked:
            with suppress(FileNotFoundError):
                self._holder.unlink()
            self._lock.release()

    def _refusal(self, wait: float) -> str:
        waited = f"; waited {wait:g} seconds" if wait else ""
        return (
            f"another run is under way ({self._who()}){waited}. Nothing was done; try again when it has finished, or "
            "have `tidegate run --wait SECONDS` wait for it"
        )

    def _who(self) -> str:
        for _ in range(10):
            try:
                holder = json.loads(self._holder.read_text())
                return f"process {holder['pid']} on {holder['host']}, since {holder['since']}"
            except (OSError, ValueError, KeyError):
                time.sleep(0.05)  # whoever has just taken the lock is about to say so
        return "another process"
