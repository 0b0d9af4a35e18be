"""`tidegate check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.live_check import LiveCheck


@click.command("check")
@click.option("--live", is_flag=True, help="Ask the platforms, too.")
@click.option("--destination", "destinations", multiple=True, metavar="NAME", help="With --live: only this one.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, live: bool, destinations: tuple[str, ...], json_: bool) -> int:
    """Validate the whole project without sending.

    The YAML files, the messages and their variables, the models' SQL (built without rows), the columns that
    audiences and journeys use, contracts, connectors, and for other targets than the sandbox the secrets. Needs nothing
    to be loaded, sends nothing, changes nothing: made for a pull request.

    With --live the credentials of every destination are proved, and platforms that can judge without acting are
    asked about some rows and messages of today. Ends with 4 where one of them refuses.

    \b
    Example:
      tidegate check
      tidegate check --target prod --live
    """
    if destinations and not live:
        raise Mistake("--destination says whom --live asks; give both")
    from tidegate import checking
    from tidegate.cli import as_json, progress, terminal

    with progress.working("checking"):
        checked = checking.check(place.root, place.target)
    asked = _ask(place, destinations) if live else None
    code = DESTINATION_FAILED if asked is not None and asked.failed else 0
    if json_:
        as_json.show(checked if asked is None else {"checked": checked, "live": asked})
        return code
    counted = [
        terminal.count_of(count, one)
        for count, one in (
            (checked.models, "model"),
            (checked.contracts, "contract"),
            (checked.audiences, "audience"),
            (checked.journeys, "journey"),
            (checked.messages, "message"),
            (checked.destinations, "destination"),
        )
    ]
    well = "The files are well" if asked is not None else "All is well"
    terminal.out().print(f"{checked.project} ({checked.target}): {', '.join(counted)}. {well}.")
    if asked is not None:
        _show(asked)
    return code


#: `DestinationError.exit_code`, which only a command that runs imports
DESTINATION_FAILED = 4


def _ask(place: Place, destinations: tuple[str, ...]) -> LiveCheck:
    from tidegate import workspace
    from tidegate.cli import progress
    from tidegate.live_check import check_live
    from tidegate.spec.nearest import hint

    known = workspace.look(place.root, place.target).project.destinations
    for name in destinations:
        if name not in known:
            raise Mistake(f"no destination `{name}`; {hint(name, known)}")
    with progress.working("asking the platforms"):
        return check_live(place.root, place.target, destinations)


def _show(asked: LiveCheck) -> None:
    from tidegate.brief import brief
    from tidegate.cli import terminal
    from tidegate.cli.tables import verdict

    words = {True: "passed", False: "failed", None: "not asked"}
    terminal.table(
        terminal.out(),
        ["destination", "connector", "what", "result", "said"],
        [
            (one.destination, one.connector, one.what, verdict(words[one.passed]), brief(one.said))
            for one in asked.findings
        ],
    )
    for note in asked.notes:
        terminal.err().print(f"Note: {note}.")
