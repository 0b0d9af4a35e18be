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
    looking.run("number", bound={"people": _people(walk)}, per=looking.key_path)
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
    entry, again = looking.entry, looking.entry.again
    looking.run(
        "refuse_again", journey=looking.journey.name, again=again.kind, every=again.every, overlap=entry.overlap
    )
    if entry.condition is not None and looking.welcome():
        _ask(looking, [entry.condition], "condition", refused_where=False, before=True, until=None)
    if looking.journey.exits and looking.welcome():
        rules = [rule.when for rule in looking.journey.exits]
        _ask(looking, rules, "exit_rule", refused_where=True, before=False, until=looking.walk.as_of)
    if not entry.overlap:
        looking.run("refuse_later", reason="inside")
    elif again.kind in ("never", "per"):
        looking.run("refuse_later", reason="never")
    elif again.kind == "every":
        looking.run("refuse_crowded", every=again.every)


def _ask(
    looking: Looking,
    predicates: list[exp.Expr],
    reason: str,
    *,
    refused_where: bool,
    before: bool,
    until: datetime | None,
) -> None:
    """Refuse those for whom one of the predicates is true, or none is."""
    from tidegate.journeys.predicates import first_true

    looking.run("forget_asked")
    looking.run("ask", before=before, until=until)
    fulfilled = first_true(looking.walk, predicates, "asked")
    query = "refuse_true" if refused_where else "refuse_untrue"
    looking.run(query, bound={"fulfilled": fulfilled}, reason=reason)
