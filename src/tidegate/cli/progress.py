"""Progress on standard error: a moving line in a terminal, a few plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from tidegate.cli import terminal


@contextmanager
def working(what: str) -> Iterator[None]:
    """A sign of life while `what` goes on; nothing where nobody watches."""
    console = terminal.err()
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield


@contextmanager
def steps(total: int, what: str) -> Iterator[Callable[[str], None]]:
    """Yields a function to call after each of `total` steps, with words for where it is.

    A terminal shows a bar; elsewhere about ten lines are written.
    """
    console = terminal.err()
    if console.is_terminal:
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[where]}"),
            console=console,
        ) as bar:
            task = bar.add_task(what, total=total, where="")
            yield lambda where: bar.update(task, advance=1, where=where)
        return
    done = 0

    def step(where: str) -> None:
        nonlocal done
        done += 1
        if done == total or done * 10 // total > (done - 1) * 10 // total:
            console.print(f"{what} {done:,} of {total:,}: {where}")

    yield step
