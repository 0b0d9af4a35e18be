"""`tidegate plan`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from tidegate.cli import kinds, place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.results import PlanResult


@click.command("plan")
@click.argument("journey", required=False)
@click.option("--rows", is_flag=True, help="List the people, by key.")
@click.option("--pii", is_flag=True, help="With --rows: show the addresses of messages too.")
@click.option("--audience", "audiences", multiple=True, metavar="NAME", help="Only this audience; may be repeated.")
@click.option(
    "--ahead",
    type=kinds.DURATION,
    default="24 hours",
    show_default=True,
    metavar="TIME",
    help="How far to look ahead in journeys.",
)
@click.option("--as-of", type=kinds.INSTANT, help="The run's clock (UTC).  [default: the project's, else now]")
@click.option("--wait", default=0.0, type=click.FloatRange(0), metavar="SECONDS", help="Wait for a run under way.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(
    place: Place,
    journey: str | None,
    rows: bool,
    pii: bool,
    audiences: tuple[str, ...],
    ahead: timedelta,
    as_of: datetime | None,
    wait: float,
    json_: bool,
) -> int:
    """Show what a run would do now; change nothing. With a JOURNEY, of it alone, and every way that people would go.

    Who enters and leaves, and whether the data or an edited model is the cause; who goes on in journeys, and what an
    edited one does to those inside; which messages, which list rows; what is withheld and why. A run right after, on
    the same data, does exactly this.

    \b
    Example:
      tidegate plan
      tidegate plan lead_nurturing --rows
      tidegate plan --audience vip_customers --rows
    """
    if pii and not rows:
        raise Mistake("--pii shows the addresses of the people that --rows lists; give both")
    from tidegate import plan as engine
    from tidegate.cli import as_json, outcome, progress, tables, terminal

    with progress.working("planning"):
        planned = engine.plan(place.root, target=place.target, as_of=as_of, rows=rows, pii=pii, wait=wait, ahead=ahead)
    planned = only(planned, audiences, journey)
    if json_:
        as_json.show(planned)
    else:
        tables.plan(terminal.out(), planned, with_rows=rows, details=journey is not None)
        for note in planned.notes:
            terminal.err().print(f"Note: {note}.")
    return outcome.exit_code(planned.decision)


def only(planned: PlanResult, audiences: tuple[str, ...], journey: str | None = None) -> PlanResult:
    """The part of a plan that is about `audiences` and a journey, and the lists that they own; all of it for none.

    Raises Mistake for an audience or journey that the plan does not have.
    """
    if not audiences and journey is None:
        return planned
    from tidegate.results import by_destination
    from tidegate.spec.nearest import hint

    decision = planned.decision
    known = {one.audience for one in decision.audiences}
    walked = {one.journey for one in decision.journeys}
    for name in audiences:
        if name not in known:
            raise Mistake(f"no audience `{name}`; {hint(name, known)}")
    if journey is not None and journey not in walked:
        otherwise = f"`tidegate plan --audience {journey}` plans an audience" if journey in known else ""
        raise Mistake(f"no journey `{journey}`; {otherwise or hint(journey, walked)}")
    named = {*audiences, *([journey] if journey is not None else [])}
    lists = tuple(one for one in decision.lists if set(one.owners) & named)
    subjects = {*named, *(f"{one.destination}: {one.list}" for one in lists)}
    ahead = tuple(one for one in planned.ahead if one.journey in named)
    ready_of = {source: ready for source, ready in decision.ready_of.items() if source in named}
    return replace(
        planned,
        decision=replace(
            decision,
            audiences=tuple(one for one in decision.audiences if one.audience in named),
            journeys=tuple(one for one in decision.journeys if one.journey in named),
            lists=lists,
            ready=by_destination(ready_of),
            ready_of=ready_of,
            absent=(),
        ),
        rows=tuple(row for row in planned.rows if row.subject in subjects),
        ahead=ahead,
        ahead_until=planned.ahead_until if journey is not None else None,
    )
