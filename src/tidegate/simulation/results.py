"""What a simulation found. Plain data: the terminal and JSON show the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tidegate.journeys.seeing.seen import JourneySeen
from tidegate.story import Story


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is taken for granted of what nobody can know: shares of the messages from 0 to 1."""

    opens: float = 0.0
    clicks: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Simulated:
    """One journey's walk through history. `withheld` counts messages by the gate's reason, `planned` those that the
    steps asked for, `sent` those that went. `problems` by how often a run could not decide on it."""

    file: str
    seen: JourneySeen
    planned: int
    sent: int
    withheld: Mapping[str, int]
    problems: Mapping[str, int]
    stories: tuple[Story, ...] = ()


@dataclass(frozen=True, slots=True)
class Simulation:
    """`runs` were simulated from `start` to `end`, `every` so often. `simulated` is the journey, then its variant."""

    journey: str
    start: datetime
    end: datetime
    every: timedelta
    runs: int
    assumptions: Assumptions
    simulated: tuple[Simulated, ...]
    notes: tuple[str, ...] = ()
