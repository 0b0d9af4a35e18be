"""`tidegate check`."""

from __future__ import annotations

import click

from tidegate.cli import place
from tidegate.cli.place import Place


@click.command("check")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, json_: bool) -> int:
    """Validate the whole project without sending.

    The YAML files, the messages and their variables, the models' SQL (built without rows), the columns that
    audiences use, contracts, connectors, and for other targets than the sandbox the secrets. Needs nothing
    to be loaded, sends nothing, changes nothing: made for a pull request.

    \b
    Example:
      tidegate check
      tidegate check --target prod
    """
    from tidegate import checking
    from tidegate.cli import as_json, progress, terminal

    with progress.working("checking"):
        checked = checking.check(place.root, place.target)
    if json_:
        as_json.show(checked)
        return 0
    counted = [
        terminal.count_of(count, one)
        for count, one in (
            (checked.models, "model"),
            (checked.contracts, "contract"),
            (checked.audiences, "audience"),
            (checked.messages, "message"),
            (checked.destinations, "destination"),
        )
    ]
    terminal.out().print(f"{checked.project} ({checked.target}): {', '.join(counted)}. All is well.")
    return 0
