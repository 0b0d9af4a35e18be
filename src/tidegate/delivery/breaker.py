"""When to stop calling a destination in this run, and what to tell its operator."""

from __future__ import annotations

from pydantic import SecretStr

from tidegate.connector import Connector, Outcome
from tidegate.errors import Closed, DestinationError, Retryable
from tidegate.results import Delivery

#: whole calls that may fail in a row; of those that are under way together each counts
_PATIENCE = 5
#: calls that were one too many, one after the other, though the destination was left alone for as long as it asked
_THROTTLED_IN_A_ROW = 12
#: ... or, where it does not say how long, longer each time: about ten seconds in all
_THROTTLED_WITHOUT_A_WORD = 5
#: calls in a row whose every row was put off; some servers put off everybody whom they do not know yet
_DEFERRED_IN_A_ROW = 25
#: calls refused in a row, none accepted between them, after which no single row is to blame
_REFUSED_IN_A_ROW = 200


class Breaker:
    """Counts calls that failed as a whole. `reason` is why the delivery stops, '' while it goes on. `mend` is what a
    person must do about wrong credentials."""

    def __init__(self, concurrency: int, mend: str = "") -> None:
        self._patience = _PATIENCE + concurrency
        self._mend = mend
        self._failures = 0
        self._deferred = 0
        self._refusals = 0
        self._last = ""
        self.reason = ""

    def went_well(self, *, accepted: bool) -> None:
        self._failures = self._deferred = 0
        if accepted:
            self._refusals = 0

    def refused(self, fault: DestinationError) -> None:
        """The destination answered, and wants nothing of a whole call."""
        self._failures = self._deferred = 0
        self._refusals += 1
        if self._refusals >= _REFUSED_IN_A_ROW:
            self.stop(f"{words(fault)}; it refused {self._refusals} calls in a row and accepted nothing")

    def failed(self, fault: Exception) -> None:
        """A call failed as a whole. Wrong credentials stop at once: no further call would do better."""
        self._last = self.told(fault)
        self._failures += 1
        if isinstance(fault, Closed) or getattr(fault, "reason", "") == "unauthorized":
            self.stop(self._last)
        elif self._failures >= self._patience:
            self.stop(f"{self._last}; {self._failures} calls failed in a row")

    def deferred(self, outcome: Outcome) -> None:
        """The destination answered, and put off every row of a call."""
        self._last = words(Retryable(outcome.reason, outcome.detail))
        self._deferred += 1
        if self._deferred >= _DEFERRED_IN_A_ROW:
            self.stop(f"{self._last}; it put off {self._deferred} calls in a row")

    def throttled(self, fault: DestinationError, in_a_row: int, held: float, left: float) -> None:
        """The destination asked for a pause of `held` seconds when the run has `left` seconds for it."""
        self._last = words(fault)
        if held >= left:
            self.held(held)
        elif in_a_row >= (_THROTTLED_WITHOUT_A_WORD if fault.after is None else _THROTTLED_IN_A_ROW):
            self.stop(f"{self._last}; {in_a_row} times in a row, after pauses of up to {held:,.0f} s")

    def held(self, seconds: float) -> None:
        """It wants to be left alone for so long, which is longer than the run goes on."""
        pause = _pause(seconds)
        self.stop(f"{self._last or 'throttled'}; it asks for a pause of {pause}, longer than this run has time")

    def time_is_up(self, seconds: float) -> None:
        """What went wrong until then is why the time did not do."""
        used = f"its {seconds:g} seconds in this run are used up"
        self.stop(f"{self._last}; {used}" if self._failures else used)

    def no_turn_left(self, seconds: float) -> None:
        self.stop(f"at the rate that it takes, no further call fits into its {seconds:g} seconds in this run")

    def day_is_used_up(self, per_day: int) -> None:
        calls, are = ("call that is", "is") if per_day == 1 else ("calls that are", "are")
        self.stop(
            f"the {per_day:,} {calls} allowed in 24 hours (`per_day`) {are} used up, and free again a day after each "
            "was made"
        )

    def stop(self, reason: str) -> None:
        if not self.reason:
            self.reason = reason

    @property
    def said(self) -> str:
        """The last thing that went wrong with a whole call, '' where nothing did."""
        return self.reason or self._last

    def told(self, fault: Exception) -> str:
        """What went wrong, and what to mend."""
        said = words(fault)
        return f"{said}; {self._mend}" if self._mend and getattr(fault, "reason", "") == "unauthorized" else said


def mending(connector: Connector, destination: str) -> str:
    """What a person must look at where the platform does not take the credentials."""
    fields = type(connector.settings).model_fields
    secrets = [
        f"`{fields[name].alias or name}`"
        for name, value in connector.settings
        if isinstance(value, SecretStr) and value.get_secret_value()
    ]
    what = " and ".join(filter(None, (", ".join(secrets[:-1]), *secrets[-1:]))) or "the settings"
    return f"check {what} of `{destination}` in tidegate.yml"


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
    if delivery.pending:
        parts.append(f"{delivery.pending:,} {'row waits' if delivery.pending == 1 else 'rows wait'} to be judged by it")
    if delivery.unknown:
        parts.append(f"{delivery.unknown:,} {'is' if delivery.unknown == 1 else 'are'} unknown and not sent again")
    return "; ".join(parts)


def _pause(seconds: float) -> str:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def _one(what: str, count: int) -> str:
    return f"{what.removesuffix('s')} stays" if count == 1 else f"{what} stay"


def _them(count: int) -> str:
    return "it" if count == 1 else "them"
