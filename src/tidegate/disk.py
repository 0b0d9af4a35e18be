"""A full disk, by whatever name it is told: the system's, DuckDB's, SQLite's."""

from __future__ import annotations

import errno

_WORDS = ("No space left", "disk is full", "Disk quota exceeded", "File too large")


def is_full(fault: BaseException | str) -> bool:
    """Whether something could not be written because there was no room for it."""
    if isinstance(fault, OSError) and fault.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return True
    return any(words in str(fault) for words in _WORDS)


def sentence(place: object = "") -> str:
    """What to do about it. `place` is the file that was written to, where it is known."""
    where = f"{place}: " if place else ""
    return f"{where}the disk is full; free some space, then run again"
