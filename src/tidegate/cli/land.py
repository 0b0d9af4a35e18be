"""`tidegate land`."""

from __future__ import annotations

import click

from tidegate.cli import place
from tidegate.cli.place import Place


@click.command("land")
@click.option("--wait", default=0.0, type=click.FloatRange(0), metavar="SECONDS", help="Wait for a run under way.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, wait: float, json_: bool) -> int:
    """Load new event files, feedback and consents, and nothing else.

    A file is loaded once and an event counts once, however often they come. `tidegate run` does this by itself.

    \b
    Example:
      tidegate land
    """
    from tidegate import run as engine
    from tidegate.cli import as_json, progress, tables, terminal

    with engine.begin(place.root, target=place.target, kind="land", wait=wait) as run:
        with progress.working("loading"):
            loaded = engine.land(run)
        engine.finish(run, ())
    if json_:
        as_json.show(loaded)
    else:
        tables.landed(terminal.out(), loaded)
    return 0
