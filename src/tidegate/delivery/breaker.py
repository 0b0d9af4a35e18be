"""When to stop calling a destination in this run, and what to tell its operator."""

from __future__ import annotations

from tidegate.errors import Closed, DestinationError
from tidegate.results import Delivery

#: whole calls that may fail in a row; of those that are under way together each counts
_PATIENCE = 5
_THROTTLED_IN_A_ROW = 8
#: calls refused in a row, none accepted between them, after which no single row is to blame
_REFUSED_IN_A_ROW = 200


class Breaker:
    """Counts calls that failed as a whole. `reason` is why the delivery stops, '' while it goes on."""

    def __init__(self, concurrency: int) -> None:
        self._patience = _PATIENCE + concurrency
        self._failures = 0
        self._refusals = 0
        self._last = ""
        self.reason = ""

    def went_well(self, *, accepted: bool) -> None:
        self._failures = 0
        if accepted:
            self._refusals = 0

    def refused(self, fault: DestinationError) -> None:
        """The destination answered, and wants nothing of a whole call."""
        self._failures = 0
        self._refusals += 1
        if self._refusals >= _REFUSED_IN_A_ROW:
            self.stop(f"{words(fault)}; it refused {self._refusals} calls in a row and accepted nothing")

    def failed(self, fault: Exception) -> None:
        """A call failed as a whole. Wrong credentials stop at once: no further call would do better."""
        self._last = words(fault)
        self._failures += 1
        if isinstance(fault, Closed) or getattr(fault, "reason", "") == "unauthorized":
            self.stop(self._last)
        elif self._failures >= self._patience:
            self.stop(f"{self._last}; {self._failures} calls failed in a row")

    def throttled(self, fault: DestinationError, in_a_row: int, held: float, left: float) -> None:
        """The destination asked for a pause of `held` seconds when the run has `left` seconds for it."""
        self._last = words(fault)
        if held >= left:
            self.stop(f"{self._last}; it asks for a longer pause than this run has time")
        elif in_a_row >= _THROTTLED_IN_A_ROW:
            self.stop(f"{self._last}; {in_a_row} times in a row")

    def time_is_up(self, seconds: float) -> None:
        """What went wrong until then is why the time did not do."""
        used = f"its {seconds:g} seconds in this run are used up"
        self.stop(f"{self._last}; {used}" if self._failures else used)

    def stop(self, reason: str) -> None:
        if not self.reason:
            self.reason = reason

    @property
    def said(self) -> str:
        """The last thing that went wrong with a whole call, '' where nothing did."""
        return self.reason or self._last


def words(fault: Exception) -> str:
    """What went wrong. Of an unexpected exception only its type: its text may hold personal data."""
    if isinstance(fault, DestinationError):
        return f"{fault.reason} ({fault.detail})" if fault.detail else fault.reason
    return type(fault).__name__


def problem(destination: str, said: str, delivery: Delivery, what: str) -> str:
    """The sentence for the operator. `what` is "messages" or "rows"."""
    parts = [f"{destination}: {said}"]
    if delivery.owed:
        parts.append(
            f"{delivery.owed:,} {_one(what, delivery.owed)} owed, the next run takes {_them(delivery.owed)} up"
        )
    if delivery.unknown:
        parts.append(f"{delivery.unknown:,} {'is' if delivery.unknown == 1 else 'are'} unknown and not sent again")
    return "; ".join(parts)


def _one(what: str, count: int) -> str:
    return f"{what.removesuffix('s')} stays" if count == 1 else f"{what} stay"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"
