"""Named instants at which a run may die, so that a harness can show that it does not matter.

`checkpoint(name)` does nothing, unless the process was started with `TIDEGATE_KILL_AT=name:nth`: then the
nth time it is reached (from 1), the process kills itself as `kill -9` would, with no chance to tidy up.
"""

from __future__ import annotations

import itertools
import os
import signal


def _armed() -> tuple[str, int] | None:
    name, _, nth = os.environ.get("TIDEGATE_KILL_AT", "").partition(":")
    return (name, int(nth or 1)) if name else None


_target = _armed()
_reached = itertools.count(1)  # its next() is one step of the interpreter: threads need no lock


def checkpoint(name: str) -> None:
    if _target is not None and name == _target[0] and next(_reached) == _target[1]:
        os.kill(os.getpid(), signal.SIGKILL)
