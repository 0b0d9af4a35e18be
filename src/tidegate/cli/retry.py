"""`tidegate retry`."""

from __future__ import annotations

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.owed import which
from tidegate.cli.place import Place


@click.command("retry")
@click.argument("destination")
@which
@place.options
def command(place: Place, destination: str, list_: str | None, reason: str | None, person: str | None) -> int:
    """Let the next run try the rows again that DESTINATION refused, instead of in some days.

    For rows of lists and objects. A message is never sent a second time.

    \b
    Example:
      tidegate retry hubspot --reason unknown_property
      tidegate run
    """
    from tidegate import owing, workspace
    from tidegate.cli import terminal
    from tidegate.spec.nearest import hint

    opened = workspace.look(place.root, place.target)
    if destination not in opened.project.destinations:
        known = sorted(opened.project.destinations)
        raise Mistake(f"no destination `{destination}`; {hint(destination, known)}")
    count = owing.retry(opened.warehouse, owing.Which(destination, list_, reason, person))
    rows = "1 row is" if count == 1 else f"{count:,} rows are"
    none = "No row like that is refused." if list_ or reason or person else "No row is refused."
    terminal.out().print(f"{rows} due at {destination}; `tidegate run` sends them." if count else none)
    return 0
