"""The deliveries of a run that go on, in whichever threads: they are counted, told to stop, and waited for.

While one goes on, nobody else may begin a run: it would send again what is being sent.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: seconds for which deliveries that were told to stop are waited for; calls and settling take far less
PATIENCE = 90.0
#: Waiting without end is not interrupted by Ctrl-C where a library has changed how signals arrive.
MOMENT = 0.2


class Underway:
    """Once `stop` is set nothing begins any more, and what goes on makes no further call."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self._going = 0
        self._changed = threading.Condition()
        self._deadline: float | None = None

    @contextmanager
    def one(self) -> Iterator[bool]:
        """Counts while it lasts. Yields whether it may begin: False once all were told to stop."""
        with self._changed:
            welcome = not self.stop.is_set()
            self._going += welcome
        try:
            yield welcome
        finally:
            with self._changed:
                self._going -= welcome
                self._changed.notify_all()

    def end(self) -> bool:
        """Tell all to stop and wait until they have: False where some go on after `PATIENCE` seconds.

        Ctrl-C does not shorten the wait, however often: it is for what Ctrl-C has interrupted.
        """
        self.stop.set()
        if self._deadline is None:
            self._deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._wait(self._deadline)
            except KeyboardInterrupt:
                continue

    def _wait(self, deadline: float) -> bool:
        # With the lock, so that whoever was let in before the word to stop is counted.
        with self._changed:
            while self._going and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(min(left, MOMENT))
            return not self._going
