"""Which project a command is about, and for which target: the options that most commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from tidegate.cli.mistakes import Mistake

PROJECT_FILE = "tidegate.yml"


@dataclass(frozen=True, slots=True)
class Place:
    """A project's root (absolute) and the target asked for; None is the project's default target."""

    root: Path
    target: str | None


def find(folder: Path) -> Path:
    """The project that `folder` is in: the nearest folder with a tidegate.yml, itself or above.

    Raises Mistake where there is none.
    """
    start = folder.resolve()
    for candidate in (start, *start.parents):
        if (candidate / PROJECT_FILE).is_file():
            return candidate
    raise Mistake(
        f"no {PROJECT_FILE} in {start} or above; go to a project, name one with --project, "
        "or start one with `tidegate init DIR`"
    )


def log_folder() -> Path:
    """Where unexpected faults are written: in the project that the command is about, else in the user's cache."""
    try:
        return find(asked.get()) / ".tidegate" / "log"
    except Mistake:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return cache / "tidegate" / "log"


#: The folder that the present command was told to look in, for whoever tells of its faults.
asked: ContextVar[Path] = ContextVar("asked", default=Path())

OPTIONS = (
    click.option(
        "--project",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("."),
        envvar="TIDEGATE_PROJECT",
        help="The project's folder, or one inside it.  [default: here]",
    ),
    click.option("--target", envvar="TIDEGATE_TARGET", help="A target of tidegate.yml.  [default: dev, a sandbox]"),
    click.option("--debug", is_flag=True, help="Show the traceback of a fault."),
)


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --project, --target and --debug to a command, which gets a `Place` as its argument `place`."""

    @wraps(command)
    def with_place(project: Path, target: str | None, debug: bool, **kwargs: Any) -> Any:
        asked.set(project)
        return command(place=Place(find(project), target), **kwargs)

    for option in reversed(OPTIONS):
        option(with_place)
    return with_place
