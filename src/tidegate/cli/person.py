"""`tidegate person`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from rich.console import Console

    from tidegate.spec.objects import ModelColumns, Project
    from tidegate.story import Moment, Story

_STYLES = {
    "sent": "green",
    "listed": "green",
    "refused": "red",
    "list refused": "red",
    "skipped": "yellow",
    "held": "yellow",
    "unknown": "magenta",
    "list in doubt": "magenta",
    "opened": "green",
    "clicked": "green",
    "replied": "green",
    "bounced": "red",
    "complained": "red",
    "unsubscribed": "yellow",
    "withdrew": "yellow",
    "suppressed": "red",
    "goal": "green",
    "not let in": "yellow",
    "came to": "dim",
}


@click.command("person")
@click.argument("key")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
@place.options
def command(place: Place, key: str, json_: bool) -> int:
    """Tell the whole story of the person with this KEY, in order.

    Entered, left and why; their walks through journeys, step by step, with the reason for every turn; messages planned,
    sent, refused, withheld and why; what they did with them, and what they consented to; the lists they are on now.
    Addresses are never shown.

    \b
    Example:
      tidegate person 12347
    """
    from tidegate import workspace
    from tidegate.cli import as_json, terminal
    from tidegate.story import story

    opened = workspace.look(place.root, place.target)
    project = opened.project
    told = story(opened.warehouse, key, people=address_book(project), key=project.key, project=project)
    if json_:
        as_json.show(told)
    if not told.known:
        hint = f"did you mean {', '.join(told.near)}?" if told.near else "nothing of the sort is known"
        raise Mistake(f"nobody has the key `{key}`; {hint}")
    if json_:
        return 0
    show(terminal.out(), told)
    return 0


def show(console: Console, told: Story) -> None:
    """A person's story as a table."""
    from tidegate.cli import terminal

    key = told.person
    if not told.moments:
        console.print(f"{key} is in the address book; nothing has happened with them yet.")
        return
    terminal.table(
        console,
        ["when", "what", "what about", "why", "until"],
        [
            (
                moment.at,
                Text(moment.what, style=_STYLES.get(moment.what, "")),
                subject(moment),
                why(moment),
                moment.until,
            )
            for moment in told.moments
        ],
        title=f"{key}: {terminal.count_of(len(told.moments), 'moment')}",
    )


def address_book(project: Project) -> ModelColumns:
    """The people model where a run puts it."""
    from sqlglot import exp

    from tidegate.build import profiles
    from tidegate.queries import DIALECT
    from tidegate.spec.objects import ModelColumns

    schema = profiles.output(project.root, project.target).schema
    relation = exp.table_(project.people, db=schema, quoted=True)
    return ModelColumns(project.people, relation.sql(DIALECT), {})


def subject(moment: Moment) -> str:
    """What a moment is about: an audience, a message and its channel, a list and its destination."""
    if moment.message:
        by = f" by {moment.destination}" if moment.destination else ""
        return f"{moment.message}{by} ({moment.source})"
    if moment.destination:
        return f"{moment.source} at {moment.destination}"
    return moment.source


def why(moment: Moment) -> str:
    """The reason, and how often where it befell more than once."""
    times = f" ({moment.times:,} times)" if moment.times > 1 else ""
    return f"{moment.reason or ''}{times}".strip()
