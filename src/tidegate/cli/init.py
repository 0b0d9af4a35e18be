"""`tidegate init`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from tidegate.cli.mistakes import Mistake

SHOWN = 5


@click.command("init")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--debug", is_flag=True, help="Show the traceback of a fault.")
def command(directory: Path, debug: bool) -> int:
    """Start a new project in DIR: a working shop to look at and edit.

    \b
    Models, macros, audiences, messages, flows and a shop's data are copied and are yours.
    Connectors stay in the package, so that fixes reach you; `tidegate eject` copies one out.

    \b
    Example:
      tidegate init shop
      cd shop
      tidegate land
      tidegate plan
    """
    from tidegate import starter
    from tidegate.cli import terminal

    if directory.exists() and not directory.is_dir():
        raise Mistake(f"{directory} is a file; name a folder")
    try:
        made = starter.copy(directory)
    except FileExistsError as fault:
        names = [str(name) for name in fault.args]
        shown = ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else "")
        raise Mistake(f"{directory} is not empty: {shown}; name a new folder, nothing was written") from None
    except PermissionError as fault:
        raise Mistake(f"{directory} cannot be written: {fault.strerror}") from None
    out = terminal.out()
    out.print(f"Made {directory}: {terminal.count_of(len(made), 'file')}.")
    out.print()
    out.print("Next:")
    for line, why in (
        (f"cd {shlex.quote(str(directory))}", ""),
        ("tidegate check", "validate everything"),
        ("tidegate land", "load the events in data/"),
        ("tidegate plan", "what a run would do now"),
        ("tidegate replay --from 2011-10-01 --to 2011-12-09 --every 1d", "an autumn, day by day, into a sandbox"),
        ("tidegate sandbox", "look at what it sent"),
    ):
        out.print(f"  {line:<62}{why}".rstrip())
    return 0
