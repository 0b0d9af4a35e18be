"""What a journey's file says, once checked: a flat graph of steps, in an order in which nobody ever goes back.

Predicates are sqlglot trees: see `tidegate.spec.predicates`. A step's `next` and a way's `target` are steps' ids;
None is the journey's end (completed).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Literal

from sqlglot import exp

from tidegate.spec.objects import Guard, Send, Window

EntryKind = Literal["enter", "exit", "in", "occur", "event", "change", "date", "schedule", "list", "end"]
Status = Literal["draft", "active", "entries_paused", "sends_paused", "stopped"]
InFlight = Literal["pin", "migrate", "drain", "exit"]


@dataclass(frozen=True, slots=True)
class Again:
    """Whether somebody may enter once more. `per` names a column of `entry`: one walk for each of its values."""

    kind: Literal["never", "after_leaving", "every", "per"] = "never"
    every: timedelta | None = None
    per: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Which changes of a column count: `before` and `after` are values (SQL literals); `by` a signed number, which a
    rise (positive) or fall (negative) must reach. None: any."""

    before: exp.Expr | None = None
    after: exp.Expr | None = None
    by: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """How people come in.

    `model` is that of `enter`, `exit`, `in`, `occur`, `change`, `date`, and the segment that a `schedule` is for;
    `column` that of `change` and `date`. `name` is the event's, or the other journey's. `where` is over `event`.
    """

    kind: EntryKind
    model: str | None = None
    column: str | None = None
    name: str | None = None
    where: exp.Expr | None = None
    change: Change | None = None
    offset: timedelta = timedelta()  # of a date; negative is before it
    at: time | None = None  # of a date: on the person's own clock
    yearly: bool = False
    cron: str | None = None  # in the project's time zone
    file: str | None = None  # of a list: CSV, from the project's root
    reasons: tuple[str, ...] = ()  # of another journey's end; none is any
    condition: exp.Expr | None = None  # `if`
    again: Again = Again()
    overlap: bool = False  # whether a key may walk while it is inside already
    not_older_than: timedelta = timedelta(days=1)
    backfill: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True)
class ExitRule:
    """Whoever this holds for leaves, wherever they stand."""

    when: exp.Expr
    line: int = 0


@dataclass(frozen=True, slots=True)
class Goal:
    """What the journey is for; it counts within a time after entry, also once the walk has ended."""

    when: exp.Expr
    within: timedelta | None = None
    leaves: bool = True  # whether reaching it ends the walk
    line: int = 0


@dataclass(frozen=True, slots=True)
class ListMove:
    """Onto one list of a destination, off another, or both. `match` is empty where nobody said: see docs."""

    to: str
    add: str | None
    remove: str | None
    match: Mapping[str, exp.Expr] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all steps have in common. `path` is where in the file: `steps[2].then[0]`."""

    id: str
    path: str
    line: int
    next: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendStep(Step):
    send: Send
    expires_after: timedelta
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Way:
    """One of several ways out of a step: `name` is the turn that is recorded."""

    name: str
    target: str | None
    when: exp.Expr | None = None  # of a condition or an outcome; None is `else`, the last
    share: float = 0.0  # of a split, from 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStep(Step):
    """The first way that is true; the last has no condition."""

    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitStep(Step):
    """By weight, the same arm for the same person ever after."""

    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Until:
    """What ends a wait that does not listen. Exactly one of the first five is set.

    `duration` with `at` is calendar days on the person's clock; `slot` is the first moment within (a window whose
    `closes` equals its `opens` is that minute of the day); `moment` is a SQL time (of `person` or `entry`) plus
    `offset`.
    """

    duration: timedelta | None = None
    days: int | None = None
    slot: tuple[Window, ...] = ()
    moment: exp.Expr | None = None
    best_time: bool = False
    at: time | None = None  # of `days`, and of a `moment` that is a date
    offset: timedelta = timedelta()
    past: Literal["continue", "exit"] = "continue"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(Step):
    """Until a time, or for the earliest of `outcomes`; then `next` is where those go whose time ran out.

    `since` is from when on an outcome counts; `reset` begins the time limit anew when it becomes true.
    """

    until: Until
    outcomes: tuple[Way, ...] = ()
    since: Literal["step", "entry"] = "step"
    reset: exp.Expr | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncStep(Step):
    moves: tuple[ListMove, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStep(Step):
    traits: Mapping[str, exp.Expr] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    untags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStep(Step):
    name: str
    properties: Mapping[str, exp.Expr] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookStep(Step):
    """A message by a webhook whose answer is waited for; `next` is where the answered go, `failed` the others."""

    send: Send
    expires_after: timedelta
    up_to: timedelta
    failed: str | None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveStep(Step):
    """A person decides; `next` is where the approved go."""

    question: str
    up_to: timedelta
    rejected: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndStep(Step):
    """Completed, here."""


@dataclass(frozen=True, slots=True)
class Journey:
    """`steps` are in an order in which every step comes before those it leads to; the first is where people begin.

    `hash` changes when what the file means does. `source` is the file's text.
    """

    name: str
    file: str
    entry: Entry
    steps: tuple[Step, ...]
    exits: tuple[ExitRule, ...] = ()
    goal: Goal | None = None
    on_segment_exit: Literal["exit", "continue"] = "continue"
    on_complete: tuple[ListMove, ...] = ()
    status: Status = "active"
    in_flight: InFlight = "pin"
    redirects: Mapping[str, str] = field(default_factory=dict)
    holdout: float | None = None
    guard: Guard = field(default_factory=Guard)
    description: str = ""
    hash: str = ""
    source: str = ""
    line: int = 0

    def step(self, id: str) -> Step:
        """Raises KeyError."""
        for one in self.steps:
            if one.id == id:
                return one
        raise KeyError(id)
