"""What the outcomes of a call have in common: asked of each of a million calls, or of thousands of rows in one."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.connector import Outcome


def same(outcomes: Sequence[Outcome]) -> bool:
    """Whether they are one and the same object, as connectors tend to say of a batch."""
    return len(outcomes) == 1 or len(set(map(id, outcomes))) == 1


def all_accepted(outcomes: Sequence[Outcome]) -> bool:
    if outcomes and same(outcomes):
        return outcomes[0].verdict == "accepted"
    return all(outcome.verdict == "accepted" for outcome in outcomes)
