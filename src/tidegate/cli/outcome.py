"""The exit code that a run's results call for."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate.errors import ContractError, DestinationError, GuardError
from tidegate.results import Decision, Delivery


def exit_code(decision: Decision | None, deliveries: Iterable[Delivery] = ()) -> int:
    """0, or what most needs looking at: a failed destination, then a broken promise of the data, then a guard.

    An audience or journey that failed counts as a broken promise: its model gave rows that cannot be acted upon. A list
    that no audience owns any more counts for nothing.
    """
    if any(delivery.failed for delivery in deliveries):
        return DestinationError.exit_code
    verdicts: set[str] = set()
    if decision:
        verdicts = {*(one.verdict for one in decision.audiences), *(one.verdict for one in decision.journeys)}
    if verdicts & {"contract", "failed"}:
        return ContractError.exit_code
    if "blocked" in verdicts or (decision and any(one.blocked and one.owners for one in decision.lists)):
        return GuardError.exit_code
    return 0
