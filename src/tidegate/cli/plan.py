"""`tidegate plan`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from tidegate.cli import kinds, place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.results import PlanResult


@click.command("plan")
@click.option("--rows", is_flag=True, help="List the people, by key.")
@click.option("--pii", is_flag=True, help="With --rows: show the addresses of messages too.")
@click.option("--audience", "audiences", multiple=True, metavar="NAME", help="Only this audience; may be repeated.")
@click.option("--as-of", type=kinds.INSTANT, help="The run's clock (UTC).  [default: the project's, else now]")
@click.option("--wait", default=0.0, type=click.FloatRange(0), metavar="SECONDS", help="Wait for a run under way.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(
    place: Place, rows: bool, pii: bool, audiences: tuple[str, ...], as_of: datetime | None, wait: float, json_: bool
) -> int:
    """Show what a run would do now; change nothing.

    Who enters and leaves, and whether the data or an edited model is the cause; which messages, which list
    rows; what is withheld and why. A run right after, on the same data, does exactly this.

    \b
    Example:
      tidegate plan
      tidegate plan --audience vip_customers --rows
    """
    if pii and not rows:
        raise Mistake("--pii shows the addresses of the people that --rows lists; give both")
    from tidegate import plan as engine
    from tidegate.cli import as_json, outcome, progress, tables, terminal

    with progress.working("planning"):
        planned = engine.plan(place.root, target=place.target, as_of=as_of, rows=rows, pii=pii, wait=wait)
    planned = only(planned, audiences)
    if json_:
        as_json.show(planned)
    else:
        tables.plan(terminal.out(), planned, with_rows=rows)
        for note in planned.notes:
            terminal.err().print(f"Note: {note}.")
    return outcome.exit_code(planned.decision)


def only(planned: PlanResult, audiences: tuple[str, ...]) -> PlanResult:
    """The part of a plan that is about `audiences`, and the lists that they own; all of it for none.

    Raises Mistake for an audience that the plan does not have.
    """
    if not audiences:
        return planned
    from tidegate.spec.nearest import hint

    known = {one.audience for one in planned.decision.audiences}
    for name in audiences:
        if name not in known:
            raise Mistake(f"no audience `{name}`; {hint(name, known)}")
    lists = tuple(one for one in planned.decision.lists if set(one.owners) & set(audiences))
    subjects = {*audiences, *(f"{one.destination}: {one.list}" for one in lists)}
    return replace(
        planned,
        decision=replace(
            planned.decision,
            audiences=tuple(one for one in planned.decision.audiences if one.audience in audiences),
            lists=lists,
            ready={},
        ),
        rows=tuple(row for row in planned.rows if row.subject in subjects),
    )
