"""A file of lines that may be written to while it is read: only whole lines count, and each counts once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_BLOCK = 8 * 1024 * 1024
_ZERO = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
LONGEST = 1024 * 1024
"""No event is longer, in bytes."""


@dataclass(frozen=True, slots=True)
class Line:
    """`number` counts from 1. `text` is None where it cannot be read, and `problem` says why."""

    number: int
    raw: bytes
    text: str | None
    problem: str = ""


@dataclass(slots=True)
class Growing:
    """Where reading got to: `read` bytes and `lines` of the file, and the SHA-256 of those bytes.

    `unfinished`: the file ends in a line that is not whole.
    """

    path: Path
    read: int = 0
    lines: int = 0
    sha256: str = ""
    unfinished: bool = False
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def resume(self, read: int, lines: int, sha256: str) -> bool:
        """Go on after `read` bytes, if the file still begins with what was read; False: it is another file now."""
        with self.path.open("rb") as stream:
            left = read
            while left and (block := stream.read(min(left, _BLOCK))):
                self._digest.update(block)
                left -= len(block)
        if left or self._digest.hexdigest() != sha256:
            self._digest = hashlib.sha256()
            return False
        self.read, self.lines, self.sha256 = read, lines, sha256
        return True

    def blocks(self) -> Iterator[list[Line]]:
        """The whole lines that are not read yet, some thousands at a time; blank ones are left out.

        A last line without an end counts where it is a whole JSON object, of which no beginning is one.
        """
        with self.path.open("rb") as stream:
            stream.seek(self.read)
            rest = b""
            while block := stream.read(_BLOCK):
                *whole, rest = (rest + block).split(b"\n")
                if whole:
                    yield self._counted(whole)
        if rest.strip():
            self.unfinished = not _is_object(rest)
            if not self.unfinished:
                yield self._counted([rest], ended=False)
        self.sha256 = self._digest.hexdigest()

    def _counted(self, whole: list[bytes], *, ended: bool = True) -> list[Line]:
        found = []
        for raw in whole:
            self._digest.update(raw)
            self.read += len(raw)
            if ended:
                self._digest.update(b"\n")
                self.read += 1
            self.lines += 1
            bare = raw.strip()
            if bare:
                found.append(Line(self.lines, bare, *_read(bare)))
        if not ended:
            self.lines -= 1  # its end is to come, and is no line of its own
        return found


def _read(raw: bytes) -> tuple[str | None, str]:
    if len(raw) > LONGEST:
        return None, "is longer than 1 MiB"
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode()
    except UnicodeDecodeError:
        return None, "is not UTF-8 text"
    if "\\ud" in text or "\\uD" in text or "\\u0000" in text:
        # Halves of characters, which JSON can write and no database can hold.
        try:
            text = json.dumps(json.loads(text), ensure_ascii=False)
            text.encode()
        except UnicodeEncodeError:
            return None, "holds half a character"
        except (ValueError, RecursionError):
            return text, ""
        if _ZERO.search(text):
            return None, "holds a character of value zero"
    return text, ""


def _is_object(raw: bytes) -> bool:
    try:
        return isinstance(json.loads(raw), dict)
    except (ValueError, RecursionError):
        return False
