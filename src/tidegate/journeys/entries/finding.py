"""Finds the candidates of a run and says of each whether they enter.

In this order: what each kind of entry finds, with what is refused by age or because it was there before; people who
are not in the people model; whoever has entered before; `if`; whoever would have to leave at once; of several by the
same key the earliest; and a journey that nobody enters now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlglot import exp

from tidegate import queries
from tidegate.decision.cause import Cause
from tidegate.decision.stays import person_of
from tidegate.journeys.entries import changes, dates, happenings, lists, schedules, segments
from tidegate.journeys.entries.looking import Looking
from tidegate.journeys.walk import Walk
from tidegate.spec.journey_objects import EntryKind

_FINDERS: Mapping[EntryKind, Callable[[Looking], None]] = {
    "enter": segments.enter,
    "exit": segments.leave,
    "in": segments.stand,
    "list": lists.stand,
    "occur": happenings.occur,
    "event": happenings.happen,
    "end": happenings.end,
    "change": changes.change,
    "date": dates.fall_due,
    "schedule": schedules.fire,
}


def find(walk: Walk, cause: Cause, last_as_of: datetime | None, on_hold: str = "") -> None:
    """Fill `candidates`, each with its disposition, which is null for those who enter, and then their rotation.

    `cause` and `last_as_of` are those of `decision.cause` for what people enter by (see `definition`); `on_hold` is
    why nobody enters in this run, as a disposition. Needs the tables of a decision and of a tick, with those whose walk
    ends in this run in `endings` and `arrived`. Raises SpecError for rows without a person, an id or a time, and for
    keys and ids that come twice.
    """
    for statement in queries.statements("journeys/entries/working_tables"):
        walk.connection.execute(statement)
    looking = Looking(walk, cause, last_as_of)
    looking.run("keep_cause", cause=cause)
    looking.run("walk_ends")
    _FINDERS[looking.entry.kind](looking)
    looking.run_over("number", {"people": _people(walk)}, per=looking.key_path)
    if looking.welcome():
        _judge(looking)
    if on_hold:
        looking.run("refuse_everybody", reason=on_hold)
    looking.run("rotate")


def _people(walk: Walk) -> exp.Select:
    facts = walk.facts
    person = exp.alias_(queries.relation(facts.people.relation), "person", table=True)
    return queries.select(person, {"person": person_of(facts.project.key, "person")})


def _judge(looking: Looking) -> None:
    entry, again, as_of = looking.entry, looking.entry.again, looking.walk.as_of
    looking.run(
        "refuse_again", journey=looking.journey.name, again=again.kind, every=again.every, overlap=entry.overlap
    )
    if entry.condition is not None:
        _ask(looking, [entry.condition], "refuse_untrue", reason="condition", before=True, until=None, within=None)
    exits, goal = [rule.when for rule in looking.journey.exits], looking.journey.goal
    if exits:
        _ask(looking, exits, "refuse_true", reason="exit_rule", before=False, until=as_of, within=None)
    if goal is not None and goal.leaves:
        _ask(
            looking, [goal.when], "refuse_true", reason="goal", before=False, until=as_of, within=goal.within, ever=True
        )
    if not entry.overlap:
        looking.run("refuse_later", reason="inside")
    elif again.kind in ("never", "per"):
        looking.run("refuse_later", reason="never")
    elif again.kind == "every":
        looking.run("refuse_crowded", every=again.every)


def _ask(
    looking: Looking, predicates: list[exp.Expr], refuse: str, *, reason: str, ever: bool = False, **window: object
) -> None:
    """Refuse those for whom one of the predicates is true, or none is. `ever`: at any moment of the window."""
    from tidegate.journeys.predicates import first_true, moments

    if not looking.welcome():
        return
    looking.run("forget_asked")
    looking.run("ask", **window)
    fulfilled = (moments if ever else first_true)(looking.walk, predicates, "asked")
    looking.run_over(refuse, {"fulfilled": fulfilled}, reason=reason)
