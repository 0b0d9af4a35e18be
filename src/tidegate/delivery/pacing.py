"""When the next call to a destination may start: its rate, and what it said about being called too often."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable

#: calls that may be caught up on after the process was late, in seconds of the rate
_SLACK = 0.1
#: a throttled destination is tried again after so many seconds where it does not say how many
_FIRST_HOLD, _LONGEST_HOLD = 1.0, 60.0
_SLOWEST = 0.2
_RECOVERY_PER_SECOND = 1.2
#: calls from which on their number says something about the rate
_FEW = 20
#: calls a second from which a rate that nobody asked for is dropped again
_FAST = 1000.0


class Pacer:
    """Spaces calls evenly at `per_second` (None or infinite: as fast as they come).

    A throttled destination is left alone for as long as it asked, then called at half the rate; the rate
    recovers by a fifth a second. `clock` is in seconds and never goes back.
    """

    def __init__(self, per_second: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wanted = None if per_second == math.inf else per_second
        self._rate = self._wanted
        self._next = clock()
        self._held_until = 0.0
        self._slowed_at: float | None = None
        self._grown_at = 0.0
        self._began = clock()
        self._calls = 0
        self._in_a_row = 0

    def reserve(self) -> float:
        """Take the next free turn; returns the seconds until it comes, 0 where it is now."""
        now = self._clock()
        self._calls += 1
        if self._rate is None:
            return max(self._held_until - now, 0.0)
        self._recover(now)
        turn = max(self._next, now - _SLACK, self._held_until)
        self._next = turn + 1.0 / (self._rate or 1.0)
        return max(turn - now, 0.0)

    @property
    def held(self) -> float:
        """Seconds for which no call may start."""
        return max(self._held_until - self._clock(), 0.0)

    @property
    def throttled_in_a_row(self) -> int:
        return self._in_a_row

    def went_well(self) -> None:
        self._in_a_row = 0

    def throttled(self, started: float, after: float | None) -> None:
        """The call that started at `started` (on this clock) was one too many; wait `after` seconds."""
        now = self._clock()
        self._in_a_row += 1
        if after is None:
            longest = min(_FIRST_HOLD * 2.0 ** (self._in_a_row - 1), _LONGEST_HOLD)
            after = random.uniform(longest / 2, longest)
        self._held_until = max(self._held_until, now + after)
        if self._slowed_at is not None and started < self._slowed_at:
            return  # calls that were under way together say the same thing together
        self._slowed_at = now
        observed = max(self._calls, _FEW) / max(now - self._began, 1.0)
        self._rate = max((observed if self._rate is None else min(self._rate, observed)) / 2, _SLOWEST)
        self._next = self._grown_at = self._held_until

    def _recover(self, now: float) -> None:
        """Grow towards the wanted rate; where none was asked for, until it no longer matters."""
        if self._slowed_at is None or self._rate is None or now - self._grown_at < 1.0:
            return
        self._rate *= _RECOVERY_PER_SECOND ** min(now - self._grown_at, 60.0)
        self._grown_at = now
        enough = _FAST if self._wanted is None else self._wanted
        if self._rate >= enough:
            self._rate, self._slowed_at = self._wanted, None
