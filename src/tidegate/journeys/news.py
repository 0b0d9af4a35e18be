"""Who has to be asked again. Most people did nothing since the last run, and what can come true only because somebody
does something cannot have come true of them.

That is so of predicates made of did() and of what people do with messages, with `and` and `or` between them. All else,
such as a column of `person`, is asked of everybody in every run. What a run saw of the events is kept as a number, so
that events which come late, or change, are noticed: then everybody is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.versions import Life
from tidegate.journeys.views import show
from tidegate.journeys.walk import Walk
from tidegate.spec.calls import FATES, Call, is_call, read
from tidegate.spec.journey_objects import Journey, WaitStep

Whom = Literal["everybody", "fresh", "nobody"]
_REPORTED = frozenset(FATES) - {"sent"}


@dataclass(frozen=True, slots=True)
class News:
    """Since the last run that moved a journey (`as_of` is its clock, `started_at` the wall's; None: none has): `whom`
    of one of its versions there is reason to ask again, where a predicate lets it be known."""

    whom: Whom = "everybody"
    as_of: datetime | None = None
    started_at: datetime | None = None

    def among(self, trees: Iterable[exp.Expr]) -> Whom:
        """Who is to be asked whether one of these is true."""
        return self.whom if all(_wakes(tree) for tree in trees) else "everybody"


class Look:
    """What there is of the events in this run, and who did something since the last one."""

    def __init__(self, life: Life, *, moved_over: bool) -> None:
        self._life = life
        self._moved_over = moved_over
        self._walk = life.newest
        self._connection = self._walk.connection
        self._journey = self._walk.journey.name
        self._digests: dict[tuple[str, datetime], tuple[int, str]] = {}

    def news(self) -> dict[int, News]:
        """For each version that is walked; fills `fresh`."""
        last = self._connection.execute(queries.text("journeys/last_walked"), {"journey": self._journey}).fetchone()
        if last is None:
            return {walk.version: News() for walk in self._life.walks}
        run_id, as_of, started_at, decided_at = last
        known = {
            walk.version: not self._moved_over and self._as_it_was(walk, run_id, as_of) for walk in self._life.walks
        }
        if any(known.values()):
            self._find_fresh(run_id, as_of, decided_at)
        anyone = self._connection.execute(queries.text("journeys/anyone_fresh")).fetchone() is not None
        show(self._connection, "fresh_inside", "journeys/fresh_inside")
        show(self._connection, "fresh_walks", "journeys/fresh_walks")
        at_most: Whom = "fresh" if anyone else "nobody"
        return {version: News(at_most if sure else "everybody", as_of, started_at) for version, sure in known.items()}

    def keep(self) -> None:
        """Write down what this run saw, for the next: once the journey moved."""
        self._connection.execute(queries.text("journeys/forget_digests"), {"journey": self._journey})
        for walk in self._life.walks:
            seen = {name: self._digest(name, walk.as_of) for name in _names(walk)}
            for name, (events, digest) in {"": (0, ""), **seen}.items():
                ours = {"run_id": walk.run_id, "journey": self._journey, "version": walk.version}
                kept = {**ours, "name": name, "events": events, "digest": digest}
                self._connection.execute(queries.text("journeys/keep_digest"), kept)

    def _find_fresh(self, run_id: str, as_of: datetime, decided_at: datetime) -> None:
        for name in sorted({name for walk in self._life.walks for name in _names(walk)}):
            add = queries.bind("journeys/add_fresh", happened=_happened(self._walk, Call("did", name)))
            self._connection.execute(add, {"after": as_of, "until": self._walk.as_of})
        kinds = sorted({call.name for walk in self._life.walks for call in _asked(walk)} & _REPORTED)
        if kinds:
            reported = {"kinds": kinds, "decided_at": decided_at, "after": as_of, "until": self._walk.as_of}
            self._connection.execute(queries.text("journeys/add_fresh_feedback"), reported)
        if any(walk.journey.goal is not None and not walk.journey.goal.leaves for walk in self._life.walks):
            # Whoever reached a goal that ends the walk before they were seen was not let in; these were.
            newcomers = {"journey": self._journey, "run_id": run_id}
            self._connection.execute(queries.text("journeys/add_fresh_newcomers"), newcomers)

    def _as_it_was(self, walk: Walk, run_id: str, as_of: datetime) -> bool:
        """Whether the last run asked those of this version, and saw the events up to its clock as they are now. What
        journeys emit is seen by each at its own time, and not counted on."""
        parameters = {"run_id": run_id, "journey": self._journey, "version": walk.version}
        from tidegate.journeys.predicates.happened import was_emitted

        rows = self._connection.execute(queries.text("journeys/known_digests"), parameters).fetchall()
        seen = {name: (events, digest) for name, events, digest in rows}
        return "" in seen and all(
            name in seen and not was_emitted(walk, name) and seen[name] == self._digest(name, as_of)
            for name in _names(walk)
        )

    def _digest(self, name: str, until: datetime) -> tuple[int, str]:
        if (name, until) not in self._digests:
            digest = queries.bind("journeys/digest", happened=self._rows(name))
            ((events, number),) = self._connection.execute(digest, {"until": until}).fetchall()
            self._digests[name, until] = int(events), str(number)
        return self._digests[name, until]

    def _rows(self, name: str) -> exp.Select:
        """(occurred_at, digest) of the events of a name, with all that conditions on them look at."""
        from tidegate.journeys.predicates.demand import columns_of
        from tidegate.journeys.predicates.happened import own

        wheres = [call.where for walk in self._life.walks for call in _asked(walk) if call.about == name and call.where]
        call = Call("did", name, where=exp.and_(*wheres) if wheres else None)
        looked_at: list[str | exp.Identifier] = [
            "person",
            "occurred_at",
            *(own(column) for column in sorted(columns_of(call))),
        ]
        row = exp.Anonymous(this="hash", expressions=[exp.column(column) for column in looked_at])
        happened = _happened(self._walk, call).subquery("happened")
        return exp.select("occurred_at", exp.alias_(row, "digest")).from_(happened)


def _names(walk: Walk) -> list[str]:
    """The events that a version asks about in what only they can make true."""
    return sorted({call.about for call in _asked(walk) if call.name == "did"})


def _asked(walk: Walk) -> list[Call]:
    from tidegate.spec.predicates import calls

    return [call for tree in _trees(walk.journey) if _wakes(tree) for call in calls(tree)]


def _wakes(tree: exp.Expr) -> bool:
    """Whether it comes true only by something that somebody does."""
    match tree:
        case exp.Paren():
            return _wakes(tree.this)
        case exp.Or() | exp.And():
            return all(_wakes(part) for part in tree.flatten())
        case exp.Anonymous() if is_call(tree):
            call = read(tree)[0]
            return call.name in _REPORTED or (call.name == "did" and not _speaks_of_the_person(call))
        case _:
            return False


def _speaks_of_the_person(call: Call) -> bool:
    return call.where is not None and any(column.table == "person" for column in call.where.find_all(exp.Column))


def _trees(journey: Journey) -> Iterable[exp.Expr]:
    """What is asked of people wherever they stand, and while they wait."""
    yield from (rule.when for rule in journey.exits)
    if journey.goal is not None:
        yield journey.goal.when
    for step in journey.steps:
        if isinstance(step, WaitStep):
            yield from (way.when for way in step.outcomes if way.when is not None)
            if step.reset is not None:
                yield step.reset


def _happened(walk: Walk, call: Call) -> exp.Select:
    """Events of a name, with the columns that the call's `where` is about; they need not meet it."""
    from tidegate.journeys.predicates import remembered
    from tidegate.journeys.predicates.happened import happened

    remembered.begin(walk)
    return happened(walk, call, after=None)
