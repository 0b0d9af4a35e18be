"""journeys/*.yml: how people enter, how they leave, what counts as success, and the steps.

The steps themselves are in `journey_steps_file`: they are checked one by one, each by the keys of its kind.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tidegate.spec.guard_keys import GuardKeys
from tidegate.spec.journey_steps_file import MoveKeys, OneOrMany, Steps
from tidegate.spec.written import Clock, Duration, Name, Names, Offset, Ref, Share, Sql, SqlOrNothing, Written


class EnterKeys(Written):
    """How people come in."""

    on: str = Field(
        description="What lets people in: `enter ref('x')`, `exit ref('x')`, `in ref('x')`, `occur ref('x')`, "
        "`event 'x'`, `change ref('x').column`, `date ref('x').column`, `schedule '0 9 * * mon'`, "
        "`list 'audiences/x.csv'` or `end 'journey'`."
    )
    for_: Ref | None = Field(default=None, alias="for", description="Of a schedule: the segment that enters.")
    where: Sql | None = Field(default=None, description="Of an event: a SQL condition over `event`, its row.")
    from_: SqlOrNothing = Field(default=None, alias="from", description="Of a change: the value before, as SQL.")
    to: SqlOrNothing = Field(default=None, description="Of a change: the value after, as SQL.")
    by: float | None = Field(
        default=None, description="Of a change: how much it rose (or, negative, fell) at the least."
    )
    offset: Offset | None = Field(default=None, description="Of a date: how long before or after it (`-7 days`).")
    at: Clock | None = Field(default=None, description="Of a date: the time of the day, on the person's clock.")
    yearly: bool = Field(default=False, description="Of a date: every year, as a birthday.")
    reasons: Names = Field(default=(), description="Of another journey's end: which of its endings count (all).")
    if_: Sql | None = Field(default=None, alias="if", description="Who may come in: a predicate.")
    again: str = Field(
        default="never",
        description="Whether somebody may enter once more: `never`, `after leaving`, `every 30 days`, `per order_id`.",
    )
    overlap: bool = Field(default=False, description="Whether one may enter again while still inside.")
    not_older_than: Duration | None = Field(
        default=None, description="What happened longer ago than this is recorded, not acted on (1 day)."
    )
    backfill: bool = Field(default=False, description="Let in also those who are there on the first run.")


class ExitKeys(Written):
    """Who leaves, wherever they stand."""

    when: Sql = Field(description="A predicate, asked at every run.")


class GoalKeys(Written):
    """What the journey is for."""

    did: str | None = Field(default=None, min_length=1, description="The event that it is to bring about.")
    where: Sql | None = Field(default=None, description="Which of these events: a SQL condition over `event`.")
    when: Sql | None = Field(default=None, description="In place of `did`: a predicate.")
    within: Duration | None = Field(default=None, description="How long after entry it counts, such as `30 days`.")
    then: Literal["exit", "continue"] = Field(
        default="exit", description="Whether who reached it leaves (`exit`) or walks on (`continue`)."
    )


class CompleteKeys(Written):
    """What is done with those who come to the end."""

    sync: MoveKeys = Field(description="A list they are put on or taken off.")


class JourneyFile(Written):
    """How people enter, the steps they walk, how they leave, and what counts as success."""

    journey: Name = Field(description="The journey's name; no other file may have the same, an audience's neither.")
    description: str | None = Field(default=None, description="What it is for, for the people who read the file.")
    status: Literal["draft", "active", "entries_paused", "sends_paused", "stopped"] = Field(
        default="active",
        description="`draft` (nobody enters), `active`, `entries_paused`, `sends_paused` (messages wait) or `stopped` "
        "(everybody leaves).",
    )
    enter: EnterKeys = Field(description="How people come in. Without it, nobody would.")
    exit: OneOrMany[ExitKeys] = Field(
        default=(), description="Who leaves before the end, wherever they stand: one rule, or several."
    )
    on_segment_exit: Literal["exit", "continue"] = Field(
        default="continue", description="Whether who leaves the segment they came in by leaves the journey as well."
    )
    goal: GoalKeys | None = Field(default=None, description="What the journey is for: it is counted.")
    holdout: Share | None = Field(
        default=None, description="The share of people who get none of its messages, for comparison, such as `10%`."
    )
    priority: int = Field(default=0, description="Of two messages that compete, the one of higher priority goes.")
    expires_after: Duration | None = Field(
        default=None, description="A message that could not go within this time does not go at all (24 hours)."
    )
    guard: GuardKeys | None = Field(default=None, description="Limits that block it before anything happens.")
    in_flight: Literal["pin", "migrate", "drain", "exit"] = Field(
        default="pin",
        description="What an edit does to those inside: they finish what they began (`pin`), go on in the new version "
        "(`migrate`), finish before anybody enters the new one (`drain`), or leave (`exit`).",
    )
    redirects: dict[str, str] = Field(
        default_factory=dict, description="With `migrate`: for a step that is gone, the one to go on with."
    )
    on_complete: tuple[CompleteKeys, ...] = Field(default=(), description="What is done with those who complete it.")
    steps: Steps = Field(description="What happens, in order.")
