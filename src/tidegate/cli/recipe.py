"""`tidegate recipe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place

if TYPE_CHECKING:
    from tidegate.recipes import Recipe


@click.group("recipe")
def command() -> None:
    """Journeys that work, with their models and messages, ready to edit.

    \b
    Example:
      tidegate recipe list
      tidegate recipe show abandoned_cart
      tidegate recipe add abandoned_cart
    """


@command.command("list")
@click.option("--json", "json_", is_flag=True, help="Print JSON.")
def list_(json_: bool) -> int:
    """List the recipes."""
    from tidegate import recipes
    from tidegate.cli import as_json, terminal

    library = recipes.library()
    if json_:
        as_json.show([{"recipe": one.name, "summary": one.summary, "needs": one.needs} for one in library.values()])
        return 0
    out = terminal.out()
    width = max(len(name) for name in library)
    for recipe in library.values():
        out.print(f"  {recipe.name:<{width}}  {recipe.summary}", soft_wrap=True)
    out.print()
    out.print(
        "`tidegate recipe show NAME` tells when to use one, `tidegate recipe add NAME` copies it into the project."
    )
    return 0


@command.command("show")
@click.argument("name")
def show(name: str) -> int:
    """Tell when to use the recipe NAME, what it needs and of which files it is made."""
    from tidegate.cli import terminal

    recipe = _find(name)
    out = terminal.out()
    out.print(recipe.explanation.strip(), soft_wrap=True, markup=False)
    _tell_needs(recipe)
    out.print()
    out.print("Files:")
    for file in recipe.files:
        out.print(f"  {file.as_posix()}", markup=False)
    return 0


@command.command("add")
@click.argument("name")
@place.options
def add(place: Place, name: str) -> int:
    """Copy the recipe NAME into the project: its files are yours to edit from then on.

    Files that are there already are never overwritten: then nothing is copied.
    """
    from tidegate import recipes
    from tidegate.cli import terminal
    from tidegate.spec.project import read

    recipe = _find(name)
    project = read(place.root, place.target).project
    if project is None:
        raise Mistake("tidegate.yml has mistakes; `tidegate check` names them")
    try:
        made = recipes.add(recipe, place.root, project.key)
    except FileExistsError as fault:
        names = ", ".join(str(path) for path in fault.args)
        raise Mistake(f"{names}: there already; nothing was copied") from None
    out = terminal.out()
    out.print(f"Copied {terminal.count_of(len(made), 'file')}:")
    for file in made:
        out.print(f"  {file.as_posix()}", markup=False)
    _tell_needs(recipe)
    out.print()
    out.print("Next: edit them, then `tidegate check` and `tidegate plan`.")
    return 0


def _find(name: str) -> Recipe:
    from tidegate import recipes
    from tidegate.spec.nearest import hint

    library = recipes.library()
    if name not in library:
        raise Mistake(f"no recipe `{name}`; {hint(name, sorted(library))}")
    return library[name]


_KINDS = {
    "events": "Events that it looks for (models/events.sql)",
    "people": "Columns of people that it reads (models/people.sql)",
    "models": "Models that it stands on",
    "destinations": "Destinations or channels that it uses (tidegate.yml)",
}


def _tell_needs(recipe: Recipe) -> None:
    from tidegate.cli import terminal

    out = terminal.out()
    for kind, named in recipe.needs.items():
        out.print()
        out.print(f"{_KINDS[kind]}:")
        width = max(len(name) for name in named)
        for name, words in named.items():
            out.print(f"  {name:<{width}}  {words}", soft_wrap=True, markup=False)
