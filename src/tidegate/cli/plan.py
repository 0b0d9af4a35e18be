"""`tidegate plan`."""

from __future__ import annotations

from datetime import datetime

import click

from tidegate.cli import kinds, place
from tidegate.cli.place import Place


@click.command("plan")
@click.option("--rows", is_flag=True, help="List the people, by key.")
@click.option("--pii", is_flag=True, help="With --rows: show addresses too.")
@click.option("--audience", "audiences", multiple=True, metavar="NAME", help="Only this audience; may be repeated.")
@click.option("--as-of", type=kinds.INSTANT, help="The run's clock (UTC).  [default: now]")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(
    place: Place, rows: bool, pii: bool, audiences: tuple[str, ...], as_of: datetime | None, json_: bool
) -> int:
    """Show what a run would do now; change nothing.

    Who enters and leaves, and whether the data or an edited model is the cause; which messages, which list
    rows; what is withheld and why. A run right after, on the same data, does exactly this.

    \b
    Example:
      tidegate plan
      tidegate plan --audience vip_customers --rows
    """
    from tidegate.cli import project

    if pii and not rows:
        raise click.UsageError("--pii shows the addresses of --rows; give both.")
    return project.plan(place, as_of=as_of, rows=rows, pii=pii, audiences=audiences, json_=json_)
