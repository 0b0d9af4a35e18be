"""When the next call to an account may start: its rate, what it announced, and whether it was called too often.

One pacer an account and process, whatever lists, messages and destinations use it. Other processes that use it are
known by the `ledger`: what they do counts where there is a limit, stated or learnt, and what they are told is heeded.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from tidegate.connecting.exchange import Exchange
from tidegate.connecting.http import retry_after
from tidegate.delivery.announced import Allowance, allowances
from tidegate.delivery.ledger import Ledger
from tidegate.errors import LONGEST_PAUSE

#: calls that may be caught up on after the process was late, in seconds of the rate
_SLACK = 0.1
#: turns taken from the ledger together, in seconds of the rate
_LOT = 0.2
#: a throttled destination is tried again after so many seconds where it does not say how many
_FIRST_HOLD, _LONGEST_HOLD = 1.0, 60.0
_SLOWEST = 0.2
#: up to this share of the rate at which it was throttled, the rate recovers fast
_SAFE, _RECOVERY_PER_SECOND = 0.9, 1.2
#: from there it feels its way: by this share a second, and the faster the longer all goes well
_CAREFUL, _TRUST_AFTER = 0.05, 5.0
#: the rate falls to this share where the destination says how long to wait, and where it does not
_TOLD, _UNTOLD = 0.75, 0.5
#: throttled at less than this share of the rate at which it was before, it is not the rate alone that is at fault
_SURPRISING, _GENTLER = 0.6, 0.1
#: ... and so the rate before is forgotten slowly: throttling by chance must not bring it to nothing
_FORGET, _FORGET_SURPRISED = 0.95, 0.99
#: calls from which on their number says something about the rate
_FEW = 20
#: calls a second from which a rate that nobody asked for is dropped again
_FAST = 1000.0
#: an allowance is spread over its window where so little of it is left, and the window is that short
_SCARCE, _SHORT_WINDOW = 0.2, 120.0
#: an allowance without a window slows down so often, in seconds
_SOFTLY = 10.0

_accounts: dict[str, tuple[Pacer, int]] = {}
_registering = threading.Lock()


class Pacer:
    """Spaces calls evenly at `per_second` (None or infinite: as fast as they come).

    A throttled destination is left alone for as long as it asked, then called less often; the rate recovers fast
    to where it was, and carefully beyond. `clock` is in seconds and never goes back. May be used
    by several threads.
    """

    def __init__(
        self,
        per_second: float | None,
        clock: Callable[[], float] = time.monotonic,
        *,
        per_day: float | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wanted = None if per_second == math.inf else per_second
        self._rate = self._wanted
        self._ledger = ledger
        self._lot = 0
        self._per_day = None if per_day in (None, math.inf) else int(per_day or 0)
        self._granted = self._spent = self._spent_before = 0
        self._next = clock()
        self._held_until = 0.0
        self._slowed_at: float | None = None
        self._grown_at = 0.0
        self._ceiling = 0.0
        self._scarce_until = 0.0
        self._scarce_rate = 0.0
        self._second = clock()
        self._in_second, self._before = 0, 0.0
        self._in_a_row = 0
        self._told_at = 0.0
        self._listen_around(clock())

    def also(self, per_second: float | None, per_day: float | None) -> None:
        """Somebody else uses the account, too: the stricter of their limits holds."""
        with self._lock:
            if per_second is not None and per_second < (self._wanted or math.inf):
                self._wanted = per_second
                self._rate = min(self._rate or math.inf, per_second)
            if per_day is not None and per_day < (self._per_day or math.inf):
                self._per_day = int(per_day)

    @property
    def per_day(self) -> int | None:
        return self._per_day

    def spent_before(self, calls: int) -> None:
        """As far as is known from elsewhere, so many calls were made in the last 24 hours before this process."""
        with self._lock:
            self._spent_before = max(self._spent_before, calls)

    def reserve(self, *, again: bool = False) -> float:
        """Take the next free turn; returns the seconds until it comes, 0 where it is now, infinite where the
        day's calls are used up. `again`: for a call whose turn was put off."""
        with self._lock:
            if not again and not self._may_spend():
                return math.inf
            now = self._clock()
            self._count(now)
            rate = self._current_rate(now)
            if rate is None:
                return max(self._held_until - now, 0.0)
            self._take_lot(now, rate)
            turn = max(self._next, now - _SLACK, self._held_until)
            self._next = turn + 1.0 / rate
            return max(turn - now, 0.0)

    def also_made(self, requests: int) -> None:
        """A call made so many requests more than the one that it had a turn for."""
        with self._lock:
            for _ in range(requests if self._per_day is not None else 0):
                self._may_spend()
            rate = self._current_rate(self._clock())
            if rate is not None:
                self._next = max(self._next, self._clock() - _SLACK) + requests / rate

    @property
    def held(self) -> float:
        """Seconds for which no call may start."""
        return max(self._held_until - self._clock(), 0.0)

    @property
    def throttled_in_a_row(self) -> int:
        """How often, with nothing done between; calls that were under way together count once."""
        return self._in_a_row

    def went_well(self) -> None:
        self._in_a_row = 0

    def throttled(self, started: float, after: float | None) -> None:
        """The call that started at `started` (on this clock) was one too many; wait `after` seconds."""
        with self._lock:
            now, told = self._clock(), after is not None
            self._listen_around(now)
            together = self._slowed_at is not None and started < self._slowed_at
            if not together:
                self._in_a_row += 1
            if after is None:
                longest = min(_FIRST_HOLD * 2.0 ** (max(self._in_a_row, 1) - 1), _LONGEST_HOLD)
                after = 0.0 if together else random.uniform(longest / 2, longest)
            self._hold(now, after)
            if not together:  # calls that were under way together say the same thing together
                self._slow_down(now, _TOLD if told else _UNTOLD)

    def heard(self, allowances: Iterable[Allowance], under_way: int) -> None:
        """What the answer to a call announced, while `under_way` calls (without it) have no answer yet."""
        for allowance in allowances:
            with self._lock:
                self._heed(allowance, under_way)

    def hold(self, seconds: float) -> None:
        """Start no call for so long."""
        with self._lock:
            self._hold(self._clock(), seconds)

    def close(self) -> None:
        """Give back what was taken of the day and not used."""
        with self._lock:
            if self._ledger is not None:
                if self._granted and self._per_day is not None:
                    self._ledger.spend(-self._granted, self._per_day)
                    self._granted = 0
                self._ledger.close()

    def _heed(self, allowance: Allowance, under_way: int) -> None:
        now = self._clock()
        spare = allowance.left - under_way
        window = allowance.seconds
        if allowance.left <= 0:
            self._hold(now, _FIRST_HOLD if window is None else window)
        elif allowance.limit and allowance.left > max(_SCARCE * allowance.limit, under_way):
            return
        elif window is not None and window <= _SHORT_WINDOW:
            if spare < 1:
                self._hold(now, window)
            elif allowance.limit or spare < 2 * under_way + 2:
                self._scarce_until, self._scarce_rate = now + window, spare / max(window, 0.01)
        elif window is None and allowance.limit and (self._slowed_at is None or now - self._slowed_at > _SOFTLY):
            self._slow_down(now, _TOLD)

    def _hold(self, now: float, seconds: float) -> None:
        seconds = min(seconds, LONGEST_PAUSE)
        if now + seconds <= self._held_until:
            return
        self._held_until = now + seconds
        if self._ledger is not None:
            self._ledger.hold(seconds)

    def _listen_around(self, now: float) -> None:
        """Heed what other processes were told. A rate is where to begin: whoever is throttled finds its own, and all
        together share what there is by each giving way."""
        news = self._ledger.news() if self._ledger is not None else None
        if news is None:
            return
        self._held_until = max(self._held_until, now + news.held)
        if news.at > self._told_at and self._slowed_at is None:
            self._rate, self._ceiling = min(self._rate or math.inf, news.rate), news.ceiling
            self._slowed_at = self._grown_at = now - news.ago
        self._told_at = max(self._told_at, news.at)

    def _slow_down(self, now: float, share: float) -> None:
        observed = max(self._before, self._in_second / max(now - self._second, 1.0))
        enough = max(observed, float(_FEW))
        at = enough if self._rate is None else min(self._rate, enough)
        if self._slowed_at is None:
            self._ceiling = min(at, observed)
        else:
            surprising = at < self._ceiling * _SURPRISING
            if surprising:
                share = 1.0 - (1.0 - share) * _GENTLER
            self._ceiling = max(min(at, observed), self._ceiling * (_FORGET_SURPRISED if surprising else _FORGET))
        self._slowed_at = now
        self._rate = max(at * share, min(_SLOWEST, self._wanted or _SLOWEST))
        self._next = self._grown_at = max(self._held_until, now)
        if self._ledger is not None:
            self._told_at = self._ledger.learn(self._rate, self._ceiling) or self._told_at

    def _current_rate(self, now: float) -> float | None:
        self._recover(now)
        if now < self._scarce_until:
            return min(self._scarce_rate, self._rate or math.inf)
        return self._rate

    def _recover(self, now: float) -> None:
        """Grow towards the wanted rate; where none was asked for, until it no longer matters."""
        if self._slowed_at is None or self._rate is None or now - self._grown_at < 1.0:
            return
        passed = min(now - self._grown_at, 60.0)
        safe = _SAFE * self._ceiling
        if self._rate < safe:
            self._rate = min(self._rate * _RECOVERY_PER_SECOND**passed, safe)
        else:
            self._rate += _CAREFUL * self._ceiling * passed * (1.0 + (now - self._slowed_at) / _TRUST_AFTER)
        self._grown_at = now
        enough = _FAST if self._wanted is None else self._wanted
        if self._rate >= enough:
            self._rate, self._slowed_at = self._wanted, None

    def _count(self, now: float) -> None:
        passed = now - self._second
        if passed >= 1.0:
            self._before, self._in_second, self._second = self._in_second / passed, 0, now
            self._listen_around(now)
        self._in_second += 1

    def _take_lot(self, now: float, rate: float) -> None:
        """Turns that no other process has, some at a time. Where the ledger says nothing, our own count."""
        if self._ledger is None or self._wanted is None:
            return
        if self._lot == 0:
            self._lot = max(int(rate * _LOT), 1)
            # What is announced is left for all together; a rate that was learnt is this process's share of it.
            wait = self._ledger.turns(rate if now < self._scarce_until else self._wanted, self._lot)
            if wait is not None:
                self._next = max(self._next, now + wait)
        self._lot -= 1

    def _may_spend(self) -> bool:
        if self._per_day is None:
            return True
        if self._spent_before + self._spent >= self._per_day:
            return False
        if self._granted == 0 and self._ledger is not None:
            found = self._ledger.spend(min(max(self._per_day // 200, 1), 50), self._per_day)
            if found == 0:
                return False
            self._granted = found or 0  # None: the ledger cannot be used, our own count does
        self._granted = max(self._granted - 1, 0)
        self._spent += 1
        return True


@contextmanager
def sharing(account: str, per_second: float | None, per_day: float | None) -> Iterator[Pacer]:
    """The pacer of an account, shared by all deliveries of this process that go on at the time."""
    unlimited = per_second == math.inf and per_day in (None, math.inf)
    with _registering:
        pacer, users = _accounts.get(account, (None, 0))
        if pacer is None:
            pacer = Pacer(per_second, per_day=per_day, ledger=None if unlimited else Ledger(account))
        else:
            pacer.also(per_second, per_day)
        _accounts[account] = pacer, users + 1
    try:
        yield pacer
    finally:
        with _registering:
            pacer, users = _accounts.pop(account)
            if users > 1:
                _accounts[account] = pacer, users - 1
            else:
                pacer.close()


def listen(pacer: Pacer, exchange: Exchange, under_way: int) -> None:
    """Heed what an answer announced of rates, while `under_way` other calls have no answer yet.

    A `Retry-After` of a failed call is not heeded here, nor what it explains: whoever made the call is told of it
    with the failure. With a 202 it says when to ask about the work that was taken, and nothing of other calls.
    """
    if not exchange.limits:
        return
    after = retry_after(exchange.limits.get("retry-after"))
    if after is not None and exchange.failed:
        return
    if after and exchange.status != 202:
        pacer.hold(after)
    pacer.heard(allowances(exchange.limits, time.time()), under_way)
