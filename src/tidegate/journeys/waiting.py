"""Waits: until a time, for an outcome, for an answer. Those who stand there stay where they are until one is due."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeGuard

from sqlglot import exp

from tidegate import queries
from tidegate.journeys.stretch import Stretch
from tidegate.journeys.views import show
from tidegate.spec.journey_objects import ApproveStep, Step, WaitStep, Way, WebhookStep

Asking = WebhookStep | ApproveStep
Wait = WaitStep | WebhookStep | ApproveStep


def listens(step: Step) -> TypeGuard[Wait]:
    """Whether something else than the time may end the wait, so that whoever stands there is asked in each run."""
    return isinstance(step, (WebhookStep, ApproveStep)) or (isinstance(step, WaitStep) and bool(step.outcomes))


def arrive(stretch: Stretch, node: int, step: WaitStep) -> None:
    """Those in `here` come to a wait: they stay, or go on at once where its time is up or its outcome is there."""
    connection, as_of = stretch.walk.connection, stretch.walk.as_of
    connection.execute(queries.text("journeys/unsent"), {"steps": sorted(messages_of(step))})
    timed = _deadlines(stretch, step, "here")
    connection.execute(queries.bind("journeys/rest", timed=timed), {"node": node})
    if step.until.past == "exit":
        too_late = queries.bind("journeys/too_late", timed=timed)
        connection.execute(too_late, {"node": node, "as_of": as_of})
    _listen(stretch, node, step, "arrivals")
    _go_on(stretch, node, step, "arrivals")


def ask(stretch: Stretch, node: int, step: Asking) -> None:
    """Those who come to a step that asks for an answer wait for it. The time of a webhook's begins once it was called;
    a person is asked as of the run, however long ago it was due."""
    as_of = stretch.walk.as_of
    deadline = as_of + step.up_to if isinstance(step, ApproveStep) else None
    parameters = {"node": node, "as_of": as_of, "deadline": deadline}
    stretch.walk.connection.execute(queries.text("journeys/ask"), parameters)


def resume(stretch: Stretch, node: int, step: Wait, *, unbegun: bool) -> None:
    """Those who have stood here since an earlier run go on where an outcome is there, or their time is up.
    `unbegun`: of some of them it had not begun to run."""
    _listen(stretch, node, step, "standers")
    named = messages_of(step)
    if named and unbegun:
        stretch.walk.connection.execute(queries.text("journeys/gone"), {"steps": sorted(named)})
        _renew(stretch, node, step)
    _go_on(stretch, node, step, "standers")


def messages_of(step: Wait) -> Collection[str]:
    """The steps whose messages a wait is about: until they have gone its time does not run."""
    from tidegate.spec.predicates import steps_named

    if isinstance(step, WebhookStep):
        return {step.id}
    if isinstance(step, ApproveStep):
        return set()
    return {name for way in step.outcomes if way.when is not None for name in steps_named(way.when)}


def _go_on(stretch: Stretch, node: int, step: Wait, who: str) -> None:
    from tidegate.journeys.passing import signposts

    connection = stretch.walk.connection
    if isinstance(step, WaitStep) and step.reset is not None:
        _reset(stretch, node, step, who)
    outcomes, times_out, turn = _ways(step)
    if outcomes:
        moments = _moments(stretch, step)
        hear = queries.bind("journeys/hear", moments=moments, ways=signposts(stretch, outcomes))
        connection.execute(hear, {"node": node})
    time_out = {"node": node, "target": stretch.node(times_out), "turn": turn, "as_of": stretch.walk.as_of}
    connection.execute(queries.text("journeys/time_out"), time_out)


def _ways(step: Wait) -> tuple[Sequence[Way], str | None, str | None]:
    """The outcomes; then where those go whose time is up, and the turn they take by that."""
    match step:
        case WaitStep():
            return step.outcomes, step.next, "timed_out" if step.outcomes else None
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


def _reset(stretch: Stretch, node: int, step: WaitStep, who: str) -> None:
    """The time limit runs anew from the first thing that resets it, then from the next, until there is none in time."""
    from tidegate.journeys.predicates import moments

    assert step.reset is not None
    connection = stretch.walk.connection
    _listen(stretch, node, step, who, since="wait")
    while True:
        found = moments(stretch.walk, [step.reset], "listeners")
        connection.execute(queries.bind("journeys/reset", moments=found))
        if not _renew(stretch, node, step):
            break
    _listen(stretch, node, step, who)


def _renew(stretch: Stretch, node: int, step: Wait) -> int:
    """The time of those in `renewing` runs from `at`; how many they are."""
    connection = stretch.walk.connection
    ((count,),) = connection.execute(queries.text("journeys/renewing_count")).fetchall()
    if count:
        timed = _deadlines(stretch, step, "renewing")
        connection.execute(queries.text("journeys/forget_rests"), {"node": node})
        connection.execute(queries.bind("journeys/renew", timed=timed), {"node": node})
    return int(count)


def _deadlines(stretch: Stretch, step: Wait, table: str) -> exp.Expr:
    from tidegate.journeys.waits import deadlines

    return deadlines(stretch.walk, step, table)


def _listen(stretch: Stretch, node: int, step: Wait, who: str, *, since: str = "") -> None:
    """Make the view `listeners` of those who came to a wait in this run (`arrivals`) or earlier (`standers`)."""
    walk = stretch.walk
    given = since or (step.since if isinstance(step, WaitStep) else "step")
    if who == "arrivals":
        show(walk.connection, "listeners", "journeys/arrivals_listen", node=node, since=given, as_of=walk.as_of)
        return
    show(
        walk.connection,
        "listeners",
        "journeys/standers_listen",
        node=node,
        since=given,
        as_of=walk.as_of,
        journey=walk.journey.name,
        version=walk.version,
        step=step.id,
    )
