"""`tidegate release`."""

from __future__ import annotations

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place


@click.command("release")
@click.argument("destination")
@click.argument("list_", metavar="LIST")
@click.option("--keep", "on_delete", flag_value="keep", help="Whoever is on it stays; Tidegate forgets the list.")
@click.option("--remove", "on_delete", flag_value="remove", help="Everybody whom Tidegate put on it is taken off.")
@place.options
def command(place: Place, destination: str, list_: str, on_delete: str | None) -> int:
    """Choose what becomes of a LIST of DESTINATION that no audience or journey names any more.

    The next run does it. `on_delete:` in an audience's file chooses beforehand.

    \b
    Example:
      tidegate release meta_ads "VIP customers" --remove
    """
    from tidegate import owing, workspace
    from tidegate.cli import terminal
    from tidegate.decision.owned import owned_lists

    if on_delete is None:
        raise Mistake("choose: --keep leaves everybody on the list, --remove takes them off")
    opened = workspace.look(place.root, place.target)
    owned = (one for one in owned_lists(opened.project) if (one.destination, one.name) == (destination, list_))
    files = next((one.files for one in owned), ())
    if files:
        named = ", ".join(files)
        raise Mistake(f"{named} keeps `{list_}` of {destination}; it must be taken out there first")
    if not owing.release(opened.warehouse, destination, list_, on_delete):
        raise Mistake(
            f"nothing is known of a list `{list_}` of {destination}; `tidegate status` names those without owner"
        )
    done = "is forgotten" if on_delete == "keep" else "is emptied"
    stay = "; whoever is on it stays" if on_delete == "keep" else ""
    terminal.out().print(f"`{list_}` of {destination} {done} by the next run{stay}.")
    return 0
