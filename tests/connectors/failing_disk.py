"""A folder that files are written to, and what befalls it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from unittest.mock import patch

from filelock import FileLock

from .conftest import ROOT

FULL = Path("/dev/full")
#: what can befall it on this machine
FAULTS = (*(["full"] if FULL.exists() else []), "no_folder", "damaged", "locked", "killed")

# Dies as the power goes, with half of the new file written.
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
import polars
from tidegate import registry
from tidegate.connector import Row, Target

whole = polars.DataFrame.write_csv

def half(frame, path):
    text = whole(frame)
    Path(path).write_text(text[: len(text) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

polars.DataFrame.write_csv = half
kind = registry.load("file", Path(sys.argv[1]))
connector = kind(kind.Settings(folder=Path(sys.argv[2])))
asyncio.run(connector.upsert(Target("list", sys.argv[3]), [Row("killed", {"email": "killed@example.com"})]))
"""


class Disk:
    """One list's file lies in `folder`, which is another place than the tests'."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder / "exports"
        self.path = self.folder / f"{name}.csv"
        self.name = name
        #: seconds that a writer waits for another
        self.wait = 30.0
        self._fault = ExitStack()

    async def fail(self, fault: str) -> None:
        self.mend()
        match fault:
            case "full":
                self._fault.enter_context(patch.object(tempfile, "mkstemp", self._on_the_full_device))
            case "no_folder":
                away = self.folder.rename(self.folder.with_name("away"))
                self.folder.write_text("a file where the folder was")
                self._fault.callback(lambda: (self.folder.unlink(), away.rename(self.folder)))
            case "damaged":
                held = self.path.read_bytes()
                self.path.write_bytes(held[: len(held) // 2] + b'"\x00\xff')
                self._fault.callback(self.path.write_bytes, held)
            case "locked":
                self.wait = 0.02
                self._fault.enter_context(FileLock(self.folder / f".{self.path.name}.lock"))
            case "killed":
                await self._somebody_is_killed()

    def mend(self) -> None:
        self._fault.close()
        self.wait = 30.0

    def leftovers(self) -> list[str]:
        return [one.name for one in self.folder.iterdir() if one.name.endswith(".tmp")]

    def _on_the_full_device(self, *, dir: Path, prefix: str, suffix: str) -> tuple[int, str]:
        place = Path(dir) / f"{prefix}full{suffix}"
        place.symlink_to(FULL)
        return os.open(place, os.O_RDWR), str(place)

    async def _somebody_is_killed(self) -> None:
        arguments = (sys.executable, "-c", KILLED, str(ROOT), str(self.folder), self.name)
        process = await asyncio.create_subprocess_exec(*arguments)
        assert await process.wait() == -signal.SIGKILL
        assert self.leftovers()
