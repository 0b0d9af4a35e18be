"""The last word on a flow run: what a person must know, in the state that Prefect shows."""

from __future__ import annotations

from prefect import State
from prefect.states import Completed, Failed

from tidegate.errors import TidegateError
from tidegate.redact import redact
from tidegate.results import Report


def failed(fault: TidegateError) -> State:
    """A run that could not go on, and what to do about it."""
    return Failed(message=redact(str(fault)))


def ending(report: Report) -> State:
    """Failed where a destination failed, else completed; audiences that wait for somebody are named in both."""
    said = [*_destinations(report), *_blocked(report), *_stopped(report)]
    message = "\n".join(redact(line) for line in said)
    if report.status == "failed":
        return Failed(message=message)
    if _blocked(report):
        return Completed(name="Blocked", message=message)
    return Completed(message=message or _summary(report))


def _destinations(report: Report) -> list[str]:
    return [delivery.problem for delivery in report.deliveries if delivery.failed]


def _blocked(report: Report) -> list[str]:
    blocked = [one for one in report.decision.audiences if one.verdict == "blocked"]
    return [f"{one.audience} is blocked and waits for the flow `approve`: {one.reason}" for one in blocked]


def _stopped(report: Report) -> list[str]:
    stopped = [one for one in report.decision.audiences if one.verdict in ("contract", "failed")]
    return [f"{one.audience} takes no part: {one.reason}" for one in stopped]


def _summary(report: Report) -> str:
    moved = [one for one in report.decision.audiences if one.verdict in ("applied", "approved")]
    entered, left = sum(one.entered for one in moved), sum(one.left for one in moved)
    accepted = sum(delivery.accepted for delivery in report.deliveries)
    return f"{entered:,} entered, {left:,} left, {accepted:,} messages and rows accepted"
