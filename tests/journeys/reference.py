"""A journey as a person with a pencil would walk somebody through it: one at a time, from what the documentation says.

It shares nothing with the engine. A walk is a generator that goes on until it has to wait; a tick asks each one whether
it can go on. Steps are nested as they are in the file, so that how the engine flattens them is tried as well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from tests.journeys.written import (
    And,
    Days,
    Did,
    Emit,
    End,
    Fate,
    If,
    In,
    Journey,
    Listen,
    Not,
    Or,
    Path,
    Predicate,
    Send,
    Split,
    Step,
    Tag,
    Tagged,
    Wait,
    calls,
)


@dataclass
class Message:
    step: str
    due_at: datetime
    expires_at: datetime
    planned_at: datetime
    state: str = "planned"
    reason: str | None = None
    settled_at: datetime | None = None


@dataclass
class Person:
    """`events` are (name, when it happened, when it was heard of); feedback by message is kept the same way."""

    name: str
    country: str = "DE"
    reachable: bool = True
    events: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    arms: dict[str, str] = field(default_factory=dict)
    emitted: list[tuple[str, datetime]] = field(default_factory=list)


class Walk:
    """Somebody's way through the journey."""

    def __init__(self, journey: Journey, person: Person, key: str, rotation: int, entered_at: datetime) -> None:
        self.journey, self.person, self.key, self.rotation = journey, person, key, rotation
        self.entered_at = self.at = entered_at
        self.as_of = entered_at
        self.taken: list[tuple[str, str | None, datetime]] = []
        self.messages: dict[str, Message] = {}
        self.feedback: list[tuple[str, str, datetime, datetime]] = []  # kind, step, happened, heard of
        self.deadline: datetime | None = None
        self.came_at = entered_at
        self.reason: str | None = None
        self.ended_at: datetime | None = None
        self.goal_at: datetime | None = None
        self._turn: str | None = None
        self._way = self._go(journey.steps)

    def tick(self, as_of: datetime) -> None:
        """As far as they come by now."""
        self.as_of = as_of
        if self.reason is None and next(self._way, None) is None:
            self.end("completed", self.at)

    def end(self, reason: str, at: datetime) -> None:
        self.reason, self.ended_at, self.deadline = reason, at, None

    def leave(self, reason: str, as_of: datetime) -> None:
        """Also after the end: what has not gone by then does not go any more."""
        if self.reason is None:
            self.end(reason, as_of)
        for message in self.messages.values():
            if message.state == "planned":
                message.state, message.reason, message.settled_at = "skipped", "exited", as_of

    # --- steps: each yields as long as it has to be waited -------------------------------------------------------

    def _go(self, steps: Path) -> Iterator[str]:
        yield from self._follow(steps)

    def _follow(self, steps: Path) -> Iterator[str]:
        """Whether the walk went to its `end` in here is what comes back."""
        for step in steps:
            self.taken.append((step.id, self._turn, self.at))
            self._turn = None
            if isinstance(step, End):
                return True
            if (yield from self._take(step)):
                return True
        return False

    def _take(self, step: Step) -> Iterator[str]:
        match step:
            case Send():
                expires = self.at + step.expires_after
                self.messages[step.id] = Message(step.id, self.at, expires, planned_at=self.as_of)
                self.at = self.as_of
            case Wait() | Days():
                self.came_at = self.at
                if isinstance(step, Wait):
                    self.deadline = self.at + step.length
                else:
                    self.deadline = datetime.combine(
                        self.at.date() + timedelta(days=step.days), time(step.hour), self.at.tzinfo
                    )
                while self.deadline > self.as_of:
                    yield step.id
                self.at = self.deadline
            case Listen():
                return (yield from self._listen(step))
            case If():
                true = [name for name, (tree, _) in step.ways.items() if self.holds(tree, self.at, self.entered_at)]
                taken = true[0] if true else "else"
                self._turn = taken
                return (yield from self._follow(step.ways[taken][1] if true else step.otherwise))
            case Split():
                self._turn = self._arm(step)
                return (yield from self._follow(step.paths.get(self._turn, ())))
            case Tag():
                (self.person.tags.add if step.on else self.person.tags.discard)(step.name)
            case Emit():
                self.person.emitted.append((step.name, self.at))
        return False

    def _listen(self, step: Listen) -> Iterator[str]:
        self.came_at = counted_from = self.at
        since = self.entered_at if step.since == "entry" else self.at
        about = {call.step for tree in step.outcomes.values() for call in calls(tree) if isinstance(call, Fate)}
        while True:
            messages = [self.messages[name] for name in about & set(self.messages)]
            # What this very tick plans goes, or does not, in this tick.
            gone = all(one.state != "planned" or one.planned_at == self.as_of for one in messages)
            late = [one.settled_at for one in messages if one.settled_at is not None]
            counted_from = max([counted_from, *late]) if gone else counted_from
            if gone and step.reset is not None:
                counted_from = self._pushed_back(step.reset, counted_from, step.up_to)
            self.deadline = counted_from + step.up_to  # which does not come nearer while the message has not gone
            until = min(self.deadline, self.as_of) if gone else self.as_of
            heard = [
                (moment, at)
                for at, tree in enumerate(step.outcomes.values())
                if (moment := self.moment(tree, since, until)) is not None
            ]
            if heard:
                moment, at = min(heard)
                self._turn = [*step.outcomes][at]
                self.at = max(moment, self.came_at)
                return (yield from self._follow(step.paths.get(self._turn, ())))
            if gone and self.deadline <= self.as_of:
                self._turn, self.at = "timed_out", self.deadline
                return (yield from self._follow(step.paths.get("else", ())))
            yield step.id

    def _pushed_back(self, reset: Predicate, counted_from: datetime, up_to: timedelta) -> datetime:
        while True:
            until = min(counted_from + up_to, self.as_of)
            moment = self.moment(reset, counted_from, until)
            if moment is None or moment <= counted_from:
                return counted_from
            counted_from = moment

    def _arm(self, step: Split) -> str:
        experiment = f"{self.journey.name}.{step.id}"
        if experiment not in self.person.arms:
            digest = hashlib.md5(f"shop:{experiment}:{self.person.name}".encode()).hexdigest()
            place, begins = int(digest[:8], 16) / 2**32, 0.0
            for arm, share in step.shares.items():
                begins += share / 100
                if place < begins:
                    self.person.arms[experiment] = arm
                    break
        return self.person.arms[experiment]

    # --- predicates ---------------------------------------------------------------------------------------------

    def holds(self, tree: Predicate, at: datetime, since: datetime) -> bool:
        """By what happened after `since`, up to `at`."""
        match tree:
            case Did():
                begins = since if tree.since is None else {"entry": self.entered_at, "ever": None}[tree.since]
                begins = at - tree.within if tree.within is not None else begins
                done = [when for name, when in self._done() if name == tree.name and when <= at]
                return len([when for when in done if begins is None or when > begins]) >= tree.at_least
            case Fate():
                return any(
                    self.entered_at <= when <= at
                    for what, step, when in self._fates()
                    if what == tree.kind and step == tree.step
                )
            case Tagged():
                return tree.name in self.person.tags
            case In():
                return self.person.country == tree.country
            case Not():
                return not self.holds(tree.one, at, since)
            case And():
                return self.holds(tree.left, at, since) and self.holds(tree.right, at, since)
            case Or():
                return self.holds(tree.left, at, since) or self.holds(tree.right, at, since)

    def moment(self, tree: Predicate, since: datetime, until: datetime) -> datetime | None:
        """When it came true: at the moment of something, or, where that is nothing that happened, now."""
        if isinstance(tree, Or):
            either = [self.moment(one, since, until) for one in (tree.left, tree.right)]
            return min((one for one in either if one is not None), default=None)
        if isinstance(tree, And) and isinstance(tree.right, (In, Tagged)):
            return self.moment(tree.left, since, until) if self.holds(tree.right, until, since) else None
        if isinstance(tree, (Not, In, Tagged)):
            return self.as_of if until == self.as_of and self.holds(tree, until, since) else None
        moments = {when for _, when in self._done()} | {when for _, _, when in self._fates()} | {since}
        return next((one for one in sorted(moments) if since <= one <= until and self.holds(tree, one, since)), None)

    def _done(self) -> list[tuple[str, datetime]]:
        heard = [(name, when) for name, when, heard in self.person.events if heard <= self.as_of]
        return heard + self.person.emitted

    def _fates(self) -> list[tuple[str, str, datetime]]:
        sent = [("sent", name, one.settled_at) for name, one in self.messages.items() if one.state == "accepted"]
        return sent + [(kind, step, when) for kind, step, when, heard in self.feedback if heard <= self.as_of]


