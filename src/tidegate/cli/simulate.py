"""`tidegate simulate`."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from tidegate.cli import kinds, place
from tidegate.cli.place import Place


@click.command("simulate")
@click.argument("journey")
@click.option("--from", "start", required=True, type=kinds.INSTANT, help="The first run's clock.")
@click.option("--to", "end", required=True, type=kinds.INSTANT, help="The last run's clock at the latest.")
@click.option("--every", default="1d", show_default=True, type=kinds.DURATION, help="The time between two runs.")
@click.option(
    "--against", type=click.Path(path_type=Path, dir_okay=False), help="A variant's file, simulated beside it."
)
@click.option("--people", multiple=True, metavar="KEY", help="Tell this person's path; may be repeated.")
@click.option("--opens", default="0%", show_default=True, type=kinds.SHARE, help="Assume that so many are opened.")
@click.option("--clicks", default="0%", show_default=True, type=kinds.SHARE, help="Assume that so many are clicked.")
@click.option("--seed", default=0, show_default=True, help="Another seed, other people open and click.")
@click.option("--wait", default=0.0, type=click.FloatRange(0), metavar="SECONDS", help="Wait for a run under way.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(
    place: Place,
    journey: str,
    start: datetime,
    end: datetime,
    every: timedelta,
    against: Path | None,
    people: tuple[str, ...],
    opens: float,
    clicks: float,
    seed: int,
    wait: float,
    json_: bool,
) -> int:
    """Walk history through a journey: who would have entered, what would have been sent, and how it would have ended.

    Nothing leaves the machine and nothing of the state changes. What people do with messages nobody knows:
    assume it with --opens and --clicks.

    \b
    Example:
      tidegate simulate second_order --from 2011-09-01 --to 2011-12-01 --opens 40% --clicks 10%
      tidegate simulate second_order --from 2011-09-01 --to 2011-12-01 --against shorter.yml
    """
    from tidegate import simulation
    from tidegate.cli import as_json, progress, simulation_tables, terminal
    from tidegate.cli.mistakes import Mistake
    from tidegate.replay import ticks

    if end < start:
        raise Mistake(f"--to {terminal.time(end)} is before --from {terminal.time(start)}")
    if clicks > opens:
        raise Mistake("who clicks has opened; --clicks is more than --opens")
    with progress.steps(len(ticks(start, end, every)), "day" if every == timedelta(days=1) else "run") as step:
        simulated = simulation.simulate(
            place.root,
            journey,
            target=place.target,
            start=start,
            end=end,
            every=every,
            against=against,
            people=people,
            assumptions=simulation.Assumptions(opens, clicks, seed),
            on_tick=lambda clock: step(f"{clock:%Y-%m-%d %H:%M}"),
            wait=wait,
        )
    if json_:
        as_json.show(simulated)
    else:
        simulation_tables.show(terminal.out(), simulated)
    return 0
