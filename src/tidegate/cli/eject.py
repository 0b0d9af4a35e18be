"""`tidegate eject`."""

from __future__ import annotations

import shutil

import click

from tidegate.cli import place
from tidegate.cli.mistakes import Mistake
from tidegate.cli.place import Place


@click.command("eject")
@click.argument("name")
@place.options
def command(place: Place, name: str) -> int:
    """Copy the shipped connector NAME into the project's connectors/, to change it there.

    The project's own file wins over the shipped one from then on, and no longer gets its fixes.

    \b
    Example:
      tidegate eject twilio
    """
    from tidegate import registry, starter
    from tidegate.cli import terminal
    from tidegate.spec.nearest import hint

    shipped = {path.stem: path for path in sorted((starter.folder() / "connectors").glob("[a-z]*.py"))}
    known = set(shipped) & set(registry.names(place.root))
    if name not in known:
        raise Mistake(f"no connector `{name}` is shipped; {hint(name, sorted(known))}")
    target = place.root / "connectors" / f"{name}.py"
    if target.exists():
        raise Mistake(f"connectors/{name}.py is there already; nothing was written")
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(shipped[name], target)
    terminal.out().print(f"Copied to connectors/{name}.py, which the project uses from now on.")
    return 0
