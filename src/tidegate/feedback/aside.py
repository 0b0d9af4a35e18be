"""Lines that were refused, kept as they came: mended and moved back into the folder they are read as any others."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from tidegate.feedback.growing import Line

FOLDER = "refused"


class Aside:
    """The refused lines of one file, in one reading of it. Nothing is written where there are none.

    Written whole before the transaction that counts on it is committed, under a name that the first line decides:
    a reading that is killed and made again writes the same file again.
    """

    def __init__(self, home: Path, source: str, file: str) -> None:
        self._home = home
        self._folder = Path(FOLDER) / source
        # Files of two folders may have one name.
        stem = Path(Path(file).name.removesuffix(".gz")).stem
        self._stem = f"{stem}-{hashlib.sha256(file.encode()).hexdigest()[:6]}"
        self._kept: list[bytes] = []
        #: the file, as seen from `home`; None as long as nothing was refused
        self.file: str | None = None

    def keep(self, lines: Sequence[Line]) -> None:
        if lines and self.file is None:
            self.file = str(self._folder / f"{self._stem}.line-{lines[0].number}.jsonl")
        self._kept += [line.raw for line in lines]

    def close(self) -> None:
        """Write the file, in one piece."""
        if self.file is None:
            return
        path = self._home / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".draft")
        with draft.open("wb") as stream:
            stream.writelines(line + b"\n" for line in self._kept)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
