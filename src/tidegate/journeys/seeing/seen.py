"""What is seen of a journey: everybody in it, counted. Plain data; the terminal, JSON and Prefect show the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SendSeen:
    """What became of a step's messages. `planned` counts all of them; `sent` those that the destination took; `waiting`
    those that have not gone yet, some of them `held` by the gate for a reason; `withheld` those that never will.

    From `delivered` on: people, each once, as platforms reported them.
    """

    planned: int = 0
    sent: int = 0
    waiting: int = 0
    rejected: int = 0
    unknown: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)
    held: Mapping[str, int] = field(default_factory=dict)
    delivered: int = 0
    opened: int = 0
    clicked: int = 0
    replied: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0


@dataclass(frozen=True, slots=True)
class StepSeen:
    """A step, and who came by. `reached` is `here` (now), `passed` (went on, or ended well here) and `left` (ended
    here, by reason). `goals` counts those who did what the journey is for after a run had carried the step out.
    `first` and `last` are those runs' clocks.

    Somebody who entered twice counts twice. `kind` and `says` are '' for a step of which no version tells any more.
    """

    step: str
    kind: str = ""
    says: str = ""
    depth: int = 0
    under: str = ""
    reached: int = 0
    here: int = 0
    passed: int = 0
    left: Mapping[str, int] = field(default_factory=dict)
    goals: int = 0
    first: datetime | None = None
    last: datetime | None = None
    send: SendSeen | None = None


@dataclass(frozen=True, slots=True)
class TurnSeen:
    """A way from one step ('' is the entry) to another ('' is the end) and how many took it; None: not known apart."""

    source: str
    target: str
    turn: str
    when: str
    walks: int | None


@dataclass(frozen=True, slots=True)
class VersionSeen:
    """A version that was published, and who walks through it."""

    version: int
    published_at: datetime
    entered: int
    inside: int
    goals: int


@dataclass(frozen=True, slots=True)
class DaySeen:
    """One day, UTC."""

    day: date
    entered: int
    sent: int
    ended: int
    goals: int


@dataclass(frozen=True, slots=True)
class JourneySeen:
    """A journey with everybody in it. `file` is '' where it is gone; `version` None before anything was published, or
    where all versions are counted together while the graph is of the newest; `only` the version that was asked for.

    `ended` and `refused` are by reason; `refused` are of all versions. `gone` are steps that only earlier versions
    have.
    """

    journey: str
    description: str
    file: str
    status: str
    entry: str
    version: int | None
    only: int | None
    edited: bool  # the file differs from the newest version: the next run publishes it
    entered: int
    inside: int
    goals: int
    has_goal: bool
    first_entered: datetime | None
    last_entered: datetime | None
    ended: Mapping[str, int]
    refused: Mapping[str, int]
    steps: tuple[StepSeen, ...]
    turns: tuple[TurnSeen, ...]
    gone: tuple[StepSeen, ...] = ()
    versions: tuple[VersionSeen, ...] = ()
    days: tuple[DaySeen, ...] = ()
    problems: tuple[str, ...] = ()
    """Versions that cannot be read any more, and why."""
