"""Limits that block an audience or journey before anything of it is sent, and a person's word that lets it through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import duckdb

from tidegate import queries
from tidegate.errors import GuardError
from tidegate.spec.objects import Guard, Limit
from tidegate.warehouse import Warehouse, transaction


@dataclass(frozen=True, slots=True)
class ListMovement:
    """What is about to happen to a list: so many of those whom it holds go. What was decided before is in neither."""

    name: str
    held: int
    removed: int


@dataclass(frozen=True, slots=True)
class Movement:
    """What is about to happen to an audience; of a trigger, `entered` counts the occurrences that act."""

    held: int = 0
    entered: int = 0
    left: int = 0
    messages: int = 0
    baseline: bool = False
    lists: tuple[ListMovement, ...] = ()

    @property
    def members(self) -> int:
        return self.held + self.entered - self.left

    @property
    def removed(self) -> int:
        return sum(one.removed for one in self.lists)

    @property
    def counts(self) -> dict[str, int]:
        """What an approval is for."""
        return {"entered": self.entered, "left": self.left, "removed": self.removed, "messages": self.messages}


def in_words(entered: int, left: int, removed: int, messages: int) -> str:
    """
    >>> in_words(1200, 0, 3, 1)
    '1,200 to enter, 3 to go from lists and 1 message'
    >>> in_words(0, 0, 0, 0)
    'nobody to enter or leave'
    """
    counts = {
        "to enter": entered,
        "to leave": left,
        "to go from lists": removed,
        "message" if messages == 1 else "messages": messages,
    }
    said = [f"{count:,} {what}" for what, count in counts.items() if count]
    if not said:
        return "nobody to enter or leave"
    return " and ".join(part for part in (", ".join(said[:-1]), said[-1]) if part)


def verdict(guard: Guard, movement: Movement) -> str:
    """Why a person must look first, or an empty string. A baseline has no before to compare with."""
    reasons = []
    if not movement.baseline:
        reasons += _over(guard, guard.max_enter, movement.entered, movement.held, "enter", "max_enter")
        if movement.held > 1 and not movement.members and not _may_empty(guard):
            reasons.append(f"all {movement.held:,} members would leave, and nobody would be left")
        else:
            reasons += _over(guard, guard.max_leave, movement.left, movement.held, "leave", "max_leave")
    many_leave = bool(reasons)
    for one in movement.lists:
        if many_leave and one.removed <= movement.left:
            continue  # the list only follows those who leave
        reasons += _over(guard, guard.max_leave, one.removed, one.held, f"go from `{one.name}`", "max_leave")
    reasons += _too_many_messages(guard, movement)
    if movement.members < guard.min_members:
        reasons.append(f"{movement.members:,} members would be left, fewer than min_members {guard.min_members:,}")
    return "; ".join(reasons)


def list_verdict(guard: Guard, going: ListMovement) -> str:
    """Why a person must look before so many go from one list, or an empty string."""
    return "; ".join(_over(guard, guard.max_leave, going.removed, going.held, f"go from `{going.name}`", "max_leave"))


def occurrence_verdict(guard: Guard, movement: Movement) -> str:
    """The same for a trigger, which has no members: only limits that are numbers apply."""
    acted = movement.entered
    reasons = []
    if guard.max_enter is not None and guard.max_enter.count is not None and acted > guard.max_enter.count:
        reasons.append(f"{acted:,} occurrences would act, more than max_enter {guard.max_enter}")
    return "; ".join([*reasons, *_too_many_messages(guard, movement)])


def journey_verdict(guard: Guard, movement: Movement) -> str:
    """The same for a journey: how many people enter and how many messages its steps plan. Only limits that are numbers
    apply, since a journey may well be empty."""
    reasons = []
    if guard.max_enter is not None and guard.max_enter.count is not None and movement.entered > guard.max_enter.count:
        reasons.append(f"{movement.entered:,} would enter, more than max_enter {guard.max_enter}")
    return "; ".join([*reasons, *_too_many_messages(guard, movement)])


def _too_many_messages(guard: Guard, movement: Movement) -> list[str]:
    if guard.max_messages is None or movement.messages <= guard.max_messages:
        return []
    return [f"{movement.messages:,} messages would be planned, more than max_messages {guard.max_messages:,}"]


def _may_empty(guard: Guard) -> bool:
    """Whether the file says in so many words that everybody may leave at once."""
    return guard.max_leave is None or (guard.max_leave.share or 0) >= 1


def _over(guard: Guard, limit: Limit | None, moved: int, of: int, what: str, key: str) -> list[str]:
    if limit is None or moved <= limit.of(of):
        return []
    if limit.share is not None and moved <= guard.leeway:
        return []
    return [f"{moved:,} of {of:,} would {what}, more than {key} {limit}"]


def approved(
    connection: duckdb.DuckDBPyConnection, audience: str, movement: Movement, *, sql_hash: str | None, run_id: str
) -> bool:
    """Whether somebody approved this movement; the approval is used up. Counts may have grown by a tenth."""
    parameters = {"audience": audience, "sql_hash": sql_hash}
    row = connection.execute(queries.text("guards/open_approval"), parameters).fetchone()
    if row is None:
        return False
    blocked_run, *most = row
    if any(now > then * 1.1 + 1 for now, then in zip(movement.counts.values(), most, strict=True)):
        return False
    connection.execute(
        queries.text("guards/use_approval"), {"audience": audience, "blocked_run": blocked_run, "run_id": run_id}
    )
    return True


def approve(
    warehouse: Warehouse, audience: str, *, decision: Literal["approve", "reject"] = "approve", why: str = "", who: str
) -> str:
    """Record a decision on a blocked audience or journey and say in a sentence what it does.

    Raises GuardError where it is not waiting for one.
    """
    with warehouse.session() as connection, transaction(connection):
        row = connection.execute(queries.text("guards/last_verdict"), {"audience": audience}).fetchone()
        if row is None:
            raise GuardError(f"{audience}: no run has decided on an audience or journey of this name")
        run_id, verdict_, entered, left, removed, messages = row
        if verdict_ != "blocked":
            raise GuardError(f"{audience}: was not blocked in its last run ({run_id}); there is nothing to approve")
        connection.execute(
            queries.text("guards/record_approval"),
            {
                "audience": audience,
                "blocked_run": run_id,
                "decision": decision,
                "entered": entered,
                "left": left,
                "removed": removed,
                "messages": messages,
                "why": why,
                "who": who,
                "decided_at": datetime.now(UTC),
            },
        )
    moves = in_words(entered, left, removed, messages)
    if decision == "approve":
        return f"{audience}: approved {moves}; the next run carries it out"
    return f"{audience}: rejected {moves}; it stays blocked until the data or the model changes"
