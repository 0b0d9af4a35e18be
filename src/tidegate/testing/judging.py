"""Outcomes as the delivery comes by them: from what is returned, what is raised, and jobs that are asked after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from tidegate.connector import Connector, Outcome, Row, Target
from tidegate.errors import DestinationError, Refused

T = TypeVar("T")
Operation = Callable[[int], Awaitable[list[Outcome]]]

#: a platform that takes more is not played right
_MOST_POLLS = 20


class StillPending(AssertionError):
    """The platform was asked after a job often enough."""


async def judged(operation: Operation, rows: int, said: list[str] | None = None) -> list[Outcome]:
    """The outcomes of a call, as a delivery applies what is raised to each row."""
    try:
        outcomes = await operation(rows)
    except DestinationError as fault:
        if said is not None:
            said += [str(fault), repr(fault), repr(fault.__cause__ or ""), repr(fault.__dict__)]
        return [Outcome.of(fault)] * rows
    assert len(outcomes) == rows
    return outcomes


async def halved(call: Callable[[list[T]], Awaitable[list[Outcome]]], rows: list[T]) -> list[Outcome]:
    """The outcomes of a batch, as a delivery comes by them where the platform refuses it without naming a row."""
    try:
        return await call(rows)
    except Refused as fault:
        if len(rows) == 1:
            return [Outcome.of(fault)]
        middle = len(rows) // 2
        return [*await halved(call, rows[:middle]), *await halved(call, rows[middle:])]


async def settled(
    connector: Connector, target: Target, rows: Sequence[Row], *, removing: bool = False
) -> list[Outcome]:
    """Rows written or removed, and judged: jobs are asked after until the platform is done with them, and what is to
    be sent again in parts is."""
    act = connector.remove if removing else connector.upsert
    outcomes: list[Outcome] = [Outcome.retry("not_started", together="")] * len(rows)
    for _ in range(_MOST_POLLS):
        again, waiting = _by_job(outcomes, "retry"), _by_job(outcomes, "pending")
        if not again and not waiting:
            return outcomes
        for positions in again.values():
            _note(outcomes, positions, await act(target, [rows[position] for position in positions]))
        for job, positions in waiting.items():
            assert 0 < len(job) <= 500
            asked = [rows[position] for position in positions]
            _note(outcomes, positions, await connector.poll(job, target, asked, removing=removing))
        await asyncio.sleep(0)
    raise StillPending(f"still pending after {_MOST_POLLS} polls: {outcomes[:3]}")


def _by_job(outcomes: Sequence[Outcome], verdict: str) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for position, outcome in enumerate(outcomes):
        if outcome.verdict == verdict and outcome.job is not None:
            found.setdefault(outcome.job, []).append(position)
    return found


def _note(outcomes: list[Outcome], positions: Sequence[int], found: Sequence[Outcome]) -> None:
    assert len(found) == len(positions)
    for position, outcome in zip(positions, found, strict=True):
        outcomes[position] = outcome
