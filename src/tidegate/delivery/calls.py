"""One call to a connector, and what becomes of each row in it: judged, tried again, or halved."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tidegate.checkpoints import checkpoint
from tidegate.connector import Connector, Outcome
from tidegate.delivery.breaker import Breaker, words
from tidegate.delivery.journal import Journal
from tidegate.delivery.pacing import Pacer
from tidegate.delivery.portion import NOT_STARTED, Action, Call, Portion
from tidegate.delivery.request_log import RequestLog
from tidegate.delivery.verdicts import all_accepted
from tidegate.errors import Closed, DestinationError, InDoubt, Refused, Retryable, Unsupported

#: calls that a row may be in, in one run
_TRIES = 5
#: ... and after so many that failed as a whole it is halved: one row may be what the platform stumbles over
_TRIES_TOGETHER = 3
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 0.5, 30.0
#: seconds for which a connector may keep a call to itself, whatever it waits for
_LONGEST_CALL = 300.0
#: pauses before the platform is asked what became of messages in doubt
_LOOKUP_PAUSES = (0.5, 3.0)
_LONGEST_DETAIL = 500

_SPLIT = Outcome.retry("refused_together")


class Caller:
    """Makes the calls of one delivery, for `time_budget` seconds on `clock`."""

    def __init__(
        self,
        connector: Connector,
        pacer: Pacer,
        breaker: Breaker,
        *,
        time_budget: float,
        log: RequestLog | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.count = 0
        self.log = log or RequestLog("", "")
        self.failed = ""
        """What a person must mend, although no platform failed."""
        self.calling: dict[asyncio.Task[Any], float] = {}
        self.halted = asyncio.Event()
        self._connector = connector
        self._pacer = pacer
        self._breaker = breaker
        self._time_budget = time_budget
        self._deadline = clock() + time_budget
        self._clock = clock
        self._given_up = False
        self._put_off = False
        self._moved = False

    @property
    def given_up(self) -> bool:
        """Whether a call that failed as a whole was not made good within this run, or all was put off."""
        return self._given_up or (self._put_off and not self._moved)

    @given_up.setter
    def given_up(self, given_up: bool) -> None:
        self._given_up = given_up

    @property
    def stopped(self) -> bool:
        if not self._breaker.reason and self._clock() >= self._deadline:
            self._breaker.time_is_up(self._time_budget)
        if self._breaker.reason:
            self.halted.set()
            return True
        return False

    def stop(self, reason: str) -> None:
        """Make no more calls; those under way may end."""
        self._breaker.stop(reason)
        self.halted.set()

    def abandon(self, longest: float = _LONGEST_CALL) -> None:
        """Wait no longer for calls that are under way for `longest` seconds: what became of them is unknown."""
        now = self._clock()
        for task, since in list(self.calling.items()):
            if now - since >= longest:
                task.cancel()

    async def perform(self, call: Call, *, repeatable: bool, again: Callable[[float, Call], None]) -> None:
        """Make the call, journal it, and judge its rows or queue them with `again(delay in seconds, call)`.

        `repeatable`: what may have happened may be sent again at once.
        """
        portion = call.portion
        places, items = self._prepare(call)
        if not places:
            return None
        wait = self._reserve()
        if wait and not await self._turn(wait):
            return self._give_up(portion, places, call.last)
        number = next(portion.numbers)
        checkpoint("before call")
        try:
            portion.journal.started(number, places)
        except OSError as full:
            self._disk_failed(full)
            return self._give_up(portion, places, call.last)
        checkpoint("call started")

        started = self._clock()
        outcomes, fault = await self._ask(call.act, items)
        checkpoint("call returned")
        if fault is None and all_accepted(outcomes):
            self._write(portion, number, outcomes)
            checkpoint("outcome written")
            self._moved = True
            self._breaker.went_well(accepted=True)
            self._pacer.went_well()
            return portion.accept(places, outcomes)
        split = isinstance(fault, (Refused, Unsupported)) and len(places) > 1
        self._write(portion, number, [_SPLIT] * len(places) if split else outcomes)
        checkpoint("outcome written")

        throttled = self._learn(started, outcomes, fault)
        if split:
            middle = len(places) // 2
            for half in (places[:middle], places[middle:]):
                again(0.0, replace(call, places=half))
            return None
        doubtful = [place for place, outcome in zip(places, outcomes, strict=True) if outcome.verdict == "unknown"]
        said = dict(zip(places, outcomes, strict=True))
        portion.doubted.update(doubtful)
        if doubtful and not repeatable and self._connector.can_look_up:
            said.update(await self._look_up(portion, doubtful))
        later = []
        for place, outcome in said.items():
            if outcome.verdict == "retry" or (outcome.verdict == "unknown" and repeatable):
                later.append(place)
            else:
                portion.judge(place, outcome)
        if later:
            tries = call.tries + (0 if throttled else 1)
            self._try_again(replace(call, places=later, tries=tries, last=said), fault, again)
        elif fault is not None and doubtful:
            self.given_up = True
        return None

    async def inquire(self, act: Action, items: Sequence[Any]) -> tuple[list[Outcome], Exception | None]:
        """A call that changes nothing at the destination: made in its turn, not journalled, and not tried again."""
        wait = self._reserve()
        if wait and not await self._turn(wait):
            fault = Retryable("not_started")
            return [_outcome(fault)] * len(items), fault
        started = self._clock()
        outcomes, raised = await self._ask(act, items)
        if not isinstance(raised, Unsupported):
            self._learn(started, outcomes, raised, inquired=True)
        return outcomes, raised

    async def nap(self, seconds: float) -> None:
        """Sleep, but not longer than the delivery goes on."""
        try:
            async with asyncio.timeout(seconds):
                await self.halted.wait()
        except TimeoutError:
            pass

    def _prepare(self, call: Call) -> tuple[Sequence[int], Sequence[Any]]:
        portion = call.portion
        items = portion.prepare(call.places)
        if not any(issubclass(kind, Exception) for kind in set(map(type, items))):
            return call.places, items
        for place, item in zip(call.places, items, strict=True):
            if isinstance(item, Exception):
                portion.judge(place, Outcome.rejected("render", str(item)[:_LONGEST_DETAIL]))
        made = [
            (place, item) for place, item in zip(call.places, items, strict=True) if not isinstance(item, Exception)
        ]
        return [place for place, _ in made], [item for _, item in made]

    def _reserve(self) -> float:
        """Take the call's turn; the seconds until it comes, which most do at once."""
        return math.inf if self.stopped else self._pacer.reserve()

    async def _turn(self, wait: float) -> bool:
        """Wait for the turn; False when the delivery stops before it comes, at once where it never will."""
        if self.stopped:
            return False
        while wait > 0:
            left = self._deadline - self._clock()
            if wait >= left:
                self._no_turn(wait, left)
                return False
            await self.nap(wait)
            if self.stopped:
                return False
            wait = self._pacer.reserve(again=True) if self._pacer.held else 0.0
        return True

    def _no_turn(self, wait: float, left: float) -> None:
        if wait == math.inf and self._pacer.per_day is not None:
            self._breaker.day_is_used_up(self._pacer.per_day)
        elif self._pacer.held >= left:
            self._breaker.held(self._pacer.held)
        else:
            self._breaker.no_turn_left(self._time_budget)
        self.halted.set()

    async def _ask(self, act: Action, items: Sequence[Any]) -> tuple[list[Outcome], Exception | None]:
        """One outcome for each item, always; and the fault, where the call failed as a whole."""
        task = asyncio.current_task()
        assert task is not None
        self.count += 1
        self.calling[task] = self._clock()
        fault: Exception
        try:
            with self.log.watch(len(items)) as watched:
                watched.outcomes = outcomes = await act(self._connector, items)
            if len(watched.exchanges) > 1:
                self._pacer.also_made(len(watched.exchanges) - 1)
            if len(outcomes) == len(items):
                return outcomes, None
            fault = InDoubt("miscounted", f"{len(outcomes)} outcomes for {len(items)}")
        except asyncio.CancelledError:
            task.uncancel()
            fault = InDoubt("interrupted", "it did not end in time")
        except Exception as raised:
            fault = raised
        finally:
            del self.calling[task]
        return [_outcome(fault)] * len(items), fault

    def _learn(
        self, started: float, outcomes: Sequence[Outcome], fault: Exception | None, *, inquired: bool = False
    ) -> bool:
        """Let the pacer and the breaker know how the call went; True where it was one too many."""
        if fault is None:
            kinds = {outcome.verdict for outcome in outcomes}
            if kinds == {"unknown"}:
                fault = InDoubt(outcomes[0].reason, outcomes[0].detail)
            else:
                fault = next(
                    (
                        Retryable(outcome.reason, outcome.detail, outcome.after)
                        for outcome in outcomes
                        if outcome.verdict != "accepted" and outcome.reason in ("throttled", "unauthorized")
                    ),
                    None,
                )
            if kinds & {"accepted", "rejected", "pending"}:
                self._moved = True
                self._breaker.went_well(accepted=bool(kinds & {"accepted", "pending"}))
                self._pacer.went_well()
            elif fault is None and not inquired:
                self._put_off = True
                self._breaker.deferred(next(one for one in outcomes if one.verdict == "retry"))
        if fault is None:
            return False
        throttled = isinstance(fault, Retryable) and fault.reason == "throttled"
        if throttled or (isinstance(fault, Retryable) and fault.after is not None):
            assert isinstance(fault, DestinationError)
            self._pacer.throttled(started, fault.after)
            left = self._deadline - self._clock()
            self._breaker.throttled(fault, self._pacer.throttled_in_a_row, self._pacer.held, left)
        if isinstance(fault, (Refused, Unsupported)) and fault.reason != "unauthorized":
            self._breaker.refused(fault)
            if isinstance(fault, Unsupported):
                self.failed = words(fault)
        elif not throttled:
            self._breaker.failed(fault)
        return throttled

    def _try_again(self, call: Call, fault: Exception | None, again: Callable[[float, Call], None]) -> None:
        """Queue what fits into this run; the rest is left for the next."""
        back_off = random.uniform(0, min(_FIRST_BACK_OFF * 2.0 ** max(call.tries - 1, 0), _LONGEST_BACK_OFF))
        left = self._deadline - self._clock()
        delays = {place: max(call.last[place].after or 0.0, back_off) for place in call.places}
        later = [place for place in call.places if delays[place] < left]
        if call.tries >= _TRIES or self.stopped:
            later = []
        if len(later) < len(call.places):
            if fault is not None:
                self.given_up = True
            kept = set(later)
            self._give_up(call.portion, [place for place in call.places if place not in kept], call.last)
        if not later:
            return
        delay = max(delays[place] for place in later)
        if call.tries < _TRIES_TOGETHER or len(later) == 1 or not _may_be_one_rows(fault):
            return again(delay, replace(call, places=later))
        middle = len(later) // 2
        for half in (later[:middle], later[middle:]):
            again(delay, replace(call, places=half, tries=_TRIES_TOGETHER - 1))

    def _give_up(self, portion: Portion, places: Sequence[int], last: Mapping[int, Outcome]) -> None:
        for place in places:
            portion.judge(place, last.get(place, NOT_STARTED))

    async def _look_up(self, portion: Portion, places: Sequence[int]) -> dict[int, Outcome]:
        """What the platform knows of messages in doubt. Those that it does not know stay in doubt:
        they may be on their way to it still."""
        found: dict[int, Outcome] = {}
        for pause in _LOOKUP_PAUSES:
            await self.nap(pause)
            missing = {portion.keys[place]: place for place in places if place not in found}
            if not missing:
                break
            try:
                async with asyncio.timeout(_LONGEST_CALL):
                    told = await self._connector.lookup(list(missing))
            except Exception:
                continue
            known = {missing[key]: outcome for key, outcome in told.items() if key in missing}
            found.update(known)
            if known:
                number = next(portion.numbers)
                self._write(portion, number, list(known.values()), list(known))
        return found

    def _write(
        self, portion: Portion, number: int, outcomes: Sequence[Outcome], places: Sequence[int] | None = None
    ) -> None:
        try:
            if places is not None:
                portion.journal.started(number, places)
            portion.journal.judged(number, outcomes)
        except OSError as fault:
            self._disk_failed(fault)

    def extend(self, journal: Journal) -> None:
        """Bring more of a claim within reach of calls."""
        try:
            journal.reach_out()
        except OSError as fault:
            self._disk_failed(fault)

    def _disk_failed(self, fault: OSError) -> None:
        self._breaker.stop(f"the journal cannot be written ({fault.strerror or type(fault).__name__})")


def _may_be_one_rows(fault: Exception | None) -> bool:
    """Whether a whole call may have failed over one of its rows: a server that breaks down over it says no more."""
    return (
        isinstance(fault, (Retryable, InDoubt))
        and not isinstance(fault, Closed)
        and fault.after is None
        and fault.reason not in ("throttled", "unauthorized", "unreachable", "not_started")
    )


def _outcome(fault: Exception) -> Outcome:
    """What a call that failed as a whole means for each of its rows."""
    if not isinstance(fault, DestinationError):
        return Outcome.unknown("unexpected", words(fault))
    reason, detail = fault.reason, fault.detail[:_LONGEST_DETAIL]
    if isinstance(fault, Retryable) or reason == "unauthorized":
        return Outcome.retry(reason, fault.after, detail)
    if isinstance(fault, (Refused, Unsupported)):
        return Outcome.rejected(reason, detail)
    return Outcome.unknown(reason, detail)
