"""What can befall a call, as seen from the wire."""

from __future__ import annotations

from typing import Literal, Protocol

#: `hang` and `cut` come before the platform has taken what it was given, or after it (`..._after`).
Fault = Literal[
    "throttled",
    "error",
    "hang",
    "hang_after",
    "cut",
    "cut_after",
    "garbage",
    "empty",
    "html",
    "unauthorized",
]

EVERY_FAULT: tuple[Fault, ...] = (
    "throttled",
    "error",
    "hang",
    "hang_after",
    "cut",
    "cut_after",
    "garbage",
    "empty",
    "html",
    "unauthorized",
)


class Wire(Protocol):
    """A platform that behaves until it is told not to. `taken` counts rows and messages it really took."""

    #: after these, only the platform knows whether it acted
    doubtful: frozenset[Fault]
    #: seconds that `throttled` asks for, None where the protocol has no word for it
    throttled_for: float | None
    taken: int

    def fail(self, fault: Fault) -> None:
        """From now on, until `mend`."""

    def mend(self) -> None: ...
