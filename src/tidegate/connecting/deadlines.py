"""Time-outs for calls of which thousands are begun in a second: one timer for all that may take equally long, since
the first to begin is the first to be over. (A timer for each, as `asyncio.timeout` and aiohttp make it, is a tenth of
what a small call costs.)
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Deadline:
    """The block within it, of the current task, may take `seconds`; then it is cancelled and TimeoutError raised.

    None gives it all the time that it wants.
    """

    __slots__ = ("_asked_before", "_late", "_others", "_task", "due")

    def __init__(self, seconds: float | None) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        self._late = False
        self._others = None if seconds is None else _together(task.get_loop(), seconds)

    def __enter__(self) -> Self:
        self._asked_before = self._task.cancelling()
        if self._others is not None:
            self.due = self._others.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._others is not None:
            self._others.end(self)
        # Who else asked for its end gets it.
        if self._late and self._task.uncancel() <= self._asked_before and kind is asyncio.CancelledError:
            raise TimeoutError from fault

    def pass_by(self, now: float) -> bool:
        """End the block if its time is up; whether it was."""
        if self.due > now:
            return False
        self._late = True
        self._task.cancel()
        return True


class _Together:
    """Blocks of one event loop that may take equally long, in the order in which they began."""

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        self._loop = loop
        self._seconds = seconds
        self._open: dict[Deadline, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, one: Deadline) -> float:
        due = self._loop.time() + self._seconds
        self._open[one] = None
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._look)
        return due

    def end(self, one: Deadline) -> None:
        self._open.pop(one, None)
        if not self._open:
            _known.pop((self._loop, self._seconds), None)
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _look(self) -> None:
        self._timer = None
        now = self._loop.time()
        while self._open:
            first = next(iter(self._open))
            if not first.pass_by(now):
                self._timer = self._loop.call_at(first.due, self._look)
                return
            del self._open[first]


_known: dict[tuple[asyncio.AbstractEventLoop, float], _Together] = {}


def _together(loop: asyncio.AbstractEventLoop, seconds: float) -> _Together:
    found = _known.get((loop, seconds))
    if found is None:
        found = _known[loop, seconds] = _Together(loop, seconds)
    return found
