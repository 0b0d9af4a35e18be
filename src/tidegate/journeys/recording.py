"""Writes down what a run made of each journey, once the gate has judged what they send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import duckdb

from tidegate import queries
from tidegate.decision.standing import Facts
from tidegate.journeys.tick import Ticked
from tidegate.results import JourneyDecision

#: by audience or journey and verdict (skip, hold), how many messages by reason
Withheld = dict[tuple[str, str], dict[str, int]]


def record(
    connection: duckdb.DuckDBPyConnection,
    facts: Facts,
    ticked: Mapping[str, Ticked],
    planned: Mapping[str, int],
    withheld: Withheld,
) -> tuple[JourneyDecision, ...]:
    """The decisions with what was withheld and held of their messages."""
    decided = []
    for name, one in ticked.items():
        skipped, held = withheld.get((name, "skip"), {}), withheld.get((name, "hold"), {})
        decision = replace(one.decision, withheld=skipped, held=held)
        decided.append(decision)
        connection.execute(
            queries.text("journeys/record"),
            {
                "run_id": facts.run_id,
                "journey": name,
                "version": decision.version,
                "kind": one.kind,
                "sql_hash": one.sql_hash,
                "cause": decision.cause,
                "verdict": decision.verdict,
                "reason": decision.reason or None,
                "entered": decision.entered,
                "refused": sum(decision.refused.values()),
                "moved": one.moved,
                "ended": sum(decision.ended.values()),
                "inside": decision.inside,
                "planned": planned.get(name, 0),
                "withheld": sum(skipped.values()) + sum(held.values()),
                "messages": one.messages,
            },
        )
    return tuple(decided)
