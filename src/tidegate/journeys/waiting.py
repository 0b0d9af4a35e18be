"""Waits: until a time, for an outcome, for an answer. Those who stand there stay where they are until one is due."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal, TypeGuard

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.news import News
from tidegate.journeys.stretch import Stretch
from tidegate.journeys.views import show
from tidegate.spec.journey_objects import ApproveStep, Step, WaitStep, Way, WebhookStep

Asking = WebhookStep | ApproveStep
Wait = WaitStep | WebhookStep | ApproveStep
#: those who came to a wait in this run, those who have stood there since an earlier one, and of these those who did
#: something
Who = Literal["arrivals", "standers", "fresh"]


def listens(step: Step) -> TypeGuard[Wait]:
    """Whether something else than the time may end the wait, so that whoever stands there is asked in each run."""
    return isinstance(step, (WebhookStep, ApproveStep)) or (isinstance(step, WaitStep) and bool(step.outcomes))


def arrive(stretch: Stretch, node: int, step: WaitStep) -> None:
    """Those in `here` come to a wait: they stay, or go on at once where its time is up or its outcome is there."""
    from tidegate.journeys.waits import deadlines

    connection, as_of = stretch.walk.connection, stretch.walk.as_of
    timed = deadlines(stretch.walk, step, "here")
    at = {"node": node, "as_of": as_of, "leaves": step.until.past == "exit"}
    connection.execute(queries.bind("journeys/rest", timed=timed), {**at, "listens": listens(step)})
    if step.until.past == "exit":
        connection.execute(queries.bind("journeys/too_late", timed=timed), {"node": node, "as_of": as_of})
    if not listens(step):
        wait_no_more = queries.bind("journeys/wait_no_more", timed=timed)
        connection.execute(wait_no_more, {**at, "target": stretch.node(step.next)})
        return
    _wait_for_messages(stretch, node, step, "arrivals")
    _reset(stretch, node, step, "arrivals")
    _hear(stretch, node, step, "arrivals")
    _time_out(stretch, node, step, "arrivals")


def ask(stretch: Stretch, node: int, step: Asking) -> None:
    """Those who come to a step that asks for an answer wait for it, from this run on, however long ago it was due."""
    as_of = stretch.walk.as_of
    parameters = {"node": node, "as_of": as_of, "deadline": as_of + step.up_to}
    stretch.walk.connection.execute(queries.text("journeys/ask"), parameters)


def resume(stretch: Stretch, node: int, step: Wait, news: News, *, due: bool) -> None:
    """Those who have stood here since an earlier run go on where an outcome is there, or their time is up. `due`: of
    some of them it may be."""
    _wait_for_messages(stretch, node, step, "standers")
    whom = news.among(_listened_for(step)) if isinstance(step, WaitStep) else "everybody"
    if whom != "nobody":
        who: Who = "standers" if whom == "everybody" else "fresh"
        _reset(stretch, node, step, who)
        _hear(stretch, node, step, who)
    if due:
        _time_out(stretch, node, step, "standers")


def messages_of(step: Wait) -> Collection[str]:
    """The steps whose messages a wait is about: until they have gone its time does not run."""
    from tidegate.spec.predicates import steps_named

    if isinstance(step, WebhookStep):
        return {step.id}
    if isinstance(step, ApproveStep):
        return set()
    return {name for way in step.outcomes if way.when is not None for name in steps_named(way.when)}


def _listened_for(step: WaitStep) -> list[exp.Expr]:
    resets = [step.reset] if step.reset is not None else []
    return [*(way.when for way in step.outcomes if way.when is not None), *resets]


def _wait_for_messages(stretch: Stretch, node: int, step: Wait, who: Who) -> None:
    """The time of those whose message went later than they came runs from then; of whom it has not gone, not at all."""
    connection, steps = stretch.walk.connection, {"steps": sorted(messages_of(step))}
    connection.execute(queries.text("journeys/waiting_for"), steps)
    if not steps["steps"] or connection.execute(queries.text("journeys/anyone_delayed"), steps).fetchone() is None:
        return
    _listen(stretch, node, step, who)
    connection.execute(queries.text("journeys/begins_late"), steps)
    _renew(stretch, node, step)


def _reset(stretch: Stretch, node: int, step: Wait, who: Who) -> None:
    """The time limit runs anew from the first thing that resets it, then from the next, until there is none in time."""
    from tidegate.journeys.predicates import moments

    if not isinstance(step, WaitStep) or step.reset is None:
        return
    connection = stretch.walk.connection
    _listen(stretch, node, step, who, since="wait")
    while True:
        found = moments(stretch.walk, [step.reset], "listeners")
        connection.execute(queries.bind("journeys/reset", moments=found))
        if not _renew(stretch, node, step):
            break


def _hear(stretch: Stretch, node: int, step: Wait, who: Who) -> None:
    from tidegate.journeys.passing import signposts

    outcomes, _, _ = _ways(step)
    _listen(stretch, node, step, who)
    hear = queries.bind("journeys/hear", moments=_moments(stretch, step), ways=signposts(stretch, outcomes))
    stretch.walk.connection.execute(hear, {"node": node})
    stretch.walk.connection.execute(queries.text("journeys/go_from"), {"node": node})


def _time_out(stretch: Stretch, node: int, step: Wait, who: Who) -> None:
    _, target, turn = _ways(step)
    _listen(stretch, node, step, who)
    time_out = {"node": node, "target": stretch.node(target), "turn": turn, "as_of": stretch.walk.as_of}
    stretch.walk.connection.execute(queries.text("journeys/time_out"), time_out)
    stretch.walk.connection.execute(queries.text("journeys/go_from"), {"node": node})


def _ways(step: Wait) -> tuple[Sequence[Way], str | None, str]:
    """The outcomes; then where those go whose time is up, and the turn they take by that."""
    match step:
        case WaitStep():
            return step.outcomes, step.next, "timed_out"
        case WebhookStep():
            return (Way("answered", step.next), Way("failed", step.failed)), step.failed, "failed"
        case ApproveStep():
            return (Way("approved", step.next), Way("rejected", step.rejected)), step.rejected, "rejected"


def _moments(stretch: Stretch, step: Wait) -> exp.Select:
    from tidegate.journeys import actions
    from tidegate.journeys.predicates import moments

    match step:
        case WebhookStep():
            return actions.answers(stretch.walk, step, "listeners")
        case ApproveStep():
            return actions.approvals(stretch.walk, step, "listeners")
        case WaitStep():
            trees = [way.when for way in step.outcomes if way.when is not None]
            return moments(stretch.walk, trees, "listeners")


def _renew(stretch: Stretch, node: int, step: Wait) -> int:
    """The time of those in `renewing` runs from `at`; how many they are."""
    from tidegate.journeys.waits import deadlines

    connection = stretch.walk.connection
    ((count,),) = connection.execute(queries.text("journeys/renewing_count")).fetchall()
    if count:
        timed = deadlines(stretch.walk, step, "renewing")
        connection.execute(queries.text("journeys/forget_rests"), {"node": node})
        connection.execute(queries.bind("journeys/renew", timed=timed), {"node": node})
    return int(count)


def _listen(stretch: Stretch, node: int, step: Wait, who: Who, *, since: str = "") -> None:
    """Make the view `listeners`."""
    walk = stretch.walk
    given = since or (step.since if isinstance(step, WaitStep) else "step")
    if who == "arrivals":
        show(walk.connection, "listeners", "journeys/arrivals_listen", node=node, since=given, as_of=walk.as_of)
        return
    show(
        walk.connection,
        "listeners",
        "journeys/standers_listen",
        {"inside": exp.to_table("inside" if who == "standers" else "fresh_inside")},
        node=node,
        since=given,
        as_of=walk.as_of,
        journey=walk.journey.name,
        version=walk.version,
        step=step.id,
    )
