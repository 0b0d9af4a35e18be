"""What the tests of the advertising platforms' lists have in common."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from tidegate.testing import Answer, Asked, EmulatedWire


def hashed(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def refuse_once(wire: EmulatedWire, said: Answer, which: Callable[[Asked], bool]) -> None:
    """The first call of those is answered with `said`, and everything after it as ever."""
    answered = wire.platform
    refused = False

    def once(asked: Asked) -> Answer:
        nonlocal refused
        if not refused and which(asked):
            refused = True
            return said
        return answered(asked)

    wire.platform = once
