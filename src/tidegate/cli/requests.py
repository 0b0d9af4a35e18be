"""`tidegate requests`."""

from __future__ import annotations

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place


@click.command("requests")
@click.option("--destination", metavar="NAME", help="Of this destination.")
@click.option("--last", default=50, show_default=True, type=click.IntRange(1), help="How many.")
@click.option("--failed", is_flag=True, help="Only those that failed, or of which rows were refused.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, destination: str | None, last: int, failed: bool, json_: bool) -> int:
    """Show what destinations were asked, and what they said.

    Newest last: method, path, status, time, rows, and the platform's words where something was refused. No
    bodies, addresses or secrets are kept. Of each destination the newest thousand failures and the newest thousand
    others stay; where there are very many, a line stands for several.

    \b
    Example:
      tidegate requests --destination hubspot
      tidegate requests --failed --last 20 --json
    """
    from tidegate import workspace
    from tidegate.cli import as_json, terminal
    from tidegate.cli.tables import RIGHT
    from tidegate.requested import requested

    opened = workspace.look(place.root, place.target)
    found = requested(opened.warehouse, destination=destination, last=last, failed=failed)
    known = opened.project.destinations
    if destination is not None and destination not in known and not found.requests:
        raise Mistake(f"no destination `{destination}`; there are {', '.join(sorted(known)) or 'none'}")
    if json_:
        as_json.show(found)
        return 0
    out = terminal.out()
    if not found.requests:
        out.print("No requests failed." if failed else "Nothing was asked yet.")
    else:
        terminal.table(
            out,
            [
                "at",
                "destination",
                "method",
                "path",
                ("status", RIGHT),
                ("ms", RIGHT),
                ("rows", RIGHT),
                ("times", RIGHT),
                "said",
                "limits",
            ],
            [
                (
                    one.at,
                    one.destination,
                    one.method,
                    one.path,
                    str(one.status or ""),
                    round(one.seconds * 1000),
                    one.rows,
                    one.times,
                    one.said,
                    one.limits,
                )
                for one in found.requests
            ],
        )
    for day in found.last_24_hours:
        counted = terminal.count_of(day.requests, "request")
        out.print(f"{day.destination}: {counted} in the last 24 hours, {day.failed:,} of them failed")
    return 0
