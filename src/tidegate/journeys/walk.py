"""One journey, in one version of it, being walked in one decision: what every part of the walk is given."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from tidegate.decision.standing import Facts
from tidegate.spec.journey_objects import Journey


@dataclass(frozen=True, slots=True)
class Walk:
    """`journey` is qualified against the models. Times are UTC."""

    connection: duckdb.DuckDBPyConnection
    facts: Facts
    journey: Journey
    version: int

    @property
    def as_of(self) -> datetime:
        return self.facts.as_of

    @property
    def run_id(self) -> str:
        return self.facts.run_id
