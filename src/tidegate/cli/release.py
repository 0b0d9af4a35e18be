"""`tidegate release`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.workspace import Opened


@click.command("release")
@click.argument("destination")
@click.argument("list_", metavar="LIST", required=False)
@click.option("--keep", "on_delete", flag_value="keep", help="Whoever is on it stays; Tidegate forgets the list.")
@click.option("--remove", "on_delete", flag_value="remove", help="Everybody whom Tidegate put on it is taken off.")
@place.options
def command(place: Place, destination: str, list_: str | None, on_delete: str | None) -> int:
    """Choose what becomes of a LIST of DESTINATION that no audience or journey names any more.

    The next run does it. `on_delete:` in an audience's file chooses beforehand. Without LIST, of all lists of a
    destination that tidegate.yml has no more.

    \b
    Example:
      tidegate release meta_ads "VIP customers" --remove
      tidegate release meta_ads --keep
    """
    from tidegate import owing, workspace
    from tidegate.cli import terminal
    from tidegate.decision.owned import owned_lists

    if on_delete is None:
        raise Mistake("choose: --keep leaves everybody on the list, --remove takes them off")
    opened = workspace.look(place.root, place.target)
    absent = destination not in opened.project.destinations
    if absent and on_delete == "remove":
        raise Mistake(
            f"tidegate.yml has no destination `{destination}`, so nobody can be taken off a list there: put it back "
            "first, or --keep"
        )
    if list_ is None:
        return _forget(opened, destination, absent)
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


def _forget(opened: Opened, destination: str, absent: bool) -> int:
    from tidegate import owing
    from tidegate.cli import terminal

    if not absent:
        raise Mistake(f"which list of {destination}? `tidegate status` names those without owner")
    lists = owing.forget(opened.warehouse, destination)
    if not lists:
        raise Mistake(f"nothing is known of a destination `{destination}`")
    what = "the list" if lists == 1 else f"the {lists:,} lists"
    terminal.out().print(f"The next run forgets {what} of {destination}; whoever is there stays.")
    return 0
