"""`tidegate run`."""

from __future__ import annotations

from datetime import datetime

import click

from tidegate.cli import kinds, place
from tidegate.cli.place import Place


@click.command("run")
@click.option("--as-of", type=kinds.INSTANT, help="The run's clock (UTC).  [default: the project's, else now]")
@click.option("--wait", default=0.0, type=click.FloatRange(0), metavar="SECONDS", help="Wait for a run under way.")
@click.option("--docs", is_flag=True, help="Build Great Expectations' site about the contracts, too.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, as_of: datetime | None, wait: float, docs: bool, json_: bool) -> int:
    """See who entered and who left, and tell the world.

    Loads new events, builds the models, checks their contracts, decides, and delivers to every destination.
    Running again with nothing new changes nothing and sends nothing.

    \b
    Example:
      tidegate run
      tidegate run --target prod --wait 60
    """
    from tidegate import replay
    from tidegate import run as engine
    from tidegate.cli import as_json, outcome, progress, tables, terminal

    with progress.working("running"):
        report = replay.once(engine.begin(place.root, target=place.target, as_of=as_of, wait=wait), docs=docs)
    if json_:
        as_json.show(report)
    else:
        tables.report(terminal.out(), report)
    return outcome.exit_code(report.decision, report.deliveries)
