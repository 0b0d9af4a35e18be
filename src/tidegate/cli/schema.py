"""`tidegate schema`."""

from __future__ import annotations

import os
from pathlib import Path

import click

#: Which YAML files each schema is for. Front matter is no YAML file: editors do not look there.
FILES = {
    "tidegate.schema.json": "tidegate.yml",
    "audience.schema.json": "audiences/*.yml",
    "journey.schema.json": "journeys/*.yml",
}


@click.command("schema")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), metavar="[DIR]", required=False)
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
def command(directory: Path | None, debug: bool) -> int:
    """Write JSON Schemas, so that editors complete and check the YAML.

    Into DIR, by default the project's .tidegate/schemas. Ends with the settings that VS Code's YAML extension wants.

    \b
    Example:
      tidegate schema
      tidegate schema docs/schemas
    """
    import json

    from tidegate.cli import place, terminal
    from tidegate.spec.schemas import schemas

    directory = directory or place.find(Path()) / ".tidegate" / "schemas"
    directory.mkdir(parents=True, exist_ok=True)
    made = sorted(schemas().items())
    for name, document in made:
        (directory / name).write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    out = terminal.out()
    for name, _ in made:
        out.print(_from_here(directory / name))
    out.print()
    out.print("For VS Code's YAML extension, in .vscode/settings.json:")
    settings = {"yaml.schemas": {f"./{_from_here(directory / name)}": files for name, files in FILES.items()}}
    out.print(json.dumps(settings, indent=2))
    return 0


def _from_here(path: Path) -> str:
    """As an editor that has this folder open writes it."""
    return Path(os.path.relpath(path)).as_posix()
