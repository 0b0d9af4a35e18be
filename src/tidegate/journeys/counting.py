"""What a tick came to, in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from tidegate import queries
from tidegate.guards import Movement


@dataclass(frozen=True, slots=True)
class Counts:
    """As in `JourneyDecision`. `moved` people who were inside went at least a step."""

    entered: int = 0
    refused: Mapping[str, int] = field(default_factory=dict)
    moves: Mapping[tuple[str, str], int] = field(default_factory=dict)
    moved: int = 0
    ended: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)

    @property
    def movement(self) -> Movement:
        """What a guard looks at, and an approval is for."""
        return Movement(entered=self.entered, left=sum(self.ended.values()), messages=sum(self.messages.values()))


def count(connection: duckdb.DuckDBPyConnection, *, entries_looked_at: bool) -> Counts:
    """Of the tick that was worked out last."""

    def rows(name: str) -> list[tuple[Any, ...]]:
        return connection.execute(queries.text(f"journeys/{name}")).fetchall()

    moves: dict[tuple[str, str], int] = {}
    ended: dict[str, int] = {}
    for came_from, went_to, people in rows("moves"):
        moves[came_from or "", went_to or ""] = int(people)
        if went_to is None:
            ended["completed"] = ended.get("completed", 0) + int(people)
    for step, reason, people in rows("left_from"):
        moves[step, ""] = moves.get((step, ""), 0) + int(people)
        ended[reason] = ended.get(reason, 0) + int(people)
    found: dict[str | None, int] = dict(rows("entry_counts")) if entries_looked_at else {}
    entered = found.get(None, 0)
    ((moved,),) = rows("how_many_set_out")
    return Counts(
        entered=entered,
        refused={str(reason): people for reason, people in found.items() if reason is not None},
        moves=moves,
        moved=int(moved) - entered,
        ended=ended,
        messages={step: int(messages) for step, messages in rows("new_message_counts")},
    )


def standing(connection: duckdb.DuckDBPyConnection, journey: str) -> dict[str, int]:
    """How many people stand at each step, as the state has it."""
    found = connection.execute(queries.text("journeys/standing"), {"journey": journey}).fetchall()
    return {step: int(people) for step, people in found}
