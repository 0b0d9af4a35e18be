"""`tidegate schema`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("schema")
@click.argument(
    "directory", type=click.Path(path_type=Path, file_okay=False), metavar="[DIR]", default=Path(".tidegate/schemas")
)
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
def command(directory: Path, debug: bool) -> int:
    """Write JSON Schemas of the project's YAML files into DIR (.tidegate/schemas).

    Editors complete and check the YAML with them: for VS Code's YAML extension, Tidegate prints the settings.

    \b
    Example:
      tidegate schema
      tidegate schema docs/schemas
    """
    import json

    from tidegate.cli import terminal
    from tidegate.spec.schema import schemas

    directory.mkdir(parents=True, exist_ok=True)
    out = terminal.out()
    for name, document in sorted(schemas().items()):
        file = directory / f"{name}.json"
        file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        out.print(f"{file}")
    return 0
