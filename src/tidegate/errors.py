"""What can go wrong, sorted by what to do next.

TidegateError
├── SpecError           fix the file, then run again
├── ContractError       the data broke a promise; look at it
├── GuardError          a person must look before anything is sent
├── WarehouseError      the warehouse cannot be used now: locked, full, too new
└── DestinationError
    ├── Retryable       it did not happen; the same call may work later
    │   └── Closed      ... once a person has mended the account: no row is at fault, stop at once
    ├── InDoubt         it may have happened; repeat only what is safe to repeat
    ├── Refused         it did not happen and never will
    └── Unsupported     this destination cannot express what is asked of it

Every class carries the exit code that the command line ends with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

#: seconds: days are the longest that platforms count calls by, and who asks for more has its clock or a unit wrong
LONGEST_PAUSE = 86_400.0


class TidegateError(Exception):
    """Something a person can act on; its text says how. Never shown with a traceback."""

    exit_code: ClassVar[int] = 1


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in one file. `file` is relative to the project; `line` counts from 1, 0 is unknown."""

    file: str
    line: int
    key: str
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.text}" if self.key else f"{place}: {self.text}"


class SpecError(TidegateError):
    """The project's files are wrong. Carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        found = [problems] if isinstance(problems, Problem) else list(problems)
        self.problems: tuple[Problem, ...] = tuple(sorted(set(found)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class GuardError(TidegateError):
    """A limit was reached; nothing of that audience was sent and its state did not move."""

    exit_code = 3


class DestinationError(TidegateError):
    """A destination did not do what was asked. `reason` is short and stable, `detail` is the other side's words.

    `after` is how many seconds to wait before the next call, where the other side said so: at most a day.
    """

    exit_code = 4

    def __init__(self, reason: str, detail: str = "", after: float | None = None) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.after = believable(after)


def believable(seconds: float | None) -> float | None:
    """A pause that somebody asked for, in seconds: not in the past, and not longer than a day."""
    if seconds is None or math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)


class Retryable(DestinationError):
    """It did not happen; the same call may work later."""


class Closed(Retryable):
    """The destination takes nothing until a person mends it: wrong credentials, account suspended, address gone.

    No row is at fault: all stay owed, and the delivery makes no further call to that destination in this run.
    """


class InDoubt(DestinationError):
    """It may have happened; only what is safe to repeat is repeated."""


class Refused(DestinationError):
    """It did not happen and never will."""


class Unsupported(DestinationError):
    """This destination cannot express what is asked of it."""


class ContractError(TidegateError):
    """The data broke a promise that its contract makes."""

    exit_code = 5


class WarehouseError(TidegateError):
    """The warehouse cannot be used now: locked by somebody, disk full, written by a newer Tidegate."""

    exit_code = 6
