"""`tidegate owed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def which(command: F) -> F:
    """The options that choose rows."""
    for option in (
        click.option("--person", metavar="KEY", help="Of this person."),
        click.option("--reason", help="With this reason, as `tidegate owed` tells it."),
        click.option("--list", "list_", metavar="NAME", help="Of this list or object."),
    ):
        command = option(command)
    return command


@click.command("owed")
@click.option("--destination", metavar="NAME", help="Of this destination.")
@which
@click.option("--rows", "-r", is_flag=True, help="Name the people, not only their number.")
@click.option("--last", default=50, show_default=True, type=click.IntRange(1), help="With --rows, how many.")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(
    place: Place,
    destination: str | None,
    list_: str | None,
    reason: str | None,
    person: str | None,
    rows: bool,
    last: int,
    json_: bool,
) -> int:
    """Show the rows that destinations have not accepted yet, and why.

    A row is due (the next run sends it), refused (tried again after 1, 2, 4 and then every 7 days), submitted
    (the platform has it and judges it later) or held (its list is blocked).

    \b
    Example:
      tidegate owed
      tidegate owed --destination meta_ads --reason invalid_entries --rows
    """
    from tidegate import owing, workspace
    from tidegate.cli import as_json, terminal
    from tidegate.spec.nearest import hint

    opened = workspace.look(place.root, place.target)
    chosen = owing.Which(destination, list_, reason, person)
    named = owing.rows(opened.warehouse, chosen, count=last) if rows or person else []
    counted = owing.by_reason(opened.warehouse, chosen)
    known = sorted(opened.project.destinations)
    if destination is not None and destination not in known and not counted:
        raise Mistake(f"no destination `{destination}`; {hint(destination, known)}")
    if json_:
        as_json.show(named if rows or person else counted)
        return 0
    out = terminal.out()
    if not counted:
        out.print("Nothing like that is owed." if any((destination, list_, reason, person)) else "Nothing is owed.")
    elif named:
        terminal.table(
            out,
            ["destination", "list", "person", "to do", "state", "reason", "attempts", "next try"],
            [
                (
                    one.destination,
                    one.list,
                    one.person,
                    one.operation,
                    one.state,
                    ": ".join(part for part in (one.reason, one.detail) if part),
                    one.attempts,
                    one.next_try or "",
                )
                for one in named
            ],
        )
        of_all = sum(one.people for one in counted)
        if of_all > len(named):
            out.print(f"{len(named):,} of {of_all:,} rows; --last shows more")
    else:
        terminal.table(
            out,
            ["destination", "list", "state", "reason", "people", "attempts", "next try"],
            [
                (one.destination, one.list, one.state, one.reason or "", one.people, one.attempts, one.next_try or "")
                for one in counted
            ],
        )
    return 0
