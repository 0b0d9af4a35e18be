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
    """Failed where a destination failed, else completed; what waits for somebody is named in both."""
    said = [*_destinations(report), *_blocked(report), *_stopped(report), *_asked(report)]
    message = "\n".join(redact(line) for line in said)
    if report.status == "failed":
        return Failed(message=message)
    if _blocked(report):
        return Completed(name="Blocked", message=message)
    return Completed(message=message or _summary(report))


def _destinations(report: Report) -> list[str]:
    return [delivery.problem for delivery in report.deliveries if delivery.failed]


def _blocked(report: Report) -> list[str]:
    blocked = [(name, reason) for name, verdict, reason in _verdicts(report) if verdict == "blocked"]
    return [f"{name} is blocked and waits for the flow `approve`: {reason}" for name, reason in blocked]


def _stopped(report: Report) -> list[str]:
    stopped = [(name, reason) for name, verdict, reason in _verdicts(report) if verdict in ("contract", "failed")]
    return [f"{name} takes no part: {reason}" for name, reason in stopped]


def _verdicts(report: Report) -> list[tuple[str, str, str]]:
    """(name, verdict, reason) of audiences and journeys."""
    decided = report.decision
    return [
        *((one.audience, one.verdict, one.reason) for one in decided.audiences),
        *((one.journey, one.verdict, one.reason) for one in decided.journeys),
    ]


def _asked(report: Report) -> list[str]:
    return [
        f"{one.journey}: {one.people:,} {'person waits' if one.people == 1 else 'people wait'} at `{one.step}` for the "
        f"flow `approve`: {one.question}"
        for one in report.decision.asked
    ]


def _summary(report: Report) -> str:
    moved = [one for one in report.decision.audiences if one.verdict in ("applied", "approved")]
    entered, left = sum(one.entered for one in moved), sum(one.left for one in moved)
    accepted = sum(delivery.accepted for delivery in report.deliveries)
    return f"{entered:,} entered, {left:,} left, {accepted:,} messages and rows accepted"