@dataclass
class Occasion:
    name: str
    person: Person
    order: str
    occurred_at: datetime
    heard_at: datetime


@dataclass
class Reference:
    """All walks of one journey."""

    journey: Journey
    people: Sequence[Person]
    occasions: Sequence[Occasion]
    quiet: bool = False  # whether nobody is written to between ten in the evening and six
    walks: list[Walk] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)
    first: bool = True

    def tick(self, as_of: datetime) -> None:
        for walk in self.walks:
            walk.as_of = as_of
            self._leave(walk, as_of)
        for walk in self.walks:
            walk.tick(as_of)
        self._enter(as_of)
        for walk in self.walks:
            for message in walk.messages.values():
                if message.state == "planned":
                    self._judge(walk.person, message, as_of)
        self.first = False

    def _leave(self, walk: Walk, as_of: datetime) -> None:
        goal = self.journey.goal
        if goal is not None and walk.goal_at is None:
            within = walk.entered_at + goal.within if goal.within is not None else as_of
            walk.goal_at = walk.moment(goal.when, walk.entered_at, min(as_of, within))
            if walk.goal_at is not None and goal.leaves:
                walk.leave("goal", as_of)
        if any(walk.holds(rule, as_of, walk.entered_at) for rule in self.journey.exits):
            walk.leave("rule", as_of)

    def _enter(self, as_of: datetime) -> None:
        fresh: list[Walk] = []
        for occasion in sorted(self.occasions, key=lambda one: (one.occurred_at, one.name)):
            if occasion.name in self.answered or max(occasion.heard_at, occasion.occurred_at) > as_of:
                continue
            key = occasion.order if self.journey.again == "per" else ""
            theirs = [one for one in self.walks if (one.person, one.key) == (occasion.person, key)]
            others = [one for one in fresh if (one.person, one.key) == (occasion.person, key)]
            walk = Walk(self.journey, occasion.person, key, len(theirs) + 1, occasion.occurred_at)
            walk.as_of = as_of
            self.answered[occasion.name] = self._answer(walk, theirs, others, as_of)
            if self.answered[occasion.name] == "acted":
                fresh.append(walk)
        self.walks += fresh
        for walk in fresh:
            walk.tick(as_of)

    def _answer(self, walk: Walk, theirs: list[Walk], others: list[Walk], as_of: datetime) -> str:
        journey, at = self.journey, walk.entered_at
        if self.first:
            return "baseline"
        if at < as_of - journey.not_older_than:
            return "too_old"
        if theirs:
            if any(one.ended_at is None or at < one.ended_at for one in theirs):
                return "inside"
            if journey.again in ("never", "per"):
                return "never"
            if journey.every is not None and at < max(one.entered_at for one in theirs) + journey.every:
                return "too_soon"
        if journey.condition is not None and not walk.holds(
            journey.condition, at, datetime.min.replace(tzinfo=at.tzinfo)
        ):
            return "condition"
        if any(walk.holds(rule, as_of, at) for rule in journey.exits):
            return "exit_rule"
        goal = journey.goal
        if goal is not None and goal.leaves:
            until = min(as_of, at + goal.within) if goal.within is not None else as_of
            if walk.moment(goal.when, at, until) is not None:
                return "goal"
        return "inside" if others else "acted"

    def _judge(self, person: Person, message: Message, as_of: datetime) -> None:
        """What the gate says."""
        reason = None
        if not person.reachable:
            reason = "unreachable"
        elif message.expires_at <= as_of:
            reason = "expired"
        elif self.quiet and (as_of.hour >= 22 or as_of.hour < 6):
            day = as_of.date() + timedelta(days=as_of.hour >= 22)
            ends = datetime.combine(day, time(6), as_of.tzinfo)
            if ends < message.expires_at:
                message.reason = "quiet_hours"
                return
            reason = "quiet_hours"
        message.state, message.reason = ("skipped", reason) if reason else ("accepted", None)
        message.settled_at = as_of
