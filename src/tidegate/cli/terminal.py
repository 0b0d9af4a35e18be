"""What the terminal shows: two consoles, tables that survive a pipe, numbers and times written one way."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

# Wide enough that nothing is ever folded or cut when the output goes to a file or another program.
UNBOUNDED = 100_000

Justify = Literal["left", "right"]
_LEFT: Justify = "left"


def out() -> Console:
    """Standard output: what was asked for."""
    return _console(sys.stdout)


def err() -> Console:
    """Standard error: progress, remarks, faults."""
    return _console(sys.stderr)


def _console(stream: TextIO) -> Console:
    bound = None if stream.isatty() else UNBOUNDED
    return Console(file=stream, width=bound, highlight=False, markup=False, emoji=False, soft_wrap=False)


def number(value: int | float) -> str:
    """`12,345`; a float keeps one decimal."""
    return f"{value:,.1f}" if isinstance(value, float) else f"{value:,}"


def time(value: datetime | None) -> str:
    """`2011-12-09T12:50:00Z`: UTC, ISO 8601, to the second. Empty for None."""
    if value is None:
        return ""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def counts(values: Mapping[str, int]) -> str:
    """`no_consent 12, expired 3`, the most frequent first; empty when nothing counts."""
    there = sorted(((name, count) for name, count in values.items() if count), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name} {count:,}" for name, count in there)


def table(
    console: Console,
    columns: Sequence[str | tuple[str, Justify]],
    rows: Iterable[Sequence[Any]],
    *,
    title: str = "",
) -> None:
    """Print rows under their headings. Integers get separators, times become ISO, None stays empty.

    In a pipe the columns are separated by two spaces at least and nothing is folded.
    """
    piped = not console.is_terminal
    grid = Table(
        box=None if piped else box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, 2, 0, 0) if piped else (0, 1),
        header_style="bold",
        show_edge=False,
    )
    for column in columns:
        heading, justify = column if isinstance(column, tuple) else (column, _LEFT)
        grid.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        grid.add_row(*[_cell(value) for value in row])
    if title:
        console.print(Text(title, style="bold"))
    if piped:
        with console.capture() as captured:
            console.print(grid)
        for line in captured.get().splitlines():
            console.print(line.rstrip())
    else:
        console.print(grid)
    console.print()


def _cell(value: Any) -> Text:
    match value:
        case Text():
            return value
        case None:
            return Text("")
        case bool():
            return Text("yes" if value else "no")
        case int() | float():
            return Text(number(value), style="dim" if value == 0 else "")
        case datetime():
            return Text(time(value))
        case _:
            return Text(str(value))


def count_of(count: int, one: str, many: str = "") -> str:
    """`1 person`, `3 people`: `many` where adding an s does not do."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
