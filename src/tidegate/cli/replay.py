"""`tidegate replay`."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import click

from tidegate.cli import kinds, place
from tidegate.cli.place import Place


@click.command("replay")
@click.option("--from", "start", required=True, type=kinds.INSTANT, help="The first run's clock.")
@click.option("--to", "end", required=True, type=kinds.INSTANT, help="The last run's clock at the latest.")
@click.option("--every", default="1d", show_default=True, type=kinds.DURATION, help="The time between two runs.")
@click.option("--wait", default=0.0, type=click.FloatRange(0), metavar="SECONDS", help="Wait for a run under way.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, start: datetime, end: datetime, every: timedelta, wait: float, json_: bool) -> int:
    """Run day after day over a stretch of the past.

    Each run sees the events up to its own clock and delivers as any run does, so mind the target: the default
    is a sandbox. Ends with what entered, left and was sent over the whole stretch.

    \b
    Example:
      tidegate replay --from 2011-10-01 --to 2011-12-09 --every 1d
    """
    from tidegate import replay as engine
    from tidegate import workspace
    from tidegate.cli import as_json, outcome, progress, tables, terminal
    from tidegate.cli.mistakes import Mistake
    from tidegate.cli.totals import totals
    from tidegate.status import status

    if end < start:
        raise Mistake(f"--to {terminal.time(end)} is before --from {terminal.time(start)}")
    clocks = engine.ticks(start, end, every)
    with progress.steps(len(clocks), "run") as step:
        reports = engine.replay(
            place.root,
            target=place.target,
            start=start,
            end=end,
            every=every,
            wait=wait,
            on_tick=lambda report: step(f"{report.as_of:%Y-%m-%d %H:%M}"),
        )
    owed: Counter[str] = Counter()
    for rows in status(workspace.look(place.root, place.target).warehouse).owed:
        owed[rows.destination] += rows.rows
    added_up = totals(reports, owed)
    if json_:
        as_json.show(added_up)
    else:
        tables.totals(terminal.out(), added_up)
    return outcome.exit_code(reports[-1].decision, reports[-1].deliveries)
